"""What a sync with nothing new costs, in numbers that no machine's mood changes: requests, rows, bytes, statements."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tests.bench.slowed import only_mine
from tests.bench.synced import NAME, idle
from tests.bench.written import Rows, empty_logs, log_bytes

OPEN = 60
PAGE = 4096 + 24
"""Bytes of one page in a write-ahead log."""


class Place:
    """A home at a PSA that stands still, synced until nothing is new any more."""

    def __init__(self, folder: Path, own: int = OPEN) -> None:
        self.world = World(5, 150, speed=0)
        only_mine(self.world, own)
        idle(self.world)
        self.home = Home.at(folder)
        save_connection(self.home.config, NAME, demo_settings())
        self.transport = demo_transport(self.world)
        self.runner = asyncio.Runner()
        self.clock = self.world.start
        self.desk = Desk(
            self.home,
            load(self.home.config),
            transports={NAME: self.transport},
            secrets={NAME: demo_secrets()},
            clock=lambda: self.clock,
        )
        self.rows = Rows(self.desk.databases.cache), Rows(self.desk.databases.journal)
        self.statements: Counter[str] = Counter()
        event.listen(self.desk.databases.cache, "before_cursor_execute", self._statement)
        for _ in range(4):
            self.round()

    def _statement(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        self.statements[statement.split(None, 1)[0].upper()] += 1

    def round(self, *, later: int = 0) -> Any:
        """One round, `later` seconds after the last one; counts begin anew."""
        self.clock += later
        for rows in self.rows:
            rows.clear()
        self.statements.clear()
        empty_logs(self.home)
        (report,) = self.runner.run(self.desk.sync())
        assert report.ok, report.error
        return report

    def written(self) -> Counter[str]:
        return self.rows[0].found + Counter(
            {f"journal.{name}": many for name, many in self.rows[1].found.items()}
        )

    def state(self, column: str) -> Any:
        with self.desk.databases.cache_reads.connect() as cache:
            return cache.exec_driver_sql(f"SELECT {column} FROM connection_state").scalar_one()

    def close(self) -> None:
        self.runner.run(self.desk.close())
        self.runner.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "home")
    yield made
    made.close()


def test_a_round_with_nothing_new(place: Place) -> None:
    """One row says when the connection was read, one when the rules were last looked at; the ticket that set the
    cursor comes again, and when it was read is kept where the second is another one."""
    report = place.round()
    assert (report.new, report.changed, report.conversations, report.requests) == (0, 0, 0, 7)
    written = place.written()
    assert written.pop("ticket", 0) <= 1
    assert written == {"connection_state": 1, "stream": 1}
    assert log_bytes(place.home)["journal.db"] == 0
    assert log_bytes(place.home)["cache.db"] <= 32 + 4 * PAGE
    assert sum(place.statements.values()) <= 90, place.statements


def test_it_says_honestly_when_it_last_synced(place: Place) -> None:
    before = place.state("synced_at"), place.state("generation")
    place.round(later=2)
    assert (place.state("synced_at"), place.state("generation")) == (before[0] + 2, before[1] + 1)
    assert place.state("tried_at") == place.state("synced_at") == place.clock


def test_a_round_that_fails_says_when_it_was_tried(place: Place) -> None:
    synced = place.state("synced_at")
    place.transport.app.state.faults.next("/service/tickets", "403", times=50)
    place.clock += 100
    (report,) = place.runner.run(place.desk.sync())
    assert not report.ok
    assert place.state("synced_at") == synced
    assert place.state("tried_at") == place.clock
    assert place.state("error") is not None


def test_more_tickets_are_not_more_statements(place: Place, tmp_path: Path) -> None:
    place.round()
    other = Place(tmp_path / "fewer", own=15)
    other.round()
    # One more where the ticket that comes again is one that the cache has.
    assert abs(sum(other.statements.values()) - sum(place.statements.values())) <= 1
    other.close()
