"""Rows that somebody has hidden for a while, with a reason. Never a gate row; back as soon as anything changes.

A snooze is about this screen alone and changes nothing in the PSA: commands, `check` and colleagues see the row all the
same. What it stands for is kept with it (the ticket's record, its conversation, the reasons): when one of them is
otherwise, the row is there again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

import msgspec

from store.home import Home
from store.journal_small import writing

Hidden = tuple[str, str, str]
"""Kind, connection, ticket id."""


class Snooze(msgspec.Struct, frozen=True):
    """One hidden row."""

    connection: str
    ticket_id: str
    kind: str
    reason: str
    at: int
    until: int
    """UTC seconds."""
    stands_for: str


class NotHidden(Exception):
    """The row is not hidden; `str()` says why."""


def stands_for(cache: sqlite3.Connection, connection: str, ticket_id: str, kind: str) -> str:
    """What a snooze of this row stands for. Raises `NotHidden` for one that counts to zero or is none any more."""
    key = (connection, ticket_id, kind)
    gate = cache.execute(
        "SELECT gate FROM exception WHERE connection = ? AND ticket_id = ? AND kind = ?", key
    ).fetchone()
    if gate is None:
        raise NotHidden("It has left this list.")
    if gate[0]:
        raise NotHidden("It counts to zero: what counts is not hidden, only fixed.")
    return _looks(cache, *key)


def often(times: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


class NeedsApproval(NotHidden):
    """It was hidden so often that somebody has to approve of the next time. `times`: how often."""

    def __init__(self, times: int) -> None:
        super().__init__(f"It was hidden {often(times)} before: somebody has to approve of it.")
        self.times = times


def hide(home: Home, snooze: Snooze, *, most: int, who: str = "", approver: str = "") -> None:
    """Hides a row; `stands_for` has said what for. Each time is kept in a log.

    `most`: so often without an `approver` (0: always). `who`: the technician. Raises `NeedsApproval`, and as
    `journal_small.writing` does.
    """
    key = (snooze.connection, snooze.ticket_id, snooze.kind)
    with writing(home) as journal:
        times = times_hidden(journal, *key)
        if most and times >= most and not approver.strip():
            raise NeedsApproval(times)
        journal.execute(
            "INSERT INTO snooze_log (connection, ticket_id, kind, reason, at, until, who, approver)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, snooze.reason, snooze.at, snooze.until, who, approver.strip()),
        )
        journal.execute(
            "INSERT OR REPLACE INTO snooze (connection, ticket_id, kind, reason, at, until, stands_for)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            msgspec.structs.astuple(snooze),
        )


def bring_back(home: Home, row: tuple[str, str, str]) -> None:
    """The row (connection, ticket id, kind) is shown again."""
    with writing(home) as journal:
        journal.execute("DELETE FROM snooze WHERE connection = ? AND ticket_id = ? AND kind = ?", row)


def kept(journal: sqlite3.Connection, *, now: int) -> list[Snooze]:
    """All that have not run out, whether or not something has changed since."""
    rows = journal.execute(
        "SELECT connection, ticket_id, kind, reason, at, until, stands_for FROM snooze WHERE until > ?",
        (now,),
    )
    return [Snooze(*row) for row in rows]


def times_hidden(journal: sqlite3.Connection, connection: str, ticket_id: str, kind: str) -> int:
    """How often this row was hidden, as far as the log goes back (`cache.retention`)."""
    row = journal.execute(
        "SELECT count(*) FROM snooze_log WHERE connection = ? AND ticket_id = ? AND kind = ?",
        (connection, ticket_id, kind),
    ).fetchone()
    return int(row[0])


def in_force(cache: sqlite3.Connection, snoozes: Collection[Snooze]) -> list[Snooze]:
    """Those whose row is as it was, and does not count to zero."""
    found = []
    for one in snoozes:
        key = (one.connection, one.ticket_id, one.kind)
        row = cache.execute(
            "SELECT gate FROM exception WHERE connection = ? AND ticket_id = ? AND kind = ?", key
        ).fetchone()
        if row is not None and not row[0] and _looks(cache, *key) == one.stands_for:
            found.append(one)
    return found


def _looks(cache: sqlite3.Connection, connection: str, ticket_id: str, kind: str) -> str:
    """What the row stands for, as a hash: the PSA's record, the conversation, the reasons."""
    import hashlib

    key = (connection, ticket_id)
    parts = [
        cache.execute("SELECT row_hash FROM ticket WHERE connection = ? AND ticket_id = ?", key).fetchone(),
        cache.execute(
            "SELECT count(*), max(created_at), max(note_id) FROM note WHERE connection = ? AND ticket_id = ?",
            key,
        ).fetchone(),
        *cache.execute(
            "SELECT code, field, time_entry_id FROM reason WHERE connection = ? AND ticket_id = ? AND kind = ?"
            " ORDER BY code, field, time_entry_id",
            (*key, kind),
        ),
    ]
    return hashlib.sha256(repr([tuple(part or ()) for part in parts]).encode()).hexdigest()
