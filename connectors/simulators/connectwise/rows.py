"""The world's things as ConnectWise PSA's JSON rows (names from the vendor's spec, unset references absent)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.simulators import owed

if TYPE_CHECKING:
    from connectors.simulators.model import (
        Agreement,
        Board,
        Company,
        Contact,
        Member,
        Named,
        Note,
        Site,
        Status,
        Ticket,
        TimeEntry,
        TypeRow,
    )
    from connectors.simulators.world import World

Row = dict[str, Any]

_ESCALATION = {"runs": "Responded", "waits": "NoEscalation", "ends": "Resolved"}


def stamp(seconds: float) -> str:
    """UTC as the vendor writes it: `2026-11-20T14:05:11Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _at(seconds: int | None) -> str | None:
    return None if seconds is None else stamp(seconds)


def _set(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


class Rows:
    """Rows of one world. Tickets are kept until their revision changes: lists of 10,000 stay quick."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._tickets: dict[int, tuple[int, Row]] = {}

    def ticket(self, ticket: Ticket) -> Row:
        kept = self._tickets.get(ticket.id)
        if kept is None or kept[0] != ticket.revision:
            kept = self._tickets[ticket.id] = (ticket.revision, self._ticket(ticket))
        return kept[1]

    def _ticket(self, t: Ticket) -> Row:
        w = self.world
        status, board, owner = w.statuses[t.status_id], w.boards[t.board_id], w.members.get(t.owner_id or 0)
        company, priority = w.companies[t.company_id], w.priorities[t.priority_id]
        merged = None
        if t.merged_into is not None:
            into = w.tickets.get(t.merged_into)
            merged = _set({"id": t.merged_into, "summary": into.summary if into else None})
        return _set(
            {
                "id": t.id,
                "summary": t.summary,
                "recordType": "ServiceTicket",
                "board": {"id": board.id, "name": board.name},
                "status": {"id": status.id, "name": status.name},
                "company": {"id": company.id, "identifier": company.identifier, "name": company.name},
                "site": self._ref(w.sites, t.site_id),
                "contact": self._ref(w.contacts, t.contact_id),
                "contactName": t.contact_name or None,
                "contactPhoneNumber": t.contact_phone or None,
                "contactEmailAddress": t.contact_email or None,
                "type": self._ref(w.types, t.type_id),
                "subType": self._ref(w.subtypes, t.subtype_id),
                "item": self._ref(w.items, t.item_id),
                "team": self._ref(w.teams, t.team_id),
                "owner": self.member_ref(owner),
                "resources": ", ".join(t.resources) or None,
                "priority": {"id": priority.id, "name": priority.name, "sort": priority.position},
                "source": self._ref(w.sources, t.source_id),
                "workType": self._ref(w.work_types, t.work_type_id),
                "workRole": self._ref(w.work_roles, t.work_role_id),
                "agreement": self._ref(w.agreements, t.agreement_id),
                "billTime": t.bill_time,
                "budgetHours": t.budget,
                "actualHours": t.hours,
                "requiredDate": stamp(t.required_at) if t.required_at else None,
                "isInSla": False,
                "slaStatus": self._sla_status(t),
                "respondByGoalUTC": _at(t.respond_by),
                "resolutionGoalUTC": _at(t.resolve_by),
                "dateResponded": _at(owed.responded_at(w, t)),
                "dateResolved": _at(owed.resolved_at(w, t)),
                "customerUpdatedFlag": t.flag,
                "closedFlag": status.closed,
                "closedDate": stamp(t.closed_at) if t.closed_at else None,
                "closedBy": t.closed_by or None,
                "parentTicketId": t.parent_id,
                "hasChildTicket": bool(w.children.get(t.id)),
                "mergedParentTicket": merged,
                "automaticEmailCcFlag": bool(t.cc),
                "automaticEmailCc": t.cc or None,
                "customFields": [
                    {
                        "id": i + 1,
                        "caption": name,
                        "type": "Text",
                        "entryMethod": "EntryField",
                        "value": value or None,
                    }
                    for i, (name, value) in enumerate(t.custom.items())
                ],
                "_info": {
                    "lastUpdated": stamp(t.updated),
                    "updatedBy": t.updated_by,
                    "dateEntered": stamp(t.entered),
                    "enteredBy": t.entered_by,
                },
            }
        )

    def _sla_status(self, t: Ticket) -> str | None:
        """For people, as a live answer in a public client has it; "Waiting" and "Resolved" are our inference."""
        w = self.world
        if t.respond_by is None or t.resolve_by is None:
            return None
        if owed.resolved_at(w, t) is not None:
            return "Resolved"
        if owed.waits(w, t):
            return "Waiting"
        answered = owed.responded_at(w, t) is not None
        when = datetime.fromtimestamp(t.resolve_by if answered else t.respond_by, UTC)
        return f"{'Resolve' if answered else 'Respond'} by {when:%a %m/%d %I:%M %p} UTC+00"

    @staticmethod
    def _ref(table: dict[int, Any], key: int | None) -> Row | None:
        found = table.get(key or 0)
        return None if found is None else {"id": found.id, "name": found.name}

    @staticmethod
    def member_ref(member: Member | None) -> Row | None:
        return (
            None
            if member is None
            else {"id": member.id, "identifier": member.identifier, "name": member.name}
        )

    def note(self, n: Note) -> Row:
        """A ServiceNote. Whether `member` and `contact` both stay away for automation is our inference."""
        w = self.world
        return _set(
            {
                "id": n.id,
                "ticketId": n.ticket_id,
                "text": n.text,
                "detailDescriptionFlag": n.public and not n.resolution,
                "internalAnalysisFlag": not n.public,
                "resolutionFlag": n.resolution,
                "issueFlag": n.issue,
                "member": self.member_ref(w.members.get(n.member_id or 0)),
                "contact": self._ref(w.contacts, n.contact_id),
                "customerUpdatedFlag": False,
                "processNotifications": n.notify,
                "dateCreated": stamp(n.at),
                "createdBy": n.created_by,
                "internalFlag": not n.public,
                "externalFlag": n.public,
                "_info": {"lastUpdated": stamp(n.at), "updatedBy": n.created_by},
            }
        )

    def documents(self, ticket_id: int) -> list[Row]:
        """DocumentInfos of a ticket. The API does not say to which note one belongs."""
        return [
            {
                "id": note.id * 10 + place,
                "title": name.rsplit(".", 1)[0],
                "fileName": name,
                "serverFileName": f"{note.id}-{name}",
                "owner": "Admin",
                "linkFlag": False,
                "imageFlag": name.endswith((".png", ".jpg")),
                "publicFlag": True,
                "readOnlyFlag": True,
                "size": size,
                "urlFlag": False,
                "_info": {"lastUpdated": stamp(note.at), "updatedBy": note.created_by},
            }
            for note in self.world.notes.get(ticket_id, ())
            for place, (name, size) in enumerate(note.files)
        ]

    def all_note(self, n: Note, *, bundled: bool = False) -> Row:
        """A ServiceTicketNote, as `/allNotes` gives it."""
        w = self.world
        return _set(
            {
                "id": n.id,
                "noteType": "TicketNote",
                "ticket": {"id": n.ticket_id, "summary": w.tickets[n.ticket_id].summary},
                "text": n.text,
                "isMarkdownFlag": False,
                "detailDescriptionFlag": n.public and not n.resolution,
                "internalAnalysisFlag": not n.public,
                "resolutionFlag": n.resolution,
                "issueFlag": n.issue,
                "bundledFlag": bundled,
                "mergedFlag": False,
                "createdByParentFlag": False,
                "originalAuthor": n.created_by,
                "member": self.member_ref(w.members.get(n.member_id or 0)),
                "contact": self._ref(w.contacts, n.contact_id),
                "_info": {"lastUpdated": stamp(n.at), "updatedBy": n.created_by},
            }
        )

    def time_note(self, e: TimeEntry, *, bundled: bool = False) -> Row:
        """A time entry among the notes."""
        w = self.world
        return _set(
            {
                "id": e.id,
                "noteType": "TimeEntryNote",
                "ticket": {"id": e.ticket_id, "summary": w.tickets[e.ticket_id].summary},
                "text": e.text,
                "isMarkdownFlag": False,
                "detailDescriptionFlag": e.public,
                "internalAnalysisFlag": not e.public,
                "resolutionFlag": False,
                "issueFlag": False,
                "bundledFlag": bundled,
                "mergedFlag": False,
                "timeStart": stamp(e.start),
                "timeEnd": stamp(e.end),
                "originalAuthor": e.entered_by,
                "member": self.member_ref(w.members.get(e.member_id)),
                "_info": {"lastUpdated": stamp(e.updated), "updatedBy": e.entered_by},
            }
        )

    def time(self, e: TimeEntry) -> Row:
        w = self.world
        ticket = w.tickets[e.ticket_id]
        company = w.companies[ticket.company_id]
        return _set(
            {
                "id": e.id,
                "company": {"id": company.id, "identifier": company.identifier, "name": company.name},
                "chargeToId": e.ticket_id,
                "chargeToType": "ServiceTicket",
                "member": self.member_ref(w.members.get(e.member_id)),
                "workType": self._ref(w.work_types, e.work_type_id),
                "workRole": self._ref(w.work_roles, e.work_role_id),
                "agreement": self._ref(w.agreements, ticket.agreement_id),
                "timeStart": stamp(e.start),
                "timeEnd": stamp(e.end),
                "actualHours": e.hours,
                "hourlyRate": owed.rate(w, e),
                "hoursBilled": e.hours if e.billable == "Billable" else 0,
                "invoiceHours": e.hours if e.locked else 0,
                "billableOption": e.billable,
                "notes": e.text,
                "addToDetailDescriptionFlag": e.public,
                "addToInternalAnalysisFlag": not e.public,
                "addToResolutionFlag": False,
                "emailResourceFlag": False,
                "emailContactFlag": False,
                "emailCcFlag": False,
                "enteredBy": e.entered_by,
                "dateEntered": stamp(e.entered or e.end),
                "invoice": {"id": 9000 + e.id % 1000, "identifier": e.invoice} if e.invoice else None,
                "status": e.status,
                "ticket": {"id": ticket.id, "summary": ticket.summary},
                "ticketBoard": w.boards[ticket.board_id].name,
                "ticketStatus": w.statuses[ticket.status_id].name,
                "_info": {"lastUpdated": stamp(e.updated), "updatedBy": e.entered_by},
            }
        )

    # ------------------------------------------------------------ setup tables and people

    def board(self, b: Board) -> Row:
        return {"id": b.id, "name": b.name, "inactiveFlag": False, "projectFlag": b.project, "_info": {}}

    def status(self, s: Status) -> Row:
        return {
            "id": s.id,
            "name": s.name,
            "board": self._ref(self.world.boards, s.board_id),
            "sortOrder": s.position,
            "displayOnBoard": not s.inactive,
            "inactive": s.inactive,
            "closedStatus": s.closed,
            "timeEntryNotAllowed": s.no_time,
            "defaultFlag": s.name == "New",
            "escalationStatus": "NotResponded" if s.name == "New" else _ESCALATION[s.clock],
            "_info": {},
        }

    def type(self, t: TypeRow) -> Row:
        row = {"id": t.id, "name": t.name, "inactiveFlag": t.inactive, "_info": {}}
        if t.type_ids:
            row["typeAssociationIds"] = list(t.type_ids)
        return row | {"board": self._ref(self.world.boards, t.board_id)}

    def priority(self, p: Named) -> Row:
        return {"id": p.id, "name": p.name, "sortOrder": p.position, "defaultFlag": p.id == 3, "_info": {}}

    def source(self, s: Named) -> Row:
        return {"id": s.id, "name": s.name, "defaultFlag": s.position == 1, "_info": {}}

    def team(self, t: Named) -> Row:
        return {"id": t.id, "name": t.name, "boardId": t.board_id, "defaultFlag": True, "_info": {}}

    def work_type(self, t: Named) -> Row:
        return {"id": t.id, "name": t.name, "billTime": t.bill, "inactiveFlag": t.inactive, "_info": {}}

    def work_role(self, r: Named) -> Row:
        return {"id": r.id, "name": r.name, "inactiveFlag": r.inactive, "_info": {}}

    def agreement(self, a: Agreement) -> Row:
        company = self.world.companies[a.company_id]
        return _set(
            {
                "id": a.id,
                "name": a.name,
                "type": {"id": 1, "name": a.type},
                "company": {"id": company.id, "identifier": company.identifier, "name": company.name},
                "startDate": stamp(a.start),
                "endDate": None if a.end is None else stamp(a.end),
                "noEndingDateFlag": a.end is None,
                "cancelledFlag": a.cancelled,
                "dateCancelled": None if a.cancelled_at is None else stamp(a.cancelled_at),
                "agreementStatus": a.status(self.world.now()),
                "_info": {},
            }
        )

    def company(self, c: Company) -> Row:
        return {
            "id": c.id,
            "identifier": c.identifier,
            "name": c.name,
            "phoneNumber": c.phone,
            "website": f"www.{c.domain}",
            "deletedFlag": False,
            "status": {"id": 1, "name": "Active"},
            "_info": {},
        }

    def site(self, s: Site) -> Row:
        return {"id": s.id, "name": s.name, "city": s.city, "inactiveFlag": False, "_info": {}} | {
            "company": self._ref(self.world.companies, s.company_id)
        }

    def contact(self, c: Contact) -> Row:
        company = self.world.companies[c.company_id]
        items = [
            (("Direct", "Phone"), c.phone, c.id * 10),
            (("Email", "Email"), c.email, c.id * 10 + 1),
        ]
        return {
            "id": c.id,
            "firstName": c.first,
            "lastName": c.last,
            "title": c.title,
            "company": {"id": company.id, "identifier": company.identifier, "name": company.name},
            "site": self._ref(self.world.sites, c.site_id),
            "inactiveFlag": c.inactive,
            "defaultPhoneType": "Direct",
            "defaultPhoneNbr": c.phone,
            "communicationItems": [
                {
                    "id": key,
                    "type": {"id": 1 if kind == "Email" else 2, "name": name},
                    "value": value,
                    "defaultFlag": True,
                    "communicationType": kind,
                }
                for (name, kind), value, key in items
                if value
            ],
            "_info": {},
        }

    def member(self, m: Member) -> Row:
        return {
            "id": m.id,
            "identifier": m.identifier,
            "firstName": m.first,
            "lastName": m.last,
            "title": m.title,
            "inactiveFlag": m.inactive,
            "licenseClass": "F",
            "officeEmail": m.email,
            "primaryEmail": m.email,
            "defaultEmail": "Office",
            "timeZone": {"id": 1, "name": "GMT"},
            "_info": {},
        }

    def schedule(self, ticket: Ticket, member: Member, key: int) -> Row:
        row = {
            "id": key,
            "objectId": ticket.id,
            "name": f"{member.name} / {ticket.summary}",
            "member": self.member_ref(member),
            "type": {"id": 4, "identifier": "S", "name": "Service"},
            "dateStart": stamp(ticket.appointment[0]) if ticket.appointment else None,
            "dateEnd": stamp(ticket.appointment[1]) if ticket.appointment else None,
            "doneFlag": False,
            "ownerFlag": ticket.owner_id == member.id,
            "_info": {},
        }
        return _set(row)
