"""Bugs planted on purpose, each in the technician's process alone: the judge must find every one of them.

A name maps to what is planted, the verdict that it has to bring, and an episode that provokes it soon.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from connectors.contract import Applied, ConnectorError, Conversation, TicketRecord
from store import outbox_lookup, sender
from store.outbox_lookup import Baseline
from store.outbox_rows import Entry, StepEntry
from store.sender_compare import FieldConflict, PsaSide
from store.sender_journal import StepJournal
from store.sender_step import StepSender, _Lost
from tests.torture.episode import Plan
from tests.torture.odds import Odds


def send_before_commit() -> None:
    """The request goes out before the journal knows of it."""
    begin = StepJournal.begin
    postponed: dict[str, float] = {}

    def nothing_yet(self: StepJournal, entry: Entry, step: StepEntry, read_at: float) -> None:
        postponed[entry.change] = read_at
        entry.sent_at = int(read_at)
        step.attempts += 1
        step.state = "sending"

    async def then_commit(self: StepSender, entry: Entry, step: StepEntry, version: str | None) -> Applied:
        applied = await self._connector.apply(step.step, version)
        step.attempts -= 1
        begin(self._journal, entry, step, postponed[entry.change])
        self._journal.answered(entry, step, applied)
        return applied

    StepJournal.begin = nothing_yet  # type: ignore[method-assign]
    StepSender._request = then_commit  # type: ignore[method-assign]


def retry_blindly() -> None:
    """A POST whose outcome is unknown is sent again without looking."""

    async def never(self: StepSender, entry: Entry, step: StepEntry) -> bool:
        return False

    async def lost(self: StepSender, entry: Entry, step: StepEntry, error: ConnectorError) -> None:
        raise _Lost(str(error))

    StepSender._arrived = never  # type: ignore[method-assign]
    StepSender._unknown = lost  # type: ignore[method-assign]


def skip_the_compare() -> None:
    """Fields are written whatever they are now."""

    async def fine(
        self: PsaSide, entry: Entry, step: StepEntry, ticket: TicketRecord
    ) -> tuple[bool, list[FieldConflict]]:
        return bool(step.step.sets), []

    PsaSide._compare = fine  # type: ignore[method-assign]


def ignore_read_up_to() -> None:
    """What the customer wrote since does not matter."""

    def fine(self: PsaSide, entry: Entry, conversation: Conversation) -> None:
        return None

    PsaSide.read_up_to = fine  # type: ignore[method-assign]


def second_sender() -> None:
    """The lock does not keep a second process from sending."""

    @asynccontextmanager
    async def all_alone(*_: Any, **__: Any) -> AsyncIterator[bool]:
        yield True

    sender.only_sender = all_alone  # type: ignore[assignment]


def confirm_before_the_answer() -> None:
    """A step counts as done as soon as it is sent."""

    async def hasty(
        self: StepSender, entry: Entry, step: StepEntry, version: str | None, read_at: float
    ) -> bool:
        self._journal.begin(entry, step, read_at)
        self._journal.end(entry, step, "done")
        try:
            await self._connector.apply(step.step, version)
        except ConnectorError:
            return True
        return True

    StepSender._send = hasty  # type: ignore[method-assign]


def claim_twice() -> None:
    """The look-up takes a text for ours that another step has made. (What was there before the first attempt
    would keep it from that alone, so it forgets that too.)"""
    look = outbox_lookup.look

    async def anything(databases: Any, connection: Any, connector: Any, entry: Entry, step: StepEntry) -> Any:
        step.baseline = outbox_lookup.msgspec.json.encode(Baseline()).decode()
        return await look(databases, connection, connector, entry, step)

    from store import sender_step

    outbox_lookup.claimed = lambda *_: set()
    sender_step.look = anything  # type: ignore[assignment]


def undo_without_compare() -> None:
    """What takes back writes over whatever is there now."""
    compare = PsaSide._compare

    async def fine(
        self: PsaSide, entry: Entry, step: StepEntry, ticket: TicketRecord
    ) -> tuple[bool, list[FieldConflict]]:
        different, conflicts = await compare(self, entry, step, ticket)
        return (True, []) if entry.undo_of is not None else (different, conflicts)

    PsaSide._compare = fine  # type: ignore[method-assign]


@dataclass(frozen=True)
class Bug:
    """A bug, the kinds of violation of which it has to bring one, and where it shows soon."""

    plant: Callable[[], None]
    brings: frozenset[str]
    plan: Plan


_BUSY = Plan(changes=24, kills=0, tickets=5, trouble=False, two=0.0, odds=Odds.none(), worst=0.0, longest=60)
_FIELDS = ("status", "owner", "priority", "code")
_WORDS = ("note", "reply", "time")


def _busy(**more: Any) -> Plan:
    from dataclasses import replace

    return replace(_BUSY, **more)


BUGS = {
    "send before commit": Bug(
        send_before_commit,
        frozenset({"doubled", "mailed"}),
        _busy(kills=8, verbs=_WORDS, changes=40),
    ),
    "retry a POST": Bug(
        retry_blindly,
        frozenset({"doubled", "mailed"}),
        _busy(verbs=_WORDS, odds=Odds({}, {"drop-after": 0.3}), changes=25),
    ),
    "skip the compare": Bug(skip_the_compare, frozenset({"overwritten"}), _busy(verbs=_FIELDS, pause=0.03)),
    "ignore read_up_to": Bug(
        ignore_read_up_to, frozenset({"unread"}), _busy(verbs=("reply", "status", "seen"), pause=0.03)
    ),
    "a second sender": Bug(second_sender, frozenset({"doubled", "mailed"}), _busy(verbs=_WORDS, two=1.0)),
    "confirm before the answer": Bug(
        confirm_before_the_answer,
        frozenset({"missing"}),
        _busy(odds=Odds({}, {"drop-before": 0.3}), changes=25),
    ),
    "claim twice": Bug(
        claim_twice,
        frozenset({"missing"}),
        _busy(verbs=("note",), odds=Odds({}, {"drop-before": 0.3}), changes=30),
    ),
    "undo without compare": Bug(
        undo_without_compare,
        frozenset({"overwritten"}),
        _busy(verbs=("status", "code"), tickets=2, changes=90, pause=0.03, undo=0.5),
    ),
}


def plant(name: str) -> None:
    """For the rest of this process's life."""
    BUGS[name].plant()
