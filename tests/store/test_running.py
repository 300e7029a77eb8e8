"""An unclean exit is known by locks; after it both databases are checked wholly, and what was found is told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from store import database_files, running
from store.database import Databases, JournalDamaged
from store.home import Home
from tests.store.conftest import NOW

ROOT = Path(__file__).resolve().parents[2]
OPENS = """
import sys, time
from store.database import Databases
from store.home import Home
databases = Databases.open(Home.at(sys.argv[1]), now=int(sys.argv[2]))
print("open", flush=True)
time.sleep(60)
"""


@contextmanager
def process(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the databases open."""
    command = [sys.executable, "-c", OPENS, str(home.journal.parent), str(NOW)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        yield child
    finally:
        child.kill()
        child.wait(10)
        assert child.stdout is not None
        child.stdout.close()


def marks(home: Home) -> list[str]:
    return sorted(path.name for path in home.running.iterdir() if path.name != "gate")


def spoil_index(path: Path) -> None:
    """Damage that only a thorough check sees: an index that has lost an entry its table still has."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA writable_schema = ON")
        (kept,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'change_by_ticket'").fetchone()
        db.execute(
            "UPDATE sqlite_master SET sql = sql || ' WHERE ticket_id <> ''2''' WHERE name = 'change_by_ticket'"
        )
        db.commit()
    with closing(sqlite3.connect(path)) as db:
        db.execute("REINDEX")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'change_by_ticket'", (kept,))
        db.commit()


def a_change(home: Home, ticket: str) -> None:
    with closing(sqlite3.connect(home.journal)) as db:
        db.execute(
            "INSERT INTO change (change, seq, connection, ticket_id, number, verb, fix, ticket, state, created_at,"
            " attempts, wrote, detail, summary) VALUES (?, 1, 'acme', ?, '1', 'note', '{}', '{}', 'queued', ?, 0,"
            " 0, '{}', '')",
            (f"c{ticket}", ticket, NOW),
        )
        db.commit()


def test_a_clean_exit_leaves_no_mark_and_nothing_to_tell(home: Home) -> None:
    with Databases.open(home, now=NOW):
        assert len(marks(home)) == 1
        assert marks(home)[0].startswith(f"{os.getpid()}-")
    assert marks(home) == []
    with Databases.open(home, now=NOW) as databases:
        assert databases.notes == []


def test_a_process_that_lives_is_no_unclean_exit(home: Home) -> None:
    with process(home), Databases.open(home, now=NOW) as databases:
        assert databases.notes == []
        assert len(marks(home)) == 2


def test_a_killed_process_is_known_once(home: Home) -> None:
    with process(home) as child:
        child.kill()
        child.wait(10)
        assert len(marks(home)) == 1
        with Databases.open(home, now=NOW) as databases:
            (said,) = databases.notes
            assert "did not end as it should" in said
            assert "checked and are sound" in said
            assert len(marks(home)) == 1, "its own"
    with Databases.open(home, now=NOW) as databases:
        assert databases.notes == []


def test_after_a_kill_a_cache_that_is_damaged_deep_inside_is_made_anew(home: Home) -> None:
    Databases.open(home, now=NOW).close()
    schema = home.cache.stat().st_size
    with Databases.open(home, now=NOW) as databases, databases.cache.begin() as db:
        rows = [("acme", "closed", f"status {number}") for number in range(3000)]
        db.exec_driver_sql("INSERT INTO status_role VALUES (?, ?, ?)", rows)
    with process(home) as child:
        child.kill()
        child.wait(10)
    with home.cache.open("r+b") as file:
        file.seek(schema)
        file.write(b"\xff" * 20_000)
    with Databases.open(home, now=NOW) as databases:
        assert databases.cache_is_new
        assert "did not end as it should" in databases.notes[0]
        assert "cache.db.damaged-" in databases.notes[1]
        assert marks(home), "its own"
    assert list(home.cache.parent.glob("cache.db.damaged-*"))


def test_after_a_kill_a_journal_with_a_bad_index_is_refused_each_time(home: Home) -> None:
    Databases.open(home, now=NOW).close()
    a_change(home, "1")
    a_change(home, "2")
    with process(home) as child:
        child.kill()
        child.wait(10)
    spoil_index(home.journal)
    assert database_files.damage(home.journal) is None, "the quick check should not see it"
    before = home.journal.read_bytes()
    for _ in range(2):  # the mark stays until a check has passed
        with pytest.raises(JournalDamaged, match="change_by_ticket") as caught:
            Databases.open(home, now=NOW)
        assert "deskzero restore" in caught.value.hint
    assert home.journal.read_bytes() == before


def test_whoever_checks_is_alone_with_it(home: Home) -> None:
    with process(home) as child:
        child.kill()
        child.wait(10)
    first, second = running.enter(home), running.enter(home)
    assert (first.died, second.died) == (1, 0)
    first.leave()
    second.leave()
    third = running.enter(home)
    assert third.died == 1, "nobody has said that it was looked after"
    third.looked_after()
    third.leave()
    assert marks(home) == []


def test_the_living_are_counted(home: Home) -> None:
    with process(home), Databases.open(home, now=NOW), running.gate(home):
        assert running.others(home) == 2


def test_without_locks_every_opening_checks_and_works(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    Databases.open(home, now=NOW).close()
    a_change(home, "1")
    a_change(home, "2")
    spoil_index(home.journal)

    def no_locks(*_: object, **__: object) -> None:
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(FileLock, "acquire", no_locks)
    with pytest.raises(JournalDamaged):
        Databases.open(home, now=NOW)
    with closing(sqlite3.connect(home.journal)) as db:
        db.execute("REINDEX")
    Databases.open(home, now=NOW).close()
