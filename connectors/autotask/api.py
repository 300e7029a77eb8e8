"""Autotask's REST API: which zone it is in, how it is queried and paged. No records here.

Each database lives in a zone, whose address anybody may ask for with the API user's name. Credentials go to
that address only, and only if it is one of the vendor's. Queries are POSTs (the GET form overflows); results
are sorted by id, so pages are asked for by "id greater than the last": nothing is skipped when rows move while
we read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from connectors import OptionsError
from connectors.autotask.session import AutotaskSession, explain
from connectors.autotask.wire import Wire, lowered, read_row
from connectors.budget import STALE, urgency
from connectors.contract import Forbidden, Rejected, Throttled, Unauthorized, Unreadable
from connectors.origin import is_loopback, origin_of
from connectors.rows import Row

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Answer

Filter = dict[str, Any]

PAGE_SIZE = 500
"""The largest that is given."""
BATCH = 400
"""Ids in one `in`: more than 500 conditions are refused (vendor), and the ids are not the only ones."""
FIRST = -1
"""Below every id: the shop's own company may have the id 0."""


class Zone(NamedTuple):
    """Where a database is."""

    name: str
    base: str
    """The API's address, `https://webservices14.autotask.net/ATServicesRest/v1.0`."""
    web: str
    """The address for people, with a slash at its end; empty: not known."""


class _ZoneRow(Wire, frozen=True, kw_only=True):
    url: str
    zone_name: str | None = None
    web_url: str | None = None


class RowPage(NamedTuple):
    """Rows of one page."""

    rows: list[Row]
    began_at: int
    """Our clock, UTC seconds, when its request was begun."""
    server_at: int | None
    """The same by the server's clock; `None` where the answer does not say."""


class Api:
    """Requests to one database."""

    def __init__(
        self,
        url: str,
        user: str,
        integration_code: str,
        secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
        concurrency: int = 3,
    ) -> None:
        self._origin = origin_of(url)
        host = urlsplit(self._origin).hostname or ""
        if not (is_vendor(self._origin) or is_loopback(host)):
            raise OptionsError("url", "the vendor's address, https://webservices.autotask.net")
        self._user = user
        self._headers = {"ApiIntegrationCode": integration_code, "UserName": user, "Secret": secret}
        self._secret = secret
        self._transport, self._budget, self._concurrency = transport, budget, concurrency
        self._finder = AutotaskSession(
            self._origin, explain=explain, transport=transport, budget=budget, retry_for=10.0
        )
        self._session: AutotaskSession | None = None
        self._zone: Zone | None = None
        self._lock = asyncio.Lock()
        self._former: list[AutotaskSession] = []
        """Sessions with zones in which the database was before."""
        self._one_by_one: dict[tuple[str, bool], asyncio.Lock] = {}

    @property
    def requests(self) -> int:
        """Requests sent so far, look-ups included."""
        here = () if self._session is None else (self._session,)
        return sum(session.requests for session in (self._finder, *self._former, *here))

    @property
    def clock_ahead(self) -> float:
        """Seconds by which the server's clock is ahead of ours."""
        return 0.0 if self._session is None else self._session.clock_ahead

    async def close(self) -> None:
        """Ends all sessions."""
        here = () if self._session is None else (self._session,)
        for session in (self._finder, *self._former, *here):
            await session.close()

    async def zone(self) -> Zone:
        """The database's zone, looked up once. Raises `Unauthorized` for an unknown user."""
        async with self._lock:
            if self._zone is None:
                self._zone = await self._look_up()
            return self._zone

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,  # noqa: ANN401 - any JSON
        headers: dict[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """One request below `/v1.0`. A 401 may mean that the database has moved: the zone is looked up again, and it is
        tried once more if it is another one (a 401 has done nothing)."""
        zone = await self.zone()
        write = method != "GET" and not repeatable
        async with self._place(path, write):
            try:
                return await self._to(zone).send(
                    method, path, json=json, headers=headers, repeatable=repeatable
                )
            except Unauthorized as error:
                async with self._lock:
                    moved = await self._look_up()
                    self._zone = moved
                if moved.base == zone.base:
                    error.hint = (
                        "Check `username`, `integration_code` and the secret; the API user may be locked."
                    )
                    raise
            return await self._to(moved).send(method, path, json=json, headers=headers, repeatable=repeatable)

    async def get(self, path: str) -> dict[str, Any]:
        """Reads one object; its names in lower case."""
        answer = await self.send("GET", path, repeatable=True)
        return lowered(answer.decode(dict[str, Any]))

    async def count(self, entity: str, *wanted: Filter) -> int:
        """The PSA's own count."""
        body = {"Filter": list(wanted) or [after(FIRST)]}
        answer = await self.send("POST", f"{entity}/query/count", json=body, repeatable=True)
        found = lowered(answer.decode(dict[str, Any])).get("querycount")
        if not isinstance(found, int):
            raise Unreadable(f"{answer.where}: there is no count in the answer")
        return found

    async def pages(
        self,
        entity: str,
        shape: type[msgspec.Struct],
        *wanted: Filter,
        strict: frozenset[str] | None = None,
        only: Sequence[str] = (),
    ) -> AsyncIterator[RowPage]:
        """All rows, in pages by id; at least one, maybe empty. `only`: the fields to be sent, `id` among them.

        Ends where the answer names no next page; where it says nothing of pages, after a short one. Raises
        `Unreadable` when the server does not keep to the order or its list cannot be followed.
        """
        last = FIRST
        while True:
            body: dict[str, Any] = {"MaxRecords": PAGE_SIZE, "Filter": [*wanted, after(last)]}
            if only:
                body["IncludeFields"] = list(only)
            answer = await self.send("POST", f"{entity}/query", json=body, repeatable=True)
            found = lowered(answer.decode(dict[str, Any]))
            items, details = found.get("items"), found.get("pagedetails")
            if not isinstance(items, list):
                raise Unreadable(f"{answer.where}: there is no list of items in the answer")
            rows = [read_row(item, shape, strict) for item in items]
            ids = [row.id for row in rows if row.id is not None]
            if any(later <= earlier for earlier, later in zip([last, *ids], ids, strict=False)):
                raise Unreadable(
                    f"{answer.where}: the rows are not in the order of their ids",
                    hint="Without it nothing says that the list is complete; report it with the zone's name.",
                )
            said = "date" in answer.headers
            yield RowPage(rows, answer.began_at, int(answer.began_at + self.clock_ahead) if said else None)
            if isinstance(details, dict) and "nextpageurl" in (paging := lowered(details)):
                more = paging["nextpageurl"] is not None
            else:
                more = len(rows) >= PAGE_SIZE
            if not more:
                return
            if not ids:
                raise Unreadable(
                    f"{answer.where}: no row of a page has an id that can be read",
                    hint="The list cannot be followed further; nothing of it is taken as complete.",
                )
            last = ids[-1]

    async def rows(self, entity: str, shape: type[msgspec.Struct], *wanted: Filter) -> list[Any]:
        """All rows of a list. One that cannot be read is an error: such a list must not be silently short."""
        found = []
        async for page in self.pages(entity, shape, *wanted):
            for row in page.rows:
                if row.value is None:
                    where, problem = row.problems[0]
                    raise Unreadable(f"{entity}: entry {row.id or '?'}: {where}: {problem}")
                found.append(row.value)
        return found

    async def rows_in(
        self, entity: str, shape: type[msgspec.Struct], field: str, ids: Sequence[int], *wanted: Filter
    ) -> list[Any]:
        """All rows whose `field` is one of `ids`; a request for each 400."""
        return [
            row
            for batch in batches(ids)
            for row in await self.rows(entity, shape, one_of(field, batch), *wanted)
        ]

    # ------------------------------------------------------------ inside

    def _to(self, zone: Zone) -> AutotaskSession:
        """The session with the credentials; another zone has another one."""
        if self._session is None or self._session.base != zone.base:
            if self._session is not None:
                self._former.append(self._session)
            self._session = AutotaskSession(
                zone.base,
                self._headers,
                secrets=(self._secret,),
                transport=self._transport,
                concurrency=self._concurrency,
                explain=explain,
                budget=self._budget,
            )
        return self._session

    @asynccontextmanager
    async def _place(self, path: str, write: bool) -> AsyncIterator[None]:
        """Three requests at a time are let in for each entity and tracking id, and one that was given up holds its
        place for minutes: this process uses one for its rounds and one for a person's work."""
        name = path.partition("/")[0].partition("?")[0]
        lock = self._one_by_one.setdefault((name, write or urgency().personal), asyncio.Lock())
        try:
            async with asyncio.timeout(STALE if write else None):
                await lock.acquire()
        except TimeoutError:
            raise Throttled(f"{name}: no place was free in time", retry_after=1.0) from None
        try:
            yield
        finally:
            lock.release()

    async def _look_up(self) -> Zone:
        path = f"/atservicesrest/v1.0/zoneInformation?user={quote(self._user, safe='')}"
        try:
            answer = await self._finder.get(path)
        except (Rejected, Forbidden) as error:  # a 500, for a user that is not known
            raise Unauthorized(
                str(error), hint="Check `username`: Autotask does not know in which zone that API user is."
            ) from None
        row = read_row(answer.decode(dict[str, Any]), _ZoneRow)
        if row.value is None:
            raise Unreadable(f"{answer.where}: no zone's address in the answer", hint="Check `url`.")
        return Zone(
            row.value.zone_name or "?",
            self._trusted(row.value.url, answer.where),
            self._web(row.value.web_url),
        )

    def _trusted(self, url: str, where: str) -> str:
        """The API's address, if credentials may go there."""
        try:
            origin = origin_of(url)
        except OptionsError:
            origin = ""
        if not origin or not (is_vendor(origin) or origin == self._origin):
            raise Unreadable(
                f"{where}: the zone's address “{url[:80]}” is not one of the vendor's",
                hint="Credentials are not sent there. Check `url`, and whether a proxy answers in its place.",
            )
        path = re.sub(r"/{2,}", "/", urlsplit(url).path).rstrip("/")
        return f"{origin}{path}/v1.0"

    def _web(self, url: str | None) -> str:
        """For links only; what is not the vendor's is left out."""
        try:
            origin = origin_of(url or "")
        except OptionsError:
            return ""
        host = urlsplit(origin).hostname or ""
        return f"{origin}/" if host.endswith(".autotask.net") or origin == self._origin else ""


def is_vendor(origin: str) -> bool:
    """Whether it is an address of Autotask's web services."""
    return re.fullmatch(r"https://webservices\d*\.autotask\.net", origin) is not None


# ---------------------------------------------------------------- filters


def where(op: str, field: str, value: object) -> Filter:
    """One condition."""
    return {"op": op, "field": field, "value": value}


def after(last: int) -> Filter:
    """Rows behind that id."""
    return where("gt", "id", last)


def one_of(field: str, ids: Sequence[int]) -> Filter:
    """The field is one of the ids."""
    return where("in", field, list(ids))


def any_of(*items: Filter) -> Filter:
    """One of the conditions holds."""
    return {"op": "or", "items": list(items)}


def batches(ids: Sequence[int]) -> list[list[int]]:
    """The ids in lists short enough for one request."""
    return [list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]


def numbers(ids: Sequence[str]) -> list[int]:
    """Those that can be Autotask's ids at all, each once, in order."""
    return [int(one) for one in dict.fromkeys(ids) if one.isascii() and one.isdigit() and len(one) < 16]
