"""What every reading of the databases stands on: one home, its two databases opened read-only, one connection a call.

Needs the standard library's `sqlite3` and msgspec alone, so that it may be imported before the first paint.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from store.database_problems import is_environment
from store.home import Home
from store.promises import Promises
from store.read_rows import Lists
from store.read_select import Selection
from store.settings import Settings
from store.snoozes import Hidden, Snooze, in_force, kept


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


class ReadingBase:
    """Reads the databases of one home, for the connections of the settings and no others.

    `clock` (UTC seconds) is what "today" in sentences and agreements goes by. `suggests`: rows come
    with what one key would do to them, which costs a look at the cache's history after each round. `hides`: lists and
    numbers leave out what was hidden for a while.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        *,
        suggests: bool = False,
        hides: bool = False,
    ) -> None:
        self.home = home
        self.settings = settings
        self.clock = clock
        self._hides = hides
        self._promises = Promises(settings, clock) if suggests else None

    def _names(self, connection: str | None) -> list[str]:
        names = list(self.settings.connections)
        return names if connection is None else [name for name in names if name == connection]

    def _lists(self, db: sqlite3.Connection, names: Sequence[str]) -> Lists:
        """For tickets that are known by name: nothing is looked up of what is hidden."""
        return self._lists_of(db, names, ())

    def _chosen(self, db: sqlite3.Connection, names: Sequence[str]) -> Lists:
        """For lists and numbers, without what is hidden for a while."""
        return self._lists_of(db, names, self._hidden(db))

    def _lists_of(self, db: sqlite3.Connection, names: Sequence[str], hidden: Collection[Hidden]) -> Lists:
        zone, now = ZoneInfo(self.settings.timezone), int(self.clock())
        hours = {name: one.hours for name, one in self.settings.connections.items()}
        days = self.settings.billing_overdue_days
        return Lists(db, names, zone, now, self._promises, hidden, hours=hours, overdue_days=days)

    def _whole(self, db: sqlite3.Connection, names: Sequence[str]) -> Selection:
        """What the lists would be chosen from if nothing were hidden."""
        return Selection(db, names, int(self.clock()))

    def _hidden(self, db: sqlite3.Connection | None) -> list[Hidden]:
        if not self._hides or db is None:
            return []
        return [(one.kind, one.connection, one.ticket_id) for one in self._snoozed(db)]

    def _snoozed(self, db: sqlite3.Connection) -> list[Snooze]:
        with self._journal("snooze") as journal:
            return [] if journal is None else in_force(db, kept(journal, now=int(self.clock())))

    @contextmanager
    def _cache(self) -> Iterator[sqlite3.Connection | None]:
        with _opened(self.home.cache, "exception") as db:
            yield db

    @contextmanager
    def _journal(self, needed: str = "change") -> Iterator[sqlite3.Connection | None]:
        """`needed`: the table that is read; an older journal may not have it yet."""
        with _opened(self.home.journal, needed) as db:
            yield db


@contextmanager
def _opened(path: Path, needed: str) -> Iterator[sqlite3.Connection | None]:
    """The database in one read transaction, or `None` where it (or its tables) is not there yet."""
    if not path.exists():
        yield None
        return
    try:
        with closing(begun(path)) as db:
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
