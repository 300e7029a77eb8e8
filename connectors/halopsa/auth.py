"""HaloPSA's access tokens: OAuth2 client credentials, renewed before they expire and once after a 401.

`GET /api/authinfo` names the authorisation server and the tenant (seen in maintained clients). The secret goes to the
configured origin only: an authorisation server elsewhere has to be named in the settings (`auth_url`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from connectors.contract import ConnectorError, NotThere, Rejected, Unauthorized, Unreadable
from connectors.http import Session, WebPage
from connectors.origin import origin_of
from connectors.text import clean

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Explain

EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""
HINT = (
    "Check `client_id`, the client secret and `tenant`; the API application must allow client credentials"
    " and have an agent to act as."
)


class _AuthInfo(msgspec.Struct, frozen=True):
    auth_url: str | None = None
    tenant_id: str | None = None


class _Grant(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = 3600.0


class Tokens:
    """The access token of one API application."""

    def __init__(
        self,
        url: str,
        client: tuple[str, str],
        tenant: str,
        auth_url: str,
        *,
        explain: Explain,
        transport: httpx.AsyncBaseTransport | None,
        budget: Budget | None,
    ) -> None:
        """`client` is id and secret."""
        import asyncio

        self._origin = origin_of(url)
        self._client_id, self._secret = client
        self._tenant, self._auth_url = tenant, auth_url.rstrip("/")
        where = origin_of(auth_url, "auth_url") if auth_url else self._origin

        def session(origin: str, secrets: tuple[str, ...]) -> Session:
            return Session(origin, secrets=secrets, transport=transport, budget=budget, explain=explain)

        self._finder = session(self._origin, ())
        self._auth = session(where, (self._secret,))
        self._token, self._until = "", 0.0
        self._found = False
        self._lock = asyncio.Lock()

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._finder.requests + self._auth.requests

    async def close(self) -> None:
        """Ends both sessions."""
        await self._finder.close()
        await self._auth.close()

    async def current(self, refused: str | None = None) -> str:
        """A token that is good as far as is known; never the `refused` one. Raises `Unauthorized`."""
        async with self._lock:
            if not self._token or self._token == refused or time.monotonic() > self._until:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        if not self._found:
            await self._find()
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
            "scope": "all",
        }
        params = {"tenant": self._tenant} if self._tenant else None
        asked = time.monotonic()
        try:
            answer = await self._auth.send(
                "POST", f"{self._auth_url}/token", form=form, params=params, repeatable=True
            )
        except Unauthorized as error:
            error.hint = HINT
            raise
        except (Rejected, NotThere) as error:  # `invalid_client` is a 400 by OAuth2 (RFC 6749, 5.2)
            raise Unauthorized(str(error), hint=HINT) from None
        grant = answer.decode(_Grant)
        if not grant.access_token.isascii() or not grant.access_token.strip():
            raise Unreadable(f"{answer.where}: the token is none", hint=HINT)
        self._token, self._until = grant.access_token, asked + max(grant.expires_in - EARLY, 1.0)

    async def _find(self) -> None:
        """Where tokens are given out. An instance that does not say has it at `/auth` (seen in clients)."""
        said = _AuthInfo()
        if not (self._auth_url and self._tenant):
            try:
                said = (await self._finder.get("/api/authinfo")).decode(_AuthInfo)
            except (NotThere, WebPage, Rejected):
                said = _AuthInfo()
        self._tenant = self._tenant or (said.tenant_id or "")
        if not self._auth_url:
            self._auth_url = self._own(said.auth_url) if said.auth_url else f"{self._origin}/auth"
        self._found = True

    def _own(self, auth_url: str) -> str:
        try:
            same = origin_of(auth_url) == self._origin
        except (ConnectorError, ValueError):
            same = False
        if not same:
            raise Unreadable(
                f"{self._origin} names {clean(auth_url)} as its authorisation server; the secret was not sent there",
                hint="If that address is Halo's, set it as `auth_url`.",
            )
        return auth_url.rstrip("/")
