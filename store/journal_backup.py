"""Backups of the journal: made at a start, checked, rotated, listed.

One is made when the journal has changed since the newest, and that one is `APART` old or the last process died
with the databases open: a script that fixes in a loop makes six an hour, not one a fix. A backup has the time of
what it holds as its file's time, so that "has it changed" is a comparison and no reading.
"""

from __future__ import annotations

import filecmp
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from store import database_files as files
from store.changes import OPEN_STATES
from store.home import Home

log = logging.getLogger(__name__)

APART = 600
"""Seconds between two backups while all goes well."""
KEPT = 10
"""So many of the newest are kept …"""
DAYS = 14
"""… and the last one of each of so many days."""

_HEAD, _END, _PART = "journal-", ".db", ".part"
_STALE = 3600


class BackupFailed(Exception):
    """No backup could be made; `str()` says why. The journal is as it was."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup, as it was found."""

    path: Path
    at: int
    """When it was made, UTC seconds."""
    size: int = 0
    changes: int = 0
    open: int = 0
    """Changes that had not come to their end then."""
    problem: str | None = None
    """Why it cannot be put back; `None`: it is sound."""


def names(home: Home) -> list[tuple[int, Path]]:
    """(time, file) of every backup, those made before a migration among them; the newest first."""
    found: list[tuple[int, Path]] = []
    if home.backups.is_dir():
        for path in home.backups.iterdir():
            if path.name.startswith(_HEAD) and path.name.endswith(_END):
                found.append((_at(path.name[len(_HEAD) : -len(_END)]), path))
    if home.journal.parent.is_dir():
        for path in home.journal.parent.glob(f"{home.journal.name}.version-*Z"):
            found.append((_at(path.name.rpartition("-")[2]), path))
    return sorted(found, key=lambda one: (one[0], one[1].name), reverse=True)


def look(path: Path, at: int) -> Backup:
    """Opens a backup and checks it wholly; one that cannot be read says so in `problem`."""
    size = path.stat().st_size
    states = ", ".join(f"'{state}'" for state in OPEN_STATES)
    try:
        with closing(read_only(path)) as db:
            (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                return Backup(path, at, size, problem=str(said).replace("\n", " "))
            query = f"SELECT count(*), count(CASE WHEN state IN ({states}) THEN 1 END) FROM change"
            changes, waiting = db.execute(query).fetchone()
    except sqlite3.Error as error:
        return Backup(path, at, size, problem=str(error))
    return Backup(path, at, size, changes, waiting)


def read_only(path: Path) -> sqlite3.Connection:
    """A backup, opened so that no file appears beside it."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def keep_backup(home: Home, now: int, *, unclean: bool = False) -> Path | None:
    """Makes a backup if one is due (`now`: UTC seconds); the file, or `None`. Raises `BackupFailed`."""
    try:
        known = names(home)
        changed = _changed_at(home.journal)
        newest = next((path for _, path in known if path.parent == home.backups), None)
        if newest is not None:
            soon = now - known[0][0] < APART and not unclean
            if soon or changed <= newest.stat().st_mtime_ns:
                return None
        home.backups.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = home.backups / f"{_HEAD}{files.stamp(now)}{_END}"
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{_PART}")
        try:
            copy(home.journal, part)
            os.utime(part, ns=(changed, changed))
            if newest is not None and filecmp.cmp(part, newest, shallow=False):
                os.utime(newest, ns=(changed, changed))
                return None
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        files.to_disk(home.backups)
        rotate(home, now)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"No backup of the journal could be made: {_words(error)}.") from error
    return target


def copy(source: Path, target: Path) -> None:
    """A copy of a database that may be in use, alone in its file, checked and on the disk.

    `target` must not be there yet; nothing is left of it after an error. Raises `OSError`, `sqlite3.Error`.
    """
    files.make_private(target)
    try:
        with (
            closing(sqlite3.connect(source, timeout=files.BUSY)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE").close()  # else each look at it leaves files beside it
            (said,) = new.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                raise sqlite3.DatabaseError(f"the copy is damaged: {said}")
        files.to_disk(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def rotate(home: Home, now: int, *, oldest: int | None = None) -> None:
    """Removes backups that newer ones stand for; with `oldest` (seconds) also all older ones but the newest.

    Raises `OSError`.
    """
    known = names(home)
    stay = {path for _, path in known[:KEPT]}
    days: set[str] = set()
    for at, path in known:
        day = files.stamp(at)[:8]
        if day not in days and at > now - DAYS * 86400:
            stay.add(path)
        days.add(day)
    for at, path in known:
        too_old = oldest is not None and at < now - oldest and path != known[0][1]
        if path not in stay or too_old:
            path.unlink(missing_ok=True)
    if home.backups.is_dir():
        for path in home.backups.glob(f"*{_PART}"):  # of a process that died while copying
            if path.stat().st_mtime < datetime.now(UTC).timestamp() - _STALE:
                path.unlink(missing_ok=True)


def _changed_at(journal: Path) -> int:
    """When the journal was last written, nanoseconds: it, or what waits beside it to become part of it."""
    times: Iterable[Path] = (journal, journal.with_name(f"{journal.name}-wal"))
    return max(path.stat().st_mtime_ns for path in times if path.exists())


def _at(text: str) -> int:
    return files.stamped(text) or 0


def _words(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
