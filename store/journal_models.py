"""The SQLModel tables of `journal.db`: what people decided, and what became of it. Times are integers, UTC seconds.

The journal cannot be pulled again: a new table or column needs a migration (`store.migrations`).
"""

from __future__ import annotations

from sqlalchemy import Index, MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class JournalTable(SQLModel, registry=registry()):
    """Base of the tables in `journal.db`."""

    metadata = MetaData()


class Change(JournalTable, table=True):
    """One fix of one ticket, in the outbox and afterwards."""

    __tablename__ = "change"
    change: str = Field(primary_key=True)
    seq: int = Field(index=True)
    connection: str = Field(index=True)
    ticket_id: str
    number: str
    verb: str
    """In a word or two what it does: `billing code`, `reply`, `status`, …, for people and `outbox --json`."""
    fix: str
    """JSON of `connectors.contract.Fix`."""
    ticket: str
    """JSON of `TicketRecord` as it was when the fix was decided."""
    state: str
    """held, queued, sending, confirmed, conflict, rejected, uncertain, undone, dropped."""
    created_at: int
    due_at: int | None = None
    """Held until then."""
    next_try_at: int | None = None
    attempts: int = 0
    sent_at: int | None = None
    confirmed_at: int | None = None
    wrote: bool = False
    """Some of it was written to the PSA; false when the PSA already had it: then there is nothing to undo."""
    error: str | None = None
    hint: str | None = None
    detail: str = "{}"
    """JSON: for a conflict mine, theirs, was, who, when, the new note."""
    because: str | None = None
    """The reason given for passing the close guard."""
    undo_of: str | None = None
    undone_by: str | None = None
    settled_at: int | None = None
    """A read that began after the confirmation has stored the ticket: the overlay is gone."""
    summary: str = ""
    company: str | None = None
    who: str = ""
    """The technician at the PSA, as the settings named him when it was decided."""
    closes: bool = False
    """Sets a status that closes the ticket: the close guard looked at what is decided before it."""
    batch: str | None = None
    """Changes made together (one fix on several tickets) share it: they are taken back together."""
    let_go_at: int | None = None
    """When a person said that it may leave although it is old; see `store.stale`."""


class StepRow(JournalTable, table=True):
    __tablename__ = "step"
    change: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    step: str
    """JSON of `connectors.contract.Step`."""
    state: str = "waiting"
    """waiting, sending, unknown, done, already (nothing had to be written)."""
    baseline: str | None = None
    """JSON: note and time ids of the ticket before the first attempt at a POST."""
    attempts: int = 0
    absent: int = 0
    """How often a look-up after an unknown outcome found nothing."""
    looked_at: int | None = None
    created_id: str | None = None
    """Id of the note or entry that this step made: claimed by it."""
    said: str | None = None
    done_at: int | None = None


class FirstSeen(JournalTable, table=True):
    """When a reason was first seen, kept durably (EXCEPTIONS: `since`)."""

    __tablename__ = "first_seen"
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    field: str = Field(default="", primary_key=True)
    first_seen: int


class HistoryRow(JournalTable, table=True):
    """An exception's opening and clearing."""

    __tablename__ = "history"
    id: int | None = Field(default=None, primary_key=True)
    connection: str
    ticket_id: str
    kind: str
    since: int
    opened_at: int
    cleared_at: int | None = None
    cleared_by: str | None = None
    """The change that cleared it, or `None`: by itself or in the PSA."""
    company: str | None = None
    """The ticket's, as it was when the row was last written; so are board and type. The cache forgets tickets."""
    board: str | None = None
    type: str | None = None


class ReopeningRow(JournalTable, table=True):
    """A ticket that deskzero saw closed and then open again; see `store.reopenings`."""

    __tablename__ = "reopening"
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    seen_closed_at: int = Field(primary_key=True)
    """When the read began that last found it closed: one reopening is kept once, however often it is met."""
    reopened_at: int
    """When the read began that found it open."""


class Recovered(JournalTable, table=True):
    """Hours that leaked until a change of ours put it right: one row a time entry and kind (`store.measures`)."""

    __tablename__ = "recovered"
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    time_entry_id: str = Field(primary_key=True)
    """Empty: hours on the ticket that no entry accounts for."""
    change: str = Field(primary_key=True)
    """The change that did it."""
    at: int
    hours: float
    amount: int | None = None
    """In hundredths of the currency, by the rates of that time; `None`: no rate was set."""
    currency: str = ""
    __table_args__ = (Index("recovered_by_time", "connection", "at"),)


class AuditRow(JournalTable, table=True):
    """The audit log; written and read by `store.audit` alone. Triggers refuse any change but a purge."""

    __tablename__ = "audit"
    seq: int = Field(primary_key=True)
    at: float
    who: str
    os_user: str
    connection: str
    ticket_id: str
    change: str
    event: str
    payload: str | None = None
    payload_hash: str
    previous: str
    hash: str


class Draft(JournalTable, table=True):
    __tablename__ = "draft"
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    """`reply` or `note`; a text never changes sides."""
    text: str
    saved_at: int


class Timer(JournalTable, table=True):
    """A stopwatch on a ticket. It is work on its way into the PSA, not a record of it: the time entry is that."""

    __tablename__ = "timer"
    __table_args__ = (Index("timer_open", "connection", "ticket_id", sqlite_where=text("ended_at IS NULL")),)
    id: int | None = Field(default=None, primary_key=True)
    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None = None
    started_at: int
    """When it was first started."""
    running_since: int | None = None
    """Since when it runs; `None`: paused or ended."""
    seconds: int = 0
    """What it had counted before `running_since`."""
    ended_at: int | None = None
    end: str | None = None
    """What became of it: `logged`, `dropped`; `None` while it is open."""


class Snooze(JournalTable, table=True):
    """A row that is hidden for a while. Never a gate row."""

    __tablename__ = "snooze"
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    reason: str
    at: int
    until: int
    stands_for: str
    """What the row looked like: it comes back as soon as it looks otherwise."""


class SnoozeLog(JournalTable, table=True):
    """Each time that a row was hidden; `snooze` holds what is hidden now."""

    __tablename__ = "snooze_log"
    __table_args__ = (Index("snooze_log_by_row", "connection", "ticket_id", "kind"),)
    id: int | None = Field(default=None, primary_key=True)
    connection: str
    ticket_id: str
    kind: str
    reason: str
    at: int
    until: int
    who: str
    """The technician, as the settings named them."""
    approver: str
    """Whose approval was given; empty: none was asked for."""


class SignOff(JournalTable, table=True):
    """An end of day that somebody signed. What others must know of it stands in the PSA, as notes."""

    __tablename__ = "sign_off"
    id: int | None = Field(default=None, primary_key=True)
    day: str
    """The technician's day, `2026-11-26`."""
    at: int
    who: str
    verdict: str
    """`zero`, `not_zero` or `cannot_tell`, as it was answered."""
    left_rows: str
    """JSON: the rows left, each with taker and reason."""
    doubts: str = Field(default="[]", sa_column_kwargs={"server_default": text("'[]'")})
    """JSON: the sentences that kept zero from being known when it was signed."""
    __table_args__ = (Index("sign_off_by_day", "day"),)


class GateOverride(JournalTable, table=True):
    """A day's gate that somebody passed with a reason, although it was not zero or could not be told."""

    __tablename__ = "gate_override"
    id: int | None = Field(default=None, primary_key=True)
    at: int
    who: str
    """The connections' technicians."""
    os_user: str
    day: str
    """The technician's day, `2026-11-26`."""
    verdict: str
    """`not_zero` or `cannot_tell`, as it was answered."""
    to_zero: int
    why: str
    """JSON: the sentences of the answer."""
    reason: str
    approved_by: str
    """Who let it pass, where the week had too many; else empty."""
    __table_args__ = (Index("gate_override_by_time", "at"),)


class ScreenState(JournalTable, table=True):
    """Small things that the screen remembers about itself: when it was left, that the guide was seen."""

    __tablename__ = "screen_state"
    name: str = Field(primary_key=True)
    value: str
    """JSON."""


class MistakeRow(JournalTable, table=True):
    """Something that slipped, and what is learned from it (`store.mistakes`)."""

    __tablename__ = "mistake"
    id: int | None = Field(default=None, primary_key=True)
    at: int
    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None = None
    kind: str | None = None
    """The kind of exception that it was seen as, if from a row."""
    change: str | None = None
    """The fix that it is about, if any."""
    what: str
    cause: str
    """`process`, `technology` or `people`."""
    remedy: str
    """`automation`, `training` or `documentation`."""
    shared: bool
    """The client is told."""
    words: str
    """What may be said to the client."""
    source: str
    """`ticket`, `fix`, `dispute` or `audit`."""
    who: str
    """Who wrote it down; for an audit alone, shown only where somebody asks for names."""
    __table_args__ = (Index("mistake_by_time", "at"),)


class AuditSample(JournalTable, table=True):
    """A closed ticket drawn to be audited (`store.samples`)."""

    __tablename__ = "audit_sample"
    connection: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    """`2026-10`."""
    ticket_id: str = Field(primary_key=True)
    number: str
    summary: str
    company: str | None = None
    seed: str
    """What was given with `--seed`; empty: nothing."""
    position: int
    drawn_at: int
    state: str
    """`open`, `fine` or `mistake`."""
    audited_at: int | None = None
