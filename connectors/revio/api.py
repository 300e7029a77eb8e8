"""Rev.io's REST API: the two headers, the ticket list and its pages, a ticket by itself. No records here.

The list takes a page and its size and, as known, nothing else; no total, no order. It is over with a page that
brings nothing new, and a list of several pages is read again until it agrees with itself: rows that come or go
between two pages push others over the border.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from connectors import OptionsError
from connectors.answers import WebPage
from connectors.contract import Forbidden, NotThere, Rejected, Unauthorized, Unreadable
from connectors.origin import origin_of
from connectors.revio.wire import NAMED, ListAnswer, ticket_of
from connectors.text import clean

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Answer

log = logging.getLogger(__name__)

LIST = "/psac/api/v1/ticket-list"
TICKET = "/psac/api/v1/ticket"
PAGE_SIZE = 500
"""The largest seen in third-party code."""
PASSES = 5
"""So many times a list of several pages is read before it counts as changing all the time."""
MOST_PAGES = 2000


class Rows(NamedTuple):
    """The whole list: rows as they came, our clock when its first request was begun, and its pages."""

    rows: list[msgspec.Raw]
    began_at: int
    pages: int


class Api:
    """Requests to one tenant."""

    def __init__(
        self,
        url: str,
        tenant: str,
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
        concurrency: int = 2,
    ) -> None:
        from connectors.revio.auth import Tokens, TokenSession  # the HTTP client: not before the first paint

        self.tenant = host_of(tenant)
        origin = origin_of(url)
        self.session = TokenSession(
            origin,
            {"X-Revio-Host": self.tenant},
            key,
            transport=transport,
            budget=budget,
            concurrency=concurrency,
        )
        self._tokens = Tokens(origin, key, transport=transport, budget=budget)
        self._told_keys = False

    @property
    def requests(self) -> int:
        """Requests sent so far, those for tokens included."""
        return self._tokens.session.requests + self.session.requests

    async def close(self) -> None:
        """Ends both sessions."""
        await self._tokens.session.close()
        await self.session.close()

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Reads; after a 401 or 403 once more with a new token. Raises what the second one says."""
        token = await self._tokens.current()
        try:
            return await self._once(path, params, token)
        except (Unauthorized, Forbidden):
            token = await self._tokens.current(refused=token)
        try:
            return await self._once(path, params, token)
        except (Unauthorized, Forbidden) as error:
            error.hint = (
                f"The API key itself was taken. Check `tenant` (X-Revio-Host is “{self.tenant}”), and whether the"
                " role of whoever made the key may see tickets."
            )
            raise

    async def _once(self, path: str, params: Mapping[str, str] | None, token: str) -> Answer:
        self.session.token = token
        return await self.session.get(path, params, headers={"Authorization": f"Bearer {token}"})

    async def tickets(self) -> Rows:
        """The whole list, complete or an error; each row once, as it last came."""
        found: dict[bytes, msgspec.Raw] = {}
        began = 0
        for turn in range(PASSES):
            new, pages, first = await self._pass(found)
            began = began or first
            if pages <= 1 or (turn and not new):
                return Rows(list(found.values()), began, pages)
        raise Unreadable(
            f"GET {LIST}: the list changes faster than it can be read",
            hint="Nothing of it is taken as complete; the next round tries again.",
        )

    async def _pass(self, found: dict[bytes, msgspec.Raw]) -> tuple[int, int, int]:
        """Reads the list once into `found`: how many rows were not in it, pages with rows, when it began."""
        seen: set[bytes] = set()
        fresh, began, last = 0, 0, 0
        for page in range(1, MOST_PAGES + 1):
            try:
                answer = await self.get(LIST, {"page": str(page), "perPage": str(PAGE_SIZE)})
            except (NotThere, Rejected) as error:
                # Behind the end some servers refuse; a page that is full is not known to be the end.
                if page > 1 and (last < PAGE_SIZE or isinstance(error, NotThere)):
                    return fresh, page - 1, began
                raise
            began = began or answer.began_at
            rows = {key_of(raw): raw for raw in answer.decode(ListAnswer).data or ()}
            if rows and rows.keys() <= seen and page == 2 and last >= PAGE_SIZE:
                raise Unreadable(
                    f"GET {LIST}: page 2 repeats page 1, so that what comes after {last} tickets cannot be read",
                    hint="Nothing of it is taken as complete. Report it: this tenant does not know `page`.",
                )
            if rows.keys() <= seen:
                return fresh, page - 1, began
            last = len(rows)
            seen |= rows.keys()
            fresh += len(rows.keys() - found.keys())
            found.update(rows)
        raise Unreadable(f"GET {LIST}: more than {MOST_PAGES} pages")

    async def ticket(self, ticket_id: str) -> dict[str, Any] | None:
        """A ticket by itself; `None` where it is not there, or this tenant does not give it (404, 405), or it has
        not what the list has. Names that are not known are logged once, so that somebody may learn them."""
        try:
            answer = await self.get(f"{TICKET}/{ticket_id}")
        except NotThere:
            return None
        except (Rejected, WebPage) as error:
            status = error.status if isinstance(error, WebPage) else None
            if status in (404, 405) or str(error).startswith(f"GET {TICKET}/{ticket_id}: 405"):
                return None
            raise
        found = ticket_of(answer.body)
        if found is None:
            log.warning("%s: the answer is no ticket as the list has it", answer.where)
            return None
        unknown = sorted(found.keys() - NAMED)
        if unknown and not self._told_keys:
            self._told_keys = True
            log.info("%s: fields that are not known here: %s", answer.where, clean(", ".join(unknown)))
        return found


class _Id(msgspec.Struct, frozen=True):
    id: int = msgspec.field(name="ticketId")


def key_of(raw: msgspec.Raw) -> bytes:
    """What a row is told apart by: its id, else (it cannot be read) itself."""
    try:
        return str(msgspec.json.decode(raw, type=_Id).id).encode()
    except (msgspec.ValidationError, msgspec.DecodeError):
        return bytes(raw)


def host_of(tenant: str) -> str:
    """`acme.psarev.io`, also out of an address. Raises `OptionsError`."""
    text = tenant.strip()
    host = urlsplit(text if "://" in text else f"//{text}").netloc
    if not host or not host.isascii() or "@" in host or any(char.isspace() for char in host):
        raise OptionsError("tenant", "the host of your Rev.io such as acme.psarev.io")
    return host.casefold()
