"""The budget of requests of one connection, shared by all processes of a home through a small file.

The file is worth nothing: lost, it is made anew, full. It is written without waiting for the disk, and where it
cannot be used each process goes on with what it last knew and counts its own requests; the log says so once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from connectors.budget import Turn
from connectors.contract import Quota
from store.bucket import State
from store.settings import Connection

T = TypeVar("T")
log = logging.getLogger(__name__)

VERSION = 1
BUSY = 1.0
"""Seconds that one process waits for another's turn, which takes a fraction of a millisecond."""

FIRST_SHARE = 0.5
"""Of the company's limits, while a connection has never been read: once, and somebody waits for the first screen."""

TRY_AGAIN = 10.0
"""Seconds for which a file that cannot be used is left alone: waiting for it holds everything up."""

TABLE = "CREATE TABLE IF NOT EXISTS budget (connection TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID"


class SharedBudget:
    """A `connectors.budget.Budget`. Close it when done; it may be used again afterwards."""

    def __init__(
        self, path: Path, connection: str, share: float, *, clock: Callable[[], float] = time.time
    ) -> None:
        """`share` of the company's limits is ours. Nothing is opened before it is needed."""
        self.path = path
        self._connection = connection
        self._share = share
        self._clock = clock
        self._quotas: tuple[Quota, ...] = ()
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._known = State()
        """What this process knows by itself, for when the file cannot be used."""
        self._trouble = ""
        self._left_alone_until = 0.0

    def limit(self, quotas: tuple[Quota, ...]) -> None:
        """The limits that hold, as the connector knows them; without any nothing but the PSA's word is obeyed."""
        self._quotas = quotas

    def share(self, ours: float) -> None:
        """From now on so much of the company's limits is ours; what was used stays used."""
        self._share = ours

    def take(self, *, personal: bool) -> Turn:
        """See `connectors.budget.Budget`."""
        return self._change(lambda state, now: state.take(now, personal=personal))

    def quiet(self, seconds: float | None) -> None:
        """See `connectors.budget.Budget`."""
        asked = "some time" if seconds is None else f"{seconds:.0f} s"
        log.warning(
            "%s: the PSA asks to wait for %s; nothing is sent to it until then", self._connection, asked
        )
        self._change(lambda state, now: state.hush(seconds, now))

    def close(self) -> None:
        """Lets go of the file."""
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(sqlite3.Error):  # nothing in it is worth a word
                db.close()

    # ------------------------------------------------------------ inside

    def _change(self, change: Callable[[State, float], T]) -> T:
        """Does `change` to the state that all processes share, one at a time."""
        if time.monotonic() < self._left_alone_until:
            return self._alone(change)
        try:
            done = self._shared(change)
        except (sqlite3.Error, OSError) as error:
            self.close()
            if not self._damaged(error):
                return self._alone(change, error)
        else:
            return done
        try:
            return self._shared(change)  # a new file
        except (sqlite3.Error, OSError) as error:
            self.close()
            return self._alone(change, error)

    def _shared(self, change: Callable[[State, float], T]) -> T:
        with self._transaction() as db:
            now = self._clock()  # in the transaction: the processes' times are in the order of their turns
            row = db.execute("SELECT state FROM budget WHERE connection = ?", (self._connection,)).fetchone()
            before = None if row is None else row[0]
            state = _read(before) or State()
            state.fit(self._quotas, self._share, now)
            done = change(state, now)
            after = msgspec.json.encode(state).decode()
            if after != before:
                db.execute("INSERT OR REPLACE INTO budget VALUES (?, ?)", (self._connection, after))
        self._known = state
        if self._trouble:
            log.info("%s is used again", self.path)
            self._trouble = ""
        return done

    def _alone(self, change: Callable[[State, float], T], error: Exception | None = None) -> T:
        """Without the file: what this process knows by itself has to do."""
        if error is not None:
            self._left_alone_until = time.monotonic() + TRY_AGAIN
        if error is not None and str(error) != self._trouble:
            self._trouble = str(error)
            log.warning(
                "%s cannot be used (%s): until it can, each deskzero counts its requests by itself",
                self.path,
                error,
            )
        now = self._clock()
        self._known.fit(self._quotas, self._share, now)
        return change(self._known, now)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._opened()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        """The file, opened; another one where somebody has put it in its place."""
        if self._db is not None and _identity(self.path) != self._file:
            self.close()
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            # Closed by whichever thread closes the desk; it is used in one at a time.
            db = sqlite3.connect(self.path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            self._db = db
            db.execute("PRAGMA journal_mode = WAL").close()
            db.execute("PRAGMA synchronous = OFF")
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                db.execute("BEGIN IMMEDIATE")
                db.execute("DROP TABLE IF EXISTS budget")
                db.execute(TABLE)
                db.execute(f"PRAGMA user_version = {VERSION}")
                db.execute("COMMIT")
            self._file = _identity(self.path)
        return self._db

    def _damaged(self, error: Exception) -> bool:
        """Whether the file itself was broken, and has been taken away."""
        text = str(error).lower()
        if not isinstance(error, sqlite3.DatabaseError) or not any(sign in text for sign in _BROKEN):
            return False
        log.warning(
            "%s was damaged (%s) and is made anew: what was used of the requests is forgotten",
            self.path,
            error,
        )
        try:
            for tail in ("-wal", "-shm", ""):
                self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        except OSError as problem:  # another process has it open, on Windows
            log.warning("%s cannot be taken away: %s", self.path, problem)
            return False
        return True


_BROKEN = (
    "malformed",
    "not a database",
    "file is encrypted",
    "no such table",
    "no such column",
    "has no column",
)


def _read(text: object) -> State | None:
    try:
        return msgspec.json.decode(str(text), type=State) if text is not None else None
    except msgspec.DecodeError:
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Budgets:
    """The budgets of one home's connections, opened when first needed. Close it when done."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[str, SharedBudget] = {}

    def of(self, connection: Connection) -> SharedBudget:
        """The connection's. It goes by the machine's own clock: to the PSA time passes whatever "now" is here."""
        if connection.name not in self._open:
            self._open[connection.name] = SharedBudget(self._path, connection.name, connection.quota_share)
        return self._open[connection.name]

    @contextmanager
    def read(self, connection: Connection, *, first: bool) -> Iterator[None]:
        """While a round reads: our share, and `FIRST_SHARE` if that is more and it is the first one."""
        budget, ours = self.of(connection), connection.quota_share
        budget.share(max(ours, FIRST_SHARE) if first else ours)
        try:
            yield
        finally:
            budget.share(ours)

    def close(self) -> None:
        """Lets go of the file."""
        for budget in self._open.values():
            budget.close()


# ---------------------------------------------------------------- for whoever shows it


def look(path: Path) -> dict[str, State]:
    """What the file knows, by connection; empty where it is not there or cannot be read: it only informs."""
    if not path.exists():
        return {}
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.2, isolation_level=None)
        ) as db:
            rows = db.execute("SELECT connection, state FROM budget").fetchall()
    except sqlite3.Error as error:
        log.debug("%s cannot be read: %s", path, error)
        return {}
    return {str(name): state for name, text in rows if (state := _read(text)) is not None}
