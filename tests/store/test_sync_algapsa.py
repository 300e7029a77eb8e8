"""Rounds with the simulated AlgaPSA, where a customer's answer moves no date."""

from __future__ import annotations

from typing import Any

from connectors.simulators.world import World
from store.database import Databases
from tests.connectors.alga_desk import Office, served


def some(world: World) -> Any:
    """An open ticket of the technician's with a contact and without the flag."""
    me = world.member("jdoe").id
    return next(
        t
        for t in world.tickets.values()
        if world.is_open(t) and t.owner_id == me and t.contact_id and not t.flag
    )


async def test_an_answer_that_moves_no_date_is_read_in_the_next_round(databases: Databases) -> None:
    world = World(5, 40, speed=0)
    with served(world) as (app, url):
        office = Office(databases, app, url)
        await office.sync()
        there = some(world)
        world.customer_replies(there.id, "Still broken, 4711.")
        report = await office.sync()
        assert report.conversations == 1
        assert office.ask("SELECT speaker FROM note WHERE text = 'Still broken, 4711.'") == [("customer",)]
        await office.connector.close()


async def test_a_second_answer_on_a_flagged_ticket_is_read_after_a_while(databases: Databases) -> None:
    """The flag cannot move a second time, and nothing else does."""
    world = World(5, 40, speed=0)
    with served(world) as (app, url):
        office = Office(databases, app, url)
        there = some(world)
        world.customer_replies(there.id, "First.")
        await office.sync()
        world.customer_replies(there.id, "Second, 4712.")
        found = "SELECT count(*) FROM note WHERE text = 'Second, 4712.'"
        await office.sync()
        assert office.ask(found) == [(0,)]
        with databases.cache.begin() as cache:
            cache.exec_driver_sql("UPDATE ticket SET notes_read_at = notes_read_at - 1801")
        report = await office.sync()
        flagged = office.ask("SELECT count(*) FROM ticket WHERE in_scope AND customer_flag")[0][0]
        assert report.conversations == flagged, "those whose flag would tell are not read for nothing"
        assert office.ask(found) == [(1,)]
        await office.connector.close()


async def test_check_reads_every_conversation(databases: Databases) -> None:
    world = World(5, 40, speed=0)
    with served(world) as (app, url):
        office = Office(databases, app, url)
        there = some(world)
        world.customer_replies(there.id, "First.")
        await office.sync()
        world.customer_replies(there.id, "Second, 4713.")
        await office.sync(read_all_conversations=True)
        assert office.ask("SELECT count(*) FROM note WHERE text = 'Second, 4713.'") == [(1,)]
        await office.connector.close()


async def test_unchanged_rounds_change_nothing(databases: Databases) -> None:
    with served(World(5, 60, speed=0)) as (app, url):
        office = Office(databases, app, url)
        await office.sync()
        for _ in range(2):
            report = await office.sync()
            assert (report.new, report.changed, report.conversations) == (0, 0, 0)
        await office.connector.close()
