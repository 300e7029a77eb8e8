"""Files of the ticket that somebody reads, where the PSA lists them apart: asked for once, behind the screen's back.

Opened with Enter, or with the cursor resting on it: whoever passes by costs no request. What comes is painted with the
ticket as it is read again from the cache; nothing waits for it.
"""

from __future__ import annotations

from textual import work
from textual.timer import Timer

from store.read_records import TicketView
from tui import messages
from tui.engine import EngineStopped
from tui.screens.queue_story import PAUSE, StoryKeys

RESTS = 2.0
"""Seconds on one ticket after which somebody reads it."""


class TicketFiles(StoryKeys):
    """No keys of its own: it looks at which ticket is read."""

    def __init__(self) -> None:
        super().__init__()
        self._read_key: tuple[str, str] | None = None
        """The ticket whose detail is shown: connection and id."""
        self._opened_key: tuple[str, str] | None = None
        """The ticket that Enter or a click has opened, until it is closed."""
        self._opened_at = 0
        self._is_read = False
        """Somebody opened it, or has rested on it long enough."""
        self._rest: Timer | None = None
        self._listing: set[str] = set()
        """Connections that are being asked for the files of a ticket: one ticket at a time."""

    # ------------------------------------------------------------ who is reading what

    def detail_read(self) -> None:
        super().detail_read()
        key = _key(self.view)
        if key != self._read_key:
            self._read_key = key
            self._is_read = key is not None and key == self._opened_key
            self._stop_resting()
            if not self._is_read:
                self._begin_resting()
        self._ask_for_files()

    def _open_ticket(self, full: bool) -> None:
        super()._open_ticket(full)
        row = self.row
        self._opened_key = row.key[:2] if full and row is not None else None
        self._opened_at = self.deskzero.now
        if full and self._opened_key == self._read_key:
            self._is_read, self.not_asked = True, ""
            self._stop_resting()
            self._ask_for_files()

    def a_key_came(self) -> None:
        """After a pause the rest begins anew: the key may well go to another ticket."""
        super().a_key_came()
        if self._rest is None and self.view is not None and self.view.files_due and not self.not_asked:
            self._begin_resting()

    def _begin_resting(self) -> None:
        if self._read_key is not None:
            self._rest = self.set_timer(RESTS, self._has_rested)

    def _stop_resting(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None

    @property
    def _somebody_reads(self) -> bool:
        """A click opens a ticket too, and is no key."""
        opened = self._opened_key is not None and self.deskzero.now - self._opened_at < PAUSE
        return opened or self.somebody_is_here

    def _has_rested(self) -> None:
        self._rest = None
        if self._somebody_reads:
            self._is_read = True
            self._ask_for_files()

    def told(self, message: messages.Told) -> None:
        super().told(message)
        if isinstance(message, messages.SyncEnded) and not message.failed:
            self.not_asked = ""  # the PSA may be there again: the reading that follows asks once more

    # ------------------------------------------------------------ asking

    @property
    def _wanted(self) -> bool:
        """Whether the files of the ticket that is read are to be asked for; false once the cursor has moved on."""
        row, view = self.row, self.view
        return (
            self._is_read
            and view is not None
            and view.files_due
            and row is not None
            and row.key[:2] == self._read_key
            and not self.not_asked
            and not self.list.marks
            and self._somebody_reads
        )

    def _ask_for_files(self) -> None:
        key = self._read_key
        if key is None or key[0] in self._listing or not self._wanted:
            return
        if not self.deskzero.engine.started and key != self._opened_key:
            return  # a cursor that rests starts nothing
        self._listing.add(key[0])
        self._list_files(key)

    @work(group="files")
    async def _list_files(self, key: tuple[str, str]) -> None:
        connection, ticket_id = key
        try:
            why = await self.deskzero.engine.call(lambda desk: desk.list_files(connection, ticket_id))
        except EngineStopped as error:
            why = str(error)
        finally:
            self._listing.discard(connection)
        if key == self._read_key:
            self.not_asked = why
            if why:
                self._paint_detail(keep=True)
        self.read_detail()  # shows what came, or asks for the files of the ticket that is read by now


def _key(view: TicketView | None) -> tuple[str, str] | None:
    return None if view is None else (view.connection, view.record.ticket_id)
