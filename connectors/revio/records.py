"""Rev.io's typed rows as canonical records."""

from __future__ import annotations

from datetime import datetime, tzinfo

from connectors.contract import TicketRecord
from connectors.revio.wire import TicketRow
from connectors.rows import Problem, seconds

NO_DATE = 1900
"""A date of this year or earlier stands for none (.NET writes an empty one as the year 1): inferred."""


def ticket_record(
    row: TicketRow, problems: list[Problem], *, zone: tzinfo, ticket_url: str
) -> TicketRecord | None:
    """The canonical ticket; `None`, with a problem, for a row that names no status. A technician is known by name
    alone, so the name is the id too."""
    status = (row.ticket_status or "").strip() or (row.ticket_state or "").strip()
    if not status:
        problems.append(("$.ticketStatus", "is empty, and so is ticketState"))
        return None
    closed = _date(row.closed_date, "$.closedDate", problems, zone)
    if closed is None and any(path == "$.closedDate" for path, _ in problems):
        return None  # whether it is open rests on it
    owner = name_of(row.tech_assigned)
    created = _date(row.created_date, "$.createdDate", problems, zone)
    opened = _date(row.opened_date, "$.openedDate", problems, zone)
    return TicketRecord(
        ticket_id=str(row.id),
        number=str(row.id),
        summary=row.ticket_description or "",
        status_id=status,
        status=status,
        closed=closed is not None,
        type=row.ticket_type or None,
        priority_id=row.ticket_priority or None,
        priority=row.ticket_priority or None,
        company_id=None if row.customer_id is None else str(row.customer_id),
        company=row.customer_name,
        owner_id=key_of_name(owner) or None,
        owner=owner or None,
        created_at=created if created is not None else opened,
        updated_at=_date(row.modified_date, "$.modifiedDate", problems, zone),
        closed_at=closed,
        version=row.modified_date,
        url=ticket_url.replace("{id}", str(row.id)) or None,
    )


def name_of(text: str | None) -> str:
    """A technician's name with its white space put in order."""
    return " ".join((text or "").split())


def key_of_name(name: str) -> str:
    """What two spellings of one name have in common."""
    return name_of(name).casefold()


def _date(text: str | None, path: str, problems: list[Problem], zone: tzinfo) -> int | None:
    if text is not None and text[:4].isdecimal() and int(text[:4]) <= NO_DATE:
        return None
    return seconds(text, path, problems, zone)


def without_zone(text: str | None) -> bool:
    """Whether this is a date that does not say its time zone."""
    try:
        return bool(text) and datetime.fromisoformat(text or "").tzinfo is None
    except ValueError:
        return False
