"""Stopwatches: several, over restarts, never counted twice, never lost."""

from __future__ import annotations

import pytest

from store import timers
from store.database import Databases
from store.home import Home
from tests.store.conftest import NOW


@pytest.fixture
def shop(home: Home, databases: Databases) -> Home:
    return home


def start(home: Home, ticket: str, now: int) -> None:
    timers.start(home, "acme", ticket, number=f"7{ticket}", summary="Printer", company="Acme", now=now)


def counted(home: Home, ticket: str, now: int) -> int | None:
    one = timers.of_ticket(home, "acme", ticket)
    return None if one is None else one.counted(now)


def test_it_counts_on_while_nobody_looks(shop: Home) -> None:
    start(shop, "1", NOW)
    assert counted(shop, "1", NOW + 780) == 780
    start(shop, "1", NOW + 100)  # a second start is none
    assert counted(shop, "1", NOW + 780) == 780


def test_paused_and_gone_on_with(shop: Home) -> None:
    start(shop, "1", NOW)
    (one,) = timers.kept(shop)
    timers.pause(shop, one.id, now=NOW + 60)
    timers.pause(shop, one.id, now=NOW + 90)  # a second pause is none
    assert counted(shop, "1", NOW + 5000) == 60
    start(shop, "1", NOW + 5000)
    assert counted(shop, "1", NOW + 5030) == 90
    assert len(timers.kept(shop)) == 1


def test_several_at_once_those_that_run_first(shop: Home) -> None:
    start(shop, "1", NOW)
    start(shop, "2", NOW + 10)
    timers.pause(shop, timers.kept(shop)[0].id, now=NOW + 20)
    assert [(one.ticket_id, one.runs) for one in timers.kept(shop)] == [("2", True), ("1", False)]


def test_logged_it_is_gone_and_back_when_the_change_was_withdrawn(shop: Home) -> None:
    start(shop, "1", NOW)
    timers.end(shop, timers.kept(shop)[0].id, "change-1", now=NOW + 300)
    assert timers.kept(shop) == []
    assert not timers.reopen(shop, "another")
    assert timers.reopen(shop, "change-1")
    assert counted(shop, "1", NOW + 9999) == 300


def test_a_clock_that_was_set_back_takes_nothing_away(shop: Home) -> None:
    start(shop, "1", NOW)
    assert counted(shop, "1", NOW - 500) == 0
    timers.pause(shop, timers.kept(shop)[0].id, now=NOW - 500)
    assert counted(shop, "1", NOW) == 0


def test_without_a_journal_there_is_none(tmp_path) -> None:
    assert timers.kept(Home.at(tmp_path / "new")) == []
