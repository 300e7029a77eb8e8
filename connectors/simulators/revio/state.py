"""What a simulated Rev.io PSA keeps beside its world: the account, switches, faults, tokens, requests seen."""

from __future__ import annotations

import base64
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from connectors.simulators.faults import Faults
from connectors.simulators.world import World


@dataclass(slots=True, frozen=True)
class Account:
    """An API key, the tenant it belongs to, and whose tickets are wanted."""

    api_key: str
    tenant: str
    technician: str
    """The name as `techAssigned` has it."""


ACCOUNT = Account("DemoRevioKey01", "riverside.psarev.io", "Jordan Doe")


@dataclass(slots=True)
class Switches:
    """What is not established, or differs between tenants; may be changed while it runs."""

    status_field: Literal["ticketStatus", "ticketState"] = "ticketStatus"
    detail: Literal["works", "bare", "other", "404", "405"] = "works"
    """A ticket by itself: under `data`, without it, as something else than the list's row, or not at all."""
    order: Literal["number", "newest", "changed"] = "newest"
    """In which order the list comes: by id up or down, or the last changed first."""
    open_only: bool = False
    """The list has no closed tickets."""
    page_size: int = 500
    """The most rows that a page has, whatever is asked for."""
    page: Literal["counts", "ignored", "clamped"] = "counts"
    """What `page` does; `clamped`: beyond the end the last page comes again."""
    zone: Literal["Z", "none"] = "Z"
    """How dates end."""
    token_seconds: float = 3600.0
    token_form: Literal["jwt", "no-exp", "opaque"] = "jwt"
    denied: bool = False
    """The key's role may not see tickets: 403."""
    per_minute: int | None = None
    """Requests per minute before a 429 that does not say how long to wait."""
    clock_ahead: float = 0.0
    """Seconds by which the `Date` header is ahead of the world's clock."""


@dataclass(slots=True, frozen=True)
class Seen:
    """A request as it came, for tests."""

    method: str
    path: str
    query: dict[str, str]
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
    tokens: dict[str, float] = field(default_factory=dict)
    """Token -> when it ends, on the world's clock."""

    def new_token(self) -> str:
        """A token in the switches' form, as good as long as they say."""
        end = self.world.clock() + self.switches.token_seconds
        claims: dict[str, object] = {"sub": "api-key", "jti": str(len(self.tokens) + 1)}
        if self.switches.token_form == "jwt":
            claims["exp"] = int(end + self.switches.clock_ahead)
        parts = [_part({"alg": "HS256", "typ": "JWT"}), _part(claims), "c2lnbmF0dXJl"]
        token = f"opaque-{len(self.tokens) + 1}-token"
        token = token if self.switches.token_form == "opaque" else ".".join(parts)
        self.tokens[token] = end
        return token


def _part(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
