"""What a simulated Syncro keeps beside its world: accounts, switches, faults, requests seen, and its refusals."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request

from connectors.simulators.faults import Faults
from connectors.simulators.model import Member, Write
from connectors.simulators.world import World


@dataclass(slots=True, frozen=True)
class Account:
    """A token and the user it belongs to."""

    token: str
    technician: str
    """The user's name, as Syncro shows it."""
    user: str
    """The member of the world."""


ACCOUNT = Account("DemoSyncroToken01", "Jordan Doe", "jdoe")
COLLEAGUE = Account("DemoSyncroToken02", "Aisha Smith", "asmith")


@dataclass(slots=True)
class Switches:
    """What the vendor does not say, or what differs between tenants; may be changed while it runs."""

    since: Literal["moment", "day", "ignored", "misread"] = "moment"
    """What `since_updated_at` understands: the moment, its day, nothing (all rows), or nothing (no rows)."""
    not_closed: bool = True
    """Whether the status filter "Not Closed" is understood."""
    reply_cleared_by: tuple[Literal["comment", "status"], ...] = ("comment", "status")
    """What takes away `customer_reply`: a public comment of staff, another status."""
    clear_code: Literal["ignored", "works"] = "ignored"
    """What `product_id: null` does to a timer."""
    page_size: int = 25
    denied: frozenset[str] = frozenset()
    """Rights the token lacks: `contacts`, `contacts: edit`, `products`, `write`."""
    card: Literal["part", "whole"] = "part"
    """What a contact's PUT changes: what is sent, or all of it, so that what is not sent becomes empty."""
    per_minute: int | None = None
    """Requests per minute before 429."""
    clock_ahead: float = 0.0
    """Seconds by which the `Date` header is ahead of the world's clock."""


@dataclass(slots=True, frozen=True)
class Seen:
    """A request as it came, for tests."""

    method: str
    path: str
    """Below the API's base: `/tickets`."""
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
    notes: dict[int, str] = field(default_factory=dict)
    """Contact of the world -> what is noted on its card."""
    problem_types: dict[int, str] = field(default_factory=dict)
    """Ticket of the world -> a problem type that was written: a text of any kind."""


@dataclass(slots=True)
class Call:
    """One request in the hands of its handler, under the world's lock."""

    simulator: Simulator
    request: Request
    relative: str
    body: dict[str, Any]
    me: Member

    @property
    def world(self) -> World:
        return self.simulator.world

    def number(self, name: str) -> int:
        """A number in the path."""
        return int(self.request.path_params[name])

    def wrote(self, mailed: tuple[str, ...] = ()) -> None:
        world = self.world
        method = self.request.method
        world.writes.append(Write(world.now(), self.me.identifier, method, self.relative, self.body, mailed))


class Refusal(Exception):
    """The request is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def not_found() -> Refusal:
    return Refusal(404, {"message": "Not found"})


def invalid(*messages: str) -> Refusal:
    return Refusal(422, {"success": False, "message": list(messages)})


def no_permission() -> Refusal:
    """401, as for a wrong token; the words are the vendor's."""
    words = "Not authorized. Please ask account admin to update your group permissions."
    return Refusal(401, {"error": words})
