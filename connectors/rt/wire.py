"""What Request Tracker's REST 2 sends, and the records that it becomes.

Strict on ids, status, owner, dates and custom fields, which gates rest on; lenient elsewhere. Facts were
seen on RT 5.0.3: ids are strings in lists and integers in details, 1970 means unset, times worked are
minutes, a user's id is his name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.contract import Attachment, TicketRecord
from connectors.html import html_words, only_pictures

NOBODY = "Nobody"
SYSTEM = "RT_System"

FIELDS = {
    "fields": "Subject,Status,Queue,Owner,Requestor,Cc,Created,LastUpdated,LastUpdatedBy,Due,Resolved,TimeWorked,"
    "Priority,CustomFields,_hyperlinks",
    "fields[Queue]": "Name,Lifecycle",
    "fields[Owner]": "Name",
    "fields[Requestor]": "Name,RealName,EmailAddress,WorkPhone,MobilePhone",
    "fields[Cc]": "Name,EmailAddress",
    "fields[LastUpdatedBy]": "Name",
}
"""Asked for in a list; without `fields` a row is its id only."""

MAPPED = (
    "billing_code",
    "company",
    "site",
    "type",
    "subtype",
    "item",
    "source",
    "agreement",
    "contact_phone",
    "contact_email",
)
"""Canonical fields that the settings may say a custom field holds."""


class Listing(msgspec.Struct, frozen=True):
    """A collection. Where RT cannot tell what the account may see, `total` is null and there is no `next_page`."""

    items: list[msgspec.Raw]
    total: int | None = None
    count: int = 0
    next_page: str | None = None


class Named(msgspec.Struct, frozen=True):
    """A queue, a user, as they stand in a ticket."""

    id: str | int
    name: Any = msgspec.field(name="Name", default=None)
    lifecycle: Any = msgspec.field(name="Lifecycle", default=None)
    real_name: Any = msgspec.field(name="RealName", default=None)
    email: Any = msgspec.field(name="EmailAddress", default=None)
    phone: Any = msgspec.field(name="WorkPhone", default=None)
    mobile: Any = msgspec.field(name="MobilePhone", default=None)

    @property
    def login(self) -> str:
        return text(self.name) or str(self.id)


class CustomField(msgspec.Struct, frozen=True):
    name: str
    values: list[Any] = []


class Link(msgspec.Struct, frozen=True):
    ref: str = ""
    type: str | None = None
    id: Any = None
    start: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class Ticket(msgspec.Struct, frozen=True):
    """A ticket, as a row of a list or by itself."""

    id: str | int
    status: str = msgspec.field(name="Status")
    updated: str = msgspec.field(name="LastUpdated")
    queue: Named = msgspec.field(name="Queue")
    owner: Named = msgspec.field(name="Owner")
    fields: list[CustomField] = msgspec.field(name="CustomFields", default_factory=list)
    links: list[Link] = msgspec.field(name="_hyperlinks", default_factory=list)
    requestors: list[Named] = msgspec.field(name="Requestor", default_factory=list)
    cc: list[Named] = msgspec.field(name="Cc", default_factory=list)
    updated_by: Named | None = msgspec.field(name="LastUpdatedBy", default=None)
    resolved: str | None = msgspec.field(name="Resolved", default=None)
    created: str | None = msgspec.field(name="Created", default=None)
    due: Any = msgspec.field(name="Due", default=None)
    subject: Any = msgspec.field(name="Subject", default=None)
    worked: Any = msgspec.field(name="TimeWorked", default=None)
    priority: Any = msgspec.field(name="Priority", default=None)

    @property
    def role(self) -> tuple[str, str]:
        """(lifecycle, status): what being closed depends on."""
        return text(self.queue.lifecycle) or "", self.status


class User(msgspec.Struct, frozen=True):
    """A user. Without the right AdminUsers the private fields of others are left out."""

    name: str = msgspec.field(name="Name")
    real_name: str | None = msgspec.field(name="RealName", default=None)
    email: str | None = msgspec.field(name="EmailAddress", default=None)
    privileged: Any = msgspec.field(name="Privileged", default=None)
    disabled: Any = msgspec.field(name="Disabled", default=None)
    timezone: str | None = msgspec.field(name="Timezone", default=None)


class Transaction(msgspec.Struct, frozen=True):
    """One line of a ticket's history."""

    id: str | int
    type: str = msgspec.field(name="Type")
    creator: Named = msgspec.field(name="Creator")
    created: str = msgspec.field(name="Created")
    minutes: str | int | None = msgspec.field(name="TimeTaken", default=0)
    object_id: str | int | None = msgspec.field(name="ObjectId", default=None)


class Part(msgspec.Struct, frozen=True):
    """A part of a message: its words, or a file."""

    id: str | int
    transaction: str | int = msgspec.field(name="TransactionId")
    kind: Any = msgspec.field(name="ContentType", default=None)
    content: Any = msgspec.field(name="Content", default=None)
    filename: Any = msgspec.field(name="Filename", default=None)
    length: Any = msgspec.field(name="ContentLength", default=None)
    """Bytes of the content as it is, not as it is sent (seen on a running 5.0.3)."""


# ---------------------------------------------------------------- values


def text(value: object) -> str | None:
    """A lenient field as text; `None` when it is empty."""
    if value is None or isinstance(value, (list, dict)):
        return None
    return str(value).strip() or None


def seconds(value: str | None) -> int | None:
    """An answer's date as UTC seconds; `None` when it is unset, which RT writes as 1970. Raises `ValueError`."""
    if not value:
        return None
    moment = datetime.fromisoformat(value)
    found = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return found or None


def lenient_seconds(value: object) -> int | None:
    try:
        return seconds(text(value))
    except ValueError:
        return None


def number(value: object) -> int | None:
    """A lenient field as a whole number."""
    if not isinstance(value, (str, int, float)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def to_ticket(
    wire: Ticket, fields: Mapping[str, str], url: str, *, closed: bool, version: str | None = None
) -> TicketRecord:
    """The record of a ticket. Raises `ValueError` for a date that is none.

    `fields` says which custom field holds which canonical field; `url` is RT's address for people.
    """
    ticket_id = str(wire.id)
    custom = {
        field.name: ", ".join(found for value in field.values if (found := _value(value))) or None
        for field in wire.fields
    }
    mapped = {name: custom.get(field) for name, field in fields.items()}
    custom = {name: value for name, value in custom.items() if name not in set(fields.values())}
    owner = None if wire.owner.login == NOBODY else wire.owner.login
    contact = wire.requestors[0] if wire.requestors else None
    email = text(contact.email) if contact else None
    if "company" not in mapped and email and "@" in email:
        mapped["company"] = email.rpartition("@")[2].lower()
    others = [text(user.email) for user in (*wire.requestors[1:], *wire.cc)]
    priority = number(wire.priority)
    minutes = number(wire.worked)
    return TicketRecord(
        ticket_id=ticket_id,
        number=ticket_id,
        summary=text(wire.subject) or "",
        board_id=str(wire.queue.id),
        board=text(wire.queue.name) or str(wire.queue.id),
        status_id=wire.status,
        status=wire.status,
        closed=closed,
        type_id=mapped.get("type"),
        type=mapped.get("type"),
        subtype=mapped.get("subtype"),
        item=mapped.get("item"),
        priority_id=None if priority is None else str(priority),
        priority=None if priority is None else str(priority),
        priority_rank=None if priority is None else -priority,
        source=mapped.get("source"),
        company_id=mapped.get("company"),
        company=mapped.get("company"),
        site_id=mapped.get("site"),
        site=mapped.get("site"),
        contact_id=contact.login if contact else None,
        contact=(text(contact.real_name) or contact.login) if contact else None,
        contact_phone=mapped.get("contact_phone")
        or ((text(contact.phone) or text(contact.mobile)) if contact else None),
        contact_email=mapped.get("contact_email") or email,
        cc=", ".join(mail for mail in others if mail) or None,
        agreement_id=mapped.get("agreement"),
        agreement=mapped.get("agreement"),
        owner_id=owner,
        owner=owner,
        resources=owner,
        billing_code_id=mapped.get("billing_code"),
        billing_code=mapped.get("billing_code"),
        hours=None if minutes is None else minutes / 60,
        due_at=lenient_seconds(wire.due),
        created_at=seconds(wire.created),
        updated_at=seconds(wire.updated),
        updated_by=wire.updated_by.login if wire.updated_by else None,
        # Resolved stays set when a ticket is opened again.
        closed_at=seconds(wire.resolved) if closed else None,
        version=version,
        url=f"{url}/Ticket/Display.html?id={ticket_id}",
        parent_ids=parents(wire),
        custom=custom,
    )


def parents(wire: Ticket) -> tuple[str, ...]:
    """Ids of the tickets that this one is a member of, lowest first."""
    found = {number(link.id) for link in wire.links if link.ref == "parent" and link.type == "ticket"}
    return tuple(str(parent) for parent in sorted(parent for parent in found if parent is not None))


def _value(value: object) -> str | None:
    """A custom field's value; of a file, its name."""
    return text(value.get("filename")) if isinstance(value, dict) else text(value)


# ---------------------------------------------------------------- text


def message_text(parts: list[Part]) -> str:
    """A message's words out of its parts: the plain ones, else the HTML; attached files are left out."""
    parts = sorted(parts, key=lambda part: int(part.id))
    for kind, read in (("text/plain", str), ("text/html", _html)):
        found = [
            read(str(part.content))
            for part in parts
            if text(part.kind) == kind and part.content and not text(part.filename)
        ]
        if found:
            return "\n".join(found).strip()
    return ""


def _html(page: str) -> str:
    """The words of an HTML part; of one that is a picture and nothing else none, for the file says it."""
    words = html_words(page)
    return "" if only_pictures(words) else words


def message_files(parts: list[Part]) -> tuple[Attachment, ...]:
    """The files of a message: the parts with a name."""
    parts = sorted(parts, key=lambda part: int(part.id))
    return tuple(Attachment(name, number(part.length)) for part in parts if (name := text(part.filename)))
