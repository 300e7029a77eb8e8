"""Opens both databases: the cache, which may be made anew, and the journal, which is only ever migrated.

Everything that writes goes through the two SQLAlchemy engines of `Databases`. A transaction begins with
`BEGIN IMMEDIATE`, so there is one writer at a time and none fails half way for lack of the lock; the
`…_reads` engines begin without it. Engines may be used from any thread.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateIndex, CreateTable

from store import migrations
from store.home import Home
from store.models import CacheTable, views

log = logging.getLogger(__name__)

BUSY = 15.0
"""Seconds that a writer waits for another one (another process's sync writes pages of a second at most)."""

CACHE_INDEXES = (
    "CREATE INDEX ticket_in_queue ON ticket (connection) WHERE in_scope",
    "CREATE INDEX ticket_by_number ON ticket (connection, number)",
    "CREATE INDEX ticket_by_company ON ticket (connection, company_id)",
    "CREATE INDEX ticket_by_parent ON ticket (connection, parent_id) WHERE parent_id IS NOT NULL",
    # All that the rules read of a note: without it each evaluation goes through the texts of all mails.
    "CREATE INDEX note_in_order ON note (connection, ticket_id, order_at, order_rank, note_sort, note_id,"
    " speaker, public, seen, created_at, author)",
    "CREATE INDEX time_by_ticket ON time_entry (connection, ticket_id)",
    "CREATE INDEX time_overlay_by_ticket ON time_overlay (connection, ticket_id)",
    "CREATE INDEX parent_by_parent ON ticket_parent (connection, parent_id, ticket_id)",
    "CREATE INDEX exception_by_ticket ON exception (connection, ticket_id)",
    "CREATE INDEX exception_in_pane ON exception (kind, gate, since)",
    "CREATE INDEX reason_by_ticket ON reason (connection, ticket_id)",
)


class DatabaseProblem(Exception):
    """A database cannot be used. `str()` says which and why, `hint` says what to do."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class DatabaseTooNew(DatabaseProblem):
    """The journal was written by a newer deskzero. It is left as it is."""


class JournalDamaged(DatabaseProblem):
    """The journal cannot be read. It is left as it is: it holds what cannot be pulled again."""


class CacheReplaced(DatabaseProblem):
    """The cache was damaged and has just been made anew: what was under way has to be done again."""


class Databases:
    """Both databases of one home, open. Close it when done."""

    def __init__(self, home: Home, notes: list[str], cache_is_new: bool) -> None:
        self.home = home
        self.notes = notes
        """Sentences on what was found and done while opening, for the screen and `doctor`."""
        self.cache_is_new = cache_is_new
        """The cache was made by this opening: overlays must be laid again, a full pull is due."""
        self.renewals = 0
        """How often the cache was made anew since: a round that began before must not publish."""
        self._cache_file = _identity(home.cache)
        self.cache = _engine(home.cache, synchronous="NORMAL")
        self.journal = _engine(home.journal, synchronous="FULL")
        self.cache_reads = self.cache.execution_options(reads=True)
        self.journal_reads = self.journal.execution_options(reads=True)

    @classmethod
    def open(cls, home: Home, *, now: int | None = None) -> Databases:
        """Creates, migrates or mends what is there. `now` (UTC seconds) names files that are set aside.

        Raises `DatabaseTooNew`, `JournalDamaged`, or `DatabaseProblem` where a file cannot be opened.
        """
        now = int(time.time()) if now is None else now
        notes: list[str] = []
        try:
            home.make()
            _prepare_journal(home.journal, now, notes)
            fresh = _prepare_cache(home.cache, now, notes)
        except (OSError, sqlite3.OperationalError) as error:
            raise DatabaseProblem(
                f"Cannot open the databases in {home.cache.parent} and {home.journal.parent}: {error}",
                hint="Check that the folders exist, that you may write there and that the disk is not full.",
            ) from error
        return cls(home, notes, fresh)

    def close(self) -> None:
        """Closes all connections of both engines."""
        self.cache.dispose()
        self.journal.dispose()

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def renew_cache(self, now: int) -> str:
        """Sets a damaged cache aside and makes a new one; the sentence that says so. The journal stays."""
        self.cache.dispose()
        notes: list[str] = []
        try:
            _set_aside(self.home.cache, now, notes)
            _prepare_cache(self.home.cache, now, notes)
        except OSError as error:
            raise DatabaseProblem(
                f"The cache {self.home.cache} is damaged and cannot be set aside: {error}",
                hint="Close every other deskzero, then start it again.",
            ) from error
        self.notes += notes
        self.cache_is_new = True
        self.renewals += 1
        self._cache_file = _identity(self.home.cache)
        return notes[0]

    def follow(self, now: int) -> None:
        """Lets go of a cache file that another process has set aside, and opens the one in its place."""
        if _identity(self.home.cache) == self._cache_file:
            return
        self.cache.dispose()
        self.cache_is_new |= _prepare_cache(self.home.cache, now, self.notes)
        self.renewals += 1
        self._cache_file = _identity(self.home.cache)


@contextmanager
def explained(databases: Databases, now: int) -> Iterator[None]:
    """Turns "the file is damaged", met in the middle of work, into `JournalDamaged` or `CacheReplaced`."""
    try:
        yield
    except DatabaseError as error:
        if not is_damage(error.orig):
            if is_environment(error.orig):
                raise DatabaseProblem(
                    f"The databases of {databases.home.cache.parent} cannot be written: {error.orig}.",
                    hint="Check free space and rights there, and whether another program holds the files.",
                ) from error
            raise
        if _damaged(databases.home.journal):
            raise _journal_damaged(databases.home.journal, str(error.orig)) from error
        said = databases.renew_cache(now)
        raise CacheReplaced(said, hint="Run `deskzero sync` to pull everything again.") from error


def is_damage(error: BaseException | None) -> bool:
    """Whether SQLite says that the file itself is broken (and not that it is busy, full or read-only)."""
    text = str(error).lower()
    return isinstance(error, sqlite3.DatabaseError) and (
        "malformed" in text or "not a database" in text or "file is encrypted" in text
    )


def is_environment(error: BaseException | None) -> bool:
    """Whether the disk, its rights or another program is in the way, and not our SQL."""
    text = str(error).lower()
    signs = ("disk is full", "disk i/o", "locked", "readonly", "unable to open")
    return isinstance(error, sqlite3.OperationalError) and any(sign in text for sign in signs)


def cache_version() -> int:
    """A number that changes whenever the cache's tables, indexes or views do. Never 0."""
    return (zlib.crc32("\n".join(_cache_ddl()).encode()) & 0x7FFFFFFF) or 1


# ---------------------------------------------------------------- engines


def _engine(path: Path, *, synchronous: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # No transactions of the driver's own: the "begin" event below says which kind.
        connect_args={"timeout": BUSY, "isolation_level": None, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        _pragmas(connection, synchronous)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _pragmas(connection: sqlite3.Connection, synchronous: str) -> None:
    for pragma in (
        f"busy_timeout = {int(BUSY * 1000)}",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _open(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    """A plain connection for creating and migrating; the file is its owner's alone from the first byte."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    elif os.name == "posix":
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    try:
        _pragmas(connection, synchronous)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _damaged(path: Path) -> str | None:
    """What SQLite finds wrong with the file, or nothing."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(path, timeout=BUSY)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    return None if said == "ok" else str(said).replace("\n", " ")


# ---------------------------------------------------------------- the journal


def _prepare_journal(path: Path, now: int, notes: list[str]) -> None:
    # The journal is small and dear: it is checked at every opening (1,000 changes: 2 ms).
    if problem := _damaged(path):
        raise _journal_damaged(path, problem)
    known = len(migrations.MIGRATIONS)
    with closing(_open(path)) as connection:
        found = _version(connection)
        if found > known:
            raise DatabaseTooNew(
                f"{path} was written by a newer deskzero (its version is {found}, this one knows {known}).",
                hint="Update deskzero, or choose another folder with --home. Nothing was changed.",
            )
        if found == known:
            return
        with _transaction(connection):
            found = _version(connection)  # another process may have been faster
            if found:
                notes.append(
                    f"The journal was brought up to date; a copy is in {_back_up(path, found, now)}."
                )
        for number in range(found + 1, known + 1):
            with _transaction(connection):
                if _version(connection) >= number:
                    continue
                for statement in migrations.MIGRATIONS[number - 1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def _back_up(path: Path, version: int, now: int) -> Path:
    copy = path.with_name(f"{path.name}.version-{version}-{_stamp(now)}")
    os.close(os.open(copy, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(path, timeout=BUSY)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _journal_damaged(path: Path, problem: str) -> JournalDamaged:
    return JournalDamaged(
        f"The journal {path} is damaged: {problem}.",
        hint="It holds changes not yet sent, so it is left as it is. Put back a backup, or move the file "
        "(with its -wal and -shm files) away to start with an empty one.",
    )


# ---------------------------------------------------------------- the cache


def _cache_ddl() -> list[str]:
    """Everything that makes an empty cache, in order."""
    sql: list[str] = []
    for table in CacheTable.metadata.sorted_tables:
        sql.append(str(CreateTable(table).compile(dialect=dialect.dialect())).strip())
        sql += sorted(str(CreateIndex(index).compile(dialect=dialect.dialect())) for index in table.indexes)
    sql += CACHE_INDEXES
    sql += [f"CREATE VIEW {name} AS {select}" for name, select in views().items()]
    return sql


def _prepare_cache(path: Path, now: int, notes: list[str]) -> bool:
    """Makes the cache if there is none, or if it is of another version or damaged. True: it is new."""
    wanted = cache_version()
    for _ in range(2):
        try:
            with closing(_open(path, "NORMAL")) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                found = _version(connection)
                if found == wanted:
                    return False
                if found:
                    notes.append("The cache was of another version of deskzero; everything is pulled again.")
                _rebuild(connection, wanted)
                return True
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            _set_aside(path, now, notes)
    raise DatabaseProblem(
        f"The cache {path} cannot be made: it is damaged again as soon as it is written.",
        hint="Check the disk, or choose another folder with --home.",
    )


def _rebuild(connection: sqlite3.Connection, version: int) -> None:
    """Drops what is there and creates all tables, in one transaction: a crash leaves the one or the other."""
    with _transaction(connection):
        if _version(connection) == version:
            return  # another process has just done it
        old = connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table')"
            " AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table'"
        ).fetchall()
        for kind, name in old:
            quoted = name.replace('"', '""')
            connection.execute(f'DROP {kind} "{quoted}"')
        for statement in _cache_ddl():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")


def _set_aside(path: Path, now: int, notes: list[str]) -> None:
    aside = path.with_name(f"{path.name}.damaged-{_stamp(now)}")
    path.replace(aside)
    for tail in ("-wal", "-shm"):  # they belong to the file that is gone
        path.with_name(path.name + tail).unlink(missing_ok=True)
    said = f"The cache was damaged: it is now {aside.name}, and everything is pulled again."
    log.warning("%s", said)
    notes.append(said)


def _stamp(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
