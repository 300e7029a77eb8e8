"""Both databases: made, migrated, mended, refused; and who may write when."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from store import database, database_files, migrations
from store.database import CacheReplaced, Databases, DatabaseTooNew, JournalDamaged, explained
from store.home import Home
from store.journal_models import JournalTable
from store.views import views
from tests.store.conftest import NOW


def pragma(engine: database.Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_both_are_made_with_their_pragmas(databases: Databases, home: Home) -> None:
    assert databases.cache_is_new
    for engine, synchronous in ((databases.cache, 1), (databases.journal, 2)):  # NORMAL, FULL
        assert pragma(engine, "journal_mode") == "wal"
        assert pragma(engine, "synchronous") == synchronous
        assert pragma(engine, "foreign_keys") == 1
        assert pragma(engine, "busy_timeout") == database_files.BUSY * 1000
        assert pragma(engine, "secure_delete") == 1
    if os.name == "posix":
        with databases.cache.begin() as connection:  # so that -wal and -shm exist
            connection.execute(text("INSERT INTO status_role VALUES ('acme', 'closed', 'done')"))
        files = [path for path in home.cache.parent.iterdir() if ".db" in path.name]
        assert len(files) >= 4
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_the_views_can_be_read(databases: Databases) -> None:
    with databases.cache_reads.connect() as connection:
        for view in views():
            assert connection.execute(text(f"SELECT count(*) FROM {view}")).scalar_one() == 0


def test_opening_again_keeps_what_is_there(databases: Databases, home: Home) -> None:
    with databases.cache.begin() as connection:
        connection.execute(text("INSERT INTO status_role VALUES ('acme', 'closed', 'done')"))
    databases.close()
    with Databases.open(home, now=NOW) as again, again.cache_reads.connect() as connection:
        assert not again.cache_is_new
        assert again.notes == []
        assert connection.execute(text("SELECT status FROM status_role")).scalar_one() == "done"


def test_a_writer_has_the_lock_from_the_beginning_and_readers_go_on(databases: Databases) -> None:
    order: list[str] = []

    def second() -> None:
        with databases.cache.begin() as connection:
            order.append("second")
            connection.execute(text("INSERT INTO status_role VALUES ('b', 'closed', 'x')"))

    with databases.cache.begin() as first:
        thread = threading.Thread(target=second)
        thread.start()
        with databases.cache_reads.connect() as reader:
            assert reader.execute(text("SELECT count(*) FROM status_role")).scalar_one() == 0
        first.execute(text("INSERT INTO status_role VALUES ('a', 'closed', 'x')"))
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


# ---------------------------------------------------------------- the cache may be thrown away


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_bytes(b"<html>not a database at all</html>" * 300), id="text"),
        pytest.param(lambda path: path.write_bytes(b"\0" * 40_000), id="zeroes"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 9_000), id="torn"),
    ],
)
def test_a_damaged_cache_is_set_aside_and_made_anew(home: Home, spoil) -> None:
    Databases.open(home, now=NOW).close()
    spoil(home.cache)
    with Databases.open(home, now=NOW) as databases:
        assert databases.cache_is_new
        assert "cache.db.damaged-20261120T140000Z" in databases.notes[0]
        assert (home.cache.parent / "cache.db.damaged-20261120T140000Z").exists()
        with databases.cache.begin() as connection:
            connection.execute(text("INSERT INTO status_role VALUES ('acme', 'closed', 'done')"))


def test_damage_met_in_the_middle_of_work_makes_a_new_cache(home: Home) -> None:
    Databases.open(home, now=NOW).close()
    schema = home.cache.stat().st_size
    rows = [{"s": f"status {number}"} for number in range(3000)]
    with Databases.open(home, now=NOW) as databases, databases.cache.begin() as connection:
        connection.execute(text("INSERT INTO status_role VALUES ('acme', 'closed', :s)"), rows)
    size = home.cache.stat().st_size
    with home.cache.open("r+b") as file:  # leave the header and the schema, spoil the rows
        file.seek(schema)
        file.write(b"\xff" * (size - schema))
    with Databases.open(home, now=NOW) as databases:
        assert not databases.cache_is_new, "the damage should be deep enough not to be seen at once"
        with (
            pytest.raises(CacheReplaced, match="pulled again"),
            explained(databases, NOW),
            databases.cache.begin() as connection,
        ):
            connection.execute(text("SELECT * FROM status_role ORDER BY status DESC")).all()
            connection.execute(text("PRAGMA integrity_check")).all()
            connection.execute(text("DELETE FROM status_role"))
        with databases.cache_reads.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM status_role")).scalar_one() == 0


def test_other_errors_of_the_database_pass_through(databases: Databases) -> None:
    with (
        pytest.raises(DatabaseError, match="no such table"),
        explained(databases, NOW),
        databases.cache.begin() as connection,
    ):
        connection.execute(text("SELECT * FROM missing_table"))


def test_a_cache_of_another_version_is_rebuilt(home: Home) -> None:
    Databases.open(home, now=NOW).close()
    with closing(sqlite3.connect(home.cache)) as connection:
        connection.execute("CREATE TABLE of_another_time (x)")
        connection.execute("INSERT INTO status_role VALUES ('acme', 'closed', 'done')")
        connection.execute("PRAGMA user_version = 7")
        connection.commit()
    with Databases.open(home, now=NOW) as databases, databases.cache_reads.connect() as connection:
        assert databases.cache_is_new
        names = connection.execute(text("SELECT name FROM sqlite_master")).scalars().all()
        assert "of_another_time" not in names
        assert connection.execute(text("SELECT count(*) FROM status_role")).scalar_one() == 0


# ---------------------------------------------------------------- the journal may not


def columns(path: Path) -> dict[str, list[tuple[str, str, bool, bool]]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not row[0].startswith("sqlite_")
        ]
        return {
            name: sorted(
                (column, kind, bool(required), bool(key))
                for _, column, kind, required, _, key in connection.execute(f"PRAGMA table_info({name})")
            )
            for name in tables
        }


def test_the_migrations_end_at_the_models(databases: Databases, home: Home, tmp_path: Path) -> None:
    modelled = tmp_path / "models.db"
    engine = database.create_engine(f"sqlite:///{modelled}")
    JournalTable.metadata.create_all(engine)
    engine.dispose()
    assert columns(home.journal) == columns(modelled)


def test_a_migration_keeps_the_rows_and_leaves_a_backup(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with Databases.open(home, now=NOW) as databases, databases.journal.begin() as connection:
        connection.execute(text("INSERT INTO draft VALUES ('acme', '1', 'reply', 'dear customer', 5)"))
    second = ("ALTER TABLE draft ADD COLUMN mood VARCHAR", "UPDATE draft SET mood = 'calm'")
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, second))
    with Databases.open(home, now=NOW) as databases, databases.journal_reads.connect() as connection:
        assert connection.execute(text("SELECT text, mood FROM draft")).one() == ("dear customer", "calm")
        assert "copy" in databases.notes[0]
    before = len(migrations.MIGRATIONS) - 1
    backup = home.journal.parent / f"journal.db.version-{before}-20261120T140000Z"
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT * FROM draft").fetchone()[3] == "dear customer"
        assert connection.execute("PRAGMA user_version").fetchone()[0] == before
    if os.name == "posix":
        assert backup.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_fails_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    Databases.open(home, now=NOW).close()
    before = columns(home.journal)
    broken = ("ALTER TABLE draft ADD COLUMN mood VARCHAR", "UPDATE nowhere SET x = 1")
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    with pytest.raises(database.DatabaseProblem, match="no such table"):
        Databases.open(home, now=NOW)
    monkeypatch.undo()
    assert columns(home.journal) == before
    Databases.open(home, now=NOW).close()


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(home: Home) -> None:
    Databases.open(home, now=NOW).close()
    with closing(sqlite3.connect(home.journal)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = home.journal.read_bytes()
    with pytest.raises(DatabaseTooNew, match=r"journal\.db was written by a newer deskzero.*99") as caught:
        Databases.open(home, now=NOW)
    assert "Update deskzero" in caught.value.hint
    assert home.journal.read_bytes() == before


def test_a_damaged_journal_is_refused_and_left_alone(home: Home) -> None:
    Databases.open(home, now=NOW).close()
    home.journal.write_bytes(home.journal.read_bytes()[:100] + b"\xff" * 9_000)
    before = home.journal.read_bytes()
    with pytest.raises(JournalDamaged, match=r"journal\.db is damaged") as caught:
        Databases.open(home, now=NOW)
    assert "backup" in caught.value.hint
    assert home.journal.read_bytes() == before


def test_a_home_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(database.DatabaseProblem, match="Cannot open the databases") as caught:
        Databases.open(Home.at(tmp_path / "file" / "home"), now=NOW)
    assert caught.value.hint


def test_several_may_open_a_new_home_at_once(home: Home) -> None:
    opened: list[bool] = []

    def opens() -> None:
        with Databases.open(home, now=NOW) as databases:
            opened.append(databases.cache_is_new)

    threads = [threading.Thread(target=opens) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(opened) == 6
    with Databases.open(home, now=NOW) as databases:
        assert not databases.cache_is_new
