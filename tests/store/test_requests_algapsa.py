"""What an unchanged queue costs in requests at the simulated AlgaPSA: the sums of docs/requests.md, exactly."""

from __future__ import annotations

import re
from collections import Counter
from math import ceil
from typing import Any

import pytest

from connectors.algapsa import api
from connectors.simulators.world import World
from store.database import Databases
from tests.connectors.alga_desk import Office, ours, served


def queue_of(world: World, count: int) -> None:
    """Leaves the technician exactly so many open tickets; nobody has changed any for an hour."""
    open_ones = sorted(ticket.id for ticket in world.tickets.values() if world.is_open(ticket))
    assert len(open_ones) >= count
    for place, one in enumerate(open_ones):
        world.tickets[one].owner_id = 101 if place < count else 102
    for ticket in world.tickets.values():
        ticket.updated = min(ticket.updated, world.now() - 3600 - ticket.id % 1000)


def kinds(seen: Any) -> Counter[str]:
    """Requests by method and path, ids as N."""
    return Counter(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "N", f"{one.method} {one.path}") for one in seen)


def pages(rows: int, size: int) -> int:
    """Each page but the first begins with the last row of the one before."""
    return max(1, ceil((rows - 1) / (size - 1)))


@pytest.mark.parametrize(("count", "size"), [(7, 100), (60, 100), (20, 20), (21, 20), (60, 20)])
async def test_an_unchanged_round(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, count: int, size: int
) -> None:
    world = World(4, 150, speed=0)
    queue_of(world, count)
    with served(world) as (app, url):
        office = Office(databases, app, url)
        await office.sync()
        monkeypatch.setattr(api, "PAGE_SIZE", size)
        app.state.requests.clear()
        report = await office.sync()
        found = kinds(app.state.requests)
        await office.connector.close()
    me = world.member("jdoe").id
    closed = [t for t in world.tickets.values() if not world.is_open(t) and t.owner_id == me]
    recent = [t for t in closed if t.updated >= world.now() - 30 * 86400]
    assert len(ours(world)) == count
    assert found == {"GET /tickets": 1 + 2 * pages(count, size) + pages(len(recent), size)}
    assert report.requests == sum(found.values())
    assert (report.new, report.changed, report.conversations) == (0, 0, 0)


async def test_check_reads_every_conversation_and_all_time(databases: Databases) -> None:
    """One for each conversation, one for each ticket's time, one more where the technician has time on it."""
    world = World(4, 60, speed=0)
    with served(world) as (app, url):
        office = Office(databases, app, url)
        await office.sync()
        with databases.cache.begin() as cache:
            cache.exec_driver_sql("UPDATE ticket SET read_at = read_at - 60")
        app.state.requests.clear()
        report = await office.sync(read_all_conversations=True)
        found = kinds(app.state.requests)
        queue = [row[0] for row in office.ask("SELECT ticket_id FROM ticket WHERE notes_read_at IS NOT NULL")]
        own = office.ask("SELECT count(DISTINCT ticket_id) FROM time_entry WHERE member = 'jdoe'")[0][0]
        await office.connector.close()
    assert found["GET /tickets/N/comments"] == report.conversations == len(queue)
    assert found["GET /tickets/N/time-entries"] >= len(queue)
    assert 0 < found["GET /time-entries"] <= own
    wordless = found["GET /tickets/N/documents"]
    assert wordless <= report.conversations
    parents = found["GET /tickets/N"] + found["GET /tickets"] - 4
    assert report.requests == sum(found.values()) and parents >= 0
    assert set(found) <= {
        "GET /tickets",
        "GET /tickets/N",
        "GET /tickets/N/comments",
        "GET /tickets/N/documents",
        "GET /tickets/N/time-entries",
        "GET /time-entries",
    }
