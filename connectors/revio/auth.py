"""Rev.io's tokens: an API key is exchanged for a JWT, which is used until shortly before its end.

How long a JWT lives is not established: its own `exp` is read, and one that is refused is exchanged once. Vendor's
developer portal for the exchange; that any 4xx there means the key is from the same place.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from typing import TYPE_CHECKING

import msgspec

from connectors.bearer import BearerSession
from connectors.contract import Forbidden, NotThere, Rejected, Unauthorized, Unreadable
from connectors.revio.wire import SHOWN, TokenAnswer, said

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget

EXCHANGE = "/api/v1/auth/api-key/exchange"
EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""
HINT = "Check the API key (Admin > API Management in Rev.io) and `url`."


class TokenSession(BearerSession):
    """Requests to one API: what a refusal says is shown in its first words, without secrets."""

    def __init__(
        self,
        origin: str,
        headers: dict[str, str],
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None,
        budget: Budget | None,
        concurrency: int = 2,
    ) -> None:
        super().__init__(
            origin,
            headers,
            secrets=(key,),
            transport=transport,
            budget=budget,
            concurrency=concurrency,
            # Blacked out before it is cut: half a secret is still one.
            explain=lambda status, body: (self.redact(said(body))[:SHOWN], None),
        )


class Tokens:
    """The token of one API key."""

    def __init__(
        self,
        origin: str,
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None,
        budget: Budget | None,
    ) -> None:
        self._key = key
        self.session = TokenSession(origin, {}, key, transport=transport, budget=budget)
        self._token = ""
        self._until: float | None = None
        self._lock = asyncio.Lock()

    async def current(self, refused: str | None = None) -> str:
        """A token that is good as far as is known; never the `refused` one. Raises `Unauthorized`."""
        async with self._lock:
            now = time.time() + self.session.clock_ahead
            if not self._token or self._token == refused or (self._until is not None and now > self._until):
                await self._exchange()
            return self._token

    async def _exchange(self) -> None:
        try:
            answer = await self.session.send("POST", EXCHANGE, json={"apiKey": self._key}, repeatable=True)
        except (Unauthorized, Forbidden, Rejected, NotThere) as error:
            raise Unauthorized(f"{error} (the API key was not taken)", hint=HINT) from None
        token = answer.decode(TokenAnswer).data.token.strip()
        if not token or not token.isascii() or any(char.isspace() for char in token):
            raise Unreadable(f"{answer.where}: the token is none", hint=HINT)
        self._token = self.session.token = token
        self._until = ends_at(token)
        now = time.time() + self.session.clock_ahead
        if self._until is not None and self._until - EARLY <= now:
            # Over before it began: the clocks are not to be compared. It is used until it is refused.
            self._until = None
        elif self._until is not None:
            self._until -= EARLY


def ends_at(token: str) -> float | None:
    """When a JWT ends, UTC seconds by the server's clock: its claim `exp` (RFC 7519, 4.1.4); `None`: unsaid."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    return float(end) if isinstance(end, (int, float)) and not isinstance(end, bool) else None
