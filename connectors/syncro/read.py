"""Reading Syncro: tickets, ids, conversations and time, complete or an error."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

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
from connectors.syncro.api import stamp
from connectors.syncro.records import CLOSED, attachment, note_record, opens, ticket_record, time_record
from connectors.syncro.wire import (
    COMMENT_STRICT,
    TICKET_STRICT,
    TIMER_STRICT,
    CommentRow,
    ContactRow,
    Detail,
    DetailAnswer,
    TicketRow,
    TimerRow,
)
from connectors.together import together

if TYPE_CHECKING:
    from connectors.syncro.api import Api, RowPage
    from connectors.syncro.choices import Lists

TICKETS = "/tickets"
OPEN = "Not Closed"
"""The status filter for open tickets (vendor's OpenAPI file)."""
OVERLAP = 300
"""Seconds that are read again: a change may become visible after a later one."""
CONTACT_FRESH = 1800.0
"""Seconds for which a contact's phone and mail are not asked for again in a round."""
CARD_FRESH = 5.0
"""The same where tickets are asked for by id, perhaps to compare before and after a write."""
PER_PAGE = "100"
"""Comments a page that are asked for; what comes is told by the answer."""


_CARD = frozenset({"id"})


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
        """The newest change as a cursor, less the overlap, never later than when we began and never behind
        `since`."""
        if not self.when and since is not None:
            return since
        until = min(self.when, started) if self.when else started
        return Position(max(until - OVERLAP, since.when if since else 0), self.ticket_id)


class _About(NamedTuple):
    """What is remembered of a ticket: its number, creation and contact's name."""

    number: str
    created_at: int | None
    contact: str


class Reader:
    """Reads one account."""

    def __init__(self, api: Api, lists: Lists, system: Sequence[str]) -> None:
        self._api = api
        self._lists = lists
        self._system = frozenset(name.strip().casefold() for name in system)
        self._known: dict[str, _About] = {}
        self._contacts: dict[int, tuple[float, ContactRow | None]] = {}
        self.sees_contacts = True
        """Set by the connector once it has found out."""

    # ------------------------------------------------------------ tickets

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """See the contract. What `since_updated_at` gives is looked at again here: it may be cut to a day."""
        position = None if since is None else Position.of(since)
        newest, started, pages = Position(0), 0, 0
        given: dict[str, int] = {}
        for params, least in self._streams(scope, position, closed_after):
            brought: dict[str, TicketRecord] = {}
            async for page in self._pages(params):
                started = started or page.began_at
                pages += 1
                tickets, odd = await self._records(page, scope, f"page {pages}")
                brought |= {ticket.ticket_id: ticket for ticket in tickets}
                newest = max([newest, *(Position(t.updated_at or 0, t.ticket_id) for t in tickets)])
                kept = [
                    ticket
                    for ticket in tickets
                    if (least is None or (ticket.updated_at or least) >= least)
                    and (
                        position is not None
                        or (scope.holds(ticket) and (least is not None or not ticket.closed))
                    )
                ]
                yield Page(tuple(kept), odd, read_at=page.began_at)
                if least is None:
                    given |= {ticket.ticket_id: ticket.updated_at or 0 for ticket in kept}
            if position is None and least is not None:
                await self._understood(scope, given, brought, least)
        if position is not None and position.ticket_id and newest.ticket_id == "":
            await self._comes_again(position)
        ahead = round(self._api.session.clock_ahead)
        cursor = str(newest.behind((started or int(time.time())) + ahead, position))
        yield Page((), cursor=cursor, read_at=started or int(time.time()))

    def _streams(
        self, scope: Resolved, since: Position | None, closed_after: int
    ) -> tuple[tuple[dict[str, str], int | None], ...]:
        """Parameters, and the least `updated_at` of what is wanted (`None`: any), read one after the other."""
        if since is not None:
            return (({"since_updated_at": stamp(since.when)}, since.when),)
        ours = _ours(scope)
        recent = {"since_updated_at": stamp(closed_after - 1)}
        return (({"status": OPEN, **ours}, None), ({**recent, **ours}, closed_after))

    async def _understood(
        self, scope: Resolved, given: dict[str, int], brought: dict[str, TicketRecord], least: int
    ) -> None:
        """That nothing is open or has changed, and that the server does not understand how we ask, must not
        look the same. An open ticket that changed since `least` has to be in both lists of a full pull; one that
        is not is read again, for it may have left the scope in between."""
        missing = next((one for one, when in given.items() if when >= least and one not in brought), None)
        ticket = None if missing is None else await self._changed(missing)
        if ticket is not None and scope.holds(ticket):
            raise Unreadable(
                "Syncro does not give what changed since a date-time (`since_updated_at`): changes would be missed",
                hint="Report this with the name of your Syncro region; nothing of it is taken as complete.",
            )
        stray = next((one for one, row in brought.items() if scope.holds(row) and not row.closed), None)
        ticket = None if stray is None or given else await self._changed(stray)
        if ticket is not None and scope.holds(ticket) and not ticket.closed:
            raise Unreadable(
                f"Syncro does not give open tickets by the status filter “{OPEN}”: there are some",
                hint="Report this with the name of your Syncro region; nothing of it is taken as complete.",
            )

    async def _comes_again(self, position: Position) -> None:
        """The ticket that set the cursor lies within the overlap: if it is still there, it has to be given."""
        ticket = await self._changed(position.ticket_id)
        if ticket is not None and (ticket.updated_at or 0) >= position.when:
            raise Unreadable(
                "Syncro did not give a ticket that has changed since the last round (`since_updated_at`)",
                hint="`deskzero sync --full` reads anew; if it stays, report it.",
            )

    async def _changed(self, ticket_id: str) -> TicketRecord | None:
        return next(iter((await self.fetch([ticket_id])).tickets), None)

    async def _records(
        self, page: RowPage, scope: Resolved | None, place: str
    ) -> tuple[list[TicketRecord], tuple[Odd, ...]]:
        """The page's tickets; those in the scope (`None`: all) with their contact's phone and mail, which is
        a request for each contact not lately seen."""
        rows = [row for row in page.rows if row.value is not None]
        wanted = {
            row.value.contact_id
            for row in rows
            if row.value.contact_id is not None and (scope is None or _may_hold(scope, row.value))
        }
        contacts = await self._reach(wanted)
        tickets = [self.record(row, contacts.get(row.value.contact_id)) for row in rows]
        odd = [
            one for at, row in enumerate(page.rows, 1) for one in odd_of(row, "tickets", f"{place}, row {at}")
        ]
        return tickets, tuple(odd)

    def record(self, row: Row, contact: ContactRow | None) -> TicketRecord:
        """The row as a record (problems with its dates are added to the row's)."""
        ticket = ticket_record(row.value, row.problems, self._api.site, contact)
        self._known[ticket.ticket_id] = _About(ticket.number, ticket.created_at, ticket.contact or "")
        return ticket

    async def _reach(
        self, ids: set[int], fresh: float = CONTACT_FRESH
    ) -> dict[int | None, ContactRow | None]:
        """Contacts by id; `None` for one that is not there (any more). `fresh`: seconds for which one is not asked for
        again."""
        if not self.sees_contacts:
            return {}
        now = time.monotonic()
        stale = [one for one in ids if one not in self._contacts or now - self._contacts[one][0] > fresh]
        await together(self._contact(one) for one in stale)
        return {one: self._contacts[one][1] for one in ids}

    async def _contact(self, key: int) -> None:
        asked = time.monotonic()
        try:
            answer = await self._api.get(f"/contacts/{key}")
        except (NotThere, Forbidden):
            self._contacts[key] = (asked, None)
            return
        self._contacts[key] = (asked, read_row(answer.decode(msgspec.Raw), ContactRow, _CARD).value)

    async def card(self, key: int) -> tuple[ContactRow, dict[str, Any]]:
        """A contact, read now, and all that its card says. Raises `NotThere`, `Forbidden`, `Unreadable`."""
        asked = time.monotonic()
        answer = await self._api.get(f"/contacts/{key}")
        card = answer.decode(ContactRow)
        self._contacts[key] = (asked, card)
        return card, answer.decode(dict[str, Any])

    def forget_contact(self, key: int) -> None:
        """Something was written to its card: nothing remembered of it counts."""
        self._contacts.pop(key, None)

    # ------------------------------------------------------------ ids

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """Open tickets in the scope. Syncro tells the number of pages and not that of tickets: the count is ours."""
        ids: dict[str, bool] = {}
        async for page in self._pages({"status": OPEN, **_ours(scope)}):
            for row in page.rows:
                if row.id is None:
                    raise Unreadable(f"{TICKETS}: a row has no id that can be read")
                value = row.value
                gone = value is not None and (
                    value.status.casefold() in CLOSED or not _may_hold(scope, value)
                )
                ids[str(row.id)] = not gone
        found = frozenset(one for one, here in ids.items() if here)
        return IdList(found, len(found))

    def _pages(self, params: dict[str, str]) -> AsyncIterator[RowPage]:
        return self._api.pages(TICKETS, "tickets", TicketRow, TICKET_STRICT, params)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """See the contract. A ticket by itself lacks the customer's mark, the contract and the parent, so it is
        asked for by its number in the list. A 404 is never a tombstone: Syncro says it for hidden ones too."""
        wanted = list(dict.fromkeys(ids))
        read_at = int(time.time())
        found = await together(self._row(one) for one in wanted)
        named = {row.value.contact_id for row in found if row is not None and row.value is not None}
        contacts = await self._reach(named - {None}, CARD_FRESH)
        tickets: list[TicketRecord] = []
        hidden: list[NotVisible] = []
        odd: list[Odd] = []
        for one, row in zip(wanted, found, strict=True):
            if row is None:
                hidden.append(NotVisible(one))
                continue
            if row.value is not None:
                tickets.append(self.record(row, contacts.get(row.value.contact_id)))
            odd += odd_of(row, "tickets", "a ticket asked for by id")
        return Fetched(tuple(tickets), (), tuple(hidden), tuple(odd), read_at)

    async def _row(self, ticket_id: str) -> Row | None:
        about = self._known.get(ticket_id)
        if about is not None:
            row = await self._numbered(about.number, ticket_id)
            if row is not None:
                return row
        detail = await self.detail(ticket_id)
        if detail is None:
            return None
        row = await self._numbered(str(detail.number), ticket_id)
        if row is None:
            raise Unreadable(f"{TICKETS}/{ticket_id} is there, but not in the list by its number")
        return row

    async def _numbered(self, number: str, ticket_id: str) -> Row | None:
        async for page in self._pages({"number": number}):
            for row in page.rows:
                if str(row.id) == ticket_id:
                    return row
        return None

    async def detail(self, ticket_id: str) -> Detail | None:
        """The ticket by itself, `None` where Syncro says "not there" or "not allowed"."""
        if not (ticket_id.isascii() and ticket_id.isdecimal()):
            return None
        try:
            return (await self._api.get(f"{TICKETS}/{ticket_id}")).decode(DetailAnswer).ticket
        except (NotThere, Forbidden):
            return None

    # ------------------------------------------------------------ conversation and time

    async def conversation(self, ticket_id: str) -> Conversation:
        """All comments, ordered; the opening text left out. Raises `NotThere` for a ticket that is not visible."""
        if ticket_id not in self._known:
            await self.fetch([ticket_id])
        about = self._known.get(ticket_id) or _About("", None, "")
        users = await self._lists.user_names()
        notes: dict[str, tuple[NoteRecord, CommentRow]] = {}
        odd: list[Odd] = []
        read_at = 0
        params = {"sort_by": "created_at", "sort_direction": "ASC", "per_page": PER_PAGE}
        path = f"{TICKETS}/{ticket_id}/comments"
        async for page in self._api.pages(path, "comments", CommentRow, COMMENT_STRICT, params):
            read_at = read_at or page.began_at
            for place, row in enumerate(page.rows, 1):
                note = None
                if row.value is not None:
                    note = note_record(
                        row.value,
                        ticket_id,
                        row.problems,
                        contact=about.contact,
                        users=users,
                        system=self._system,
                    )
                if note is not None:
                    notes[note.note_id] = (note, row.value)
                odd += odd_of(row, "notes", f"comment {place}", ticket_id)
        ordered = sorted(notes.values(), key=lambda pair: (pair[0].created_at, int(pair[0].note_id)))
        if ordered and opens(ordered[0][1], ordered[0][0].created_at, about.created_at):
            del ordered[0]
        said = tuple(note for note, _ in ordered)
        files = await files_for(said, lambda: self.files(ticket_id))
        return Conversation(ticket_id, said, read_at, tuple(odd), *files)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's files; no comment says which of them are its own."""
        detail = await self.detail(ticket_id)
        if detail is None:
            raise NotThere(f"GET {TICKETS}/{ticket_id}: not there, or not for us to see")
        return tuple(attachment(raw) for raw in detail.attachments or ())

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All timers of those tickets, one request for each: the list of all timers goes by creation only, so
        that a change of an older one would be missed."""
        wanted = list(dict.fromkeys(ticket_ids))
        read_at = int(time.time())
        details = await together(self.detail(one) for one in wanted)
        rows: list[tuple[str, Row, int]] = []
        for ticket_id, detail in zip(wanted, details, strict=True):
            for place, raw in enumerate(detail.ticket_timers if detail else (), 1):
                rows.append((ticket_id, read_row(raw, TimerRow, TIMER_STRICT), place))
        products = {
            str(row.value.product_id) for _, row, _ in rows if row.value and row.value.product_id is not None
        }
        users = await self._lists.user_names() if rows else {}
        codes = await self._lists.code_names(products)
        entries: list[TimeRecord] = []
        odd: list[Odd] = []
        for ticket_id, row, place in rows:
            if row.value is not None:
                entries.append(time_record(row.value, ticket_id, row.problems, users, codes))
            odd += odd_of(row, "time", f"timer {place}", ticket_id)
        return TimeEntries(tuple(wanted), tuple(entries), read_at, tuple(odd))


def _ours(scope: Resolved) -> dict[str, str]:
    """Parameters that bring the scope's tickets. There is no filter for ticket types: all are read then."""
    return {"user_id": scope.id or ""} if scope.scope.kind in ("mine", "owner") else {}


def _may_hold(scope: Resolved, row: TicketRow) -> bool:
    if scope.scope.kind == "board":
        return str(row.ticket_type_id) == scope.id
    return scope.scope.kind == "all" or str(row.user_id) == scope.id
