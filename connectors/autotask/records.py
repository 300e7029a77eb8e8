"""Autotask's typed rows as canonical records: who wrote a note, what is public, what is locked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.autotask.wire import AttachmentRow, NoteRow, TicketRow, TimeRow, lowered
from connectors.contract import Attachment, NoteRecord, Speaker, TicketRecord, TimeRecord
from connectors.rows import Problem, seconds

if TYPE_CHECKING:
    from connectors.autotask.names import Names

COMPLETE = 5
"""The status that the system itself closes with (maintained clients); a shop's other ones are `closed_statuses`."""
WORKFLOW = 4
"""The resource under whose name workflow rules write (field reports)."""
RULE_NOTE = 13
SYSTEM_NOTE = 2
"""Kinds of note: of a workflow rule; mostly of the system (field reports)."""
EVERYBODY = 1
"""`publish` of what the customer sees; 2 is internal, 4 for co-managed customers' staff (field reports)."""


def stamp(when: int) -> str:
    """UTC seconds as Autotask writes times."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ}"


def ticket_record(
    row: TicketRow, problems: list[Problem], names: Names, secondary: Collection[int], web: str
) -> TicketRecord:
    """The canonical ticket. `secondary`: resources assigned besides the first; `web`: the address for people."""
    contact = names.contacts.get(row.contact_id or -1)
    owner = names.login(row.assigned_resource_id)
    others = [names.login(one) or "" for one in sorted(secondary) if one != row.assigned_resource_id]
    changed = seconds(row.last_tracked_modification_date_time, "$.lastTrackedModificationDateTime", problems)
    active = seconds(row.last_activity_date, "$.lastActivityDate", problems)
    link = f"{web}Autotask/AutotaskExtend/ExecuteCommand.aspx?Code=OpenTicketDetail&TicketID={row.id}"
    return TicketRecord(
        ticket_id=str(row.id),
        number=row.ticket_number or str(row.id),
        summary=row.title or "",
        board_id=_id(row.queue_id),
        board=names.label("queueID", row.queue_id),
        status_id=str(row.status),
        status=names.label("status", row.status) or "",
        closed=row.status == COMPLETE,
        type_id=_id(row.issue_type),
        type=names.label("issueType", row.issue_type),
        subtype=names.label("subIssueType", row.sub_issue_type),
        priority_id=_id(row.priority),
        priority=names.label("priority", row.priority),
        priority_rank=names.rank("priority", row.priority),
        source=names.label("source", row.source),
        company_id=_id(row.company_id),
        company=names.called("Companies", row.company_id),
        site_id=_id(row.company_location_id),
        site=names.called("CompanyLocations", row.company_location_id),
        contact_id=_id(row.contact_id),
        contact=contact.name if contact else (f"#{row.contact_id}" if row.contact_id else None),
        contact_phone=contact.shown_phone if contact else None,
        contact_email=contact.email_address if contact else None,
        agreement_id=_id(row.contract_id),
        agreement=names.called("Contracts", row.contract_id),
        owner_id=_id(row.assigned_resource_id),
        owner=owner,
        resources=",".join(dict.fromkeys(one for one in (owner, *others) if one)) or None,
        billing_code_id=_id(row.billing_code_id),
        billing_code=names.code(row.billing_code_id),
        due_at=seconds(row.due_date_time, "$.dueDateTime", problems),
        created_at=seconds(row.create_date, "$.createDate", problems),
        updated_at=max((one for one in (changed, active) if one is not None), default=None),
        updated_by=names.login(row.last_activity_resource_id),
        closed_at=seconds(row.completed_date, "$.completedDate", problems)
        if row.status == COMPLETE
        else None,
        closed_by=names.login(row.completed_by_resource_id) if row.status == COMPLETE else None,
        # All names of the SLA: vendor's API file.
        respond_by=seconds(row.first_response_due_date_time, "$.firstResponseDueDateTime", problems),
        responded_at=seconds(row.first_response_date_time, "$.firstResponseDateTime", problems),
        resolve_by=seconds(row.resolved_due_date_time, "$.resolvedDueDateTime", problems),
        resolved_at=seconds(row.resolved_date_time, "$.resolvedDateTime", problems),
        # Hours left are said while it is paused (inferred; so read by public clients). None prove nothing: a public
        # client's notes have a tenant where the field is never filled.
        sla_waits=True if (row.service_level_agreement_paused_next_event_hours or 0) > 0 else None,
        project=row.project_id is not None,
        resolution=row.resolution or "",
        version=f"{row.last_tracked_modification_date_time or ''}/{row.last_activity_date or ''}",
        url=link if web else None,
        parent_ids=(str(row.problem_ticket_id),) if row.problem_ticket_id else (),
        custom=_custom(row),
    )


def note_record(
    row: NoteRow, problems: list[Problem], names: Names, mail_users: Collection[int]
) -> NoteRecord | None:
    """The canonical note, or `None` when nobody can tell when it was written. What a contact wrote is public whatever
    `publish` says: its customer knows it."""
    created = seconds(row.create_date_time, "$.createDateTime", problems)
    if created is None:
        created = seconds(row.last_activity_date, "$.lastActivityDate", problems)
    if created is None:
        problems.append(("$.createDateTime", "is missing"))
        return None
    author, author_id = "", None
    if row.created_by_contact_id:
        contact = names.contacts.get(row.created_by_contact_id)
        author = contact.name if contact else f"#{row.created_by_contact_id}"
        author_id = f"contact-{row.created_by_contact_id}"
    elif row.creator_resource_id:
        resource = names.resources.get(row.creator_resource_id)
        author = resource.name if resource else f"#{row.creator_resource_id}"
        author_id = str(row.creator_resource_id)
    who = speaker(row, mail_users)
    # Of a customer's mail without words the title is its subject: no answer, and not to be taken for one.
    title = row.title if who in ("staff", "system") else None
    return NoteRecord(
        note_id=str(row.id),
        ticket_id=str(row.ticket_id),
        created_at=created,
        author=author,
        author_id=author_id,
        speaker=who,
        public=row.publish == EVERYBODY or bool(row.created_by_contact_id),
        text=row.description or title or "",
    )


def speaker(row: NoteRow, mail_users: Collection[int]) -> Speaker:
    """A contact is the customer (the field is not in the vendor's file, maintained clients read it); a resource is
    staff, unless it brings mail in or is the workflow's. With neither nobody can tell, which counts as the customer."""
    if row.created_by_contact_id:
        return "customer"
    if row.creator_resource_id == WORKFLOW or row.note_type == RULE_NOTE:
        return "system"
    if not row.creator_resource_id or row.creator_resource_id in mail_users:
        return "unknown"
    return "system" if row.note_type == SYSTEM_NOTE else "staff"


def time_record(row: TimeRow, problems: list[Problem], names: Names) -> TimeRecord:
    """The canonical time entry; locked once its billing is approved (inferred)."""
    approved = bool(row.billing_approval_date_time)
    return TimeRecord(
        time_id=str(row.id),
        ticket_id=str(row.ticket_id),
        member_id=_id(row.resource_id),
        member=names.login(row.resource_id),
        started_at=seconds(row.start_date_time or row.date_worked, "$.startDateTime", problems),
        ended_at=seconds(row.end_date_time, "$.endDateTime", problems),
        hours=row.hours_worked or 0.0,
        billing_code_id=_id(row.billing_code_id),
        billing_code=names.code(row.billing_code_id),
        billable="NonBillable" if row.is_non_billable else "Billable",
        locked=approved,
        charge=None if row.is_non_billable is None else not row.is_non_billable,
        # What is not approved is no billing item yet and on no invoice (inferred); of what is, a list of billing items
        # would say it, which is not read.
        invoiced=None if approved else False,
        entered_at=seconds(row.create_date_time, "$.createDateTime", problems),
        text=row.summary_notes or row.internal_notes or "",
    )


def time_note(row: TimeRow, problems: list[Problem], names: Names) -> NoteRecord | None:
    """A time entry's summary as a note: technicians often write nothing else, and the customer may read it (field
    reports). `None` without one, or undated."""
    if not (row.summary_notes or "").strip():
        return None
    said = seconds(row.create_date_time or row.end_date_time or row.date_worked, "$.createDateTime", problems)
    if said is None:
        problems.append(("$.createDateTime", "is missing"))
        return None
    resource = names.resources.get(row.resource_id or -1)
    return NoteRecord(
        note_id=f"time-{row.id}",
        ticket_id=str(row.ticket_id),
        created_at=said,
        author=resource.name if resource else f"#{row.resource_id}",
        author_id=_id(row.resource_id),
        speaker="staff",
        public=True,
        text=row.summary_notes or "",
        time_id=str(row.id),
    )


def attachment(row: AttachmentRow, problems: list[Problem], names: Names) -> Attachment:
    """A file on the ticket (names from the vendor's API file). It names no note."""
    resource = names.resources.get(row.attached_by_resource_id or -1)
    contact = names.contacts.get(row.attached_by_contact_id or -1)
    return Attachment(
        row.full_path or row.title or f"attachment {row.id}",
        None if row.file_size is None else int(row.file_size),
        seconds(row.attach_date, "$.attachDate", problems),
        contact.name if contact else resource.name if resource else "",
    )


def in_order(notes: Sequence[NoteRecord]) -> tuple[NoteRecord, ...]:
    """Notes by (created, id); ids are numbers."""
    return tuple(sorted(notes, key=lambda note: (note.created_at, _rank(note.note_id))))


def _rank(note_id: str) -> tuple[int, int]:
    return (1, int(note_id[5:])) if note_id.startswith("time-") else (0, int(note_id))


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _custom(row: TicketRow) -> dict[str, str | None]:
    """User-defined fields by name; the list is absent when none has a value (vendor)."""
    found: dict[str, str | None] = {}
    for field in row.user_defined_fields or ():
        flat = lowered(field)
        value = flat.get("value")
        if isinstance(flat.get("name"), str):
            found[flat["name"]] = None if value is None else str(value)
    return found
