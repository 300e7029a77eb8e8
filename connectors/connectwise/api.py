"""ConnectWise PSA's REST API: where it is, how it pages, what its refusals mean. No records here.

Facts come from the ConnectWise developer guide unless marked otherwise. The address of the API has the
`Codebase` in it, which an upgrade of the PSA changes: it is looked up once without credentials and again when
an address is suddenly not there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import lt
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from connectors.connectwise import DateForm
from connectors.connectwise.wire import NEWER, Wire, explain, fields_of
from connectors.contract import (
    ConnectorError,
    Forbidden,
    NotThere,
    Rejected,
    Unauthorized,
    UnknownName,
    Unreadable,
)
from connectors.origin import origin_of
from connectors.rows import Row, read_rows

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Answer, Session

PAGE_SIZE = 1000
"""The largest that the PSA takes; larger ones are capped without a word."""
DEFAULT_PAGE = 25
"""What a server gives that did not understand `pageSize`: never taken for the end."""
BATCH = 100
"""Ids in one request: the address stays below `LONGEST_URL`."""
LONGEST_URL = 2000
API_VERSION = (2025, 1)

_RIGHTS = (
    ("/schedule/", "Service Desk > Resource Scheduling: Inquire"),
    ("/time/entries", "Time & Expense > Time Entry: Inquire"),
    ("/company/contacts", "Companies > Contacts: Inquire"),
    ("/company/companies", "Companies > Company Maintenance: Inquire"),
    ("/finance/agreements", "Finance > Agreements: Inquire"),
    ("/system/documents", "Companies > Manage Attachments: Inquire"),
    ("/system/members", "System > Member Maintenance: Inquire"),
    ("/service/tickets", "Service Desk > Service Tickets: Inquire"),
    ("/service/", "System > Table Setup: Inquire"),
    ("/time/", "System > Table Setup: Inquire"),
)
"""Path -> the right of a security role, in the PSA's own words (as known from its Security Roles screen)."""


class CompanyInfo(Wire, frozen=True, kw_only=True):
    """The answer of the unauthenticated look-up. Its `SiteUrl` is not read: no server chooses our host."""

    codebase: str = msgspec.field(name="Codebase")
    version: str | None = msgspec.field(default=None, name="VersionCode")


class RowPage(NamedTuple):
    """Rows of one page, and our clock (UTC seconds) when its request was begun."""

    rows: list[Row]
    began_at: int


class _Count(Wire, frozen=True, kw_only=True):
    count: int


class Api:
    """Requests to one company's API, with its address found and its hints given."""

    def __init__(
        self,
        url: str,
        company: str,
        client_id: str,
        keys: tuple[str, str],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
        concurrency: int = 4,
    ) -> None:
        """`keys` are the public and the private one."""
        import asyncio  # here: `list` and `check --offline` load this module for its options alone

        from connectors.http import Session

        self._company = company
        self._site_origin, api_origin = hosts(origin_of(url))
        # The `+` stays as it is before base64 (field report: a decoded one breaks the login).
        login = base64.b64encode(f"{company}+{keys[0]}:{keys[1]}".encode()).decode("ascii")
        self._finder = Session(self._site_origin, explain=explain, transport=transport, budget=budget)
        self._session = Session(
            api_origin,
            {"Authorization": f"Basic {login}", "clientId": client_id},
            secrets=(keys[1],),
            transport=transport,
            concurrency=concurrency,
            explain=explain,
            budget=budget,
        )
        self._info: CompanyInfo | None = None
        self.without: frozenset[str] = frozenset()
        """Of `NEWER`, what this server refused to be asked for."""
        self._lock = asyncio.Lock()

    @property
    def requests(self) -> int:
        """Requests sent so far, look-ups included."""
        return self._finder.requests + self._session.requests

    @property
    def session(self) -> Session:
        """The session with the credentials."""
        return self._session

    async def close(self) -> None:
        """Ends both sessions."""
        await self._finder.close()
        await self._session.close()

    async def site(self) -> str:
        """The address for people: `https://na.myconnectwise.net/v2025_1/`."""
        return f"{self._site_origin}/{(await self.info()).codebase}"

    async def info(self) -> CompanyInfo:
        """The company's entry, looked up once. Raises `UnknownName` for an unknown company id."""
        if self._info is not None:
            return self._info
        async with self._lock:
            if self._info is None:
                self._info = await self._look_up()
            return self._info

    async def get(self, path: str, query: str = "", *, settled: bool = False) -> Answer:
        """Reads. `settled`: the address was just proven, so a 404 is no reason to look it up again."""
        return await self.send("GET", path, query=query, repeatable=True, settled=settled)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        json: Any = None,  # noqa: ANN401 - any JSON
        repeatable: bool = False,
        settled: bool = False,
    ) -> Answer:
        """One request below `/apis/3.0`; a 404 because the Codebase changed is tried once at the new one."""
        from connectors.http import WebPage

        info = await self.info()
        try:
            return await self._once(info, method, path, query, json, repeatable)
        except (NotThere, WebPage) as error:
            if isinstance(error, WebPage) and error.status != 404:
                raise
            if settled and isinstance(error, NotThere):
                raise
            changed = await self._refetch(info)
            if changed is None:
                raise _explained(error, path) from None
        except ConnectorError as error:
            raise _explained(error, path) from None
        try:
            return await self._once(changed, method, path, query, json, repeatable)
        except ConnectorError as error:
            raise _explained(error, path) from None

    async def count(self, path: str, conditions: str = "") -> int:
        """The PSA's own count."""
        answer = await self.get(f"{path}/count", query_of(conditions=conditions))
        return answer.decode(_Count).count

    async def pages(
        self, path: str, shape: type[msgspec.Struct], strict: frozenset[str], conditions: str = ""
    ) -> AsyncIterator[RowPage]:
        """All rows, in pages by key (`id > last`): nothing is skipped when rows move while we read.

        Ends after a short page, unless its `Link` names a next one or it has the server's default length.
        At least one page, maybe empty. Raises `Unreadable` when the server does not keep to the order.
        """
        last: int | None = None
        while True:
            wanted = conditions
            if last is not None:
                wanted = f"({conditions}) and id>{last}" if conditions else f"id>{last}"
            answer = await self._list(path, shape, wanted)
            rows = read_rows(answer, shape, strict)
            ids = [row.id for row in rows if row.id is not None]
            if not all(map(lt, [last or 0, *ids], ids)):
                raise Unreadable(
                    f"{answer.where}: the rows are not in the order that was asked for (by id)",
                    hint="Without it nothing says that the list is complete; report the PSA's version.",
                )
            yield RowPage(rows, answer.began_at)
            more = 'rel="next"' in answer.headers.get("link", "")
            if not rows or (len(rows) not in (PAGE_SIZE, DEFAULT_PAGE) and not more):
                return
            if not ids:
                raise Unreadable(
                    f"{answer.where}: no row of a whole page has an id that can be read",
                    hint="The list cannot be followed further; nothing of it is taken as complete.",
                )
            last = ids[-1]

    # ------------------------------------------------------------ inside

    async def asked(self, shape: type[msgspec.Struct], ask: Callable[[str], Awaitable[Answer]]) -> Answer:
        """`ask` with the value of `fields=` for `shape`. What a server does with a name that it does not know is not
        established: one that refuses it is asked again without, once."""
        try:
            return await ask(fields_of(shape, self.without))
        except Rejected as error:
            if self.without or not any(name in f"{error.field} {error}" for name in NEWER):
                raise
        self.without = NEWER
        return await ask(fields_of(shape, self.without))

    async def _list(self, path: str, shape: type[msgspec.Struct], conditions: str) -> Answer:
        return await self.asked(shape, lambda fields: self._list_of(path, fields, conditions))

    async def _list_of(self, path: str, fields: str, conditions: str) -> Answer:
        more = {"fields": fields, "orderBy": "id asc", "pageSize": str(PAGE_SIZE)}
        query = query_of(conditions=conditions, **more)
        if path == "/service/tickets" and len(self._session.base + path + query) + 40 > LONGEST_URL:
            body = {"conditions": conditions}
            return await self.send(
                "POST", f"{path}/search", query=query_of(**more), json=body, repeatable=True
            )
        return await self.get(path, query)

    async def _once(
        self, info: CompanyInfo, method: str, path: str, query: str, json: object, repeatable: bool
    ) -> Answer:
        where = f"/{info.codebase}apis/3.0{path}" + (f"?{query}" if query else "")
        accept = {"Accept": f"application/vnd.connectwise.com+json; version={pinned(info.version)}"}
        return await self._session.send(method, where, json=json, headers=accept, repeatable=repeatable)

    async def _refetch(self, old: CompanyInfo) -> CompanyInfo | None:
        """The company's entry if its Codebase has changed."""
        async with self._lock:
            if self._info is not None and self._info.codebase != old.codebase:
                return self._info
            new = await self._look_up()
            self._info = new
            return new if new.codebase != old.codebase else None

    async def _look_up(self) -> CompanyInfo:
        try:
            answer = await self._finder.get(f"/login/companyinfo/{quote(self._company, safe='')}")
        except NotThere as error:
            error.hint = "Check `url`: it is the address of the PSA's login page, without a path."
            raise
        found = answer.decode(CompanyInfo | None)  # type: ignore[arg-type]  # a union is no class to mypy
        if found is None:
            raise UnknownName(
                f"{self._site_origin} does not know the company “{self._company}”",
                hint="Check `company`: it is the company id that one types at the PSA's login.",
            )
        codebase = found.codebase.rstrip("/") + "/"
        if not re.fullmatch(r"[A-Za-z0-9._-]+/", codebase):
            raise Unreadable(f"{answer.where}: “{codebase}” is no Codebase", hint="Check `url`.")
        return CompanyInfo(codebase=codebase, version=found.version)


# ---------------------------------------------------------------- addresses


def hosts(origin: str) -> tuple[str, str]:
    """(address for people and look-ups, address of the API).

    On the vendor's clouds the API is at `api-` + host; an on-premise host is its own.
    """
    scheme, _, host = origin.partition("://")
    name = (urlsplit(origin).hostname or "").removeprefix("api-")
    if name.endswith((".myconnectwise.net", ".connectwisedev.com")):
        plain = host.removeprefix("api-")
        return f"{scheme}://{plain}", f"{scheme}://api-{plain}"
    return origin, origin


def pinned(version: str | None) -> str:
    """The API version to ask for: ours, or the server's where that is older or over a year newer.

    A version lives twelve months after it is superseded; an older server does not know ours.
    """
    match = re.search(r"(\d{4})[._](\d+)", version or "")
    theirs = (int(match[1]), int(match[2])) if match else API_VERSION
    ours = API_VERSION if theirs >= API_VERSION and theirs[0] - API_VERSION[0] <= 1 else theirs
    return f"{ours[0]}.{ours[1]}"


def query_of(**parts: str) -> str:
    """A query string; empty parts are left out. Kept short and with `%20` for a space."""
    return "&".join(f"{name}={quote(value, safe=',/():=<>*')}" for name, value in parts.items() if value)


# ---------------------------------------------------------------- conditions


def quoted(text: str) -> str:
    """A string for `conditions`; a literal `[` becomes `[[]`. How a `"` is escaped is not established."""
    if '"' in text or "\\" in text:
        raise UnknownName(f"“{text}” cannot be asked for at ConnectWise: it holds a quote or a backslash")
    return f'"{text.replace("[", "[[]")}"'


def moment(when: int, form: DateForm) -> str:
    """A date for `conditions`. `date-only` is the day before, so that no zone makes it too late."""
    stamp = datetime.fromtimestamp(when, UTC)
    if form == "date-only":
        return f"[{stamp - timedelta(days=1):%Y-%m-%d}]"
    return f"[{stamp:%Y-%m-%dT%H:%M:%S}{'Z' if form == 'utc-z' else ''}]"


def one_of(field: str, ids: Sequence[str]) -> str:
    """`field in (1,2,3)`; the ids are digits."""
    return f"{field} in ({','.join(ids)})"


def batches(ids: Sequence[str]) -> list[list[str]]:
    """The ids in lists short enough for one request."""
    return [list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]


def numbers(ids: Sequence[str]) -> list[str]:
    """Those that can be ConnectWise ids at all, each once, in order."""
    return [one for one in dict.fromkeys(ids) if one.isascii() and one.isdigit() and len(one) < 16]


# ---------------------------------------------------------------- refusals


def right_for(path: str) -> str:
    """The right that reading `path` needs."""
    return next((right for start, right in _RIGHTS if path.startswith(start)), "the right to inquire")


def _explained(error: ConnectorError, path: str) -> ConnectorError:
    """The same error with ConnectWise's own hint."""
    words = str(error)
    if isinstance(error, Unauthorized):
        error.hint = (
            "Check `company`, `public_key` and the private key; keys of an inactive member do not work."
        )
    elif isinstance(error, Forbidden) and "SSL is required" in words:
        error.hint = "Check `url`: on ConnectWise's cloud it is the address of the login page."
    elif isinstance(error, Forbidden):
        error.hint = (
            f"Give the member's security role “{right_for(path)}”, or check `client_id`"
            " (a call without a valid one is refused too)."
        )
    elif isinstance(error, NotThere) and not re.search(r"/\d+(/|$)", path):
        # On ConnectWise's cloud wrong keys are answered like this.
        return Unauthorized(
            words,
            hint="ConnectWise's cloud says this for wrong keys too: check `company`, the keys and `url`.",
        )
    return error
