"""Whole rounds against the simulated ConnectWise PSA over a real socket, compared with its world."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from connectors import open_connector
from connectors.connectwise.connector import ConnectWise
from connectors.contract import Scope, Unreachable
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World
from store.database import Databases
from store.refresh import refresh_tickets
from store.settings import Connection, Settings
from store.sync import SyncReport, refresh_ticket, sync_connection

OWN = ("url", "company", "client_id", "public_key", "technician")


class Office:
    """A simulated PSA, its connector, and the cache of one technician."""

    def __init__(
        self, world: World, connector: ConnectWise, databases: Databases, table: dict[str, Any]
    ) -> None:
        self.world = world
        self.connector = connector
        self.databases = databases
        self.connection = Connection(
            name="demo",
            psa="connectwise",
            technician=table["technician"],
            options={key: table[key] for key in OWN},
            child_statuses=tuple(table["child_statuses"]),
            responded_statuses=tuple(table["responded_statuses"]),
        )
        self.settings = Settings(connections={"demo": self.connection})

    async def sync(self, **how: bool) -> SyncReport:
        report = await sync_connection(
            self.databases,
            self.connection,
            self.connector,
            self.settings,
            now=lambda: int(time.time()),
            **how,
        )
        assert report.ok, report.error
        return report

    def ask(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        with self.databases.cache_reads.connect() as cache:
            return [tuple(row) for row in cache.execute(text(sql), values)]

    def queue(self) -> set[int]:
        """Open tickets in scope, as the cache has them."""
        rows = self.ask("SELECT ticket_id FROM v_ticket WHERE in_scope AND presence = 'here' AND NOT closed")
        return {int(row[0]) for row in rows}

    def wanted(self) -> set[int]:
        """The same as the world has them."""
        world = self.world
        return {
            ticket.id
            for ticket in world.tickets.values()
            if world.is_open(ticket) and world.assigned(ticket, world.technician)
        }

    def kinds(self, ticket_id: int) -> set[str]:
        rows = self.ask("SELECT kind FROM exception WHERE ticket_id = :t", t=str(ticket_id))
        return {row[0] for row in rows}


@pytest.fixture
def world() -> World:
    return World(5, 80, speed=0)


@pytest.fixture
def served(world: World) -> Iterator[str]:
    with run_in_thread(simulator(world)) as url:
        yield url


@pytest.fixture
async def office(world: World, served: str, databases: Databases) -> AsyncIterator[Office]:
    table = demo_settings(url=served)
    connector = open_connector("connectwise", "demo", {key: table[key] for key in OWN}, demo_secrets())
    assert isinstance(connector, ConnectWise)
    yield Office(world, connector, databases, table)
    await connector.close()


async def test_the_queue_is_the_worlds(office: Office) -> None:
    report = await office.sync()
    assert office.queue() == office.wanted()
    assert report.quarantined == 0
    assert report.why == ()
    unread = office.ask(
        "SELECT count(*) FROM v_ticket WHERE in_scope AND NOT closed AND notes_read_at IS NULL"
    )
    assert unread == [(0,)]
    for kind in ("customer_responded", "missing_fields", "orphaned", "billing_code"):
        assert office.ask("SELECT count(*) FROM exception WHERE kind = :k", k=kind) != [(0,)], kind
    assert {row[0] for row in office.ask("SELECT DISTINCT kind FROM choice")} >= {
        "status",
        "billing_code",
        "owner",
        "agreement",
    }


async def test_an_unchanged_queue_costs_few_requests(office: Office) -> None:
    await office.sync()
    await office.sync()  # what moved within the overlap is read once more
    report = await office.sync()
    assert (report.new, report.changed, report.conversations) == (0, 0, 0)
    assert report.requests <= 10


async def test_a_customers_reply_makes_an_exception_and_an_answer_ends_it(office: Office) -> None:
    await office.sync()
    with_gates = {
        int(row[0])
        for row in office.ask(
            "SELECT ticket_id FROM exception WHERE kind IN ('customer_responded', 'child_reply')"
        )
    }
    ticket = min(office.queue() - with_gates)
    assert not office.kinds(ticket) & {"customer_responded", "child_reply"}
    office.world.customer_replies(ticket, "It is still broken")
    await office.sync()
    assert office.kinds(ticket) & {"customer_responded", "child_reply"}
    office.world.staff_note(ticket, "On my way")
    office.world.set_field(ticket, "flag", False)
    if office.world.statuses[office.world.tickets[ticket].status_id].name == "Customer Responded":
        office.world.set_field(ticket, "status", "In Progress")
    await office.sync()
    assert not office.kinds(ticket) & {"customer_responded", "child_reply"}


async def test_tickets_that_leave_without_being_mentioned(office: Office) -> None:
    await office.sync()
    reassigned, merged, into, deleted = sorted(office.queue())[:4]
    office.world.reassign(reassigned, "asmith", at=office.world.now() - 90 * 86400)
    office.world.merge(merged, into)
    office.world.delete(deleted)
    report = await office.sync()
    assert office.queue() == office.wanted()
    for ticket in (reassigned, merged, deleted):
        assert office.kinds(ticket) == set()
    assert office.ask("SELECT presence FROM ticket WHERE ticket_id = :t", t=str(merged)) == [("merged",)]
    assert office.ask("SELECT presence FROM ticket WHERE ticket_id = :t", t=str(deleted)) == [
        ("not_visible",)
    ]
    assert str(deleted) in report.remarks[0]
    assert report.why == ()


async def test_parents_of_colleagues_are_known(office: Office) -> None:
    await office.sync()
    rows = office.ask(
        "SELECT DISTINCT p.parent_id FROM v_parent p JOIN v_ticket t USING (connection, ticket_id)"
        " WHERE t.in_scope AND NOT t.is_closed"
    )
    assert rows
    for (parent,) in rows:
        (found,) = office.ask("SELECT presence, closed, in_scope FROM ticket WHERE ticket_id = :t", t=parent)
        real = office.world.tickets.get(int(parent))
        if real is None:
            assert found[0] == "not_visible"
        elif real.merged_into is not None:
            assert found[0] == "merged"
        else:
            assert found == (
                "here",
                not office.world.is_open(real),
                office.world.assigned(real, office.world.technician),
            )


async def test_check_finds_a_note_that_does_not_move_its_ticket(office: Office) -> None:
    await office.sync()
    office.world.note_moves_ticket = False
    # Where the flag is set already, nothing on the ticket changes.
    ticket = min(one for one in office.queue() if office.world.tickets[one].flag)
    before = office.ask("SELECT count(*) FROM note WHERE ticket_id = :t", t=str(ticket))
    office.world.customer_replies(ticket, "Another thing")
    await office.sync(read_all_conversations=True)
    after = office.ask("SELECT count(*) FROM note WHERE ticket_id = :t", t=str(ticket))
    assert after[0][0] == before[0][0] + 1


async def test_one_ticket_is_refreshed(office: Office) -> None:
    await office.sync()
    ticket = min(office.queue())
    office.world.log_time(ticket, 0.5)
    office.world.staff_note(ticket, "Swapped the cable")
    await refresh_ticket(
        office.databases,
        office.connection,
        office.connector,
        office.settings,
        str(ticket),
        now=lambda: int(time.time()),
    )
    found = office.ask("SELECT text FROM note WHERE ticket_id = :t", t=str(ticket))
    assert ("Swapped the cable",) in found
    hours = office.ask("SELECT hours FROM time_entry WHERE ticket_id = :t", t=str(ticket))
    assert (0.5,) in hours


async def test_tickets_that_are_refreshed_together_share_what_their_conversations_share(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.sync()
    some = sorted(office.queue())[:3]
    for ticket in some:
        office.world.staff_note(ticket, "Swapped the cable")
    before = office.connector.requests
    again = partial(
        refresh_tickets,
        office.databases,
        office.connection,
        office.connector,
        office.settings,
        [str(ticket) for ticket in some],
        now=lambda: int(time.time()),
    )
    assert await again() == {}
    assert office.connector.requests - before <= 3 + len(some), (
        "tickets, what they share, their time, their notes"
    )
    found = office.ask("SELECT count(*) FROM note WHERE text = 'Swapped the cable'")
    assert found[0][0] == len(some)

    async def fails(_: object) -> None:
        raise Unreachable("no answer", sent=True)

    monkeypatch.setattr(office.connector, "read_ahead", fails)
    assert set(await again()) == {str(ticket) for ticket in some}


async def test_another_scope(office: Office) -> None:
    await office.sync()
    board = next(iter(office.world.boards.values()))
    office.connection = Connection(
        name="demo",
        psa="connectwise",
        technician=office.connection.technician,
        options=office.connection.options,
        scope=Scope("board", board.name),
    )
    report = await office.sync()
    assert report.full
    wanted = {
        ticket.id
        for ticket in office.world.tickets.values()
        if ticket.board_id == board.id and office.world.is_open(ticket)
    }
    assert office.queue() == wanted
