"""What a simulated HaloPSA keeps beside its world: the application, tokens, switches, faults, requests seen."""

from __future__ import annotations

import secrets as random_text
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from connectors.simulators.faults import Faults
from connectors.simulators.model import Member, Write
from connectors.simulators.world import World


@dataclass(slots=True, frozen=True)
class Account:
    """An API application and the agent it acts as."""

    client_id: str
    client_secret: str
    technician: str
    """The agent's name."""
    identifier: str
    """The world's member."""


ACCOUNT = Account("0a1b2c3d-demo", "DemoClientSecret01+/=", "Jordan Doe", "jdoe")


@dataclass(slots=True)
class Switches:
    """What is not established, or differs between instances; may be changed while it runs."""

    token_life: int = 3600
    per_window: int | None = None
    """Requests in 5 minutes before 429."""
    retry_after: bool = False
    """Whether a 429 of the limit says how long to wait."""
    tech_update: bool = False
    """Whether a public action of an agent sets the type's `statusaftertechupdate`."""
    detach: Literal["ignored", "works"] = "ignored"
    """What `parent_id` 0 does."""
    agent: bool = True
    """Whether the application has an agent to act as."""
    auth_url: str = ""
    """What `authinfo` names; empty: this server's own."""
    zone: int = 0
    """Seconds by which `lastupdatefromdate` is read as another zone's."""
    note_moves_ticket: bool = True
    forbidden: frozenset[str] = frozenset()
    """First parts of paths that answer 403."""
    warnings: dict[int, str] = field(default_factory=dict)
    """Ticket -> `_warning`: its changes are not made, and the answer is a 200."""
    clock_ahead: float = 0.0


@dataclass(slots=True, frozen=True)
class Seen:
    """A request as it came, for tests."""

    method: str
    path: str
    """Below `/api`, or the whole of others."""
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Simulator:
    """The application's state: `app.state.simulator`, its parts also directly on `app.state`."""

    world: World
    account: Account = ACCOUNT
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=5000))
    recent: deque[float] = field(default_factory=deque)
    tokens: dict[str, float] = field(default_factory=dict)

    def grant(self) -> str:
        """A new token."""
        token = random_text.token_urlsafe(24)
        self.tokens[token] = self.world.clock() + self.switches.token_life
        return token


@dataclass(slots=True)
class Call:
    """One request in the hands of its handler, under the world's lock."""

    simulator: Simulator
    request: Request
    key: int
    body: object
    me: Member

    @property
    def world(self) -> World:
        return self.simulator.world

    def asks(self, name: str) -> str:
        """A parameter; names without regard to case."""
        wanted = name.lower()
        return next((v for k, v in self.request.query_params.items() if k.lower() == wanted), "")

    def wrote(self, mailed: tuple[str, ...] = ()) -> None:
        path = self.request.url.path.removeprefix("/api")
        method = self.request.method
        self.world.writes.append(Write(self.world.now(), self.me.identifier, method, path, self.body, mailed))


class Refusal(Exception):
    """The request is answered with this status and body: an object, or plain text."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def bad(message: str) -> Refusal:
    """One of Halo's shapes of a 400."""
    return Refusal(400, {"resultCode": 400, "errorMessage": message})


def respond(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401
    """JSON, or plain text for a string in an error."""
    if isinstance(body, str):
        return Response(body, status, headers, media_type="text/plain")
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
