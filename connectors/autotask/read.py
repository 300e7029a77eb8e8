"""Reading Autotask: tickets, ids, conversations and time, complete or an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING

from connectors.autotask.api import Filter, RowPage, any_of, batches, numbers, one_of, where
from connectors.autotask.names import Wanted
from connectors.autotask.records import (
    COMPLETE,
    attachment,
    in_order,
    note_record,
    stamp,
    ticket_record,
    time_note,
    time_record,
)
from connectors.autotask.scope import conditions
from connectors.autotask.wire import (
    NOTE_STRICT,
    TICKET_STRICT,
    TIME_STRICT,
    AttachmentRow,
    NoteRow,
    ScopeRow,
    SecondaryRow,
    TicketRow,
    TimeRow,
)
from connectors.contract import (
    Attachment,
    Conversation,
    Fetched,
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
from connectors.rows import Row, odd_of, seconds

if TYPE_CHECKING:
    from connectors.autotask.api import Api
    from connectors.autotask.names import Names

OVERLAP = 300
"""Seconds that are read again: a change may become visible after a later one (replicas)."""

OPEN = where("noteq", "status", COMPLETE)


class Reader:
    """Reads one database. `mail_users`: user names of resources whose notes may be anybody's."""

    def __init__(self, api: Api, names: Names, mail_users: Collection[str] = ()) -> None:
        self._api = api
        self._names = names
        self._mail_users = {one.strip().casefold() for one in mail_users}

    # ------------------------------------------------------------ tickets

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """See the contract. The cursor is the server's time when the first page was asked for, less an overlap; of a
        server that says no time it is that of the newest change."""
        position = None if since is None else _position(since)
        if position is None:
            parts = conditions(scope, await self._secondary_of(scope))
            recent = _changed("gte", closed_after)
            streams = [[OPEN, *([part] if part else [])] for part in parts]
            streams += [
                [where("eq", "status", COMPLETE), recent, *([part] if part else [])] for part in parts
            ]
            expected = await self._api.count("Tickets", *streams[0])
        else:
            streams, expected = [[_changed("gt", position)]], None
        started: int | None = None
        newest, read_at, pages = 0, 0, 0
        for wanted in streams:
            async for page in self._api.pages("Tickets", TicketRow, *wanted, strict=TICKET_STRICT):
                if not pages:
                    started, read_at = page.server_at, page.began_at
                pages += 1
                tickets, odd = await self._records(page, f"page {pages}")
                newest = max([newest, *(ticket.updated_at or 0 for ticket in tickets)])
                if position is None:
                    tickets = [ticket for ticket in tickets if scope.holds(ticket)]
                yield Page(tuple(tickets), tuple(odd), read_at=page.began_at, expected=expected)
        until = started if started is not None else newest
        cursor = stamp(max(until - OVERLAP, position or 0)) if until else since
        yield Page((), cursor=cursor or stamp(0), read_at=read_at, expected=expected)

    async def _records(self, page: RowPage, place: str) -> tuple[list[TicketRecord], list[Odd]]:
        rows = [row.value for row in page.rows if row.value is not None]
        if rows:
            await self._names.load()
            await self._names.of_rows(
                Wanted(
                    companies={row.company_id for row in rows if row.company_id is not None},
                    sites={row.company_location_id for row in rows if row.company_location_id},
                    contracts={row.contract_id for row in rows if row.contract_id},
                    contacts={row.contact_id for row in rows if row.contact_id},
                )
            )
        also = await self._secondary_on([row.id for row in rows])
        web = (await self._api.zone()).web
        tickets: list[TicketRecord] = []
        odd: list[Odd] = []
        for number, row in enumerate(page.rows, 1):
            if row.value is not None:
                tickets.append(
                    ticket_record(row.value, row.problems, self._names, also.get(row.value.id, ()), web)
                )
            odd += odd_of(row, "tickets", f"{place}, row {number}")
        return tickets, odd

    async def _secondary_on(self, tickets: Sequence[int]) -> dict[int, set[int]]:
        """Ticket -> resources that it has besides the first one."""
        found: dict[int, set[int]] = {}
        for row in await self._api.rows_in("TicketSecondaryResources", SecondaryRow, "ticketID", tickets):
            found.setdefault(row.ticket_id, set()).add(row.resource_id)
        return found

    async def _secondary_of(self, scope: Resolved) -> set[int]:
        """Tickets that the scope's resource has besides; closed ones too, for the assignment does not say."""
        if scope.scope.kind not in ("mine", "owner"):
            return set()
        wanted = where("eq", "resourceID", int(scope.id or 0))
        rows = await self._api.rows("TicketSecondaryResources", SecondaryRow, wanted)
        return {row.ticket_id for row in rows}

    # ------------------------------------------------------------ ids

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """Open tickets in the scope, and the PSA's own count of them."""
        count, ids = 0, set[str]()
        for part in conditions(scope, await self._secondary_of(scope)):
            wanted: list[Filter] = [OPEN, *([part] if part else [])]
            count += await self._api.count("Tickets", *wanted)
            async for page in self._api.pages("Tickets", ScopeRow, *wanted, only=("id",)):
                for row in page.rows:
                    if row.id is None:
                        raise Unreadable("Tickets/query: a row has no id that can be read")
                    if str(row.id) in ids:  # of an earlier part: first one assigned, and besides
                        count -= 1
                    ids.add(str(row.id))
        return IdList(frozenset(ids), count)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """See the contract. Deleted and hidden tickets look the same: never a tombstone."""
        tickets: list[TicketRecord] = []
        odd: list[Odd] = []
        known: set[str] = set()
        read_at = 0
        for batch in batches(numbers(ids)):
            async for page in self._api.pages(
                "Tickets", TicketRow, one_of("id", batch), strict=TICKET_STRICT
            ):
                read_at = read_at or page.began_at
                some, strange = await self._records(page, "asked for by id")
                tickets += some
                odd += strange
                known.update(str(row.id) for row in page.rows if row.id is not None)
        hidden = tuple(NotVisible(one) for one in dict.fromkeys(ids) if one not in known)
        return Fetched(tuple(tickets), (), hidden, tuple(odd), read_at)

    # ------------------------------------------------------------ conversation and time

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes, and the summaries of time entries. The opening text is the ticket's description, no note.

        Raises `NotThere` for what can be no ticket. A ticket that is not visible has no notes either: whoever asks has
        read it.
        """
        number = _number(ticket_id)
        rows: list[Row] = []
        read_at = 0
        wanted = where("eq", "ticketID", number)
        async for page in self._api.pages("TicketNotes", NoteRow, wanted, strict=NOTE_STRICT):
            read_at = read_at or page.began_at
            rows += page.rows
        times = [row async for page in self._time_pages([number]) for row in page.rows]
        await self._names.load()
        authors = {row.value.created_by_contact_id for row in rows if row.value is not None} - {None, 0}
        await self._names.of_contacts(one for one in authors if one not in self._names.contacts)
        mail_users = {
            one.id for one in self._names.resources.values() if any(map(one.is_called, self._mail_users))
        }
        notes: list[NoteRecord] = []
        odd: list[Odd] = []
        for place, row in enumerate(rows, 1):
            note = (
                None if row.value is None else note_record(row.value, row.problems, self._names, mail_users)
            )
            notes += [note] if note is not None else []
            odd += odd_of(row, "notes", f"note {place}", ticket_id)
        for place, row in enumerate(times, 1):
            note = None if row.value is None else time_note(row.value, row.problems, self._names)
            notes += [note] if note is not None else []
            odd += odd_of(row, "time", f"time entry {place}", ticket_id)
        files = await files_for(notes, lambda: self.files(ticket_id))
        return Conversation(ticket_id, in_order(notes), read_at, tuple(odd), *files)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's attachments; those that came with a mail are not on its note (our inference)."""
        wanted = where("eq", "parentID", _number(ticket_id))
        pages = self._api.pages("TicketAttachments", AttachmentRow, wanted)
        rows = [row async for page in pages for row in page.rows if row.value is not None]
        await self._names.load()
        senders = {row.value.attached_by_contact_id for row in rows} - {None, 0}
        await self._names.of_contacts(one for one in senders if one not in self._names.contacts)
        return tuple(attachment(row.value, row.problems, self._names) for row in rows)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries of those tickets, 400 tickets a request. Without the right to see them, those that are not
        billable are left out by the PSA without a word."""
        entries: list[TimeRecord] = []
        odd: list[Odd] = []
        read_at = 0
        await self._names.load()
        for batch in batches(numbers(ticket_ids)):
            async for page in self._time_pages(batch):
                read_at = read_at or page.began_at
                for place, row in enumerate(page.rows, 1):
                    if row.value is not None:
                        entries.append(time_record(row.value, row.problems, self._names))
                    whose = None if row.value is None else str(row.value.ticket_id)
                    odd += odd_of(row, "time", f"time entry {place}", whose)
        return TimeEntries(tuple(ticket_ids), tuple(entries), read_at, tuple(odd))

    def _time_pages(self, tickets: Sequence[int]) -> AsyncIterator[RowPage]:
        return self._api.pages("TimeEntries", TimeRow, one_of("ticketID", tickets), strict=TIME_STRICT)


def _changed(op: str, when: int) -> Filter:
    """Either date moved. Whether a note moves the first is not established, so both are asked."""
    text = stamp(when)
    return any_of(where(op, "lastTrackedModificationDateTime", text), where(op, "lastActivityDate", text))


def _position(cursor: str) -> int:
    """A cursor as UTC seconds; raises `Unreadable` for a damaged one."""
    when = seconds(cursor, "cursor", [])
    if when is None:
        raise Unreadable(
            f"the saved position “{cursor}” is no time", hint="`deskzero sync --full` reads anew."
        )
    return when


def _number(ticket_id: str) -> int:
    found = numbers([ticket_id])
    if not found:
        raise NotThere(f"“{ticket_id}” is no id of an Autotask ticket")
    return found[0]
