"""What AlgaPSA takes: a ticket's PUT, its owner, bundles, comments, time. What it does not know it drops with a 200.

Behaviour and texts: a running server, and its source where marked in the connector's fact sheet.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from connectors.simulators.algapsa.rows import COPIES, Row, Rows
from connectors.simulators.algapsa.state import Call, error, invalid, number_of, uid
from connectors.simulators.model import Note, Ticket, TimeEntry

_FIELDS = {
    "priority_id": ("priority", "priorities", "priority_id"),
    "category_id": ("category", "types", "type_id"),
    "subcategory_id": ("subcategory", "subtypes", "subtype_id"),
    "location_id": ("location", "sites", "site_id"),
}
"""Field of the PUT -> kind of id, table of the world, attribute of its ticket. None of them takes null."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def put_ticket(call: Call, rows: Rows) -> Row:
    """Everything is checked first. The answer is stale: `is_closed` and `closed_at` are as they were before."""
    world, given, ticket = call.world, call.body, call.ticket()
    if "tags" in given:
        raise error(500, "INTERNAL_ERROR", "Internal server error")
    if ticket.id in world.refusals:
        field, words = world.refusals[ticket.id]
        invalid(field, words)
    stale = {name: rows.bare(ticket)[name] for name in ("is_closed", "closed_at")}
    changes: dict[str, Any] = {}
    if "title" in given:
        if not isinstance(given["title"], str) or not 0 < len(given["title"]) <= 255:
            invalid("title", "String must contain at most 255 character(s)")
        changes["summary"] = given["title"]
    for name, (kind, table, attribute) in _FIELDS.items():
        if name in given:
            number = number_of(kind, given[name])
            if number not in getattr(world, table):
                invalid(name, "Expected string, received null" if given[name] is None else "Invalid uuid")
            changes[attribute] = number
    if "contact_name_id" in given:
        changes |= _contact(call, given["contact_name_id"])
    owner = _owner(call, given["assigned_to"], nobody=False) if "assigned_to" in given else ticket.owner_id
    if "status_id" in given:
        _status(call, ticket, given["status_id"])
    for name, value in changes.items():
        setattr(ticket, name, value)
    _reassign(call, ticket, owner)
    if "status_id" in given:
        world.set_status(
            ticket, world.statuses[number_of("status", given["status_id"]) or 0], call.me.identifier
        )
    world.touch(ticket, call.me.identifier)  # an empty change too
    call.wrote(call.mail(ticket, "Your ticket was updated."))
    return {"data": {**rows.bare(ticket), **stale}}


def put_status(call: Call, rows: Rows) -> Row:
    call.body = {name: value for name, value in call.body.items() if name == "status_id" or "Notif" in name}
    return put_ticket(call, rows)


def put_assignment(call: Call, rows: Rows) -> Row:
    """Only here nobody is taken for an owner."""
    ticket = call.ticket()
    _reassign(call, ticket, _owner(call, call.body.get("assigned_to"), nobody=True))
    call.world.touch(ticket, call.me.identifier)
    call.wrote(call.mail(ticket, "Your ticket was assigned."))
    return {"data": rows.bare(ticket)}


def _owner(call: Call, value: object, *, nobody: bool) -> int | None:
    if value is None and nobody:
        return None
    found = call.world.members.get(number_of("user", value) or 0)
    if found is None or found.inactive:
        invalid("assigned_to", "Expected string, received null" if value is None else "User not found")
    return found.id


def _reassign(call: Call, ticket: Ticket, owner: int | None) -> None:
    if owner != ticket.owner_id:
        member = None if owner is None else call.world.members[owner].identifier
        call.world.reassign(ticket.id, member, by=call.me.identifier)


def _contact(call: Call, value: object) -> dict[str, Any]:
    if value is None:
        return {"contact_id": None, "contact_name": "", "contact_phone": "", "contact_email": ""}
    found = call.world.contacts.get(number_of("contact", value) or 0)
    if found is None:
        invalid("contact_name_id", "Contact not found")
    return {
        "contact_id": found.id,
        "contact_name": found.name,
        "contact_phone": found.phone,
        "contact_email": found.email,
    }


_CARD = frozenset(
    {
        "full_name",
        "client_id",
        "manager_contact_id",
        "phone_numbers",
        "email",
        "additional_email_addresses",
        "role",
        "notes",
        "is_inactive",
        "tags",
    }
)
"""What the PUT of a contact takes, as far as it matters here: it is strict about others (read in the source)."""
_TYPES = frozenset({"work", "mobile", "home", "fax", "other"})


def put_contact(call: Call, rows: Rows) -> Row:
    """A contact's card: only what is sent changes, and the list of numbers is replaced as a whole. Another first mail
    address is refused, unless one more address is promoted for it. Rules and texts: read in the source."""
    call.need("contact: update")
    contact = call.world.contacts.get(number_of("contact", call.request.path_params["id"]) or 0)
    if contact is None:
        raise error(404, "NOT_FOUND", "Contact not found")
    if strange := sorted(call.body.keys() - _CARD):
        invalid("", f"Unrecognized key(s) in object: {', '.join(strange)}")
    if str(call.body.get("email") or contact.email).casefold() != contact.email.casefold():
        invalid("", "Changing primary email requires promote an additional email first")
    if "phone_numbers" in call.body:
        numbers = call.body["phone_numbers"]
        for one in numbers:
            if not any(digit.isdigit() for digit in one.get("phone_number", "")):
                invalid("phone_numbers", "Please enter a valid phone number")
            if (one.get("canonical_type") in _TYPES) == bool(one.get("custom_type")):
                invalid("phone_numbers", "Choose a canonical type or provide a custom type")
        first = [one["phone_number"] for one in numbers if one.get("is_default")]
        if numbers and len(first) != 1:
            invalid(
                "phone_numbers", "Exactly one default phone number is required when phone numbers are present"
            )
        others = [one["phone_number"] for one in numbers if not one.get("is_default")]
        call.world.set_card(contact.id, phone="".join(first), mobile="".join(others[:1]))
    call.wrote()
    return {"data": rows.contact(contact)}


def _status(call: Call, ticket: Ticket, value: object) -> None:
    """Raises the 400 of a foreign status, and of a close that the board's rules forbid."""
    world = call.world
    status = world.statuses.get(number_of("status", value) or 0)
    if status is None or status.board_id != ticket.board_id:
        invalid("status_id", "Invalid status: Status does not belong to the selected board")
    if not status.closed or not world.is_open(ticket):
        return
    unmet = {
        "resolution_comment": not any(note.resolution for note in world.notes[ticket.id]),
        "time_entry": not world.time_of.get(ticket.id),
        "open_children": any(
            world.is_open(world.tickets[one])
            for one in world.children.get(ticket.id, ())
            if one in world.tickets
        ),
    }
    words = {
        "resolution_comment": "A resolution comment is required before closing",
        "time_entry": "At least one time entry is required before closing",
        "open_children": "All bundled child tickets must be closed first",
    }
    details = [
        {"path": ["status_id"], "rule": rule, "message": words[rule]}
        for rule in sorted(call.switches.close_rules)
        if unmet[rule]
    ]
    if details:
        raise error(400, "VALIDATION_ERROR", "Ticket close rules not satisfied", details)


# ---------------------------------------------------------------- bundles


def post_bundle(call: Call, rows: Rows) -> Row:
    """Makes a bundle, or sets the mode of the one that is there."""
    mode = call.body.get("mode", COPIES)
    if mode not in (COPIES, "link_only"):
        invalid("mode", "Invalid enum value")
    master, children = _joined(call)
    call.simulator.modes[master.id] = str(mode)
    call.wrote()
    ids = [uid("ticket", one) for one in children]
    return {"data": {"masterTicketId": uid("ticket", master.id), "childTicketIds": ids, "mode": mode}}


def post_children(call: Call, rows: Rows) -> Row:
    master, children = _joined(call)
    call.wrote()
    ids = [uid("ticket", one) for one in children]
    return {"data": {"masterTicketId": uid("ticket", master.id), "childTicketIds": ids}}


def _joined(call: Call) -> tuple[Ticket, list[int]]:
    """Bundles what the body names. Raises what the server says to nesting and to what is bundled already."""
    world, master = call.world, call.ticket()
    children = [number_of("ticket", one) or 0 for one in call.body.get("child_ticket_ids") or ()]
    if not [one for one in children if one != master.id]:
        raise error(400, "VALIDATION_ERROR", "Select at least one child ticket different from the master.")
    if master.parent_id is not None:
        raise error(400, "VALIDATION_ERROR", "Cannot select a child ticket as the master.")
    for one in children:
        child = world.tickets.get(one)
        if child is None:
            raise error(404, "NOT_FOUND", f"Child ticket not found: {uid('ticket', one)}")
        if any(other.parent_id == one for other in world.tickets.values()):
            raise error(
                409,
                "CONFLICT",
                f"Ticket TIC{one} is already a bundle master and cannot be added as children. Unbundle them first,"
                " or use one of them as the master.",
            )
        if child.parent_id is not None:
            raise error(409, "CONFLICT", f"Ticket is already bundled: TIC{one}")
    for one in children:
        world.set_parent(world.tickets[one], master.id, call.me.identifier)
    return master, children


def delete_child(call: Call, rows: Rows) -> Row:
    """Takes a child out; the last one ends the bundle."""
    world, child = call.world, call.ticket("child")
    master = child.parent_id
    if master is None:
        raise error(400, "VALIDATION_ERROR", "Ticket is not bundled")
    world.set_parent(child, None, call.me.identifier)
    left = sum(one.parent_id == master for one in world.tickets.values())
    if not left:
        call.simulator.modes.pop(master, None)
    call.wrote()
    return {
        "data": {
            "masterTicketId": uid("ticket", master),
            "childTicketId": uid("ticket", child.id),
            "remainingChildren": left,
        }
    }


# ---------------------------------------------------------------- comments


def post_comment(call: Call, rows: Rows) -> Row:
    """A comment of the key's user. It moves the ticket, and leaves the response state as it is."""
    world, given, ticket, me = call.world, call.body, call.ticket(), call.me
    text = given.get("comment_text")
    if not isinstance(text, str) or not text.strip():
        invalid("comment_text", "Comment text is required")
    if len(text.strip()) > 5000:
        invalid("comment_text", "Comment text is too long (max 5000 characters)")
    public = given.get("is_internal") is not True
    note = Note(0, ticket.id, world.now(), text, me.identifier, me.id, None, public)
    note.resolution = given.get("is_resolution") is True
    world.add_note(note, moves=True)
    call.simulator.by_key.add(note.id)
    call.wrote(call.mail(ticket, text) if public else ())
    if public and me.identifier == world.technician:
        world.life.technician_wrote(ticket.id, world.now())
    return {"data": rows.comment(note)}


# ---------------------------------------------------------------- time


def post_time(call: Call, rows: Rows) -> Row:
    """Always the key's own user's; seconds are cut."""
    world, given = call.world, call.body
    if not given.get("service_id"):
        invalid("service_id", "service_id is required for time entries")
    service = _service(call)
    ticket = world.tickets.get(number_of("ticket", given.get("work_item_id")) or 0)
    if given.get("work_item_type") != "ticket" or ticket is None:
        invalid("work_item_id", "Ticket not found")
    start, end = _minute(given, "start_time"), _minute(given, "end_time")
    if end <= start:
        invalid("end_time", "End time must be after start time")
    if not call.switches.period:
        raise error(400, "BAD_REQUEST", "No time period found for this date")
    for other in world.time.values():
        other_end = other.start + rows.minutes(other) * 60
        if other.member_id == call.me.id and start < other_end and other.start < end:
            raise error(409, "CONFLICT", "Time entry overlaps with existing entry")
    now = world.now()
    entry = TimeEntry(
        0,
        ticket.id,
        call.me.id,
        start,
        end,
        (end - start) / 3600,
        str(given.get("notes") or ""),
        work_type_id=service,
        billable="DoNotBill" if given.get("is_billable") is False else "Billable",
        entered_by=call.me.identifier,
        entered=now,
        updated=now,
    )
    world.add_entry(entry)
    call.wrote()
    return {"data": rows.time(entry)}


def put_time(call: Call, rows: Rows) -> Row:
    """Own entries only; approved ones are locked, invoiced ones are not."""
    world, given = call.world, call.body
    entry = world.time.get(number_of("entry", call.request.path_params["id"]) or 0)
    if entry is None:
        raise error(404, "NOT_FOUND", "Time entry not found")
    if entry.member_id != call.me.id:
        raise error(403, "FORBIDDEN", "Permission denied: Cannot update this time entry")
    if rows.time(entry)["approval_status"] == "APPROVED":
        raise error(409, "CONFLICT", "Cannot modify approved time entries")
    if "service_id" in given:
        if not given["service_id"]:
            invalid("service_id", "service_id cannot be cleared from a time entry")
        entry.work_type_id = _service(call)
    if "notes" in given:
        entry.text = str(given["notes"] or "")
    entry.updated = world.now()
    call.wrote()
    return {"data": rows.time(entry)}


def _service(call: Call) -> int:
    found = number_of("service", call.body["service_id"])
    if found is None or found not in call.world.work_types:
        raise error(400, "BAD_REQUEST", "Invalid reference")
    return found


def _minute(given: dict[str, Any], name: str) -> int:
    text = given.get(name)
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        invalid(name, "Invalid datetime")
    at = int(datetime.fromisoformat(text).timestamp())
    return at - at % 60
