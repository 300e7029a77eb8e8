"""What happened: exceptions that opened and went, fixes and what became of them; and what came since a moment."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

What = Literal["opened", "cleared", "fixed", "decided"]


class Happened(msgspec.Struct, frozen=True):
    """One line. Times are UTC seconds."""

    at: int
    what: What
    """`opened`, `cleared` (by itself or in the PSA), `fixed` (by a change of ours), or `decided`: a change was made."""
    connection: str
    ticket_id: str
    number: str
    kind: str = ""
    """The exception's."""
    change: str = ""
    verb: str = ""
    state: str = ""
    """The change's, as it is now."""


class Since(msgspec.Struct, frozen=True):
    """What came since a moment."""

    at: int
    new: dict[str, int] = {}
    """Kind -> exceptions that opened and are still open."""
    gone: int = 0
    """Exceptions that went without a fix from here."""
    sent: int = 0
    """Changes that were confirmed."""
    stuck: int = 0
    """Changes that wait for a decision."""


def happened(
    cache: sqlite3.Connection | None, journal: sqlite3.Connection | None, names: Sequence[str], *, most: int
) -> list[Happened]:
    """The newest `most` lines of these connections, oldest first."""
    if journal is None:
        return []
    marks = ", ".join("?" for _ in names)
    rows = journal.execute(
        "SELECT at, what, connection, ticket_id, kind, change, verb, state, number FROM ("
        " SELECT opened_at AS at, 'opened' AS what, connection, ticket_id, kind, '' AS change, '' AS verb, '' AS state,"
        "  '' AS number FROM history"
        " UNION ALL SELECT cleared_at, iif(cleared_by IS NULL, 'cleared', 'fixed'), connection, ticket_id, kind,"
        "  coalesce(cleared_by, ''), '', '', '' FROM history WHERE cleared_at IS NOT NULL"
        " UNION ALL SELECT created_at, 'decided', connection, ticket_id, '', change, verb, state, number FROM change)"
        f" WHERE connection IN ({marks}) ORDER BY at DESC, what LIMIT ?",
        [*names, most],
    ).fetchall()
    numbers = _numbers(cache, {(row[2], row[3]) for row in rows})
    return [
        Happened(row[0], row[1], row[2], row[3], row[8] or numbers.get((row[2], row[3]), row[3]), *row[4:8])
        for row in reversed(rows)
    ]


def since(journal: sqlite3.Connection | None, names: Sequence[str], at: int) -> Since:
    """What came after `at`."""
    if journal is None:
        return Since(at)
    marks = ", ".join("?" for _ in names)
    new = Counter(
        row[0]
        for row in journal.execute(
            f"SELECT kind FROM history WHERE opened_at > ? AND cleared_at IS NULL AND connection IN ({marks})",
            [at, *names],
        )
    )
    gone = journal.execute(
        f"SELECT count(*) FROM history WHERE cleared_at > ? AND opened_at <= ? AND cleared_by IS NULL"
        f" AND connection IN ({marks})",
        [at, at, *names],
    ).fetchone()[0]
    sent = journal.execute(
        f"SELECT count(*) FROM change WHERE confirmed_at > ? AND connection IN ({marks})", [at, *names]
    ).fetchone()[0]
    stuck = journal.execute(
        f"SELECT count(*) FROM change WHERE state IN ('conflict', 'rejected', 'uncertain') AND connection IN ({marks})",
        list(names),
    ).fetchone()[0]
    return Since(at, dict(new), gone, sent, stuck)


def _numbers(cache: sqlite3.Connection | None, keys: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    if cache is None:
        return {}
    found = {}
    for connection, ticket_id in keys:
        row = cache.execute(
            "SELECT number FROM ticket WHERE connection = ? AND ticket_id = ?", (connection, ticket_id)
        ).fetchone()
        if row is not None:
            found[connection, ticket_id] = row[0]
    return found
