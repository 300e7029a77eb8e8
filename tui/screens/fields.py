"""Any field of a ticket: first which, then what. Only fields that this PSA's API can set are offered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, tzinfo

from textual.content import Content

from connectors.text import clean
from store.changes import show_field, value_of
from store.read_records import TicketView
from tui.asks import Item
from tui.screens.picker import Picker
from tui.text import field_text

EDITABLE = (
    "summary",
    "contact",
    "contact_phone",
    "contact_email",
    "agreement",
    "type",
    "subtype",
    "item",
    "priority",
    "site",
    "source",
    "due_at",
    "owner",
    "status",
    "billing_code",
)
"""Canonical fields, in the order in which a technician looks for them; custom ones follow."""


def field_items(view: TicketView, writable: Collection[str], zone: tzinfo) -> Sequence[Item]:
    """A picker line per field that can be set, with its value now; the missing ones first."""
    missing = {reason.field for row in view.exceptions for reason in row.reasons if reason.field}
    names = [name for name in EDITABLE if name in writable]
    if "custom" in writable:
        names += [f"custom:{name}" for name in view.record.custom]
    items = [
        Item(
            key=name,
            label=label(name),
            detail=field_text(name, show_field(name, value_of(view.record, name)), zone) or "empty",
            group="missing here" if name in missing else "all fields",
            value=name,
        )
        for name in names
    ]
    return sorted(items, key=lambda item: item.group != "missing here")


def label(field: str) -> str:
    """A field's name for people: `contact phone`, a custom field by the PSA's own name."""
    return clean(field.removeprefix("custom:")).replace("_", " ")


class Fields(Picker):
    """Which field: answers with an `Item` whose value is the field's canonical name."""

    def __init__(self, view: TicketView, writable: Collection[str], zone: tzinfo = UTC) -> None:
        super().__init__(
            Content.assemble(
                "Which field? · ", f"#{clean(view.record.number)} · ", clean(view.record.company)
            ),
            field_items(view, writable, zone),
            preview=lambda item: Content.assemble((item.label, "bold"), f" is now: {clean(item.detail)}"),
        )
