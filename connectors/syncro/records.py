"""Syncro's typed rows as canonical records: who wrote a comment, what is public, what is locked."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from connectors.contract import Attachment, NoteRecord, Speaker, TicketRecord, TimeRecord
from connectors.rows import Problem, read_row, seconds
from connectors.syncro.wire import CommentRow, ContactRow, FileRow, TicketRow, TimerRow

CLOSED = frozenset({"resolved", "invoiced"})
"""Statuses that close (vendor's documentation: the filter "Not Closed" leaves them out, `resolved_at` is set)."""
OPENING = 60
"""Seconds after the ticket's creation within which its first comment is its description."""
INITIAL = "initial issue"
"""Subject of the comment that a ticket is opened with (seen in maintained clients)."""


def ticket_record(
    row: TicketRow, problems: list[Problem], site: str, contact: ContactRow | None
) -> TicketRecord:
    """The canonical ticket. A ticket type stands for the board too: Syncro has no boards."""
    type_id = _id(row.ticket_type_id)
    return TicketRecord(
        ticket_id=str(row.id),
        number=str(row.id if row.number is None else row.number),
        summary=row.subject or "",
        board_id=type_id,
        board=row.ticket_type_name,
        status_id=row.status,
        status=row.status,
        closed=row.status.casefold() in CLOSED,
        type_id=type_id,
        type=row.ticket_type_name,
        subtype=row.problem_type or None,
        priority_id=row.priority or None,
        priority=row.priority or None,
        priority_rank=rank(row.priority),
        company_id=_id(row.customer_id),
        company=row.customer_business_then_name,
        site_id=_id(row.location_id),
        site=row.location_name,
        contact_id=_id(row.contact_id),
        contact=row.contact_fullname,
        contact_phone=None if contact is None else contact.shown_phone,
        contact_email=None if contact is None else contact.email or None,
        agreement_id=_id(row.contract_id),
        agreement=row.contract_name,
        owner_id=_id(row.user_id),
        owner=None if row.user is None else row.user.full_name,
        customer_flag=bool(row.customer_reply),
        hours=_clock_hours(row.total_formatted_billable_time),
        due_at=seconds(row.due_date, "$.due_date", problems),
        created_at=seconds(row.created_at, "$.created_at", problems),
        updated_at=seconds(row.updated_at, "$.updated_at", problems),
        closed_at=seconds(row.resolved_at, "$.resolved_at", problems),
        version=row.updated_at,
        # Where a person opens it: as known from the field, not from the vendor's documentation.
        url=f"{site}/tickets/{row.id}",
        parent_ids=(str(row.parent_id),) if row.parent_id else (),
        custom={name: _text(value) for name, value in (row.properties or {}).items() if name},
    )


def note_record(
    row: CommentRow,
    ticket_id: str,
    problems: list[Problem],
    *,
    contact: str,
    users: Mapping[str, str],
    system: frozenset[str],
) -> NoteRecord | None:
    """The canonical note, or `None` when nobody can tell when it was written."""
    created = seconds(row.created_at, "$.created_at", problems)
    if created is None:
        if not problems:
            problems.append(("$.created_at", "is missing"))
        return None
    author_id = _id(row.user_id)
    return NoteRecord(
        note_id=str(row.id),
        ticket_id=ticket_id,
        created_at=created,
        author=users.get(author_id or "") or row.tech or "",
        author_id=author_id,
        speaker=speaker(row, contact, system),
        public=row.hidden is False,
        text=row.body or "",
    )


def speaker(row: CommentRow, contact: str, system: frozenset[str]) -> Speaker:
    """A user is staff. Without one, how Syncro marks customers and automation is not established: the ticket's
    contact by name is the customer, a name in `system_authors` automation, and everything else `unknown`, which
    counts as the customer."""
    if row.user_id is not None:
        return "staff"
    said = (row.tech or "").strip().casefold()
    if said and said in system:
        return "system"
    return "customer" if said and said == contact.strip().casefold() else "unknown"


def opens(row: CommentRow, created: int | None, opened: int | None) -> bool:
    """Whether the ticket's first comment is its description and no note."""
    if (row.subject or "").strip().casefold() == INITIAL:
        return True
    near = created is not None and opened is not None and created <= opened + OPENING
    return near and row.user_id is None and row.hidden is False


def attachment(raw: msgspec.Raw) -> Attachment:
    """A file of the ticket. One of another shape than is known is told without its name: that it is there counts."""
    row: FileRow = read_row(raw, FileRow, frozenset()).value or FileRow()
    return Attachment(
        row.file_name or row.name or "", row.file_size, seconds(row.created_at, "$.created_at", [])
    )


def time_record(
    row: TimerRow, ticket_id: str, problems: list[Problem], users: Mapping[str, str], codes: Mapping[str, str]
) -> TimeRecord:
    """The canonical time entry; locked once it is charged (`recorded` or a line item: inferred)."""
    started = seconds(row.start_time, "$.start_time", problems)
    ended = seconds(row.end_time, "$.end_time", problems)
    length = row.active_duration
    if length is None and started is not None and ended is not None:
        length = max(0, ended - started)
    charged = bool(row.recorded) or row.ticket_line_item_id is not None
    product = _id(row.product_id)
    member = _id(row.user_id)
    return TimeRecord(
        time_id=str(row.id),
        ticket_id=ticket_id,
        member_id=member,
        member=users.get(member or "", member),
        started_at=started,
        ended_at=ended,
        hours=(length or 0) / 3600,
        billing_code_id=product,
        billing_code=codes.get(product or "", None if product is None else f"product {product}"),
        billable=None if row.billable is None else "billable" if row.billable else "not billable",
        locked=charged,
        charge=row.billable,
        # A timer that was charged is a line on the ticket; whether that is on an invoice yet is not said.
        invoiced=None if charged else False,
        entered_at=seconds(row.created_at, "$.created_at", problems),
        text=row.notes or "",
    )


def rank(priority: str | None) -> int | None:
    """`2 Normal` -> 2: Syncro's own names begin with their rank."""
    match = re.match(r"\s*(\d{1,4})\b", priority or "")
    return int(match[1]) if match else None


def _clock_hours(text: str | None) -> float | None:
    """`1:30` -> 1.5; seconds too, where they are there."""
    match = re.fullmatch(r"(\d{1,6}):(\d\d)(?::(\d\d))?", (text or "").strip())
    return int(match[1]) + int(match[2]) / 60 + int(match[3] or 0) / 3600 if match else None


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
