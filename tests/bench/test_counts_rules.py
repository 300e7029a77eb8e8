"""A round after a sync that changed 100 tickets does not go through the others: a machine's mood does not count."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from store.database import Databases
from store.rules.evaluate import evaluate_changes
from tests import large_kinds
from tests.large import NAME

SMALL, LARGE = 2_000, 8_000
STEP = 100
"""SQLite's machine is counted in so many instructions."""
STATEMENTS = 190
"""What a round takes now is some 150, whatever the size."""


class Shop:
    """A home of one size, evaluated once."""

    def __init__(self, folder: Path, tickets: int) -> None:
        self.home, self.settings = large_kinds.make(folder, tickets)
        self.shop = large_kinds.Shop(tickets // 10, tickets - tickets // 10)
        self.databases = Databases.open(self.home, now=large_kinds.NOW)
        self.statements: list[tuple[str, object]] = []
        self.steps = 0
        event.listen(self.databases.cache, "before_cursor_execute", self._executed)
        self.round(0)

    def _executed(self, _conn, _cursor, statement, values, _context, many) -> None:
        if not many:
            self.statements.append((statement, values))

    def change(self, place: int) -> None:
        with self.databases.cache.begin() as cache:
            large_kinds.change(cache, self.shop, place, now=large_kinds.NOW + 300 * place)

    def round(self, place: int) -> None:
        """Counts what it takes."""
        self.statements.clear()
        self.steps = 0
        with self.databases.cache.begin() as cache:
            raw = cache.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.set_progress_handler(self._stepped, STEP)
            evaluate_changes(
                cache,
                self.databases.journal,
                self.settings,
                now=large_kinds.NOW + 300 * place,
                connection=NAME,
                everything=False,
            )
            raw.set_progress_handler(None, 0)

    def _stepped(self) -> int:
        self.steps += STEP
        return 0


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Shop]]:
    found = [Shop(tmp_path_factory.mktemp("home"), size) for size in (SMALL, LARGE)]
    for shop in found:
        for place in (1, 2):  # after an evaluation of everything the day's signs of life are read once
            shop.change(place)
            shop.round(place)
    yield found[0], found[1]
    for shop in found:
        shop.databases.close()


def test_a_round_takes_as_many_statements_whatever_the_size(shops: tuple[Shop, Shop]) -> None:
    small, large = shops
    assert 50 < len(large.statements) <= STATEMENTS
    assert len(large.statements) <= len(small.statements) + 10


def test_a_round_takes_nearly_the_same_steps_of_sqlite_in_eight_times_as_many_tickets(
    shops: tuple[Shop, Shop],
) -> None:
    small, large = shops
    assert large.steps < 2 * small.steps, (small.steps, large.steps)


def test_no_statement_of_a_round_goes_through_a_whole_table(shops: tuple[Shop, Shop]) -> None:
    _, large = shops
    scans = []
    with large.databases.cache_reads.connect() as cache:
        for statement, values in large.statements:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                plan = cache.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                scans += [
                    (row.detail, " ".join(statement.split())[:400])
                    for row in plan
                    if _goes_through(row.detail)
                ]
    assert not scans


def _goes_through(detail: str) -> bool:
    """All rows of a large table, or all of a connection: an index of which nothing but the connection is asked."""
    tables = ("ticket", "note", "time_entry", "exception", "reason", "t", "n", "e", "q")
    words = detail.split()
    if (
        words[0] not in ("SCAN", "SEARCH") or words[1] not in tables or "overlay" in detail
    ):  # open changes are few
        return False
    return (words[0] == "SCAN" and "USING" in words) or detail.endswith("(connection=?)")
