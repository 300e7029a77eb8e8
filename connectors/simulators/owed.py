"""What the shop owes and what it earns: SLA targets, appointments, what time costs and when it was put in.

All of it follows from the world's seed and the id, by random streams of their own: tickets, notes and time are the
same with and without it. Targets are wall time from the ticket's opening, by priority; a change of priority does not
move them. Of a promise that would be broken by now most were held up long enough (for the customer, as a PSA counts) to
end after the world's start; one in eight is broken.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from connectors.simulators import talk

if TYPE_CHECKING:
    from connectors.simulators.model import Ticket, TimeEntry
    from connectors.simulators.world import World

HOUR = 3600
RESPOND = {1: 1, 2: 2, 3: 4, 4: 8}
"""Priority -> hours within which the first answer is due."""
RESOLVE = {1: 4, 2: 24, 3: 72, 4: 120}
"""Priority -> hours within which it has to be resolved."""
RATES = {"Technician": 120.0, "Senior Technician": 150.0, "Engineer": 180.0}
"""Work role -> what an hour costs; after hours it is half as much again."""


def lay_down(world: World) -> None:
    """Gives the tickets of a world that was just made their targets and appointments, its time the rest."""
    for ticket in world.tickets.values():
        _promise(world, ticket)
        _appoint(world, ticket)
    for entry in world.time.values():
        _enter(world, entry)


def _promise(world: World, ticket: Ticket) -> None:
    """Targets, where there is an agreement to promise them; project work has none."""
    if world.boards[ticket.board_id].project or ticket.agreement_id is None:
        return
    if ticket.priority_id not in RESPOND:
        return
    rng = random.Random(f"{world.seed}/sla/{ticket.id}")
    respond = RESPOND[ticket.priority_id] * HOUR
    ticket.respond_by = ticket.entered + respond
    ticket.taken_up = ticket.entered + int(respond * rng.uniform(0.1, 0.9))
    ticket.resolve_by = ticket.entered + RESOLVE[ticket.priority_id] * HOUR
    if ticket.resolve_by < world.start and rng.random() < 0.875:
        ticket.resolve_by = world.start + int(rng.uniform(3, 60) * HOUR)


def _appoint(world: World, ticket: Ticket) -> None:
    """One open ticket in six has an appointment, past ones too; whoever is dispatched always has one."""
    rng = random.Random(f"{world.seed}/appointment/{ticket.id}")
    chosen = rng.random() < 1 / 6
    if not world.is_open(ticket) or ticket.owner_id is None or not (chosen or ticket.dispatched):
        return
    begins = world.start + int(rng.uniform(-30, 72) * 2) * HOUR // 2
    begins -= begins % (HOUR // 2)
    ticket.appointment = (begins, begins + rng.choice((1, 2, 4)) * HOUR // 2)


def _enter(world: World, entry: TimeEntry) -> None:
    """One entry in seven was put in days after the work: of those that no customer sees, and after which none wrote, so
    that the conversations stay as they are."""
    rng = random.Random(f"{world.seed}/entered/{entry.id}")
    late = entry.end + int(rng.uniform(1, 4) * 86400)
    answered = max((n.at for n in world.notes[entry.ticket_id] if n.member_id is None), default=0)
    if rng.random() < 1 / 7 and not entry.public and answered < entry.start and late < world.start:
        entry.entered = late
    code = world.work_types.get(entry.work_type_id or 0)
    entry.billable = code.bill if code is not None else entry.billable


# ---------------------------------------------------------------- as a PSA counts it


def responded_at(world: World, ticket: Ticket) -> int | None:
    """When it counts as answered: taken up (it is not new any more), or staff's first public note if that was earlier,
    at the latest when it is resolved."""
    first = min(
        (
            n.at
            for n in world.notes.get(ticket.id, ())
            if n.member_id is not None and n.public and not n.issue
        ),
        default=None,
    )
    if ticket.taken_up is not None and world.statuses[ticket.status_id].name != "New":
        return ticket.taken_up if first is None else min(first, ticket.taken_up)
    return resolved_at(world, ticket) if first is None else first


def resolved_at(world: World, ticket: Ticket) -> int | None:
    """When it counts as resolved: its closing, or what was last said before a status that ends the clock."""
    if ticket.closed_at is not None:
        return ticket.closed_at
    if world.statuses[ticket.status_id].clock != "ends":
        return None
    return max((n.at for n in world.notes.get(ticket.id, ())), default=ticket.entered)


def waits(world: World, ticket: Ticket) -> bool:
    """Whether its status holds the clock."""
    return world.statuses[ticket.status_id].clock == "waits"


def project_of(world: World, ticket: Ticket) -> int | None:
    """The project that a ticket of a project board belongs to: each company has one."""
    return 7000 + ticket.company_id if world.boards[ticket.board_id].project else None


def resolution(world: World, ticket: Ticket) -> str:
    """What was filled in as the solution; one closed ticket in five has nothing there."""
    if ticket.closed_at is None or random.Random(f"{world.seed}/resolution/{ticket.id}").random() < 0.2:
        return ""
    return talk.TOPICS[ticket.topic].done


def charged(entry: TimeEntry) -> bool | None:
    """Whether the customer is to pay; `None`: left to the agreement."""
    return None if entry.billable == "NoDefault" else entry.billable == "Billable"


def rate(world: World, entry: TimeEntry) -> float:
    """What an hour of it costs."""
    role = world.work_roles.get(entry.work_role_id or 0)
    code = world.work_types.get(entry.work_type_id or 0)
    base = RATES.get(role.name if role is not None else "", RATES["Technician"])
    return base * 1.5 if code is not None and code.name == "After Hours" else base
