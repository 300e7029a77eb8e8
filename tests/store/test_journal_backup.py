"""The journal's backups: when one is made, what it is, which stay."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from store import journal_backup
from store.database import Databases
from store.database_files import stamp
from store.home import Home
from store.journal_backup import APART, DAYS, KEPT, keep_backup, look, names, rotate
from tests.store.conftest import NOW

DAY = 86_400


def write(home: Home, words: str, now: int = NOW) -> None:
    """A draft, by a process that opens at `now` and ends as it should."""
    with Databases.open(home, now=now) as databases, databases.journal.begin() as db:
        db.execute(text("INSERT OR REPLACE INTO draft VALUES ('acme', '1', 'reply', :w, 5)"), {"w": words})


def opened(home: Home, now: int) -> list[str]:
    with Databases.open(home, now=now) as databases:
        return databases.notes


def made(home: Home) -> list[str]:
    return [path.name for _, path in names(home)]


def draft(home: Home, name: str) -> str:
    with closing(journal_backup.read_only(home.backups / name)) as db:
        return str(db.execute("SELECT text FROM draft").fetchone()[0])


def test_a_start_after_a_change_makes_one(home: Home) -> None:
    write(home, "dear customer")
    first = f"journal-{stamp(NOW)}.db"
    assert made(home) == [first], "an empty one, at the first start"
    opened(home, NOW + APART)
    second = f"journal-{stamp(NOW + APART)}.db"
    assert made(home) == [second, first]
    assert draft(home, second) == "dear customer"
    found = look(home.backups / second, NOW)
    assert (found.problem, found.changes, found.open) == (None, 0, 0)
    assert found.size == (home.backups / second).stat().st_size
    assert sorted(path.name for path in home.backups.iterdir()) == [first, second], "no -wal, no part"
    if os.name == "posix":
        assert (home.backups / second).stat().st_mode & 0o777 == 0o600
        assert home.backups.stat().st_mode & 0o777 == 0o700


def test_none_is_made_within_ten_minutes_nor_without_a_change(home: Home) -> None:
    write(home, "one")
    write(home, "two", NOW + 60)
    assert len(made(home)) == 1
    opened(home, NOW + APART)
    assert len(made(home)) == 2
    for later in range(1, 5):
        opened(home, NOW + later * 10 * APART)
    assert len(made(home)) == 2, "nothing has changed since"


def test_after_an_unclean_exit_one_is_made_at_once(home: Home) -> None:
    write(home, "one")
    write(home, "two", NOW + 60)
    assert keep_backup(home, NOW + 61) is None
    assert keep_backup(home, NOW + 61, unclean=True) is not None
    assert draft(home, made(home)[0]) == "two"


def test_what_waits_in_the_wal_is_in_it(home: Home) -> None:
    with Databases.open(home, now=NOW) as databases:
        with databases.journal.begin() as db:
            db.execute(text("INSERT INTO draft VALUES ('acme', '1', 'reply', 'not yet in the file', 5)"))
        assert home.journal.with_name("journal.db-wal").stat().st_size > 0
        opened(home, NOW + APART)
    assert draft(home, made(home)[0]) == "not yet in the file"


def test_the_same_content_is_not_kept_twice(home: Home) -> None:
    write(home, "one")
    opened(home, NOW + APART)
    os.utime(home.journal)
    opened(home, NOW + 3 * APART)
    opened(home, NOW + 6 * APART)
    assert len(made(home)) == 2


def test_ten_stay_and_one_of_each_day(home: Home) -> None:
    write(home, "one")
    (home.backups / made(home)[0]).unlink()
    for day in range(20):
        for hour in (1, 2, 3):
            at = NOW - day * DAY - hour * 3600
            (home.backups / f"journal-{stamp(at)}.db").touch()
    rotate(home, NOW)
    kept = [at for at, _ in names(home)]
    assert (
        kept[:KEPT]
        == sorted((NOW - d * DAY - h * 3600 for d in range(4) for h in (1, 2, 3)), reverse=True)[:KEPT]
    )
    days = {stamp(at)[:8] for at in kept}
    assert len(days) in (DAYS, DAYS + 1)
    assert len(kept) <= KEPT + DAYS
    assert min(kept) > NOW - (DAYS + 1) * DAY


def test_none_outlives_the_retention_but_the_newest(home: Home) -> None:
    write(home, "one")
    (home.backups / made(home)[0]).unlink()
    for days in (200, 190, 170):
        (home.backups / f"journal-{stamp(NOW - days * DAY)}.db").touch()
    rotate(home, NOW, oldest=180 * DAY)
    assert [at for at, _ in names(home)] == [NOW - 170 * DAY]
    rotate(home, NOW + 90 * DAY, oldest=180 * DAY)
    assert [at for at, _ in names(home)] == [NOW - 170 * DAY]


def test_a_backup_that_fails_is_told_and_in_nobodys_way(home: Home) -> None:
    write(home, "one")
    for path in home.backups.iterdir():
        path.unlink()
    home.backups.rmdir()
    home.backups.write_text("in the way", encoding="utf-8")
    (said,) = opened(home, NOW + APART)
    assert said.startswith("No backup of the journal could be made: ")
    assert str(home.backups) in said


def test_a_full_disk_leaves_no_half_backup(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "one")
    connect = sqlite3.connect

    def small(path: object, *arguments: object, **more: object) -> sqlite3.Connection:
        db = connect(path, *arguments, **more)  # type: ignore[call-overload]
        if str(path).endswith(".part"):
            db.execute("PRAGMA max_page_count = 2")
        return db  # type: ignore[no-any-return]

    monkeypatch.setattr(journal_backup.sqlite3, "connect", small)
    (said,) = opened(home, NOW + APART)
    assert "disk is full" in said
    assert len(list(home.backups.iterdir())) == 1


def test_a_backup_that_is_no_database_says_so(home: Home) -> None:
    write(home, "one")
    path = home.backups / made(home)[0]
    path.write_bytes(path.read_bytes()[:5000])
    assert look(path, NOW).problem
