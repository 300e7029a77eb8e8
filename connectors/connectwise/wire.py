"""ConnectWise PSA's wire format: JSON rows as typed rows, read leniently, and its error bodies.

Source of the names: ConnectWise developer guide and generated clients of the API 2025.1. Absent and null mean
the same; unknown fields are skipped. A row is strict on its id and on what gates rest on, lenient elsewhere:
a field of the wrong kind is taken over where its meaning is plain (a number for a text), else left empty and
reported as `Odd`, while the rest of the row is delivered.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Base of all rows: camelCase names, unknown fields skipped.

    Read from JSON, so nothing in them refers back to them: the collector need not look at thousands of them again and
    again.
    """


class Reference(Wire, frozen=True, kw_only=True):
    """A reference object (status, member, company …)."""

    id: int | None = None
    name: str | None = None
    identifier: str | None = None
    sort: int | None = None


class StatusReference(Wire, frozen=True, kw_only=True):
    """A ticket's status, which gates rest on: both parts have to be there."""

    id: int
    name: str


class RowInfo(Wire, frozen=True, kw_only=True):
    """`_info`; all values are texts in the vendor's description."""

    last_updated: str | None = None
    updated_by: str | None = None
    date_entered: str | None = None


class CustomField(Wire, frozen=True, kw_only=True):
    caption: str | None = None
    value: Any = None


class TicketRow(Wire, frozen=True, kw_only=True):
    id: int
    status: StatusReference
    closed_flag: bool | None = None
    customer_updated_flag: bool | None = None
    parent_ticket_id: int | None = None
    merged_parent_ticket: Reference | None = None
    owner: Reference | None = None
    resources: str | None = None
    work_type: Reference | None = None
    board: Reference | None = None
    team: Reference | None = None
    summary: str | None = None
    record_type: str | None = None
    closed_date: str | None = None
    closed_by: str | None = None
    type: Reference | None = None
    sub_type: Reference | None = None
    item: Reference | None = None
    priority: Reference | None = None
    source: Reference | None = None
    company: Reference | None = None
    site: Reference | None = None
    contact: Reference | None = None
    contact_name: str | None = None
    contact_phone_number: str | None = None
    contact_email_address: str | None = None
    automatic_email_cc: str | None = None
    automatic_email_cc_flag: bool | None = None
    agreement: Reference | None = None
    actual_hours: float | None = None
    required_date: str | None = None
    respond_by_goal: str | None = msgspec.field(default=None, name="respondByGoalUTC")
    """The SLA's targets (this and the next): not in the generated clients of 2025.1, but in live answers that public
    clients keep as their samples. A server that does not know the names leaves them out."""
    resolution_goal: str | None = msgspec.field(default=None, name="resolutionGoalUTC")
    date_responded: str | None = None
    date_resplan: str | None = None
    date_resolved: str | None = None
    sla_status: str | None = None
    """For people: "Resolve by Tue 10/04 11:00 PM UTC-05" (a live answer in a public client)."""
    custom_fields: list[CustomField] | None = None
    info: RowInfo | None = msgspec.field(default=None, name="_info")


class NoteRow(Wire, frozen=True, kw_only=True):
    id: int
    date_created: str | None = None
    member: Reference | None = None
    contact: Reference | None = None
    created_by: str | None = None
    detail_description_flag: bool | None = None
    external_flag: bool | None = None
    issue_flag: bool | None = None
    customer_updated_flag: bool | None = None
    text: str | None = None
    ticket_id: int | None = None
    info: RowInfo | None = msgspec.field(default=None, name="_info")


class DocumentRow(Wire, frozen=True, kw_only=True):
    id: int
    file_name: str | None = None
    title: str | None = None
    size: int | None = None
    info: RowInfo | None = msgspec.field(default=None, name="_info")


class TimeRow(Wire, frozen=True, kw_only=True):
    id: int
    charge_to_id: int
    member: Reference | None = None
    work_type: Reference | None = None
    invoice: Reference | None = None
    status: str | None = None
    add_to_detail_description_flag: bool | None = None
    time_start: str | None = None
    time_end: str | None = None
    actual_hours: float | None = None
    billable_option: str | None = None
    hourly_rate: float | None = None
    notes: str | None = None
    date_entered: str | None = None


TICKET_STRICT = frozenset(
    {
        "id",
        "status",
        "closedFlag",
        "customerUpdatedFlag",
        "parentTicketId",
        "mergedParentTicket",
        "owner",
        "resources",
        "workType",
        "board",
        "team",
    }
)
"""What gates and the scope rest on: without these the row is not delivered."""

NOTE_STRICT = frozenset(
    {
        "id",
        "member",
        "contact",
        "detailDescriptionFlag",
        "externalFlag",
        "issueFlag",
        "dateCreated",
        "ticketId",
    }
)
TIME_STRICT = frozenset(
    {
        "id",
        "chargeToId",
        "member",
        "workType",
        "invoice",
        "status",
        "addToDetailDescriptionFlag",
    }
)


NEWER = frozenset({"respondByGoalUTC", "resolutionGoalUTC"})
"""Names that an older server may not know."""


@cache
def fields_of(shape: type[msgspec.Struct], without: frozenset[str] = frozenset()) -> str:
    """The value of `fields=` that brings what `shape` reads. `_info` has to be named, else it is dropped."""
    names = (field.encode_name for field in msgspec.structs.fields(shape))
    return ",".join(name for name in names if name not in without)


# ---------------------------------------------------------------- errors


class _Flaw(Wire, frozen=True, kw_only=True):
    message: str | None = None
    field: str | None = None


class _Refusal(Wire, frozen=True, kw_only=True):
    code: str | None = None
    message: str | None = None
    errors: list[_Flaw] | None = None


def explain(status: int, body: bytes) -> tuple[str, str | None]:
    """ConnectWise's own words from an error body, and the field that they are about.

    `{"code","message","errors":[{"message","field"}]}`; a 429 has `{"error","message"}` (developer guide).
    """
    try:
        said = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    flaws = said.errors or []
    words = [said.message or said.code or "", *(flaw.message for flaw in flaws if flaw.message)]
    field = next((flaw.field for flaw in flaws if flaw.field), None)
    return ": ".join(dict.fromkeys(word for word in words if word)), field
