"""Rev.io's wire format: rows of the ticket list as typed rows, and what its refusals say.

Names: seen in third-party code that runs against tenants. Which of `ticketStatus` and `ticketState` a tenant has
differs, so both are read.
"""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.answers import first_words
from connectors.text import clean

SHOWN = 200
"""Characters of a refusal that are shown: the shape of its body is not established."""


class TicketRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ticket as the list has it. Unknown fields are skipped."""

    id: int = msgspec.field(name="ticketId")
    ticket_description: str | None = None
    customer_id: int | None = None
    customer_name: str | None = None
    ticket_status: str | None = None
    ticket_state: str | None = None
    ticket_priority: str | None = None
    ticket_severity: str | None = None
    ticket_type: str | None = None
    tech_assigned: str | None = None
    created_date: str | None = None
    opened_date: str | None = None
    modified_date: str | None = None
    closed_date: str | None = None


STRICT = frozenset({"ticketId", "ticketStatus", "ticketState", "techAssigned", "closedDate"})
"""What the scope and the signal rest on: without these the row is not delivered."""
NAMED = frozenset(field.encode_name for field in msgspec.structs.fields(TicketRow))
"""The names that are known of a ticket."""
NEEDED = ("ticketId", "techAssigned", "closedDate")
"""What a ticket by itself has to name (if only as null) to be taken for one: how it is shaped is not established."""


class ListAnswer(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw] | None
    """`null` is taken for no rows; without the name it is no list."""


class Token(msgspec.Struct, frozen=True):
    token: str


class TokenAnswer(msgspec.Struct, frozen=True):
    data: Token


def ticket_of(body: bytes) -> dict[str, Any] | None:
    """A ticket by itself, bare or under `data` (which of them is not established); `None` for anything else."""
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    inner = whole.get("data", whole) if isinstance(whole, dict) else None
    return inner if isinstance(inner, dict) and all(name in inner for name in NEEDED) else None


def said(body: bytes) -> str:
    """A refusal's body as one line of text: its shape is not established, so it is shown as it is."""
    text = body[:8000].decode("utf-8", "replace").strip()
    return first_words(body) if text.startswith("<") else clean(text)
