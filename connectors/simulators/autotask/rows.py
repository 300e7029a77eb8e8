"""The world's things as Autotask's JSON rows: ids instead of names, every field there, null where it is not set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from connectors.simulators import owed
from connectors.simulators.autotask.picklists import status_of, subtypes, types
from connectors.simulators.autotask.state import API_MEMBER, Simulator
from connectors.simulators.model import Agreement, Contact, Member, Note, Ticket, TimeEntry

Row = dict[str, Any]
OWN_CONTACT = 1_000_000
"""Added to a ticket's id: the contact of a ticket whose phone or mail differs from its contact's. The world has them on
the ticket, Autotask on the contact."""
OTHER_CODE = 900
"""A billing code that is no work type."""


def stamp(seconds: float) -> str:
    """UTC as the vendor writes it, with a fraction."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.03Z")


def _at(seconds: int | None) -> str | None:
    return None if seconds is None else stamp(seconds)


def day(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT00:00:00Z")


class Rows:
    """Rows of one world."""

    def __init__(self, made: Simulator) -> None:
        self.made = made
        self.world = made.world
        self.entities: dict[str, Callable[[], list[Row]]] = {
            "Tickets": lambda: [self.ticket(t) for t in self.world.tickets.values()],
            "TicketNotes": lambda: [
                self.note(n) for notes in self.world.notes.values() for n in notes if not n.issue
            ],
            "TicketAttachments": self._attachments,
            "TimeEntries": self._times,
            "TicketSecondaryResources": self._secondary,
            "Resources": self._resources,
            "ResourceServiceDeskRoles": self._desk_roles,
            "Roles": lambda: [
                {"id": r.id, "name": r.name, "isActive": not r.inactive}
                for r in self.world.work_roles.values()
            ],
            "BillingCodes": self._codes,
            "Companies": lambda: [
                {"id": c.id, "companyName": c.name, "companyNumber": c.identifier, "isActive": True}
                for c in self.world.companies.values()
            ],
            "CompanyLocations": lambda: [
                {"id": s.id, "companyID": s.company_id, "name": s.name, "city": s.city, "isActive": True}
                for s in self.world.sites.values()
            ],
            "Contacts": self._contacts,
            "Contracts": lambda: [self.contract(a) for a in self.world.agreements.values()],
        }

    def of(self, entity: str, tickets: set[int] | None = None) -> list[Row]:
        """All rows of an entity that this account sees, by id. `tickets`: of notes and entries those of these alone,
        for the rest would be filtered out anyway."""
        if self.made.switches.low_level:
            return []
        w = self.world
        if tickets is not None and entity == "TicketNotes":
            found = [self.note(n) for key in tickets for n in w.notes.get(key, ()) if not n.issue]
        elif tickets is not None and entity == "TimeEntries":
            found = self._times([w.time[i] for key in tickets for i in w.time_of.get(key, ())])
        else:
            found = self.entities[entity]()
        return sorted(found, key=lambda row: int(row["id"]))

    def _attachments(self) -> list[Row]:
        """Files on tickets. That those which came with a mail are not on its note is our inference."""
        return [
            {
                "id": note.id * 10 + place,
                "parentID": note.ticket_id,
                "title": name,
                "fullPath": name,
                "fileSize": size,
                "contentType": "application/octet-stream",
                "attachmentType": "FILE_ATTACHMENT",
                "attachDate": stamp(note.at),
                "attachedByContactID": note.contact_id,
                "attachedByResourceID": note.member_id,
                "publish": 1,
            }
            for notes in self.world.notes.values()
            for note in notes
            for place, (name, size) in enumerate(note.files)
        ]

    def ticket(self, t: Ticket) -> Row:
        w = self.world
        complete = w.statuses[t.status_id].name == ">Closed"
        type_row, subtype = w.types.get(t.type_id or 0), w.subtypes.get(t.subtype_id or 0)
        talk = w.notes.get(t.id, [])
        active = max([t.updated, *(n.at for n in talk if self.made.switches.note_moves != "none")])
        by = next((m.id for m in w.members.values() if m.identifier == t.updated_by), None)
        row: Row = {
            "id": t.id,
            "ticketNumber": f"T{datetime.fromtimestamp(t.entered, UTC):%Y%m%d}.{t.id % 10000:04d}",
            "title": t.summary,
            "description": next((n.text for n in talk if n.issue), None),
            "status": status_of(w, t),
            "priority": t.priority_id,
            "queueID": t.board_id,
            "companyID": t.company_id,
            "companyLocationID": t.site_id,
            "contactID": self.contact_of(t),
            "contractID": t.agreement_id,
            "billingCodeID": t.work_type_id,
            "issueType": types(w).get(type_row.name) if type_row else None,
            "subIssueType": subtypes(w).get(subtype.name, (None, 0))[0] if subtype else None,
            "ticketType": 3 if w.children.get(t.id) else 2,
            "source": t.source_id,
            "problemTicketId": t.parent_id,
            "assignedResourceID": t.owner_id,
            "assignedResourceRoleID": 61 if t.owner_id else None,
            "estimatedHours": t.budget,
            "dueDateTime": stamp(t.required_at) if t.required_at else None,
            "createDate": stamp(t.entered),
            "completedDate": stamp(t.closed_at) if complete and t.closed_at else None,
            "completedByResourceID": None,
            "projectID": owed.project_of(w, t),
            "resolution": owed.resolution(w, t),
            "serviceLevelAgreementID": None if t.respond_by is None else 1,
            "serviceLevelAgreementHasBeenMet": None,
            "serviceLevelAgreementPausedNextEventHours": 2.5 if owed.waits(w, t) else None,
            "firstResponseDueDateTime": _at(t.respond_by),
            "firstResponseDateTime": _at(owed.responded_at(w, t)),
            "resolvedDueDateTime": _at(t.resolve_by),
            "resolvedDateTime": _at(owed.resolved_at(w, t)),
            "lastActivityDate": stamp(active),
            "lastActivityResourceID": by,
            "lastActivityPersonType": 1,
            "lastTrackedModificationDateTime": stamp(t.updated),
        }
        if any(t.custom.values()):
            row["userDefinedFields"] = [{"name": n, "value": v or None} for n, v in t.custom.items()]
        return row

    def contact_of(self, t: Ticket) -> int | None:
        contact = self.world.contacts.get(t.contact_id or 0)
        if contact is None:
            return None
        same = (contact.phone, contact.email) == (t.contact_phone, t.contact_email)
        return contact.id if same and t.id not in self.made.own_cards else OWN_CONTACT + t.id

    def _contacts(self) -> list[Row]:
        w = self.world
        found = [self.contact(c, c.id, c.phone, c.email) for c in w.contacts.values()]
        for t in w.tickets.values():
            key = self.contact_of(t)
            if key is not None and key >= OWN_CONTACT:
                found.append(
                    self.contact(w.contacts[t.contact_id or 0], key, t.contact_phone, t.contact_email)
                )
        return found

    @staticmethod
    def contact(c: Contact, key: int, phone: str, email: str) -> Row:
        return {
            "id": key,
            "companyID": c.company_id,
            "companyLocationID": c.site_id,
            "firstName": c.first,
            "lastName": c.last,
            "title": c.title,
            "phone": phone or None,
            "mobilePhone": c.mobile or None,
            "emailAddress": email or None,
            "isActive": 0 if c.inactive else 1,
        }

    def note(self, n: Note) -> Row:
        """Automation writes as resource 4 with the note type of a rule; of an unknown sender neither author is set."""
        rule = n.created_by == "Workflow"
        return {
            "id": n.id,
            "ticketID": n.ticket_id,
            "title": n.text.strip().splitlines()[0][:100] if n.text.strip() else "Note",
            "description": n.text,
            "noteType": 13 if rule else 1,
            "publish": 1 if n.public else 2,
            "creatorResourceID": 4 if rule else n.member_id,
            "createdByContactID": n.contact_id,
            "createDateTime": stamp(n.at),
            "lastActivityDate": stamp(n.at),
        }

    def _times(self, entries: Iterable[TimeEntry] | None = None) -> list[Row]:
        rows = [self.time(e) for e in (self.world.time.values() if entries is None else entries)]
        hidden = self.made.switches.non_billable_hidden
        return [row for row in rows if not (hidden and row["isNonBillable"])]

    def time(self, e: TimeEntry) -> Row:
        return {
            "id": e.id,
            "ticketID": e.ticket_id,
            "resourceID": e.member_id,
            "roleID": e.work_role_id or 61,
            "billingCodeID": e.work_type_id,
            "contractID": None,
            "dateWorked": day(e.start),
            "startDateTime": stamp(e.start),
            "endDateTime": stamp(e.end),
            "createDateTime": stamp(e.entered or e.end),
            "hoursWorked": e.hours,
            "hoursToBill": e.hours,
            "offsetHours": 0.0,
            "isNonBillable": e.billable != "Billable",
            "showOnInvoice": True,
            "summaryNotes": e.text if e.public else None,
            "internalNotes": None if e.public else e.text,
            "billingApprovalDateTime": stamp(e.updated or e.end) if e.locked else None,
            "lastModifiedDateTime": stamp(e.updated or e.end),
        }

    def _secondary(self) -> list[Row]:
        found = []
        ids = {m.identifier: m.id for m in self.world.members.values()}
        for t in self.world.tickets.values():
            others = dict.fromkeys((*t.resources, *t.dispatched))
            for key in (ids[one] for one in others if one in ids and ids[one] != t.owner_id):
                found.append(
                    {"id": t.id * 100 + key - 100, "ticketID": t.id, "resourceID": key, "roleID": 61}
                )
        return found

    def _resources(self) -> list[Row]:
        api = Member(API_MEMBER, "api", "API", "User", "")
        return [
            {
                "id": m.id,
                "userName": m.identifier,
                "email": m.email,
                "firstName": m.first,
                "lastName": m.last,
                "title": m.title,
                "isActive": not m.inactive,
                "defaultServiceDeskRoleID": 61 if m.id == 101 else None,
            }
            for m in (*self.world.members.values(), api)
        ]

    def _desk_roles(self) -> list[Row]:
        return [
            {"id": m.id * 10, "resourceID": m.id, "roleID": 61, "isActive": True, "isDefault": False}
            for m in self.world.members.values()
        ]

    def _codes(self) -> list[Row]:
        rows = [
            {"id": w.id, "name": w.name, "isActive": not w.inactive, "useType": 1}
            for w in self.world.work_types.values()
        ]
        return [*rows, {"id": OTHER_CODE, "name": "Mileage", "isActive": True, "useType": 4}]

    def contract(self, a: Agreement) -> Row:
        return {
            "id": a.id,
            "companyID": a.company_id,
            "contractName": a.name,
            "startDate": day(a.start),
            "endDate": None if a.end is None else day(a.end),
            "status": 0 if a.cancelled else 1,
        }
