"""What an unchanged queue costs in requests at the simulated Autotask: the sums of docs/requests.md, exactly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil

import msgspec
import pytest

from connectors.autotask import api
from connectors.autotask.connector import Autotask
from connectors.contract import Scope
from connectors.simulators.autotask import settings
from connectors.simulators.autotask.picklists import status_of
from connectors.simulators.serve import DEMO_URL
from connectors.simulators.world import World
from store.database import Databases
from store.settings import Connection, Settings
from store.sync import SyncReport, sync_connection
from tests.connectors.autotask_desk import desk


class AutotaskOffice:
    """A connector to a simulator in this process, and the cache of one technician."""

    def __init__(self, world: World, connector: Autotask, databases: Databases, scope: Scope) -> None:
        table = settings(DEMO_URL)
        self.world, self.connector, self.databases = world, connector, databases
        self.connection = Connection(
            name="demo",
            psa="autotask",
            technician=table["technician"],
            scope=scope,
            closed_statuses=tuple(table["closed_statuses"]),
            child_statuses=tuple(table["child_statuses"]),
            responded_statuses=tuple(table["responded_statuses"]),
        )

    async def sync(self, *, check: bool = False) -> SyncReport:
        report = await sync_connection(
            self.databases,
            self.connection,
            self.connector,
            Settings(connections={"demo": self.connection}),
            now=self.world.now,
            read_all_conversations=check,
        )
        assert report.ok, report.error
        return report

    def number(self, what: str) -> int:
        sql = f"SELECT count({what}) FROM v_ticket WHERE in_scope AND NOT is_closed AND presence = 'here'"
        with self.databases.cache_reads.connect() as cache:
            return int(cache.exec_driver_sql(sql).scalar_one())


@asynccontextmanager
async def office(databases: Databases, world: World, scope: Scope) -> AsyncIterator[AutotaskOffice]:
    async with desk(world) as connector:
        yield AutotaskOffice(world, connector, databases, scope)


def quiet(world: World, count: int, besides: int = 0) -> None:
    """Leaves the technician exactly so many open tickets, `besides` of them as second; nothing changed for hours."""
    old = world.now() - 3 * 3600
    place = 0
    for ticket in world.tickets.values():
        ticket.updated, ticket.dispatched, ticket.parent_id = min(ticket.updated, old), (), None
        for note in world.notes[ticket.id]:
            note.at = min(note.at, ticket.updated)
        who = ("asmith",)
        if status_of(world, ticket) != 5 and world.is_open(ticket):
            if place < count - besides:
                who = ("jdoe",)
            elif place < count:
                who = ("asmith", "jdoe")
            place += 1
        ticket.owner_id, ticket.resources = world.member(who[0]).id, who
    world.children.clear()
    assert place >= count


@pytest.mark.parametrize(
    ("count", "size", "batch", "besides"),
    [(30, 500, 400, 0), (20, 20, 400, 3), (21, 20, 400, 3), (45, 20, 400, 0), (30, 500, 5, 12)],
)
async def test_my_unchanged_queue(
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    size: int,
    batch: int,
    besides: int,
) -> None:
    """a + b x ceil(n / page): who, what changed, assignments, count, ids; agreements in use."""
    world = World(5, 250, speed=0)
    quiet(world, count, besides)
    async with office(databases, world, Scope("mine")) as found:
        await found.sync()
        monkeypatch.setattr(api, "PAGE_SIZE", size)
        monkeypatch.setattr(api, "BATCH", batch)
        report = await found.sync()
        assert (report.new, report.changed, report.conversations) == (0, 0, 0)
        assert found.number("*") == count
        agreements = found.number("DISTINCT agreement_id")
        more = max(
            1, ceil(besides / batch)
        )  # parts of what is assigned besides; each has its count and its ids
        if more == 1:
            assert report.requests == 4 + ceil(count / size) + ceil(agreements / batch)
        else:
            assert report.requests == 3 + 2 * more + ceil(agreements / batch)


async def test_a_queue_and_everything(databases: Databases) -> None:
    """Two and the ids: nobody has to be found, a queue's name is in a list that is kept for an hour."""
    world = World(5, 120, speed=0)
    quiet(world, 5)
    for scope in (Scope("board", "Help Desk"), Scope("all")):
        async with office(databases, world, scope) as found:
            found.connection = msgspec.structs.replace(found.connection, name=scope.kind)
            await found.sync()
            report = await found.sync()
            agreements = found.number("DISTINCT agreement_id")
            assert report.requests == 3 + ceil(agreements / 400)


async def test_a_check_reads_two_lists_for_each_conversation(databases: Databases) -> None:
    world = World(5, 120, speed=0)
    quiet(world, 10)
    async with office(databases, world, Scope("mine")) as found:
        await found.sync()
        plain = await found.sync()
        check = await found.sync(check=True)
        assert check.conversations >= 10
        entries = ceil(check.conversations / 50)
        assert check.requests == plain.requests + 2 * check.conversations + entries
