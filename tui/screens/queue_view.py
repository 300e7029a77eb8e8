"""What the queue reads, and when: its numbers and the ticket under the cursor; and what comes in by itself."""

from __future__ import annotations

import asyncio
from functools import partial

from msgspec.structs import replace
from textual import events, on, work
from textual.widgets import Input

from connectors.text import clean
from store.read import CacheUnreadable
from store.read_records import TicketView
from tui import messages
from tui.beginning import First, first_pane
from tui.keymap import label
from tui.messages import PaneWanted, RowUnderCursor, RowWanted, Saved
from tui.readings import standing_of
from tui.screens.queue_rows import QueueRows
from tui.standing import Counts, Standing
from tui.text import spent
from tui.watch import goes_back, settled, settled_together
from tui.widgets.header import requests_used
from tui.widgets.list_title import shown_words

DETAIL_FOLLOWS = 0.03
"""Seconds that the cursor rests on a row before its ticket is read: the row is painted before."""


class QueueView(QueueRows):
    """Reads through the app's reader and paints. Its keys are in `tui.screens.queue`. No SQL, no HTTP."""

    AUTO_FOCUS = ""
    """Where the list is hidden (a ticket open on a small terminal) nothing has the focus, and keys are the queue's.
    Textual would give it to the filter line when a dialog closes: the next key would be text there."""

    def on_mount(self) -> None:
        self.set_class(self.deskzero.demo, "-demo")
        self.list.zone = self.header.zone = self.status.zone = self.deskzero.zone
        self.header.demo = self.deskzero.demo
        self.list.focus()
        self.deskzero.saved.subscribe(self, self._saved)
        self._tick()
        self.set_interval(1.0, self._tick)
        first = self.deskzero.first_reading()
        if first is None:
            self.read_standing()
        else:
            self._begin_with(first)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.ScreenResume) and not self.stack_updates:
            event.refresh_styles = False  # everything was styled as it was mounted, a moment ago
        await super().on_event(event)

    # ------------------------------------------------------------ reading

    @work(exclusive=True, group="standing")
    async def read_standing(self) -> None:
        """Header, panes and lines, from one reading; the first one also chooses the pane."""
        try:
            panes = tuple(self.all_panes.values())
            counts, standing = await self.deskzero.read(
                partial(standing_of, self.deskzero.only, self.shown, panes)
            )
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            self.deskzero.painted()
            return
        self._stands(counts, standing)
        if not self._pane_chosen:
            self.show_pane(first_pane(counts))
            self._pane_is_chosen()

    def _begin_with(self, first: First) -> None:
        """All of the first frame, as it was read while the app started."""
        app = self.deskzero
        self.pane = first.pane
        self._stands(first.counts, first.standing)
        self.more_to_come = first.more
        self.view, self._first_view = first.view, True
        self.list.show(first.pane, first.rows, now=app.now, zone=app.zone, look=self.look)
        self._paint_list()
        self._paint_detail(keep=False)
        self._pane_is_chosen()
        if self.more_to_come:
            self._read_further(self.wanted)
        elif app.background:
            self.read_ahead()
        app.painted()

    def _stands(self, counts: Counts, standing: Standing) -> None:
        """Takes one reading of everything around the list."""
        self.counts = counts
        self.standing = replace(
            standing,
            to_zero=counts.to_zero,
            whole=counts.whole_to_zero,
            shown=shown_words(self.shown) if self.shown is not None else "",
            syncing=self.standing.syncing,
        )
        self._paint_standing()
        for line in self.mine.update(self.standing.changes):
            self.say(line)
        for change in self.mine.take_vanished():
            self._settled(change)

    def _pane_is_chosen(self) -> None:
        """The first pane is there: says what came meanwhile, and which stopwatches ran on."""
        self._pane_chosen = True
        self.tell_since_left()
        for one in self.standing.timers:
            if one.runs:
                counted = spent(one.counted(self.deskzero.now))
                keys = f"{label('queue.timer')} pauses, {label('queue.log_time')} logs it."
                self.tell(f"The timer on #{clean(one.number)} ran on: {counted}. {keys}", "warn")

    @work(exclusive=True, group="budget")
    async def read_budgets(self) -> None:
        """What is used of the requests: other processes use them too, and nobody tells of a wait's end."""
        budgets = await self.deskzero.read(lambda reader: reader.budgets())
        if budgets != self.standing.budgets:
            self.standing = self.header.standing = replace(self.standing, budgets=budgets)

    @work(exclusive=True, group="detail")
    async def read_detail(self, *, follows: bool = False) -> None:
        """The ticket under the cursor. `follows`: the cursor has moved, and its line is painted before."""
        if follows:
            await asyncio.sleep(DETAIL_FOLLOWS)
        row = self.row
        view = None
        try:
            if row is not None:
                view = await self.deskzero.read(lambda reader: reader.ticket(row.connection, row.ticket_id))
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            return
        same = view is not None and self.view is not None and _name(view) == _name(self.view)
        if same and view == self.view:
            self.facts.show(view, row, now=self.deskzero.now, zone=self.deskzero.zone)
            self.detail_read()
            return
        self.view = view
        if not same:
            self.not_asked = ""
        self._paint_detail(keep=same)
        self.deskzero.painted()
        self.detail_read()

    @work(group="settled")
    async def _settled(self, change_id: str) -> None:
        """Says what became of a change of ours that is no longer open."""
        try:
            changes = await self.deskzero.read(lambda reader: reader.changes(True))
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            return
        for change in changes:
            if change.change != change_id:
                continue
            back = goes_back(change, self.can(change))
            if not back and change.state == "confirmed":
                self.mine.stays(change_id)
                self._paint_keys()
            together = [one for one in changes if one.batch is not None and one.batch == change.batch]
            said = settled_together(together, back=back) if len(together) > 1 else settled(change, back=back)
            if said is not None:
                self.say(said)

    def _saved(self, saved: Saved) -> None:
        self.read_standing()
        self._done |= saved.done
        self.read_rows(fresh=False)
        self.read_detail()

    def _tick(self) -> None:
        now = self.deskzero.now
        if self.deskzero.spoken:  # by the minute: a screen reader reads out whatever changes
            now -= now % 60
        self.header.now = now
        self.status.now = now
        if self.standing.syncing is not None or requests_used(self.standing, now) is not None:
            self.read_budgets()

    # ------------------------------------------------------------ what comes in

    def show_pane(self, pane: str, *, at: tuple[str, str, str | None] | None = None) -> None:
        """Another pane, in a fresh order."""
        self.pane = pane
        self._fresh.clear()
        self._at = at
        if at is None and self._show_kept():
            # The keys of the new row follow with its ticket, as they do when the cursor moves.
            self.panes.pane = self.strip.pane = pane
            self._paint_list()
            return
        self._paint_standing()
        self.read_rows(fresh=True, at=at)

    @on(RowUnderCursor)
    def _cursor_moved(self, message: RowUnderCursor) -> None:
        if self._first_view:  # it was read with the row
            self._first_view = False
            self.detail_read()
            return
        if self.list.new_rows != self._told_new or not len(self.list):
            self._paint_list()
        else:
            self._announce()
        self.read_detail(follows=self.view is not None)

    @on(PaneWanted)
    async def _pane_clicked(self, message: PaneWanted) -> None:
        await self.run_action({"!": "trouble", "O": "outbox"}.get(message.pane, f"pane('{message.pane}')"))

    @on(RowWanted)
    async def _row_clicked(self, message: RowWanted) -> None:
        await self.run_action("open")

    @on(Input.Changed, "FilterInput")
    def _filter_typed(self, message: Input.Changed) -> None:
        self.filter = message.value.strip()
        self.filter_line.tell(self.filter)
        self._fresh.clear()
        self.read_rows(fresh=True, at=self.row.key if self.row else None, typing=True)

    @on(Input.Submitted, "FilterInput")
    def _filter_done(self) -> None:
        self.list.focus()

    def told(self, message: messages.Told) -> None:
        """News from the engine. Never moves the cursor, never takes the focus."""
        match message:
            case messages.SyncStarted():
                self._syncing((0, None))
            case messages.SyncProgress():
                self._syncing((message.done, message.expected))
            case messages.SyncEnded():
                self._syncing(None)
                if message.failed:
                    self.tell(f"Sync failed: {message.said}", "bad")
                elif message.asked and message.unasked:
                    names = ", ".join(clean(name) for name in message.unasked)
                    self.tell(
                        f"Could not ask {names}: what is shown of it is older. {label('queue.trouble')} says why.",
                        "warn",
                    )
                elif message.asked:
                    self.tell("Asked the PSA: this is how it stands.", "info")
            case messages.Durable():
                self.list.on_its_way(message.tickets)
            case messages.Noted():
                self.tell(" ".join(message.notes), "warn")
            case messages.EngineFailed():
                self.tell(f"{message.what}. {message.hint}", "bad")
            case _:
                pass

    def _syncing(self, progress: tuple[int, int | None] | None) -> None:
        self.standing = self.header.standing = replace(self.standing, syncing=progress)


def _name(view: TicketView) -> tuple[str, str]:
    return view.connection, view.record.ticket_id
