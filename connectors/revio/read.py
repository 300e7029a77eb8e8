"""Reading Rev.io: the ticket list, which is all there is, and tickets by id.

Every question about tickets needs the whole list. One reading therefore serves all who ask within a round: whoever
came first reads it, and a new round reads anew.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connectors.contract import (
    Fetched,
    IdList,
    NotVisible,
    Odd,
    Page,
    Resolved,
    TicketRecord,
    UnknownName,
    Unreadable,
)
from connectors.revio.records import key_of_name, ticket_record, without_zone
from connectors.revio.wire import STRICT, TicketRow
from connectors.rows import Row, odd_of, read_fields, read_row
from connectors.text import clean
from connectors.together import together

if TYPE_CHECKING:
    from connectors.revio import Options
    from connectors.revio.api import Api

FRESH = 60.0
"""Seconds for which a reading may serve the next question of the same round."""
OVERLAP = 300
"""Seconds that are delivered again: a change may become visible after a later one."""
PER_PAGE = 500
"""Tickets that are delivered together."""


class Reading(NamedTuple):
    """The list as it was read."""

    tickets: dict[str, TicketRecord]
    odd: tuple[Odd, ...]
    doubtful: dict[str, str]
    """Tickets that are there and cannot be read, by id where that is known -> the technician's key, else empty."""
    began_at: int
    ended: float
    """By `time.monotonic()`."""
    pages: int
    zoneless: bool
    """Some date came without a time zone."""
    two_statuses: bool
    """Some ticket has both a `ticketStatus` and another `ticketState`."""

    @property
    def fresh(self) -> bool:
        return time.monotonic() - self.ended < FRESH


class Reader:
    """Reads one tenant."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._zone = ZoneInfo(options.date_zone)
        self._ticket_url = options.ticket_url
        self._last: Reading | None = None
        self._given = True
        """The last reading has been delivered by `tickets`, so that another round has to read anew."""
        self.by_id: bool | None = None
        """Whether a ticket by itself can be had here; `None`: not tried."""
        self.technicians: dict[str, tuple[str, ...]] = {}
        """Who is named in the last reading: key -> the spellings of that name."""
        self.statuses: dict[str, bool] = {}
        """Statuses in the last reading -> whether every ticket that has it is closed."""

    # ------------------------------------------------------------ the list

    async def read(self) -> Reading:
        """The whole list, now."""
        found = await self._api.tickets()
        tickets: dict[str, TicketRecord] = {}
        odd: list[Odd] = []
        doubtful: dict[str, str] = {}
        zoneless = two = False
        for place, raw in enumerate(found.rows, 1):
            row = read_row(raw, TicketRow, STRICT)
            ticket = self._record(row)
            odd += odd_of(row, "tickets", f"row {place}")
            if ticket is not None:
                tickets[ticket.ticket_id] = ticket
                zoneless = zoneless or without_zone(row.value.modified_date)
                two = two or (row.value.ticket_state or ticket.status) != ticket.status
            elif row.id is not None:
                doubtful[str(row.id)] = _whose(raw)
        if found.rows and not tickets:
            raise Unreadable(
                f"None of the {len(found.rows)} rows of Rev.io's ticket list can be read, first {odd[0].record_id}"
                f" ({odd[0].path}: {odd[0].problem})",
                hint="Report this: the tenant's list has another shape than is known.",
            )
        self._learn(tickets)
        self._last = Reading(
            tickets, tuple(odd), doubtful, found.began_at, time.monotonic(), found.pages, zoneless, two
        )
        self._given = False
        return self._last

    async def latest(self) -> Reading:
        """The last reading where it is fresh, else a new one."""
        return self._last if self._last is not None and self._last.fresh else await self.read()

    async def learned(self) -> None:
        """Sees to it that names and statuses are known, from whatever reading there is."""
        if self._last is None:
            await self.read()

    def _record(self, row: Row) -> TicketRecord | None:
        if row.value is None:
            return None
        return ticket_record(row.value, row.problems, zone=self._zone, ticket_url=self._ticket_url)

    def _learn(self, tickets: dict[str, TicketRecord]) -> None:
        names: dict[str, set[str]] = {}
        statuses: dict[str, bool] = {}
        for ticket in tickets.values():
            if ticket.owner_id and ticket.owner:
                names.setdefault(ticket.owner_id, set()).add(ticket.owner)
            statuses[ticket.status] = statuses.get(ticket.status, True) and ticket.closed
        self.technicians = {key: tuple(sorted(spelled)) for key, spelled in names.items()}
        self.statuses = statuses

    def named(self, key: str, name: str) -> str:
        """The technician's name as the list spells it. Raises `UnknownName` where no ticket names him: a misspelled
        name and one without tickets look the same, and neither is an empty queue."""
        if key in self.technicians:
            return self.technicians[key][0]
        known = ", ".join(f"“{clean(names[0])}”" for _, names in sorted(self.technicians.items())[:12])
        raise UnknownName(
            f"No ticket in Rev.io's list is assigned to “{clean(name)}”",
            hint=f"Write the name as Rev.io does. There are {known or 'none'}. Whoever has no ticket in the list at"
            " all cannot be told from a name that does not exist.",
        )

    # ------------------------------------------------------------ what the contract asks for

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """See the contract. Of the scope's tickets nothing rests on `modifiedDate`: with `since` all of them come
        that are open or changed; of the others those that say that they changed."""
        least = None if since is None else _position(since)
        reading = self._last if not self._given and self._last is not None and self._last.fresh else None
        reading = reading or await self.read()
        self._given = True
        if scope.id is not None:
            self.named(scope.id, scope.name or scope.id)
        kept = [t for t in reading.tickets.values() if _wanted(t, scope, least, closed_after)]
        for start in range(0, len(kept), PER_PAGE):
            part = tuple(kept[start : start + PER_PAGE])
            yield Page(part, read_at=reading.began_at, expected=len(kept))
        yield Page((), reading.odd, self._cursor(reading), reading.began_at)

    def _cursor(self, reading: Reading) -> str:
        """The newest change in the list, by the list's own clock, and not later than the server's; less the overlap."""
        server = reading.began_at + round(self._api.session.clock_ahead)
        newest = max((t.updated_at or 0 for t in reading.tickets.values()), default=0)
        return str(max(0, min(newest, server) - OVERLAP))

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """Open tickets in the scope. Rev.io counts nothing: the count is ours. One that is there and cannot be read
        counts unless it is known to be somebody else's."""
        reading = await self.latest()
        ids = {one for one, t in reading.tickets.items() if not t.closed and scope.holds(t)}
        ids |= {one for one, who in reading.doubtful.items() if _may_hold(scope, who)}
        return IdList(frozenset(ids), len(ids))

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """See the contract. A ticket that cannot be had by itself is looked for in the list. Neither is ever a
        tombstone: no answer says that a ticket was deleted."""
        wanted = list(dict.fromkeys(ids))
        read_at = int(time.time())
        found: dict[str, TicketRecord] = {}
        odd: list[Odd] = []
        if self.by_id is not False:
            for ticket, problems in await together(self._alone(one) for one in wanted):
                if ticket is not None:
                    found[ticket.ticket_id] = ticket
                odd += problems
        missing = [one for one in wanted if one not in found]
        if missing:
            reading = await self._listed(missing)
            found |= {one: reading.tickets[one] for one in missing if one in reading.tickets}
            odd += [one for one in reading.odd if one.ticket_id in missing]
            read_at = min(read_at, reading.began_at)
            if self.by_id is None and any(one in reading.tickets for one in missing):
                self.by_id = False  # the list has it, and by itself it could not be had
        spoken = {*found, *(one.ticket_id for one in odd)}
        return Fetched(
            tuple(found[one] for one in wanted if one in found),
            (),
            tuple(NotVisible(one) for one in wanted if one not in spoken),
            tuple(odd),
            read_at,
        )

    async def _alone(self, ticket_id: str) -> tuple[TicketRecord | None, tuple[Odd, ...]]:
        """A ticket by itself, with what is odd about it; `None` where the list has to tell."""
        if not (ticket_id.isascii() and ticket_id.isdecimal()):
            return None, ()
        data = await self._api.ticket(ticket_id)
        if data is None:
            return None, ()
        row = read_fields(data, TicketRow, STRICT)
        ticket = self._record(row) if str(row.id) == ticket_id else None
        if ticket is None:
            return None, ()
        self.by_id = True
        return ticket, odd_of(row, "tickets", "a ticket asked for by id")

    async def _listed(self, wanted: list[str]) -> Reading:
        """A reading that answers for these: a fresh one where it has none of them, else a new one."""
        last = self._last
        if last is not None and last.fresh:
            there = [one for one in wanted if one in last.tickets or one in last.doubtful]
            if not there:
                return last
        return await self.read()


def _wanted(ticket: TicketRecord, scope: Resolved, least: int | None, closed_after: int) -> bool:
    """Whether a pull delivers this ticket: `least` is the cursor's time, `None` in a full one."""
    changed = ticket.updated_at
    if scope.holds(ticket):
        if not ticket.closed:
            return True
        edge = closed_after if least is None else least
        moments = [at for at in (changed, ticket.closed_at) if at is not None]
        return not moments or max(moments) >= edge
    return least is not None and (changed is None or changed >= least)


def _position(since: str) -> int:
    if not since.isdecimal():
        raise Unreadable(
            f"the saved position “{since[:40]}” is no time", hint="`deskzero sync --full` reads anew."
        )
    return int(since)


def _may_hold(scope: Resolved, technician: str) -> bool:
    return scope.scope.kind == "all" or not technician or technician == scope.id


def _whose(raw: msgspec.Raw) -> str:
    """The technician's key in a row that cannot be read otherwise; empty where it cannot be told."""
    data = msgspec.json.decode(raw)
    name = data.get("techAssigned") if isinstance(data, dict) else None
    return key_of_name(name) if isinstance(name, str) else ""
