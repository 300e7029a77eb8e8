"""The world as HaloPSA's rows: tickets (short and whole), actions, and setup lists.

Halo has no flag: a ticket whose customer has responded is in the status that its type names. The world's boards are
its ticket types; both of the world's closed statuses are 9. A list row lacks charge rate and contract.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.simulators import owed
from connectors.simulators.model import Agreement, Note, Ticket, TimeEntry
from connectors.simulators.world import World

Row = dict[str, Any]

EMPTY = "1900-01-01T00:00:00"
CLOSED, UPDATED, WAITING = 9, 24, 22
STATUSES: dict[int, str] = {
    1: "New",
    2: "In Progress",
    9: "Closed",
    21: "Assigned",
    22: "Waiting Customer",
    23: "Waiting Vendor",
    24: "Updated",
    25: "Child Ticket",
    26: "Completed",
    30: "Escalated (old)",
}
_BY_NAME = {name: key for key, name in STATUSES.items()}
TYPES = {1: "Incident", 2: "Project Task", 3: "Service Request"}
"""Ticket type -> name; the world's boards have the same numbers."""
CHARGES = 17
LOOKUPS = {11: "Lookup Types", CHARGES: "Charge Rates", 26: "Business Units"}
OUTCOMES = {7: "Private Note", 16: "Email User", 21: "Log Time"}


def date(when: int | None) -> str:
    """Without a zone; 1900 for none."""
    return EMPTY if when is None else f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%S}"


def status_of(world: World, ticket: Ticket) -> int:
    """The status that Halo would show."""
    status = world.statuses[ticket.status_id]
    if status.closed:
        return CLOSED
    if ticket.flag or status.name == "Customer Responded":
        return UPDATED
    return _BY_NAME[status.name]


def set_status(world: World, ticket: Ticket, key: int, by: str) -> None:
    """Raises `KeyError` for an unknown one."""
    name = {CLOSED: ">Closed", UPDATED: "Customer Responded"}.get(key, STATUSES[key])
    if key == status_of(world, ticket):
        return
    ticket.flag = key == UPDATED
    known = [s for s in world.statuses.values() if s.board_id == ticket.board_id and s.name == name]
    if known:
        world.set_status(ticket, known[0], by)
    else:
        world.touch(ticket, by)


def ticket_row(world: World, ticket: Ticket, *, whole: bool) -> Row:
    """A row of a list; `whole`: as `GET /Tickets/{id}?includedetails=true` has it."""
    status = status_of(world, ticket)
    owner = world.members.get(ticket.owner_id or 0)
    type_ = world.types.get(ticket.type_id or 0)
    subtype = world.subtypes.get(ticket.subtype_id or 0)
    site = world.sites.get(ticket.site_id or 0)
    team = world.teams.get(ticket.team_id or 0)
    row: Row = {
        "id": ticket.id,
        "summary": ticket.summary,
        "details": next((n.text for n in world.notes.get(ticket.id, ()) if n.issue), ""),
        "tickettype_id": ticket.board_id,
        "tickettype_name": TYPES[ticket.board_id],
        "team": team.name if team else "",
        "status_id": status,
        "status_name": STATUSES[status],
        "priority_id": ticket.priority_id,
        "priority_name": world.priorities[ticket.priority_id].name if ticket.priority_id else None,
        "client_id": ticket.company_id,
        "client_name": world.companies[ticket.company_id].name,
        "site_id": ticket.site_id or 0,
        "site_name": site.name if site else None,
        "user_id": ticket.contact_id or 0,
        "user_name": ticket.contact_name or None,
        "user_email": ticket.contact_email or None,
        "emailcclist": ticket.cc or None,
        "agent_id": owner.id if owner else 1,
        "agent_name": owner.name if owner else "Unassigned",
        "category_1": type_.name if type_ else "",
        "category_2": subtype.name if subtype else "",
        "parent_id": ticket.parent_id or 0,
        "merged_into_id": ticket.merged_into or 0,
        "child_count": len(world.children.get(ticket.id, ())),
        "timetaken": ticket.hours,
        "dateoccurred": date(ticket.entered),
        "last_update": date(ticket.updated) + ".0",
        "dateclosed": date(ticket.closed_at),
        "fixbydate": date(ticket.required_at),
        "respondbydate": date(ticket.respond_by),
        "responsedate": date(owed.responded_at(world, ticket)),
        "onhold": owed.waits(world, ticket),
        "hasbeenclosed": status == CLOSED,
        "read": not ticket.flag,
        "enduserstatus": 0,
    }
    if whole:
        agreement = world.agreements.get(ticket.agreement_id or 0)
        row |= {
            "chargerate": ticket.work_type_id or 0,
            "contract_id": agreement.id if agreement else 0,
            "contract_ref": agreement.name if agreement else "",
            "is_project": False,
            "customfields": [
                {"id": 200 + i, "name": name, "label": name, "type": 0, "value": value, "display": value}
                for i, (name, value) in enumerate(sorted(ticket.custom.items()))
            ],
        }
    return row


# ---------------------------------------------------------------- actions


def note_row(world: World, note: Note) -> Row:
    member = world.members.get(note.member_id or 0)
    contact = world.contacts.get(note.contact_id or 0)
    return {
        "id": note.id,
        "ticket_id": note.ticket_id,
        "datetime": date(note.at),
        "who": member.name if member else contact.name if contact else note.created_by,
        "who_type": 1 if contact and not member else 0,
        "who_agentid": member.id if member else 0,
        "actionby_user_id": contact.id if contact and not member else 0,
        "outcome": "Email Received"
        if contact and not member
        else "Email User"
        if note.public
        else "Private Note",
        "note": note.text,
        "hiddenfromuser": not note.public,
        "emaildirection": "I" if contact and not member else "O" if note.notify else "",
        "timetaken": 0.0,
        "chargerate": 0,
        "actioninvoicenumber": "",
        "attachment_count": len(note.files),
    }


def file_rows(note: Note) -> list[Row]:
    """The files of an action, as far as a list of actions has them when it is asked for them."""
    return [
        {
            "id": note.id * 10 + place,
            "filename": name,
            "filesize": size,
            "datecreated": date(note.at),
            "ticket_id": note.ticket_id,
            "action_id": note.id,
            "isimage": name.endswith((".png", ".jpg")),
            "showforusers": note.public,
        }
        for place, (name, size) in enumerate(note.files)
    ]


def time_row(world: World, entry: TimeEntry) -> Row:
    member = world.members[entry.member_id]
    return {
        "id": entry.id,
        "ticket_id": entry.ticket_id,
        "datetime": date(entry.entered or entry.end),
        "actionarrivaldate": date(entry.start),
        "actioncompletiondate": date(entry.end),
        "actiondatecreated": date(entry.entered or entry.end),
        "who": member.name,
        "who_type": 0,
        "who_agentid": member.id,
        "actionby_user_id": 0,
        "outcome": "Log Time",
        "note": entry.text,
        "hiddenfromuser": not entry.public,
        "timetaken": entry.hours,
        "chargerate": entry.work_type_id or 0,
        "actisbillable": entry.billable == "Billable",
        "actioninvoicenumber": entry.invoice or "",
    }


def actions(world: World, ticket_id: int, *, with_system: bool, with_files: bool) -> list[Row]:
    """Notes and time of a ticket, newest first as Halo lists them."""
    notes = [
        note_row(world, n) | ({"attachments": file_rows(n)} if with_files else {})
        for n in world.notes.get(ticket_id, ())
        if with_system or n.created_by != "Workflow"
    ]
    time = [time_row(world, world.time[i]) for i in world.time_of.get(ticket_id, ())]
    return sorted(notes + time, key=lambda row: (row["datetime"], row["id"]), reverse=True)


# ---------------------------------------------------------------- setup


def contract_row(world: World, agreement: Agreement) -> Row:
    return {
        "id": agreement.id,
        "ref": agreement.name,
        "client_id": float(agreement.company_id),
        "client_name": world.companies[agreement.company_id].name,
        "start_date": date(agreement.start),
        "end_date": date(agreement.end),
        "active": not agreement.cancelled,
    }


def _sla_action(world: World, name: str) -> str:
    """What the status does to the SLA, as the world's status of that name does (values: field report)."""
    clocks = {status.clock for status in world.statuses.values() if status.name == name}
    if name == "Updated" or clocks == {"runs"}:
        return "removehold"
    return "hold" if clocks == {"waits"} else "none"


def setup(world: World, name: str, number: int) -> list[Row] | None:
    """The bare list of that name; `number`: of the lookup. `None` for an unknown one."""
    match name:
        case "status":
            return [
                {"id": key, "name": text, "sequence": i, "slaaction": _sla_action(world, text)}
                for i, (key, text) in enumerate(STATUSES.items())
            ]
        case "tickettype":
            return [{"id": key, "name": text} for key, text in TYPES.items()]
        case "team":
            return [{"id": t.id, "name": t.name, "inactive": t.inactive} for t in world.teams.values()]
        case "agent":
            return [{"id": 1, "name": "Unassigned", "email": None, "isdisabled": False}] + [
                {"id": m.id, "name": m.name, "email": m.email, "isdisabled": m.inactive}
                for m in world.members.values()
            ]
        case "priority":
            return [
                {"id": f"{sla}-{p.id}", "slaid": sla, "priorityid": p.id, "name": p.name, "ishidden": False}
                for sla in (1, 2)
                for p in world.priorities.values()
            ]
        case "outcome":
            return [{"id": key, "outcome": text} for key, text in OUTCOMES.items()]
        case "lookup" if number == 11:
            return [{"id": key, "lookupid": 11, "name": text} for key, text in LOOKUPS.items()]
        case "lookup" if number == CHARGES:
            return [
                {"id": w.id, "lookupid": CHARGES, "name": w.name, "inactive": w.inactive}
                for w in world.work_types.values()
            ]
        case "lookup":
            return []
    return None


def paged(world: World, name: str) -> list[Row]:
    """All rows of a wrapped list."""
    if name == "users":
        return [
            {
                "id": c.id,
                "name": c.name,
                "client_id": float(c.company_id),
                "site_id": float(c.site_id),
                "emailaddress": c.email,
                "phonenumber_preferred": c.phone,
                "inactive": c.inactive,
            }
            for c in world.contacts.values()
        ]
    if name == "sites":
        return [
            {"id": s.id, "name": s.name, "client_id": float(s.company_id), "inactive": False}
            for s in world.sites.values()
        ]
    return [contract_row(world, a) for a in world.agreements.values()]
