"""What a full pull costs in requests, transactions and statements: figures that no machine changes."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from connectors.contract import Scope
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.database import Databases
from store.home import Home
from store.opening import open_connection
from store.settings import Rules, load
from store.settings_save import save_connection
from store.sync import SyncReport, sync_connection
from tests.bench.replay import NOW

TICKETS = 200
DAY = 86_400


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> tuple[SyncReport, Counter[str]]:
    """The report of a first pull of 200 tickets, and how often each statement ran."""
    home = Home.at(tmp_path_factory.mktemp("pulled"))
    save_connection(home.config, "acme", {**demo_settings("connectwise"), "scope": "all"})
    settings = msgspec.structs.replace(load(home.config), rules=Rules(reply_after_close_window=400 * DAY))
    ran: Counter[str] = Counter()
    world = World(1, TICKETS, clock=lambda: float(NOW), speed=0)

    def count(_: Any, __: Any, statement: str, ___: Any, ____: Any, many: bool) -> None:
        ran["executemany" if many else "execute"] += 1
        ran[" ".join(statement.split()[:3])] += 1

    async def pull(databases: Databases) -> SyncReport:
        connection = settings.connections["acme"]
        assert connection.scope == Scope("all")
        transport = demo_transport(world)
        connector = open_connection(connection, demo_secrets("connectwise"), transport=transport)
        try:
            return await sync_connection(databases, connection, connector, settings, now=lambda: NOW)
        finally:
            await connector.close()

    with Databases.open(home, now=NOW) as databases:
        event.listen(databases.cache, "before_cursor_execute", count)
        report = asyncio.run(pull(databases))
    assert report.ok, report.error
    assert report.new == TICKETS
    return report, ran


def test_requests(pulled: tuple[SyncReport, Counter[str]]) -> None:
    report, _ = pulled
    assert report.conversations >= TICKETS - 5
    # The notes of each ticket and the time of a hundred; the rest: lists of choices, the pages, who we are.
    assert report.requests <= 1.02 * TICKETS + 100


def test_statements(pulled: tuple[SyncReport, Counter[str]]) -> None:
    _, ran = pulled
    lists = 100
    assert ran["BEGIN IMMEDIATE"] <= lists + TICKETS / 10
    assert ran["INSERT INTO ticket"] <= 5, "one for a page of tickets"
    assert ran["INSERT INTO note"] <= TICKETS / 10, "one for many conversations"
    assert ran["INSERT INTO time_entry"] <= 1 + TICKETS / 50
    assert ran["execute"] + ran["executemany"] <= 600
