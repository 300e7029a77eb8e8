"""The simulated MSP with a ledger: what its verbs and requests do is written down as they do it."""

from __future__ import annotations

import re
from typing import Any

from connectors.simulators.connectwise import simulator
from connectors.simulators.model import Mail, Member, Note, Ticket, TimeEntry, Write
from connectors.simulators.world import World
from tests.torture.ledger import Asked, FieldSet, Ledger, MailSent, NoteMade, Requests, TimeMade

FIELDS = {
    "status": "status_id",
    "owner": "owner_id",
    "billing_code": "work_type_id",
    "priority": "priority_id",
    "customer_flag": "flag",
    "summary": "summary",
    "contact_phone": "contact_phone",
    "parent": "parent_id",
}
"""Canonical name -> attribute of a ticket."""


class RecordedWorld(World):
    """A world that stands still but for what its people here are made to do, and that writes a ledger.

    Every verb that changes a ticket ends in `touch`, under the lock: the fields are compared there.
    """

    def __init__(self, seed: int, keep: int) -> None:
        self.ledger: Ledger | None = None
        self.codes: dict[int, int | None] = {}
        super().__init__(seed, 3 * keep, speed=0.0)
        self._known: dict[int, dict[str, Any]] = {}
        self.kept = self._choose(keep)
        self.ledger = Ledger(self.technician)
        for ticket in self.tickets.values():
            self._known[ticket.id] = _fields(ticket)
            for field, value in self._known[ticket.id].items():
                self.ledger.initial[str(ticket.id), field] = value
        for entry in self.time.values():
            self.ledger.initial[str(entry.ticket_id), f"entry:{entry.id}"] = entry.work_type_id
        self.codes = {entry.id: entry.work_type_id for entry in self.time.values()}
        self.writes = _Writes(self, self.ledger)
        self.mails = _Mails(self.ledger)

    def _choose(self, keep: int) -> list[int]:
        """The technician's tickets that are open, alone and of a service board; the others are deleted."""
        good = [
            ticket.id
            for ticket in self.tickets.values()
            if self.is_open(ticket)
            and self.assigned(ticket, self.technician)
            and ticket.merged_into is None
            and ticket.contact_id is not None
            and not self.boards[ticket.board_id].project
            and not self.children.get(ticket.id)
        ][:keep]
        for ticket in list(self.tickets):
            if ticket not in good:
                self.delete(ticket)
        for ticket in good:
            self.tickets[ticket].parent_id = None
        return good

    def member_of_staff(self, by: str) -> Member | None:
        return next((member for member in self.members.values() if member.identifier == by), None)

    # ------------------------------------------------------------ the verbs that all others end in

    def touch(self, ticket: Ticket, by: str, at: int | None = None) -> None:
        super().touch(ticket, by, at)
        if self.ledger is None:
            return
        customer = self.member_of_staff(by) is None
        known, now = self._known[ticket.id], _fields(ticket)
        for field, value in now.items():
            if known[field] != value:
                base = self.ledger.base(str(ticket.id), by, customer)
                self.ledger.deeds.append(FieldSet(**base, field=field, old=known[field], new=value))
        self._known[ticket.id] = now

    def add_note(self, note: Note, *, moves: bool) -> Note:
        made = super().add_note(note, moves=moves)
        if self.ledger is not None:
            base = self.ledger.base(str(note.ticket_id), note.created_by, note.member_id is None)
            self.ledger.deeds.append(
                NoteMade(**base, note_id=str(made.id), created_at=made.at, text=made.text, public=made.public)
            )
        return made

    def add_entry(self, entry: TimeEntry) -> TimeEntry:
        made = super().add_entry(entry)
        self.codes[made.id] = made.work_type_id
        if self.ledger is not None:
            base = self.ledger.base(str(entry.ticket_id), entry.entered_by)
            self.ledger.deeds.append(TimeMade(**base, time_id=str(made.id), text=made.text, hours=made.hours))
        return made


class _Writes(list[Write]):
    """The simulator's log of accepted writes; it appends at the end of each, under the lock."""

    def __init__(self, world: RecordedWorld, ledger: Ledger) -> None:
        super().__init__()
        self._world, self._ledger = world, ledger

    def append(self, write: Write) -> None:
        super().append(write)
        entry = re.fullmatch(r"/time/entries/(\d+)", write.path)
        if entry and write.method == "PATCH":
            ticket = self._entry(int(entry[1]), write)
        else:
            found = re.search(r"/service/tickets/(\d+)", write.path)
            body = write.body if isinstance(write.body, dict) else {}
            ticket = found[1] if found else str(body.get("chargeToId", ""))
        base = self._ledger.base(ticket, write.member)
        self._ledger.deeds.append(Asked(**base, method=write.method, path=write.path, body=write.body))

    def _entry(self, key: int, write: Write) -> str:
        """A changed time entry is seen by its code alone."""
        now = self._world.time[key]
        old, self._world.codes[key] = self._world.codes[key], now.work_type_id
        if old != now.work_type_id:
            base = self._ledger.base(str(now.ticket_id), write.member)
            self._ledger.deeds.append(FieldSet(**base, field=f"entry:{key}", old=old, new=now.work_type_id))
        return str(now.ticket_id)


class _Mails(list[Mail]):
    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def append(self, mail: Mail) -> None:
        super().append(mail)
        base = self._ledger.base(str(mail.ticket_id), self._ledger.us)
        self._ledger.deeds.append(MailSent(**base, text=mail.text))


def recorded_app(world: RecordedWorld) -> Any:
    """The simulator of a recorded world."""
    app = simulator(world)
    assert world.ledger is not None
    app.state.simulator.requests = Requests(world.ledger)
    return app


def _fields(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, attribute) for name, attribute in FIELDS.items()}
