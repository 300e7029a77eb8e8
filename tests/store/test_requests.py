"""What an unchanged queue costs in requests at the simulated ConnectWise PSA: the sums of docs/requests.md, exactly.

A test here fails when a request is added (or saved): then the page and the sum are changed with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from typing import Any

import msgspec
import pytest

from connectors import open_connector
from connectors.connectwise import api
from connectors.connectwise.connector import ConnectWise
from connectors.contract import Scope
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.database import Databases
from store.settings import Settings
from store.sync import SyncReport
from tests.store.test_sync_connectwise import OWN, Office


class Counted(Office):
    """An office over a simulator in this process, whose requests are counted by kind."""

    requests: Counter[str]
    seen: Any
    """The simulator's own log."""

    async def counted(self, **how: bool) -> SyncReport:
        """One round; what it sent is in `requests`, with numbers as N."""
        self.seen.clear()
        report = await self.sync(**how)
        assert 0 <= report.requests - len(self.seen) <= 1, "the look-up of the address is not in the log"
        self.requests = Counter(re.sub(r"\d+", "N", f"{one.method} {one.path}") for one in self.seen)
        return report


def connector_for(world: World, table: dict[str, Any], **options: Any) -> tuple[ConnectWise, Any]:
    transport = demo_transport(world)
    found = open_connector(
        "connectwise",
        "demo",
        {key: table[key] for key in OWN} | options,
        demo_secrets(),
        transport=transport,
    )
    assert isinstance(found, ConnectWise)
    return found, transport.app.state.simulator.requests


@asynccontextmanager
async def counted_office(
    databases: Databases, world: World, scope: Scope, **options: Any
) -> AsyncIterator[Counted]:
    table = demo_settings()
    connector, seen = connector_for(world, table, **options)
    office = Counted(world, connector, databases, table)
    office.seen = seen
    office.connection = msgspec.structs.replace(office.connection, scope=scope)
    office.settings = Settings(connections={"demo": office.connection})
    try:
        yield office
    finally:
        await office.connector.close()


def mine(world: World, count: int) -> None:
    """Leaves the technician exactly so many open tickets, all by ownership."""
    open_ones = sorted(ticket.id for ticket in world.tickets.values() if world.is_open(ticket))
    assert len(open_ones) >= count
    for place, one in enumerate(open_ones):
        who = world.technician if place < count else "asmith"
        ticket = world.tickets[one]
        ticket.owner_id, ticket.resources, ticket.dispatched = world.member(who).id, (who,), ()


def pages(rows: int, size: int) -> int:
    """Requests for a list: one more where its last page is full, or has the 25 rows of a server that did not
    understand the size that was asked for."""
    return rows // size + 1 + (rows % size == api.DEFAULT_PAGE)


def number(office: Office, what: str, where: str = "") -> int:
    ((found,),) = office.ask(f"SELECT count({what}) FROM ticket WHERE in_scope AND presence = 'here' {where}")
    return int(found)


def ordinary(office: Office, size: int = 1000) -> int:
    """a + b x ceil(n / page size): address known; who we are, what changed, the count, the ids, agreements."""
    n = number(office, "*", "AND NOT closed")
    agreements = number(office, "DISTINCT agreement_id", "AND NOT closed")
    # The member, and his schedule read twice; a board's name; nothing for "all".
    who = {"mine": 3, "board": 1}.get(office.connection.scope.kind, 0)
    return who + 2 + pages(n, size) + ceil(agreements / 100)


MINE = Scope("mine")
SMALL = [(10, 50), (24, 50), (25, 50), (49, 50), (50, 50), (51, 50), (75, 50), (120, 50)]


@pytest.mark.parametrize(("count", "size"), [*SMALL, (46, 1000), (1005, 1000)])
async def test_my_unchanged_queue(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, count: int, size: int
) -> None:
    monkeypatch.setattr(api, "PAGE_SIZE", size)
    world = World(5, 2300 if count > 1000 else 250, speed=0)
    mine(world, count)
    async with counted_office(databases, world, MINE) as office:
        await office.sync()
        await office.sync()
        report = await office.counted()
        assert number(office, "*", "AND NOT closed") == count
        assert (report.new, report.changed, report.conversations) == (0, 0, 0)
        assert report.requests == ordinary(office, size), office.requests
        assert office.requests["GET /service/tickets"] == 1 + pages(count, size)


@pytest.mark.parametrize(
    ("tickets", "scope"), [(30, Scope("all")), (600, Scope("all")), (30, Scope("board", "Help Desk"))]
)
async def test_other_scopes_unchanged(databases: Databases, tickets: int, scope: Scope) -> None:
    async with counted_office(databases, World(5, tickets, speed=0), scope) as office:
        await office.sync()
        report = await office.counted()
        assert report.requests == ordinary(office), office.requests


@pytest.mark.parametrize(("tickets", "count"), [(30, 20), (250, 100)])
async def test_check_where_the_psa_does_not_say_when_a_note_arrives(
    databases: Databases, tickets: int, count: int
) -> None:
    """One request a conversation (its notes), one for the time that the customer sees in 100 of them, one more where a
    customer's note has no words, time of 50 tickets in one, and parents: 100 in one, and one for each that is not there
    any more."""
    world = World(5, tickets, speed=0)
    mine(world, count)
    async with counted_office(databases, world, MINE) as office:
        await office.sync()
        _some_time_later(office)
        report = await office.counted(read_all_conversations=True)
        read = office.requests["GET /service/tickets/N/notes"]
        assert read == report.conversations >= count
        entries = office.requests["GET /time/entries"]
        assert entries == ceil(number(office, "*") / 50) + ceil(read / 100)
        missing = office.requests["GET /service/tickets/N"]
        parents = missing > 0 or _parents(office) > 0
        wordless = "SELECT ticket_id FROM note WHERE public AND text = '' AND speaker = 'customer'"
        files = number(office, "*", f"AND ticket_id IN ({wordless})")
        assert office.requests["GET /system/documents"] == files
        conversations = read + files
        assert report.requests == ordinary(office) + conversations + entries + parents + missing, (
            office.requests
        )


def _some_time_later(office: Office) -> None:
    """What the first round read is older than the check, by more than the second in which both may fall."""
    with office.databases.cache.begin() as cache:
        cache.exec_driver_sql("UPDATE ticket SET read_at = read_at - 60")


def _parents(office: Office) -> int:
    """Parents outside the queue, of tickets in it."""
    ((found,),) = office.ask(
        "SELECT count(DISTINCT v.parent_id) FROM v_parent v JOIN ticket t USING (connection, ticket_id)"
        " LEFT JOIN ticket p ON p.connection = v.connection AND p.ticket_id = v.parent_id"
        " WHERE t.in_scope AND t.presence = 'here' AND NOT t.closed"
        " AND NOT (p.in_scope AND p.presence = 'here' AND NOT p.closed)"
    )
    return int(found)


async def test_check_where_the_psa_says_it(databases: Databases) -> None:
    world = World(5, 250, speed=0)
    mine(world, 100)
    async with counted_office(databases, world, MINE, note_moves_ticket=True) as office:
        await office.sync()
        _some_time_later(office)
        report = await office.counted(read_all_conversations=True)
        missing = office.requests["GET /service/tickets/N"]
        parents = missing > 0 or _parents(office) > 0
        assert report.requests == ordinary(office) + parents + missing, office.requests


async def test_another_process_looks_the_address_up_once(databases: Databases) -> None:
    """And it reads tickets with a schedule entry: nobody knows any more what their appointments were."""
    world = World(5, 30, speed=0)
    async with counted_office(databases, world, MINE) as office:
        await office.sync()
        await office.connector.close()
        office.connector, office.seen = connector_for(world, demo_settings())
        report = await office.counted()
        entries = number(office, "scheduled_until", "AND NOT closed")
        assert entries > 0
        assert report.requests == ordinary(office) + 1 + ceil(entries / 100)
        assert (await office.counted()).requests == ordinary(office)
