"""Reading HaloPSA: tickets, ids, conversations and time, complete or an error.

A row of a list lacks the charge rate and the contract. So each ticket of the scope that changed is asked for as a
whole, once for each `last_update`; a ticket outside the scope (reassigned, or another's parent) is taken from its row.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from connectors.contract import (
    Conversation,
    Fetched,
    Forbidden,
    IdList,
    NoteRecord,
    NotThere,
    NotVisible,
    Odd,
    Page,
    Resolved,
    TicketRecord,
    TimeEntries,
    TimeRecord,
    Tombstone,
    Unreadable,
)
from connectors.halopsa.api import PAGE_SIZE, numbers
from connectors.halopsa.wire import (
    ACTION_STRICT,
    CLOSED,
    TICKET_STRICT,
    ActionRow,
    TicketRow,
    is_time,
    note_record,
    positive,
    seconds,
    stamp,
    ticket_record,
    time_record,
)
from connectors.rows import Row, odd_of, read_row
from connectors.together import together

if TYPE_CHECKING:
    from connectors.halopsa.api import Api
    from connectors.halopsa.lookups import Lookups

T = TypeVar("T")

OVERLAP = 300
"""Seconds that are read again: a change may become visible after a later one."""
OPENING = 60
"""Seconds after the ticket's creation within which the customer's first public text is its description."""
FRESH = 3
"""Seconds after a ticket's `last_update` in which it may change again without another one: it has none but whole
seconds, and the server's clock is known to a second. What was read then is not remembered."""
SHARED = 900.0
QUICK = 5.0
"""Seconds for which the actions read for a conversation serve, once, as its time entries: in a round, which says when
they were read, and where a single ticket is asked for, perhaps to compare before a write."""

_WITH = {
    "includestatus": "true",
    "includetickettype": "true",
    "includetimetaken": "true",
    "includeagent": "true",
}


class _ScopeRow(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether an open ticket is in the scope."""

    id: int
    agent_id: int | None = None
    team: str | None = None
    status_id: int | None = None


class _Whole(NamedTuple):
    """A ticket as a whole, and its `last_update` then."""

    version: str | None
    row: Row


class Reader:
    """Reads one instance. Remembers whole tickets by `last_update`, and when they were opened."""

    def __init__(self, api: Api, lookups: Lookups) -> None:
        self._api = api
        self._lookups = lookups
        self._whole: dict[str, _Whole] = {}
        self._opened: dict[str, int] = {}
        self._actions: dict[str, tuple[float, list[Row], int]] = {}

    # ------------------------------------------------------------ tickets

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """See the contract. With `since` all that changed, without a filter on agent or status."""
        position = None if since is None else _position(since)
        newest, started, expected, pages = (0, ""), 0, None, 0
        for query in _streams(scope, position, closed_after):
            async for page in self._api.pages("/Tickets", "tickets", TicketRow, TICKET_STRICT, query | _WITH):
                started = started or page.began_at + int(self._api.session.clock_ahead)
                expected = page.total if expected is None else expected
                pages += 1
                rows = await together([self._completed(row, scope) for row in page.rows])
                tickets, odd = await self._records(rows, f"page {pages}")
                newest = max([newest, *((ticket.updated_at or 0, ticket.ticket_id) for ticket in tickets)])
                if position is None:
                    tickets = [ticket for ticket in tickets if scope.holds(ticket)]
                yield Page(tuple(tickets), tuple(odd), read_at=page.began_at, expected=expected)
        if position is None and newest[0] and not await understood(self._api, *newest):
            raise Unreadable(
                "HaloPSA reads our dates otherwise than they are meant (UTC): changes would be missed",
                hint="The time zone of the API application's agent may have to be UTC; `deskzero connect` asks again.",
            )
        yield Page((), cursor=_cursor(newest[0], started, position), read_at=started, expected=expected)

    async def _completed(self, row: Row, scope: Resolved) -> Row:
        """The whole ticket for a row in the scope; the row itself for others, and where it went away meanwhile."""
        value = row.value
        if value is None or not scope.holds(_bare(value.id, value.agent_id, value.team)):
            return row
        key = str(value.id)
        kept = self._whole.get(key)
        if kept is None or kept.version is None or kept.version != value.last_update:
            kept = await self._ask(key)
        return row if kept is None else kept.row

    async def _ask(self, ticket_id: str) -> _Whole | None:
        try:
            answer = await self._api.get(f"/Tickets/{ticket_id}", {"includedetails": "true"})
        except (NotThere, Forbidden):
            return None
        row = read_row(answer.decode(msgspec.Raw), TicketRow, TICKET_STRICT)._replace(id=int(ticket_id))
        if row.value is not None and row.value.id != int(ticket_id):
            raise Unreadable(f"{answer.where}: ticket {row.value.id} came instead of {ticket_id}")
        whole = _Whole(None if row.value is None else self._settled(row.value, answer.began_at), row)
        self._whole[ticket_id] = whole
        return whole

    def _settled(self, row: TicketRow, read_at: int) -> str | None:
        """By what a ticket read then can be told from a later state of it; `None`: by nothing yet."""
        changed = seconds(row.last_update, "$.last_update", [])
        now = read_at + self._api.session.clock_ahead
        return None if changed is None or now - changed < FRESH else row.last_update

    async def _records(self, rows: Sequence[Row], place: str) -> tuple[list[TicketRecord], list[Odd]]:
        if not rows:
            return [], []
        names = await self._lookups.names(
            [row.value.tickettype_id or 0 for row in rows if row.value is not None]
        )
        tickets: list[TicketRecord] = []
        odd: list[Odd] = []
        for number, row in enumerate(rows, 1):
            problems = list(row.problems)
            if row.value is not None:
                ticket = ticket_record(row.value, problems, names, self._api.site)
                if ticket.created_at is not None:
                    self._opened[ticket.ticket_id] = ticket.created_at
                tickets.append(ticket)
            odd += odd_of(row._replace(problems=problems), "tickets", f"{place}, row {number}")
        return tickets, odd

    # ------------------------------------------------------------ ids

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """Open tickets in the scope, and the PSA's own count of them."""
        ids: set[str] = set()
        count, strays = None, 0
        query = {"open_only": "true", **_filter(scope)}
        async for page in self._api.pages("/Tickets", "tickets", _ScopeRow, frozenset({"id"}), query):
            count = page.total
            for row in page.rows:
                if row.id is None:
                    raise Unreadable("/Tickets: a row has no id that can be read")
                value = row.value
                if value is not None and (
                    value.status_id == CLOSED or not scope.holds(_bare(row.id, value.agent_id, value.team))
                ):
                    strays += 1
                    continue
                ids.add(str(row.id))
        return IdList(frozenset(ids), (count or 0) - strays)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """See the contract. One id is read afresh; of several, first the rows of 100 a request."""
        wanted = numbers(list(ids))
        read_at = int(time.time())
        if len(wanted) > 1:
            await self._forget_changed(wanted)
        else:
            self._whole.pop(wanted[0] if wanted else "", None)
        rows = [None if kept is None else kept.row for kept in await self._each(wanted)]
        gone, usable = [], []
        for one, row in zip(wanted, rows, strict=True):
            into = None if row is None or row.value is None else positive(row.value.merged_into_id)
            if into is not None:
                gone.append(Tombstone(one, "merged", into))
            elif row is not None:
                usable.append(row)
        tickets, odd = await self._records(usable, "tickets asked for by id")
        known = {one for one, row in zip(wanted, rows, strict=True) if row is not None}
        hidden = tuple(NotVisible(one) for one in dict.fromkeys(ids) if one not in known)
        return Fetched(tuple(tickets), tuple(gone), hidden, tuple(odd), read_at)

    async def _forget_changed(self, ids: Sequence[str]) -> None:
        """Of the remembered tickets only those stay whose `last_update` is still the same."""
        known = [one for one in ids if one in self._whole]
        for start in range(0, len(known), PAGE_SIZE):
            some = known[start : start + PAGE_SIZE]
            now: dict[str, str | None] = {}
            query = {"ticketids": ",".join(some)}
            async for page in self._api.pages("/Tickets", "tickets", TicketRow, TICKET_STRICT, query):
                now |= {str(row.id): row.value.last_update for row in page.rows if row.value is not None}
            for one in some:
                if self._whole[one].version is None or now.get(one) != self._whole[one].version:
                    del self._whole[one]

    async def _each(self, ids: Sequence[str]) -> list[_Whole | None]:
        async def one(ticket_id: str) -> _Whole | None:
            return self._whole.get(ticket_id) or await self._ask(ticket_id)

        return list(await together([one(ticket_id) for ticket_id in ids]))

    # ------------------------------------------------------------ conversation and time

    def forget(self, ticket_id: str) -> None:
        """Something was written to it: nothing remembered of it counts."""
        self._whole.pop(ticket_id, None)
        self._actions.pop(ticket_id, None)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All actions but internal time, ordered; the opening text left out.

        The opening text is the first public action, if the customer wrote it within a minute of the ticket's
        creation. Raises `NotThere` for a ticket that is not visible.
        """
        if not numbers([ticket_id]):
            raise NotThere(f"“{ticket_id}” is no id of a HaloPSA ticket")
        rows, read_at = await self._read_actions(ticket_id)
        now = time.monotonic()
        self._actions = {key: one for key, one in self._actions.items() if now - one[0] < SHARED}
        self._actions[ticket_id] = (now, rows, read_at)
        notes: list[NoteRecord] = []
        odd: list[Odd] = []
        for place, row in enumerate(rows, 1):
            problems = list(row.problems)
            if row.value is not None:
                note = note_record(row.value, ticket_id, problems)
                notes += [] if note is None else [note]
            odd += odd_of(row._replace(problems=problems), "notes", f"action {place}", ticket_id)
        notes.sort(key=lambda note: (note.created_at, int(note.note_id)))
        opening = await self._opening(ticket_id, notes)
        kept = tuple(note for note in notes if note is not opening)
        return Conversation(ticket_id, kept, read_at, tuple(odd))

    async def _opening(self, ticket_id: str, notes: Sequence[NoteRecord]) -> NoteRecord | None:
        first = next((note for note in notes if note.public), None)
        if first is None or first.speaker == "staff":
            return None
        if ticket_id not in self._opened:
            row = await self._ask(ticket_id)
            text = row.row.value.dateoccurred if row is not None and row.row.value is not None else None
            opened = seconds(text, "$.dateoccurred", [])
            if opened is None:
                return None
            self._opened[ticket_id] = opened
        return first if first.created_at <= self._opened[ticket_id] + OPENING else None

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All actions with time on them, one request a ticket unless its conversation was just read."""
        wanted = numbers(list(ticket_ids))
        charges = await self._lookups.charge_names()
        entries: list[TimeRecord] = []
        odd: list[Odd] = []
        age = SHARED if len(wanted) > 1 else QUICK
        read = await together([self._time_of(one, age) for one in wanted])
        for one, (rows, _) in zip(wanted, read, strict=True):
            for place, row in enumerate(rows, 1):
                problems = list(row.problems)
                if row.value is not None and is_time(row.value):
                    entries.append(time_record(row.value, one, problems, charges))
                odd += odd_of(row._replace(problems=problems), "time", f"action {place}", one)
        read_at = min((at for _, at in read), default=int(time.time()))
        return TimeEntries(tuple(ticket_ids), tuple(entries), read_at, tuple(odd))

    async def _time_of(self, ticket_id: str, age: float) -> tuple[list[Row], int]:
        kept = self._actions.pop(ticket_id, None)
        if kept is not None and time.monotonic() - kept[0] < age:
            return kept[1], kept[2]
        return await self._read_actions(ticket_id)

    async def _read_actions(self, ticket_id: str) -> tuple[list[Row], int]:
        """The ticket's actions with their files, and when they were read. The list is not paged.

        Those of the system are left out: that nobody wrote them no field is established to say, and an automation's
        words must not pass for a customer's.
        """
        began = int(time.time())
        query = {"ticket_id": ticket_id, "excludesys": "true", "includeattachments": "true"}
        raws = await self._api.listed("/Actions", "actions", query)
        rows = [read_row(raw, ActionRow, ACTION_STRICT) for raw in raws]
        mine = {None, int(ticket_id)}
        return [row for row in rows if row.value is None or row.value.ticket_id in mine], began


# ---------------------------------------------------------------- small things


async def understood(api: Api, updated_at: int, ticket_id: str) -> bool:
    """Whether "changed since" brings a ticket that changed a second after it: that it is in UTC everywhere is
    not established."""
    query = {"lastupdatefromdate": stamp(updated_at - 1)}
    async for page in api.pages("/Tickets", "tickets", _ScopeRow, frozenset({"id"}), query):
        if any(str(row.id) == ticket_id for row in page.rows):
            return True
    return False


def _bare(ticket_id: int, agent_id: int | None, team: str | None) -> TicketRecord:
    """As much of a ticket as a scope asks for."""
    key = str(ticket_id)
    return TicketRecord(ticket_id=key, number=key, owner_id=positive(agent_id), board_id=team, team_id=team)


def _filter(scope: Resolved) -> dict[str, str]:
    """What brings the scope's tickets, and perhaps others: `Resolved.holds` decides afterwards."""
    match scope.scope.kind:
        case "all":
            return {}
        case "board" | "team":
            return {"team_name": scope.name or ""}
        case _:
            return {"agent_id": scope.id or ""}


def _streams(scope: Resolved, since: int | None, closed_after: int) -> tuple[dict[str, str], ...]:
    """Queries, read one after the other."""
    if since is not None:
        return ({"lastupdatefromdate": stamp(since)},)
    ours = _filter(scope)
    return (
        {"open_only": "true", **ours},
        {"closed_only": "true", "lastupdatefromdate": stamp(closed_after), **ours},
    )


def _position(cursor: str) -> int:
    """Raises `Unreadable` for a damaged cursor."""
    when = seconds(cursor, "cursor", [])
    if when is None:
        raise Unreadable(
            f"the saved position “{cursor}” is no time", hint="`deskzero sync --full` reads anew."
        )
    return when


def _cursor(newest: int, started: int, since: int | None) -> str:
    """The newest change: never later than the server's clock when we began, less the overlap, never behind `since`."""
    if not newest and since is not None:
        return stamp(since)
    until = min(newest, started) if newest else started
    return stamp(max(until - OVERLAP, since or 0))
