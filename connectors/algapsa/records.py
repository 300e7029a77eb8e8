"""AlgaPSA's typed rows as canonical records: who wrote a comment, what is public, what is locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from connectors.algapsa.wire import (
    CommentRow,
    ContactRow,
    DocumentRow,
    EntryRow,
    TicketRow,
    TicketTime,
    UserRow,
)
from connectors.contract import Attachment, NoteRecord, Speaker, TicketRecord, TimeRecord
from connectors.rows import Problem, seconds

AWAITED = "awaiting_internal"
"""The response state that a customer's answer sets."""
OPENING = 60
"""Seconds after the ticket's creation within which a customer's first comment is what it was opened with: a mail that
opens a ticket becomes its first comment at once (read in the source)."""
PUBLISHED = "published"
APPROVED = "APPROVED"
BILLABLE, FREE = "billable", "not billable"


class Names(NamedTuple):
    """What a row says by id only."""

    users: Mapping[str, UserRow] = {}
    contacts: Mapping[str, ContactRow | None] = {}
    sites: Mapping[str, str] = {}

    def login(self, user_id: str | None, otherwise: str | None = None) -> str | None:
        """A user as `technician` is spelled; his name or id where users may not be read."""
        user = self.users.get(user_id or "")
        return user.username if user is not None else otherwise or user_id


# ---------------------------------------------------------------- tickets


def ticket_record(row: TicketRow, problems: list[Problem], site: str, names: Names) -> TicketRecord:
    """The canonical ticket. A bundle's master is the parent."""
    contact = names.contacts.get(row.contact_name_id or "")
    created = seconds(row.entered_at, "$.entered_at", problems)
    return TicketRecord(
        ticket_id=row.id,
        number=row.ticket_number,
        summary=row.title or "",
        board_id=row.board_id,
        board=row.board_name,
        team_id=row.assigned_team_id,
        status_id=row.status_id,
        status=row.status_name or "",
        closed=bool(row.status_is_closed),
        type_id=row.category_id,
        type=row.category_name,
        subtype=row.subcategory_name,
        priority_id=row.priority_id,
        priority=row.priority_name,
        company_id=row.client_id,
        company=row.client_name,
        site_id=row.location_id,
        site=names.sites.get(row.location_id or ""),
        contact_id=row.contact_name_id,
        contact=row.contact_name,
        contact_phone=None if contact is None else contact.default_phone_number or None,
        contact_email=None if contact is None else contact.email or None,
        owner_id=row.assigned_to,
        owner=names.login(row.assigned_to, row.assigned_to_name),
        # Null: nobody has answered yet, or the tenant does not keep the state at all.
        customer_flag=None if row.response_state is None else row.response_state == AWAITED,
        due_at=seconds(row.due_date, "$.due_date", problems),
        created_at=created,
        updated_at=seconds(row.updated_at, "$.updated_at", problems) or created,
        updated_by=names.login(row.updated_by),
        closed_at=seconds(row.closed_at, "$.closed_at", problems),
        closed_by=names.login(row.closed_by),
        respond_by=seconds(row.sla_response_due_at, "$.sla_response_due_at", problems),
        responded_at=seconds(row.sla_response_at, "$.sla_response_at", problems),
        resolve_by=seconds(row.sla_resolution_due_at, "$.sla_resolution_due_at", problems),
        resolved_at=seconds(row.sla_resolution_at, "$.sla_resolution_at", problems),
        sla_waits=row.sla_paused_at is not None,
        # The state moves alone, so it belongs to what tells one version from another.
        version=f"{row.updated_at or row.entered_at} {row.response_state or '-'}",
        url=f"{site}/msp/tickets/{row.id}",
        parent_ids=(row.master_ticket_id,) if row.master_ticket_id else (),
        custom=dict(_plain_attributes(row.attributes or {})),
    )


def _plain_attributes(attributes: Mapping[str, Any]) -> Iterable[tuple[str, str | None]]:
    """The free attributes that are plain values; the description is the opening text, others are structures."""
    for name, value in attributes.items():
        if not name or name == "description":
            continue
        if value is None or isinstance(value, str):
            yield name, value
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        elif isinstance(value, (int, float)):
            yield name, str(value)


# ---------------------------------------------------------------- comments


def note_record(
    row: CommentRow, ticket_id: str, problems: list[Problem], users: Mapping[str, UserRow], me: str | None
) -> NoteRecord | None:
    """The canonical note, or `None` for one that is deleted, not published yet, or without a time."""
    if row.deleted_at or (row.publish_state or PUBLISHED) != PUBLISHED:
        return None
    created = seconds(row.created_at, "$.created_at", problems)
    if created is None:
        if not problems:
            problems.append(("$.created_at", "is missing"))
        return None
    contact = row.author_contact_id or row.contact_id
    user = users.get(row.created_by or "")
    return NoteRecord(
        note_id=note_name(row.id, row.created_at),
        ticket_id=ticket_id,
        created_at=created,
        author=(user.name if user else None) or row.author_contact_name or row.created_by_name or "",
        author_id=row.created_by or contact,
        speaker=speaker(row, users, me),
        public=row.is_internal is False,
        text=plain_text(row.comment_text or ""),
    )


def note_name(comment_id: str, created_at: str | None) -> str:
    """A note's id: the comment's with its milliseconds, for records keep whole seconds, notes of one second are in the
    order of their ids, and AlgaPSA's ids are random."""
    try:
        milliseconds = round(datetime.fromisoformat(created_at or "").timestamp() * 1000)
    except (ValueError, OverflowError):
        return comment_id
    return f"{comment_id}@{milliseconds}"


def speaker(row: CommentRow, users: Mapping[str, UserRow], me: str | None) -> Speaker:
    """Decided by contact and user first: comments made with an API key are of author type `unknown`, and an answer in
    the portal has a user too. Where neither tells, nobody can, which counts as the customer."""
    if row.is_system_generated:
        return "system"
    if row.author_contact_id or row.contact_id or row.author_type == "client":
        return "customer"
    if row.created_by is None:
        return "system" if row.author_type == "internal" else "unknown"
    user = users.get(row.created_by)
    if user is not None:
        return "customer" if user.user_type == "client" else "staff"
    return "staff" if row.author_type == "internal" or row.created_by == me else "unknown"


def opens(note: NoteRecord, opened: int | None) -> bool:
    """Whether a ticket's first comment is what it was opened with."""
    theirs = note.speaker in ("customer", "unknown") and note.public
    return theirs and opened is not None and note.created_at <= opened + OPENING


def plain_text(text: str) -> str:
    """A comment in words. Written in the browser it is a list of blocks as JSON; else it stays as it came."""
    if not text.lstrip().startswith("["):
        return text
    try:
        blocks = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        return text
    if not blocks or not all(isinstance(block.get("type"), str) for block in blocks):
        return text
    return "\n".join(_lines(blocks)).rstrip()


def _lines(blocks: Iterable[object]) -> Iterable[str]:
    """One line for each block, and those of its children after it."""
    for block in blocks:
        if not isinstance(block, dict):
            continue
        yield _words(block.get("content"))
        children = block.get("children")
        if isinstance(children, list):
            yield from _lines(children)


def _words(content: object) -> str:
    """The words of a block: texts, links, mentions; of a table its cells."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_words(one) for one in content)
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("text"), str):
        return str(content["text"])
    if isinstance(content.get("rows"), list):
        rows = [row.get("cells") for row in content["rows"] if isinstance(row, dict)]
        return "\n".join(
            " | ".join(_words(cell) for cell in cells) for cells in rows if isinstance(cells, list)
        )
    props = content.get("props")
    if isinstance(props, dict):  # a mention
        return next((f"@{props[name]}" for name in ("displayName", "username") if props.get(name)), "")
    return _words(content.get("content"))


def attachment(row: DocumentRow) -> Attachment:
    """A file of the ticket: which comment it came with, the API does not say."""
    size = str(row.file_size or "")
    return Attachment(
        name=row.document_name,
        size=int(size) if size.isdecimal() else None,
        added_at=seconds(row.association_created_at or row.entered_at, "$.association_created_at", []),
        added_by=row.created_by_full_name or "",
    )


# ---------------------------------------------------------------- time


def time_record(
    row: EntryRow,
    ticket_id: str,
    problems: list[Problem],
    users: Mapping[str, UserRow],
    *,
    invoiced: bool | None,
) -> TimeRecord:
    """The canonical time entry. The server lets an invoiced one be changed: that it must not is ours to say. `invoiced`
    `None`: it was not told (of others' entries it never is)."""
    started = seconds(row.start_time, "$.start_time", problems)
    ended = seconds(row.end_time, "$.end_time", problems)
    minutes = float(row.billable_duration or 0)
    if started is not None and ended is not None:
        minutes = max(0, ended - started) / 60
    user = users.get(row.user_id or "")
    return TimeRecord(
        time_id=row.id,
        ticket_id=ticket_id,
        member_id=row.user_id,
        member=user.username if user else row.user_name or row.user_id,
        started_at=started,
        ended_at=ended,
        hours=minutes / 60,
        billing_code_id=row.service_id,
        billing_code=row.service_name or (None if row.service_id is None else f"service {row.service_id}"),
        billable=None if row.billable_duration is None else BILLABLE if row.billable_duration else FREE,
        locked=bool(invoiced) or row.approval_status == APPROVED,
        charge=None if row.billable_duration is None else row.billable_duration > 0,
        invoiced=invoiced,
        text=row.notes or "",
    )


def hidden_record(said: TicketTime, ticket_id: str) -> TimeRecord | None:
    """What others logged and the key may not see, as one entry that cannot be changed: the hours are the ticket's, and
    nothing must look as if nobody had worked. `None`: nothing is hidden."""
    if said.hidden <= 0:
        return None
    entries = "1 entry" if said.hidden == 1 else f"{said.hidden} entries"
    return TimeRecord(
        time_id=f"{ticket_id}:hidden",
        ticket_id=ticket_id,
        hours=said.hidden_minutes / 60,
        locked=True,
        text=f"{entries} of others, which this key may not see",
    )
