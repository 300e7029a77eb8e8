"""A believable MSP in memory, made from a seed: companies, people, tickets, talk, and what happens then.

The same seed, number of tickets and start of the clock give the same world. It knows no wire format; the
simulators (`connectwise.py`, …) serve it. It lives: `catch_up()` lets everything happen that was due by
now (customers reply, colleagues change things); `speed=0` freezes it. Everything that changes the world
takes `world.lock`, so that a test may reach in while a server thread answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from connectors.fixes import SEEN
from connectors.simulators import build
from connectors.simulators.life import Life
from connectors.simulators.model import (
    Agreement,
    Board,
    Company,
    Contact,
    Mail,
    Member,
    Named,
    Note,
    Site,
    Status,
    Ticket,
    TimeEntry,
    TypeRow,
    Write,
)

TECHNICIAN = "jdoe"


class World:
    """Tables by id, and the verbs by which people and tests change them.

    `planted` says which tickets of the technician were made to be exceptions, by `kind/reason` (the names
    of the rules), `near_misses` which were made to look like one, by a short name; both hold ticket ids
    and are true at the start. `writes` and `mails` log what a simulator accepted and would have mailed.
    """

    def __init__(
        self,
        seed: int = 1,
        tickets: int = 120,
        clock: Callable[[], float] = time.time,
        speed: float = 1.0,
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.start = int(clock())
        self.technician = TECHNICIAN
        self.lock = threading.RLock()
        self.companies: dict[int, Company] = {}
        self.sites: dict[int, Site] = {}
        self.contacts: dict[int, Contact] = {}
        self.agreements: dict[int, Agreement] = {}
        self.boards: dict[int, Board] = {}
        self.statuses: dict[int, Status] = {}
        self.types: dict[int, TypeRow] = {}
        self.subtypes: dict[int, TypeRow] = {}
        self.items: dict[int, TypeRow] = {}
        self.priorities: dict[int, Named] = {}
        self.sources: dict[int, Named] = {}
        self.teams: dict[int, Named] = {}
        self.work_types: dict[int, Named] = {}
        self.work_roles: dict[int, Named] = {}
        self.members: dict[int, Member] = {}
        self.tickets: dict[int, Ticket] = {}
        self.notes: dict[int, list[Note]] = {}
        self.time: dict[int, TimeEntry] = {}
        self.time_of: dict[int, list[int]] = {}
        self.children: dict[int, set[int]] = {}
        self.writes: list[Write] = []
        self.mails: list[Mail] = []
        self.planted: dict[str, list[int]] = {}
        self.near_misses: dict[str, list[int]] = {}
        self.refusals: dict[int, tuple[str, str]] = {}
        """Ticket id -> (field, message): any PATCH of it is refused so, as a shop's own rules do."""
        self.note_moves_ticket = True
        self.reply_moves_ticket = True
        """Whether a customer's answer that sets the flag also moves last-updated (AlgaPSA: it does not)."""
        self.note_clears_flag = False
        build.fill(self, tickets)
        self.next_ticket = max(self.tickets, default=70100) + 1
        self.next_note = max((n.id for notes in self.notes.values() for n in notes), default=480000) + 1
        self.next_time = max(self.time, default=310000) + 1
        self.life = Life(self, speed)

    # ------------------------------------------------------------ time

    def now(self) -> int:
        """The PSA's clock, UTC seconds."""
        return int(self.clock())

    def catch_up(self) -> int:
        """Lets everything happen that was due by now; how many things happened."""
        with self.lock:
            return self.life.catch_up(self.clock())

    # ------------------------------------------------------------ finding

    def member(self, identifier: str) -> Member:
        return next(m for m in self.members.values() if m.identifier == identifier)

    def status(self, board_id: int, name: str) -> Status:
        return next(s for s in self.statuses.values() if s.board_id == board_id and s.name == name)

    def work_type(self, name: str) -> Named:
        return next(w for w in self.work_types.values() if w.name == name)

    def ticket(self, ticket_id: int | str) -> Ticket:
        return self.tickets[int(ticket_id)]

    def is_open(self, ticket: Ticket) -> bool:
        return not self.statuses[ticket.status_id].closed

    def assigned(self, ticket: Ticket, identifier: str) -> bool:
        """Owner or exactly among the resources."""
        owner = self.members.get(ticket.owner_id or 0)
        return (owner is not None and owner.identifier == identifier) or identifier in ticket.resources

    def answered(self, ticket_id: int) -> bool:
        """Whether a member's public (or seen) note stands after the newest customer's note, plainly read."""
        for note in reversed(self.notes[ticket_id]):
            if note.issue or note.created_by == "Workflow":
                continue
            if note.member_id is not None and (note.public or note.text.startswith(SEEN)):
                return True
            if note.member_id is None and note.public and not note.text.startswith("Automatic reply"):
                return False
        return True

    # ------------------------------------------------------------ changes, as the PSA makes them

    def touch(self, ticket: Ticket, by: str, at: int | None = None) -> None:
        """Moves last-updated, never backwards."""
        ticket.updated = max(ticket.updated, self.now() if at is None else at)
        ticket.updated_by = by
        ticket.revision += 1

    def set_status(self, ticket: Ticket, status: Status, by: str, at: int | None = None) -> None:
        """A new status of the same board; closing and opening keep `closed_at` true."""
        was_open = self.is_open(ticket)
        ticket.status_id = status.id
        if status.closed and was_open:
            ticket.closed_at, ticket.closed_by = (self.now() if at is None else at), by
        elif not status.closed:
            ticket.closed_at, ticket.closed_by = None, ""
        self.touch(ticket, by, at)

    def set_parent(self, ticket: Ticket, parent_id: int | None, by: str) -> None:
        if ticket.parent_id is not None:
            self.children.get(ticket.parent_id, set()).discard(ticket.id)
        ticket.parent_id = parent_id
        if parent_id is not None:
            self.children.setdefault(parent_id, set()).add(ticket.id)
            if parent_id in self.tickets:
                self.tickets[parent_id].revision += 1
        self.touch(ticket, by)

    def add_note(self, note: Note, *, moves: bool) -> Note:
        """Stores a note under a new id, at its own time."""
        note.id, self.next_note = self.next_note, self.next_note + 1
        self.notes[note.ticket_id].append(note)
        ticket = self.tickets[note.ticket_id]
        if moves:
            self.touch(ticket, note.created_by, note.at)
        return note

    def add_entry(self, entry: TimeEntry) -> TimeEntry:
        """Stores a time entry under a new id."""
        entry.id, self.next_time = self.next_time, self.next_time + 1
        self.time[entry.id] = entry
        self.time_of.setdefault(entry.ticket_id, []).append(entry.id)
        self.recount(entry.ticket_id, entry.entered_by)
        return entry

    def drop_entry(self, entry: TimeEntry, by: str) -> None:
        del self.time[entry.id]
        self.time_of[entry.ticket_id].remove(entry.id)
        self.recount(entry.ticket_id, by)

    def recount(self, ticket_id: int, by: str) -> None:
        """The ticket's hours follow from its entries."""
        ticket = self.tickets[ticket_id]
        ticket.hours = round(sum(self.time[i].hours for i in self.time_of.get(ticket_id, ())), 2)
        ticket.revision += 1
        if self.note_moves_ticket:
            self.touch(ticket, by)

    # ------------------------------------------------------------ verbs of people (and tests)

    def customer_replies(
        self,
        ticket_id: int | str,
        text: str,
        *,
        auto: bool = False,
        at: int | None = None,
        files: tuple[tuple[str, int], ...] = (),
    ) -> Note:
        """The ticket's contact answers by mail, with `files` (name, size in bytes); `auto` is an out-of-office
        message, which sets no flag."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            when = self.now() if at is None else at
            name = ticket.contact_name or "Email Connector"
            body = f"Automatic reply: {text}" if auto and not text.startswith("Automatic reply") else text
            contact = ticket.contact_id or self._some_contact(ticket.company_id)
            was = ticket.flag
            note = self.add_note(
                Note(0, ticket.id, when, body, name, contact_id=contact, files=files),
                moves=self.note_moves_ticket,
            )
            if auto:
                return note
            ticket.flag = True
            ticket.revision += 1
            reply_status = self.boards[ticket.board_id].reply_status
            if reply_status and self.is_open(ticket) and not self._is_child(ticket):
                self.set_status(ticket, self.status(ticket.board_id, reply_status), name, when)
            elif not was and self.reply_moves_ticket:
                self.touch(ticket, name, when)
            return note

    def staff_note(
        self,
        ticket_id: int | str,
        text: str,
        *,
        member: str = "asmith",
        public: bool = True,
        at: int | None = None,
    ) -> Note:
        """A colleague writes, in the PSA itself."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            who = self.member(member)
            when = self.now() if at is None else at
            return self.add_note(
                Note(0, ticket.id, when, text, member, member_id=who.id, public=public),
                moves=self.note_moves_ticket,
            )

    def unknown_note(self, ticket_id: int | str, text: str, *, created_by: str = "") -> Note:
        """A public note with neither a contact nor a member; `created_by="Workflow"` is automation."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            return self.add_note(
                Note(0, ticket.id, self.now(), text, created_by), moves=self.note_moves_ticket
            )

    def log_time(
        self, ticket_id: int | str, hours: float, *, member: str = TECHNICIAN, work_type: str | None = None
    ) -> TimeEntry:
        """Somebody logs time in the PSA itself, ending now."""
        with self.lock:
            now = self.now()
            return self.add_entry(
                TimeEntry(
                    0,
                    self.ticket(ticket_id).id,
                    self.member(member).id,
                    now - int(hours * 3600),
                    now,
                    hours,
                    "Worked on it.",
                    work_type_id=self.work_type(work_type).id if work_type else None,
                    entered_by=member,
                    updated=now,
                )
            )

    def set_field(self, ticket_id: int | str, field: str, value: Any, *, by: str = "asmith") -> None:  # noqa: ANN401
        """A colleague changes a field: `status`, `owner`, `billing_code`, `priority`, `type`, `agreement` by
        name (or `None`), or any attribute of the ticket by its value."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            if field == "status":
                self.set_status(ticket, self.status(ticket.board_id, value), by)
                return
            if field == "parent":
                self.set_parent(ticket, value, by)
                return
            if field == "owner":
                self.reassign(ticket_id, value, by=by)
                return
            name, found = _NAMED.get(field, (field, None))
            if not hasattr(ticket, name):
                raise ValueError(f"a ticket has no {field}")
            setattr(ticket, name, None if value is None else (found(self, ticket, value) if found else value))
            self.touch(ticket, by)

    def set_card(self, contact_id: int, **values: str) -> None:
        """A contact's card changes (`phone`, `mobile`, `email`), and with it the tickets that say the same as it. No
        ticket's date moves: nothing of a ticket has changed."""
        with self.lock:
            contact = self.contacts[contact_id]
            for name, value in values.items():
                before = getattr(contact, name)
                setattr(contact, name, value)
                for ticket in self.tickets.values() if name != "mobile" else ():
                    if ticket.contact_id == contact_id and getattr(ticket, f"contact_{name}") == before:
                        setattr(ticket, f"contact_{name}", value)

    def reassign(
        self, ticket_id: int | str, member: str | None, *, by: str = "asmith", at: int | None = None
    ) -> None:
        """Hands the ticket to somebody else; the former owner is no longer among its resources."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            old = self.members.get(ticket.owner_id or 0)
            kept = tuple(r for r in ticket.resources if old is None or r != old.identifier)
            ticket.owner_id = self.member(member).id if member else None
            ticket.resources = (*kept, member) if member and member not in kept else kept
            ticket.dispatched = tuple(d for d in ticket.dispatched if old is None or d != old.identifier)
            self.touch(ticket, by, at)

    def close(self, ticket_id: int | str, *, by: str = "asmith") -> None:
        with self.lock:
            ticket = self.ticket(ticket_id)
            self.set_status(ticket, self.status(ticket.board_id, ">Closed"), by)

    def reopen(self, ticket_id: int | str, *, by: str = "asmith") -> None:
        with self.lock:
            ticket = self.ticket(ticket_id)
            self.set_status(ticket, self.status(ticket.board_id, "In Progress"), by)

    def delete(self, ticket_id: int | str) -> None:
        """The ticket is gone; its children keep its number, as an orphan does."""
        with self.lock:
            gone = self.ticket(ticket_id)
            if gone.parent_id is not None:
                self.children.get(gone.parent_id, set()).discard(gone.id)
            del self.tickets[gone.id]
            self.notes.pop(gone.id, None)
            for entry in self.time_of.pop(gone.id, []):
                del self.time[entry]

    def merge(self, ticket_id: int | str, into: int | str, *, by: str = "asmith") -> None:
        """Merges a ticket away: it is closed and names the ticket it went into."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            ticket.merged_into = self.ticket(into).id
            self.close(ticket_id, by=by)

    # ------------------------------------------------------------ small ones

    def _is_child(self, ticket: Ticket) -> bool:
        return ticket.parent_id is not None or self.statuses[ticket.status_id].name == "Child Ticket"

    def _some_contact(self, company_id: int) -> int:
        return next(c.id for c in self.contacts.values() if c.company_id == company_id)


def _by_name(table: str) -> Callable[[World, Ticket, Any], int]:
    def find(world: World, ticket: Ticket, value: Any) -> int:  # noqa: ANN401
        for row in getattr(world, table).values():
            here = getattr(row, "board_id", None) in (None, ticket.board_id)
            ours = getattr(row, "company_id", None) in (None, ticket.company_id)
            if row.name == value and here and ours:
                return int(row.id)
        raise ValueError(f"no {value!r} among the {table} of ticket {ticket.id}")

    return find


_NAMED: dict[str, tuple[str, Callable[[World, Ticket, Any], int] | None]] = {
    "billing_code": ("work_type_id", _by_name("work_types")),
    "work_type": ("work_type_id", _by_name("work_types")),
    "priority": ("priority_id", _by_name("priorities")),
    "type": ("type_id", _by_name("types")),
    "agreement": ("agreement_id", _by_name("agreements")),
    "customer_flag": ("flag", None),
}
