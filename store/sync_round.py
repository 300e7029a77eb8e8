"""One round of one connection while it runs: what it works on, what it tells, what it came to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from connectors.budget import Turn
from connectors.contract import Connector, Resolved
from store.database import Databases
from store.settings import Connection, Settings

T = TypeVar("T")

PHASES = ("verify", "tickets", "compare", "parents", "conversations", "time", "choices", "rules")


class Progress(msgspec.Struct, frozen=True):
    """How far a round is. `total` is `None` where nobody can tell."""

    connection: str
    phase: str
    """One of `PHASES`."""
    done: int = 0
    total: int | None = None
    text: str = ""
    """In words, for people."""


class Telling:
    """Passes on how far a connection's round is, and says so while it waits for leave to send."""

    def __init__(self, connection: str, tell: Callable[[Progress], None] | None) -> None:
        self._tell = tell or (lambda _: None)
        self._last = Progress(connection, PHASES[0])

    def goes_on(self, progress: Progress) -> None:
        """News of the round."""
        self._last = progress
        self._tell(progress)

    def waits(self, turn: Turn) -> None:
        """A request of the round has to wait."""
        seconds = max(1, round(turn.wait))
        why = "as the PSA asks" if turn.asked else "for our share of the company's requests"
        self._tell(msgspec.structs.replace(self._last, text=f"waiting {seconds} s {why}"))


class SyncReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to. Without `ok` the data from before are still shown."""

    connection: str
    ok: bool
    error_kind: str | None = None
    """`ConnectorError.kind`."""
    error: str | None = None
    hint: str | None = None
    full: bool = False
    new: int = 0
    changed: int = 0
    gone: int = 0
    """Deleted, merged or no longer visible."""
    conversations: int = 0
    """Conversations that were read."""
    quarantined: int = 0
    """Records of this connection that cannot be read."""
    requests: int = 0
    seconds: float = 0.0
    why: tuple[str, ...] = ()
    """What keeps this connection from being known, in sentences."""
    remarks: tuple[str, ...] = ()
    """What is worth saying although all is known."""


@dataclass
class Round:
    """What the parts of a round share."""

    databases: Databases
    connection: Connection
    connector: Connector
    settings: Settings
    now: Callable[[], int]
    tell: Callable[[Progress], None]
    began: int
    thorough: bool = False
    """Asked for by `check`: whatever could have changed unnoticed is read again."""
    renewals: int = 0
    """`Databases.renewals` when the round began."""
    requests_before: int = 0
    """What the connector's counter said when the round began."""
    clock_ahead: float = 0.0
    """Seconds by which the PSA's clock is ahead of ours."""
    full: bool = False
    new: int = 0
    changed: int = 0
    gone: int = 0
    conversations: int = 0
    why: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    put_aside: set[str] = field(default_factory=set)
    """Tickets of which this round's pull has read a record that cannot be used."""
    count_confirmed: bool = False
    resolved: Resolved | None = None

    @property
    def name(self) -> str:
        return self.connection.name

    @property
    def scope(self) -> Resolved:
        """The scope as resolved in this round."""
        if self.resolved is None:
            raise LookupError("The scope has not been resolved yet.")
        return self.resolved

    @property
    def requests(self) -> int:
        """Sent in this round so far."""
        return self.connector.requests - self.requests_before

    @property
    def counts_notes(self) -> bool:
        """The ticket's record says when a note arrives, so what did not change need not be read again."""
        return self.connector.capabilities.note_moves_ticket is True

    def progress(self, phase: str, done: int = 0, total: int | None = None, text: str = "") -> None:
        self.tell(Progress(self.name, phase, done, total, text))


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Runs `work` on every item, some at once. The first error ends the others and is raised."""
    waiting = iter(list(items))

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
