"""What a simulated ConnectWise PSA keeps beside its world: accounts, switches, faults, requests seen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request

from connectors.simulators.connectwise.answers import Account
from connectors.simulators.connectwise.rows import Rows
from connectors.simulators.faults import Faults
from connectors.simulators.model import Member, Write
from connectors.simulators.world import World

ACCOUNT = Account(
    "riverside", "DemoPublicKey01", "DemoPrivateKey01", "5f1d0c2e-0000-4000-8000-00000000d0e5", "jdoe"
)
COLLEAGUE = Account(
    "riverside", "DemoPublicKey02", "DemoPrivateKey02", "5f1d0c2e-0000-4000-8000-00000000d0e5", "asmith"
)


@dataclass(slots=True)
class Switches:
    """What the vendor does not say, or what differs between tenants; may be changed while it runs."""

    cloud: bool = False
    """Wrong keys look like 404 (developer guide)."""
    codebase: str = "v2025_1/"
    date_forms: tuple[str, ...] = ("utc-z", "naive", "date-only")
    """Forms of a date in conditions that are understood; others match nothing."""
    detach: Literal["ignored", "works", "refused"] = "ignored"
    """What a PATCH of `parentTicketId` does."""
    knows_goals: bool = True
    """Whether the SLA's targets are known names; else a request that names them is refused (400)."""
    deletes: bool = True
    """Whether notes and time entries may be deleted (403 otherwise)."""
    per_minute: int | None = None
    """Requests per minute before 429."""
    clock_ahead: float = 0.0
    """Seconds by which the `Date` header is ahead of the world's clock."""


@dataclass(slots=True, frozen=True)
class Seen:
    """A request as it came, for tests."""

    method: str
    path: str
    """Below the API's base: `/service/tickets`."""
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(slots=True)
class Simulator:
    """The application's state: `app.state.simulator`, its parts also directly on `app.state`."""

    world: World
    account: Account = ACCOUNT
    accounts: tuple[Account, ...] = (ACCOUNT, COLLEAGUE)
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=5000))
    recent: deque[float] = field(default_factory=deque)


@dataclass(slots=True)
class Call:
    """One request in the hands of its handler, under the world's lock."""

    simulator: Simulator
    rows: Rows
    request: Request
    path: dict[str, int]
    relative: str
    body: object
    me: Member

    def wrote(self, mailed: tuple[str, ...] = ()) -> None:
        world = self.simulator.world
        world.writes.append(
            Write(world.now(), self.me.identifier, self.request.method, self.relative, self.body, mailed)
        )
