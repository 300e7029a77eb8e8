"""Opens both databases: the cache, which may be made anew, and the journal, which is only ever migrated.

Everything that writes goes through the two SQLAlchemy engines of `Databases`. A transaction begins with
`BEGIN IMMEDIATE`, so there is one writer at a time and none fails half way for lack of the lock; the
`…_reads` engines begin without it. Engines may be used from any thread.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateIndex, CreateTable

from store import database_files as files
from store import journal_backup, migrations, running
from store.cache_indexes import CACHE_INDEXES
from store.database_problems import (
    CacheReplaced,
    CannotWrite,
    DatabaseProblem,
    DatabaseTooNew,
    JournalDamaged,
    RestoreInterrupted,
    cannot_write,
    is_damage,
    is_environment,
    is_full,
)
from store.dirty import triggers
from store.home import Home
from store.models import CacheTable
from store.views import views

__all__ = [
    "CacheReplaced",
    "CannotWrite",
    "DatabaseProblem",
    "DatabaseTooNew",
    "Databases",
    "JournalDamaged",
    "RestoreInterrupted",
    "cache_version",
    "explained",
]

log = logging.getLogger(__name__)


class Databases:
    """Both databases of one home, open. Close it when done."""

    def __init__(
        self, home: Home, notes: list[str], cache_is_new: bool, presence: running.Presence | None = None
    ) -> None:
        self.home = home
        self._presence = presence
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
            presence = running.enter(home)
            try:
                fresh = _prepare(home, presence, now, notes)
            except BaseException:
                presence.leave()
                raise
        except (OSError, sqlite3.OperationalError) as error:
            if is_full(home.journal, error):
                raise cannot_write(home.journal, error) from error
            raise DatabaseProblem(
                f"Cannot open the databases in {home.cache.parent} and {home.journal.parent}: {error}",
                hint="Check that the folders exist, that you may write there and that the disk is not full.",
            ) from error
        return cls(home, notes, fresh, presence)

    def close(self) -> None:
        """Closes all connections of both engines, and says that this process ended with them as it should."""
        self.cache.dispose()
        self.journal.dispose()
        if self._presence is not None:
            self._presence.leave()

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
            raise
        if problem := files.damage(databases.home.journal):
            raise _journal_damaged(databases.home.journal, problem) from error
        said = databases.renew_cache(now)
        raise CacheReplaced(said, hint="Run `deskzero sync` to pull everything again.") from error


def cache_version() -> int:
    """A number that changes whenever the cache's tables, indexes or views do. Never 0."""
    return (zlib.crc32("\n".join(_cache_ddl()).encode()) & 0x7FFFFFFF) or 1


# ---------------------------------------------------------------- engines


def _engine(path: Path, *, synchronous: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # No transactions of the driver's own: the "begin" event below says which kind.
        connect_args={"timeout": files.BUSY, "isolation_level": None, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        files.pragmas(connection, synchronous)

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> Exception | None:
        # A full disk is told as one wherever it is met; SQLAlchemy's own error holds the statement's values.
        error = context.original_exception
        return cannot_write(path, error) if is_environment(error) else None

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


def _prepare(home: Home, presence: running.Presence, now: int, notes: list[str]) -> bool:
    """Checks, makes, migrates or mends both files; whether the cache is new."""
    if (between := home.restoring).exists():
        raise RestoreInterrupted(
            f"A backup of the journal was being put back and that did not end ({between}).",
            hint="Run `deskzero restore` with that backup again: nothing is sent or synced before.",
        )
    began = time.monotonic()
    unclean = presence.died > 0 or not presence.is_known
    _prepare_journal(home.journal, now, notes, thorough=unclean)
    before = len(notes)
    fresh = _prepare_cache(home.cache, now, notes, thorough=unclean)
    if presence.died:
        sound = (
            "both databases were checked and are sound" if len(notes) == before else "the journal is sound"
        )
        said = f"deskzero did not end as it should last time; {sound}."
        notes.insert(0, said)
        log.warning("%s (%d marks, %.1f s)", said, presence.died, time.monotonic() - began)
        presence.looked_after()
    try:
        journal_backup.keep_backup(home, now, unclean=presence.died > 0)
    except journal_backup.BackupFailed as error:
        log.warning("%s", error)
        notes.append(f"{error} Free some space, or check the folder {home.backups}.")
    return fresh


# ---------------------------------------------------------------- the journal


def _prepare_journal(path: Path, now: int, notes: list[str], *, thorough: bool) -> None:
    # The journal is small and dear: it is checked at every opening (1,000 changes: 2 ms).
    if problem := files.damage(path, thorough=thorough):
        raise _journal_damaged(path, problem)
    known = len(migrations.MIGRATIONS)
    with closing(files.open_plainly(path)) as connection:
        found = files.version(connection)
        if found > known:
            raise DatabaseTooNew(
                f"{path} was written by a newer deskzero (its version is {found}, this one knows {known}).",
                hint="Update deskzero, or choose another folder with --home. Nothing was changed.",
            )
        if found == known:
            return
        with files.transaction(connection):
            found = files.version(connection)  # another process may have been faster
            if found:
                notes.append(
                    f"The journal was brought up to date; a copy is in {_back_up(path, found, now)}."
                )
        migrations.migrate(connection)


def _back_up(path: Path, version: int, now: int) -> Path:
    copy = path.with_name(f"{path.name}.version-{version}-{files.stamp(now)}")
    copy.unlink(missing_ok=True)
    journal_backup.copy(path, copy)
    return copy


def _journal_damaged(path: Path, problem: str) -> JournalDamaged:
    return JournalDamaged(
        f"The journal {path} is damaged: {problem}.",
        hint="It may hold changes not yet sent, so it is left as it is: `deskzero restore` lists its backups and "
        "puts one back.",
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
    sql += triggers()
    return sql


def _prepare_cache(path: Path, now: int, notes: list[str], *, thorough: bool = False) -> bool:
    """Makes the cache if there is none, or if it is of another version or damaged. True: it is new.

    `thorough`: all of it is read (10,000 tickets: 0.2 s), not only what opening needs.
    """
    wanted = cache_version()
    if thorough and files.damage(path):
        _set_aside(path, now, notes)
    for _ in range(2):
        try:
            with closing(files.open_plainly(path, "NORMAL")) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                found = files.version(connection)
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
    with files.transaction(connection):
        if files.version(connection) == version:
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
    aside = path.with_name(f"{path.name}.damaged-{files.stamp(now)}")
    path.replace(aside)
    for tail in ("-wal", "-shm"):  # they belong to the file that is gone
        path.with_name(path.name + tail).unlink(missing_ok=True)
    said = f"The cache was damaged: it is now {aside.name}, and everything is pulled again."
    log.warning("%s", said)
    notes.append(said)
