"""HaloPSA's wire format: tickets, actions and what they refer to as typed rows, and as canonical records.

Names are from the vendor's API documentation, which does not describe answers; which of them come in a list and
which with the whole object is as seen in maintained clients. Dates are UTC without a zone; 1900 and 0001 mean empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.contract import Attachment, NoteRecord, Speaker, TicketRecord, TimeRecord
from connectors.rows import Problem

CLOSED = 9
"""The built-in status; other statuses that close are a setting (`closed_statuses`)."""

MOST_FILES = 50
"""So many files that are counted and not named are told of an action."""


class CustomField(msgspec.Struct, frozen=True, kw_only=True):
    id: int | None = None
    name: str | None = None
    value: Any = None
    display: str | None = None


class TicketRow(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket of a list or as a whole; `chargerate` and `contract_id` come with the whole one only."""

    id: int
    status_id: int
    tickettype_id: int | None = None
    agent_id: int | None = None
    parent_id: int | None = None
    merged_into_id: int | None = None
    team: str | None = None
    status_name: str | None = None
    tickettype_name: str | None = None
    agent_name: str | None = None
    summary: str | None = None
    priority_id: int | None = None
    priority_name: str | None = None
    client_id: int | None = None
    client_name: str | None = None
    site_id: float | None = None
    site_name: str | None = None
    user_id: int | None = None
    user_name: str | None = None
    user_email: str | None = None
    category_1: str | None = None
    category_2: str | None = None
    emailcclist: str | None = None
    timetaken: float | None = None
    fixbydate: str | None = None
    respondbydate: str | None = None
    responsedate: str | None = None
    onhold: bool | None = None
    is_project: bool | None = None
    """With the whole ticket only."""
    dateoccurred: str | None = None
    dateclosed: str | None = None
    last_update: str | None = None
    chargerate: int | None = None
    contract_id: int | None = None
    contract_ref: str | None = None
    customfields: list[CustomField] | None = None


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    filename: str | None = None
    filesize: int | None = None
    """In bytes (inferred from the name)."""


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    hiddenfromuser: bool
    ticket_id: int | None = None
    who: str | None = None
    who_type: int | None = None
    who_agentid: int | None = None
    actionby_user_id: int | None = None
    datetime: str | None = None
    actiondatecreated: str | None = None
    actionarrivaldate: str | None = None
    actioncompletiondate: str | None = None
    outcome: str | None = None
    note: str | None = None
    emaildirection: str | None = None
    timetaken: float | None = None
    chargerate: int | None = None
    actisbillable: bool | None = None
    actioninvoicenumber: str | int | None = None
    attachment_count: int | None = None
    attachments: list[FileRow] | None = None
    """For who asks with `includeattachments` (vendor's API documentation)."""


TICKET_STRICT = frozenset(
    {"id", "status_id", "tickettype_id", "agent_id", "parent_id", "merged_into_id", "team", "chargerate"}
)
"""What gates and the scope rest on: without these the row is not delivered."""
ACTION_STRICT = frozenset(
    {"id", "ticket_id", "hiddenfromuser", "who_type", "who_agentid", "timetaken", "chargerate", "datetime"}
)


def seconds(text: str | None, path: str, problems: list[Problem]) -> int | None:
    """`2026-11-20T14:05:11` as UTC seconds; what is no date becomes a problem."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
        if when.year <= 1900:
            return None
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        problems.append((path, f"expected a date, got “{text[:40]}”"))
        return None


def stamp(when: int) -> str:
    """UTC seconds as Halo takes dates: without a zone (seen in maintained clients)."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%S}"


def positive(number: float | None) -> str | None:
    """An id as the records have it; 0 and below are none."""
    return str(int(number)) if number is not None and number > 0 else None


class Names(msgspec.Struct, frozen=True):
    """What rows need besides themselves: names of charge rates and statuses, "responded" per ticket type."""

    charges: Mapping[str, str]
    statuses: Mapping[int, str]
    responded: Mapping[int, int]
    """Ticket type -> the status that a customer's answer sets."""


def ticket_record(row: TicketRow, problems: list[Problem], names: Names, site: str) -> TicketRecord:
    """The canonical ticket. `site` is the address for people. A team is both board and team: Halo has no other."""
    team = row.team or None
    code = positive(row.chargerate)
    responded = names.responded.get(row.tickettype_id or 0)
    due = seconds(row.fixbydate, "$.fixbydate", problems)
    closed = seconds(row.dateclosed, "$.dateclosed", problems) if row.status_id == CLOSED else None
    return TicketRecord(
        ticket_id=str(row.id),
        number=str(row.id),
        summary=row.summary or "",
        board_id=team,
        board=team,
        team_id=team,
        team=team,
        status_id=str(row.status_id),
        status=row.status_name or names.statuses.get(row.status_id) or f"status {row.status_id}",
        closed=row.status_id == CLOSED,
        type_id=positive(row.tickettype_id),
        type=row.tickettype_name,
        subtype=row.category_1 or None,
        item=row.category_2 or None,
        priority_id=positive(row.priority_id),
        priority=row.priority_name,
        priority_rank=row.priority_id,
        company_id=positive(row.client_id),
        company=row.client_name,
        site_id=positive(row.site_id),
        site=row.site_name,
        contact_id=positive(row.user_id),
        contact=(row.user_name or None) if positive(row.user_id) else None,
        contact_email=row.user_email or None,
        cc=",".join(
            part.strip() for part in (row.emailcclist or "").replace(";", ",").split(",") if part.strip()
        )
        or None,
        agreement_id=positive(row.contract_id),
        agreement=(row.contract_ref or None) if positive(row.contract_id) else None,
        owner_id=positive(row.agent_id),
        owner=row.agent_name if positive(row.agent_id) else None,
        customer_flag=None if responded is None else row.status_id == responded,
        billing_code_id=code,
        billing_code=None if code is None else names.charges.get(code, f"charge rate {code}"),
        hours=row.timetaken,
        due_at=due,
        created_at=seconds(row.dateoccurred, "$.dateoccurred", problems),
        updated_at=seconds(row.last_update, "$.last_update", problems),
        closed_at=closed,
        # Names: vendor's API documentation; that `onhold` is the SLA's clock is inferred.
        respond_by=seconds(row.respondbydate, "$.respondbydate", problems),
        responded_at=seconds(row.responsedate, "$.responsedate", problems),
        resolve_by=due,
        resolved_at=closed,
        sla_waits=row.onhold,
        project=True if row.is_project else None,  # a task of a project may not say so
        merged_into=positive(row.merged_into_id),
        version=row.last_update,
        url=f"{site}/ticket?id={row.id}",
        parent_ids=tuple(one for one in (positive(row.parent_id),) if one),
        custom={
            field.name: field.display or (None if field.value is None else str(field.value))
            for field in row.customfields or ()
            if field.name
        },
    )


# ---------------------------------------------------------------- actions


def is_time(row: ActionRow) -> bool:
    """An action that has time on it."""
    return (row.timetaken or 0.0) > 0


def speaker(row: ActionRow) -> Speaker:
    """Who wrote it: `who_type` 1 is the customer, an agent's id staff (seen in maintained clients); anything else
    is unknown, which counts as the customer."""
    if row.who_type == 1:
        return "customer"
    return "staff" if (row.who_agentid or 0) > 0 else "unknown"


def note_record(row: ActionRow, ticket_id: str, problems: list[Problem]) -> NoteRecord | None:
    """The canonical note; `None` for internal time (an entry only), and when nobody can tell when it was written."""
    if row.hiddenfromuser and is_time(row):
        return None
    created = seconds(row.datetime or row.actiondatecreated, "$.datetime", problems)
    if created is None:
        problems.append(("$.datetime", "is missing"))
        return None
    customer = row.who_type == 1
    return NoteRecord(
        note_id=str(row.id),
        ticket_id=ticket_id,
        created_at=created,
        author=row.who or "",
        author_id=positive(row.actionby_user_id if customer else row.who_agentid),
        speaker=speaker(row),
        public=not row.hiddenfromuser,
        text=row.note or "",
        time_id=str(row.id) if is_time(row) else None,
        attachments=files(row),
    )


def files(row: ActionRow) -> tuple[Attachment, ...]:
    """The action's files; without a name those that are only counted."""
    named = tuple(Attachment(file.filename or "", file.filesize) for file in row.attachments or ())
    counted = min(row.attachment_count or 0, MOST_FILES)
    return named + (Attachment(""),) * (counted - len(named))


def time_record(
    row: ActionRow, ticket_id: str, problems: list[Problem], charges: Mapping[str, str]
) -> TimeRecord:
    """The canonical time entry; locked when it has an invoice number (inferred)."""
    code = positive(row.chargerate)
    invoiced = str(row.actioninvoicenumber or "").strip() not in ("", "0", "-1")
    ended = seconds(row.actioncompletiondate or row.datetime, "$.actioncompletiondate", problems)
    started = seconds(row.actionarrivaldate, "$.actionarrivaldate", problems)
    hours = row.timetaken or 0.0
    return TimeRecord(
        time_id=str(row.id),
        ticket_id=ticket_id,
        member_id=positive(row.who_agentid),
        member=row.who,
        started_at=started if started is not None or ended is None else ended - round(hours * 3600),
        ended_at=ended,
        hours=hours,
        billing_code_id=code,
        billing_code=None if code is None else charges.get(code, f"charge rate {code}"),
        billable=None if row.actisbillable is None else "Billable" if row.actisbillable else "NoCharge",
        locked=invoiced,
        charge=row.actisbillable,
        invoiced=invoiced,
        entered_at=seconds(row.actiondatecreated, "$.actiondatecreated", problems),
        text=row.note or "",
    )
