"""Database files as files: opened plainly, checked, copied, named by time, brought to the disk for certain."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from store.database_problems import is_damage

BUSY = 15.0
"""Seconds that a writer waits for another one (another process's sync writes pages of a second at most)."""

TAILS = ("", "-wal", "-shm")
"""A database in use is these files; none of them means anything without the first."""


def pragmas(connection: sqlite3.Connection, synchronous: str) -> None:
    """How both databases are used, by whoever writes."""
    for pragma in (
        f"busy_timeout = {int(BUSY * 1000)}",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "foreign_keys = ON",
        # What is deleted is customers' words: it must not stay readable in the file's free pages.
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def open_plainly(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection for creating and migrating; the file is its owner's alone from the first byte."""
    if not path.exists():
        make_private(path)
    elif os.name == "posix":
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    try:
        pragmas(connection, synchronous)
    except BaseException:
        connection.close()
        raise
    return connection


def make_private(path: Path) -> None:
    """An empty file that is its owner's alone. Raises `OSError`, also when it is there already."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing, on a plain connection without transactions of the driver's own."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def version(connection: sqlite3.Connection) -> int:
    """`PRAGMA user_version`: 0 for a file that nobody has filled yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def damage(path: Path, *, thorough: bool = False) -> str | None:
    """What SQLite finds wrong with the file, or nothing. `thorough` compares indexes with their tables too.

    Raises `sqlite3.Error` where it cannot be looked at.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    check = "integrity_check" if thorough else "quick_check"
    try:
        with closing(sqlite3.connect(path, timeout=BUSY)) as connection:
            (said,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    return None if said == "ok" else str(said).replace("\n", " ")


def empty_wal(path: Path) -> bool:
    """Brings everything into the database and empties its -wal, where deleted rows still stand. `False`: somebody
    is reading at this moment; whoever closes the database last does it then."""
    with closing(sqlite3.connect(path, timeout=1.0)) as connection:
        connection.execute("PRAGMA secure_delete = ON").close()
        try:
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy


def stamp(now: int) -> str:
    """A time (UTC seconds) as part of a file name."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


def stamped(text: str) -> int | None:
    """The time in a file name (`stamp`), UTC seconds."""
    try:
        return int(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def to_disk(path: Path) -> None:
    """Returns when the file, or the folder's list of names, is on the disk. Raises `OSError`."""
    if path.is_dir() and os.name != "posix":
        return  # Windows writes names by itself and cannot be asked
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
