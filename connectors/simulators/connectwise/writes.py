"""What ConnectWise PSA takes besides a ticket's PATCH: notes, time entries, attaching children.

Sources: the vendor's spec for names, required fields and answers; developer guide and clients for what mails.
"""

from __future__ import annotations

from typing import Any

from connectors.simulators.conditions import BadCondition, moment
from connectors.simulators.connectwise.answers import Refusal, invalid, not_found
from connectors.simulators.connectwise.rows import Row, Rows
from connectors.simulators.model import Mail, Member, Note, Ticket, TimeEntry
from connectors.simulators.world import World

Body = dict[str, Any]


def _object(body: object) -> Body:
    if not isinstance(body, dict):
        raise Refusal(400, "InvalidObject", "a JSON object is expected")
    return body


def _ticket(world: World, key: int) -> Ticket:
    found = world.tickets.get(key)
    if found is None:
        raise not_found(f"Ticket {key}")
    return found


def _mail(world: World, ticket: Ticket, text: str) -> tuple[str, ...]:
    """The contact and the addresses in copy get it."""
    to = tuple(a for a in (ticket.contact_email, *ticket.cc.split(",")) if a.strip())
    if to:
        world.mails.append(Mail(world.now(), to, ticket.id, text))
    return to


def post_note(rows: Rows, key: int, body: object, me: Member) -> tuple[Row, tuple[str, ...]]:
    """A note; one of three flags says who reads it. Returns its row and whom it mailed."""
    world, given = rows.world, _object(body)
    ticket = _ticket(world, key)
    text = given.get("text")
    if not isinstance(text, str) or not text.strip():
        raise invalid("note", "text", "The text field is required.", "MissingRequiredField")
    flags = [
        given.get(name) is True
        for name in ("detailDescriptionFlag", "internalAnalysisFlag", "resolutionFlag")
    ]
    if not any(flags):
        raise invalid("note", "detailDescriptionFlag", "One of the note's three flags must be set.")
    public = flags[0] or flags[2]
    notify = given.get("processNotifications") is True
    note = Note(0, key, world.now(), text, me.identifier, me.id, None, public, False, flags[2], notify)
    world.add_note(note, moves=world.note_moves_ticket)
    if given.get("customerUpdatedFlag") is True:
        ticket.flag = True
    elif public and world.note_clears_flag:
        ticket.flag = False
    ticket.revision += 1
    mailed = _mail(world, ticket, text) if notify and public else ()
    if public and me.identifier == world.technician:
        world.life.technician_wrote(ticket.id, world.now())
    return rows.note(note), mailed


def delete_note(rows: Rows, key: int, note_id: int, me: Member) -> None:
    world = rows.world
    _ticket(world, key)
    found = next((n for n in world.notes[key] if n.id == note_id), None)
    if found is None:
        raise not_found(f"Note {note_id}")
    world.notes[key].remove(found)
    if world.note_moves_ticket:
        world.touch(world.tickets[key], me.identifier)


def attach(rows: Rows, key: int, body: object, me: Member) -> Row:
    """`{"childTicketIds": […]}`; a child has no children and a parent has no parent (our inference)."""
    world = rows.world
    parent = _ticket(world, key)
    wanted = _object(body).get("childTicketIds")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(i, int) for i in wanted):
        raise invalid("ticketBundle", "childTicketIds", "childTicketIds must be a list of ticket ids")
    if parent.parent_id is not None:
        raise invalid("ticketBundle", "id", f"Ticket {key} is a child itself")
    for child in wanted:
        if child not in world.tickets or child == key:
            raise invalid("ticketBundle", "childTicketIds", f"Ticket {child} cannot be attached")
        if world.children.get(child):
            raise invalid("ticketBundle", "childTicketIds", f"Ticket {child} has children of its own")
    for child in wanted:
        world.set_parent(world.tickets[child], key, me.identifier)
    return {"success": True, "message": f"{len(wanted)} ticket(s) attached to ticket {key}."}


# ---------------------------------------------------------------- time


def post_time(rows: Rows, body: object, me: Member) -> tuple[Row, tuple[str, ...]]:
    """A time entry on a ticket, in a status that takes time. Returns its row and whom it mailed."""
    world, given = rows.world, _object(body)
    if "timeStart" not in given:
        raise invalid("timeEntry", "timeStart", "The timeStart field is required.", "MissingRequiredField")
    if given.get("chargeToType", "ServiceTicket") != "ServiceTicket":
        raise invalid("timeEntry", "chargeToType", "only ServiceTicket is simulated")
    key = given.get("chargeToId")
    if not isinstance(key, int) or key not in world.tickets:
        raise invalid("timeEntry", "chargeToId", f"Ticket {key} not found", "InvalidReference")
    ticket = world.tickets[key]
    status = world.statuses[ticket.status_id]
    if status.no_time:
        raise invalid("timeEntry", "chargeToId", f"Time entries are not allowed in status {status.name}")
    now = world.now()
    entry = TimeEntry(0, key, me.id, now, now, 0.0, "", entered_by=me.identifier, entered=now, updated=now)
    _fill(world, entry, given)
    world.add_entry(entry)
    mailed = _mail(world, ticket, entry.text) if given.get("emailContactFlag") is True else ()
    if entry.public and me.identifier == world.technician:
        world.life.technician_wrote(key, now)
    return rows.time(entry), mailed


def patch_time(rows: Rows, key: int, operations: object, me: Member) -> Row:
    """JSON Patch of an entry that is not locked."""
    world = rows.world
    entry = _editable(world, key)
    if not isinstance(operations, list) or not operations:
        raise Refusal(400, "InvalidObject", "a list of patch operations is expected")
    given: Body = {}
    for operation in operations:
        if not isinstance(operation, dict) or operation.get("op") not in ("add", "replace", "remove"):
            raise Refusal(400, "InvalidObject", "op must be add, replace or remove")
        path = str(operation.get("path", "")).removeprefix("/")
        if "/" not in path:
            given[path] = None if operation["op"] == "remove" else operation.get("value")
    before = entry.hours
    _fill(world, entry, given)
    entry.updated = world.now()
    if entry.hours != before:
        world.recount(entry.ticket_id, me.identifier)
    elif given and world.note_moves_ticket:
        world.touch(world.tickets[entry.ticket_id], me.identifier)
    return rows.time(entry)


def delete_time(rows: Rows, key: int, me: Member) -> None:
    rows.world.drop_entry(_editable(rows.world, key), me.identifier)


def _editable(world: World, key: int) -> TimeEntry:
    entry = world.time.get(key)
    if entry is None:
        raise not_found(f"TimeEntry {key}")
    if entry.locked:
        why = f"invoiced ({entry.invoice})" if entry.invoice else f"in status {entry.status}"
        raise invalid("timeEntry", "status", f"Time entry {key} is {why} and cannot be changed.")
    return entry


def _fill(world: World, entry: TimeEntry, given: Body) -> None:
    """Takes over what was given; checks everything before the first change."""
    ids = {}
    for field, attribute, table in (
        ("workType", "work_type_id", world.work_types),
        ("workRole", "work_role_id", world.work_roles),
        ("member", "member_id", world.members),
    ):
        if field in given:
            ids[attribute] = _id_in(field, given[field], table)
    if ids.get("member_id", 0) is None:
        raise invalid("timeEntry", "member", "The member field is required.", "MissingRequiredField")
    option = given.get("billableOption", entry.billable)
    if option not in ("Billable", "DoNotBill", "NoCharge", "NoDefault"):
        raise invalid("timeEntry", "billableOption", f"'{option}' is not a billable option")
    start, end = _moment(given, "timeStart", entry.start), _moment(given, "timeEnd", None)
    if end is not None and end < start:
        raise invalid("timeEntry", "timeEnd", "timeEnd is before timeStart")
    hours = given.get("actualHours")
    if end is None:
        length = float(hours) if isinstance(hours, int | float) else entry.hours
        end = start + int(length * 3600)
    else:
        length = (end - start) / 3600 - float(given.get("hoursDeduct") or 0)
    for attribute, key in ids.items():
        setattr(entry, attribute, key)
    entry.billable, entry.start, entry.end, entry.hours = option, start, end, round(length, 4)
    entry.text = str(given.get("notes", entry.text) or "")
    entry.public = bool(given.get("addToDetailDescriptionFlag", entry.public))


def _id_in(field: str, value: object, table: dict[int, Any]) -> int | None:
    if value is None:
        return None
    key = value.get("id") if isinstance(value, dict) else None
    if key is None and isinstance(value, dict):
        names = {str(value[n]).casefold() for n in ("name", "identifier") if value.get(n)}
        key = next(
            (r.id for r in table.values() if names & {r.name.casefold(), getattr(r, "identifier", "")}), None
        )
    if not isinstance(key, int) or key not in table or table[key].inactive:
        raise invalid("timeEntry", field, f"{field} {key} is invalid", "InvalidReference")
    return key


def _moment(given: Body, field: str, default: int | None) -> Any:  # noqa: ANN401
    if given.get(field) is None:
        return default
    try:
        return int(moment(str(given[field]), ("utc-z", "naive", "date-only")) or 0)
    except BadCondition:
        raise invalid("timeEntry", field, f"'{given[field]}' is not a date") from None
