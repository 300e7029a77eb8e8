"""What the set-up lint reads and says: plain records, no database and no network behind them."""

from __future__ import annotations

from typing import Literal

import msgspec

from connectors.contract import Capabilities, Choice, Identity
from store.read_records import ConnectionView
from store.settings import Connection, Settings


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or that cannot be known. Foreign text in it is as the PSA gave it."""

    code: str
    """Stays the same from version to version; docs/doctor.md lists them."""
    what: str
    why: str
    """Why it matters; empty where `what` says it already."""
    do: str
    """What to change, and where."""
    connection: str | None = None
    """`None`: it belongs to no connection."""
    level: Literal["wrong", "unknown"] = "wrong"
    """`unknown`: the PSA does not tell, or it could not be read; a person has to look."""


class BoardStatuses(msgspec.Struct, frozen=True):
    """The active statuses of one board."""

    board: str | None
    """Its name; `None` where statuses belong to no board."""
    statuses: tuple[Choice, ...]


class FieldUse(msgspec.Struct, frozen=True):
    """A required field that no open ticket of the scope has."""

    field: str
    tickets: int
    """Open tickets on which it is missed."""


class NotesSeen(msgspec.Struct, frozen=True):
    """What the conversations that were read say of whether a note moves its ticket."""

    moved: int = 0
    """Tickets whose newest customer's note came in the moment of the ticket's last update."""
    stayed: int = 0
    """Tickets with a note that is later than the last update, although the ticket was read after it."""
    read: int = 0
    """Conversations of the queue that were read."""


class SetupUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the cache knows of how a connection is used."""

    open: int = 0
    """Open tickets in the scope."""
    boards: tuple[tuple[str, str], ...] = ()
    """(id, name) of the boards with open tickets in the scope, the busiest first."""
    statuses: dict[str, int] = msgspec.field(default_factory=dict)
    """Status, case-folded -> open tickets of the scope in it."""
    owners: int = 0
    """How many own an open ticket of the scope."""
    never_filled: tuple[FieldUse, ...] = ()
    notes: NotesSeen = NotesSeen()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one connection."""

    settings: Settings
    connection: Connection
    title: str
    """The PSA's name for people."""
    can: Capabilities
    identity: Identity
    view: ConnectionView
    use: SetupUse = SetupUse()
    boards: tuple[BoardStatuses, ...] = ()
    """The statuses as read just now."""
    boards_left: int = 0
    """Boards whose statuses were not read."""
    unread: str = ""
    """Why statuses could not be read, if so."""
    members: int | None = None
    """People there who can own tickets; `None`: not known."""
    team: int | None = None
    """Technicians who will use deskzero, where somebody said so."""
    effective: dict[str, object] = msgspec.field(default_factory=dict)
    """The connection's own keys with their defaults."""

    @property
    def name(self) -> str:
        return self.connection.name

    @property
    def table(self) -> str:
        """The connection's table in the settings."""
        return f"[connections.{self.connection.name}]"

    @property
    def setup(self) -> str:
        """Where statuses are set up, to begin a sentence with."""
        place = self.can.status_setup
        return f"{self.title}, {place}" if place else f"{self.title}'s set-up of statuses"

    def wrong(self, code: str, what: str, why: str, do: str) -> Finding:
        """A finding about this connection."""
        return Finding(code=code, what=what, why=why, do=do, connection=self.name)

    def unknown(self, code: str, what: str, why: str, do: str) -> Finding:
        """Something about this connection that cannot be known from here."""
        return Finding(code=code, what=what, why=why, do=do, connection=self.name, level="unknown")
