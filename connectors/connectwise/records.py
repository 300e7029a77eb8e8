"""ConnectWise PSA's typed rows as canonical records: who wrote a note, what is public, what is locked."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.connectwise.wire import DocumentRow, NoteRow, Reference, RowInfo, TicketRow, TimeRow
from connectors.contract import Attachment, NoteRecord, Speaker, TicketRecord, TimeRecord
from connectors.rows import Problem, seconds

LOCKED = frozenset(
    {
        "ApprovedByTierOne",
        "ApprovedByTierTwo",
        "ReadyToBill",
        "Billed",
        "BilledAgreement",
        "WrittenOff",
    }
)
"""Statuses in which a time entry cannot be changed: inferred from the vendor's list, not established."""

AUTOMATION = frozenset({"workflow", "workflow rule", "workflow rules"})
"""`createdBy` of notes that neither a member nor a contact wrote, and that are certainly automation."""

INVOICED = frozenset({"Billed", "BilledAgreement"})
"""Statuses of time that is on an invoice, or was set off against an agreement (vendor's list; meaning inferred)."""
CHARGED = {"Billable": True, "DoNotBill": False, "NoCharge": False}
"""`billableOption` -> whether the customer pays: time without charge is on the invoice, at nothing. `NoDefault` says
nothing."""


def ticket_record(row: TicketRow, problems: list[Problem], site: str) -> TicketRecord:
    """The canonical ticket. `site` is the address for people, `https://host/Codebase/`."""
    info = row.info or RowInfo()
    contact = row.contact or Reference()
    resolved = seconds(row.date_resolved, "$.dateResolved", problems)
    cc = row.automatic_email_cc if row.automatic_email_cc_flag is not False else None
    return TicketRecord(
        ticket_id=str(row.id),
        number=str(row.id),
        summary=row.summary or "",
        board_id=id_of(row.board),
        board=_name(row.board),
        team_id=id_of(row.team),
        team=_name(row.team),
        status_id=str(row.status.id),
        status=row.status.name,
        closed=bool(row.closed_flag),
        type_id=id_of(row.type),
        type=_name(row.type),
        subtype=_name(row.sub_type),
        item=_name(row.item),
        priority_id=id_of(row.priority),
        priority=_name(row.priority),
        priority_rank=row.priority.sort if row.priority else None,
        source=_name(row.source),
        company_id=id_of(row.company),
        company=_name(row.company),
        site_id=id_of(row.site),
        site=_name(row.site),
        contact_id=id_of(row.contact),
        contact=row.contact_name or contact.name,
        contact_phone=row.contact_phone_number,
        contact_email=row.contact_email_address,
        cc=",".join(addresses(cc)) or None,
        agreement_id=id_of(row.agreement),
        agreement=_name(row.agreement),
        owner_id=id_of(row.owner),
        owner=(row.owner.identifier or row.owner.name) if row.owner else None,
        resources=",".join(names(row.resources)) or None,
        customer_flag=bool(row.customer_updated_flag),
        billing_code_id=id_of(row.work_type),
        billing_code=_name(row.work_type),
        hours=row.actual_hours,
        due_at=seconds(row.required_date, "$.requiredDate", problems),
        created_at=seconds(info.date_entered, "$._info.dateEntered", problems),
        updated_at=seconds(info.last_updated, "$._info.lastUpdated", problems),
        updated_by=info.updated_by,
        closed_at=seconds(row.closed_date, "$.closedDate", problems),
        closed_by=row.closed_by,
        merged_into=id_of(row.merged_parent_ticket),
        version=info.last_updated,
        # Where a person opens it: as known from the field, not from the vendor's documentation.
        url=f"{site}services/system_io/Service/fv_sr100_request.rails?service_recid={row.id}",
        respond_by=seconds(row.respond_by_goal, "$.respondByGoalUTC", problems),
        responded_at=_responded(row, resolved, problems),
        resolve_by=seconds(row.resolution_goal, "$.resolutionGoalUTC", problems),
        resolved_at=resolved,
        sla_waits=_waits(row.sla_status),
        project=None if row.record_type is None else row.record_type.startswith("Project"),
        parent_ids=(str(row.parent_ticket_id),) if row.parent_ticket_id else (),
        custom={field.caption: _text(field.value) for field in row.custom_fields or () if field.caption},
    )


def _responded(row: TicketRow, resolved: int | None, problems: list[Problem]) -> int | None:
    """The SLA goes from responded over planned to resolved, and a ticket may skip a stage (`respondedSkippedMinutes`):
    whoever planned or resolved it has answered (inferred)."""
    answered = seconds(row.date_responded, "$.dateResponded", problems)
    planned = seconds(row.date_resplan, "$.dateResplan", problems)
    return next((when for when in (answered, planned, resolved) if when is not None), None)


def _waits(said: str | None) -> bool | None:
    """Whether the SLA's clock is held, from `slaStatus`: a date to come says that it runs, "Waiting" that it does not
    (the name of that state in the product; how the API spells it is inferred). Other words are not known."""
    word = (said or "").strip().casefold()
    if word.startswith("waiting"):
        return True
    return False if word.startswith(("respond by", "plan by", "resolve by")) else None


def note_record(row: NoteRow, ticket_id: str, problems: list[Problem]) -> NoteRecord | None:
    """The canonical note, or `None` when nobody can tell when it was written."""
    created = seconds(row.date_created, "$.dateCreated", problems)
    if created is None and row.info is not None:
        created = seconds(row.info.date_entered, "$._info.dateEntered", problems)
    if created is None:
        problems.append(("$.dateCreated", "is missing"))
        return None
    author = row.member or row.contact or Reference()
    return NoteRecord(
        note_id=str(row.id),
        ticket_id=ticket_id,
        created_at=created,
        author=author.name or author.identifier or row.created_by or "",
        author_id=id_of(author),
        speaker=speaker(row),
        public=bool(row.detail_description_flag or row.external_flag),
        text=row.text or "",
    )


def speaker(row: NoteRow) -> Speaker:
    """Who wrote it: a member is staff, a contact without a member the customer (inferred from the fields).

    With neither, `createdBy` decides only where it names workflow rules; a mail from an address that no
    contact has comes the same way, so everything else is `unknown`, which counts as the customer.
    """
    if row.member is not None and row.member.id is not None:
        return "staff"
    if row.contact is not None and row.contact.id is not None:
        return "customer"
    automatic = (row.created_by or "").strip().casefold() in AUTOMATION
    return "system" if automatic and not row.customer_updated_flag else "unknown"


def time_record(row: TimeRow, problems: list[Problem]) -> TimeRecord:
    """The canonical time entry; locked when invoiced or in a status of `LOCKED`."""
    invoiced = row.invoice is not None and row.invoice.id is not None
    return TimeRecord(
        time_id=str(row.id),
        ticket_id=str(row.charge_to_id),
        member_id=id_of(row.member),
        member=(row.member.identifier or row.member.name) if row.member else None,
        started_at=seconds(row.time_start, "$.timeStart", problems),
        ended_at=seconds(row.time_end, "$.timeEnd", problems),
        hours=row.actual_hours or 0.0,
        billing_code_id=id_of(row.work_type),
        billing_code=_name(row.work_type),
        billable=row.billable_option,
        locked=invoiced or row.status in LOCKED,
        charge=CHARGED.get(row.billable_option or ""),
        invoiced=invoiced or row.status in INVOICED,
        entered_at=seconds(row.date_entered, "$.dateEntered", problems),
        rate=row.hourly_rate,
        text=row.notes or "",
    )


def time_note(row: TimeRow, problems: list[Problem]) -> NoteRecord | None:
    """The note that a time entry shown to the customer is; `None` for one that is not shown or undated."""
    if not row.add_to_detail_description_flag or not (row.notes or "").strip():
        return None
    said = seconds(row.date_entered, "$.dateEntered", problems)
    said = seconds(row.time_end or row.time_start, "$.timeEnd", problems) if said is None else said
    if said is None:
        problems.append(("$.dateEntered", "is missing"))
        return None
    member = row.member or Reference()
    return NoteRecord(
        note_id=f"time-{row.id}",
        ticket_id=str(row.charge_to_id),
        created_at=said,
        author=member.name or member.identifier or "",
        author_id=id_of(row.member),
        speaker="staff",
        public=True,
        text=row.notes or "",
        time_id=str(row.id),
    )


def document(row: DocumentRow, problems: list[Problem]) -> Attachment:
    """A document of the ticket. It names no note; its last change is taken for the moment it came."""
    info = row.info or RowInfo()
    return Attachment(
        row.file_name or row.title or f"document {row.id}",
        row.size,
        seconds(info.date_entered or info.last_updated, "$._info", problems),
        info.updated_by or "",
    )


def names(resources: str | None) -> list[str]:
    """`"jdoe, asmith"` -> each identifier once, in order."""
    return list(dict.fromkeys(part.strip() for part in (resources or "").split(",") if part.strip()))


def addresses(text: str | None) -> list[str]:
    """Mail addresses from a list with commas or semicolons."""
    return names((text or "").replace(";", ","))


def id_of(reference: Reference | None) -> str | None:
    """The id as the records have it."""
    return None if reference is None or reference.id is None else str(reference.id)


def _name(reference: Reference | None) -> str | None:
    return None if reference is None else reference.name or reference.identifier


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def in_order(notes: Sequence[NoteRecord]) -> tuple[NoteRecord, ...]:
    """Notes by (created, id); ids are numbers."""
    return tuple(sorted(notes, key=lambda note: (note.created_at, _rank(note.note_id))))


def _rank(note_id: str) -> tuple[int, int]:
    return (1, int(note_id[5:])) if note_id.startswith("time-") else (0, int(note_id))
