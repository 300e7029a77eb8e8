"""Whole rounds against the real Request Tracker: mail, closing, reassigning, merging, parents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from connectors.contract import Connector
from store.conversations import SAME_MOMENT
from store.database import Databases
from store.settings import Connection, Settings
from store.sync import SyncReport, sync_connection
from tests.connectors.rt_desk import desk
from tests.servers.rt import FIELDS, RtServer


class RtOffice:
    """The real server, the connector of tess, and her cache."""

    def __init__(self, server: RtServer, connector: Connector, databases: Databases) -> None:
        self.server = server
        self.connector = connector
        self.databases = databases
        self.connection = Connection(
            name="desk", psa="rt", technician="tess", options={"url": server.url, "fields": FIELDS}
        )
        self.settings = Settings(connections={"desk": self.connection})

    async def sync(self, *, check: bool = False) -> SyncReport:
        report = await sync_connection(
            self.databases,
            self.connection,
            self.connector,
            self.settings,
            now=lambda: int(time.time()),
            read_all_conversations=check,
        )
        assert report.ok, report.error
        return report

    def ask(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        with self.databases.cache_reads.connect() as cache:
            return [tuple(row) for row in cache.execute(text(sql), values)]

    def kinds(self, ticket_id: str) -> set[str]:
        return {row[0] for row in self.ask("SELECT kind FROM exception WHERE ticket_id = :t", t=ticket_id)}


@pytest.fixture
async def office(rt_server: RtServer, databases: Databases) -> AsyncIterator[RtOffice]:
    async with desk(rt_server) as connector:
        yield RtOffice(rt_server, connector, databases)


async def test_mail_makes_an_exception_and_a_reply_ends_it(office: RtOffice) -> None:
    ticket = office.server.create_ticket("Printer offline", owner="tess")
    await office.sync()
    assert "customer_responded" not in office.kinds(ticket)
    office.server.mail("pat@contoso.test", ticket, "Still here")
    await office.sync()
    assert "customer_responded" in office.kinds(ticket)
    office.server.reply(ticket, "On my way")
    await office.sync()
    assert "customer_responded" not in office.kinds(ticket)


async def test_a_closed_ticket_without_a_code_is_listed_until_it_has_one(office: RtOffice) -> None:
    ticket = office.server.create_ticket("Office move", owner="tess")
    office.server.put(ticket, {"Status": "resolved"})
    await office.sync()
    assert "billing_code" in office.kinds(ticket)
    office.server.put(ticket, {"CustomFields": {"Billing Code": "CONTRACT"}})
    await office.sync()
    assert "billing_code" not in office.kinds(ticket)


async def test_tickets_that_leave_without_being_mentioned(office: RtOffice) -> None:
    kept, given, deleted, merged = (
        office.server.create_ticket(f"Ticket {number}", owner="tess") for number in range(4)
    )
    await office.sync()
    office.server.put(given, {"Owner": "omar"})
    office.server.put(deleted, {"Status": "deleted"})
    office.server.put(merged, {"MergeInto": kept})
    report = await office.sync()
    queue = office.ask("SELECT ticket_id FROM ticket WHERE in_scope AND presence = 'here' AND NOT closed")
    assert queue == [(kept,)]
    presence = dict(office.ask("SELECT ticket_id, presence FROM ticket"))  # type: ignore[arg-type]
    assert presence == {kept: "here", given: "here", deleted: "deleted", merged: "merged"}
    assert report.why == report.remarks == ()


async def test_a_child_of_a_colleagues_closed_ticket_is_an_orphan(office: RtOffice) -> None:
    parent = office.server.create_ticket("Big move", owner="omar")
    child = office.server.create_ticket("Small move", owner="tess", MemberOf=parent)
    await office.sync()
    assert office.ask("SELECT parent_id FROM ticket WHERE ticket_id = :t", t=child) == [(parent,)]
    assert "orphaned" not in office.kinds(child)
    office.server.put(parent, {"Status": "resolved"})
    await office.sync()
    assert "orphaned" in office.kinds(child)


async def test_an_unchanged_queue_costs_few_requests(office: RtOffice) -> None:
    for number in range(3):
        office.server.create_ticket(f"Ticket {number}", owner="tess")
    await asyncio.sleep(SAME_MOMENT + 1)  # what changed as it was read is read once more
    await office.sync()
    report = await office.sync()
    assert (report.new, report.changed, report.conversations) == (0, 0, 0)
    assert report.requests <= 6
