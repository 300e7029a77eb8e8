"""Who has the databases open, and who died with them open: known by locks of the operating system, not guessed.

Each opening holds a lock on a file of its own in the home's `running` folder and removes it when it closes. A
file whose lock is free is of a process that died (or whose machine did). A short lock over all of them, the
gate, makes looking and entering one step; `deskzero restore` keeps it shut while it changes the files.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from store.database_problems import DatabaseProblem
from store.home import Home

WAIT = 10.0
"""Seconds to wait at the gate; it is shut for milliseconds, by a restore for as long as a copy takes."""

_GATE = "gate"
_LOCKLESS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)


class NoLocks(DatabaseProblem):
    """This file system has no locks (some network drives)."""


class Presence:
    """One opening of the databases, until `leave`."""

    def __init__(self, home: Home, mark: FileLock | None, left: list[FileLock]) -> None:
        self._home = home
        self._mark = mark
        self._left = left

    @property
    def is_known(self) -> bool:
        """Whether locks tell here who died; where they do not, every opening has to expect it."""
        return self._mark is not None

    @property
    def died(self) -> int:
        """How many openings ended without closing. Nobody else sees them while this one looks after it."""
        return len(self._left)

    def looked_after(self) -> None:
        """What the dead left behind has been checked: their marks go."""
        with gate(self._home):
            while self._left:
                _remove(self._left.pop())

    def leave(self) -> None:
        """The databases are closed. Marks not looked after stay for the next one."""
        while self._left:
            self._left.pop().release()
        mark, self._mark = self._mark, None
        if mark is None:
            return
        try:
            with gate(self._home):
                _remove(mark)
        except (DatabaseProblem, OSError):
            mark.release()  # a mark that stays costs the next start a check, no more


def enter(home: Home) -> Presence:
    """Says that this process has the databases open, and finds those that died.

    Raises `DatabaseProblem` while a backup is being put back.
    """
    folder = home.running
    try:
        with gate(home):
            left = [lock for lock in map(_free, _marks(folder)) if lock is not None]
            mark = _lock(folder / f"{os.getpid()}-{secrets.token_hex(4)}")
            mark.acquire(timeout=0)
    except NoLocks:
        return Presence(home, None, [])
    return Presence(home, mark, left)


def others(home: Home) -> int:
    """How many openings are alive, in this process and others. To be asked inside the `gate`."""
    alive = 0
    for path in _marks(home.running):
        lock = _free(path)
        if lock is None:
            alive += 1
        else:
            lock.release()
    return alive


def left_behind(home: Home) -> int:
    """How many marks of processes that died nobody has looked after yet. It only looks. Raises `DatabaseProblem`."""
    if not home.running.is_dir():
        return 0
    with gate(home):
        return len(_marks(home.running)) - others(home)


@contextmanager
def gate(home: Home) -> Iterator[None]:
    """Nobody enters or leaves while the block runs. Raises `DatabaseProblem`, `NoLocks`, `OSError`."""
    home.running.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(home.running / _GATE)
    try:
        lock.acquire(timeout=WAIT, poll_interval=0.01)
    except Timeout:
        raise DatabaseProblem(
            f"Another deskzero is changing the databases in {home.journal.parent}.",
            hint="Wait until `deskzero restore` has ended there, then try again.",
        ) from None
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _LOCKLESS:
            raise
        raise NoLocks(
            f"{home.running}: this file system has no locks, so who has the databases open is not known.",
            hint="Put deskzero's home on a local disk (DESKZERO_HOME).",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _marks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.partition("-")[0].isdigit())


def _lock(path: Path) -> FileLock:
    # Not bound to a thread: the screen's engine opens in its thread and a test may close in another. The file stays
    # when the lock is let go of (on Windows it would not): a mark that somebody only looked at is still one.
    return FileLock(path, fallback_to_soft=False, thread_local=False, mode=0o600, preserve_lock_file=True)


def _free(path: Path) -> FileLock | None:
    """The lock of a mark whose process is gone, taken; `None` while that process lives."""
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def _remove(lock: FileLock) -> None:
    """Lets go of a mark and removes its file, in the order that the system allows. Inside the gate."""
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
