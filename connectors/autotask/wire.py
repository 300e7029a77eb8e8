"""Autotask's wire format: JSON rows as typed rows, read leniently and whatever the case of their names.

The Swagger file spells names in PascalCase, answers come in camelCase (maintained clients). Absent and null
mean the same; unknown fields are skipped. A row is strict on its id and on what gates and the scope rest on,
lenient elsewhere: a field of the wrong kind is taken over where its meaning is plain, else left empty and
reported as `Odd`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from connectors.rows import Row, read_fields

R = TypeVar("R", bound=msgspec.Struct)


def _flat(name: str) -> str:
    return name.replace("_", "")


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename=_flat):
    """Base of all rows: names in lower case without underscores."""


class TicketRow(Wire, frozen=True, kw_only=True):
    id: int
    status: int
    ticket_number: str | None = None
    title: str | None = None
    priority: int | None = None
    queue_id: int | None = None
    issue_type: int | None = None
    sub_issue_type: int | None = None
    source: int | None = None
    company_id: int | None = None
    company_location_id: int | None = None
    contact_id: int | None = None
    contract_id: int | None = None
    billing_code_id: int | None = None
    problem_ticket_id: int | None = None
    assigned_resource_id: int | None = None
    project_id: int | None = None
    resolution: str | None = None
    first_response_due_date_time: str | None = None
    first_response_date_time: str | None = None
    resolved_due_date_time: str | None = None
    resolved_date_time: str | None = None
    service_level_agreement_paused_next_event_hours: float | None = None
    due_date_time: str | None = None
    create_date: str | None = None
    completed_date: str | None = None
    completed_by_resource_id: int | None = None
    last_activity_date: str | None = None
    last_activity_resource_id: int | None = None
    last_tracked_modification_date_time: str | None = None
    user_defined_fields: list[dict[str, Any]] | None = None


class ScopeRow(Wire, frozen=True, kw_only=True):
    """What decides whether an open ticket is in the scope."""

    id: int


class SecondaryRow(Wire, frozen=True, kw_only=True):
    id: int
    ticket_id: int
    resource_id: int


class NoteRow(Wire, frozen=True, kw_only=True):
    id: int
    ticket_id: int
    title: str | None = None
    description: str | None = None
    note_type: int | None = None
    publish: int | None = None
    creator_resource_id: int | None = None
    created_by_contact_id: int | None = None
    create_date_time: str | None = None
    last_activity_date: str | None = None


class AttachmentRow(Wire, frozen=True, kw_only=True):
    id: int
    title: str | None = None
    full_path: str | None = None
    file_size: float | None = None
    attach_date: str | None = None
    attached_by_contact_id: int | None = None
    attached_by_resource_id: int | None = None


class TimeRow(Wire, frozen=True, kw_only=True):
    id: int
    ticket_id: int
    resource_id: int | None = None
    billing_code_id: int | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    date_worked: str | None = None
    create_date_time: str | None = None
    hours_worked: float | None = None
    is_non_billable: bool | None = None
    summary_notes: str | None = None
    internal_notes: str | None = None
    billing_approval_date_time: str | None = None


TICKET_STRICT = frozenset(
    {
        "id",
        "status",
        "queueid",
        "billingcodeid",
        "problemticketid",
        "assignedresourceid",
    }
)
"""What gates and the scope rest on: without these the row is not delivered."""
NOTE_STRICT = frozenset(
    {
        "id",
        "ticketid",
        "publish",
        "creatorresourceid",
        "createdbycontactid",
        "createdatetime",
    }
)
TIME_STRICT = frozenset(
    {
        "id",
        "ticketid",
        "resourceid",
        "billingcodeid",
        "billingapprovaldatetime",
    }
)


def lowered(data: dict[str, Any]) -> dict[str, Any]:
    """The same object with its names in lower case."""
    return {str(name).lower(): value for name, value in data.items()}


def read_row(data: object, shape: type[R], strict: frozenset[str] | None = None) -> Row:
    """One row, leniently; `value` is `None` when the id or another strict field cannot be read. Without `strict`
    that is every field that the shape requires."""
    if not isinstance(data, dict):
        return Row(None, None, [("$", "expected an object")])
    fields = lowered(data)
    try:
        value = msgspec.convert(fields, type=shape)
        return Row(getattr(value, "id", None), value, [])
    except msgspec.ValidationError:
        return read_fields(fields, shape, strict)
