"""All messages that cross from one part of the screen to another, and what the app publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from textual.message import Message

if TYPE_CHECKING:
    from store.read_records import Found, Row
    from store.sync_round import Progress


class Told(Message):
    """Base of what the engine tells by itself."""


@dataclass
class EngineReady(Told):
    """The engine's thread has loaded what writing and syncing need."""


@dataclass
class Noted(Told):
    """What was found and done about the databases, in sentences."""

    notes: tuple[str, ...]


@dataclass
class SyncStarted(Told):
    """A round has begun. `asked`: by a person, not by the timer."""

    asked: bool


@dataclass
class SyncProgress(Told):
    """How far the round is: `done` of `expected` (None: not known) tickets of one connection."""

    connection: str
    done: int
    expected: int | None

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SyncProgress)


@dataclass
class Pulling(Message):
    """How far a connection's first sync is."""

    progress: Progress

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Pulling)


@dataclass
class SyncEnded(Told):
    """The round is over; what it came to stands in the cache. `said`: why all of it failed."""

    asked: bool
    said: str = ""
    failed: bool = False
    unasked: tuple[str, ...] = ()
    """Connections that could not be read, while others were."""


@dataclass
class Durable(Told):
    """A person's change of each of these (connection, ticket_id) is in the journal; nothing else has followed yet."""

    tickets: frozenset[tuple[str, str]]


@dataclass
class ChangesMoved(Told):
    """Changes of the outbox moved on: confirmed, conflict, rejected, uncertain …"""

    outcomes: tuple[Any, ...]


@dataclass
class EngineFailed(Told):
    """Something the engine did by itself went wrong: what, and what to do about it."""

    what: str
    hint: str = ""


class Saved(msgspec.Struct, frozen=True):
    """Published on `Deskzero.saved`: the cache or the journal has changed; screens read again."""

    quiet: bool = True
    """Not asked for by a person: order, cursor and focus stay as they are."""
    done: frozenset[tuple[str, str]] = frozenset()
    """(connection, ticket_id) of what a person has just dealt with: their rows may leave at once."""


@dataclass
class RowUnderCursor(Message):
    """The list's cursor stands on another row (None: the list is empty)."""

    row: Row | None


@dataclass
class RowsMissing(Message):
    """The list came to rows that it does not hold. `reading`: which of its readings they are of."""

    found: list[Found]
    reading: int


@dataclass
class MarksChanged(Message):
    """Rows were marked or let go of."""


@dataclass
class PaneWanted(Message):
    """A click on a pane's line."""

    pane: str


@dataclass
class RowWanted(Message):
    """A second click on a row: open it."""

    row: Row


@dataclass
class KeyClicked(Message):
    """A click on an entry of the key bar: the key as it is written there."""

    label: str
