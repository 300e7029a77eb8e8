"""Reading ConnectWise PSA: tickets, ids, conversations and time, complete or an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from connectors.connectwise import DateForm
from connectors.connectwise.api import PAGE_SIZE, RowPage, batches, moment, numbers, one_of, query_of
from connectors.connectwise.dates import TICKETS, sample, understood
from connectors.connectwise.dispatch import Dispatch
from connectors.connectwise.plan import stamp
from connectors.connectwise.records import (
    document,
    id_of,
    in_order,
    names,
    note_record,
    ticket_record,
    time_note,
    time_record,
)
from connectors.connectwise.scope import condition
from connectors.connectwise.wire import (
    NOTE_STRICT,
    TICKET_STRICT,
    TIME_STRICT,
    DocumentRow,
    NoteRow,
    Reference,
    RowInfo,
    TicketRow,
    TimeRow,
    Wire,
    fields_of,
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
    Tombstone,
    Unreadable,
)
from connectors.files import files_for
from connectors.rows import Row, odd_of, read_row, seconds
from connectors.together import together

if TYPE_CHECKING:
    from connectors.connectwise.api import Api

OVERLAP = 300
"""Seconds that are read again: a change may become visible after a later one."""
OPENING = 60
"""Seconds after the ticket's creation within which its first public text is its description."""
ONE_BY_ONE = 50
"""So many ids that a batch did not bring are asked for again one by one."""


class Position(NamedTuple):
    """A cursor: when, by the server's clock, and the ticket that changed then, which has to come again."""

    when: int
    ticket_id: str = ""

    def __str__(self) -> str:
        return f"{stamp(self.when)} {self.ticket_id}".rstrip()

    @classmethod
    def of(cls, cursor: str) -> Position:
        """Raises `Unreadable` for a damaged one."""
        text, _, ticket_id = cursor.partition(" ")
        when = seconds(text, "cursor", [])
        if when is None:
            raise Unreadable(
                f"the saved position “{cursor}” is no time", hint="`deskzero sync --full` reads anew."
            )
        return cls(when, ticket_id)

    def behind(self, started: int, since: Position | None) -> Position:
        """The newest change as a cursor: never later than the server's clock when we began, less the
        overlap, and never behind `since`. Without a change: `since`, else the beginning less the overlap."""
        if not self.when and since is not None:
            return since
        until = min(self.when, started) if self.when else started
        return Position(max(until - OVERLAP, since.when if since else 0), self.ticket_id)


class TimeAhead(NamedTuple):
    """Time entries of several tickets, read for their conversations."""

    rows: dict[str, list[Row]]
    """Ticket -> its entries; a ticket that was asked for is there, also without any."""
    read_at: int
    """Our clock, UTC seconds, when the reading was begun."""


class _ScopeRow(Wire, frozen=True, kw_only=True):
    """What decides whether an open ticket is in the scope."""

    id: int
    record_type: str | None = None
    owner: Reference | None = None
    resources: str | None = None
    board: Reference | None = None
    team: Reference | None = None


class _OpenedRow(Wire, frozen=True, kw_only=True):
    id: int
    info: RowInfo | None = msgspec.field(default=None, name="_info")


class Reader:
    """Reads one account. Remembers when tickets were opened, to know their opening text by."""

    def __init__(self, api: Api, date_form: DateForm) -> None:
        self._api = api
        self._form = date_form
        self._dates_proven = False
        self._dispatch = Dispatch(api)
        self._opened: dict[str, int] = {}
        """Ticket -> creation, to know the opening text by."""

    # ------------------------------------------------------------ tickets

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """See the contract. Project tickets are left out: they are another resource of the API."""
        position = None if since is None else Position.of(since)
        await self._dispatch.read(scope)
        site = await self._api.site()
        newest, started, seen, pages = Position(0), 0.0, set[str](), 0
        expected = None
        if position is None:
            await self._prove_dates()
            expected = await self._api.count(TICKETS, _all_of("closedFlag=false", condition(scope)))
        for wanted in self._streams(scope, position, closed_after):
            async for rows in self._api.pages(TICKETS, TicketRow, TICKET_STRICT, wanted):
                started = started or rows.began_at + self._api.session.clock_ahead
                pages += 1
                tickets, odd = self._records(rows, site, f"page {pages}")
                newest = max([newest, *(Position(t.updated_at or 0, t.ticket_id) for t in tickets)])
                seen.update(str(row.id) for row in rows.rows)
                if position is None:
                    tickets = [ticket for ticket in tickets if scope.holds(ticket)]
                yield Page(tuple(tickets), tuple(odd), read_at=rows.began_at, expected=expected)
        if position is not None and position.ticket_id not in seen:
            await self._prove_dates()
        only = self._dispatch.only
        more = await self.fetch([one for one in only if one not in seen])
        self._dispatch.read_again(only)
        kept = [
            ticket
            for ticket in more.tickets
            if (not ticket.closed or ticket.customer_flag or (ticket.updated_at or 0) >= closed_after)
            and (position is not None or scope.holds(ticket))
        ]
        cursor = str(newest.behind(int(started), position))
        read_at = more.read_at or int(started)
        yield Page(tuple(kept), more.odd, cursor=cursor, read_at=read_at, expected=expected)

    def _streams(self, scope: Resolved, since: Position | None, closed_after: int) -> tuple[str, ...]:
        """Conditions, read one after the other. `closedFlag=false` alone is slow on large hosted tables
        (client code); for `mine` the owner narrows it."""
        if since is not None:
            return (f"lastUpdated>{moment(since.when, self._form)}",)
        ours = condition(scope)
        recent = f"lastUpdated>{moment(closed_after - 1, self._form)}"
        return (
            _all_of("closedFlag=false", ours),
            _all_of(f"closedFlag=true and ({recent} or customerUpdatedFlag=true)", ours),
        )

    def _records(self, page: RowPage, site: str, place: str) -> tuple[list[TicketRecord], list[Odd]]:
        tickets: list[TicketRecord] = []
        odd: list[Odd] = []
        for place_no, row in enumerate(page.rows, 1):
            if row.value is not None and row.value.record_type not in (None, "ServiceTicket"):
                continue
            if row.value is not None:
                tickets.append(self.record(row, site))
            odd += odd_of(row, "tickets", f"{place}, row {place_no}")
        return tickets, odd

    def record(self, row: Row, site: str) -> TicketRecord:
        """The row as a record (problems with its dates are added to the row's)."""
        ticket = ticket_record(row.value, row.problems, site)
        if ticket.created_at is not None:
            self._opened[ticket.ticket_id] = ticket.created_at
        return self._dispatch.added(ticket)

    async def _prove_dates(self) -> None:
        """That nothing changed, and that the server misreads our dates, must not look the same. Asked in a
        full pull, and where the ticket that set the cursor does not come again."""
        if self._dates_proven:
            return
        ticket = await sample(self._api)
        if ticket is not None and not await understood(self._api, self._form, ticket):
            raise Unreadable(
                f"ConnectWise does not understand dates in the form “{self._form}”: changes would be missed",
                hint="Set `date_form` to another of utc-z, naive, date-only; `deskzero connect` finds out which.",
            )
        self._dates_proven = True

    # ------------------------------------------------------------ ids

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """Open tickets in the scope, and the PSA's own count of them."""
        await self._dispatch.read(scope)
        wanted = _all_of("closedFlag=false", condition(scope))
        count = await self._api.count(TICKETS, wanted)
        ids: set[str] = set()
        async for page in self._api.pages(TICKETS, _ScopeRow, frozenset({"id"}), wanted):
            for row in page.rows:
                if row.id is None:
                    raise Unreadable(f"{TICKETS}: a row has no id that can be read")
                if row.value is None or _holds(scope, row.value):
                    ids.add(str(row.id))
                else:
                    count -= 1
        for batch in batches([one for one in self._dispatch.tickets if one not in ids]):
            wanted = f"closedFlag=false and {one_of('id', batch)}"
            async for page in self._api.pages(TICKETS, _ScopeRow, frozenset({"id"}), wanted):
                found = {str(row.id) for row in page.rows if row.id is not None} - ids
                ids |= found
                count += len(found)
        return IdList(frozenset(ids), count)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """See the contract. A 404 is never a tombstone: ConnectWise says it for hidden tickets too."""
        if not ids:
            return Fetched()
        site = await self._api.site()
        wanted = numbers(ids)
        await self._dispatch.read_of(wanted)
        rows: list[Row] = []
        read_at = 0
        for batch in batches(wanted):
            async for page in self._api.pages(TICKETS, TicketRow, TICKET_STRICT, one_of("id", batch)):
                read_at = read_at or page.began_at
                rows += page.rows
        brought = {str(row.id) for row in rows}
        missing = [one for one in wanted if one not in brought]
        rows += [row for row in await self._one_by_one(missing[:ONE_BY_ONE]) if row is not None]
        tickets, gone, odd = [], [], list[Odd]()
        for row in rows:
            if row.value is not None and row.value.merged_parent_ticket is not None:
                into = row.value.merged_parent_ticket.id
                gone.append(Tombstone(str(row.id), "merged", None if into is None else str(into)))
                continue
            if row.value is not None:
                tickets.append(self.record(row, site))
            odd += odd_of(row, "tickets", "a ticket asked for by id")
        known = {str(row.id) for row in rows}
        hidden = tuple(NotVisible(one) for one in dict.fromkeys(ids) if one not in known)
        return Fetched(tuple(tickets), tuple(gone), hidden, tuple(odd), read_at)

    async def _one_by_one(self, ids: Sequence[str]) -> list[Row | None]:
        """Each ticket, or `None` where the PSA says "not there" or "not allowed"."""
        return await together(self._one(one) for one in ids)

    async def _one(self, ticket_id: str) -> Row | None:
        try:
            answer = await self._api.asked(
                TicketRow,
                lambda fields: self._api.get(f"{TICKETS}/{ticket_id}", f"fields={fields}", settled=True),
            )
        except (NotThere, Forbidden):
            return None
        row = read_row(answer.decode(msgspec.Raw), TicketRow, TICKET_STRICT)
        return row._replace(id=int(ticket_id))

    # ------------------------------------------------------------ conversation and time

    async def read_ahead(self, ticket_ids: Sequence[str]) -> TimeAhead:
        """The time entries of those tickets, for their conversations. Raises `Unreadable` for an entry of which nobody
        can tell whose it is: asked for ticket by ticket, it is that one's."""
        ids = numbers(ticket_ids)
        ahead = TimeAhead({one: [] for one in ids}, int(self._api.session.now()))
        for batch in batches(ids):
            async for page in self._time_pages(batch):
                for row in page.rows:
                    if row.value is None:
                        raise Unreadable(
                            f"/time/entries: entry {row.id or '?'} cannot be read: {row.problems[0]}"
                        )
                    ahead.rows.setdefault(str(row.value.charge_to_id), []).append(row)
        return ahead

    async def conversation(self, ticket_id: str, ahead: TimeAhead | None = None) -> Conversation:
        """All notes and the time entries shown to the customer, ordered; the opening text left out.

        The opening text is the ticket's first public note if the PSA marks it as the issue, or if somebody
        other than staff wrote it within a minute of the ticket's creation (boards need not mark it). A later
        note with the mark stays: a merged ticket brings its own. Raises `NotThere` for a ticket that is not
        visible.
        """
        notes: list[NoteRecord] = []
        odd: list[Odd] = []
        issues: set[str] = set()
        read_at = 0
        path = f"{TICKETS}/{_number(ticket_id)}/notes"
        async for page in self._api.pages(path, NoteRow, NOTE_STRICT):
            read_at = read_at or page.began_at
            for place, row in enumerate(page.rows, 1):
                value = row.value
                if value is not None and value.ticket_id not in (None, int(ticket_id)):
                    continue  # a child's note among its parent's (seen in a public client)
                note = None if value is None else note_record(value, ticket_id, row.problems)
                if note is not None:
                    notes.append(note)
                    issues |= {note.note_id} if value.issue_flag else set()
                odd += odd_of(row, "notes", f"note {place}", ticket_id)
        if ahead is not None and ticket_id in ahead.rows:
            time, read_at = ahead.rows[ticket_id], min(read_at, ahead.read_at)
        else:
            time = [row async for page in self._time_pages([ticket_id]) for row in page.rows]
        for place, row in enumerate(time, 1):
            note = None if row.value is None else time_note(row.value, row.problems)
            notes += [note] if note is not None else []
            odd += odd_of(row, "time", f"time entry {place}", ticket_id)
        ordered = in_order(notes)
        opening = await self._opening(ticket_id, ordered, issues)
        said = tuple(note for note in ordered if note is not opening)
        files = await files_for(said, lambda: self.files(ticket_id))
        return Conversation(ticket_id, said, read_at, tuple(odd), *files)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's documents, as the vendor's description of `/service/tickets/{id}/documents` says to ask; the
        API does not say with which note one came."""
        query = query_of(recordType="Ticket", recordId=_number(ticket_id), pageSize=str(PAGE_SIZE))
        answer = await self._api.get("/system/documents", query)
        rows = [read_row(raw, DocumentRow, frozenset({"id"})) for raw in answer.decode(list[msgspec.Raw])]
        return tuple(document(row.value, row.problems) for row in rows if row.value is not None)

    async def _opening(
        self, ticket_id: str, notes: Iterable[NoteRecord], issues: set[str]
    ) -> NoteRecord | None:
        first = next((note for note in notes if note.public and note.time_id is None), None)
        if first is None or first.note_id in issues:
            return first
        if first.speaker == "staff":
            return None  # no harm as a note, and perhaps our own first answer to a ticket without a text
        opened = self._opened.get(ticket_id)
        if opened is None:
            answer = await self._api.get(f"{TICKETS}/{ticket_id}", f"fields={fields_of(_OpenedRow)}")
            info = answer.decode(_OpenedRow).info
            opened = seconds(info.date_entered if info else None, "$._info.dateEntered", [])
            if opened is not None:
                self._opened[ticket_id] = opened
        return first if opened is not None and first.created_at <= opened + OPENING else None

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries of those tickets, about 100 tickets a request."""
        entries: list[TimeRecord] = []
        odd: list[Odd] = []
        read_at = 0
        for batch in batches(numbers(ticket_ids)):
            async for page in self._time_pages(batch):
                read_at = read_at or page.began_at
                for place, row in enumerate(page.rows, 1):
                    if row.value is not None:
                        entries.append(time_record(row.value, row.problems))
                    whose = None if row.value is None else str(row.value.charge_to_id)
                    odd += odd_of(row, "time", f"time entry {place}", whose)
        return TimeEntries(tuple(ticket_ids), tuple(entries), read_at, tuple(odd))

    def _time_pages(self, tickets: Sequence[str]) -> AsyncIterator[RowPage]:
        wanted = f'chargeToType="ServiceTicket" and {one_of("chargeToId", tickets)}'
        return self._api.pages("/time/entries", TimeRow, TIME_STRICT, wanted)


# ---------------------------------------------------------------- small things


def _holds(scope: Resolved, row: _ScopeRow) -> bool:
    if row.record_type not in (None, "ServiceTicket"):
        return False
    if scope.scope.kind in ("mine", "owner") and id_of(row.owner) == scope.id:
        return True  # most of them; what `Resolved.holds` says too
    ticket = TicketRecord(
        ticket_id=str(row.id),
        number=str(row.id),
        owner_id=id_of(row.owner),
        resources=",".join(names(row.resources)),
        board_id=id_of(row.board),
        team_id=id_of(row.team),
    )
    return scope.holds(ticket)


def _all_of(*conditions: str) -> str:
    return " and ".join(one for one in conditions if one)


def _number(ticket_id: str) -> str:
    if not numbers([ticket_id]):
        raise NotThere(f"“{ticket_id}” is no id of a ConnectWise ticket")
    return ticket_id
