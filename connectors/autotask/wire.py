"""Autotask's wire format: JSON rows as typed rows, read leniently and whatever the case of their names.

The Swagger file spells names in PascalCase, answers come in camelCase (maintained clients). Absent and null
mean the same; unknown fields are skipped. A row is strict on its id and on what gates and the scope rest on,
lenient elsewhere: a field of the wrong kind is taken over where its meaning is plain, else left empty and
reported as `Odd`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import msgspec

from connectors.contract import Odd

R = TypeVar("R", bound=msgspec.Struct)
Problem = tuple[str, str]
"""Path in the row, and what is wrong there."""


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


class Row(NamedTuple):
    """A row of a page: the id where it could be read, the typed row where it is usable, its problems."""

    id: int | None
    value: Any
    problems: list[Problem]


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
        return _read_slowly(fields, shape, strict)


def _read_slowly(data: dict[str, Any], shape: type[R], strict: frozenset[str] | None) -> Row:
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    usable = True
    for field in msgspec.structs.fields(shape):
        name = field.encode_name
        needed = field.required if strict is None else name in strict
        if data.get(name) is None:
            if field.required:
                problems.append((f"$.{name}", "is missing"))
                usable = False
            continue
        try:
            found[field.name] = _convert(data[name], field.type, lenient=not needed)
        except msgspec.ValidationError as error:
            problem, _, path = str(error).partition(" - at `$")
            problems.append((f"$.{name}{path.rstrip('`')}", problem.replace("`", "")))
            usable = usable and not needed
    row_id = found.get("id")
    value = shape(**found) if usable else None
    return Row(row_id if isinstance(row_id, int) else None, value, problems)


def _convert(value: object, kind: Any, *, lenient: bool) -> Any:  # noqa: ANN401 - types as values
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        if not lenient:
            raise
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                return msgspec.convert(str(value), type=kind)
            except msgspec.ValidationError:
                return msgspec.convert(value, type=kind, strict=False)
        return msgspec.convert(value, type=kind, strict=False)


def odd_of(row: Row, stream: str, place: str, ticket_id: str | None = None) -> tuple[Odd, ...]:
    """The row's problems for the quarantine; `place` names it when its id cannot be read."""
    record = place if row.id is None else str(row.id)
    whose = ticket_id if ticket_id is not None else (str(row.id) if stream == "tickets" and row.id else None)
    return tuple(Odd(stream, record, path, problem, whose) for path, problem in row.problems)
