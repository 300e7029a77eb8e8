"""What a round costs in requests at the simulated Rev.io: the sums of docs/requests.md, exactly."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest

from connectors.revio import api
from connectors.simulators.world import World
from store.database import Databases
from tests.connectors.revio_desk import EXCHANGE, LIST, Office, ours, served


@pytest.mark.parametrize("size", [500, 40])
async def test_an_unchanged_round(databases: Databases, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(api, "PAGE_SIZE", size)
    world = World(4, 110, speed=0)
    with served(world) as (app, url):
        office = Office(databases, app, url)
        first = await office.sync()
        seen = Counter(one.path for one in app.state.requests)
        pages = ceil(len(world.tickets) / size)
        reading = 2 if pages == 1 else 2 * (pages + 1)
        assert seen.pop(EXCHANGE) == 1
        assert seen.pop(LIST) == reading, "one reading serves who we are, the tickets and their ids"
        assert sum(seen.values()) == 1, "whether a ticket by itself can be had"
        assert first.requests == reading + 2
        app.state.requests.clear()
        report = await office.sync()
        assert Counter(one.path for one in app.state.requests) == {LIST: reading}
        assert report.requests == reading
        assert (await office.sync(read_all_conversations=True)).requests == reading, "`check` costs no more"
        await office.connector.close()
    with databases.cache_reads.connect() as cache:
        known = cache.exec_driver_sql("SELECT ticket_id FROM ticket WHERE in_scope AND NOT closed").scalars()
        assert set(known) == ours(world)
