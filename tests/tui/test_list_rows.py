"""`deskzero list` reads in a way of its own: it says what the screen's lists say, whatever stands in the tables."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.home import Home
from store.read import Reader, rows_json
from store.read_list import ListReader, listed_json
from store.settings import Settings
from tests import large
from tui.commands.list_rows import COLUMNS, _csv
from tui.commands.out import harmless

NOW = 1_800_000_000
HOSTILE = "\x1b]0;title\x07  A\tB  \u202eC\r\nD e\u0301 \x1b[31mred\x07 \x7f\ufeff"
CHANGES = (
    # A ticket with an open change laid over it, and one that only such a change holds.
    "INSERT INTO ticket_overlay SELECT * FROM ticket WHERE ticket_id IN ('70001', '70002')",
    "UPDATE ticket_overlay SET summary = 'laid over', number = 'x1', owner = NULL",
    "DELETE FROM ticket WHERE ticket_id IN ('70002', '70003')",
    "UPDATE ticket SET summary = :hostile, company = :hostile, number = :hostile, url = :hostile WHERE"
    " ticket_id = '70004'",
    "UPDATE ticket SET summary = '  two  spaces ', status = '', board = NULL, company = '' WHERE ticket_id = '70005'",
    "UPDATE reason SET hours = 1e-05 WHERE rowid % 3 = 0",
    "UPDATE reason SET hours = 1e16 WHERE rowid % 3 = 1",
    "UPDATE reason SET code = 'no_such', data = '{}' WHERE rowid % 7 = 0 AND field = '' AND time_entry_id = ''",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Settings]:
    home, settings = large.make(tmp_path_factory.mktemp("list") / "home", 60, closed=40, missing=0.6, now=NOW)
    with closing(sqlite3.connect(home.cache)) as db:
        # Every ticket that is changed below is in a list.
        for ticket in range(70_001, 70_006):
            db.execute(
                "INSERT OR IGNORE INTO exception VALUES ('acme', 'orphaned', ?, ?, 1, 0)", (str(ticket), NOW)
            )
        for statement in CHANGES:
            db.execute(statement, {"hostile": HOSTILE} if ":hostile" in statement else ())
        db.commit()
    return home, settings


def expected(home: Home, settings: Settings, kinds: list[str]) -> object:
    return harmless(rows_json(Reader(home, settings, lambda: NOW).rows(kinds)))


@pytest.mark.parametrize("some", [slice(None), slice(0, 1), slice(3, 6), slice(0, 0)])
def test_the_json_is_that_of_the_screens_rows(made: tuple[Home, Settings], some: slice) -> None:
    home, settings = made
    kinds = list(settings.kinds[some])
    found = listed_json(ListReader(home, settings).listed(kinds, None, now=NOW))
    wanted = expected(home, settings, kinds)
    assert found.decode() == json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))


def test_what_was_changed_is_in_it(made: tuple[Home, Settings]) -> None:
    home, settings = made
    rows = ListReader(home, settings).listed(list(settings.kinds), None, now=NOW)
    by_id = {row.ticket_id: row for row in rows}
    assert by_id["70001"].summary == by_id["70002"].summary == "laid over"
    assert "70003" not in by_id
    assert by_id["70004"].summary == HOSTILE
    assert {"1e-05", "1e+16"} & {
        json.dumps(why.hours) for row in rows for why in row.reasons if hasattr(why, "hours")
    }


def test_a_connection_that_is_not_asked_for_is_left_out(made: tuple[Home, Settings]) -> None:
    home, settings = made
    assert ListReader(home, settings).listed(list(settings.kinds), "other", now=NOW) == []
    assert len(ListReader(home, settings).listed(list(settings.kinds), "acme", now=NOW)) > 20


def test_the_csv_holds_the_same(made: tuple[Home, Settings]) -> None:
    home, settings = made
    kinds = list(settings.kinds)
    rows = list(csv.DictReader(io.StringIO(_csv(ListReader(home, settings).listed(kinds, None, now=NOW)))))
    wanted = rows_json(Reader(home, settings, lambda: NOW).rows(kinds))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["ticket_id"] for row in rows] == [row["ticket_id"] for row in wanted]
    assert [row["reasons"] for row in rows] == [
        "; ".join(one["text"] for one in row["reasons"]) for row in wanted
    ]


def test_a_home_without_a_cache_has_none(tmp_path: Path, made: tuple[Home, Settings]) -> None:
    _, settings = made
    assert ListReader(Home.at(tmp_path), settings).listed(list(settings.kinds), None, now=NOW) == []
