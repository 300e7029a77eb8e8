"""The world as AlgaPSA's JSON: what the rows of its lists and a ticket by itself hold.

What AlgaPSA has not is left out: codes and agreements on tickets, items, merging, a phone number of the ticket's
own. A bundle's master is the parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.simulators import owed
from connectors.simulators.algapsa.state import Simulator, maybe, uid
from connectors.simulators.model import Contact, Member, Note, Ticket, TimeEntry

Row = dict[str, Any]

COPIES = "sync_updates"
"""The mode of a bundle that says nothing else."""


class Rows:
    """Makes rows of one simulator's world."""

    def __init__(self, made: Simulator) -> None:
        self.made = made
        self.world = made.world

    # ------------------------------------------------------------ tickets

    def listed(self, t: Ticket) -> Row:
        """A ticket as lists have it: no mail, phone or location's name."""
        w = self.world
        subtype = w.subtypes.get(t.subtype_id or 0)
        return {
            **self.bare(t),
            **self._joined(t),
            "board_name": w.boards[t.board_id].name,
            "subcategory_name": None if subtype is None else subtype.name,
        }

    def detail(self, t: Ticket) -> Row:
        """A ticket by itself: no board's and no subcategory's name. A location that is not set is the client's."""
        w = self.world
        contact = w.contacts.get(t.contact_id or 0)
        site = w.sites.get(t.site_id or 0) or next(
            (s for s in w.sites.values() if s.company_id == t.company_id), None
        )
        return {
            **self.bare(t),
            **self._joined(t),
            "location_name": None if site is None else site.name,
            "contact_email": None if contact is None else contact.email,
            "contact_phone": None if contact is None else contact.phone,
            "documents": self.documents(t),
        }

    def _joined(self, t: Ticket) -> Row:
        w = self.world
        owner, kind = w.members.get(t.owner_id or 0), w.types.get(t.type_id or 0)
        contact, priority = w.contacts.get(t.contact_id or 0), w.priorities.get(t.priority_id)
        return {
            "client_name": w.companies[t.company_id].name,
            "contact_name": None if contact is None else t.contact_name or contact.name,
            "status_name": w.statuses[t.status_id].name,
            "status_is_closed": w.statuses[t.status_id].closed,
            "priority_name": None if priority is None else priority.name,
            "category_name": None if kind is None else kind.name,
            "assigned_to_name": None if owner is None else owner.name,
        }

    def bare(self, t: Ticket) -> Row:
        """The ticket's own columns, as a PUT answers them."""
        w = self.world
        by = {member.identifier: member.id for member in w.members.values()}
        return {
            "ticket_id": uid("ticket", t.id),
            "ticket_number": f"TIC{t.id}",
            "title": t.summary,
            "url": None,
            "board_id": uid("board", t.board_id),
            "status_id": uid("status", t.status_id),
            "is_closed": not w.is_open(t),
            "priority_id": maybe("priority", t.priority_id or None),
            "category_id": maybe("category", t.type_id),
            "subcategory_id": maybe("subcategory", t.subtype_id),
            "client_id": uid("client", t.company_id),
            "location_id": maybe("location", t.site_id),
            "contact_name_id": maybe("contact", t.contact_id),
            "assigned_to": maybe("user", t.owner_id),
            "assigned_team_id": maybe("team", t.team_id),
            "response_state": self._response(t),
            "master_ticket_id": maybe("ticket", t.parent_id),
            "due_date": None if t.required_at is None else stamp(t.required_at),
            "sla_response_due_at": _at(t.respond_by),
            "sla_response_at": _at(owed.responded_at(w, t)),
            "sla_resolution_due_at": _at(t.resolve_by),
            "sla_resolution_at": _at(owed.resolved_at(w, t)),
            "sla_paused_at": stamp(t.updated) if owed.waits(w, t) else None,
            "attributes": {"description": "[]", **t.custom} if t.custom else None,
            "entered_at": stamp(t.entered),
            "entered_by": maybe("user", by.get(t.entered_by)),
            "updated_at": None if t.updated <= t.entered else stamp(t.updated),
            "updated_by": maybe("user", by.get(t.updated_by)),
            "closed_at": None if t.closed_at is None else stamp(t.closed_at),
            "closed_by": maybe("user", by.get(t.closed_by)),
        }

    def _response(self, t: Ticket) -> str | None:
        if not self.made.switches.tracks_response:
            return None
        if t.flag:
            return "awaiting_internal"
        answered = any(note.public and note.member_id is not None for note in self.world.notes[t.id])
        return "awaiting_client" if answered else None

    # ------------------------------------------------------------ what is on a ticket

    def comments(self, t: Ticket) -> list[Row]:
        """All comments of a ticket, oldest first; with the switch, two that nobody should take for said."""
        rows = [self.comment(note) for note in self.world.notes[t.id]]
        if self.made.switches.clutter:
            base = self.comment(Note(t.id, t.id, t.updated, "Never said.", "", contact_id=t.contact_id))
            rows += [
                {**base, "comment_id": uid("comment", 900_000_000 + t.id), "deleted_at": stamp(t.updated)},
                {**base, "comment_id": uid("comment", 910_000_000 + t.id), "publish_state": "scheduled"},
            ]
        return sorted(rows, key=lambda row: str(row["created_at"]))

    def comment(self, n: Note) -> Row:
        """A comment. One made with a key is of author type unknown; every other answer of a customer comes by the
        portal, where he has a user too; what people wrote in the browser is a list of blocks."""
        w = self.world
        member, contact = w.members.get(n.member_id or 0), w.contacts.get(n.contact_id or 0)
        by_key = n.id in self.made.by_key
        portal = contact is not None and n.id % 2 == 1
        user, name = None, None
        if member is not None:
            user, name = uid("user", member.id), member.name
        elif portal and contact is not None:
            user, name = uid("portal", contact.id), contact.name
        author = "unknown"
        if member is not None and not by_key:
            author = "internal"
        elif contact is not None:
            author = "client"
        blocks = (member is not None and not by_key) or portal
        contact_id = None if contact is None else uid("contact", contact.id)
        return {
            "comment_id": uid("comment", n.id),
            "ticket_id": uid("ticket", n.ticket_id),
            "note": _blocks(n.text) if blocks else n.text,
            "comment_text": _blocks(n.text) if blocks else n.text,
            "comment_html": f"<p>{n.text}</p>",
            "markdown_content": None,
            "is_internal": not n.public,
            "is_resolution": n.resolution,
            "is_system_generated": n.created_by == "Workflow",
            "created_at": stamp(n.at),
            "updated_at": stamp(n.at),
            "created_by": user,
            "created_by_name": name,
            "author_type": author,
            "contact_id": contact_id,
            "author_contact_id": contact_id,
            "author_contact_name": None if contact is None else contact.name,
            "publish_state": "published",
            "thread_id": uid("comment", n.id),
            "parent_comment_id": None,
            "deleted_at": None,
        }

    def documents(self, t: Ticket) -> list[Row]:
        """The files of a ticket. Which comment one came with is not said."""
        return list(self._documents(t))

    def _documents(self, t: Ticket) -> Iterator[Row]:
        for note in self.world.notes[t.id]:
            for place, (name, size) in enumerate(note.files):
                yield {
                    "document_id": uid("document", note.id * 100 + place),
                    "document_name": name,
                    "file_size": size,
                    "mime_type": "application/octet-stream",
                    "association_created_at": stamp(note.at),
                    "created_by_full_name": "",
                }

    def entry(self, e: TimeEntry, me: Member) -> Row:
        """A time entry as a ticket has it: no word of invoices."""
        return {
            "entry_id": uid("entry", e.id),
            "user_id": uid("user", e.member_id),
            "user_name": self.world.members[e.member_id].name,
            "start_time": stamp(e.start).replace(".000Z", "Z"),
            "end_time": stamp(e.start + self.minutes(e) * 60).replace(".000Z", "Z"),
            "work_date": stamp(e.start)[:10],
            "billable_duration": self.billed(e),
            "notes": e.text,
            "approval_status": self._approval(e),
            "service_id": maybe("service", e.work_type_id),
            "service_name": self._service(e),
            "is_own": e.member_id == me.id,
        }

    def time(self, e: TimeEntry) -> Row:
        """A time entry as the list of time entries has it: hours as text, a time on the day."""
        return {
            "entry_id": uid("entry", e.id),
            "work_item_id": uid("ticket", e.ticket_id),
            "work_item_type": "ticket",
            "user_id": uid("user", e.member_id),
            "start_time": stamp(e.start),
            "end_time": stamp(e.start + self.minutes(e) * 60),
            "work_date": f"{stamp(e.start)[:10]}T00:00:00.000Z",
            "billable_duration": self.billed(e),
            "duration_hours": f"{self.billed(e) / 60:.2f}",
            "is_billable": self.billed(e) > 0,
            "notes": e.text,
            "approval_status": self._approval(e),
            "invoiced": e.invoice is not None,
            "service_id": maybe("service", e.work_type_id),
            "service_name": self._service(e),
            "contract_line_id": None,
        }

    def minutes(self, e: TimeEntry) -> int:
        return round(e.hours * 60)

    def billed(self, e: TimeEntry) -> int:
        """Minutes that are billed: 0 for what is not."""
        return self.minutes(e) if e.billable == "Billable" else 0

    def _approval(self, e: TimeEntry) -> str:
        return "APPROVED" if e.locked and e.invoice is None else "DRAFT"

    def _service(self, e: TimeEntry) -> str | None:
        found = self.world.work_types.get(e.work_type_id or 0)
        return None if found is None else found.name

    # ------------------------------------------------------------ lists

    def users(self) -> list[Row]:
        """The MSP's own, and its customers' portal users."""
        own = [
            _user(uid("user", m.id), m.identifier, m.first, m.last, m.email, "internal", inactive=m.inactive)
            for m in self.world.members.values()
        ]
        portal = [
            _user(uid("portal", c.id), c.email, c.first, c.last, c.email, "client", inactive=c.inactive)
            for c in self.world.contacts.values()
        ]
        return [*own, *portal]

    def contact(self, c: Contact) -> Row:
        return {
            "contact_name_id": uid("contact", c.id),
            "full_name": c.name,
            "client_id": uid("client", c.company_id),
            "email": c.email,
            "default_phone_number": c.phone or None,
            "phone_numbers": self.phones(c),
            "is_inactive": c.inactive,
        }

    def phones(self, c: Contact) -> list[Row]:
        """The numbers of a card, each of a type, one of them the default (read in the source)."""
        numbers = [("phone", "work", c.phone), ("mobile", "mobile", c.mobile)]
        return [
            {
                "contact_phone_number_id": uid(kind, c.id),
                "phone_number": number,
                "extension": self.made.extensions.get(c.id) if kind == "phone" else None,
                "normalized_phone_number": "".join(one for one in number if one.isdigit()),
                "canonical_type": type_,
                "custom_phone_type_id": None,
                "custom_type": None,
                "is_default": kind == "phone",
                "display_order": place,
            }
            for place, (kind, type_, number) in enumerate(one for one in numbers if one[2])
        ]

    def categories(self) -> list[Row]:
        """Types, and subtypes below the first of their types."""
        w = self.world
        types = [_category("category", t.id, t.name, None, t.board_id) for t in w.types.values()]
        subtypes = [
            _category(
                "subcategory", t.id, t.name, maybe("category", next(iter(t.type_ids), None)), t.board_id
            )
            for t in w.subtypes.values()
        ]
        return [*types, *subtypes]

    def services(self) -> list[Row]:
        """Rates in cents."""
        return [
            {
                "service_id": uid("service", s.id),
                "service_name": s.name,
                "billing_method": "hourly",
                "default_rate": 12_500,
                "unit_of_measure": "hour",
                "service_type_name": "Labour",
                "is_active": not s.inactive,
            }
            for s in self.world.work_types.values()
        ]

    def bundle(self, t: Ticket) -> Row:
        """What the bundle is that a ticket belongs to."""
        w = self.world
        master = t.id if t.parent_id is None else t.parent_id
        children = sorted(one.id for one in w.tickets.values() if one.parent_id == master)
        role = "child" if t.parent_id is not None else "master" if children else "standalone"
        mode = self.made.modes.get(master, COPIES)
        return {
            "role": role,
            "master_ticket_id": uid("ticket", master),
            "master": {"ticket_id": uid("ticket", master)},
            "children": [{"ticket_id": uid("ticket", one)} for one in children],
            "settings": {"mode": mode, "reopen_on_child_reply": False} if children else None,
        }


def _user(key: str, login: str, first: str, last: str, mail: str, kind: str, *, inactive: bool) -> Row:
    return {
        "user_id": key,
        "username": login,
        "first_name": first,
        "last_name": last,
        "email": mail,
        "user_type": kind,
        "is_inactive": inactive,
    }


def _category(kind: str, key: int, name: str, parent: str | None, board: int) -> Row:
    return {
        "category_id": uid(kind, key),
        "category_name": name,
        "parent_category": parent,
        "board_id": uid("board", board),
    }


def _blocks(text: str) -> str:
    """A text as the editor in the browser keeps it."""
    blocks = [
        {"type": "paragraph", "content": [{"type": "text", "text": line, "styles": {}}], "children": []}
        for line in text.split("\n")
    ]
    return msgspec.json.encode(blocks).decode()


def _at(when: int | None) -> str | None:
    return None if when is None else stamp(when)


def stamp(when: int) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
