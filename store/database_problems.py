"""What can be wrong with the databases, as errors that say what to do; and which of SQLite's errors means which."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

LITTLE = 65_536
"""Bytes: with less than this free SQLite cannot even open a database that nobody has open."""


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


class RestoreInterrupted(DatabaseProblem):
    """A backup of the journal was being put back when the process died: neither the old nor the new one counts."""


class CannotWrite(DatabaseProblem):
    """The disk is full, or may not be written: the transaction did not happen, all before it did."""


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


def is_full(path: Path, error: BaseException) -> bool:
    """Whether there is no room for `path`. SQLite says it plainly only while it writes: a file beside the database
    that it cannot make is an "I/O error" or "unable to open"."""
    if "full" in str(error).lower() or getattr(error, "errno", None) == errno.ENOSPC:
        return True
    import shutil  # for a rare case: it draws in every compression there is

    try:
        return is_environment(error) and shutil.disk_usage(path.parent).free < LITTLE
    except OSError:
        return False


def cannot_write(path: Path, error: BaseException) -> CannotWrite:
    """What an error of the environment (`is_environment`) means for whoever wanted to write to `path`."""
    text = str(error).lower()
    if is_full(path, error):
        return CannotWrite(
            f"The disk is full: {path} cannot be written.",
            hint="Make free space there, then do it again: this was not saved. What waits in the outbox stays there.",
        )
    if "readonly" in text:
        return CannotWrite(
            f"{path} may not be written: {error}.",
            hint="Check the rights of the file and of its folder: this was not saved.",
        )
    return CannotWrite(
        f"{path} cannot be written: {error}.",
        hint="Check free space and rights there, and whether another program holds the files.",
    )
