"""What Syncro takes: a ticket's PUT, comments, timers. What it does not know it leaves out without a word.

Sources: the vendor's OpenAPI file for names and answers; a maintained client for what is really required. The texts
of refusals are ours where the file has none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.simulators.model import Mail, Note, Ticket, TimeEntry
from connectors.simulators.syncro.rows import OFFSET, PRIORITIES, STATUS_LIST, STATUSES, Row, Rows
from connectors.simulators.syncro.state import Call, Refusal, invalid, no_permission, not_found
from connectors.simulators.world import World


def ticket_of(call: Call) -> Ticket:
    found = call.world.tickets.get(call.number("id") - OFFSET)
    if found is None:
        raise not_found()
    return found


def put_ticket(call: Call, rows: Rows) -> Row:
    """Everything is checked first. `parent_id`, `contract_id` and `customer_reply` are not among the fields."""
    world, given, ticket = call.world, call.body, ticket_of(call)
    if ticket.id in world.refusals:
        raise invalid(world.refusals[ticket.id][1])
    changes: dict[str, Any] = {}
    if "subject" in given:
        if not str(given["subject"] or "").strip():
            raise invalid("Subject can't be blank")
        changes["summary"] = str(given["subject"])
    if "priority" in given:
        named = next((key for key, name in PRIORITIES.items() if name == given["priority"]), None)
        if named is None:
            raise invalid("Priority is not included in the list")
        changes["priority_id"] = named
    if "ticket_type_id" in given:
        changes["type_id"] = _type(rows, ticket, given["ticket_type_id"])
    if "contact_id" in given:
        changes |= _contact(world, given["contact_id"])
    if "properties" in given:
        # Whether what is not named stays is not established; here it goes.
        changes["custom"] = {str(name): str(value or "") for name, value in dict(given["properties"]).items()}
    user = given.get("user_id", ticket.owner_id)
    if user is not None and (user not in world.members or world.members[user].inactive):
        raise invalid("User must exist")
    status = given.get("status", rows.status(ticket))
    if status not in STATUS_LIST or status == "Invoiced":
        raise invalid("Status is not included in the list")
    for name, value in changes.items():
        setattr(ticket, name, value)
    if "problem_type" in given:
        call.simulator.problem_types[ticket.id] = str(given["problem_type"] or "")
    by = call.me.identifier
    if user != ticket.owner_id:
        world.reassign(ticket.id, None if user is None else world.members[user].identifier, by=by)
    if status != rows.status(ticket):
        theirs = next(ours for ours, name in STATUSES.items() if name == status)
        world.set_status(ticket, world.status(ticket.board_id, theirs), by)
        if "status" in call.simulator.switches.reply_cleared_by:
            ticket.flag = False
    if given:
        world.touch(ticket, by)
    mailed: tuple[str, ...] = ()
    for comment in given.get("comments_attributes") or ():
        mailed += _add(call, ticket, comment)[1]
    call.wrote(mailed)
    return {"ticket": rows.detail(ticket)}


def _type(rows: Rows, ticket: Ticket, key: object) -> int | None:
    """The world's type of the ticket's board that has the ticket type's name."""
    if key is None:
        return None
    name = next((name for name, one in rows.types().items() if one == key), None)
    here = [t.id for t in rows.world.types.values() if t.name == name and t.board_id == ticket.board_id]
    if not here:
        raise invalid("Ticket type must exist")
    return here[0]


def _contact(world: World, key: object) -> dict[str, Any]:
    if key is None:
        return {"contact_id": None, "contact_name": "", "contact_phone": "", "contact_email": ""}
    contact = world.contacts.get(key) if isinstance(key, int) else None
    if contact is None:
        raise invalid("Contact must exist")
    return {
        "contact_id": contact.id,
        "contact_name": contact.name,
        "contact_phone": contact.phone,
        "contact_email": contact.email,
    }


def put_contact(call: Call, rows: Rows) -> Row:
    """A contact's card. `name` is required (vendor's OpenAPI file); `title` goes to the `properties`."""
    world, given, denied = call.world, call.body, call.simulator.switches.denied
    if denied & {"contacts", "contacts: edit"}:
        raise no_permission()
    contact = world.contacts.get(call.number("id"))
    if contact is None or contact.inactive:
        raise not_found()
    if not str(given.get("name") or "").strip():
        raise Refusal(422, {"record": rows.contact(contact), "errors": "Name can't be blank"})
    if given.get("email") and "@" not in str(given["email"]):
        raise Refusal(422, {"record": rows.contact(contact), "errors": "Email is not an email"})
    whole = call.simulator.switches.card == "whole"
    values = {
        name: str(given.get(name) or "") for name in ("phone", "mobile", "email") if name in given or whole
    }
    if "title" in given or whole:
        contact.title = str(given.get("title") or "")
    if "notes" in given or whole:
        call.simulator.notes[contact.id] = str(given.get("notes") or "")
    contact.first, _, contact.last = str(given["name"]).partition(" ")
    world.set_card(contact.id, **values)
    call.wrote()
    return rows.contact(contact)


# ---------------------------------------------------------------- comments


def post_comment(call: Call, rows: Rows) -> Row:
    note, mailed = _add(call, ticket_of(call), call.body)
    call.wrote(mailed)
    return {"comment": rows.comment(note)}


def _add(call: Call, ticket: Ticket, given: dict[str, Any]) -> tuple[Note, tuple[str, ...]]:
    """A comment of the token's user; a public one is mailed unless it says not to be."""
    world = call.world
    missing = [
        f"{name.capitalize()} can't be blank"
        for name in ("body", "subject")
        if not str(given.get(name) or "").strip()
    ]
    if missing:
        raise invalid(*missing)
    public = given.get("hidden") is not True
    me = call.me
    note = Note(0, ticket.id, world.now(), str(given["body"]), me.identifier, me.id, None, public)
    world.add_note(note, moves=world.note_moves_ticket)
    if public and "comment" in call.simulator.switches.reply_cleared_by:
        ticket.flag = False
    ticket.revision += 1
    mailed: tuple[str, ...] = ()
    contact = world.contacts.get(ticket.contact_id or 0)
    if public and given.get("do_not_email") is not True and contact is not None and contact.email:
        mailed = (contact.email,)
        world.mails.append(Mail(world.now(), mailed, ticket.id, note.text))
    if public and me.identifier == world.technician:
        world.life.technician_wrote(ticket.id, world.now())
    return note, mailed


# ---------------------------------------------------------------- timers


def post_timer(call: Call, rows: Rows) -> Row:
    """`start_at` is required, `end_at` or `duration_minutes` beside it. The answer is a bare object."""
    world, given, ticket = call.world, call.body, ticket_of(call)
    if not isinstance(given.get("start_at"), str):
        raise Refusal(422, {"error": "no implicit conversion of nil into String"})
    start = _moment(given["start_at"])
    minutes = given.get("duration_minutes")
    end = start + 60 * minutes if isinstance(minutes, int) else _moment(str(given.get("end_at") or ""))
    now = world.now()
    entry = TimeEntry(
        0,
        ticket.id,
        _user(call, given),
        start,
        end,
        (end - start) / 3600,
        str(given.get("notes") or ""),
        work_type_id=_product(world, given.get("product_id")),
        billable="DoNotBill",
        entered_by=call.me.identifier,
        entered=now,
        updated=now,
    )
    world.add_entry(entry)
    call.wrote()
    return rows.timer(entry)


def put_timer(call: Call, rows: Rows) -> Row:
    """The user becomes the token's unless it is named, as the vendor's file says."""
    world, given, ticket = call.world, call.body, ticket_of(call)
    entry = world.time.get(given.get("timer_entry_id", 0))
    if entry is None or entry.ticket_id != ticket.id:
        raise not_found()
    if entry.locked:
        raise Refusal(422, {"error": "Timer entry has been charged"})
    product = entry.work_type_id
    if "product_id" in given and (
        given["product_id"] is not None or call.simulator.switches.clear_code == "works"
    ):
        product = _product(world, given["product_id"])
    entry.member_id = _user(call, given)
    entry.work_type_id = product
    if "notes" in given:
        entry.text = str(given["notes"] or "")
    entry.updated = world.now()
    world.recount(ticket.id, call.me.identifier)
    call.wrote()
    return rows.timer(entry)


def _user(call: Call, given: dict[str, Any]) -> int:
    key = given.get("user_id", call.me.id)
    if key not in call.world.members:
        raise invalid("User must exist")
    return int(key)


def _product(world: World, key: object) -> int | None:
    if key is None:
        return None
    if not isinstance(key, int) or key not in world.work_types:
        raise invalid("Product must exist")
    return key


def _moment(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, {"error": "invalid date"}) from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
