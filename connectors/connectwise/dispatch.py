"""Tickets that a member of ConnectWise PSA has by a schedule entry alone, without being owner or resource.

Source: field reports and generated clients: schedule entries of type `S`, not done, whose `objectId` is the
ticket. Who is assigned that way is added to `TicketRecord.resources`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from connectors.connectwise.api import batches, one_of
from connectors.connectwise.wire import Reference, Wire
from connectors.contract import Resolved, TicketRecord, Unreadable

if TYPE_CHECKING:
    from connectors.connectwise.api import Api

_OPEN = 'type/identifier="S" and doneFlag=false'


class _EntryRow(Wire, frozen=True, kw_only=True):
    id: int
    object_id: int | None = None
    member: Reference | None = None


class Dispatch:
    """What is known of schedule entries: all of the scope's member, or those of tickets asked for by id."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._who: dict[str, set[str]] = {}
        """Ticket -> identifiers of members with an open entry on it."""
        self._complete = False
        """All entries that the scope needs have been read."""
        self._plain: set[str] = set()
        """Tickets that name those members as owner or resource too."""

    async def read(self, scope: Resolved) -> None:
        """All entries of the scope's member. Raises `Forbidden` where that is not allowed: a queue without
        them would be silently short."""
        found: dict[str, set[str]] = {}
        if scope.scope.kind in ("mine", "owner"):
            async for ticket, _ in self._entries(f"{_OPEN} and member/id={scope.id}"):
                found[ticket] = {scope.name or ""}
        self._who, self._complete = found, True

    async def read_of(self, ticket_ids: Sequence[str]) -> None:
        """Entries of those tickets, where no scope has been read yet (a process that only sends a fix)."""
        if self._complete:
            return
        for batch in batches([one for one in ticket_ids if one not in self._who]):
            self._who |= {ticket: set() for ticket in batch}
            async for ticket, member in self._entries(f"{_OPEN} and {one_of('objectId', batch)}"):
                self._who.setdefault(ticket, set()).add(member)

    @property
    def tickets(self) -> list[str]:
        """Tickets with an open entry of the scope's member, in order."""
        return sorted((ticket for ticket, who in self._who.items() if who), key=int)

    @property
    def only(self) -> list[str]:
        """The same without those known to name the member anyway."""
        return [ticket for ticket in self.tickets if ticket not in self._plain]

    def added(self, ticket: TicketRecord) -> TicketRecord:
        """The ticket with the dispatched members among its resources."""
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

    async def _entries(self, conditions: str) -> AsyncIterator[tuple[str, str]]:
        """(ticket, identifier of the member) of each entry."""
        every = frozenset({"id", "objectId", "member"})
        async for page in self._api.pages("/schedule/entries", _EntryRow, every, conditions):
            for row in page.rows:
                if row.value is None:
                    where, problem = row.problems[0]
                    raise Unreadable(
                        f"/schedule/entries: entry {row.id or '?'}: {where}: {problem}",
                        hint="Without it nothing says which tickets are assigned by the schedule.",
                    )
                member = row.value.member
                if row.value.object_id and member is not None:
                    yield str(row.value.object_id), member.identifier or member.name or ""
