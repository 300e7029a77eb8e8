"""A PSA in memory that takes changes, for the write-back: ConnectWise's own plan, faults on demand.

`before`/`after` hooks run around each write; what they raise stands for the network. `writes` is the PSA's own
log of what it carried out: what the tests count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import text

from connectors.connectwise import plan as connectwise_plan
from connectors.contract import (
    TICKET_FIELDS,
    Applied,
    Capabilities,
    Choice,
    ChoiceContext,
    Conflict,
    ConnectorError,
    Fix,
    NoteRecord,
    Ref,
    Step,
    TicketRecord,
    TimeRecord,
    Value,
)
from store import cached
from store.cached import Roles
from store.changes import BY_NAME_ONLY, PLAIN, Outcome
from store.choices import load_choices
from store.database import Databases
from store.fixes import Intent, Prepared, ReadUpTo, prepare
from store.outbox import state_of, submit
from store.outbox_decide import drop, release, retry
from store.outbox_rows import Entry
from store.overlay import rebuild_overlay, settle
from store.sender import push
from store.settings import Connection, Settings
from store.sync import refresh_tickets, sync_connection
from store.undo import Undone, undo
from tests.store.fake_psa import FakePsa

Hook = Callable[[Step], None]

STATUSES = (
    ("16", "New", False, True),
    ("17", "In Progress", False, True),
    ("18", "Waiting Customer", False, True),
    ("19", "Customer Responded", False, True),
    ("20", "Completed", True, True),
    ("21", "Cancelled", True, False),
)
CONNECTION = Connection(
    name="acme",
    psa="fake",
    technician="jdoe",
    child_statuses=("Child Ticket",),
    responded_statuses=("Customer Responded",),
    answered_status="Waiting Customer",
    closing_statuses=("Completed",),
)
SETTINGS = Settings(connections={"acme": CONNECTION})


class MemoryPsa(FakePsa):
    """`FakePsa` that takes changes. Its clock is that of the server."""

    title = "Memory PSA"

    def __init__(self, *, conditional: bool = False, **more: Any) -> None:
        super().__init__(page_size=100, **more)
        writes = frozenset(connectwise_plan.PATHS) | {
            "custom",
            "entry_code",
            "reply",
            "note",
            "time",
            "attach",
            "detach",
        }
        self.capabilities = Capabilities(
            fields=frozenset(TICKET_FIELDS),
            flag=True,
            code_on_ticket=True,
            code_on_time=True,
            code_name="work type",
            writes=writes,
            undoable=writes - {"reply", "note", "time"},
            mails=frozenset({"reply"}),
            conditional_write=conditional,
            settling=5.0,
        )
        self.offered = {
            "status": tuple(
                Choice(kind="status", id=i, name=n, board_id="1", closed=c, accepts_time=t, position=p)
                for p, (i, n, c, t) in enumerate(STATUSES)
            ),
            "billing_code": (
                Choice(kind="billing_code", id="3", name="Remote Support"),
                Choice(kind="billing_code", id="4", name="On-site"),
                Choice(kind="billing_code", id="5", name="Old", active=False),
            ),
            "owner": (
                Choice(kind="owner", id="12", name="jdoe", detail="J. Doe"),
                Choice(kind="owner", id="13", name="asmith", detail="A. Smith"),
            ),
            "contact": (
                Choice(kind="contact", id="77", name="Ann Lee", company_id="250"),
                Choice(kind="contact", id="78", name="Pat", company_id="250"),
                Choice(kind="contact", id="79", name="Pat", company_id="250"),
                Choice(kind="contact", id="90", name="Bo Chen", company_id="251"),
            ),
        }
        self.writes: list[Step] = []
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.deaf = False
        """Answers well and changes nothing."""
        self.tells_id = True
        self.versions: dict[str, int] = {}

    def tick(self, seconds: int = 1) -> int:
        return super().tick(seconds)

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        return connectwise_plan.plan(
            fix, ticket, technician=self.ours, detach=True, no_time=frozenset({"21"})
        )

    async def apply(self, step: Step, version: str | None) -> Applied:
        self._count("apply")
        if self.before is not None:
            self.before(step)
        row = self.rows[step.ticket_id]
        if self.capabilities.conditional_write and version != row.version:
            raise Conflict("Precondition Failed")
        created = None if self.deaf else self.carry_out(step)
        if self.after is not None:
            self.after(step)
        return Applied(
            ticket=self.rows[step.ticket_id] if step.entry_id is None else None,
            created_id=created if self.tells_id else None,
        )

    def carry_out(self, step: Step) -> str | None:
        """What the server does with a request, whether or not anybody hears of it."""
        self.writes.append(step)
        self.tick(1)
        made = None
        if step.creates == "note":
            made = self.note(step.ticket_id, step.text or "", public=step.public)
        elif step.creates == "time":
            made = self.entry(step.ticket_id, step.hours or 0.0, text=step.text or "")
        for field, value in step.sets.items():
            if step.entry_id is not None:
                self._code(step.ticket_id, step.entry_id, value)
            else:
                self.put(step.ticket_id, field, value, by=self.ours)
        return made

    def put(self, ticket_id: str, field: str, value: Value, *, by: str = "asmith") -> None:
        """Somebody sets a field."""
        values: dict[str, Any] = {}
        if field == "parent":
            values["parent_ids"] = (
                () if value is None else (value.id,) if isinstance(value, Ref) else (value,)
            )
        elif field.startswith("custom:"):
            values["custom"] = {**self.rows[ticket_id].custom, field[7:]: value}
        elif field in (*PLAIN, *BY_NAME_ONLY):
            values[field] = value.name if isinstance(value, Ref) else value
        else:
            values[f"{field}_id"] = value.id if isinstance(value, Ref) else None
            values[field] = value.name if isinstance(value, Ref) else value
        if field == "status" and isinstance(value, Ref):
            closes = {i: c for i, _, c, _ in STATUSES}.get(value.id, False)
            values |= {"closed": closes, "closed_at": self.clock if closes else None}
        self.change(ticket_id, **values, updated_by=by)

    def change(self, ticket_id: str, **fields: object) -> None:
        self.versions[ticket_id] = self.versions.get(ticket_id, 1) + 1
        super().change(ticket_id, version=str(self.versions[ticket_id]), **fields)

    def note(
        self, ticket_id: str, text: str, *, public: bool = True, author: str = "jdoe", speaker: str = "staff"
    ) -> str:
        self.tick(1)
        number = str(1000 + sum(len(notes) for notes in self.notes.values()))
        ids = {"jdoe": "12", "asmith": "13"}
        note = NoteRecord(
            note_id=number,
            ticket_id=ticket_id,
            created_at=self.clock,
            author=author,
            author_id=ids.get(author),
            speaker=speaker,  # type: ignore[arg-type]
            public=public,
            text=text,
        )
        self.notes[ticket_id] = [*self.notes[ticket_id], note]
        self.change(ticket_id)
        return number

    def customer(self, ticket_id: str, text: str) -> str:
        """The customer writes; the flag goes up."""
        made = self.note(ticket_id, text, author="Ann Lee", speaker="customer")
        self.change(ticket_id, customer_flag=True)
        return made

    def entry(
        self,
        ticket_id: str,
        hours: float,
        *,
        code: Ref | None = None,
        member: str = "jdoe",
        text: str = "",
        locked: bool = False,
    ) -> str:
        number = str(500 + sum(len(entries) for entries in self.time.values()))
        self.time.setdefault(ticket_id, []).append(
            TimeRecord(
                time_id=number,
                ticket_id=ticket_id,
                member_id={"jdoe": "12", "asmith": "13"}[member],
                member=member,
                started_at=self.clock,
                hours=hours,
                billing_code_id=code.id if code else None,
                billing_code=code.name if code else None,
                locked=locked,
                text=text,
            )
        )
        self.change(ticket_id, hours=(self.rows[ticket_id].hours or 0.0) + hours)
        return number

    def _code(self, ticket_id: str, entry_id: str, value: Value) -> None:
        self.time[ticket_id] = [
            msgspec.structs.replace(
                one,
                billing_code_id=value.id if isinstance(value, Ref) else None,
                billing_code=value.name if isinstance(value, Ref) else None,
            )
            if one.time_id == entry_id
            else one
            for one in self.time[ticket_id]
        ]


class Bench:
    """A PSA, its databases and a clock of one's own, with the write-back's functions bound to them."""

    def __init__(self, databases: Databases, psa: MemoryPsa, settings: Settings = SETTINGS) -> None:
        self.databases = databases
        self.psa = psa
        self.settings = settings
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] | None = None

    @property
    def connection(self) -> Connection:
        return self.settings.connections["acme"]

    def now(self) -> int:
        return self.psa.clock

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.psa.tick(math.ceil(seconds))
        if self.on_sleep is not None:
            self.on_sleep()

    async def sync(self) -> None:
        """A pull, after which what was confirmed and read is no longer laid over."""
        self.psa.tick(2)
        await sync_connection(
            self.databases,
            self.connection,
            self.psa,
            self.settings,
            now=self.now,
            read_all_conversations=True,
        )
        if settled := settle(self.databases, "acme", self.now()):
            rebuild_overlay(self.databases, "acme", settled)

    async def choices(self, kind: str, context: ChoiceContext) -> list[Choice]:
        return await load_choices(self.databases, "acme", self.psa, kind, context, self.now())

    async def refresh(self, connection: str, ticket_ids: Sequence[str]) -> Mapping[str, ConnectorError]:
        return await refresh_tickets(
            self.databases, self.connection, self.psa, self.settings, ticket_ids, now=self.now
        )

    async def prepare(
        self, ticket_id: str = "1", *, read_up_to: ReadUpTo = "cache", **intent: Any
    ) -> Prepared:
        return await prepare(
            self.databases,
            self.settings,
            self.connection,
            self.psa,
            Intent(**intent),
            ticket_id,
            now=self.now(),
            read_up_to=read_up_to,
            choices=self.choices,
        )

    async def fix(self, ticket_id: str = "1", *, hold: bool = False, **intent: Any) -> str:
        """Prepared and submitted; the change's id."""
        prepared = await self.prepare(ticket_id, **intent)
        return submit(
            self.databases, self.settings, self.connection, prepared, now=self.now(), immediately=not hold
        )

    async def push(self, *, force: bool = False, refresh: bool = False) -> list[Outcome]:
        return await push(
            self.databases,
            self.settings,
            {"acme": self.psa},
            self.databases.home,
            now=self.now,
            force=force,
            refresh=self.refresh if refresh else None,
            sleep=self.sleep,
        )

    def undo(self, change: str | None = None) -> Undone:
        return undo(self.databases, self.settings, {"acme": self.psa}, change, now=self.now())

    def retry(self, change: str) -> str:
        return retry(self.databases, self.settings, {"acme": self.psa}, change, now=self.now())

    def release(self, change: str) -> str:
        return release(self.databases, self.settings, change, now=self.now())

    def drop(self, change: str) -> str:
        return drop(self.databases, self.settings, change, now=self.now())

    def entry(self, change: str) -> Entry:
        return state_of(self.databases, change)

    def state(self, change: str) -> str:
        return self.entry(change).state

    def shown(self, ticket_id: str = "1") -> Roles:
        """The ticket as the screen shows it."""
        with self.databases.cache_reads.begin() as db:
            found = cached.ticket(db, "acme", ticket_id)
        assert found is not None
        return found

    def kinds(self, ticket_id: str = "1") -> set[str]:
        """The panes that the ticket is in."""
        return {
            row.kind
            for row in self.rows("SELECT kind, ticket_id FROM exception")
            if row.ticket_id == ticket_id
        }

    def rows(self, query: str) -> list[Any]:
        with self.databases.cache_reads.begin() as db:
            return list(db.execute(text(query)).all())


def psa_with_ticket(**fields: Any) -> MemoryPsa:
    """A PSA with one open ticket, number 1, on which one hour was worked."""
    psa = MemoryPsa()
    values: dict[str, Any] = {
        "status_id": "16",
        "status": "New",
        "company_id": "250",
        "company": "Acme",
        "contact_id": "77",
        "contact": "Ann Lee",
        "contact_phone": "555 0100",
        "contact_email": "ann@acme.test",
        "agreement_id": "9",
        "agreement": "Gold",
        "type_id": "5",
        "type": "Hardware",
        "hours": 1.0,
        "customer_flag": False,
    }
    psa.add("1", **values | fields)
    return psa
