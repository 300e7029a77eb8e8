"""Tickets of Request Tracker: the stream, the ids, and single ones with what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from connectors.contract import (
    Fetched,
    Forbidden,
    IdList,
    NotThere,
    NotVisible,
    Odd,
    Page,
    Resolved,
    TicketRecord,
    Tombstone,
    Unreadable,
)
from connectors.rt.query import CLOSED, OPEN, both, of_ids, of_scope
from connectors.rt.reads import Reads, Rows, odd, row_id
from connectors.rt.wire import FIELDS, Ticket, lenient_seconds, to_ticket
from connectors.text import clean

_OVERLAP = 30
"""Seconds by which a cursor lies before the newest change seen: a change is dated when its request begins,
and seen when that ends."""
_CLOCKS = 120
"""Seconds by which the clock of RT's web server and the one that dates changes may differ."""
_WITH_VERSION = 5
"""Up to so many ids are fetched one by one, which gives their conflict token; more are searched for."""


class Tickets:
    """Reads tickets. `fields` maps canonical fields to custom fields, `url` is RT's address for people."""

    def __init__(self, reads: Reads, fields: Mapping[str, str], url: str) -> None:
        self._reads = reads
        self._fields = fields
        self._url = url

    async def stream(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets as the contract says; cost: 2 + one per 100 tickets, with `since` one per 100.

        A cursor is a UTC time. The last page has the new one.
        """
        import asyncio  # here: `list` and `check --offline` load this module for its options alone

        zone = await self._reads.zone()
        if since is None:
            of = of_scope(scope)
            closed = both(of, CLOSED, f"LastUpdated >= '{zone.text(closed_after)}'")
            searches: list[tuple[str, bool | None]] = [(both(of, OPEN), False), (closed, True)]
        else:
            searches = [(f"LastUpdated > '{zone.text(_moment(since))}'", None)]
        firsts = await asyncio.gather(*(self._reads.page(query, FIELDS) for query, _ in searches))
        expected = sum(rows.total for rows in firsts)
        began = min(rows.began_at for rows in firsts)
        newest = 0
        for (query, known), first in zip(searches, firsts, strict=True):
            async for rows in self._reads.search(query, FIELDS, first):
                page = await self._page(rows, expected, known)
                newest = max(newest, *(ticket.updated_at or 0 for ticket in page.tickets), 0)
                yield page
        server = int(began + self._reads.session.clock_ahead)
        # In a full pull all that lies before its beginning has been read, or is outside the scope.
        changed = server - _CLOCKS if since is None else min(newest, server) - _OVERLAP
        reached = changed if since is None else max(changed, _moment(since))
        stamp = datetime.fromtimestamp(reached, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield Page((), cursor=stamp, read_at=began, expected=expected)

    async def ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and RT's own count of them; one request per 100."""
        found: set[str] = set()
        count = None
        async for rows in self._reads.search(both(of_scope(scope), OPEN)):
            count = rows.total if count is None else count
            for place, item in enumerate(rows.items, 1):
                ticket_id = row_id(item)
                if ticket_id is None:
                    raise Unreadable(f"GET /tickets: row {place} has no id")
                found.add(str(ticket_id))
        return IdList(frozenset(found), count or 0)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Those tickets. Up to 5 come with their conflict token (two requests for one ticket); of more, those
        that a search finds come without, and only the others are asked for one by one: RT's searches find
        neither deleted nor merged tickets."""
        import asyncio  # here: `list` and `check --offline` load this module for its options alone

        hidden = [NotVisible(one) for one in dict.fromkeys(ids) if not one.isdecimal()]  # no id of RT's
        ids = [one for one in dict.fromkeys(ids) if one.isdecimal()]
        alive: dict[str, str | None] = {}
        gone: list[Tombstone] = []
        tickets: dict[str, TicketRecord] = {}
        odds: list[Odd] = []
        began: list[int] = []
        if len(ids) > _WITH_VERSION:
            began.append(await self._find(dict.fromkeys(ids), tickets, odds))
        known = set(tickets) | {wrong.ticket_id for wrong in odds}
        asked = [one for one in ids if one not in known]
        for one, answer in zip(asked, await asyncio.gather(*map(self._one, asked)), strict=True):
            if isinstance(answer, Tombstone):
                gone.append(answer)
            elif isinstance(answer, NotVisible):
                hidden.append(answer)
            else:
                alive[one] = answer[0]
                began.append(answer[1])
        if alive:
            began.append(await self._find(alive, tickets, odds))
        settled = set(tickets) | {wrong.ticket_id for wrong in odds}
        hidden += [NotVisible(one) for one in alive if one not in settled]  # left between the two requests
        return Fetched(
            tuple(tickets[one] for one in ids if one in tickets),
            tuple(gone),
            tuple(hidden),
            tuple(odds),
            min(began, default=int(datetime.now(UTC).timestamp())),
        )

    async def one(self, ticket_id: str) -> TicketRecord:
        """The ticket after a write; raises `Unreadable` when it cannot be read back."""
        found = await self.fetch([ticket_id])
        if not found.tickets:
            raise Unreadable(f"GET /ticket/{ticket_id}: the ticket cannot be read back after the change")
        return found.tickets[0]

    # ------------------------------------------------------------ inside

    async def _page(self, rows: Rows, expected: int | None, closed: bool | None) -> Page:
        """A page's records; `closed` is what the search itself says of all of them."""
        tickets, odds = [], []
        for place, item in enumerate(rows.items, 1):
            try:
                wire = msgspec.json.decode(item, type=Ticket)
                if closed is not None:
                    self._reads.closed[wire.role] = closed
                shut = await self._reads.is_closed(wire) if closed is None else closed
                tickets.append(to_ticket(wire, self._fields, self._url, closed=shut))
            except (msgspec.ValidationError, ValueError) as error:
                odds.append(odd("tickets", item, f"page read at {rows.began_at}, row {place}", error))
        return Page(tuple(tickets), tuple(odds), read_at=rows.began_at, expected=expected)

    async def _one(self, ticket_id: str) -> Tombstone | NotVisible | tuple[str | None, int]:
        """What became of an id: gone, not visible, or its conflict token and when that was read."""
        try:
            answer = await self._reads.session.get(f"ticket/{int(ticket_id)}")
        except (NotThere, Forbidden):
            return NotVisible(ticket_id)
        head = answer.decode(_Head)
        if str(head.id) != ticket_id:
            return Tombstone(ticket_id, "merged", str(head.id))
        if head.status == "deleted":
            return Tombstone(ticket_id, "deleted")
        return answer.headers.get("etag"), answer.began_at

    async def _find(
        self, ids: Mapping[str, str | None], tickets: dict[str, TicketRecord], odds: list[Odd]
    ) -> int:
        """Searches for those ids, 50 at a time, and adds what is found; when that began."""
        began = []
        wanted = list(ids)
        for start in range(0, len(wanted), 50):
            async for rows in self._reads.search(of_ids(wanted[start : start + 50]), FIELDS):
                began.append(rows.began_at)
                page = await self._page(rows, None, None)
                odds += page.odd
                for ticket in page.tickets:
                    version = ids[ticket.ticket_id]
                    tickets[ticket.ticket_id] = msgspec.structs.replace(ticket, version=version)
        return min(began)


class _Head(msgspec.Struct, frozen=True):
    id: str | int
    status: str = msgspec.field(name="Status")


def _moment(cursor: str) -> int:
    at = lenient_seconds(cursor)
    if at is None:
        raise Unreadable(f"the cursor “{clean(cursor)}” is not a time", hint="Run `deskzero sync --full`.")
    return at
