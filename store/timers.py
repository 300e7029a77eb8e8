"""Stopwatches on tickets: several, kept over restarts. Their time is in the PSA only when it has been logged."""

from __future__ import annotations

import sqlite3

import msgspec

from store.home import Home
from store.journal_small import reading, writing

_COLUMNS = "id, connection, ticket_id, number, summary, company, started_at, running_since, seconds"


class Stopwatch(msgspec.Struct, frozen=True):
    """One that has not been logged or dropped."""

    id: int
    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None
    started_at: int
    """When it was first started, UTC seconds."""
    running_since: int | None
    """`None`: it is paused."""
    seconds: int
    """What it had counted before `running_since`."""

    @property
    def runs(self) -> bool:
        return self.running_since is not None

    def counted(self, now: int) -> int:
        """Seconds up to `now`; a clock that was set back counts nothing."""
        return self.seconds + (max(0, now - self.running_since) if self.running_since is not None else 0)


def kept(home: Home) -> list[Stopwatch]:
    """All that are open, those that run first."""
    with reading(home, "timer") as journal:
        return [] if journal is None else open_ones(journal)


def open_ones(journal: sqlite3.Connection) -> list[Stopwatch]:
    """The same from an open journal."""
    rows = journal.execute(
        f"SELECT {_COLUMNS} FROM timer WHERE ended_at IS NULL ORDER BY running_since IS NULL, started_at, id"
    )
    return [Stopwatch(*row) for row in rows]


def of_ticket(home: Home, connection: str, ticket_id: str) -> Stopwatch | None:
    """The ticket's open stopwatch."""
    return next(
        (one for one in kept(home) if (one.connection, one.ticket_id) == (connection, ticket_id)), None
    )


def start(
    home: Home, connection: str, ticket_id: str, *, number: str, summary: str, company: str | None, now: int
) -> None:
    """Starts the ticket's stopwatch, or lets a paused one go on. Raises as `journal_small.writing` does."""
    with writing(home) as journal:
        resumed = journal.execute(
            "UPDATE timer SET running_since = coalesce(running_since, ?)"
            " WHERE connection = ? AND ticket_id = ? AND ended_at IS NULL",
            (now, connection, ticket_id),
        )
        if not resumed.rowcount:
            journal.execute(
                "INSERT INTO timer (connection, ticket_id, number, summary, company, started_at, running_since,"
                " seconds) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                (connection, ticket_id, number, summary, company, now, now),
            )


def pause(home: Home, id: int, *, now: int) -> None:
    """It stops counting and keeps what it has."""
    with writing(home) as journal:
        _stop(journal, id, now)


def end(home: Home, id: int, how: str, *, now: int) -> None:
    """It is done with. `how`: `dropped`, or the id of the change that logs its time (`reopen` takes that back)."""
    with writing(home) as journal:
        _stop(journal, id, now)
        journal.execute(
            'UPDATE timer SET ended_at = ?, "end" = ? WHERE id = ? AND ended_at IS NULL', (now, how, id)
        )


def reopen(home: Home, change: str) -> bool:
    """The change that was to log it was withdrawn: its time is there again, paused. Whether there was one."""
    if not home.journal.exists():
        return False
    with writing(home) as journal:
        found = journal.execute('UPDATE timer SET ended_at = NULL, "end" = NULL WHERE "end" = ?', (change,))
        return bool(found.rowcount)


def _stop(journal: sqlite3.Connection, id: int, now: int) -> None:
    journal.execute(
        "UPDATE timer SET seconds = seconds + max(0, ? - running_since), running_since = NULL"
        " WHERE id = ? AND running_since IS NOT NULL",
        (now, id),
    )
