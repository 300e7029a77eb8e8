"""Removes what the databases hold of one connection (`deskzero disconnect`)."""

from __future__ import annotations

from store import audit
from store.cache_upkeep import forget
from store.changes import OPEN_STATES
from store.database import Databases
from store.models import JournalTable


def open_changes(databases: Databases, connection: str) -> int:
    """How many changes of the connection still wait for something."""
    marks = ", ".join("?" for _ in OPEN_STATES)
    with databases.journal_reads.begin() as db:
        query = f"SELECT count(*) FROM change WHERE connection = ? AND state IN ({marks})"
        return int(db.exec_driver_sql(query, (connection, *OPEN_STATES)).scalar_one())


def forget_cache(databases: Databases, connection: str) -> int:
    """Deletes the connection's rows from the cache; how many tickets these were."""
    with databases.cache.begin() as db:
        tickets = db.exec_driver_sql("SELECT count(*) FROM ticket WHERE connection = ?", (connection,))
        count = int(tickets.scalar_one())
        forget(db, connection)
    return count


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
        for table in JournalTable.metadata.sorted_tables:
            if "connection" in table.c and table.name != "audit":
                done = db.exec_driver_sql(f'DELETE FROM "{table.name}" WHERE connection = ?', (connection,))
                changes += done.rowcount if table.name == "change" else 0
    return changes
