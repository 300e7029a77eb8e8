"""Syncro's wire format: JSON rows as typed rows, and its error bodies.

Names: the vendor's OpenAPI file. A ticket in a list and a ticket by itself are two shapes: only the list has
`customer_reply`, the contract and the parent; only the single one has timers, contact and files.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows: unknown fields are skipped."""


class UserRef(Wire, frozen=True, kw_only=True):
    id: int | None = None
    full_name: str | None = None
    email: str | None = None


class TicketRow(Wire, frozen=True, kw_only=True):
    """A ticket as lists have it."""

    id: int
    status: str
    number: int | str | None = None
    subject: str | None = None
    problem_type: str | None = None
    ticket_type_id: int | None = None
    ticket_type_name: str | None = None
    user_id: int | None = None
    user: UserRef | None = None
    customer_id: int | None = None
    customer_business_then_name: str | None = None
    contact_id: int | None = None
    contact_fullname: str | None = None
    location_id: int | None = None
    location_name: str | None = None
    priority: str | None = None
    contract_id: int | None = None
    contract_name: str | None = None
    parent_id: int | None = None
    customer_reply: bool | None = None
    total_formatted_billable_time: str | None = None
    due_date: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    resolved_at: str | None = None
    properties: dict[str, Any] | None = None


class CommentRow(Wire, frozen=True, kw_only=True):
    id: int
    ticket_id: int | None = None
    subject: str | None = None
    body: str | None = None
    tech: str | None = None
    hidden: bool | None = None
    user_id: int | None = None
    created_at: str | None = None


class TimerRow(Wire, frozen=True, kw_only=True):
    id: int
    ticket_id: int | None = None
    user_id: int | None = None
    start_time: str | None = None
    end_time: str | None = None
    active_duration: int | None = None
    """Seconds (inferred from the examples)."""
    billable: bool | None = None
    product_id: int | None = None
    recorded: bool | None = None
    ticket_line_item_id: int | None = None
    created_at: str | None = None
    notes: str | None = None


class FileRow(Wire, frozen=True, kw_only=True):
    """A file of the ticket: the vendor's file has an empty list of them, the names are as seen in a client of
    RepairShopr, the vendor's other product with the same API."""

    file_name: str | None = None
    name: str | None = None
    file_size: int | None = None
    """In bytes (inferred)."""
    created_at: str | None = None


class ContactRow(Wire, frozen=True, kw_only=True):
    id: int
    name: str | None = None
    customer_id: int | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None

    @property
    def shown_phone(self) -> str | None:
        """The number that a ticket shows."""
        return self.phone or self.mobile or None


class Detail(Wire, frozen=True, kw_only=True):
    """What is read of a ticket by itself."""

    id: int
    number: int | str
    created_at: str | None = None
    properties: dict[str, Any] | None = None
    ticket_timers: list[msgspec.Raw] = []
    attachments: list[msgspec.Raw] | None = None
    contact: ContactRow | None = None


class DetailAnswer(Wire, frozen=True, kw_only=True):
    ticket: Detail


class Meta(Wire, frozen=True, kw_only=True):
    total_pages: int | None = None


class Me(Wire, frozen=True, kw_only=True):
    """Who the token belongs to. The answer's `user_token` is not read."""

    user_id: int
    user_name: str
    user_email: str | None = None
    subdomain: str | None = None
    permissions: dict[str, dict[str, bool]] = {}


class NamedId(Wire, frozen=True, kw_only=True):
    id: int
    name: str


class TicketSettings(Wire, frozen=True, kw_only=True):
    ticket_status_list: list[str]
    ticket_types: list[NamedId] = []
    users: list[NamedId] = []
    ticket_type_fields: list[Any] = []


class Product(Wire, frozen=True, kw_only=True):
    id: int
    name: str
    disabled: bool | None = None
    category_path: str | None = None


class ProductAnswer(Wire, frozen=True, kw_only=True):
    product: Product


class Contract(Wire, frozen=True, kw_only=True):
    id: int
    name: str | None = None
    customer_id: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    apply_to_all: bool | None = None


TICKET_STRICT = frozenset(
    {"id", "status", "user_id", "customer_reply", "parent_id", "ticket_type_id", "number"}
)
"""What gates and the scope rest on: without these the row is not delivered."""
COMMENT_STRICT = frozenset({"id", "hidden", "user_id", "created_at", "ticket_id"})
TIMER_STRICT = frozenset({"id", "user_id", "product_id", "recorded", "ticket_line_item_id", "ticket_id"})


# ---------------------------------------------------------------- errors


def explain(status: int, body: bytes) -> tuple[str, str | None]:
    """Syncro's own words from an error body: `message` (a text or a list), `errors` or `error`.

    No form names a field apart from its words; "Subject can't be blank" begins with it.
    """
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    if not isinstance(said, dict):
        return "", None
    for name in ("message", "errors", "error"):
        found = said.get(name)
        words = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        plain = [word for word in words if isinstance(word, str) and word]
        if plain:
            return "; ".join(plain), None
    return "", None
