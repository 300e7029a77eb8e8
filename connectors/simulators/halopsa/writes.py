"""What HaloPSA takes: lists of tickets and of actions. An object without an id makes a new one; unknown fields are
ignored without a word."""

from __future__ import annotations

from typing import Any

from connectors.simulators.halopsa.rows import (
    STATUSES,
    WAITING,
    Row,
    note_row,
    set_status,
    ticket_row,
    time_row,
)
from connectors.simulators.halopsa.state import Call, Refusal, bad
from connectors.simulators.model import Mail, Note, Ticket, TimeEntry


def objects(body: object) -> list[dict[str, Any]]:
    """The list of objects; an object alone is not taken."""
    if not isinstance(body, list) or not body or not all(isinstance(one, dict) for one in body):
        raise Refusal(
            400,
            {"ClassName": "Newtonsoft.Json.JsonSerializationException", "Message": "An array is expected."},
        )
    return body


def post_ticket(call: Call, given: dict[str, Any]) -> Row:
    """A change, or a new ticket where no id is given."""
    world = call.world
    key = given.get("id") or 0
    if not key:
        return _new_ticket(call, given)
    ticket = world.tickets.get(key)
    if ticket is None:
        raise Refusal(404, "Ticket not found")
    if key in world.refusals:
        raise bad(world.refusals[key][1])
    warning = call.simulator.switches.warnings.get(key)
    if warning is None:
        _change(call, ticket, given)
    row = ticket_row(world, ticket, whole=True)
    return row if warning is None else row | {"_warning": warning}


def _change(call: Call, ticket: Ticket, given: dict[str, Any]) -> None:
    """Everything is checked before the first change."""
    world, me = call.world, call.me.identifier
    for name, table in (
        ("chargerate", world.work_types),
        ("contract_id", world.agreements),
        ("user_id", world.contacts),
        ("site_id", world.sites),
        ("priority_id", world.priorities),
        ("agent_id", world.members),
        ("parent_id", world.tickets),
        ("status_id", STATUSES),
    ):
        if given.get(name) and given[name] not in table:
            raise bad(f"{name} {given[name]} is not valid")
    team = next((one for one in world.teams.values() if one.name == given.get("team")), None)
    if given.get("team") and team is None:
        raise bad(f"team {given['team']} is not valid")
    if given.get("parent_id") == ticket.id or (given.get("parent_id") and world.children.get(ticket.id)):
        raise bad("This ticket cannot be a child of that one")
    if "chargerate" in given:
        ticket.work_type_id = given["chargerate"] or None
    if "contract_id" in given:
        ticket.agreement_id = given["contract_id"] or None
    if given.get("user_id"):
        contact = world.contacts[given["user_id"]]
        ticket.contact_id, ticket.contact_name = contact.id, contact.name
        ticket.contact_email, ticket.contact_phone = contact.email, contact.phone
    if given.get("site_id"):
        ticket.site_id = given["site_id"]
    if given.get("priority_id"):
        ticket.priority_id = given["priority_id"]
    if given.get("agent_id"):
        world.reassign(ticket.id, world.members[given["agent_id"]].identifier, by=me)
    if team is not None:
        ticket.team_id = team.id
    if given.get("summary"):
        ticket.summary = given["summary"]
    if given.get("parent_id"):
        world.set_parent(ticket, given["parent_id"], me)
    elif given.get("parent_id") == 0 and call.simulator.switches.detach == "works":
        world.set_parent(ticket, None, me)
    if given.get("status_id"):
        set_status(world, ticket, given["status_id"], me)
    world.touch(ticket, me)


def _new_ticket(call: Call, given: dict[str, Any]) -> Row:
    """What nobody wanted: a ticket with next to nothing in it."""
    world, now, me = call.world, call.world.now(), call.me.identifier
    made = Ticket(
        id=world.next_ticket,
        summary=str(given.get("summary") or "New ticket"),
        board_id=1,
        status_id=world.status(1, "New").id,
        company_id=min(world.companies),
        entered=now,
        entered_by=me,
        updated=now,
        updated_by=me,
        priority_id=3,
    )
    world.next_ticket += 1
    world.tickets[made.id], world.notes[made.id] = made, []
    return ticket_row(world, made, whole=True)


# ---------------------------------------------------------------- actions


def post_action(call: Call, given: dict[str, Any]) -> tuple[Row, tuple[str, ...]]:
    """A new action, or a change of one; and whom it mailed."""
    if given.get("id"):
        return _change_action(call, given), ()
    world = call.world
    ticket = world.tickets.get(given.get("ticket_id") or 0)
    if ticket is None:
        raise bad("ticket_id is not valid")
    text, hours = str(given.get("note") or ""), float(given.get("timetaken") or 0.0)
    if not text.strip() and not hours:
        raise bad("Please enter a note")
    charge = given.get("chargerate") or None
    if charge is not None and charge not in world.work_types:
        raise bad(f"chargerate {charge} is not valid")
    public, now = not given.get("hiddenfromuser"), world.now()
    mailed = _mail(call, ticket, text) if public and given.get("sendemail") is True else ()
    if hours:
        entry = TimeEntry(0, ticket.id, call.me.id, now - int(hours * 3600), now, hours, text, charge)
        entry.public, entry.entered_by, entry.entered, entry.updated = public, call.me.identifier, now, now
        entry.billable = "NoCharge" if given.get("actisbillable") is False else "Billable"
        row = time_row(world, world.add_entry(entry))
    else:
        note = Note(0, ticket.id, now, text, call.me.identifier, call.me.id, None, public)
        note.notify = bool(mailed)
        row = note_row(world, world.add_note(note, moves=world.note_moves_ticket))
    if public and call.simulator.switches.tech_update:
        set_status(world, ticket, WAITING, call.me.identifier)
    if given.get("new_status") in STATUSES:
        set_status(world, ticket, given["new_status"], call.me.identifier)
    if public and call.me.identifier == world.technician:
        world.life.technician_wrote(ticket.id, now)
    return row, mailed


def _mail(call: Call, ticket: Ticket, text: str) -> tuple[str, ...]:
    to = tuple(one.strip() for one in (ticket.contact_email, *ticket.cc.split(",")) if one.strip())
    if to:
        call.world.mails.append(Mail(call.world.now(), to, ticket.id, text))
    return to


def _change_action(call: Call, given: dict[str, Any]) -> Row:
    world = call.world
    entry = world.time.get(given["id"])
    if entry is None:
        note = next((n for notes in world.notes.values() for n in notes if n.id == given["id"]), None)
        if note is None:
            raise Refusal(404, "Action not found")
        return note_row(world, note)
    if entry.invoice:
        raise bad("This action has been invoiced and cannot be edited")
    charge = given.get("chargerate", entry.work_type_id) or None
    if charge is not None and charge not in world.work_types:
        raise bad(f"chargerate {charge} is not valid")
    entry.work_type_id, entry.updated = charge, world.now()
    if world.note_moves_ticket:
        world.touch(world.tickets[entry.ticket_id], call.me.identifier)
    return time_row(world, entry)
