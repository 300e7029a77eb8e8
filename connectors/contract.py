"""What a connector is: its capabilities and the protocol; records, fixes and errors are given from their own modules.

Every PSA's room (`connectors/<psa>/`) turns the vendor's wire format into these records and these
errors; nothing outside that room knows which PSA it talks to. All times are integers, UTC seconds. All
ids are strings, as the PSA gives them. Text is stored as it came; `connectors.text.clean` is for whoever
shows it. This module needs msgspec alone, so that it may be imported before the first paint.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

# Whoever writes a connector finds all of it here.
from connectors.errors import Conflict as Conflict
from connectors.errors import ConnectorError as ConnectorError
from connectors.errors import Forbidden as Forbidden
from connectors.errors import NotThere as NotThere
from connectors.errors import Rejected as Rejected
from connectors.errors import Throttled as Throttled
from connectors.errors import Unauthorized as Unauthorized
from connectors.errors import UnknownName as UnknownName
from connectors.errors import Unreachable as Unreachable
from connectors.errors import Unreadable as Unreadable
from connectors.errors import Unsupported as Unsupported
from connectors.fixes import SEEN as SEEN
from connectors.fixes import Fix as Fix
from connectors.fixes import NewTime as NewTime
from connectors.fixes import Ref as Ref
from connectors.fixes import Step as Step
from connectors.fixes import Value as Value
from connectors.fixes import buries_reply as buries_reply
from connectors.records import TICKET_FIELDS as TICKET_FIELDS
from connectors.records import Attachment as Attachment
from connectors.records import Choice as Choice
from connectors.records import ChoiceContext as ChoiceContext
from connectors.records import Clock as Clock
from connectors.records import Conversation as Conversation
from connectors.records import Fetched as Fetched
from connectors.records import Identity as Identity
from connectors.records import IdList as IdList
from connectors.records import NoteRecord as NoteRecord
from connectors.records import NotVisible as NotVisible
from connectors.records import Odd as Odd
from connectors.records import Page as Page
from connectors.records import Resolved as Resolved
from connectors.records import Scope as Scope
from connectors.records import Speaker as Speaker
from connectors.records import TicketRecord as TicketRecord
from connectors.records import TimeEntries as TimeEntries
from connectors.records import TimeRecord as TimeRecord
from connectors.records import Tombstone as Tombstone


class Applied(msgspec.Struct, frozen=True):
    """What the server says after a step."""

    ticket: TicketRecord | None = None
    """The ticket as it now is, where the answer holds it (else the outbox reads it again)."""
    created_id: str | None = None
    said: str = ""
    """The server's own words, if any."""


# ---------------------------------------------------------------- capabilities


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """A limit on requests that a PSA keeps to, as far as it is known."""

    requests: int
    """So many in any `seconds`; of a bucket, what flows back into it in that time."""
    seconds: int
    burst: int | None = None
    """The bucket's size, where the limit is one that fills again (AlgaPSA: 120, 60 a minute flow back)."""
    whose: Literal["company", "key", "address"] = "company"
    """Who shares it: everything that the company runs, one set of credentials, or one IP address."""
    established: bool = False
    """The vendor publishes it; else it is what others report or what is prudent."""
    source: str = ""
    """Where it is known from, in words that complete "1000 requests a minute (…)"."""
    pause: int = 1
    """Seconds to keep quiet after a 429 that does not say how long."""

    @property
    def most(self) -> int:
        """So many requests without a pause are still within the limit."""
        return self.burst or self.requests


TELLS = ("sla", "schedule", "charge", "invoices", "entered_at", "rates")
"""What a connector may add to `Capabilities.tells`: SLA targets (`TicketRecord.respond_by` …), appointments
(`scheduled_until`), whether time is charged (`TimeRecord.charge`), on an invoice (`invoiced`), when it was put in
(`entered_at`), what an hour costs (`rate`)."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a PSA can do through its API, as known."""

    fields: frozenset[str]
    """Canonical ticket fields that the PSA has."""
    flag: bool
    """Has a "customer responded" flag of its own."""
    code_on_ticket: bool
    code_on_time: bool
    code_name: str
    """What the PSA calls the billing code."""
    writes: frozenset[str]
    """Fields that can be set, and the verbs `reply`, `note`, `time`, `entry_code`, `attach`, `detach`."""
    undoable: frozenset[str]
    """Of `writes`, those that can be put back."""
    mails: frozenset[str] = frozenset()
    """Verbs that may mail somebody."""
    on_the_card: frozenset[str] = frozenset()
    """Of `writes`, fields that a ticket has from its contact's card: a write changes the card, so it holds for all of
    the contact's tickets. They are planned for the ticket's contact as it is, never together with another `contact`."""
    billable: tuple[str, ...] = ()
    """What `NewTime.billable` may say, as this PSA spells it; empty: the PSA alone decides."""
    absent: dict[str, str] = msgspec.field(default_factory=dict)
    """Verb -> why it is not offered, in words for the screen."""
    not_read: dict[str, str] = msgspec.field(default_factory=dict)
    """What the PSA has and its API, as known, does not tell: `conversations`, `time`, `parents`, `billing_codes`,
    each with a sentence for the screen. Exceptions that rest on it cannot be known there; nothing of it counts as
    empty, and its verb (`conversation`, `time_entries`) raises `Unsupported`."""
    tells: frozenset[str] = frozenset()
    """Of `TELLS`, what this PSA's records say. What is not in it is not known there (not: empty), so are the kinds of
    exception that rest on it; `not_read` may hold a sentence for it. It may depend on the scope that was resolved last
    (ConnectWise reads a technician's schedule only), so it holds after a round."""
    read_every: int | None = None
    """Seconds between two rounds that nobody asked for, at least, where each has to read everything anew."""
    note_moves_ticket: bool | None = None
    """Whether a note moves the ticket's last-updated date; `None`: not established."""
    conditional_write: bool = False
    """`apply` hands over the version and the PSA refuses what has changed since. Taken for no more than that: it may
    compare when the request begins and commit later."""
    page_size: int = 100
    quota: tuple[Quota, ...] = ()
    """All hold at the same time; empty: no limit is known."""
    at_once: int = 4
    """Requests of one process under way at the same time; reads have so many places, a person's work as many of
    its own."""
    settling: float = 5.0
    """Seconds until something written can be counted on to be seen by a read."""
    statuses_listed: bool = True
    """`choices("status", …)` gives every active status of the board; false: those that were seen, there may be more."""
    status_setup: str = ""
    """Where an administrator changes statuses, as the product's menus put it; empty: not known."""


# ---------------------------------------------------------------- the protocol


@runtime_checkable
class Connector(Protocol):
    """One configured account in one PSA. All network verbs are async and raise `ConnectorError`s."""

    psa: str
    title: str
    """The product's name for people: `ConnectWise PSA`."""
    capabilities: Capabilities

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""

    async def close(self) -> None:
        """Ends the HTTP session."""

    async def verify(self) -> Identity:
        """Proves address and credentials with real requests, and finds who we are there."""

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's name as an active id; raises `UnknownName`."""

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets: with `since` (a cursor given earlier) all that changed, whoever owns them;
        without, everything open in the scope and what was closed or last changed at or after
        `closed_after`. Ends with a page that has the new cursor; complete or an error, never short."""

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope (cheap), and the PSA's own count of them."""

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Those tickets, whoever owns them: each a record, a tombstone, or "not visible"."""

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes of the ticket, complete or an error."""

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries of those tickets, complete or an error."""

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values of `status`, `billing_code`, `owner` (active members), `agreement`, `contact`, `type`,
        `priority`, `site`, `source`, `board` in the context. With `ids`: those, active or not. A kind that
        the PSA does not have gives an empty tuple."""

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The ordered steps that carry out `fix`; no network. Raises `Unsupported` for what the API lacks.
        At most one step mails. Order: status that allows time, time, code, then text and status."""

    async def apply(self, step: Step, version: str | None) -> Applied:
        """One request, never repeated here unless `step.repeatable`. `version` is the conflict token just
        read, used where the PSA has conditional writes. Raises `Rejected`, `Conflict`, …"""


@runtime_checkable
class ListsFiles(Protocol):
    """What a connector has besides where its PSA lists a ticket's files by a request of its own.

    Its `conversation` may then leave them out (`Conversation.files_asked` is false): one request more for every
    conversation would be too many. They are asked for where somebody is reading the ticket.
    """

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """All files of the ticket, complete or an error; each with the time at which it was added. Raises `NotThere`
        for what is no ticket, `Forbidden` or `Rejected` where the PSA refuses."""


@runtime_checkable
class ReadsAhead(Protocol):
    """What a connector has besides where a part of many conversations comes with one request (ConnectWise: the time
    that the customer sees)."""

    async def read_ahead(self, ticket_ids: Sequence[str]) -> Any:  # noqa: ANN401 - the connector's own
        """That part for these tickets, complete or an error; for `conversation_with`, at once and once."""

    async def conversation_with(self, ticket_id: str, ahead: Any) -> Conversation:  # noqa: ANN401
        """As `conversation`, with the part that was read before; `read_at` is then when that was begun."""


class Help(msgspec.Struct, frozen=True):
    """How `deskzero connect` asks for one value."""

    label: str
    """What it is, in the PSA's own vocabulary and in few words: `Tracking identifier`."""
    where: str
    """Where a person finds it in the PSA, with an example where that helps. One line."""


class Spec(msgspec.Struct, frozen=True):
    """How the registry knows a PSA: what its connection needs in the settings and how it is opened."""

    psa: str
    title: str
    options: type[msgspec.Struct]
    """The connection's own keys (`forbid_unknown_fields=True`)."""
    secrets: tuple[str, ...]
    """Names of its secrets, e.g. `("private_key",)`."""
    open: Any
    """`open(name, options, secrets, **more) -> Connector`; imports httpx only when called. `more`, each only
    where there is one: `transport=` (an httpx transport) for a simulator in process, and `budget=` (see
    `connectors.budget`), which the connector hands to its HTTP session."""
    help: dict[str, Help] = {}
    """Key or secret -> how to ask for it, in the order of asking. Names what has to be given and those other keys that
    are worth a question; `fields.company` is one key of the table `fields`."""
    quota_share: float = 0.1
    """Which part of the PSA's limits deskzero takes unless the settings say otherwise. More than a tenth only where
    the limit is one's own key's, which the company's other programs do not use."""
