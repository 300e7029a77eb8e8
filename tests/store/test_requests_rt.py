"""What an unchanged queue costs in requests at the real Request Tracker: the sums of docs/requests.md, exactly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest

from connectors.contract import Scope
from store.database import Databases
from tests.connectors.rt_desk import desk
from tests.servers.rt import RtServer
from tests.store.test_sync_rt import RtOffice


@pytest.fixture
async def office(rt_server: RtServer, databases: Databases) -> AsyncIterator[RtOffice]:
    async with desk(rt_server) as connector:
        yield RtOffice(rt_server, connector, databases)


def queue(server: RtServer, count: int) -> None:
    """So many open tickets of the technician that nobody has touched for an hour."""
    server.copies("Tickets", server.create_ticket(owner="tess"), count - 1)
    server.sql("UPDATE Tickets SET EffectiveId = id")
    old = datetime.now(UTC) - timedelta(hours=1)
    server.sql("UPDATE Tickets SET LastUpdated = ?", old.strftime("%Y-%m-%d %H:%M:%S"))


@pytest.mark.parametrize("count", [1, 100, 101])
async def test_my_unchanged_queue(office: RtOffice, count: int) -> None:
    """What changed, and the ids: 1 + ceil(n / 100); a check costs no more, for RT's tickets tell of notes."""
    queue(office.server, count)
    await office.sync()
    ((n,),) = office.ask("SELECT count(*) FROM ticket WHERE in_scope AND presence = 'here' AND NOT closed")
    assert n == count
    for check in (False, True):
        report = await office.sync(check=check)
        assert (report.new, report.changed, report.conversations) == (0, 0, 0)
        assert report.requests == 1 + ceil(count / 100)


@pytest.mark.parametrize("count", [1, 100, 101])
async def test_the_list_of_a_full_pull(office: RtOffice, count: int) -> None:
    """Open ones, and those closed within the window: the sums of docs/connectors.md."""
    queue(office.server, count)
    await office.sync()
    connector = office.connector
    scope = await connector.resolve(Scope("all"))
    for most in (2, 0):  # the first pull of a process asks who we are
        before = connector.requests
        found = [ticket async for page in connector.tickets(scope, None, 0) for ticket in page.tickets]
        assert len(found) >= count
        assert 0 <= connector.requests - before - (ceil(count / 100) + 1) <= most


async def test_another_process_asks_who_we_are(office: RtOffice) -> None:
    """Our user, and RT's own, who tells whether phone numbers are shown: two requests once."""
    queue(office.server, 3)
    await office.sync()
    async with desk(office.server) as fresh:
        office.connector = fresh
        assert (await office.sync()).requests == 2 + 1 + 1
        assert (await office.sync()).requests == 1 + 1


async def test_a_contract_in_use_is_looked_at_in_every_round(office: RtOffice) -> None:
    """Where the settings map `agreement`: the queues (2), the queue that has the field, the field, and, as this one is
    free text, the tickets last changed; however many tickets and contracts there are."""
    for contract in ("Gold", "Silver"):
        office.server.create_ticket(owner="tess", CustomFields={"Contract": contract})
    old = datetime.now(UTC) - timedelta(hours=1)
    office.server.sql("UPDATE Tickets SET LastUpdated = ?", old.strftime("%Y-%m-%d %H:%M:%S"))
    await office.sync()
    assert office.ask("SELECT count(DISTINCT agreement_id) FROM ticket") == [(2,)]
    assert (await office.sync()).requests == 1 + 1 + 5
