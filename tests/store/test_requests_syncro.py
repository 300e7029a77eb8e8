"""What an unchanged queue costs in requests at the simulated Syncro: the sums of docs/requests.md, exactly."""

from __future__ import annotations

import re
from collections import Counter
from math import ceil
from typing import Any

import pytest

from connectors.simulators.world import World
from store.database import Databases
from tests.connectors.syncro_desk import Office, ours, served


def queue_of(world: World, count: int) -> None:
    """Leaves the technician exactly so many open tickets; nobody has changed any for an hour."""
    open_ones = sorted(ticket.id for ticket in world.tickets.values() if world.is_open(ticket))
    assert len(open_ones) >= count
    for place, one in enumerate(open_ones):
        world.tickets[one].owner_id = 101 if place < count else 102
    for ticket in world.tickets.values():
        ticket.updated = min(ticket.updated, world.now() - 3600)


@pytest.mark.parametrize("count", [7, 25, 40])
async def test_an_unchanged_round(databases: Databases, count: int) -> None:
    world = World(4, 110, speed=0)
    queue_of(world, count)
    with served(world) as (app, url):
        # With the date of notes known, no conversation is read for nothing.
        office = Office(databases, app, url, note_moves_ticket=True)
        await office.sync()
        seen: Any = app.state.requests
        office.connector._lists._kept.pop("contracts", None)  # as a minute later
        seen.clear()
        report = await office.sync()
        kinds = Counter(re.sub(r"\d+", "N", f"{one.method} {one.path}") for one in seen)
        await office.connector.close()
    assert len(ours(world)) == count
    pages = ceil(count / 25)
    assert kinds == {"GET /tickets": 1 + (pages if pages == 1 else 2 * pages), "GET /contracts": 1}
    assert report.requests == sum(kinds.values())
