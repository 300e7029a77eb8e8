"""What a simulated AlgaPSA keeps beside its world: accounts, switches, faults, requests seen, ids, and its refusals."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NoReturn

from starlette.requests import Request

from connectors.simulators.faults import Faults
from connectors.simulators.model import Mail, Member, Ticket, Write
from connectors.simulators.world import World

BUCKET, PER_MINUTE = 120, 60
"""Requests that may come at once, and those that flow back (seen on a running server)."""


@dataclass(slots=True, frozen=True)
class Account:
    """A key and the user it belongs to."""

    api_key: str
    technician: str
    """The user's name at the login."""


ACCOUNT = Account("DemoAlgaKey01", "jdoe")
COLLEAGUE = Account("DemoAlgaKey02", "asmith")


@dataclass(slots=True)
class Switches:
    """What differs between shops and keys; may be changed while it runs."""

    denied: frozenset[str] = frozenset()
    """Rights that the keys lack: `user`, `contact`, `contact: update`, `service`, `ticket_settings`, `timeentry`,
    `client`, `write`."""
    hides_others: bool = False
    """Whether others' time is hidden, and counted."""
    close_rules: frozenset[str] = frozenset()
    """What a board wants before a ticket is closed: `resolution_comment`, `time_entry`, `open_children`."""
    period: bool = True
    """Whether there is a time period for every day."""
    tracks_response: bool = True
    """Whether the tenant keeps the response state."""
    enforced: bool = False
    """Whether an empty bucket is a 429; what is left is told in any case."""
    spoiled: frozenset[int] = frozenset()
    """Tickets of the world whose rows cannot be read, in whatever list they come."""
    clutter: bool = False
    """Whether every ticket has a deleted comment and one that is not published yet."""
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
    body: Any = None


@dataclass(slots=True)
class Simulator:
    """The application's state: `app.state.simulator`, its parts also directly on `app.state`."""

    world: World
    account: Account = ACCOUNT
    accounts: tuple[Account, ...] = (ACCOUNT, COLLEAGUE)
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=5000))
    by_key: set[int] = field(default_factory=set)
    """Notes of the world that were made with an API key: their author type is unknown."""
    modes: dict[int, str] = field(default_factory=dict)
    """Master of a bundle -> its mode; one made elsewhere has the server's default."""
    extensions: dict[int, str] = field(default_factory=dict)
    """Contact of the world -> the extension of the first number on its card."""
    left: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Key -> what its bucket held, and when."""


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

    @property
    def switches(self) -> Switches:
        return self.simulator.switches

    def need(self, right: str) -> None:
        """Raises the 403 of a right that the key lacks: `contact` to read them, `contact: update`."""
        what, _, verb = right.partition(": ")
        if right in self.switches.denied:
            raise error(403, "FORBIDDEN", f"Permission denied: Cannot {verb or 'read'} {what}")

    def ticket(self, name: str = "id") -> Ticket:
        """The ticket in the path."""
        number = number_of("ticket", self.request.path_params[name])
        found = None if number is None else self.world.tickets.get(number)
        if found is None:
            raise error(404, "NOT_FOUND", "Ticket not found")
        return found

    def wrote(self, mailed: tuple[str, ...] = ()) -> None:
        world = self.world
        method = self.request.method
        world.writes.append(Write(world.now(), self.me.identifier, method, self.relative, self.body, mailed))

    def mail(self, ticket: Ticket, text: str) -> tuple[str, ...]:
        """Tells the contact, unless the request asks not to. Raises the 400 of a half-silent request."""
        quiet = self.body.get("suppressContactNotifications") is True
        if self.body.get("suppressInternalNotifications") is True and not quiet:
            invalid(
                "suppressInternalNotifications",
                "suppressInternalNotifications requires suppressContactNotifications",
            )
        contact = self.world.contacts.get(ticket.contact_id or 0)
        if quiet or contact is None or not contact.email:
            return ()
        self.world.mails.append(Mail(self.world.now(), (contact.email,), ticket.id, text))
        return (contact.email,)


# ---------------------------------------------------------------- ids

KINDS = (
    "ticket",
    "comment",
    "entry",
    "user",
    "portal",
    "contact",
    "client",
    "location",
    "board",
    "status",
    "priority",
    "category",
    "subcategory",
    "service",
    "team",
    "document",
    "phone",
    "mobile",
)
_ID = re.compile(r"([0-9a-f]{8})-a19a-4000-8000-([0-9a-f]{12})")


def uid(kind: str, number: int) -> str:
    """The world's number as an id of AlgaPSA: always the same."""
    return f"{KINDS.index(kind) + 1:08x}-a19a-4000-8000-{number:012x}"


def maybe(kind: str, number: int | None) -> str | None:
    """The same for what may be empty."""
    return None if number is None else uid(kind, number)


def number_of(kind: str, text: object) -> int | None:
    """The world's number behind an id; `None` for what is none of this kind."""
    found = _ID.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[1], 16) != KINDS.index(kind) + 1:
        return None
    return int(found[2], 16)


# ---------------------------------------------------------------- refusals


class Refusal(Exception):
    """The request is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


def error(status: int, code: str, message: str, details: object = None) -> Refusal:
    """The shape of nearly all refusals."""
    said: dict[str, Any] = {"code": code, "message": message}
    if details is not None:
        said["details"] = details
    return Refusal(status, {"error": said})


def invalid(path: str, message: str) -> NoReturn:
    """The 400 of a value that does not fit. Raises."""
    raise error(400, "VALIDATION_ERROR", "Validation failed", [{"path": [path], "message": message}])
