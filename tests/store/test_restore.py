"""A backup put back: what is kept, what is refused, what a crash leaves, and that nothing goes out by itself."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import audit, migrations
from store import database_files as files
from store import restore as module
from store.changes import OPEN_STATES
from store.database import DatabaseProblem, Databases, JournalDamaged, RestoreInterrupted
from store.home import Home
from store.lock import take_lock
from store.restore import backups, find, restore
from store.settings import Settings
from tests.store.conftest import NOW
from tests.store.test_journal_backup import APART, write
from tests.store.test_running import process

NOTHING = Settings()


def plant(home: Home) -> None:
    """A change of each open state, each with a step that makes a note and one that sets a field."""
    with closing(sqlite3.connect(home.journal)) as db:
        for number, state in enumerate((*OPEN_STATES, "confirmed", "undone", "dropped"), 1):
            db.execute(
                "INSERT INTO change (change, seq, connection, ticket_id, number, verb, fix, ticket, state, created_at,"
                " due_at, next_try_at, attempts, wrote, detail, summary)"
                " VALUES (?, ?, 'acme', ?, '1', 'note', '{}', '{}', ?, ?, 5, 6, 0, 0, '{\"note\": 1}', '')",
                (state, number, str(number), state, NOW),
            )
            over = state in ("confirmed", "undone", "dropped")
            for position, (step, at) in enumerate(
                (('{"creates": "note"}', "waiting"), ('{"sets": {}}', "waiting"))
            ):
                db.execute(
                    "INSERT INTO step (change, position, step, state, attempts, absent) VALUES (?, ?, ?, ?, 0, 1)",
                    (state, position, step, "done" if over else at),
                )
        db.commit()


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def crash_with_a_wal(home: Home, words: str) -> None:
    """The journal as a crash leaves it: its last words stand in the -wal alone."""
    with Databases.open(home, now=NOW + APART) as databases:
        with databases.journal.begin() as db:
            db.exec_driver_sql("UPDATE draft SET text = ?", (words,))
        for tail in files.TAILS:
            source = home.journal.with_name(home.journal.name + tail)
            shutil.copy(source, source.with_name(f"kept{tail}"))
    for tail in files.TAILS:
        home.journal.with_name(f"kept{tail}").replace(home.journal.with_name(home.journal.name + tail))


def test_what_was_open_waits_for_a_person_and_looks_first(home: Home) -> None:
    write(home, "before")
    plant(home)
    write(home, "in the backup", NOW + APART)
    with closing(sqlite3.connect(home.journal)) as db:
        db.execute(
            "UPDATE step SET baseline = '{\"notes\": [\"7\"]}', state = 'sending' WHERE change = 'sending'"
        )
        db.commit()
    Databases.open(home, now=NOW + 2 * APART).close()
    write(home, "after it", NOW + 2 * APART + 1)

    done = restore(home, find(home, "newest"), NOTHING, now=NOW + 4 * APART)
    assert (done.uncertain, done.drafts) == (len(OPEN_STATES), 1)
    assert rows(home.journal, "SELECT text FROM draft") == [("in the backup",)]
    found = rows(home.journal, "SELECT change, state, due_at, next_try_at, detail, error, hint FROM change")
    for change, state, due, again, detail, error, hint in found:
        if change not in OPEN_STATES:
            assert state == change
            continue
        assert (state, due, again, detail) == ("uncertain", None, None, "{}")
        assert "2026-11-20 14:20 UTC" in error
        assert "not known" in error
        assert f"--retry {change}" in hint
    steps = rows(home.journal, "SELECT change, attempts, baseline, state FROM step WHERE position = 0")
    for change, attempts, baseline, state in steps:
        if change in OPEN_STATES:
            assert (attempts, state) == (1, "waiting")
            assert baseline == ('{"notes": ["7"]}' if change == "sending" else '{"notes": [], "times": []}')
        else:
            assert (attempts, baseline, state) == (0, None, "done")
    assert {one[0] for one in rows(home.journal, "SELECT attempts FROM step WHERE position = 1")} == {0}
    told = list(audit.entries(home.journal))
    assert [entry.event for entry in told] == ["restored"] + ["uncertain"] * (len(OPEN_STATES) - 1)
    assert told[0].data["uncertain"] == len(OPEN_STATES)
    assert audit.verify(home.journal).problems == ()


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        write(home, "in the backup")
        write(home, "after it", NOW + APART)
    done = restore(home, find(home, "newest"), NOTHING, now=NOW + 2 * APART)
    assert done.drafts == 1
    assert [entry.event for entry in audit.entries(home.journal)] == ["restored"]


def test_the_journal_that_was_there_is_set_aside_whole(home: Home) -> None:
    write(home, "first")
    crash_with_a_wal(home, "in the wal")
    done = restore(home, find(home, "newest"), NOTHING, now=NOW + 2 * APART)
    assert done.aside == "journal.db.replaced-20261120T142000Z"
    assert rows(home.journal.with_name(done.aside), "SELECT text FROM draft") == [("in the wal",)]
    assert rows(home.journal, "SELECT text FROM draft") == [("first",)]
    assert not home.restoring.exists()
    again = restore(home, find(home, "newest"), NOTHING, now=NOW + 2 * APART)
    assert again.aside == "journal.db.replaced-20261120T142000Z-1", "nothing is written over"


@pytest.mark.parametrize("damage", ["torn", "gone", "zeroes"])
def test_the_way_back_from_a_damaged_journal(home: Home, damage: str) -> None:
    write(home, "kept")
    Databases.open(home, now=NOW + APART).close()
    whole = home.journal.read_bytes()
    if damage == "gone":
        home.journal.unlink()
    else:
        home.journal.write_bytes(whole[:100] + b"\xff" * 9000 if damage == "torn" else b"\0" * 40_000)
        with pytest.raises(JournalDamaged) as caught:
            Databases.open(home, now=NOW + 2 * APART)
        assert "deskzero restore" in caught.value.hint
    broken = None if damage == "gone" else home.journal.read_bytes()
    done = restore(home, find(home, "newest"), NOTHING, now=NOW + 2 * APART)
    if broken is not None:
        assert done.aside is not None
        assert home.journal.with_name(done.aside).read_bytes() == broken
    with Databases.open(home, now=NOW + 3 * APART) as databases, databases.journal_reads.begin() as db:
        assert db.exec_driver_sql("SELECT text FROM draft").scalar_one() == "kept"


def test_a_deskzero_that_runs_is_a_refusal(home: Home) -> None:
    write(home, "kept")
    before = home.journal.read_bytes()
    with process(home), pytest.raises(DatabaseProblem, match="Another deskzero"):
        restore(home, find(home, "newest"), NOTHING, now=NOW + APART)
    lock = take_lock(home)
    assert lock is not None
    with pytest.raises(DatabaseProblem, match="Another deskzero"):
        restore(home, find(home, "newest"), NOTHING, now=NOW + APART)
    lock.release()
    assert home.journal.read_bytes() == before
    with process(home) as child:
        child.kill()
        child.wait(10)
        restore(home, find(home, "newest"), NOTHING, now=NOW + APART)


@pytest.mark.parametrize("stops_at", [1, 2, 3, 4, 5, 6])
def test_a_crash_in_the_middle_never_begins_an_empty_journal(
    home: Home, stops_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each of the moments at which the files change names."""
    write(home, "kept")
    crash_with_a_wal(home, "lost unless it was set aside")
    calls = 0

    class Killed(BaseException):
        pass

    def counting(work: Any) -> Any:
        def one(path: Path, *arguments: Any, **more: Any) -> Any:
            nonlocal calls
            if path.name.startswith("journal.db") and not more:
                calls += 1
                if calls == stops_at:
                    raise Killed
            return work(path, *arguments, **more)

        return one

    found = find(home, "newest")
    for name in ("rename", "replace", "unlink"):
        monkeypatch.setattr(Path, name, counting(getattr(Path, name)))
    try:
        restore(home, found, NOTHING, now=NOW + 2 * APART)
    except Killed:
        crashed = True
    else:
        crashed = False
    monkeypatch.undo()
    assert crashed, "there are so many moments"
    if home.restoring.exists():
        with pytest.raises(RestoreInterrupted) as caught:
            Databases.open(home, now=NOW + 3 * APART)
        assert "deskzero restore" in caught.value.hint
        restore(home, find(home, "newest"), NOTHING, now=NOW + 3 * APART)
    lost = "lost unless it was set aside"
    with Databases.open(home, now=NOW + 3 * APART) as databases, databases.journal_reads.begin() as db:
        text = db.exec_driver_sql("SELECT text FROM draft").scalar_one()
    tails = ("-wal", "-shm")
    asides = [
        path for path in home.journal.parent.glob("journal.db.replaced-*") if not path.name.endswith(tails)
    ]
    if stops_at == 1:
        assert (text, asides) == (lost, []), "nothing had begun"
    else:
        assert text == "kept"
        assert rows(min(asides), "SELECT text FROM draft") == [(lost,)], "together with its -wal"


def test_what_cannot_be_put_back_is_refused_and_changes_nothing(home: Home, tmp_path: Path) -> None:
    write(home, "kept")
    before = home.journal.read_bytes()
    newest = find(home, "newest")
    with closing(sqlite3.connect(newest.path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(DatabaseProblem, match="version 99"):
        restore(home, find(home, newest.path.name), NOTHING, now=NOW)
    newest.path.write_bytes(b"no database" * 900)
    assert backups(home)[0].problem
    for name in (newest.path.name, newest.path.stem, str(newest.path), newest.path.name[8:16]):
        with pytest.raises(DatabaseProblem, match="damaged"):
            restore(home, find(home, name), NOTHING, now=NOW)
    with pytest.raises(DatabaseProblem, match="no sound backup"):
        find(home, "newest")
    with pytest.raises(DatabaseProblem, match='no backup "never"'):
        find(home, "never")
    assert home.journal.read_bytes() == before
    assert not home.restoring.exists()


def test_a_full_disk_leaves_everything_as_it_was(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "kept")
    before = home.journal.read_bytes()
    connect = sqlite3.connect

    def small(path: object, *arguments: object, **more: object) -> sqlite3.Connection:
        db = connect(path, *arguments, **more)  # type: ignore[call-overload]
        if ".new-" in str(path):
            db.execute("PRAGMA max_page_count = 2")
        return db  # type: ignore[no-any-return]

    monkeypatch.setattr(module.sqlite3, "connect", small)
    with pytest.raises(DatabaseProblem, match="disk is full"):
        restore(home, find(home, "newest"), NOTHING, now=NOW + APART)
    monkeypatch.undo()
    assert home.journal.read_bytes() == before
    assert not list(home.journal.parent.glob("*.new-*"))
    assert not home.restoring.exists()
    Databases.open(home, now=NOW + APART).close()
