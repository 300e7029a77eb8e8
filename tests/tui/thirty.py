"""The day of thirty: a technician's queue with exactly thirty exceptions of a stated mix, on a simulated PSA."""

from __future__ import annotations

from connectors.simulators.model import Ticket
from connectors.simulators.world import World

MIX = {"replies": 10, "codes": 8, "fields": 6, "orphans": 4, "closes": 2}
"""What has to be cleared. A close is a customer who says thanks on a ticket that is done but for its close."""
THANKS = "Works, thank you very much!"
QUESTION = "Any news on this?"


def day_of_thirty(seed: int = 3) -> tuple[World, dict[str, list[int]]]:
    """The PSA, and the ids of the tickets by what is wrong with them."""
    world = World(seed, 800, speed=0.0)
    for ids in (*world.planted.values(), *world.near_misses.values()):
        for one in ids:
            if one in world.tickets:
                world.reassign(one, "asmith")
                world.tickets[one].resources = ("asmith",)
    clean = [ticket for ticket in world.tickets.values() if _is_plain(world, ticket)]
    worked = [ticket for ticket in clean if ticket.hours > 0 and ticket.work_type_id is not None]
    chosen: dict[str, list[int]] = {}
    taken: set[int] = set()

    def take(what: str, some: list[Ticket]) -> list[Ticket]:
        found = [ticket for ticket in some if ticket.id not in taken][: MIX[what]]
        assert len(found) == MIX[what], f"the simulated PSA has too few tickets for {what}"
        taken.update(ticket.id for ticket in found)
        chosen[what] = [ticket.id for ticket in found]
        return found

    for ticket in take("closes", worked):
        world.customer_replies(ticket.id, THANKS)
    for ticket in take("codes", worked):
        ticket.work_type_id = None
        for entry in world.time_of.get(ticket.id, []):
            world.time[entry].work_type_id = None
        world.touch(ticket, "asmith")
    for ticket in take("fields", [one for one in clean if one.contact_id is not None]):
        world.set_field(ticket.id, "contact_phone", "")
    parents = [one for one in clean if one.id not in taken]
    orphans = 0
    chosen["orphans"] = []
    for ticket in parents:
        parent = next(
            (one for one in parents if one.company_id == ticket.company_id and one.id not in taken | {ticket.id}), None
        )  # fmt: skip
        if parent is None or ticket.id in taken or orphans == MIX["orphans"]:
            continue
        taken |= {ticket.id, parent.id}
        world.set_parent(ticket, parent.id, "asmith")
        if orphans % 2:  # the parent is closed; the other half has no child's status
            world.set_field(ticket.id, "status", "Child Ticket")
            world.close(parent.id)
        chosen["orphans"].append(ticket.id)
        orphans += 1
    assert orphans == MIX["orphans"], "the simulated PSA has too few tickets for orphans"
    for ticket in take("replies", clean):
        world.customer_replies(ticket.id, QUESTION)
    return world, chosen


def _is_plain(world: World, ticket: Ticket) -> bool:
    return (
        world.is_open(ticket)
        and world.assigned(ticket, world.technician)
        and ticket.parent_id is None
        and not world.children.get(ticket.id)
        and not ticket.flag
    )
