"""What a simulated Autotask keeps beside its world: accounts, switches, faults, requests seen; and its refusals."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.simulators.faults import Faults
from connectors.simulators.model import Member
from connectors.simulators.world import World

API_MEMBER = 199
"""The API user's resource id: nobody of the world."""


@dataclass(slots=True, frozen=True)
class Account:
    """What logs in, and the technician for whom it works."""

    username: str
    integration_code: str
    secret: str
    technician: str


ACCOUNT = Account("api@msp.test", "DEMOTRACKINGID01", "DemoApiSecret01", "jdoe")


@dataclass(slots=True)
class Switches:
    """What the vendor does not say, or what differs between tenants; may be changed while it runs."""

    low_level: bool = False
    """A restricted copy of the API level: every list is empty, without an error."""
    non_billable_hidden: bool = False
    """Without the right to see them, entries that are not billable are left out."""
    note_moves: Literal["both", "activity", "none"] = "both"
    """Which dates of the ticket a note moves."""
    impersonation: bool = True
    edits_contacts: bool = True
    """Whether the security level may change contacts."""
    rules_mail: bool = True
    """Workflow rules mail public notes to the contact."""
    threshold: int = 10_000
    used: int = 0
    """Requests of other integrations in this hour."""
    slow: bool = False
    """Whether answers take longer from half of the threshold on."""
    zone: str = "ATServicesRest"
    """The first part of the API's path; a move to another zone changes it."""
    zone_url: str | None = None
    """What the look-up answers instead of our own address."""
    no_date: bool = False


@dataclass(slots=True, frozen=True)
class Seen:
    """A request as it came, for tests."""

    method: str
    path: str
    """Below the API's base: `/Tickets/query`."""
    body: Any
    headers: dict[str, str]


@dataclass(slots=True)
class Simulator:
    """The application's state: `app.state.simulator`, its parts also directly on `app.state`."""

    world: World
    account: Account = ACCOUNT
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=5000))
    recent: deque[float] = field(default_factory=deque)
    own_cards: set[int] = field(default_factory=set)
    """Tickets whose contact has a card of its own that was changed; it stays another contact, whatever it says now."""
    under_way: Counter[str] = field(default_factory=Counter)
    """Requests in hand, by entity."""


@dataclass(slots=True)
class Call:
    """One request in the hands of its handler, under the world's lock."""

    made: Simulator
    method: str
    relative: str
    body: Any
    me: Member


class Refusal(Exception):
    """The request is answered with this status and the vendor's error body."""

    def __init__(self, *errors: str, status: int = 500) -> None:
        super().__init__("; ".join(errors))
        self.status = status
        self.errors = list(errors)
