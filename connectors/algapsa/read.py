"""Reading AlgaPSA: tickets, ids, conversations and time, complete or an error."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from connectors.algapsa.records import (
    APPROVED,
    Names,
    attachment,
    hidden_record,
    note_record,
    opens,
    ticket_record,
    time_record,
)
from connectors.algapsa.wire import (
    COMMENT_STRICT,
    ENTRY_STRICT,
    TICKET_STRICT,
    CommentRow,
    Detail,
    DocumentRow,
    EntryRow,
    TicketRow,
    TicketTime,
    TimeRow,
    is_id,
    stamp,
)
from connectors.contract import (
    Attachment,
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
    Unreadable,
)
from connectors.files import files_for
from connectors.rows import Row, odd_of, read_row, seconds
from connectors.together import together

if TYPE_CHECKING:
    from connectors.algapsa.api import Api, RowPage
    from connectors.algapsa.choices import Lists

TICKETS = "/tickets"
OPEN = {"is_open": "true"}
CLOSED = {"is_closed": "true"}
"""`is_open=false` filters nothing (seen on a running server)."""
OVERLAP = 120
"""Seconds that are read again: a change may become visible after a later one."""
PER_PAGE = 200
"""The most comments that the server gives at once."""
LATE = 31 * 86400
"""Seconds within which own time entries are late ones: one list of all of them costs less than one for each ticket."""
TRIES = 3
"""So many times a conversation of several pages is read from its beginning when a page does not join the one before."""


class _About(NamedTuple):
    """What is remembered of a ticket, to find it in the list and to know its opening text."""

    number: str
    entered_at: int


class Reader:
    """Reads one server."""

    def __init__(self, api: Api, lists: Lists) -> None:
        self._api = api
        self._lists = lists
        self._known: dict[str, _About] = {}
        self.me: str | None = None
        """The technician's user id, set by the connector once it is known."""

    # ------------------------------------------------------------ tickets

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """See the contract. A customer's answer moves the ticket's response state and not its date (read in the
        source), so the scope's own tickets, open and lately closed, are read in every round."""
        at = None if since is None else _moment(since)
        newest, started, pages, total = 0, 0, 0, None
        own = _ours(scope)
        streams: list[tuple[dict[str, str], str, float | None]] = [
            ({**own, **OPEN}, "entered_at", None),
            ({**own, **CLOSED, "updated_from": stamp(closed_after)}, "entered_at", None),
        ]
        if at is not None:
            streams.append(({}, "updated_at", at))
        for params, column, start in streams:
            read = 0
            async for page in self._pages(params, column, start):
                started = started or page.began_at
                total = page.total if total is None else total
                pages, read = pages + 1, read + 1
                tickets, odd = await self._records(page, scope, f"page {pages}")
                newest = max([newest, *(ticket.updated_at or 0 for ticket in tickets)])
                kept = tickets if at is not None else [ticket for ticket in tickets if scope.holds(ticket)]
                yield Page(tuple(kept), odd, read_at=page.began_at, expected=total)
            if column == "updated_at" and read > 1:
                # Rows without a date come last there, where the page after this one no longer asks for them.
                streams.append(({}, "entered_at", at))
        now = started or int(time.time())
        cursor = _behind(newest, now + round(self._api.session.clock_ahead), at)
        yield Page((), cursor=stamp(cursor), read_at=now, expected=total)

    def _pages(
        self, params: dict[str, str], column: str = "entered_at", since: float | None = None
    ) -> AsyncIterator[RowPage]:
        return self._api.walk(TICKETS, TicketRow, TICKET_STRICT, column, params, since)

    async def _records(
        self, page: RowPage, scope: Resolved | None, place: str
    ) -> tuple[list[TicketRecord], tuple[Odd, ...]]:
        """The page's tickets; those that may be in the scope (`None`: all) with their contact's phone and mail and the
        name of their location."""
        rows = [row for row in page.rows if row.value is not None]
        names = await self._names([row.value for row in rows if scope is None or _may_hold(scope, row.value)])
        tickets = [self._record(row, names) for row in rows]
        odd = [
            one for at, row in enumerate(page.rows, 1) for one in odd_of(row, "tickets", f"{place}, row {at}")
        ]
        return tickets, tuple(odd)

    async def _names(self, rows: Sequence[TicketRow], *, now: bool = False) -> Names:
        people = {(row.client_id, row.contact_name_id) for row in rows}
        places = {(row.client_id, row.location_id) for row in rows}
        return Names(
            await self._lists.users(),
            await self._lists.contacts(((client, who) for client, who in people if client and who), now=now),
            await self._lists.sites((client, place) for client, place in places if client and place),
        )

    def _record(self, row: Row, names: Names) -> TicketRecord:
        """The row as a record (problems with its dates are added to the row's)."""
        ticket = ticket_record(row.value, row.problems, self._api.site, names)
        if ticket.created_at is not None:
            self._known[ticket.ticket_id] = _About(ticket.number, ticket.created_at)
        return ticket

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """Open tickets in the scope, and how many the server counts there."""
        ids: set[str] = set()
        count = None
        async for page in self._pages({**_ours(scope), **OPEN}):
            count = page.total if count is None else count
            for row in page.rows:
                if row.key is None:
                    raise Unreadable(f"{TICKETS}: a row has no id that can be read")
                ids.add(row.key)
        return IdList(frozenset(ids), count or 0)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """See the contract. A ticket by itself lacks its board's and subcategory's name, so it is asked for in the
        list. A 404 is never a tombstone: it is not established that it is not said of hidden ones too."""
        wanted = list(dict.fromkeys(ids))
        read_at = int(time.time())
        found = await together(self._row(one) for one in wanted)
        rows = [row for row in found if row is not None]
        hidden = [NotVisible(one) for one, row in zip(wanted, found, strict=True) if row is None]
        names = await self._names([row.value for row in rows if row.value is not None], now=True)
        tickets = [self._record(row, names) for row in rows if row.value is not None]
        odd = [one for row in rows for one in odd_of(row, "tickets", "a ticket asked for by id")]
        return Fetched(tuple(tickets), (), tuple(hidden), tuple(odd), read_at)

    async def _row(self, ticket_id: str) -> Row | None:
        if not is_id(ticket_id):
            return None
        about = self._known.get(ticket_id)
        if about is not None and (row := await self._numbered(about, ticket_id)) is not None:
            return row
        try:
            detail = await self._api.data(f"{TICKETS}/{ticket_id}", Detail)
        except (NotThere, Forbidden):
            return None
        entered = seconds(detail.entered_at, "$.entered_at", [])
        if entered is None:
            raise Unreadable(f"{TICKETS}/{ticket_id}: `entered_at` is no date")
        row = await self._numbered(_About(detail.ticket_number, entered), ticket_id)
        if row is None:
            raise Unreadable(f"{TICKETS}/{ticket_id} is there, but not in the list by its number")
        return row

    async def _numbered(self, about: _About, ticket_id: str) -> Row | None:
        """The ticket as the list has it. The filter takes parts of numbers too, so it is narrowed to its second."""
        params = {"ticket_number": about.number, "entered_to": stamp(about.entered_at + 1)}
        async for page in self._pages(params, "entered_at", about.entered_at):
            for row in page.rows:
                if row.key == ticket_id:
                    return row
        return None

    # ------------------------------------------------------------ conversation

    async def conversation(self, ticket_id: str) -> Conversation:
        """All published comments, ordered; the opening text left out. Files are asked for where a customer's comment
        has no words. Raises `NotThere` for a ticket that is not visible."""
        if ticket_id not in self._known:
            await self.fetch([ticket_id])
        about = self._known.get(ticket_id)
        users = await self._lists.users()
        read_at, raws = await self._comments(ticket_id)
        notes: dict[str, NoteRecord] = {}
        odd: list[Odd] = []
        for place, raw in enumerate(raws, 1):
            row = read_row(raw, CommentRow, COMMENT_STRICT)
            note = None
            if row.value is not None:
                note = note_record(row.value, ticket_id, row.problems, users, self.me)
            if note is not None:
                notes[note.note_id] = note
            odd += odd_of(row, "notes", f"comment {place}", ticket_id)
        ordered = sorted(
            notes.values(), key=lambda note: note.created_at
        )  # else as they came: by milliseconds
        if ordered and opens(ordered[0], about.entered_at if about else None):
            del ordered[0]
        files = await files_for(ordered, lambda: self.files(ticket_id))
        return Conversation(ticket_id, tuple(ordered), read_at, tuple(odd), *files)

    async def _comments(self, ticket_id: str) -> tuple[int, list[msgspec.Raw]]:
        """All comments, oldest first. Further pages begin with the last row of the one before: one that was taken away
        meanwhile would pull others over the border unseen."""
        path = f"{TICKETS}/{ticket_id}/comments"
        for _ in range(TRIES):
            raws: list[msgspec.Raw] = []
            began_at = 0
            while True:
                offset = max(0, len(raws) - 1)
                params = {"order": "asc", "limit": str(PER_PAGE), "offset": str(offset)}
                answer = await self._api.get(path, params)
                page = self._api.unpacked(answer, list[msgspec.Raw])
                began_at = began_at or answer.began_at
                if raws and (not page or _name(page[0]) != _name(raws[-1])):
                    break
                raws += page[1:] if raws else page
                if len(page) < PER_PAGE:
                    return began_at, raws
        raise Unreadable(
            f"GET {path}: the conversation changes faster than it can be read",
            hint="Nothing of it is taken as complete; the next round tries again.",
        )

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's documents; with which comment one came is not said."""
        if not is_id(ticket_id):
            raise NotThere(f"“{ticket_id}” is no id of an AlgaPSA ticket")
        rows = await self._api.data(f"{TICKETS}/{ticket_id}/documents", list[DocumentRow])
        return tuple(attachment(row) for row in rows)

    # ------------------------------------------------------------ time

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries of those tickets, one request for each. Whether the key's user's own are invoiced is said
        elsewhere: one list for the late ones, and a request for each ticket with older ones. Entries of others that the
        key may not see stand there as one."""
        wanted = list(dict.fromkeys(ticket_ids))
        read_at = int(time.time())
        told = await together(self._told_time(one) for one in wanted)
        tickets = [(one, *said) for one, said in zip(wanted, told, strict=True) if said is not None]
        invoiced = await self._invoiced({ticket_id: rows for ticket_id, _, rows in tickets}, read_at)
        users = await self._lists.users() if any(rows for _, _, rows in tickets) else {}
        entries: list[TimeRecord] = []
        odd: list[Odd] = []
        for ticket_id, said, rows in tickets:
            for place, row in enumerate(rows, 1):
                if row.value is not None:
                    sold = invoiced.get(row.value.id)
                    entries.append(time_record(row.value, ticket_id, row.problems, users, invoiced=sold))
                odd += odd_of(row, "time", f"time entry {place}", ticket_id)
            hidden = hidden_record(said, ticket_id)
            entries += [hidden] if hidden is not None else []
        return TimeEntries(tuple(wanted), tuple(entries), read_at, tuple(odd))

    async def _told_time(self, ticket_id: str) -> tuple[TicketTime, list[Row]] | None:
        if not is_id(ticket_id):
            return None
        try:
            said = await self._api.data(f"{TICKETS}/{ticket_id}/time-entries", TicketTime)
        except NotThere:
            return None
        return said, [read_row(raw, EntryRow, ENTRY_STRICT) for raw in said.entries]

    async def _invoiced(self, told: Mapping[str, Sequence[Row]], now: int) -> dict[str, bool]:
        """Which of those own entries are on an invoice, as far as it is told: approved ones are locked in any case and
        not asked for, they are known where another of the list is."""
        late: list[EntryRow] = []
        asks: list[dict[str, str]] = []
        for ticket_id, rows in told.items():
            own = [row.value for row in rows if row.value is not None and row.value.is_own]
            open_ones = [row for row in own if row.approval_status != APPROVED]
            if not open_ones:
                continue
            if all((seconds(row.start_time, "", []) or 0) > now - LATE for row in open_ones):
                late += open_ones
            else:
                asks.append({"work_item_id": ticket_id})
        users = {row.user_id for row in late if row.user_id}
        first = min((seconds(row.start_time, "", []) or 0 for row in late), default=0)
        asks += [{"user_id": user, "start_time_from": stamp(first)} for user in sorted(users)]
        order = {"sort": "start_time", "order": "asc"}
        lists: list[list[TimeRow]] = await together(
            self._api.rows_of("/time-entries", TimeRow, {**ask, **order}) for ask in asks
        )
        return {row.id: row.invoiced for rows in lists for row in rows if row.invoiced is not None}


# ---------------------------------------------------------------- small ones


def _moment(cursor: str) -> float:
    """Raises `Unreadable` for a damaged cursor."""
    at = seconds(cursor, "cursor", [])
    if at is None:
        raise Unreadable(
            f"the saved position “{cursor}” is no time", hint="`deskzero sync --full` reads anew."
        )
    return float(at)


def _behind(newest: int, started: int, since: float | None) -> float:
    """The newest change as a cursor, less the overlap: never later than when we began, never behind `since`."""
    if not newest and since is not None:
        return since
    until = min(newest, started) if newest else started
    return max(float(until - OVERLAP), since or 0.0)


def _ours(scope: Resolved) -> dict[str, str]:
    """Parameters that bring the scope's tickets. An unknown one would bring all of them."""
    match scope.scope.kind:
        case "mine" | "owner":
            return {"assigned_to": scope.id or ""}
        case "board":
            return {"board_id": scope.id or ""}
    return {}


def _may_hold(scope: Resolved, row: TicketRow) -> bool:
    match scope.scope.kind:
        case "mine" | "owner":
            return row.assigned_to == scope.id
        case "board":
            return row.board_id == scope.id
    return True


def _name(raw: msgspec.Raw) -> object:
    row = msgspec.json.decode(raw)
    return row.get("comment_id") if isinstance(row, dict) else None
