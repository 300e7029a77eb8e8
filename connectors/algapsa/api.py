"""AlgaPSA's REST API: where it is, how it pages, what its refusals mean. No records here.

Pages are numbered, at most 100 rows each (more is a 400), and rows come, go and change places while one reads. A list
of tickets is therefore read by a moment: each page begins at the last row's `entered_at` or `updated_at`, which the
server's filters take inclusively (read in its source), so that what leaves the list pushes nothing over a border.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from connectors.algapsa.wire import Pagination, explain, moment_in, stamp
from connectors.contract import Forbidden, Unauthorized, Unreadable
from connectors.origin import origin_of
from connectors.rows import Row, read_row

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Answer, Session

T = TypeVar("T")

PAGE_SIZE = 100
"""The most that the server gives."""
PASSES = 5
"""So many times a list of several pages is read before it counts as changing all the time."""
MOST_PAGES = 2000


class RowPage(NamedTuple):
    """Rows of one page that were not seen before in this form."""

    rows: list[Row]
    began_at: int
    """Our clock when its request was begun."""
    total: int
    """How many rows the server counts from where this page begins."""


class _Page(NamedTuple):
    rows: list[Row]
    raws: list[bytes]
    began_at: int
    total: int
    more: bool
    last: float | None
    """The newest moment on it by which it is sorted, UTC seconds."""


class Api:
    """Requests to one server with one key."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
        concurrency: int = 4,
    ) -> None:
        from connectors.http import Session  # httpx: not before the first paint

        self.site = origin_of(url)
        """The address for people."""
        self.session: Session = Session(
            f"{self.site}/api/v1",
            {"x-api-key": key},
            secrets=(key,),
            transport=transport,
            concurrency=concurrency,
            explain=explain,
            budget=budget,
        )

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Reads; tried again where that helps."""
        return await self.send("GET", path, params=params, repeatable=True)

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,  # noqa: ANN401 - any JSON
        params: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """One request. Raises a `ConnectorError`."""
        try:
            return await self.session.send(method, path, json=json, params=params, repeatable=repeatable)
        except Unauthorized as error:
            error.hint = "Check the API key (in AlgaPSA: your profile, API keys) and `url`."
            raise
        except Forbidden as error:
            error.hint = "The key has the rights of its user: his roles in AlgaPSA lack this one."
            raise

    async def data(self, path: str, shape: type[T], params: Mapping[str, str] | None = None) -> T:
        """What stands under `data` of an answer."""
        return self.unpacked(await self.get(path, params), shape)

    @staticmethod
    def unpacked(answer: Answer, shape: type[T]) -> T:
        """What stands under `data`, in both envelopes; raises `Unreadable`."""
        whole = answer.decode(dict[str, msgspec.Raw])
        if "data" not in whole:
            raise Unreadable(f"{answer.where}: the answer has no `data`", hint="Check `url`.")
        try:
            return msgspec.json.decode(whole["data"], type=shape)
        except msgspec.ValidationError as error:
            raise Unreadable(f"{answer.where}: the answer has another shape than expected: {error}") from None

    # ------------------------------------------------------------ lists of tickets

    async def walk(
        self,
        path: str,
        shape: type[msgspec.Struct],
        strict: frozenset[str],
        column: str,
        params: Mapping[str, str],
        since: float | None = None,
    ) -> AsyncIterator[RowPage]:
        """All rows from `since` (UTC seconds) on, by `column` (`entered_at` or `updated_at`); each in every form in
        which it was met. At least one page, maybe empty.

        Where a whole page has one moment (an import), the rest of that moment is paged by number, and read again
        until a pass brings no row that was not there before. Rows without an `updated_at` come last, in no order.
        Raises `Unreadable` for a list that never settles.
        """
        at, seen, pages = since, dict[object, bytes](), 0
        ask = {**params, "sort": column, "order": "asc"}
        while True:
            for turn in range(PASSES):
                number = new = 0
                while True:
                    number, pages = number + 1, pages + 1
                    page = await self._page(path, shape, strict, column, ask, at, number)
                    fresh = []
                    for place, (row, raw) in enumerate(zip(page.rows, page.raws, strict=True)):
                        if row.key is None and turn:
                            continue  # told in the first pass
                        name = row.key if row.key is not None else (pages, place)
                        new += name not in seen
                        if seen.get(name) != raw:
                            fresh.append(row)
                        seen[name] = raw
                    if fresh or pages == 1:
                        yield RowPage(fresh, page.began_at, page.total)
                    onward = page.last if page.last is not None and (at is None or page.last > at) else None
                    if not page.more or onward is not None:
                        break
                    if pages >= MOST_PAGES:
                        raise Unreadable(f"GET {path}: more than {MOST_PAGES} pages")
                if number == 1 or not new:
                    break
            else:
                raise _restless(path)
            if not page.more:
                return
            at = onward

    async def _page(
        self,
        path: str,
        shape: type[msgspec.Struct],
        strict: frozenset[str],
        column: str,
        params: Mapping[str, str],
        at: float | None,
        number: int,
    ) -> _Page:
        ask = {**params, "page": str(number), "limit": str(PAGE_SIZE)}
        if at is not None:
            ask[column.replace("_at", "_from")] = stamp(at)
        answer = await self.get(path, ask)
        raws, pagination = _listed(answer)
        rows = [read_row(raw, shape, strict) for raw in raws]
        moments = [moment_in(raw, column) for raw in raws]
        last = max((one for one in moments if one is not None), default=None)
        return _Page(
            rows, [bytes(raw) for raw in raws], answer.began_at, pagination.total, pagination.has_next, last
        )

    # ------------------------------------------------------------ other lists

    async def rows_of(
        self, path: str, shape: type[msgspec.Struct], params: Mapping[str, str] | None = None
    ) -> list[Any]:
        """All rows of a setup list, paged by number and held against the server's count. One that cannot be read is
        an error: a picker must not be silently short."""
        every = frozenset(field.encode_name for field in msgspec.structs.fields(shape) if field.required)
        for _ in range(PASSES):
            found: dict[object, Any] = {}
            number = 0
            while True:
                number += 1
                ask = {**(params or {}), "page": str(number), "limit": str(PAGE_SIZE)}
                raws, pagination = _listed(await self.get(path, ask))
                for row in (read_row(raw, shape, every) for raw in raws):
                    if row.value is None:
                        where, problem = row.problems[0]
                        raise Unreadable(f"GET {path}: entry {row.key or '?'}: {where}: {problem}")
                    found[row.key] = row.value
                if not pagination.has_next or not raws:
                    break
            if number == 1 or len(found) == pagination.total:
                return list(found.values())
        raise _restless(path)


def _listed(answer: Answer) -> tuple[list[msgspec.Raw], Pagination]:
    """Rows and paging. Without a word on paging it would not be known whether the list is whole."""
    raws = Api.unpacked(answer, list[msgspec.Raw])
    whole = answer.decode(dict[str, msgspec.Raw])
    if "pagination" not in whole:
        raise Unreadable(
            f"{answer.where}: the answer does not say whether there is more", hint="Check `url`."
        )
    try:
        return raws, msgspec.json.decode(whole["pagination"], type=Pagination)
    except msgspec.ValidationError as error:
        raise Unreadable(f"{answer.where}: the paging has another shape than expected: {error}") from None


def _restless(path: str) -> Unreadable:
    return Unreadable(
        f"GET {path}: the list changes faster than it can be read",
        hint="Nothing of it is taken as complete; the next round tries again.",
    )
