"""Sends what is due: one sender per home, each ticket's changes in the order made, tickets side by side.

The lock is the operating system's and dies with its process; it is never broken by age. A change found in
`sending` was left behind by a process that died: its step's outcome is looked up, never assumed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import Connection as Db
from sqlalchemy import text

from connectors.contract import Connector, ConnectorError
from store.changes import BLOCKING_STATES, ConflictDetail, Outcome, to_json
from store.database import Databases
from store.home import Home
from store.lock import take_lock
from store.outbox_gone import rebase_later
from store.outbox_rows import Entry, StepEntry, load, load_one, move, state_of
from store.sender_compare import Halt
from store.sender_journal import Clock, Withdrawn
from store.sender_show import Refresh, Shows
from store.sender_step import Sleep, StepSender
from store.settings import Settings
from store.stale import asking, asks_first

log = logging.getLogger(__name__)

Others = Callable[[str, str], Awaitable[None]]
"""`others(connection, ticket_id)` reads the tickets with the same contact again; may raise `ConnectorError`."""

AT_ONCE = 4
"""Tickets that are written to side by side."""
FIRST_BACK_OFF = 5
LONGEST_BACK_OFF = 600
MOST_FAILURES = 3
"""Tickets without an answer in one push, after which the connection is left alone until the next."""


async def push(
    databases: Databases,
    settings: Settings,
    connectors: Mapping[str, Connector],
    home: Home,
    *,
    now: Clock,
    force: bool = False,
    wait: float = 0.0,
    refresh: Refresh | None = None,
    others: Others | None = None,
    sleep: Sleep = asyncio.sleep,
) -> list[Outcome]:
    """Sends every change that is due on the connections given; what became of each.

    `force` tries also what waits after a failure (not what is held). Another process that is sending is
    waited for `wait` seconds; if it goes on, nothing is done and the list is empty: that process sees what is
    queued. `now`: UTC seconds. `refresh` reads a written ticket again, so that its overlay can go at once; `others`
    those that show the same contact's card, where that was changed.
    """
    async with only_sender(home, wait, sleep) as alone:
        if not alone:
            return []
        sender = _Sender(databases, settings, connectors, now, force, refresh, others, sleep)
        return await sender.run()


@asynccontextmanager
async def only_sender(home: Home, wait: float, sleep: Sleep = asyncio.sleep) -> AsyncIterator[bool]:
    """The home's sending lock; gives whether it is ours. Waits up to `wait` seconds for another's.

    Raises `DatabaseProblem` where there are no locks.
    """
    until = time.monotonic() + wait
    while (lock := take_lock(home)) is None:
        if time.monotonic() >= until:
            yield False
            return
        await sleep(0.05)
    try:
        yield True
    finally:
        lock.release()


class _Sender:
    def __init__(
        self,
        databases: Databases,
        settings: Settings,
        connectors: Mapping[str, Connector],
        clock: Clock,
        force: bool,
        refresh: Refresh | None,
        others: Others | None,
        sleep: Sleep,
    ) -> None:
        self._databases = databases
        self._settings = settings
        self._clock = clock
        self._force = force
        self._shows = Shows(databases, settings, clock, refresh)
        self._others = others
        self._on_the_card = {name: one.capabilities.on_the_card for name, one in connectors.items()}
        self._cards: dict[tuple[str, str | None], asyncio.Lock] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._stopped: dict[str, Halt] = {}
        self._failures: dict[str, int] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._steps = {
            name: StepSender(databases, settings, settings.connections[name], connector, clock, sleep)
            for name, connector in connectors.items()
            if name in settings.connections and not settings.connections[name].read_only
        }

    async def run(self) -> list[Outcome]:
        """Until nothing is due any more, what other processes hand over meanwhile included."""
        async with self._shows:
            while chains := self._due():
                ended = await asyncio.gather(
                    *(self._chain(chain) for chain in chains), return_exceptions=True
                )
                for problem in ended:
                    if isinstance(problem, BaseException):
                        raise problem
                await self._shows.done()
        return list(self._outcomes.values())

    def _due(self) -> list[list[Entry]]:
        """Per ticket the changes to send, in order, up to the first that has to wait."""
        now = self._clock()
        with self._databases.journal.begin() as db:
            for entry in load(db, "(state = 'held' AND due_at <= :now) OR state = 'queued'", now=now):
                if entry.connection in self._steps and asks_first(entry, now):
                    self._park(db, entry, now)
                elif entry.state == "held":
                    move(db, entry.change, ("held",), state="queued")
            states = ", ".join(f"'{state}'" for state in BLOCKING_STATES)
            entries = load(db, f"state IN ({states})")
        chains: dict[tuple[str, str], list[Entry]] = {}
        blocked: set[tuple[str, str]] = set()
        for entry in entries:
            ticket = (entry.connection, entry.ticket_id)
            if ticket in blocked or entry.connection not in self._steps:
                continue
            waits = entry.next_try_at is not None and entry.next_try_at > now and not self._force
            if entry.state not in ("queued", "sending") or waits or entry.change in self._outcomes:
                blocked.add(ticket)
            elif (halt := self._stopped.get(entry.connection)) is not None:
                blocked.add(ticket)
                self._note(entry, entry.state, halt)
            else:
                chains.setdefault(ticket, []).append(entry)
        return list(chains.values())

    def _park(self, db: Db, entry: Entry, now: int) -> None:
        """It does not leave before somebody says so (`store.stale`)."""
        error, hint = asking(entry, now)
        parked = move(
            db,
            entry.change,
            ("held", "queued"),
            state="held",
            due_at=None,
            next_try_at=None,
            error=error,
            hint=hint,
        )
        if parked:
            self._note(entry, "held", Halt("held", error, hint=hint))

    async def _chain(self, chain: list[Entry]) -> None:
        async with self._slots:
            for entry in chain:
                if (halt := self._stopped.get(entry.connection)) is not None:
                    self._note(entry, entry.state, halt)
                    return
                with self._databases.journal_reads.begin() as db:
                    fresh = load_one(db, entry.change)
                if fresh.state not in ("queued", "sending"):
                    continue
                async with self._card(fresh):
                    await self._send(fresh)
                if self._outcomes[entry.change].state in BLOCKING_STATES:
                    return

    @asynccontextmanager
    async def _card(self, entry: Entry) -> AsyncIterator[None]:
        """Changes of one contact's card go out one after the other, although their tickets are several: the second
        finds what the first has written."""
        if not self._on_the_card[entry.connection] & entry.fix.fields.keys():
            yield
            return
        async with self._cards.setdefault((entry.connection, entry.ticket.contact_id), asyncio.Lock()):
            yield

    async def _send(self, entry: Entry) -> None:
        step: StepEntry | None = None
        try:
            for step in entry.steps:
                if not step.over:
                    await self._steps[entry.connection].carry(entry, step)
            await self._steps[entry.connection].unseen(entry)
        except Withdrawn:
            with self._databases.journal_reads.begin() as db:
                self._note(entry, load_one(db, entry.change).state)
            return
        except Halt as halt:
            self._halted(entry, step, halt)
        else:
            self._confirm(entry)
        self._shows.add(entry, self._outcomes[entry.change].state)
        await self._show_others(entry)

    def _confirm(self, entry: Entry) -> None:
        """Every step arrived (or was there already)."""
        wrote = any(step.state == "done" for step in entry.steps)
        with self._databases.journal.begin() as db:
            sent = move(
                db,
                entry.change,
                ("queued", "sending"),
                state="confirmed",
                confirmed_at=self._clock(),
                wrote=wrote,
                error=None,
                hint=None,
                next_try_at=None,
            )
            if sent and entry.undo_of is not None:
                states = ("confirmed", "conflict", "rejected", "uncertain")
                move(db, entry.undo_of, states, also={"by": entry.change}, state="undone")
            state = state_of(db, entry.change)
        self._note(entry, state, wrote=wrote)

    def _halted(self, entry: Entry, step: StepEntry | None, halt: Halt) -> None:
        """Writes down why a change goes no further, and until when."""
        state = halt.state
        if state == "queued" and step is not None and step.state in ("sending", "unknown"):
            state = "sending"  # it may have gone out: it cannot simply be taken back
        waits = state in ("queued", "sending")
        attempts = entry.attempts + 1
        with self._databases.journal.begin() as db:
            move(
                db,
                entry.change,
                ("queued", "sending"),
                state=state,
                error=str(halt),
                hint=halt.hint or None,
                attempts=attempts,
                wrote=any(one.state == "done" for one in entry.steps),
                next_try_at=self._clock() + _back_off(attempts, halt.retry_after) if waits else None,
                detail=to_json(halt.detail or ConflictDetail()),
            )
            if state == "rejected":
                rebase_later(db, entry)
            if halt.retry_after is not None:
                # The limit is the connection's: whatever waits there waits as long.
                db.execute(
                    text(
                        "UPDATE change SET next_try_at = max(coalesce(next_try_at, 0), :at)"
                        " WHERE connection = :c AND state IN ('queued', 'sending')"
                    ),
                    {"at": self._clock() + math.ceil(halt.retry_after), "c": entry.connection},
                )
        if halt.stops or self._gives_up(entry.connection, halt):
            self._stopped[entry.connection] = halt
        self._note(entry, state, halt)

    def _gives_up(self, connection: str, halt: Halt) -> bool:
        if halt.kind in ("unreachable", "unreadable"):
            self._failures[connection] = self._failures.get(connection, 0) + 1
        return self._failures.get(connection, 0) >= MOST_FAILURES

    async def _show_others(self, entry: Entry) -> None:
        """The other tickets of a contact whose card was written to; whatever became of the rest of the change."""
        on_the_card = self._on_the_card[entry.connection]
        wrote = any(step.state == "done" and on_the_card & step.step.sets.keys() for step in entry.steps)
        if self._others is None or not wrote:
            return
        try:
            await self._others(entry.connection, entry.ticket_id)
        except ConnectorError as error:
            log.info(
                "other tickets of the contact of #%s could not be read again, the next round does: %s",
                entry.ticket_id,
                error,
            )

    def _note(self, entry: Entry, state: str, halt: Halt | None = None, *, wrote: bool = False) -> None:
        self._outcomes[entry.change] = Outcome(
            change=entry.change,
            connection=entry.connection,
            ticket_id=entry.ticket_id,
            number=entry.number,
            verb=entry.verb,
            state=state,
            wrote=wrote,
            error=str(halt) if halt else None,
            hint=(halt.hint or None) if halt else None,
            error_kind=(halt.kind or None) if halt else None,
        )


def _back_off(attempts: int, retry_after: float | None) -> int:
    """Seconds until the next try; what the PSA asks for wins."""
    if retry_after is not None:
        return math.ceil(retry_after)
    return min(LONGEST_BACK_OFF, FIRST_BACK_OFF << min(attempts - 1, 10))
