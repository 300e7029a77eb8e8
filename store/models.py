"""The SQLModel tables of `cache.db`, and the documented views that rules and screens read.

`cache.db` can be thrown away and pulled again; `journal.db`, which cannot, is `store.journal_models`. Columns are
named like the records in `connectors.records`; a test holds the two together. Times are integers, UTC seconds. The
`…_overlay` tables hold, for a ticket with open changes, its rows as they will be; the views show these in place of
the PSA's own, so that whoever reads a view sees what the technician decided.
"""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class CacheTable(SQLModel, registry=registry()):
    """Base of the tables in `cache.db`."""

    metadata = MetaData()


NO_ROWID = {"sqlite_with_rowid": False}
"""For tables that are little more than their key: it would stand in the file twice."""


# ---------------------------------------------------------------- cache.db: what the PSA says


class TicketColumns(SQLModel):
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    number: str
    summary: str = ""
    board_id: str | None = None
    board: str | None = None
    team_id: str | None = None
    team: str | None = None
    status_id: str | None = None
    status: str = ""
    status_key: str = ""
    """`status` case-folded: what `status_role.status` is compared with."""
    closed: bool = False
    type_id: str | None = None
    type: str | None = None
    subtype: str | None = None
    item: str | None = None
    priority_id: str | None = None
    priority: str | None = None
    priority_rank: int | None = None
    source: str | None = None
    company_id: str | None = None
    company: str | None = None
    site_id: str | None = None
    site: str | None = None
    contact_id: str | None = None
    contact: str | None = None
    contact_phone: str | None = None
    contact_email: str | None = None
    cc: str | None = None
    agreement_id: str | None = None
    agreement: str | None = None
    owner_id: str | None = None
    owner: str | None = None
    resources: str | None = None
    customer_flag: bool | None = None
    billing_code_id: str | None = None
    billing_code: str | None = None
    hours: float | None = None
    due_at: int | None = None
    created_at: int | None = None
    updated_at: int | None = None
    updated_by: str | None = None
    closed_at: int | None = None
    closed_by: str | None = None
    merged_into: str | None = None
    version: str | None = None
    url: str | None = None
    respond_by: int | None = None
    responded_at: int | None = None
    resolve_by: int | None = None
    resolved_at: int | None = None
    sla_waits: bool | None = None
    scheduled_until: int | None = None
    project: bool | None = None
    resolution: str | None = None
    # What deskzero knows about the row; not the PSA's.
    parent_id: str | None = None
    """The lowest open parent, else the lowest; links are in `ticket_parent`."""
    in_scope: bool = False
    presence: str = "here"
    """`here`, `deleted`, `merged`, `not_visible`."""
    read_at: int = 0
    """When the read that brought this row began."""
    notes_read_at: int | None = None
    """When the last complete read of the conversation began; `None`: never, or not since the record changed
    (so `NULL` means: has to be read before zero is known)."""
    time_read_at: int | None = None
    """The same for the time entries."""
    first_sync: bool = False
    """Came with the connection's first pull: then "first seen" is the ticket's creation."""
    row_hash: str = ""


class NoteColumns(SQLModel):
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    note_id: str = Field(primary_key=True)
    note_sort: int = 0
    """The id as a number, for order among notes of one second."""
    created_at: int
    author: str = ""
    author_id: str | None = None
    speaker: str = "unknown"
    """As the connector says, but `system` where one of the `auto_reply` patterns holds."""
    psa_speaker: str = "unknown"
    public: bool = False
    text: str = ""
    time_id: str | None = None
    seen: bool = False
    """An internal staff note that begins with `Seen, no answer needed:`."""
    seen_up_to: int | None = None
    order_at: int = 0
    """`seen_up_to` for a seen note with the mark, else `created_at`. Order: order_at, order_rank, note_sort."""
    order_rank: int = 0
    """1 for a seen note with the mark (it stands directly after the note it covers), else 0."""
    row_hash: str = ""


class TimeColumns(SQLModel):
    connection: str = Field(primary_key=True)
    time_id: str = Field(primary_key=True)
    ticket_id: str
    member_id: str | None = None
    member: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    hours: float = 0.0
    billing_code_id: str | None = None
    billing_code: str | None = None
    billable: str | None = None
    locked: bool = False
    charge: bool | None = None
    invoiced: bool | None = None
    entered_at: int | None = None
    rate: float | None = None
    text: str = ""
    row_hash: str = ""


class ParentColumns(SQLModel):
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    parent_id: str = Field(primary_key=True)


class CustomColumns(SQLModel):
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str | None = None


class FileRow(CacheTable, table=True):
    """A file sent with a note, or put on the ticket: that it is there, not what is in it."""

    __tablename__ = "file"
    __table_args__ = NO_ROWID
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    note_id: str = Field(primary_key=True)
    """Empty where the PSA ties the file to the ticket alone."""
    place: int = Field(primary_key=True)
    name: str
    size: int | None = None
    added_at: int | None = None
    added_by: str = ""


class FilesDue(CacheTable, table=True):
    """A ticket whose newest conversation was read without asking for its files: those in `file` that belong to no note
    are of an earlier reading, or there are none yet (`store.files`)."""

    __tablename__ = "files_due"
    __table_args__ = NO_ROWID
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)


class Ticket(TicketColumns, CacheTable, table=True):
    __tablename__ = "ticket"


class TicketOverlay(TicketColumns, CacheTable, table=True):
    __tablename__ = "ticket_overlay"


class Note(NoteColumns, CacheTable, table=True):
    __tablename__ = "note"


class NoteOverlay(NoteColumns, CacheTable, table=True):
    """Only the notes that open changes add; the PSA's own stay visible beside them."""

    __tablename__ = "note_overlay"


class TimeEntry(TimeColumns, CacheTable, table=True):
    __tablename__ = "time_entry"


class TimeOverlay(TimeColumns, CacheTable, table=True):
    """Entries that open changes add or alter; an altered one takes its original's place."""

    __tablename__ = "time_overlay"


class TicketParent(ParentColumns, CacheTable, table=True):
    __tablename__ = "ticket_parent"
    __table_args__ = NO_ROWID


class ParentOverlay(ParentColumns, CacheTable, table=True):
    __tablename__ = "parent_overlay"


class TicketCustom(CustomColumns, CacheTable, table=True):
    __tablename__ = "ticket_custom"
    __table_args__ = NO_ROWID


class CustomOverlay(CustomColumns, CacheTable, table=True):
    __tablename__ = "custom_overlay"


class ChoiceRow(CacheTable, table=True):
    """`connectors.contract.Choice`, kept for pickers, names on the command line and agreement dates."""

    __tablename__ = "choice"
    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    board_id: str = Field(default="", primary_key=True)
    company_id: str = Field(default="", primary_key=True)
    name: str
    active: bool = True
    closed: bool = False
    accepts_time: bool = True
    clock: str | None = None
    clock_words: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    cancelled: bool = False
    detail: str | None = None
    phone: str | None = None
    email: str | None = None
    position: int = 0
    read_at: int = 0


class StatusRole(CacheTable, table=True):
    """What the settings say about statuses: role is closed, child, responded, closing or waiting."""

    __tablename__ = "status_role"
    connection: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    """Case-folded."""


# ---------------------------------------------------------------- cache.db: what deskzero makes of it


class ExceptionRow(CacheTable, table=True):
    """One ticket under one kind: the published result of the rules."""

    __tablename__ = "exception"
    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    since: int
    gate: bool
    """Must be gone before zero: a reason has gate yes, the kind is in `check.gates`, a fix is offered."""
    psa_only: bool = False
    """A gate reason that no fix of this PSA's API can clear: listed apart."""


class ReasonRow(CacheTable, table=True):
    """Why: one row a reason. `data` is JSON with what the sentence needs (`store.reasons`)."""

    __tablename__ = "reason"
    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    field: str = Field(default="", primary_key=True)
    time_entry_id: str = Field(default="", primary_key=True)
    since: int
    gate: bool
    hours: float | None = None
    data: str = "{}"


class GroupRow(CacheTable, table=True):
    """Tickets that may decide about each other, as the last evaluation saw them (`store.rules.groups`)."""

    __tablename__ = "rule_group"
    __table_args__ = NO_ROWID
    connection: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)


class DueRow(CacheTable, table=True):
    """When the clock alone changes what a kind finds on a ticket next (`store.rules.moments`)."""

    __tablename__ = "rule_due"
    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    at: int


class LifeRow(CacheTable, table=True):
    """When somebody was last heard of today on a ticket (`store.rules.life`)."""

    __tablename__ = "rule_life"
    connection: str = Field(primary_key=True)
    who: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)
    at: int


class DirtyRow(CacheTable, table=True):
    """A ticket that has changed since it was last evaluated (`store.dirty`); without an id: everything."""

    __tablename__ = "rule_dirty"
    __table_args__ = NO_ROWID
    connection: str = Field(primary_key=True)
    ticket_id: str = Field(primary_key=True)


class RuleProblem(CacheTable, table=True):
    """One of the company's own rules that could not be worked out: it is switched off until it can be."""

    __tablename__ = "rule_problem"
    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    problem: str
    at: int


class StreamRow(CacheTable, table=True):
    """The cursor of one stream of one connection, saved with the rows it covers."""

    __tablename__ = "stream"
    connection: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    cursor: str
    saved_at: int


class ConnectionState(CacheTable, table=True):
    """What the last rounds of one connection came to."""

    __tablename__ = "connection_state"
    connection: str = Field(primary_key=True)
    psa: str = ""
    title: str = ""
    scope: str = ""
    member_id: str | None = None
    member: str | None = None
    tried_at: int | None = None
    synced_at: int | None = None
    """Beginning of the last round that ended without error."""
    generation: int = 0
    error_kind: str | None = None
    error: str | None = None
    hint: str | None = None
    since_down: int | None = None
    """When the first of the failing rounds in a row was tried."""
    requests: int = 0
    """Sent by the last round."""
    usual_requests: int | None = None
    """What an ordinary round takes while little changes, not counting the first one of a process: goes down at once
    and up by one a round, so that a busy round, or one with the daily lists, hardly counts."""
    count_confirmed: bool = False
    """The PSA's own count agreed with an empty or suddenly empty queue."""
    why: str = "[]"
    """JSON list of sentences: what keeps this connection from being known (ids without a word …)."""
    remarks: str = "[]"
    """JSON list of sentences that `check` adds to its `why` although all is known: a few ids that are gone
    without a word, parts of the PSA that this account may not read."""
    missing_fields: str = "[]"
    """JSON list: required fields that this PSA does not have (for `doctor`)."""
    identity: str = "{}"
    capabilities: str = "{}"
    """JSON of `Capabilities`: what screens offer without loading the connector."""


class QuarantineRow(CacheTable, table=True):
    __tablename__ = "quarantine"
    connection: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    record_id: str = Field(primary_key=True)
    path: str
    problem: str
    ticket_id: str | None = None
    seen_at: int
