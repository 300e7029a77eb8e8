"""The world's boards, statuses, types and priorities as Autotask's picklists: one list for the whole database.

Values are texts in a list and numbers in a row. The system's own status 5 is Complete; all others are a tenant's.
"""

from __future__ import annotations

from typing import Any

from connectors.simulators.model import Ticket
from connectors.simulators.world import World

STATUSES: dict[str, tuple[int, str]] = {
    "New": (1, "New"),
    ">Closed": (5, "Complete"),
    "Waiting Customer": (7, "Waiting Customer"),
    "In Progress": (8, "In Progress"),
    "Waiting Vendor": (12, "Waiting Vendor"),
    "Customer Responded": (19, "Customer Note Added"),
    "Assigned": (20, "Assigned"),
    "Child Ticket": (21, "Child Ticket"),
    "Completed": (22, "Completed"),
    ">Cancelled": (23, "Cancelled"),
    "Escalated (old)": (30, "Escalated (old)"),
}
"""The world's name -> number and label."""
RESPONDED = 19
NAMES = {number: name for name, (number, _) in STATUSES.items()}
PUBLISH = {1: "All Autotask Users", 2: "Internal Project Team", 4: "Internal & Co-Managed"}
NOTE_TYPES = {1: "Task Summary", 2: "System Note", 3: "Task Notes", 13: "Workflow Rule Note - Task"}


def status_of(world: World, ticket: Ticket) -> int:
    """The row's status. The world's flag is a status here, unless the ticket is closed or a child's."""
    name = world.statuses[ticket.status_id].name
    if ticket.flag and world.is_open(ticket) and name != "Child Ticket":
        return RESPONDED
    return STATUSES[name][0]


def types(world: World) -> dict[str, int]:
    """Issue types: a name that several boards have is one value."""
    names = dict.fromkeys(row.name for row in world.types.values())
    return {name: number for number, name in enumerate(names, 10)}


def subtypes(world: World) -> dict[str, tuple[int, int]]:
    """Sub-issue types: number and their type's number."""
    found: dict[str, tuple[int, int]] = {}
    of = types(world)
    for row in world.subtypes.values():
        if row.name not in found and row.type_ids:
            found[row.name] = (100 + len(found), of[world.types[row.type_ids[0]].name])
    return found


def fields(world: World, entity: str, names: list[str]) -> list[dict[str, Any]]:
    """What `entityInformation/fields` lists."""
    picks: dict[str, list[dict[str, Any]]] = {}
    if entity == "Tickets":
        picks = _tickets(world)
    elif entity == "TicketNotes":
        picks = {"publish": _values(PUBLISH), "noteType": _values(NOTE_TYPES)}
    elif entity == "Contracts":
        picks = {"status": _values({0: "Inactive", 1: "Active"})}
    parents = {"subIssueType": "issueType"}
    return [
        {
            "name": name,
            "dataType": "integer" if name in picks else "string",
            "isRequired": name in ("status", "title", "priority", "companyID"),
            "isReadOnly": name == "id",
            "isQueryable": name != "lastActivityPersonType",
            "isPickList": name in picks,
            "picklistValues": picks.get(name),
            "picklistParentValueField": parents.get(name, ""),
        }
        for name in names
    ]


def _tickets(world: World) -> dict[str, list[dict[str, Any]]]:
    return {
        "status": _values(
            dict(STATUSES.values()),
            inactive={30},
            system={1, 5},
        ),
        "priority": _values({row.id: row.name for row in world.priorities.values()}),
        "queueID": _values({row.id: row.name for row in world.boards.values()}),
        "issueType": _values({number: name for name, number in types(world).items()}),
        "subIssueType": _values(
            {number: name for name, (number, _) in subtypes(world).items()},
            parents=dict(subtypes(world).values()),
        ),
        "source": _values({row.id: row.name for row in world.sources.values()}),
        "ticketType": _values({1: "Service Request", 2: "Incident", 3: "Problem"}),
    }


def _values(
    labels: dict[int, str],
    *,
    inactive: set[int] | None = None,
    system: set[int] | None = None,
    parents: dict[int, int] | None = None,
) -> list[dict[str, Any]]:
    return [
        {
            "value": str(number),
            "label": label,
            "isDefaultValue": place == 0,
            "sortOrder": place,
            "parentValue": str(parents[number]) if parents else "",
            "isActive": number not in (inactive or ()),
            "isSystem": number in (system or ()),
        }
        for place, (number, label) in enumerate(labels.items())
    ]
