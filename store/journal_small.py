"""Small things of the journal that the screen keeps by itself, without the engine: drafts, snoozes, timers.

Needs the standard library's `sqlite3` alone. Each writing is a transaction of its own and on disk when it ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from store.database_problems import cannot_write, is_environment
from store.home import Home


@contextmanager
def writing(home: Home) -> Iterator[sqlite3.Connection]:
    """One transaction. Raises `CannotWrite` (a full disk) or `sqlite3.Error` when it could not be kept."""
    try:
        with closing(_open(home)) as journal, journal:
            yield journal
    except sqlite3.OperationalError as error:
        if is_environment(error):
            raise cannot_write(home.journal, error) from error
        raise


@contextmanager
def reading(home: Home, table: str) -> Iterator[sqlite3.Connection | None]:
    """The journal to read `table` from; `None`: there is none yet, or one of an earlier version without it."""
    if not home.journal.exists():
        yield None
        return
    with closing(_open(home)) as journal:
        yield journal if has(journal, table) else None


def has(journal: sqlite3.Connection, table: str) -> bool:
    """Whether the journal has this table already: an older one gets it when the engine opens it."""
    return journal.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _open(home: Home) -> sqlite3.Connection:
    journal = sqlite3.connect(home.journal, timeout=10.0)
    journal.execute("PRAGMA synchronous = FULL")
    journal.execute("PRAGMA secure_delete = ON")
    return journal
