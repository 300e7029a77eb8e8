"""How ConnectWise PSA takes a JSON Patch of a ticket: all or nothing, whole references, and its traps.

Sources: developer guide for the operations, whole reference objects and the false 200 of a sub-path; a
maintained client for the tolerated leading slash; the rest of the checks are our inference.
"""

from __future__ import annotations

from typing import Any

from connectors.simulators.conditions import BadCondition, moment
from connectors.simulators.connectwise.answers import Refusal, invalid
from connectors.simulators.model import Ticket
from connectors.simulators.world import World

REFERENCES = {
    "board": ("board_id", "boards"),
    "status": ("status_id", "statuses"),
    "company": ("company_id", "companies"),
    "site": ("site_id", "sites"),
    "contact": ("contact_id", "contacts"),
    "type": ("type_id", "types"),
    "subType": ("subtype_id", "subtypes"),
    "item": ("item_id", "items"),
    "team": ("team_id", "teams"),
    "owner": ("owner_id", "members"),
    "priority": ("priority_id", "priorities"),
    "source": ("source_id", "sources"),
    "agreement": ("agreement_id", "agreements"),
    "workType": ("work_type_id", "work_types"),
    "workRole": ("work_role_id", "work_roles"),
}
TEXTS = {
    "summary": "summary",
    "contactName": "contact_name",
    "contactPhoneNumber": "contact_phone",
    "contactEmailAddress": "contact_email",
    "automaticEmailCc": "cc",
    "billTime": "bill_time",
}
REQUIRED = frozenset({"board", "status", "company", "priority", "summary"})
SILENT = frozenset(
    {
        "id",
        "recordType",
        "resources",
        "actualHours",
        "closedFlag",
        "closedDate",
        "closedBy",
        "hasChildTicket",
        "mergedParentTicket",
        "isInSla",
        "automaticEmailCcFlag",
        "automaticEmailContactFlag",
        "automaticEmailResourceFlag",
        "processNotifications",
        "_info",
    }
)
"""Known names that a PATCH does not change: 200 and the ticket as it was."""


def patch_ticket(world: World, ticket: Ticket, operations: object, by: str, detach: str) -> None:
    """Carries out the operations or raises `Refusal`, changing nothing. `detach`: see `Switches`."""
    if not isinstance(operations, list) or not operations:
        raise Refusal(400, "InvalidObject", "a list of patch operations is expected")
    if ticket.id in world.refusals:
        field, message = world.refusals[ticket.id]
        raise invalid("ticket", field, message)
    changes: dict[str, Any] = {}
    for operation in operations:
        _stage(world, ticket, operation, changes, detach)
    _check(world, ticket, changes)
    _commit(world, ticket, changes, by)


def _stage(world: World, ticket: Ticket, operation: object, changes: dict[str, Any], detach: str) -> None:
    if not isinstance(operation, dict) or operation.get("op") not in ("add", "replace", "remove"):
        raise Refusal(400, "InvalidObject", "op must be add, replace or remove")
    path = str(operation.get("path", "")).removeprefix("/")
    value = None if operation["op"] == "remove" else operation.get("value")
    if "/" in path or path in SILENT:
        return
    if value in (None, "") and path in REQUIRED:
        raise invalid("ticket", path, f"The {path} field is required.", "MissingRequiredField")
    if path in REFERENCES:
        attribute, table = REFERENCES[path]
        changes[attribute] = (
            None if value is None else _reference(getattr(world, table), path, value, ticket, changes)
        )
    elif path in TEXTS:
        if value is not None and not isinstance(value, str):
            raise invalid("ticket", path, f"{path} must be a string")
        changes[TEXTS[path]] = value or ""
    elif path == "customerUpdatedFlag":
        if not isinstance(value, bool):
            raise invalid("ticket", path, "customerUpdatedFlag must be a boolean")
        changes["flag"] = value
    elif path == "budgetHours":
        changes["budget"] = float(value or 0)
    elif path == "requiredDate":
        changes["required_at"] = None if value is None else _date(value)
    elif path == "customFields":
        changes["custom"] = _custom(ticket, value)
    elif path == "parentTicketId":
        _parent(world, value, changes, detach)
    else:
        raise Refusal(400, "InvalidObject", f"Could not find member '{path}' on object of type 'Ticket'")


def _reference(
    table: dict[int, Any], field: str, value: object, ticket: Ticket, changes: dict[str, Any]
) -> int:
    """The id behind `{"id": …}`, or behind a name of the ticket's own board or company."""
    if not isinstance(value, dict):
        raise invalid("ticket", field, f"{field} must be a reference object")
    board = changes.get("board_id", ticket.board_id)
    key = value.get("id")
    if key is None:
        names = {str(value[n]).casefold() for n in ("name", "identifier") if value.get(n)}
        here = (
            row.id
            for row in table.values()
            if getattr(row, "board_id", board) in (None, board)
            and names & {row.name.casefold(), getattr(row, "identifier", row.name).casefold()}
        )
        key = next(here, None)
    if not isinstance(key, int) or key not in table:
        raise invalid(
            "ticket", field, f"{field} {value.get('id', value.get('name'))} is invalid", "InvalidReference"
        )
    return key


def _date(value: object) -> int:
    try:
        when = moment(str(value), ("utc-z", "naive", "date-only"))
    except BadCondition:
        when = None
    if when is None:
        raise invalid("ticket", "requiredDate", f"'{value}' is not a date")
    return int(when)


def _custom(ticket: Ticket, value: object) -> dict[str, str]:
    """The whole array: what is not in it is emptied (developer guide)."""
    if not isinstance(value, list):
        raise invalid("ticket", "customFields", "customFields must be an array")
    given = {str(f.get("caption")): f.get("value") for f in value if isinstance(f, dict)}
    return {name: str(given.get(name) or "") for name in ticket.custom}


def _parent(world: World, value: object, changes: dict[str, Any], detach: str) -> None:
    """Not established by the vendor's text: ignored with a false 200, carried out, or refused."""
    if detach == "refused":
        raise invalid("ticket", "parentTicketId", "parentTicketId cannot be changed")
    if detach == "works":
        if value is not None and (not isinstance(value, int) or value not in world.tickets):
            raise invalid("ticket", "parentTicketId", f"Ticket {value} not found")
        changes["parent_id"] = value


def _check(world: World, ticket: Ticket, changes: dict[str, Any]) -> None:
    """What only holds together: board with status and type, company with its people and agreements."""
    board = changes.get("board_id", ticket.board_id)
    for field in ("status", "type", "subType", "item"):
        attribute, table = REFERENCES[field]
        key = changes.get(attribute, getattr(ticket, attribute))
        if key is not None and getattr(world, table)[key].board_id != board:
            raise invalid(
                "ticket", field, f"{field} {key} does not belong to board {board}", "InvalidReference"
            )
    company = changes.get("company_id", ticket.company_id)
    for field in ("site", "contact", "agreement"):
        attribute, table = REFERENCES[field]
        key = changes.get(attribute)
        if key is not None and getattr(world, table)[key].company_id != company:
            raise invalid(
                "ticket", field, f"{field} {key} does not belong to company {company}", "InvalidReference"
            )
    subtype, kind = changes.get("subtype_id"), changes.get("type_id", ticket.type_id)
    if subtype is not None and kind not in world.subtypes[subtype].type_ids:
        raise invalid("ticket", "subType", f"subType {subtype} is not associated with type {kind}")
    for field in ("owner", "workType", "workRole", "contact", "status"):
        attribute, table = REFERENCES[field]
        key = changes.get(attribute)
        if key is not None and getattr(world, table)[key].inactive and key != getattr(ticket, attribute):
            raise invalid("ticket", field, f"{field} {key} is inactive", "InvalidReference")
    if len(changes.get("summary", "")) > 100:
        raise invalid("ticket", "summary", "The field summary must be a string with a maximum length of 100.")


def _commit(world: World, ticket: Ticket, changes: dict[str, Any], by: str) -> None:
    if not changes:
        return
    status = changes.pop("status_id", None)
    if "owner_id" in changes:
        new = world.members.get(changes.pop("owner_id") or 0)
        world.reassign(ticket.id, new.identifier if new else None, by=by)
    if "parent_id" in changes:
        world.set_parent(ticket, changes.pop("parent_id"), by)
    if changes.get("contact_id"):
        contact = world.contacts[changes["contact_id"]]
        changes = {
            "contact_name": contact.name,
            "contact_phone": contact.phone,
            "contact_email": contact.email,
        } | changes
    for attribute, value in changes.items():
        setattr(ticket, attribute, value)
    if status is not None:
        world.set_status(ticket, world.statuses[status], by)
    world.touch(ticket, by)
