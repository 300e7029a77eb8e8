"""Removes what the databases hold of one connection (`deskzero disconnect`)."""

from __future__ import annotations

import shutil
from pathlib import Path

from store import audit
from store import database_files as files
from store.cache_upkeep import forget
from store.changes import OPEN_STATES
from store.database import Databases
from store.home import Home
from store.journal_backup import keep_backup, names
from store.journal_models import JournalTable
from store.retention import set_aside, strip_ended


def open_changes(databases: Databases, connection: str) -> int:
    """How many changes of the connection still wait for something."""
    marks = ", ".join("?" for _ in OPEN_STATES)
    with databases.journal_reads.begin() as db:
        query = f"SELECT count(*) FROM change WHERE connection = ? AND state IN ({marks})"
        return int(db.exec_driver_sql(query, (connection, *OPEN_STATES)).scalar_one())


def forget_cache(databases: Databases, connection: str) -> int:
    """Deletes the connection's rows from the cache; how many tickets these were."""
    for path, _ in set_aside(databases.home):  # it holds the connection's tickets too
        path.unlink(missing_ok=True)
    remove_baseline(databases.home)
    with databases.cache.begin() as db:
        tickets = db.exec_driver_sql("SELECT count(*) FROM ticket WHERE connection = ?", (connection,))
        count = int(tickets.scalar_one())
        forget(db, connection)
    with databases.journal.begin() as db:
        strip_ended(db, connection, left=True)
    _for_certain(databases)
    return count


def remove_baseline(home: Home) -> None:
    """Removes what `deskzero baseline` has pulled, of every connection. Raises `OSError`."""
    folder = home.baseline.cache.parent
    if folder.exists():
        shutil.rmtree(folder)


def forget_journal(databases: Databases, connection: str) -> int:
    """Deletes the connection's rows from the journal; how many changes these were.

    Of the audit log only what its entries say is removed: that something was done, when and by whom, stays, and
    so does the chain.
    """
    with databases.journal.begin() as db:
        db.exec_driver_sql(
            "DELETE FROM step WHERE change IN (SELECT change FROM change WHERE connection = ?)", (connection,)
        )
        changes = 0
        audit.forget(db, connection)
        # A signed day may name tickets of several connections: only this one's go.
        db.exec_driver_sql(
            "UPDATE sign_off SET left_rows = (SELECT json_group_array(json(value)) FROM json_each(left_rows)"
            " WHERE json_extract(value, '$[0]') <> ?)",
            (connection,),
        )
        # Sentences and reasons may be about any connection: as in the audit log, when and by whom stays.
        db.exec_driver_sql("UPDATE sign_off SET doubts = '[]'")
        db.exec_driver_sql("UPDATE gate_override SET why = '[]', reason = ''")
        for table in JournalTable.metadata.sorted_tables:
            if "connection" in table.c and table.name != "audit":
                done = db.exec_driver_sql(f'DELETE FROM "{table.name}" WHERE connection = ?', (connection,))
                changes += done.rowcount if table.name == "change" else 0
    _for_certain(databases)
    return changes


def copies(home: Home) -> list[Path]:
    """Files that hold the journal as it once was: backups, and journals set aside by a restore."""
    aside = home.journal.parent.glob(f"{home.journal.name}.replaced-*")
    return [path for _, path in names(home)] + sorted(aside)


def forget_copies(databases: Databases, now: int) -> int:
    """Removes every copy of the journal and makes a backup of it as it is now; how many files went.

    Raises `OSError`, `BackupFailed`.
    """
    gone = copies(databases.home)
    for path in gone:
        path.unlink(missing_ok=True)
    keep_backup(databases.home, now)
    return len(gone)


def _for_certain(databases: Databases) -> None:
    """Deleted rows stand in the -wal until it is emptied."""
    for engine, path in (
        (databases.cache, databases.home.cache),
        (databases.journal, databases.home.journal),
    ):
        engine.dispose()
        files.empty_wal(path)
