"""HaloPSA's REST API: requests with a token, lists and their pages, what its refusals mean. No records here.

A list comes bare or wrapped, depending on its path (seen in maintained clients). Paging is by number; windows are
made to overlap, so that rows that leave the list while it is read cannot hide others.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connectors.contract import ConnectorError, Forbidden, NotThere, Unauthorized, Unreadable
from connectors.origin import origin_of
from connectors.rows import Row, read_row

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Answer

PAGE_SIZE = 100
"""The largest that the vendor's API documentation allows."""
MOST_STEPS_BACK = 20

Query = Mapping[str, str]


class RowPage(NamedTuple):
    """New rows of one page, our clock when its request was begun, and how many rows the server counts."""

    rows: list[Row]
    began_at: int
    total: int


class _Wrapped(msgspec.Struct, frozen=True):
    record_count: int = 0


class _Refusal(msgspec.Struct, frozen=True):
    error_message: str | None = msgspec.field(default=None, name="errorMessage")
    message: str | None = msgspec.field(default=None, name="Message")
    error: str | None = None
    error_description: str | None = None
    warning: str | None = msgspec.field(default=None, name="_warning")


def explain(status: int, body: bytes) -> tuple[str, str | None]:
    """Halo's own words from an error body: one of four shapes, or plain text (seen in maintained clients)."""
    try:
        said = msgspec.json.decode(body, type=_Refusal | str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    if isinstance(said, str):
        return said, None
    words = (said.error_message, said.message, said.error, said.error_description, said.warning)
    return ": ".join(dict.fromkeys(word for word in words if word)), None


class Api:
    """Requests of one API application to one instance."""

    def __init__(
        self,
        url: str,
        client: tuple[str, str],
        *,
        tenant: str = "",
        auth_url: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
        concurrency: int = 4,
    ) -> None:
        from connectors.bearer import BearerSession  # the HTTP client: not for `list`
        from connectors.halopsa.auth import Tokens

        self.site = origin_of(url)
        """The address for people."""
        self.session = BearerSession(
            f"{self.site}/api",
            secrets=(client[1],),
            transport=transport,
            concurrency=concurrency,
            explain=explain,
            budget=budget,
        )
        self._tokens = Tokens(
            url, client, tenant, auth_url, explain=explain, transport=transport, budget=budget
        )

    @property
    def requests(self) -> int:
        """Requests sent so far, those for tokens included."""
        return self._tokens.requests + self.session.requests

    async def close(self) -> None:
        """Ends the sessions."""
        await self._tokens.close()
        await self.session.close()

    async def get(self, path: str, query: Query | None = None) -> Answer:
        """Reads."""
        return await self._send("GET", path, query, None)

    async def post(self, path: str, rows: list[dict[str, Any]]) -> Answer:
        """Writes a list of objects, once. An object without an id makes a new record: callers see to it."""
        return await self._send("POST", path, None, rows)

    async def listed(self, path: str, name: str, query: Query | None = None) -> list[msgspec.Raw]:
        """All rows of a list that is not paged, bare or under `name`."""
        answer = await self.get(path, query)
        rows, count = _rows(answer, name)
        if count > len(rows):
            raise Unreadable(
                f"{answer.where}: {count} rows are counted and {len(rows)} came",
                hint="Nothing of it is taken as complete; report the PSA's version.",
            )
        return rows

    async def pages(
        self, path: str, name: str, shape: type[msgspec.Struct], strict: frozenset[str], query: Query
    ) -> AsyncIterator[RowPage]:
        """All rows in the order of their ids, complete although rows come and go meanwhile.

        Each window begins at or before the last row of the one before; as the order is by id, nothing in
        between can then be missing. Where rows have left so many places that a window begins behind it, it is
        read again from further ahead. At least one page. Raises `Unreadable` when the order is not kept.
        """
        covered, last, back = 0, 0, 0
        while True:
            number, size = _window(covered)
            paging = {"pageinate": "true", "page_size": str(size), "page_no": str(number), "order": "id"}
            answer = await self.get(path, {**query, **paging})
            raws, count = _rows(answer, name)
            rows = [read_row(raw, shape, strict) for raw in raws]
            ids = [row.id for row in rows if row.id is not None]
            if any(later <= earlier for earlier, later in itertools.pairwise(ids)):
                raise Unreadable(
                    f"{answer.where}: the rows are not in the order that was asked for (by id)",
                    hint="Without it nothing says that the list is complete; report the PSA's version.",
                )
            if rows and not ids:
                raise Unreadable(f"{answer.where}: no row of a whole page has an id that can be read")
            if number > 1 and (not ids or ids[0] > last):
                back += 1
                if back > MOST_STEPS_BACK:
                    raise Unreadable(
                        f"{answer.where}: the list changes faster than it can be read",
                        hint="It is tried again; a narrower `scope` helps.",
                    )
                covered = max(0, covered - 10 * back) if ids and covered > PAGE_SIZE else 0
                continue
            new = [row for row in rows if row.id is None or row.id > last]
            last, covered = max([last, *ids]), (number - 1) * size + len(rows)
            yield RowPage(new, answer.began_at, count)
            if covered >= count:
                return
            if len(rows) < size:
                raise Unreadable(
                    f"{answer.where}: {count} rows are counted and the list ends after {covered}",
                    hint="Nothing of it is taken as complete; report the PSA's version.",
                )

    async def _send(self, method: str, path: str, query: Query | None, json: object) -> Answer:
        token = await self._tokens.current()
        try:
            return await self._once(method, path, query, json, token)
        except Unauthorized:
            # A 401 was not carried out: once more with a new token, a POST too.
            token = await self._tokens.current(refused=token)
        except ConnectorError as error:
            raise _explained(error, path) from None
        try:
            return await self._once(method, path, query, json, token)
        except ConnectorError as error:
            raise _explained(error, path) from None

    async def _once(self, method: str, path: str, query: Query | None, json: object, token: str) -> Answer:
        self.session.token = token
        return await self.session.send(
            method,
            path,
            json=json,
            params=query,
            headers={"Authorization": f"Bearer {token}"},
            repeatable=method == "GET",
        )


def _rows(answer: Answer, name: str) -> tuple[list[msgspec.Raw], int]:
    """The rows and the server's count of them."""
    if answer.body.lstrip()[:1] == b"[":
        rows = answer.decode(list[msgspec.Raw])
        return rows, len(rows)
    shape = msgspec.defstruct("Wrapped", [(name, list[msgspec.Raw])], bases=(_Wrapped,), kw_only=True)
    found = answer.decode(shape)
    rows = getattr(found, name)
    return rows, max(getattr(found, "record_count", 0), 0)


def _window(covered: int) -> tuple[int, int]:
    """(page number, page size) of the window that reaches furthest and begins with a row already read."""
    if covered == 0:
        return 1, PAGE_SIZE
    sizes = range((PAGE_SIZE + 1) // 2, PAGE_SIZE + 1)
    size = max(sizes, key=lambda one: ((covered - 1) // one + 1) * one)
    return (covered - 1) // size + 1, size


def numbers(ids: list[str] | tuple[str, ...]) -> list[str]:
    """Those that can be Halo's ids at all, each once, in order."""
    return [one for one in dict.fromkeys(ids) if one.isascii() and one.isdigit() and len(one) < 16]


def _explained(error: ConnectorError, path: str) -> ConnectorError:
    """The same error with Halo's own hint."""
    if isinstance(error, Unauthorized):
        error.hint = (
            "Halo gave out a token and then refused it: check the API application's agent and permissions."
        )
    elif isinstance(error, Forbidden):
        area = path.strip("/").split("/", 1)[0]
        error.hint = f"Give the API application, and the agent it acts as, the permission to read “{area}”."
    elif isinstance(error, NotThere) and path.strip("/").count("/") == 0:
        error.hint = "Check `url`: it is the address at which one logs in, without a path."
    return error
