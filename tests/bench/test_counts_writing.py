"""What a fix costs on its way into the PSA, in numbers that no machine's mood changes: requests and durable commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.audit import verify
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tests.bench.queued import CODES, NAME, Queued
from tests.bench.slowed import only_mine
from tests.bench.written import Rows

MANY = 30


class Place:
    def __init__(self, folder: Path) -> None:
        self.world = World(5, 150, speed=0)
        only_mine(self.world, MANY)
        self.transport = demo_transport(self.world)
        self.home = Home.at(folder)
        save_connection(self.home.config, NAME, demo_settings())
        self.desk = Desk(
            self.home,
            load(self.home.config),
            transports={NAME: self.transport},
            secrets={NAME: demo_secrets()},
        )
        self.rows = Rows(self.desk.databases.cache), Rows(self.desk.databases.journal)

    async def push(self, code: str) -> tuple[int, Counter[tuple[str, str]]]:
        """Queues a billing code for every open ticket and sends it; how many, and the requests by kind."""
        many = await Queued("", self.home, MANY).queue(self.desk, code)
        for rows in self.rows:
            rows.clear()
        seen: Any = self.transport.app.state.requests  # type: ignore[attr-defined]
        seen.clear()
        outcomes = await self.desk.push()
        assert Counter(one.state for one in outcomes) == {"confirmed": many}
        kinds = {"notes": "notes", "entries": "time", "tickets": "tickets"}
        return many, Counter((one.method, kinds.get(one.path.rsplit("/", 1)[-1], "ticket")) for one in seen)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path / "home")
    for _ in range(3):
        (report,) = await made.desk.sync()
        assert report.ok
    await made.push("Maintenance")
    yield made
    await made.desk.close()


async def test_requests_of_many_fixes(place: Place) -> None:
    """Read and written one by one, as the checks need it; read again many at once, but for the conversations."""
    many, sent = await place.push(CODES[0])
    assert many == MANY
    assert sent["PATCH", "ticket"] == many
    assert sent["GET", "notes"] == many
    again = sent["GET", "tickets"] - many
    assert 1 <= again <= many // 2
    assert sent["GET", "time"] == 2 * again, "for the conversations of all of them, and for their time"
    assert set(sent) == {("PATCH", "ticket"), ("GET", "notes"), ("GET", "tickets"), ("GET", "time")}


async def test_commits_of_many_fixes(place: Place) -> None:
    """A request is in the journal before it goes out, its answer before it is compared, its end, the change's end: four
    each. What the screen shows of it takes a few for all."""
    many, _ = await place.push(CODES[0])
    cache, journal = place.rows
    assert 4 * many < journal.commits <= 5 * many
    assert journal.found["audit"] == 5 * many
    assert cache.commits <= 3 * many
    assert not verify(place.home.journal).problems


async def test_one_fix_is_shown_at_once(place: Place) -> None:
    """When `push` returns nothing is laid over the ticket any more: the cache has what the PSA has."""
    await place.push(CODES[0])
    with place.desk.databases.cache_reads.connect() as cache:
        assert cache.exec_driver_sql("SELECT count(*) FROM ticket_overlay").scalar_one() == 0
        codes = cache.exec_driver_sql(
            "SELECT DISTINCT billing_code FROM ticket WHERE in_scope AND NOT closed"
        ).scalars()
        assert set(codes) == {CODES[0]}
        unread = cache.exec_driver_sql(
            "SELECT count(*) FROM ticket WHERE in_scope AND NOT closed AND notes_read_at < read_at"
        ).scalar_one()
        assert unread == 0
