"""Exceptions over time: what the journal keeps of them, and what is counted from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database import Databases
from store.home import Home
from store.measures.history import DayCount, Episode, Way, daily, days, episodes, patterns, ways
from store.outbox import submit_together
from tests.store.test_contact_tickets import CardBench
from tests.store.test_contact_tickets import bench as bench  # a fixture

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86400
MONDAY = 1_763_938_800
"""Monday 24 November 2025, 00:00 in Berlin."""


class Book:
    """A journal with some rows of history and the changes that they name."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path)

    def row(self, opened: int, cleared: int | None = None, by: str | None = None, **more: Any) -> None:
        values = {"connection": "acme", "ticket_id": "1", "kind": "orphaned", "since": opened} | more
        values |= {"opened_at": opened, "cleared_at": cleared, "cleared_by": by}
        self._put("history", values)

    def change(self, name: str, state: str = "confirmed", **more: Any) -> None:
        values = {
            "change": name,
            "seq": 1,
            "connection": "acme",
            "ticket_id": "1",
            "number": "71",
            "verb": "status",
        }
        values |= {"fix": "{}", "ticket": "{}", "state": state, "created_at": 0, "attempts": 0, "wrote": 1}
        self._put("change", values | {"detail": "{}", "summary": "", "who": "jdoe"} | more)

    def _put(self, table: str, values: dict[str, Any]) -> None:
        marks = ", ".join("?" for _ in values)
        self.db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))

    def read(self) -> list[Episode]:
        return episodes(self.db, ["acme"])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    home = Home.at(tmp_path)
    Databases.open(home, now=MONDAY).close()
    found = Book(home.journal)
    yield found
    found.db.close()


# ---------------------------------------------------------------- what an episode is


def test_by_a_fix_by_itself_and_still_open(book: Book) -> None:
    book.change("c1")
    book.row(1, 5, "c1")
    book.row(2, 6, ticket_id="2", company="Acme", type="Printer", board="Help Desk")
    book.row(3, ticket_id="3")
    one, two, three = book.read()
    assert (one.change, one.verb, one.who, one.cleared_at) == ("c1", "status", "jdoe", 5)
    assert (two.change, two.verb, two.who, two.cleared_at) == (None, "", "", 6)
    assert (two.company, two.type, two.board) == ("Acme", "Printer", "Help Desk")
    assert three.cleared_at is None


@pytest.mark.parametrize(
    "more", [{"state": "undone"}, {"state": "rejected"}, {"state": "conflict"}, {"undone_by": "c2"}]
)
def test_a_fix_that_did_not_stand_cleared_nothing(book: Book, more: dict[str, Any]) -> None:
    book.change("c1", **more)
    book.row(10, 20, "c1", since=5)
    book.row(30, since=30)
    (one,) = book.read()
    assert (one.since, one.opened_at, one.cleared_at, one.change) == (5, 10, None, None)


def test_a_fix_that_did_not_stand_and_nothing_came_back_went_by_itself(book: Book) -> None:
    book.change("c1", "undone")
    book.row(10, 20, "c1")
    (one,) = book.read()
    assert (one.cleared_at, one.change, one.verb, one.who) == (20, None, "", "")


def test_a_conflict_that_was_tried_again_is_one_fix(book: Book) -> None:
    book.change("c1")
    book.row(10, 20, "c1")
    book.row(30, 40, "c1")
    (one,) = book.read()
    assert (one.opened_at, one.cleared_at, one.change) == (10, 40, "c1")


def test_what_puts_back_is_named_undo_and_a_change_that_is_gone_is_a_fix(book: Book) -> None:
    book.change("c2", undo_of="c1")
    book.row(10, 20, "c2")
    book.row(10, 20, "forgotten", ticket_id="2")
    assert [(one.verb, one.change) for one in book.read()] == [("undo", "c2"), ("", "forgotten")]
    assert ways(book.read(), begins=0, ends=30) == {
        Way("orphaned", "undo", "jdoe"): 1,
        Way("orphaned", "a fix", ""): 1,
    }


def test_other_connections_are_not_read(book: Book) -> None:
    book.row(1, connection="other")
    assert book.read() == []
    assert episodes(book.db, []) == [] and episodes(None, ["acme"]) == []


# ---------------------------------------------------------------- days


def test_days_are_the_zones_and_the_last_one_may_be_unfinished() -> None:
    found = days(MONDAY, MONDAY + DAY + 3600, BERLIN)
    assert found == [("2025-11-24", MONDAY + DAY), ("2025-11-25", MONDAY + DAY + 3600)]
    change = 1_761_429_600  # 26 October 2025, 00:00 in Berlin: a day of 25 hours
    assert days(change, change + 25 * 3600, BERLIN) == [("2025-10-26", change + 25 * 3600)]


def test_a_week_day_by_day() -> None:
    def one(opened: int, cleared: int | None = None, change: str | None = None) -> Episode:
        return Episode(
            connection="acme",
            ticket_id=str(opened),
            kind="orphaned",
            since=opened,
            opened_at=opened,
            cleared_at=cleared,
            change=change,
        )

    found = daily(
        [
            one(MONDAY - DAY),  # open all along
            one(MONDAY - DAY, MONDAY - 1),  # gone before
            one(MONDAY - 5, MONDAY, "c1"),  # the first moment counts
            one(MONDAY + 10, MONDAY + DAY, None),  # the day after begins with it
            one(MONDAY + DAY, MONDAY + DAY + 5, "c2"),
            one(MONDAY + 2 * DAY),  # not any more
        ],
        begins=MONDAY,
        ends=MONDAY + 2 * DAY,
        zone=BERLIN,
    )
    assert found == {
        "orphaned": (
            DayCount("2025-11-24", opened=1, by_fix=1, by_itself=0, open=2),
            DayCount("2025-11-25", opened=1, by_fix=1, by_itself=1, open=1),
        )
    }
    assert found["orphaned"][1].cleared == 2


moments = st.integers(0, 6).map(lambda n: MONDAY + n * DAY // 2) | st.integers(MONDAY - DAY, MONDAY + 3 * DAY)


@settings(derandomize=True)
@given(st.lists(st.tuples(moments, st.none() | moments, st.booleans()), max_size=12))
def test_days_against_a_plain_reading(rows: list[tuple[int, int | None, bool]]) -> None:
    made = [
        Episode(
            connection="acme",
            ticket_id=str(place),
            kind="sla",
            since=opened,
            opened_at=opened,
            cleared_at=None if cleared is None else max(cleared, opened),
            change="c" if fixed else None,
        )
        for place, (opened, cleared, fixed) in enumerate(rows)
    ]
    begins, ends = MONDAY, MONDAY + 2 * DAY
    found = daily(made, begins=begins, ends=ends, zone=BERLIN).get("sla", ())
    for place, (start, end) in enumerate([(begins, MONDAY + DAY), (MONDAY + DAY, ends)]):
        opened = [one for one in made if start <= one.opened_at < end]
        cleared = [one for one in made if one.cleared_at is not None and start <= one.cleared_at < end]
        open_ = [one for one in made if one.open_at(end)]
        if not found:
            assert not opened and not cleared and not open_
            continue
        day = found[place]
        assert (day.opened, day.cleared, day.open) == (len(opened), len(cleared), len(open_))
        assert day.by_fix == sum(one.change is not None for one in cleared)


# ---------------------------------------------------------------- patterns


def test_a_pattern_counts_tickets_and_only_from_so_many_on() -> None:
    def one(ticket: str, company: str | None, kind: str = "sla", cleared: int | None = None) -> Episode:
        return Episode(
            connection="acme",
            ticket_id=ticket,
            kind=kind,
            since=1,
            opened_at=1,
            cleared_at=cleared,
            company=company,
            type="Printer" if company else None,
        )

    rows = [
        one("1", "Acme", cleared=5),
        one("1", "Acme"),
        one("2", "Acme", cleared=5),
        one("3", "Acme", "stale"),
    ]
    rows += [one("4", None), one("5", None), one("6", None)]
    (found,) = patterns(rows, begins=0, ends=10, least=2)
    assert (found.company, found.type, found.kind, found.times, found.open) == (
        "Acme",
        "Printer",
        "sla",
        2,
        1,
    )
    assert patterns(rows, begins=0, ends=10, least=3) == [], "no company and no type is no pattern"
    assert patterns(rows, begins=2, ends=10, least=1) == [], "they opened before"


# ---------------------------------------------------------------- what the journal keeps (real fixes)


def kept(bench: CardBench) -> dict[str, tuple[Any, ...]]:
    with bench.databases.journal_reads.connect() as journal:
        rows = journal.exec_driver_sql(
            "SELECT ticket_id, cleared_by, company, board, type FROM history WHERE kind = 'missing_fields' ORDER BY id"
        )
        return {row[0]: tuple(row[1:]) for row in rows}


async def test_the_company_and_type_are_kept_when_it_opens(bench: CardBench) -> None:
    row = bench.psa.rows["1"]
    assert row.company and row.board and row.type
    assert kept(bench)["1"] == (None, row.company, row.board, row.type)


async def test_a_card_changed_on_one_ticket_is_what_cleared_the_contacts_others(bench: CardBench) -> None:
    change = await bench.fix("1", set={"contact_phone": "555 0199"})
    await bench.send()
    assert {ticket: row[0] for ticket, row in kept(bench).items()} == {
        "1": change,
        "2": change,
        "3": change,
        "9": None,
    }


async def test_another_field_of_another_ticket_cleared_nothing(bench: CardBench) -> None:
    await bench.fix("1", set={"agreement": ""})
    await bench.send()
    bench.psa.put("2", "contact_phone", "555 0100")
    bench.psa.change("2", summary="moved")
    bench.psa.change("3", summary="moved")
    await bench.sync()
    assert kept(bench)["2"][0] is None and kept(bench)["3"][0] is None


async def test_one_fix_of_several_tickets_names_each_ones_own_change(bench: CardBench) -> None:
    prepared = [await bench.prepare(key, set={"contact_phone": "555 0199"}) for key in ("1", "2", "3")]
    changes = submit_together(bench.databases, bench.settings, prepared, now=bench.now())
    assert [kept(bench)[key][0] for key in ("1", "2", "3")] == changes
    await bench.send()
    assert [kept(bench)[key][0] for key in ("1", "2", "3")] == changes


async def test_a_fix_taken_back_before_it_left_is_open_again(bench: CardBench) -> None:
    change = await bench.fix("1", set={"contact_phone": "555 0199"})
    bench.undo(change)
    with sqlite3.connect(bench.databases.home.journal) as journal:
        found = [
            one
            for one in episodes(journal, ["acme"])
            if one.ticket_id == "1" and one.kind == "missing_fields"
        ]
    journal.close()
    (one,) = found
    assert one.cleared_at is None and one.change is None
