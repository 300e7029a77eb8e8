"""Lets the screen see what became of changes: their tickets are read again while others are still being sent.

Many at once: a ticket that was written to waits for the reading that is under way, and goes with the next. What is
sent afterwards never rests on it, for the sender asks the PSA itself before every write.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType

from connectors.contract import ConnectorError
from store.database import Databases
from store.outbox import lay
from store.outbox_rows import Entry
from store.overlay import settle
from store.sender_journal import Clock
from store.settings import Settings

log = logging.getLogger(__name__)

Refresh = Callable[[str, Sequence[str]], Awaitable[Mapping[str, ConnectorError]]]
"""`refresh(connection, ticket_ids)` reads tickets again and stores them; gives those that could not be read whole, and
why. Raises `ConnectorError` where none could."""

TOGETHER = 50
"""Tickets that are read again in one go."""


class Shows:
    """Reads again what was sent, in a task of its own. Used as a context; leaving it ends the task."""

    def __init__(
        self, databases: Databases, settings: Settings, clock: Clock, refresh: Refresh | None
    ) -> None:
        self._databases = databases
        self._settings = settings
        self._clock = clock
        self._refresh = refresh
        self._waiting: list[Entry] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Shows:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()  # only after an error, or for somebody who quits: else nothing is left (`done`)
        await asyncio.wait({task})
        if not task.cancelled() and (problem := task.exception()) is not None and error is None:
            raise problem

    def add(self, entry: Entry, state: str) -> None:
        """A change has ended in this state, or waits. Its overlay is laid again at once, unless it is confirmed: then
        it goes when the ticket has been read."""
        if state != "confirmed":
            lay(self._databases, self._settings, entry.connection, [entry.ticket_id], self._clock())
        if self._refresh is None or state in ("queued", "sending"):
            return
        self._waiting.append(entry)
        if self._task is None or self._task.done():
            self._raise_ended()
            self._task = asyncio.create_task(self._read(self._refresh))

    async def done(self) -> None:
        """Returns when all of it has been read. Raises what reading raised, but for the PSA's errors."""
        if self._task is not None:
            await asyncio.wait({self._task})
            self._raise_ended()

    def _raise_ended(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.result()

    async def _read(self, refresh: Refresh) -> None:
        while self._waiting:
            name = self._waiting[0].connection
            some = [entry for entry in self._waiting if entry.connection == name][:TOGETHER]
            taken = {entry.change for entry in some}
            self._waiting = [entry for entry in self._waiting if entry.change not in taken]
            tickets = list(dict.fromkeys(entry.ticket_id for entry in some))
            try:
                failed = await refresh(name, tickets)
            except ConnectorError as error:
                failed = dict.fromkeys(tickets, error)
            for entry in some:
                if entry.ticket_id in failed:
                    # What was written is confirmed; the overlay shows it until the next sync has read it.
                    log.info("#%s could not be read again: %s", entry.ticket_id, failed[entry.ticket_id])
            read = {entry.change for entry in some if entry.ticket_id not in failed}
            if not read:
                continue
            now = self._clock()
            settled = settle(self._databases, name, now, refreshed=read)
            again = settled.union(one for one in tickets if one not in failed)
            lay(self._databases, self._settings, name, again, now)
