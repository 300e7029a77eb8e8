"""The floor of an evaluation: going once through the rows that the rules read. Counting them is the least there is."""

from __future__ import annotations

import sqlite3

COUNT = "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM note), (SELECT count(*) FROM time_entry)"


def count(cache: sqlite3.Connection) -> tuple[int, int, int]:
    """Tickets, notes, time entries."""
    tickets, notes, entries = cache.execute(COUNT).fetchone()
    return tickets, notes, entries
