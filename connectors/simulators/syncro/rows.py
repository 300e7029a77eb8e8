"""The world as Syncro's JSON: what the rows of its lists and a ticket by itself hold.

Names and shapes: the vendor's OpenAPI file. What Syncro has not is left out: boards (a ticket type stands for them),
teams, sources, codes on tickets, merging, several people on one ticket, a phone number of the ticket's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.simulators.model import Contact, Note, Ticket, TimeEntry
from connectors.simulators.syncro.state import Simulator

Row = dict[str, Any]

OFFSET = 9_000_000
"""A ticket's id is not its number: the API wants the id."""
LABOUR, HARDWARE = 5, 6
"""Product categories."""

STATUSES = {
    "New": "New",
    "Assigned": "Assigned",
    "In Progress": "In Progress",
    "Waiting Customer": "Waiting on Customer",
    "Waiting Vendor": "Waiting for Parts",
    "Customer Responded": "Customer Reply",
    "Child Ticket": "Child Ticket",
    "Completed": "Completed",
    ">Closed": "Resolved",
    ">Cancelled": "Resolved",
}
"""The world's status -> the tenant's; names are the tenant's own, some of them are the vendor's defaults."""
STATUS_LIST = [*dict.fromkeys(STATUSES.values()), "Invoiced"]
PRIORITIES = {1: "0 Urgent", 2: "1 High", 3: "2 Normal", 4: "3 Low"}
PARTS = ((9001, "USB-C dock"), (9002, "SSD 1 TB"))
"""Products that are no labour."""


class Rows:
    """Makes rows of one simulator's world."""

    def __init__(self, made: Simulator) -> None:
        self.made = made
        self.world = made.world

    # ------------------------------------------------------------ tickets

    def status(self, ticket: Ticket) -> str:
        name = self.world.statuses[ticket.status_id].name
        return STATUSES.get(name, name)

    def types(self) -> dict[str, int]:
        """Ticket types by name: the world has one of each name on every board."""
        found: dict[str, int] = {}
        for row in self.world.types.values():
            found[row.name] = min(found.get(row.name, row.id), row.id)
        return found

    def listed(self, t: Ticket) -> Row:
        """A ticket as lists have it."""
        w = self.world
        kind = w.types.get(t.type_id or 0)
        subtype = w.subtypes.get(t.subtype_id or 0)
        contract = w.agreements.get(t.agreement_id or 0)
        contact = w.contacts.get(t.contact_id or 0)
        site = w.sites.get(t.site_id or 0)
        return {
            **self._both(t),
            "customer_business_then_name": w.companies[t.company_id].name,
            "location_id": None if site is None else site.id,
            "location_name": None if site is None else site.name,
            "problem_type": self.made.problem_types.get(t.id, None if subtype is None else subtype.name),
            "ticket_type_id": None if kind is None else self.types()[kind.name],
            "ticket_type_name": None if kind is None else kind.name,
            "billing_status": None,
            "sla_name": None,
            "creator_name_or_email": t.entered_by or None,
            "contact_fullname": None if contact is None else t.contact_name or contact.name,
            "contract_id": None if contract is None else contract.id,
            "contract_name": None if contract is None else contract.name,
            "parent": bool(w.children.get(t.id)),
            "parent_id": None if t.parent_id is None else t.parent_id + OFFSET,
            "child": t.parent_id is not None,
            "recurring": False,
            "customer_reply": t.flag,
            "total_formatted_billable_time": _clock(t.hours),
            "sla_breached": False,
            "sla_breaching_soon": False,
            "comments": [self.comment(note) for note in w.notes[t.id][:1]],
        }

    def detail(self, t: Ticket) -> Row:
        """A ticket by itself: no customer's mark, no contract, no parent (vendor's OpenAPI file)."""
        w = self.world
        contact = w.contacts.get(t.contact_id or 0)
        subtype = w.subtypes.get(t.subtype_id or 0)
        return {
            **self._both(t),
            "customer_business_then_name": w.companies[t.company_id].name,
            "problem_type": self.made.problem_types.get(t.id, None if subtype is None else subtype.name),
            "comments": [self.comment(note) for note in w.notes[t.id]],
            "attachments": [self.file(n, *file) for n in w.notes[t.id] for file in enumerate(n.files)],
            "ticket_timers": [self.timer(w.time[key]) for key in w.time_of.get(t.id, ())],
            "line_items": [],
            "contact": None if contact is None else self.contact(contact),
        }

    def _both(self, t: Ticket) -> Row:
        owner = self.world.members.get(t.owner_id or 0)
        user = None
        if owner is not None:
            user = {"id": owner.id, "email": owner.email, "full_name": owner.name}
        return {
            "id": t.id + OFFSET,
            "number": t.id,
            "subject": t.summary,
            "created_at": stamp(t.entered),
            "updated_at": stamp(t.updated),
            "resolved_at": None if t.closed_at is None else stamp(t.closed_at),
            "due_date": None if t.required_at is None else stamp(t.required_at),
            "status": self.status(t),
            "customer_id": t.company_id,
            "contact_id": t.contact_id,
            "user_id": t.owner_id,
            "user": user,
            "priority": PRIORITIES.get(t.priority_id),
            "properties": dict(t.custom),
            "tag_list": [],
        }

    # ------------------------------------------------------------ what is on a ticket

    def comment(self, n: Note) -> Row:
        """A comment. Users have an id; how customers and automation are told apart is our inference."""
        member = self.world.members.get(n.member_id or 0)
        contact = self.world.contacts.get(n.contact_id or 0)
        ticket = self.world.tickets[n.ticket_id]
        first = self.world.notes[n.ticket_id][0] is n
        tech = n.created_by
        if member is not None:
            tech = member.name
        elif contact is not None:
            tech = (ticket.contact_name if contact.id == ticket.contact_id else "") or contact.name
        return {
            "id": n.id,
            "created_at": stamp(n.at),
            "updated_at": stamp(n.at),
            "ticket_id": n.ticket_id + OFFSET,
            "subject": "Initial Issue" if n.issue or (first and member is None) else "Update",
            "body": n.text,
            "tech": tech,
            "hidden": not n.public,
            "user_id": n.member_id,
        }

    def file(self, n: Note, place: int, sent: tuple[str, int]) -> Row:
        """A file of the ticket, as seen in a client of the vendor's other product; ours names no comment."""
        name, size = sent
        return {
            "id": n.id * 10 + place,
            "file_name": name,
            "file": {"url": f"https://files.test/{n.id}/{name}"},
            "created_at": stamp(n.at),
            "updated_at": stamp(n.at),
            "attachable_type": "Ticket",
            "attachable_id": n.ticket_id + OFFSET,
            "private": not n.public,
            "file_size": size,
            "name": name,
        }

    def timer(self, e: TimeEntry) -> Row:
        return {
            "id": e.id,
            "ticket_id": e.ticket_id + OFFSET,
            "user_id": e.member_id,
            "start_time": stamp(e.start),
            "end_time": stamp(e.end),
            "recorded": e.locked,
            "created_at": stamp(e.entered or e.end),
            "updated_at": stamp(e.updated or e.end),
            "billable": e.billable == "Billable",
            "notes": e.text,
            "toggl_id": None,
            "product_id": e.work_type_id,
            "comment_id": None,
            "ticket_line_item_id": e.id + 1_000_000 if e.invoice else None,
            "active_duration": round(e.hours * 3600),
            "billable_time": round(e.hours * 3600),
            "billable_override": None,
        }

    # ------------------------------------------------------------ lists

    def contact(self, c: Contact) -> Row:
        return {
            "id": c.id,
            "name": c.name,
            "email": c.email,
            "phone": c.phone,
            "mobile": c.mobile,
            "customer_id": c.company_id,
            "notes": self.made.notes.get(c.id),
            "properties": {"title": c.title} if c.title else {},
            "opt_out": False,
        }

    def contacts(self) -> list[Row]:
        """One who is inactive is not there: Syncro has no such mark."""
        return [self.contact(c) for c in self.world.contacts.values() if not c.inactive]

    def contracts(self) -> list[Row]:
        """Every agreement but a cancelled one: which `status` would say so is not established."""
        return [
            {
                "id": a.id,
                "customer_id": a.company_id,
                "name": a.name,
                "start_date": stamp(a.start),
                "end_date": None if a.end is None else stamp(a.end),
                "status": "Opportunity",
                "apply_to_all": False,
                "sla_id": None,
            }
            for a in self.world.agreements.values()
            if not a.cancelled
        ]

    def products(self) -> list[Row]:
        labour = [
            {"id": w.id, "name": w.name, "disabled": w.inactive, "category_path": "Labor", "category": LABOUR}
            for w in self.world.work_types.values()
        ]
        parts = [
            {"id": k, "name": n, "disabled": False, "category_path": "Hardware", "category": HARDWARE}
            for k, n in PARTS
        ]
        return [*labour, *parts]

    def users(self) -> list[tuple[int, str]]:
        return [(m.id, m.name) for m in self.world.members.values() if not m.inactive]

    def settings(self) -> Row:
        return {
            "ticket_status_list": STATUS_LIST,
            "default_labor_product_id": None,
            "saved_searches": [],
            "ticket_types": [{"id": key, "name": name} for name, key in self.types().items()],
            "ticket_type_fields": [],
            "ticket_type_field_answers": [],
            "users": [{"id": key, "name": name} for key, name in self.users()],
            "require_ticket_type": None,
        }


def stamp(when: int) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _clock(hours: float) -> str | None:
    minutes = round(hours * 60)
    return f"{minutes // 60}:{minutes % 60:02d}" if minutes else None
