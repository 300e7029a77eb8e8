"""A PSA in memory that speaks the connector's protocol: for what no simulator over a socket will do on demand.

It keeps tickets, notes and time entries, stamps what changes with its own clock, and counts requests. Faults
are put in from outside: `fail_on_page`, `hidden` (neither there nor gone), `odd`, `lists` (a false id list).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec

from connectors.contract import (
    TICKET_FIELDS,
    Applied,
    Capabilities,
    Choice,
    ChoiceContext,
    ConnectorError,
    Conversation,
    Fetched,
    Fix,
    Identity,
    IdList,
    NoteRecord,
    NotThere,
    NotVisible,
    Odd,
    Page,
    Resolved,
    Scope,
    Step,
    TicketRecord,
    TimeEntries,
    TimeRecord,
    Tombstone,
    UnknownName,
    Unsupported,
)

EPOCH = 1_795_000_000


class FakePsa:
    """The connector of one account. `ours` is the member whose queue it is."""

    psa = "fake"
    title = "Fake PSA"

    def __init__(
        self, *, ours: str = "jdoe", page_size: int = 3, note_moves_ticket: bool | None = True
    ) -> None:
        self.capabilities = Capabilities(
            fields=frozenset(TICKET_FIELDS),
            flag=True,
            code_on_ticket=True,
            code_on_time=True,
            code_name="Work type",
            writes=frozenset(),
            undoable=frozenset(),
            note_moves_ticket=note_moves_ticket,
            page_size=page_size,
        )
        self.ours = ours
        self.clock = EPOCH
        self.requests = 0
        self.asked: Counter[str] = Counter()
        self.rows: dict[str, TicketRecord] = {}
        self.notes: dict[str, list[NoteRecord]] = {}
        self.time: dict[str, list[TimeRecord]] = {}
        self.tombstones: dict[str, Tombstone] = {}
        self.hidden: set[str] = set()
        self.odd: dict[str, str] = {}
        self.offered: dict[str, tuple[Choice, ...]] = {}
        self.errors: dict[str, ConnectorError] = {}
        self.fail_on_page: tuple[int, BaseException] | None = None
        self.lists: IdList | None = None
        self.conversations_read: list[str] = []

    # ------------------------------------------------ what happens at the PSA

    def tick(self, seconds: int = 60) -> int:
        self.clock += seconds
        return self.clock

    def add(self, ticket_id: str, **fields: object) -> None:
        now = self.tick(1)
        base = {
            "ticket_id": ticket_id,
            "number": ticket_id,
            "summary": f"Ticket {ticket_id}",
            "board_id": "1",
            "board": "Help Desk",
            "status": "New",
            "owner_id": "12",
            "owner": self.ours,
            "created_at": now,
            "updated_at": now,
        }
        self.rows[ticket_id] = msgspec.convert(base | fields, TicketRecord)
        self.notes.setdefault(ticket_id, [])

    def change(self, ticket_id: str, **fields: object) -> None:
        self.tick()
        row = msgspec.structs.replace(self.rows[ticket_id], updated_at=self.clock, **fields)
        self.rows[ticket_id] = row

    def say(self, ticket_id: str, text: str, *, speaker: str = "customer", public: bool = True) -> None:
        self.tick()
        number = sum(len(notes) for notes in self.notes.values()) + 1
        note = NoteRecord(
            note_id=str(number),
            ticket_id=ticket_id,
            created_at=self.clock,
            author=speaker.title(),
            speaker=speaker,  # type: ignore[arg-type]
            public=public,
            text=text,
        )
        self.notes[ticket_id] = [*self.notes[ticket_id], note]
        if self.capabilities.note_moves_ticket:
            self.change(ticket_id)

    def log_time(self, ticket_id: str, hours: float, code: str | None = None) -> None:
        number = sum(len(entries) for entries in self.time.values()) + 1
        entry = TimeRecord(
            time_id=str(number), ticket_id=ticket_id, member=self.ours, hours=hours, billing_code=code
        )
        self.time.setdefault(ticket_id, []).append(entry)
        if self.capabilities.note_moves_ticket:
            self.change(ticket_id)

    def delete(self, ticket_id: str) -> None:
        del self.rows[ticket_id]
        self.tombstones[ticket_id] = Tombstone(ticket_id, "deleted")

    def merge(self, ticket_id: str, into: str) -> None:
        del self.rows[ticket_id]
        self.tombstones[ticket_id] = Tombstone(ticket_id, "merged", into)

    # ------------------------------------------------ the protocol

    async def close(self) -> None:
        pass

    def _count(self, verb: str) -> None:
        self.requests += 1
        self.asked[verb] += 1
        if verb in self.errors:
            raise self.errors[verb]

    async def verify(self) -> Identity:
        self._count("verify")
        return Identity("12", self.ours, "J. Doe", "1.0")

    async def resolve(self, scope: Scope) -> Resolved:
        self._count("resolve")
        if scope.kind == "mine":
            return Resolved(scope, "12", self.ours)
        if scope.kind == "board" and scope.name == "Help Desk":
            return Resolved(scope, "1", "Help Desk")
        if scope.kind == "all":
            return Resolved(scope, None, None)
        raise UnknownName(f"There is no active {scope.kind} named {scope.name!r}.", hint="Check the scope.")

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        rows = sorted(self._visible(), key=lambda row: (row.updated_at or 0, row.ticket_id))
        if since is None:
            rows = [
                row
                for row in rows
                if scope.holds(row)
                and (not row.closed or max(row.closed_at or 0, row.updated_at or 0) >= closed_after)
            ]
        else:
            rows = [row for row in rows if (row.updated_at or 0) >= int(since)]
        size = self.capabilities.page_size
        cursor = str(self.clock)
        for number, start in enumerate(range(0, max(len(rows), 1), size), 1):
            self._count("tickets")
            if self.fail_on_page is not None and self.fail_on_page[0] == number:
                raise self.fail_on_page[1]
            part = rows[start : start + size]
            yield Page(
                tickets=tuple(row for row in part if row.ticket_id not in self.odd),
                odd=tuple(self._odd(row.ticket_id) for row in part if row.ticket_id in self.odd),
                cursor=cursor if start + size >= len(rows) else None,
                read_at=self.clock,
                expected=len(rows),
            )

    async def ticket_ids(self, scope: Resolved) -> IdList:
        self._count("ticket_ids")
        if self.lists is not None:
            return self.lists
        ids = frozenset(row.ticket_id for row in self._visible() if scope.holds(row) and not row.closed)
        return IdList(ids, len(ids))

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        self._count("fetch")
        visible = {row.ticket_id: row for row in self._visible()}
        return Fetched(
            tickets=tuple(visible[one] for one in ids if one in visible and one not in self.odd),
            gone=tuple(self.tombstones[one] for one in ids if one in self.tombstones),
            not_visible=tuple(
                NotVisible(one) for one in ids if one not in visible and one not in self.tombstones
            ),
            odd=tuple(self._odd(one) for one in ids if one in visible and one in self.odd),
            read_at=self.clock,
        )

    async def conversation(self, ticket_id: str) -> Conversation:
        self._count("conversation")
        self.conversations_read.append(ticket_id)
        if ticket_id not in self.rows:
            raise NotThere(f"No ticket {ticket_id}.")
        return Conversation(ticket_id, tuple(self.notes[ticket_id]), self.clock)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        self._count("time_entries")
        entries = tuple(entry for one in ticket_ids for entry in self.time.get(one, []))
        return TimeEntries(tuple(ticket_ids), entries, self.clock)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        self._count(f"choices:{kind}")
        found = self.offered.get(kind, ())
        return tuple(one for one in found if not context.ids or one.id in context.ids)

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        raise Unsupported("This PSA takes no changes.")

    async def apply(self, step: Step, version: str | None) -> Applied:
        raise Unsupported("This PSA takes no changes.")

    def _visible(self) -> list[TicketRecord]:
        return [row for row in self.rows.values() if row.ticket_id not in self.hidden]

    def _odd(self, ticket_id: str) -> Odd:
        return Odd("tickets", ticket_id, "$.status.id", self.odd[ticket_id], ticket_id)
