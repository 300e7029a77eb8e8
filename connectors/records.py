"""What a PSA tells, whatever its wire format: tickets, notes, time, choices, who we are; and what a reading of it is.

All times are integers, UTC seconds; all ids are strings. Text is stored as it came.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Speaker = Literal["customer", "staff", "system", "unknown"]
"""Who wrote a note: a contact, any member, automation, or nobody we can tell."""

Clock = Literal["runs", "waits", "ends", "keeps"]
"""What a status does to a ticket's SLA clock: lets it run (and escalate), holds it, counts as resolved, or leaves it
as it was before."""

TICKET_FIELDS = (
    "contact",
    "contact_phone",
    "contact_email",
    "agreement",
    "type",
    "subtype",
    "item",
    "priority",
    "site",
    "owner",
    "source",
    "due_at",
)
"""The canonical fields that `missing_fields.required` may name, besides `custom:<name>`."""


class TicketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket as the PSA tells it, with nothing of ours mixed in."""

    ticket_id: str
    number: str
    """What people see and say; `ticket_id` is what the API wants. Often the same."""
    summary: str = ""
    board_id: str | None = None
    board: str | None = None
    team_id: str | None = None
    team: str | None = None
    status_id: str | None = None
    status: str = ""
    closed: bool = False
    """The PSA's own closed marker (not `closed_statuses`, which is the shop's setting)."""
    type_id: str | None = None
    type: str | None = None
    subtype: str | None = None
    item: str | None = None
    priority_id: str | None = None
    priority: str | None = None
    priority_rank: int | None = None
    """Lower is more urgent, as the PSA sorts them."""
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
    """Further addresses that get what the contact gets, comma separated."""
    agreement_id: str | None = None
    agreement: str | None = None
    owner_id: str | None = None
    owner: str | None = None
    """The owner's identifier (login), as `technician` is spelled in the settings."""
    resources: str | None = None
    """Identifiers of everybody assigned, each once, comma separated without spaces."""
    customer_flag: bool | None = None
    """The PSA's own "customer responded" flag; `None` where the PSA has none."""
    billing_code_id: str | None = None
    billing_code: str | None = None
    """The code on the ticket itself; always `None` where the PSA has codes on time only."""
    hours: float | None = None
    due_at: int | None = None
    created_at: int | None = None
    updated_at: int | None = None
    updated_by: str | None = None
    closed_at: int | None = None
    closed_by: str | None = None
    merged_into: str | None = None
    version: str | None = None
    """Conflict token: an ETag where the PSA has conditional writes, else the last-updated text."""
    url: str | None = None
    """Where a person sees this ticket in a browser."""
    respond_by: int | None = None
    """SLA: until when the first answer is due; `None`: no such target, or not told (`Capabilities.tells`)."""
    responded_at: int | None = None
    """When the PSA counts it as answered; `None`: not yet."""
    resolve_by: int | None = None
    """SLA: until when it has to be resolved."""
    resolved_at: int | None = None
    """When the PSA counts it as resolved; `None`: not yet."""
    sla_waits: bool | None = None
    """The SLA's clock is held (waiting for the customer); `None` where the PSA does not say."""
    scheduled_until: int | None = None
    """End (else begin) of the last appointment on the ticket; `None`: nothing is scheduled, or it is not told."""
    project: bool | None = None
    """It belongs to a project; `None` where the PSA does not say."""
    resolution: str | None = None
    """What a field of its own says about how it was solved; empty where there is none."""
    parent_ids: tuple[str, ...] = ()
    custom: dict[str, str | None] = msgspec.field(default_factory=dict)
    """Custom fields by the PSA's own name; `None` and "" both mean empty."""


class Attachment(msgspec.Struct, frozen=True):
    """A file that belongs to a note. deskzero shows that it is there; the PSA shows what is in it."""

    name: str
    size: int | None = None
    """In bytes; `None` where the PSA does not say."""
    added_at: int | None = None
    """UTC seconds; needed only where the file belongs to the ticket and not to a note."""
    added_by: str = ""
    """For people; needed only there."""


class NoteRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Something said on a ticket after it was opened. The opening text is not a note."""

    note_id: str
    ticket_id: str
    created_at: int
    author: str
    """The author's name, for people."""
    author_id: str | None = None
    speaker: Speaker = "unknown"
    public: bool = False
    text: str = ""
    time_id: str | None = None
    """Set when this is a time entry that the PSA shows to the customer."""
    attachments: tuple[Attachment, ...] = ()
    """Files sent with it. A note without text and with a picture is an answer like any other."""


class TimeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One time entry."""

    time_id: str
    ticket_id: str
    member_id: str | None = None
    member: str | None = None
    """The member's identifier (login), as `technician` is spelled in the settings."""
    started_at: int | None = None
    ended_at: int | None = None
    hours: float = 0.0
    billing_code_id: str | None = None
    billing_code: str | None = None
    billable: str | None = None
    """The PSA's own word for it (ConnectWise: Billable, DoNotBill, NoCharge, NoDefault)."""
    locked: bool = False
    """Invoiced or approved: the PSA will not let it change."""
    charge: bool | None = None
    """Whether the customer is to pay for it, as the PSA has it; `None`: not said."""
    invoiced: bool | None = None
    """It is on an invoice; `None` where the PSA does not tell."""
    entered_at: int | None = None
    """When it was put in, which may be later than the work; `None` where the PSA does not tell."""
    rate: float | None = None
    """What an hour of it costs the customer, in the company's currency, where the PSA gives it."""
    text: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One valid value of a field, in the context it was asked for."""

    kind: str
    id: str
    name: str
    board_id: str | None = None
    """Set where the value holds for one board only (ConnectWise statuses and types)."""
    company_id: str | None = None
    """Set where the value belongs to one company (agreements, contacts, sites)."""
    active: bool = True
    closed: bool = False
    """A status that closes."""
    accepts_time: bool = True
    """A status in which time may be entered."""
    clock: Clock | None = None
    """What the status does to the SLA's clock; `None` where the PSA's API does not say."""
    clock_words: str | None = None
    """How the PSA puts that, in words that complete "runs the SLA clock (…)"."""
    starts_on: str | None = None
    ends_on: str | None = None
    """Agreements: first and last day, `YYYY-MM-DD`, both included; `None` is open-ended."""
    cancelled: bool = False
    detail: str | None = None
    """A contact's phone and mail, a member's name: a hint for the picker."""
    phone: str | None = None
    email: str | None = None
    position: int = 0


class Tombstone(msgspec.Struct, frozen=True):
    """The PSA said positively that this ticket is no more."""

    ticket_id: str
    why: Literal["deleted", "merged"]
    merged_into: str | None = None


class NotVisible(msgspec.Struct, frozen=True):
    """Asked for by id, and the PSA says "not there" or "not allowed" without saying which."""

    ticket_id: str


class Odd(msgspec.Struct, frozen=True):
    """A record that could not be read. It goes into quarantine; the page goes on."""

    stream: str
    record_id: str
    """The PSA's id where it could be made out, else `page N, row M`."""
    path: str
    """Where in the record, e.g. `$.status.id`."""
    problem: str
    ticket_id: str | None = None


class Page(msgspec.Struct, frozen=True):
    """Part of a stream of tickets. `cursor` is set only where all up to it has been delivered."""

    tickets: tuple[TicketRecord, ...]
    odd: tuple[Odd, ...] = ()
    cursor: str | None = None
    read_at: int = 0
    """Our clock, UTC seconds, when the request for this page was begun."""
    expected: int | None = None
    """How many tickets the whole stream will have, where the PSA says so (for a progress bar)."""


class IdList(msgspec.Struct, frozen=True):
    """The ids now open in the scope, and what the PSA itself counts there."""

    ids: frozenset[str]
    count: int


class Fetched(msgspec.Struct, frozen=True):
    """What became of ids that were asked for one by one or in batches. Each id is in exactly one field."""

    tickets: tuple[TicketRecord, ...] = ()
    gone: tuple[Tombstone, ...] = ()
    not_visible: tuple[NotVisible, ...] = ()
    odd: tuple[Odd, ...] = ()
    read_at: int = 0


class Conversation(msgspec.Struct, frozen=True):
    """All notes of one ticket, ordered by (created_at, id), complete."""

    ticket_id: str
    notes: tuple[NoteRecord, ...]
    read_at: int
    odd: tuple[Odd, ...] = ()
    files: tuple[Attachment, ...] = ()
    """Files that the PSA ties to the ticket and to no note: to which one they belong is not guessed."""
    files_problem: str = ""
    """Why the ticket's files could not be listed, in a sentence; the notes are complete all the same."""
    files_asked: bool = True
    """False: the ticket's files were not asked for, so that `files` says nothing; `ListsFiles.files` lists them."""


class TimeEntries(msgspec.Struct, frozen=True):
    """All time entries of the tickets that were asked for, complete."""

    ticket_ids: tuple[str, ...]
    entries: tuple[TimeRecord, ...]
    read_at: int
    odd: tuple[Odd, ...] = ()


class ChoiceContext(msgspec.Struct, frozen=True):
    """Whose choices: the ticket's board and company, or certain ids."""

    board_id: str | None = None
    company_id: str | None = None
    type_id: str | None = None
    ids: tuple[str, ...] = ()


class Identity(msgspec.Struct, frozen=True):
    """Who we are at the PSA, as `verify()` found it."""

    member_id: str
    member: str
    """The identifier (login)."""
    name: str
    version: str
    clock_ahead: float = 0.0
    """Seconds by which the server's clock is ahead of ours, from its `Date` header."""
    timezone: str | None = None
    missing: tuple[tuple[str, str], ...] = ()
    """(verb, the right that is missing, in the PSA's own vocabulary)."""
    notes: tuple[str, ...] = ()
    """What was found by probing, in sentences (date form, whether a note moves the ticket …)."""
    writes_as: str | None = None
    """Whose name replies and time get with these credentials (login, or the name where it is that); `None`: the PSA
    does not say, and `notes` says so."""
    found: dict[str, str] = msgspec.field(default_factory=dict)
    """Keys of the connection that probing found to be better set so (`date_form`); `connect` saves them."""


class Scope(msgspec.Struct, frozen=True):
    """Whose tickets, as the settings name them: `mine`, `owner:<name>`, `board:<name>`, `team:<name>`, `all`."""

    kind: Literal["mine", "owner", "board", "team", "all"]
    name: str | None = None

    def __str__(self) -> str:
        return self.kind if self.name is None else f"{self.kind}:{self.name}"


class Resolved(msgspec.Struct, frozen=True):
    """A scope whose name has been found at the PSA, now."""

    scope: Scope
    id: str | None
    """The member's, board's or team's id; `None` for `all`."""
    name: str | None
    """The member's identifier, the board's or team's name as the PSA spells it."""

    def holds(self, ticket: TicketRecord) -> bool:
        """Whether the ticket is in the scope; exactly (`jdoe` is not `jdoerr`)."""
        match self.scope.kind:
            case "all":
                return True
            case "board":
                return ticket.board_id == self.id
            case "team":
                return ticket.team_id == self.id
            case _:
                who = (self.name or "").casefold()
                return ticket.owner_id == self.id or who in (ticket.resources or "").casefold().split(",")
