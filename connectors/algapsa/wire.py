"""AlgaPSA's wire format: JSON rows as typed rows, its two envelopes, its error bodies, its times.

Names: rows seen on a running server; `is_system_generated`, documents and bundles are read in its source.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows: unknown fields are skipped."""


class TicketRow(Wire, frozen=True, kw_only=True):
    """A ticket as lists have it. By itself it lacks `board_name` and `subcategory_name`."""

    id: str = msgspec.field(name="ticket_id")
    ticket_number: str
    title: str | None = None
    board_id: str | None = None
    board_name: str | None = None
    status_id: str | None = None
    status_name: str | None = None
    status_is_closed: bool | None = None
    """Whether the status closes. `is_closed` beside it is kept by other means and was seen stale."""
    priority_id: str | None = None
    priority_name: str | None = None
    category_id: str | None = None
    category_name: str | None = None
    subcategory_id: str | None = None
    subcategory_name: str | None = None
    client_id: str | None = None
    client_name: str | None = None
    location_id: str | None = None
    contact_name_id: str | None = None
    contact_name: str | None = None
    assigned_to: str | None = None
    assigned_to_name: str | None = None
    assigned_team_id: str | None = None
    response_state: str | None = None
    master_ticket_id: str | None = None
    due_date: str | None = None
    sla_response_due_at: str | None = None
    """These five are columns of the ticket: the targets were seen in answers, the rest is read in the source."""
    sla_response_at: str | None = None
    sla_resolution_due_at: str | None = None
    sla_resolution_at: str | None = None
    sla_paused_at: str | None = None
    entered_at: str | None = None
    updated_at: str | None = None
    updated_by: str | None = None
    closed_at: str | None = None
    closed_by: str | None = None
    attributes: dict[str, Any] | None = None


class CommentRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="comment_id")
    comment_text: str | None = None
    is_internal: bool | None = None
    is_system_generated: bool | None = None
    created_at: str | None = None
    created_by: str | None = None
    created_by_name: str | None = None
    author_type: str | None = None
    author_contact_id: str | None = None
    author_contact_name: str | None = None
    contact_id: str | None = None
    publish_state: str | None = None
    deleted_at: str | None = None


class EntryRow(Wire, frozen=True, kw_only=True):
    """A time entry as a ticket has it."""

    id: str = msgspec.field(name="entry_id")
    user_id: str | None = None
    user_name: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    billable_duration: int | None = None
    """Minutes; 0: not billable."""
    notes: str | None = None
    approval_status: str | None = None
    service_id: str | None = None
    service_name: str | None = None
    is_own: bool | None = None
    """The key's user's (read in the source)."""


class TicketTime(Wire, frozen=True, kw_only=True):
    """What a ticket says of its time. Others' entries may be hidden and are counted all the same."""

    entries: list[msgspec.Raw]
    hidden: int = msgspec.field(name="othersHiddenCount")
    hidden_minutes: int = msgspec.field(name="othersHiddenMinutes", default=0)


class TimeRow(Wire, frozen=True, kw_only=True):
    """A time entry as the list of time entries has it: only here it is said whether it is invoiced."""

    id: str = msgspec.field(name="entry_id")
    work_item_id: str | None = None
    work_item_type: str | None = None
    invoiced: bool | None = None


class Detail(Wire, frozen=True, kw_only=True):
    """What is read of a ticket by itself."""

    ticket_id: str
    ticket_number: str
    entered_at: str


class UserRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="user_id")
    username: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    user_type: str | None = None
    is_inactive: bool | None = None

    @property
    def name(self) -> str:
        """As a person reads it."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.username

    @property
    def works_here(self) -> bool:
        """An active user of the MSP; `client` users are its customers in the portal."""
        return not self.is_inactive and self.user_type != "client"


class BoardRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="board_id")
    board_name: str
    is_inactive: bool | None = None


class StatusRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="status_id")
    name: str
    board_id: str | None = None
    is_closed: bool | None = None
    order_number: int | None = None


class PriorityRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="priority_id")
    priority_name: str


class CategoryRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="category_id")
    category_name: str
    parent_category: str | None = None
    board_id: str | None = None


class ServiceRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="service_id")
    service_name: str
    is_active: bool | None = None


class NumberRow(Wire, frozen=True, kw_only=True):
    """A number on a contact's card (read in the source): of one of its types, or of the shop's own."""

    id: str = msgspec.field(name="contact_phone_number_id")
    phone_number: str
    extension: str | None = None
    canonical_type: str | None = None
    custom_type: str | None = None
    is_default: bool = False


class ContactRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="contact_name_id")
    full_name: str | None = None
    client_id: str | None = None
    email: str | None = None
    default_phone_number: str | None = None
    is_inactive: bool | None = None


class CardRow(ContactRow, frozen=True, kw_only=True):
    """A contact with all of his numbers."""

    phone_numbers: list[NumberRow]


class LocationRow(Wire, frozen=True, kw_only=True):
    id: str = msgspec.field(name="location_id")
    location_name: str | None = None
    city: str | None = None
    is_active: bool | None = None

    @property
    def name(self) -> str:
        """As a person reads it: a location may have no name."""
        return self.location_name or self.city or self.id


class DocumentRow(Wire, frozen=True, kw_only=True):
    """A file of a ticket (read in the source)."""

    id: str = msgspec.field(name="document_id")
    document_name: str
    file_size: int | str | None = None
    association_created_at: str | None = None
    entered_at: str | None = None
    created_by_full_name: str | None = None


class Bundle(Wire, frozen=True, kw_only=True):
    """A bundle as one of its tickets tells it (read in the source)."""

    class Settings(Wire, frozen=True, kw_only=True):
        mode: str | None = None

    role: str
    """`master`, `child` or `standalone`."""
    settings: Settings | None = None


class Pagination(Wire, frozen=True, kw_only=True):
    total: int
    has_next: bool = msgspec.field(name="hasNext")


TICKET_STRICT = frozenset(
    {
        "ticket_id",
        "ticket_number",
        "board_id",
        "status_id",
        "status_name",
        "status_is_closed",
        "assigned_to",
        "response_state",
        "master_ticket_id",
    }
)
"""What gates and the scope rest on: without these the row is not delivered."""
COMMENT_STRICT = frozenset(
    {
        "comment_id",
        "is_internal",
        "created_at",
        "created_by",
        "author_type",
        "author_contact_id",
        "contact_id",
        "publish_state",
        "deleted_at",
    }
)
ENTRY_STRICT = frozenset({"entry_id", "user_id", "service_id", "approval_status", "is_own"})


# ---------------------------------------------------------------- times and ids

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_id(text: str) -> bool:
    """Whether the server would take it for an id: what is none it answers with a 400 or a 500."""
    return _UUID.fullmatch(text) is not None


def stamp(moment: float) -> str:
    """UTC seconds as the server wants them: milliseconds and `Z`, for `+00:00` and a mere date are a 400."""
    when = datetime.fromtimestamp(moment, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def moment_in(raw: msgspec.Raw, name: str) -> float | None:
    """The time in a row's field, UTC seconds; `None` where there is none that can be read."""
    row = msgspec.json.decode(raw)
    text = row.get(name) if isinstance(row, dict) else None
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None


# ---------------------------------------------------------------- errors


def explain(status: int, body: bytes) -> tuple[str, str | None]:
    """AlgaPSA's own words from an error body, and the field they are about.

    `error` is an object, or a mere text where there was no key at all. `details` name what is wrong with a field
    (`path`), or which of a board's close rules is not satisfied (`rule`, `missing_fields`).
    """
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, str):
        return error, None
    if not isinstance(error, dict):
        return "", None
    words = [text for text in (error.get("message"),) if isinstance(text, str) and text]
    field = None
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        told, missing, path = detail.get("message"), detail.get("missing_fields"), detail.get("path")
        if isinstance(told, str) and told:
            words.append(told)
        if isinstance(missing, list) and missing:
            words.append("missing: " + ", ".join(str(one) for one in missing))
        if field is None and isinstance(path, list) and path:
            field = str(path[0])
    if not words and isinstance(error.get("code"), str):
        words.append(error["code"])
    return "; ".join(dict.fromkeys(words)), field
