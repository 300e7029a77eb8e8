"""Puts a backup of the journal in the journal's place, so that nothing in it goes out a second time.

What was open when the backup was made may have gone out since, and nobody here knows: each such change becomes
`uncertain` and waits for a person, and a step that makes something is looked for before it may be sent again. The
journal that was there is set aside with its -wal and -shm files, never deleted.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from store import audit, migrations, running
from store import database_files as files
from store.changes import OPEN_STATES
from store.database import Databases
from store.database_problems import CannotWrite, DatabaseProblem, cannot_write, is_environment
from store.home import Home
from store.journal_backup import Backup, copy, look, names, read_only
from store.lock import take_lock
from store.outbox import lay
from store.settings import Settings

log = logging.getLogger(__name__)

CERTAINLY_BEFORE = 86_400
"""A note this much older (seconds) than a change cannot be what the change wrote, whatever the clocks say."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was put back."""

    backup: Backup
    aside: str | None
    """Name of the journal that was there; `None`: there was none."""
    uncertain: int
    """Changes that were open in the backup and wait for a person now."""
    drafts: int


def backups(home: Home) -> list[Backup]:
    """Every backup with what is in it, the newest first. Raises `OSError`."""
    return [look(path, at) for at, path in names(home)]


def find(home: Home, text: str) -> Backup:
    """The backup with this name, path or unambiguous beginning; `newest` is the newest sound one.

    Raises `DatabaseProblem`.
    """
    known = names(home)
    if text == "newest":
        sound = (found for found in (look(path, at) for at, path in known) if found.problem is None)
        if (newest := next(sound, None)) is not None:
            return newest
        raise DatabaseProblem("There is no sound backup.", hint="`deskzero restore` lists what there is.")
    for at, path in known:
        if text in (path.name, path.stem, str(path)):
            return look(path, at)
    begins = [(at, path) for at, path in known if path.name.removeprefix("journal-").startswith(text)]
    if len(begins) == 1:
        return look(begins[0][1], begins[0][0])
    elsewhere = Path(text).expanduser()
    if not begins and elsewhere.is_file():
        return look(elsewhere, int(elsewhere.stat().st_mtime))
    what = f"{len(begins)} backups begin with" if begins else "There is no backup"
    raise DatabaseProblem(f'{what} "{text}".', hint="`deskzero restore` lists them.")


def restore(home: Home, backup: Backup, settings: Settings, *, now: int) -> Restored:
    """Puts `backup` back, and over the tickets what it says of them. `now`: UTC seconds.

    Raises `DatabaseProblem` when another deskzero runs, when the backup is not sound or is of a newer version,
    and when the disk is full: then everything is as it was.
    """
    if backup.problem is not None:
        raise DatabaseProblem(f"{backup.path} is damaged: {backup.problem}.", hint="Choose another one.")
    home.make()
    try:
        with running.gate(home):
            if running.others(home):
                raise _runs(home)
            sender = take_lock(home)
            if sender is None:
                raise _runs(home)
            try:
                new, uncertain, drafts = _made_ready(home, backup)
                aside = _exchange(home, new, now)
            finally:
                sender.release()
    except (OSError, sqlite3.OperationalError) as error:
        if isinstance(error, OSError):
            raise CannotWrite(
                f"{home.journal} cannot be replaced: {error.strerror or error}.",
                hint="Make free space there and close what uses the file, then do it again.",
            ) from error
        if is_environment(error):
            raise cannot_write(home.journal, error) from error
        raise
    log.warning("%s was put back; the journal that was there is %s", backup.path.name, aside)
    _show(home, settings, now)
    return Restored(backup=backup, aside=aside, uncertain=uncertain, drafts=drafts)


def _runs(home: Home) -> DatabaseProblem:
    return DatabaseProblem(
        f"Another deskzero has the databases in {home.journal.parent} open.",
        hint="Close it first: `deskzero restore` changes files under its feet.",
    )


# ---------------------------------------------------------------- the new journal


def _made_ready(home: Home, backup: Backup) -> tuple[Path, int, int]:
    """A copy of the backup beside the journal in which nothing is sent by itself; how many wait, and drafts."""
    for left in home.journal.parent.glob(f"{home.journal.name}.new-*"):
        left.unlink()
    new = home.journal.with_name(f"{home.journal.name}.new-{secrets.token_hex(4)}")
    with closing(read_only(backup.path)) as db:
        found = files.version(db)
    if not 0 < found <= len(migrations.MIGRATIONS):
        raise DatabaseProblem(
            f"{backup.path} is of version {found}, this deskzero knows 1 to {len(migrations.MIGRATIONS)}.",
            hint="Update deskzero, or choose another backup.",
        )
    copy(backup.path, new)
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL").close()
            migrations.migrate(db)
            with files.transaction(db):
                uncertain = _hold(db, home, backup)
                (drafts,) = db.execute("SELECT count(*) FROM draft").fetchone()
        files.to_disk(new)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return new, uncertain, drafts


def _hold(db: sqlite3.Connection, home: Home, backup: Backup) -> int:
    """Makes every open change `uncertain`, and every step that makes something look before it is sent."""
    states = ", ".join(f"'{state}'" for state in OPEN_STATES)
    rows = db.execute(
        f"SELECT change, connection, ticket_id, created_at, state FROM change WHERE state IN ({states})"
    ).fetchall()
    at = datetime.fromtimestamp(backup.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    audit.write(db, "restored", {"backup": backup.path.name, "made_at": backup.at, "uncertain": len(rows)})
    for change, connection, ticket_id, created_at, state in rows:
        db.execute(
            "UPDATE change SET state = 'uncertain', error = ?, hint = ?, detail = '{}', due_at = NULL,"
            " next_try_at = NULL WHERE change = ?",
            (
                f"It was put back from a backup of {at}: whether it went out since is not known.",
                f"Look in the PSA: `deskzero outbox --drop {change}` if it is there; `--retry {change}` looks"
                " for it and sends what is missing.",
                change,
            ),
        )
        if state != "uncertain":
            audit.append(db, change, "uncertain", {"from": state, "restored": backup.path.name})
        before = json.dumps({"notes": _old_notes(home, connection, ticket_id, created_at), "times": []})
        # `attempts` says that it may have gone out: whoever carries it on looks first. What is known from before
        # a first attempt is better than what we make up.
        db.execute(
            "UPDATE step SET attempts = max(attempts, 1), baseline = coalesce(baseline, ?), absent = 0,"
            " state = 'waiting' WHERE change = ? AND state NOT IN ('done', 'already')"
            " AND json_extract(step, '$.creates') IS NOT NULL",
            (before, change),
        )
    return len(rows)


def _old_notes(home: Home, connection: str, ticket_id: str, created_at: int) -> list[str]:
    """Ids of notes that were there long before the change: the same words among them are not the change's."""
    if not home.cache.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{home.cache.as_uri()}?mode=ro", uri=True)) as cache:
            rows = cache.execute(
                "SELECT note_id FROM note WHERE connection = ? AND ticket_id = ? AND created_at < ?",
                (connection, ticket_id, created_at - CERTAINLY_BEFORE),
            )
            return [str(row[0]) for row in rows]
    except sqlite3.Error as error:
        log.info("the cache says nothing about old notes: %s", error)
        return []


# ---------------------------------------------------------------- the exchange


def _exchange(home: Home, new: Path, now: int) -> str | None:
    """Sets the journal aside and puts `new` in its place; the name of what was set aside.

    While the file `restoring` is there nobody opens the databases: whatever happens in between, no empty journal
    is begun and no -wal is read into a file that it does not belong to.
    """
    mark = home.restoring
    aside = home.journal.with_name(mark.read_text("utf-8")) if mark.exists() else home.journal
    if aside == home.journal or (aside.exists() and home.journal.exists()):
        # Else one that died went on with: a -wal follows its file, under the same name.
        aside = _unused(home.journal, now)
        _write(mark, aside.name)
    moved = False
    for tail in files.TAILS:
        path = home.journal.with_name(home.journal.name + tail)
        if path.exists():
            path.rename(aside.with_name(aside.name + tail))
            moved = True
    new.replace(home.journal)
    files.to_disk(home.journal.parent)
    mark.unlink()
    files.to_disk(home.journal.parent)
    return aside.name if moved else None


def _write(mark: Path, name: str) -> None:
    """Whole or not at all: a mark without a name would part a file from its -wal."""
    part = mark.with_name(f"{mark.name}.part")
    part.unlink(missing_ok=True)
    files.make_private(part)
    part.write_text(name, "utf-8")
    files.to_disk(part)
    part.replace(mark)
    files.to_disk(mark.parent)


def _unused(journal: Path, now: int) -> Path:
    """A name that neither a file nor its -wal has."""
    number = 0
    while True:
        more = f"-{number}" if number else ""
        path = journal.with_name(f"{journal.name}.replaced-{files.stamp(now)}{more}")
        if not any(path.with_name(path.name + tail).exists() for tail in files.TAILS):
            return path
        number += 1


def _show(home: Home, settings: Settings, now: int) -> None:
    """Lays the changes of the restored journal over the tickets in place of those that are gone."""
    with Databases.open(home, now=now) as databases:
        for name in settings.connections:
            with databases.cache_reads.begin() as cache:
                query = "SELECT ticket_id FROM ticket_overlay WHERE connection = ?"
                tickets = set(cache.exec_driver_sql(query, (name,)).scalars())
            with databases.journal_reads.begin() as journal:
                query = "SELECT DISTINCT ticket_id FROM change WHERE connection = ?"
                tickets |= set(journal.exec_driver_sql(query, (name,)).scalars())
            lay(databases, settings, name, tickets, now)
