"""Tickets that a member of ConnectWise PSA has by a schedule entry alone, without being owner or resource.

Source: field reports and generated clients: schedule entries of type `S`, not done, whose `objectId` is the
ticket. Who is assigned that way is added to `TicketRecord.resources`. `dateEnd` and `dateStart` of the same entries are
the ticket's appointments: of the scope's member, as no others are read. A change of an entry need not move the ticket's
date, so a ticket whose appointments changed is asked for again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from connectors.connectwise.api import batches, one_of
from connectors.connectwise.wire import Reference, Wire
from connectors.contract import Resolved, TicketRecord, Unreadable
from connectors.rows import seconds

if TYPE_CHECKING:
    from connectors.connectwise.api import Api

_OPEN = 'type/identifier="S" and doneFlag=false'


class _EntryRow(Wire, frozen=True, kw_only=True):
    id: int
    object_id: int | None = None
    member: Reference | None = None
    date_start: str | None = None
    date_end: str | None = None


class Dispatch:
    """What is known of schedule entries: all of the scope's member, or those of tickets asked for by id."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._who: dict[str, set[str]] = {}
        """Ticket -> identifiers of members with an open entry on it."""
        self._until: dict[str, int] = {}
        """Ticket -> end (else begin) of the last of those entries."""
        self._moved: set[str] = set()
        """Tickets whose appointments changed since they were read."""
        self._complete = False
        """All entries that the scope needs have been read."""
        self._plain: set[str] = set()
        """Tickets that name those members as owner or resource too."""

    async def read(self, scope: Resolved) -> None:
        """All entries of the scope's member. Raises `Forbidden` where that is not allowed: a queue without
        them would be silently short."""
        found: dict[str, set[str]] = {}
        until: dict[str, int] = {}
        if scope.scope.kind in ("mine", "owner"):
            async for page in self._entries(f"{_OPEN} and member/id={scope.id}"):
                for ticket, _, ends in page:
                    found[ticket] = {scope.name or ""}
                    until[ticket] = max(until.get(ticket, 0), ends)
        if self._complete:
            self._moved |= {
                one for one in self._until | until if self._until.get(one, 0) != until.get(one, 0)
            }
        self._who, self._until, self._complete = found, until, True

    async def read_of(self, ticket_ids: Sequence[str]) -> None:
        """Entries of those tickets, where no scope has been read yet (a process that only sends a fix)."""
        if self._complete:
            return
        for batch in batches([one for one in ticket_ids if one not in self._who]):
            self._who |= {ticket: set() for ticket in batch}
            async for page in self._entries(f"{_OPEN} and {one_of('objectId', batch)}"):
                for ticket, member, ends in page:
                    self._who.setdefault(ticket, set()).add(member)
                    self._until[ticket] = max(self._until.get(ticket, 0), ends)

    @property
    def tickets(self) -> list[str]:
        """Tickets with an open entry of the scope's member, in order."""
        return sorted((ticket for ticket, who in self._who.items() if who), key=int)

    @property
    def only(self) -> list[str]:
        """The same without those known to name the member anyway, and those whose appointments changed."""
        unknown = {ticket for ticket in self.tickets if ticket not in self._plain}
        return sorted(unknown | self._moved, key=int)

    def added(self, ticket: TicketRecord) -> TicketRecord:
        """The ticket with the dispatched members among its resources, and with the end of its appointments."""
        until = self._until.get(ticket.ticket_id, 0) or None
        if until is not None:
            ticket = msgspec.structs.replace(ticket, scheduled_until=until)
        who = self._who.get(ticket.ticket_id)
        if not who:
            return ticket
        assigned = ticket.resources.split(",") if ticket.resources else []
        known = {name.casefold() for name in (*assigned, ticket.owner or "")}
        missing = sorted(name for name in who if name.casefold() not in known)
        if not missing:
            self._plain.add(ticket.ticket_id)
            return ticket
        self._plain.discard(ticket.ticket_id)
        return msgspec.structs.replace(ticket, resources=",".join([*assigned, *missing]))

    def read_again(self, ticket_ids: Sequence[str]) -> None:
        """Those of `only` have been asked for, whether or not they came."""
        self._moved -= set(ticket_ids)

    async def _entries(self, conditions: str) -> AsyncIterator[list[tuple[str, str, int]]]:
        """By page (ticket, identifier of the member, end or begin; 0 where neither can be read) of each entry."""
        every = frozenset({"id", "objectId", "member"})
        async for page in self._api.pages("/schedule/entries", _EntryRow, every, conditions):
            entries = []
            for row in page.rows:
                if row.value is None:
                    where, problem = row.problems[0]
                    raise Unreadable(
                        f"/schedule/entries: entry {row.id or '?'}: {where}: {problem}",
                        hint="Without it nothing says which tickets are assigned by the schedule.",
                    )
                member = row.value.member
                if row.value.object_id and member is not None:
                    ends = seconds(row.value.date_end or row.value.date_start, "$.dateEnd", row.problems)
                    entries.append(
                        (str(row.value.object_id), member.identifier or member.name or "", ends or 0)
                    )
            yield entries
