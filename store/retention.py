"""What goes away by age, once a day: from the journal, the backups and what was set aside. The cache's own part is
`cache_upkeep.retire`.

Nothing that is not at its end goes. What is deleted is overwritten (`secure_delete`) and does not stay in the -wal.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from sqlalchemy import Connection as Db
from sqlalchemy import text

from store import database_files as files
from store import journal_backup
from store.changes import ENDED_STATES
from store.database import Databases
from store.home import Home
from store.settings import Settings

log = logging.getLogger(__name__)

DAY = 86_400
ASIDE = 14 * DAY
"""So long a damaged cache that was set aside is kept, for whoever wants to know why."""

PERSONAL = ("summary", "contact", "contact_id", "contact_phone", "contact_email", "cc", "custom")
"""Of a ticket's record kept with a change: needed while the change is open, for nothing afterwards. Undo reads
the ticket from the cache and needs from here only what a plan needs."""

_ENDED = f"({{0}}.state IN {ENDED_STATES!r} AND ({{0}}.state <> 'confirmed' OR {{0}}.settled_at IS NOT NULL OR :left))"
_AGE = "max(c.created_at, coalesce(c.sent_at, 0), coalesce(c.confirmed_at, 0), coalesce(c.settled_at, 0))"
_OLD = f"""
    SELECT c.change FROM change c
    WHERE c.connection = :c AND {_ENDED.format("c")} AND {_AGE} < :edge
        AND NOT EXISTS (SELECT 1 FROM change o WHERE o.connection = c.connection
            AND (o.undo_of = c.change OR o.undone_by = c.change OR o.change IN (c.undo_of, c.undone_by))
            AND NOT {_ENDED.format("o")})
"""


def tidy(databases: Databases, connection: str, settings: Settings, now: int) -> int:
    """After a complete pull of this connection: how many of its changes went. `now`: UTC seconds.

    A backup is made first if one is due, so that a deskzero that is never closed has them too. Connections that
    are no longer in the settings age as well. Raises `DatabaseProblem` where the journal cannot be written.
    """
    try:
        journal_backup.keep_backup(databases.home, now)
    except journal_backup.BackupFailed as error:
        log.warning("%s", error)
        databases.notes.append(str(error))
    edge = now - settings.retention
    with databases.cache_reads.begin() as cache:
        query = "SELECT ticket_id FROM ticket WHERE connection = ?"
        here = json.dumps(list(cache.exec_driver_sql(query, (connection,)).scalars()))
    with databases.journal.begin() as db:
        gone = retire_changes(db, connection, edge)
        strip_ended(db, connection)
        _forget_absent(db, connection, here, edge, now)
        for table, at in (
            ("sign_off", "at"),
            ("gate_override", "at"),
            ("mistake", "at"),
            ("audit_sample", "drawn_at"),
        ):
            db.execute(text(f"DELETE FROM {table} WHERE {at} < :edge"), {"edge": edge})
        query = " UNION ".join(
            f"SELECT DISTINCT connection FROM {table}"
            for table in ("change", "history", "reopening", "timer", "snooze", "snooze_log")
        )
        for left in set(db.execute(text(query)).scalars()) - settings.connections.keys():
            gone += retire_changes(db, left, edge, left=True)
            strip_ended(db, left, left=True)
            _forget_absent(db, left, "[]", edge, edge)
    _remove_files(databases.home, settings, now)
    for path in (databases.home.cache, databases.home.journal):
        files.empty_wal(path)
    if gone:
        log.info("%d changes were older than the retention", gone)
    return gone


def retire_changes(db: Db, connection: str, edge: int, *, left: bool = False) -> int:
    """Deletes changes that ended before `edge`, with their steps; they can no longer be undone. How many.

    One that puts back, or is put back by, something that has not ended stays. `left`: nobody reads the PSA for
    this connection any more, so what is confirmed is at its end.
    """
    of = {"c": connection, "edge": edge, "left": left}
    ids = json.dumps(list(db.execute(text(_OLD), of).scalars()))
    for table in ("step", "change"):
        done = db.execute(
            text(f"DELETE FROM {table} WHERE change IN (SELECT value FROM json_each(:ids))"), {"ids": ids}
        )
    return done.rowcount


def strip_ended(db: Db, connection: str, *, left: bool = False) -> None:
    """Takes people and their words out of the tickets' records that ended changes hold."""
    paths = ", ".join(f"'$.{name}'" for name in PERSONAL)
    has = " OR ".join(f"json_extract(c.ticket, '$.{name}') IS NOT NULL" for name in PERSONAL)
    db.execute(
        text(
            f"UPDATE change AS c SET ticket = json_remove(c.ticket, {paths})"
            f" WHERE c.connection = :c AND {_ENDED.format('c')} AND ({has})"
        ),
        {"c": connection, "left": left},
    )


def _forget_absent(db: Db, connection: str, here: str, edge: int, recent: int) -> None:
    """History past its time, and what is remembered of tickets that the cache has let go of."""
    of = {"c": connection, "edge": edge, "here": here, "recent": recent}
    absent = "ticket_id NOT IN (SELECT value FROM json_each(:here))"
    for statement in (
        "DELETE FROM history WHERE connection = :c AND cleared_at < :edge",
        f"DELETE FROM history WHERE connection = :c AND opened_at < :edge AND {absent}",
        "DELETE FROM recovered WHERE connection = :c AND at < :edge",
        f"DELETE FROM first_seen WHERE connection = :c AND first_seen < :recent AND {absent}",
        f"DELETE FROM draft WHERE connection = :c AND saved_at < :edge AND {absent}",
        "DELETE FROM reopening WHERE connection = :c AND reopened_at < :edge",
        "DELETE FROM timer WHERE connection = :c AND ended_at < :edge",
        f"DELETE FROM timer WHERE connection = :c AND started_at < :edge AND {absent}",
        "DELETE FROM snooze WHERE connection = :c AND until < :recent",
        "DELETE FROM snooze_log WHERE connection = :c AND until < :edge",
    ):
        db.execute(text(statement), of)


def _remove_files(home: Home, settings: Settings, now: int) -> None:
    """Old backups, and caches that were set aside. One that cannot be removed is tried again tomorrow."""
    try:
        journal_backup.rotate(home, now, oldest=settings.retention)
        for path, at in set_aside(home):
            if at < now - ASIDE:
                path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("an old file cannot be removed: %s", error.strerror or type(error).__name__)


def set_aside(home: Home) -> list[tuple[Path, int]]:
    """Damaged caches that were set aside, and when (UTC seconds)."""
    found = home.cache.parent.glob(f"{home.cache.name}.damaged-*Z")
    return [(path, files.stamped(path.name.rpartition("-")[2]) or 0) for path in found]
