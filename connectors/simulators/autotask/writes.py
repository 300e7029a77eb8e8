"""What Autotask takes: PATCH on the collection, notes below the ticket, time entries.

A field that is not known is ignored with a 200 (vendor). Errors are a list of sentences in HTTP 500; their
words are ours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.simulators.autotask.picklists import NAMES, NOTE_TYPES, PUBLISH, RESPONDED, subtypes, types
from connectors.simulators.autotask.queries import lowered
from connectors.simulators.autotask.rows import OWN_CONTACT, Rows
from connectors.simulators.autotask.state import API_MEMBER, Call, Refusal
from connectors.simulators.model import Mail, Note, Ticket, TimeEntry, Write
from connectors.simulators.world import World

REFERENCES = {
    "billingcodeid": ("work_type_id", "work_types"),
    "contractid": ("agreement_id", "agreements"),
    "priority": ("priority_id", "priorities"),
    "source": ("source_id", "sources"),
    "companylocationid": ("site_id", "sites"),
}
"""Field -> the ticket's attribute and the world's table."""


def patch_ticket(call: Call) -> int:
    """Only what is sent changes. Checks everything before the first change."""
    world, given = call.made.world, lowered(call.body)
    ticket = _ticket(world, given.get("id"))
    refusal = world.refusals.get(ticket.id)
    if refusal is not None:
        raise Refusal(refusal[1])
    changes: dict[str, Any] = {}
    for name, (attribute, table) in REFERENCES.items():
        if name in given:
            value = _integer(name, given[name])
            row = getattr(world, table).get(value) if value is not None else None
            if value is not None and (row is None or getattr(row, "inactive", False)):
                raise Refusal(
                    f"Reference value on field: {name} of type: {table} does not exist or is invalid."
                )
            changes[attribute] = value
    if "title" in given:
        if not isinstance(given["title"], str) or not 0 < len(given["title"]) <= 255:
            raise Refusal("The title is required and has at most 255 characters.")
        changes["summary"] = given["title"]
    if "duedatetime" in given:
        changes["required_at"] = None if given["duedatetime"] is None else _moment(given["duedatetime"])
    changes |= _types(world, ticket, given)
    changes |= _contact(world, given)
    status = _status(given)
    owner = _owner(world, ticket, given) if "assignedresourceid" in given else ()
    parent = _parent(world, ticket, given) if "problemticketid" in given else ()
    custom = _custom(given)
    for name, value in changes.items():
        setattr(ticket, name, value)
    ticket.custom.update(custom)
    by = call.me.identifier
    if owner:
        world.reassign(ticket.id, owner[0], by=by)
    if parent:
        world.set_parent(ticket, parent[0], by)
    if status is not None:
        ticket.flag = status == RESPONDED
        name = NAMES[status]
        found = next(
            (s for s in world.statuses.values() if s.board_id == ticket.board_id and s.name == name), None
        )
        if found is not None:
            world.set_status(ticket, found, by)
    world.touch(ticket, by)
    wrote(call)
    return ticket.id


def put_ticket(call: Call) -> int:
    """The same, and what is not sent becomes empty: why nobody should."""
    given = lowered(call.body)
    ticket = _ticket(call.made.world, given.get("id"))
    for name, (attribute, _) in REFERENCES.items():
        if name not in given and name != "priority":
            setattr(ticket, attribute, None)
    return patch_ticket(call)


def patch_contact(call: Call, rows: Rows, company: int) -> int:
    """A contact of the company, below it: the entity by itself takes no updates (vendor's Swagger file)."""
    world, given = call.made.world, lowered(call.body)
    if not call.made.switches.edits_contacts:
        raise Refusal("The logged in Resource does not have the adequate permissions to update Contacts.")
    key = _integer("id", given.get("id"))
    row = next((one for one in rows.of("Contacts") if one["id"] == key and one["companyID"] == company), None)
    if row is None or key is None:
        raise Refusal(f"Contact {given.get('id')} does not exist in the company.")
    address = given.get("emailaddress", row["emailAddress"])
    if address and "@" not in str(address):
        raise Refusal("emailAddress is not a valid email address.")
    names = {"phone": "phone", "mobilephone": "mobile", "emailaddress": "email"}
    values = {ours: str(given[theirs] or "") for theirs, ours in names.items() if theirs in given}
    if key < OWN_CONTACT:
        world.set_card(key, **values)
    else:
        ticket = world.tickets[key - OWN_CONTACT]
        call.made.own_cards.add(ticket.id)
        for name, value in values.items():
            setattr(ticket, f"contact_{name}", value)
    wrote(call)
    return key


def post_note(call: Call, ticket_id: int) -> int:
    """A note. The API mails nobody, the shop's workflow rules may."""
    world, given = call.made.world, lowered(call.body)
    ticket = _ticket(world, ticket_id)
    text = given.get("description")
    if not isinstance(text, str) or not text.strip():
        raise Refusal("Missing Required Field: description.")
    if not isinstance(given.get("title"), str) or not given["title"].strip():
        raise Refusal("Missing Required Field: title.")
    if given.get("publish") not in PUBLISH:
        raise Refusal(f"The value [{given.get('publish')}] is not an active picklist value for publish.")
    if given.get("notetype") not in NOTE_TYPES:
        raise Refusal(f"The value [{given.get('notetype')}] is not an active picklist value for noteType.")
    public = given["publish"] == 1
    note = Note(0, ticket.id, world.now(), text, call.me.identifier, call.me.id, None, public)
    world.add_note(note, moves=call.made.switches.note_moves == "both")
    mailed: tuple[str, ...] = ()
    if public and call.made.switches.rules_mail and ticket.contact_email.strip():
        mailed = (ticket.contact_email,)
        world.mails.append(Mail(world.now(), mailed, ticket.id, text))
    if public and call.me.identifier in (world.technician, "api"):
        world.life.technician_wrote(ticket.id, world.now())
    wrote(call, mailed)
    return note.id


def post_time(call: Call) -> int:
    """`hoursToBill` is ignored: it follows from `offsetHours`."""
    world, given = call.made.world, lowered(call.body)
    for name in ("ticketid", "resourceid", "roleid", "dateworked"):
        if given.get(name) is None:
            raise Refusal(f"Missing Required Field: {name}.")
    ticket = _ticket(world, given["ticketid"])
    who = world.members.get(given["resourceid"])
    if who is None or who.inactive:
        raise Refusal("The resource of a time entry does not exist or is inactive.")
    if given["roleid"] not in world.work_roles:
        raise Refusal("The role of a time entry is not one of the resource's.")
    hours = given.get("hoursworked")
    if not isinstance(hours, int | float) or not 0 < hours <= 24:
        raise Refusal("hoursWorked must be greater than 0 and not greater than 24.")
    start = _moment(given.get("startdatetime") or given["dateworked"])
    end = _moment(given["enddatetime"]) if given.get("enddatetime") else start + int(hours * 3600)
    summary, internal = given.get("summarynotes") or "", given.get("internalnotes") or ""
    now = world.now()
    entry = TimeEntry(
        0,
        ticket.id,
        who.id,
        start,
        end,
        float(hours),
        summary or internal,
        work_type_id=_code(world, given.get("billingcodeid")),
        work_role_id=given["roleid"],
        billable="DoNotBill" if given.get("isnonbillable") else "Billable",
        public=bool(summary),
        entered_by=call.me.identifier,
        entered=now,
        updated=now,
    )
    world.add_entry(entry)
    wrote(call)
    return entry.id


def patch_time(call: Call) -> int:
    world, given = call.made.world, lowered(call.body)
    entry = world.time.get(given.get("id") or 0)
    if entry is None:
        raise Refusal("The time entry does not exist.", status=404)
    if entry.locked:
        raise Refusal("This time entry has been approved and posted and cannot be changed.")
    if "billingcodeid" in given:
        entry.work_type_id = _code(world, given["billingcodeid"])
    entry.updated = world.now()
    world.touch(world.tickets[entry.ticket_id], call.me.identifier)
    wrote(call)
    return entry.id


def wrote(call: Call, mailed: tuple[str, ...] = ()) -> None:
    world = call.made.world
    world.writes.append(Write(world.now(), call.me.identifier, call.method, call.relative, call.body, mailed))


# ---------------------------------------------------------------- single fields


def _ticket(world: World, key: object) -> Ticket:
    found = world.tickets.get(key) if isinstance(key, int) else None
    if found is None:
        raise Refusal("No matching records found.", status=404)
    return found


def _integer(name: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise Refusal(f"The value of {name} could not be converted to an integer.")


def _moment(value: object) -> int:
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(f"'{value}' is not a date.") from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _code(world: World, value: object) -> int | None:
    key = _integer("billingCodeID", value)
    if key is not None and (key not in world.work_types or world.work_types[key].inactive):
        raise Refusal("The billing code is not an active work type.")
    return key


def _status(given: dict[str, Any]) -> int | None:
    if "status" not in given:
        return None
    value = _integer("status", given["status"])
    if value not in NAMES or value == 30:
        raise Refusal(f"The value [{value}] is not an active picklist value for status.")
    return value


def _types(world: World, ticket: Ticket, given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tables: tuple[tuple[str, str, dict[str, int], dict[int, Any]], ...] = (
        ("issuetype", "type_id", types(world), world.types),
        (
            "subissuetype",
            "subtype_id",
            {name: number for name, (number, _) in subtypes(world).items()},
            world.subtypes,
        ),
    )
    for field, attribute, numbers, table in tables:
        if field not in given:
            continue
        value = _integer(field, given[field])
        name = next((name for name, number in numbers.items() if number == value), None)
        if value is not None and name is None:
            raise Refusal(f"The value [{value}] is not an active picklist value for {field}.")
        found[attribute] = next(
            (row.id for row in table.values() if row.board_id == ticket.board_id and row.name == name), None
        )
    return found


def _contact(world: World, given: dict[str, Any]) -> dict[str, Any]:
    if "contactid" not in given:
        return {}
    value = _integer("contactID", given["contactid"])
    if value is not None and value >= OWN_CONTACT:
        twin = world.tickets[value - OWN_CONTACT]
        return {
            "contact_id": twin.contact_id,
            "contact_name": twin.contact_name,
            "contact_phone": twin.contact_phone,
            "contact_email": twin.contact_email,
        }
    found = world.contacts.get(value or 0)
    if value is not None and found is None:
        raise Refusal("The contact does not exist.")
    return {
        "contact_id": value,
        "contact_name": found.name if found else "",
        "contact_phone": found.phone if found else "",
        "contact_email": found.email if found else "",
    }


def _owner(world: World, ticket: Ticket, given: dict[str, Any]) -> tuple[str | None]:
    """Resource and role go together; who is assigned first must not be assigned besides."""
    who = _integer("assignedResourceID", given["assignedresourceid"])
    role = given.get("assignedresourceroleid")
    if (who is None) != (role is None):
        raise Refusal("assignedResourceID and assignedResourceRoleID must be set together.")
    if who is None:
        return (None,)
    member = world.members.get(who)
    if member is None or member.inactive or who == API_MEMBER or role not in world.work_roles:
        raise Refusal("The resource and role are not a valid combination for this queue.")
    if member.identifier in ticket.resources and ticket.owner_id != who:
        raise Refusal("The primary resource cannot also be a secondary resource.")
    return (member.identifier,)


def _parent(world: World, ticket: Ticket, given: dict[str, Any]) -> tuple[int | None]:
    value = _integer("problemTicketId", given["problemticketid"])
    if value is not None and (value not in world.tickets or value == ticket.id):
        raise Refusal("The problem ticket does not exist or is the ticket itself.")
    return (value,)


def _custom(given: dict[str, Any]) -> dict[str, str]:
    found = {}
    for one in given.get("userdefinedfields") or []:
        flat = lowered(one)
        found[str(flat.get("name"))] = "" if flat.get("value") is None else str(flat["value"])
    return found
