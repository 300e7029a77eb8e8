"""Card Box's JSON as records. A row that cannot be read is set aside; the page goes on."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.contract import Attachment, NoteRecord, Odd, TicketRecord, TimeRecord


class Status(msgspec.Struct, frozen=True):
    id: int
    name: str
    closed: bool
    board: int


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    title: str
    status: Status
    opened: int
    changed: int
    changed_by: str
    owner: str | None = None
    assigned: list[str] = []
    company: str
    company_id: int
    contact: str | None = None
    contact_email: str | None = None
    priority: str | None = None
    merged_into: int | None = None

    def record(self, url: str) -> TicketRecord:
        return TicketRecord(
            ticket_id=str(self.id),
            number=str(self.id),
            summary=self.title,
            board_id=str(self.status.board),
            status_id=str(self.status.id),
            status=self.status.name,
            closed=self.status.closed,
            priority=self.priority,
            company_id=str(self.company_id),
            company=self.company,
            contact=self.contact,
            contact_email=self.contact_email,
            owner_id=self.owner,
            owner=self.owner,
            resources=",".join(self.assigned),
            created_at=self.opened,
            updated_at=self.changed,
            updated_by=self.changed_by,
            version=str(self.changed),
            merged_into=None if self.merged_into is None else str(self.merged_into),
            url=f"{url}/tickets/{self.id}",
        )


class File(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    bytes: int


class Note(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    ticket: int
    at: int
    author: str
    by: str
    public: bool
    text: str
    files: tuple[File, ...] = ()

    def record(self) -> NoteRecord:
        return NoteRecord(
            note_id=str(self.id),
            ticket_id=str(self.ticket),
            created_at=self.at,
            author=self.author,
            speaker=self.by if self.by in ("customer", "staff", "system") else "unknown",  # type: ignore[arg-type]
            public=self.public,
            text=self.text,
            attachments=tuple(Attachment(file.name, file.bytes) for file in self.files),
        )


class Time(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    ticket: int
    member: str
    start: int
    end: int
    hours: float
    text: str = ""

    def record(self) -> TimeRecord:
        return TimeRecord(
            time_id=str(self.id),
            ticket_id=str(self.ticket),
            member_id=self.member,
            member=self.member,
            started_at=self.start,
            ended_at=self.end,
            hours=self.hours,
            text=self.text,
        )


class Member(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    name: str
    active: bool = True


class Me(Member, frozen=True, kw_only=True):
    version: str


class Rows(msgspec.Struct, frozen=True):
    """Every list: rows not yet looked into, and the server's clock."""

    rows: list[msgspec.Raw]
    now: int


def sorted_out(rows: list[msgspec.Raw], shape: Any, stream: str, place: str) -> tuple[list[Any], list[Odd]]:
    """What can be read of the rows, and what cannot."""
    good, odd = [], []
    for number, raw in enumerate(rows, 1):
        try:
            good.append(msgspec.json.decode(raw, type=shape))
        except msgspec.ValidationError as error:
            problem, _, path = str(error).partition(" - at `")
            odd.append(Odd(stream, _id(raw) or f"{place}, row {number}", path.rstrip("`") or "$", problem))
    return good, odd


class _Id(msgspec.Struct):
    id: int


def _id(raw: msgspec.Raw) -> str:
    try:
        return str(msgspec.json.decode(raw, type=_Id).id)
    except msgspec.ValidationError:
        return ""
