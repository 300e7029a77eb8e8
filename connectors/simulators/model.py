"""The things a simulated MSP consists of: plain records, no wire format.

Ids are integers, times are UTC seconds. A simulator of any PSA turns these into its vendor's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Company:
    id: int
    identifier: str
    name: str
    domain: str
    phone: str


@dataclass(slots=True)
class Site:
    id: int
    company_id: int
    name: str
    city: str


@dataclass(slots=True)
class Contact:
    id: int
    company_id: int
    site_id: int
    first: str
    last: str
    title: str
    phone: str
    email: str
    inactive: bool = False
    mobile: str = ""
    """A second number."""

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()


@dataclass(slots=True)
class Agreement:
    """`start` and `end` are UTC seconds at midnight; `end` is the last day, or `None` for open-ended."""

    id: int
    company_id: int
    name: str
    type: str
    start: int
    end: int | None = None
    cancelled: bool = False
    cancelled_at: int | None = None

    def status(self, now: float) -> str:
        """ConnectWise's words: Active, Cancelled, Expired, Inactive (not begun)."""
        if self.cancelled:
            return "Cancelled"
        if self.end is not None and now >= self.end + 86400:
            return "Expired"
        return "Inactive" if now < self.start else "Active"


@dataclass(slots=True)
class Board:
    id: int
    name: str
    project: bool = False
    reply_status: str | None = None
    """The status a customer's reply sets, by the board's own rule; `None`: the flag alone."""


@dataclass(slots=True)
class Status:
    id: int
    board_id: int
    name: str
    position: int
    closed: bool = False
    no_time: bool = False
    inactive: bool = False
    clock: str = "runs"
    """What it does to the SLA's clock: `runs`, `waits` or `ends`."""


@dataclass(slots=True)
class TypeRow:
    """A type, a subtype or an item of one board; `type_ids` are a subtype's types."""

    id: int
    board_id: int
    name: str
    inactive: bool = False
    type_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class Named:
    """A priority, source, team, work type or work role."""

    id: int
    name: str
    position: int = 0
    inactive: bool = False
    bill: str = "Billable"
    board_id: int | None = None


@dataclass(slots=True)
class Member:
    id: int
    identifier: str
    first: str
    last: str
    title: str
    inactive: bool = False

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{self.identifier}@msp.test"


@dataclass(slots=True)
class Note:
    """`member_id` and `contact_id` say who wrote it; neither is automation or nobody we can tell."""

    id: int
    ticket_id: int
    at: int
    text: str
    created_by: str
    member_id: int | None = None
    contact_id: int | None = None
    public: bool = True
    issue: bool = False
    resolution: bool = False
    notify: bool = False
    files: tuple[tuple[str, int], ...] = ()
    """Files sent with it: name and size in bytes."""


@dataclass(slots=True)
class TimeEntry:
    id: int
    ticket_id: int
    member_id: int
    start: int
    end: int
    hours: float
    text: str
    work_type_id: int | None = None
    work_role_id: int | None = None
    billable: str = "Billable"
    status: str = "Open"
    invoice: str | None = None
    public: bool = False
    entered_by: str = ""
    entered: int = 0
    updated: int = 0

    @property
    def locked(self) -> bool:
        """Invoiced or approved (developer guide's status list; which of them lock is our inference)."""
        return self.invoice is not None or self.status in {
            "ApprovedByTierOne",
            "ApprovedByTierTwo",
            "ReadyToBill",
            "Billed",
            "BilledAgreement",
            "WrittenOff",
        }


@dataclass(slots=True, kw_only=True)
class Ticket:
    id: int = 0
    summary: str
    board_id: int
    status_id: int
    company_id: int
    entered: int
    entered_by: str
    updated: int
    updated_by: str
    type_id: int | None = None
    subtype_id: int | None = None
    item_id: int | None = None
    site_id: int | None = None
    contact_id: int | None = None
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    cc: str = ""
    agreement_id: int | None = None
    owner_id: int | None = None
    resources: tuple[str, ...] = ()
    """Identifiers of everybody assigned, the owner included."""
    dispatched: tuple[str, ...] = ()
    """Identifiers with an open schedule entry on it."""
    priority_id: int = 0
    source_id: int | None = None
    team_id: int | None = None
    work_type_id: int | None = None
    work_role_id: int | None = None
    bill_time: str = "Billable"
    flag: bool = False
    """`customerUpdatedFlag`: the customer has written and nobody has cleared it."""
    parent_id: int | None = None
    merged_into: int | None = None
    closed_at: int | None = None
    closed_by: str = ""
    required_at: int | None = None
    respond_by: int | None = None
    """The SLA's targets; `None`: nothing is promised."""
    resolve_by: int | None = None
    taken_up: int | None = None
    """When it stopped being new, if it did: what the SLA counts as the first answer."""
    appointment: tuple[int, int] | None = None
    """Begin and end of the last one on it."""
    budget: float = 0.0
    hours: float = 0.0
    topic: int = 0
    said: int = 0
    """How many of the topic's later lines the customer has used up."""
    custom: dict[str, str] = field(default_factory=dict)
    revision: int = 0


@dataclass(slots=True, frozen=True)
class Write:
    """One write that the PSA accepted: at what time, by which member, and whom it mailed."""

    at: int
    member: str
    method: str
    path: str
    body: Any
    mailed: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Mail:
    """A mail that the PSA would have sent."""

    at: int
    to: tuple[str, ...]
    ticket_id: int
    text: str
