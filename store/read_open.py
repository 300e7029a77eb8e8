"""One home's two databases, opened read-only, one connection a call (or one for several, `at_one_moment`): what every
reading stands on.

Needs the standard library's `sqlite3` alone, so that it may be imported before the first paint.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from store.database_problems import is_environment
from store.home import Home
from store.settings_records import Settings


class CacheUnreadable(Exception):
    """A database is there and cannot be read. `hint` says what to do."""

    def __init__(self, path: Path, error: sqlite3.Error) -> None:
        super().__init__(f"{path}: {error}")
        self.hint = "Run `deskzero sync`: a damaged cache is set aside and pulled again, the journal is kept."
        if is_environment(error):
            self.hint = "Check free space and rights there, and whether another program holds the file."
        elif path.name == "journal.db":
            self.hint = (
                "It may hold changes not yet sent and is left as it is: `deskzero restore` lists its backups."
            )


class Opened:
    """Reads the databases of one home, for the connections of the settings and no others."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self._held = threading.local()

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All that this thread reads within is of one moment of each database, so that numbers fit the rows beside
        them, and each database is opened once: that takes longer than most questions. Not for what waits in between:
        SQLite cannot fold its log into the file while somebody stands at an old moment."""
        if getattr(self._held, "connections", None) is not None:
            yield
            return
        connections: dict[Path, sqlite3.Connection] = {}
        self._held.connections = connections
        try:
            yield
        finally:
            self._held.connections = None
            for db in connections.values():
                db.close()

    def _names(self, connection: str | None) -> list[str]:
        names = list(self.settings.connections)
        return names if connection is None else [name for name in names if name == connection]

    @contextmanager
    def _cache(self) -> Iterator[sqlite3.Connection | None]:
        with self._opened(self.home.cache, "exception") as db:
            yield db

    @contextmanager
    def _journal(self, needed: str = "change") -> Iterator[sqlite3.Connection | None]:
        """`needed`: the table that is read; an older journal may not have it yet."""
        with self._opened(self.home.journal, needed) as db:
            yield db

    @contextmanager
    def _opened(self, path: Path, needed: str) -> Iterator[sqlite3.Connection | None]:
        """The database in one read transaction, or `None` where it (or its tables) is not there yet."""
        held: dict[Path, sqlite3.Connection] | None = getattr(self._held, "connections", None)
        known = held.get(path) if held is not None else None
        if known is None and not path.exists():
            yield None
            return
        try:
            db = known or begun(path)
            if held is not None:
                held[path] = db
            with nullcontext(db) if held is not None else closing(db):
                there = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (needed,)).fetchone()
                yield db if there else None
        except sqlite3.DatabaseError as error:
            raise CacheUnreadable(path, error) from error


def begun(path: Path) -> sqlite3.Connection:
    """A read transaction. On a disk that is full or read-only SQLite cannot make the -shm file that reading
    needs; where no -wal holds anything, nobody is writing and the file alone is all there is to read."""
    try:
        # `mode=ro` never creates the file; a writer in another process does not hold us up (WAL).
        return _begin(f"{path.as_uri()}?mode=ro")
    except sqlite3.OperationalError as error:
        wal = path.with_name(f"{path.name}-wal")
        if not is_environment(error) or (wal.exists() and wal.stat().st_size):
            raise
        return _begin(f"{path.as_uri()}?mode=ro&immutable=1")


def _begin(address: str) -> sqlite3.Connection:
    db = sqlite3.connect(address, uri=True, timeout=10.0, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        db.close()
        raise
    return db
