"""Syncro's REST API: where it is, how it pages, what its refusals mean. No records here.

Pages are numbered, their size is not fixed (25 by the vendor's documentation, 50 seen by a maintained client) and
the order of rows is not documented: a list of several pages is read again until it agrees with itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connectors.contract import Forbidden, Unauthorized, Unreadable
from connectors.origin import origin_of
from connectors.rows import Row, read_row
from connectors.syncro.wire import Meta, explain

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Answer, Session

PASSES = 5
"""So many times a list of several pages is read before it counts as changing all the time."""
MOST_PAGES = 2000


class RowPage(NamedTuple):
    """Rows of one page that were not seen before in this form, and our clock when its request was begun."""

    rows: list[Row]
    began_at: int


class Api:
    """Requests to one shop's API."""

    def __init__(
        self,
        url: str,
        token: str,
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
            {"Authorization": f"Bearer {token}"},
            secrets=(token,),
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
        """One request. A 401 that speaks of permissions is a missing right, not a wrong token."""
        try:
            return await self.session.send(method, path, json=json, params=params, repeatable=repeatable)
        except Unauthorized as error:
            if "permission" not in str(error).casefold():
                error.hint = "Check the token (Admin > API Tokens in Syncro) and `url`."
                raise
            raise Forbidden(
                str(error), hint="Syncro: Admin > API Tokens shows what the token may; its user's group, too."
            ) from None

    async def pages(
        self,
        path: str,
        key: str,
        shape: type[msgspec.Struct],
        strict: frozenset[str],
        params: Mapping[str, str] | None = None,
    ) -> AsyncIterator[RowPage]:
        """All rows of a list, whatever moves meanwhile: rows that come, go or change places between two pages
        push others over the border. A list of several pages is therefore read again until a pass brings no id
        that was not there before; later passes give what is new or changed. At least one page, maybe empty.

        Where a list says nothing about its pages, it ends with one that brings nothing new. Raises `Unreadable`
        for one that never settles.
        """
        seen: dict[object, bytes] = {}
        for turn in range(PASSES):
            new = 0
            page = 0
            while True:
                page += 1
                rows, raws, began_at, total = await self._page(path, key, shape, strict, params, page)
                fresh = []
                found_new = 0
                for place, (row, raw) in enumerate(zip(rows, raws, strict=True)):
                    name: object = row.id if row.id is not None else (turn, page, place)
                    if row.id is None and turn:
                        continue  # told in the first pass
                    found_new += name not in seen
                    if seen.get(name) != raw:
                        fresh.append(row)
                    seen[name] = raw
                new += found_new
                if fresh or (page == 1 and not turn):
                    yield RowPage(fresh, began_at)
                if (page >= total) if total is not None else not found_new:
                    break
                if page >= MOST_PAGES:
                    raise Unreadable(f"GET {path}: more than {MOST_PAGES} pages")
            if total is None or (total <= 1 and page == 1) or (turn and not new):
                return
        raise Unreadable(
            f"GET {path}: the list changes faster than it can be read",
            hint="Nothing of it is taken as complete; the next round tries again.",
        )

    async def _page(
        self,
        path: str,
        key: str,
        shape: type[msgspec.Struct],
        strict: frozenset[str],
        params: Mapping[str, str] | None,
        page: int,
    ) -> tuple[list[Row], list[bytes], int, int | None]:
        answer = await self.get(path, {**(params or {}), "page": str(page)})
        whole = answer.decode(dict[str, msgspec.Raw])
        if key not in whole:
            raise Unreadable(f"{answer.where}: the answer has no `{key}`", hint="Check `url`.")
        try:
            raws = msgspec.json.decode(whole[key], type=list[msgspec.Raw])
            meta = msgspec.json.decode(whole["meta"], type=Meta) if "meta" in whole else Meta()
        except msgspec.ValidationError as error:
            raise Unreadable(f"{answer.where}: the list has another shape than expected: {error}") from None
        rows = [read_row(raw, shape, strict) for raw in raws]
        return rows, [bytes(raw) for raw in raws], answer.began_at, meta.total_pages


async def rows_of(
    api: Api, path: str, key: str, shape: type[msgspec.Struct], params: Mapping[str, str] | None = None
) -> list[Any]:
    """All rows of a setup list. One that cannot be read is an error: a picker must not be silently short."""
    every = frozenset(field.encode_name for field in msgspec.structs.fields(shape) if field.required)
    found: dict[int, Any] = {}
    async for page in api.pages(path, key, shape, every, params):
        for row in page.rows:
            if row.value is None:
                where, problem = row.problems[0]
                raise Unreadable(f"GET {path}: entry {row.id or '?'}: {where}: {problem}")
            found[row.value.id] = row.value
    return list(found.values())


async def allowed(api: Api, path: str) -> bool:
    """Whether a list may be read."""
    try:
        await api.get(path, {"page": "1"})
    except Forbidden:
        return False
    return True


def stamp(when: float) -> str:
    """UTC seconds as Syncro writes times."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ}"
