"""What an unchanged queue costs in requests at the simulated HaloPSA: the sums of docs/requests.md, exactly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import ceil
from typing import Any

import httpx
import pytest

from connectors import open_connector
from connectors.contract import Scope
from connectors.simulators import halopsa
from connectors.simulators.serve import DEMO_URL
from connectors.simulators.world import World
from store.database import Databases
from tests.connectors.halo_desk import options
from tests.connectors.test_halopsa_write import Office

HOUR = 3600


class Counted(Office):
    """An office over a simulator in this process, whose clock stands an hour after its last change."""

    def __init__(self, databases: Databases, tickets: int) -> None:
        world = World(3, tickets, speed=0)
        for ticket in world.tickets.values():
            ticket.updated = min(ticket.updated, world.start - HOUR)
        app = halopsa.simulator(world)
        self.app = app
        self.transport = httpx.ASGITransport(app=app)
        super().__init__(databases, _Here(world, app), self.open())

    def open(self) -> Any:
        return open_connector(
            "halopsa",
            "demo",
            options(DEMO_URL, charge_lookup=17),
            halopsa.secrets(),
            transport=self.transport,
        )

    async def counted(self, **how: Any) -> list[str]:
        """One round's requests, by path."""
        self.app.state.requests.clear()
        report = await self.sync(**how)
        assert report.ok and report.requests == len(self.app.state.requests)
        return [one.path for one in self.app.state.requests]

    def count(self, sql: str) -> int:
        with self.databases.cache_reads.connect() as db:
            return int(db.exec_driver_sql(sql).scalar_one())


class _Here:
    url = DEMO_URL

    def __init__(self, world: World, app: Any) -> None:
        self.world, self.state = world, app.state


OPEN = "SELECT count(*) FROM ticket WHERE in_scope AND presence = 'here' AND NOT closed"


@pytest.fixture
async def office(databases: Databases, request: pytest.FixtureRequest) -> AsyncIterator[Counted]:
    found = Counted(databases, getattr(request, "param", 120))
    yield found
    await found.connector.close()


async def test_my_unchanged_queue(office: Counted) -> None:
    """What changed (1) and the ids (1 for up to 100 open tickets); lists are kept for minutes."""
    await office.counted()
    paths = await office.counted()
    assert paths == ["/Tickets", "/Tickets"]
    assert office.count(OPEN) <= 100


async def test_a_whole_ticket_for_each_that_changed(office: Counted) -> None:
    """And its actions, which serve as conversation and as time."""
    await office.counted()
    key = int(office.count("SELECT ticket_id FROM ticket WHERE in_scope AND NOT closed ORDER BY 1 LIMIT 1"))
    office.world.set_field(key, "priority", "Priority 1 - Critical")
    paths = await office.counted()
    assert sorted(paths) == ["/Actions", "/Tickets", "/Tickets", f"/Tickets/{key}"]


async def test_a_full_pull_again_asks_for_no_whole_ticket(office: Counted) -> None:
    """Within one process: the open ones, the closed ones, the proof of dates, the ids."""
    await office.counted()
    paths = await office.counted(full=True)
    assert sum(path.startswith("/Tickets/") for path in paths) == 0
    assert paths.count("/Tickets") == 4


async def test_another_process_asks_for_token_agents_and_each_ticket_type(office: Counted) -> None:
    await office.counted()
    office.connector = office.open()
    paths = await office.counted()
    assert [path for path in paths if path != "/Tickets"][:3] == ["/api/authinfo", "/auth/token", "/Agent"]
    assert paths.count("/Tickets") == 2 and "/ClientContract" in paths


@pytest.mark.parametrize("office", [900], indirect=True)
async def test_pages_of_a_large_queue(office: Counted) -> None:
    """Windows overlap, so that a page brings a few rows less than 100."""
    found = await office.connector.ticket_ids(await office.connector.resolve(Scope("all")))
    office.app.state.requests.clear()
    await office.connector.ticket_ids(await office.connector.resolve(Scope("all")))
    assert found.count > 200
    assert ceil(found.count / 100) <= len(office.app.state.requests) <= ceil(found.count / 95) + 1
