"""A month's random sample of closed tickets, to be looked at whether something slipped that nobody has noticed.

Which tickets are drawn follows from the month, the connection and the seed alone: each closed ticket has a place by a
hash, the first ones are taken. So the sample of a month can be drawn again elsewhere and nobody has chosen it. What was
drawn is kept in the journal: a month's sample stays as it is while tickets come and go.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from store.home import Home
from store.journal_small import reading, writing
from store.read_base import CacheUnreadable

State = Literal["open", "fine", "mistake"]
_MONTH = re.compile(r"(\d{4})-(\d\d)")


class SampleRefused(Exception):
    """A sample cannot be drawn so. `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Sampled:
    """One ticket of a sample."""

    connection: str
    month: str
    """`2026-10`."""
    ticket_id: str
    number: str
    summary: str
    company: str | None
    state: State
    audited_at: int | None
    """UTC seconds."""


def month_of(text: str) -> str:
    """A month as `2026-10`. Raises `ValueError`."""
    found = _MONTH.fullmatch(text.strip())
    if found is None or not 1 <= int(found[2]) <= 12 or not int(found[1]):
        raise ValueError(f"{text}: a month such as 2026-10 is expected")
    return f"{found[1]}-{found[2]}"


def month_before(now: int, zone: ZoneInfo) -> str:
    """The last month that is over at `now` (UTC seconds) in this zone."""
    here = datetime.fromtimestamp(now, zone)
    year, month = (here.year, here.month - 1) if here.month > 1 else (here.year - 1, 12)
    return f"{year:04}-{month:02}"


def month_span(month: str, zone: ZoneInfo) -> tuple[int, int]:
    """Begin and end of a month in UTC seconds; the end is the next one's begin."""
    year, number = (int(part) for part in month.split("-"))
    after = (year, number + 1) if number < 12 else (year + 1, 1)
    begins, ends = datetime(year, number, 1, tzinfo=zone), datetime(*after, 1, tzinfo=zone)
    return int(begins.timestamp()), int(ends.timestamp())


def draw(
    home: Home, connection: str, month: str, *, size: int, seed: str | None, zone: ZoneInfo, now: int
) -> list[Sampled]:
    """The sample of that month, drawn where it is not yet. One that is smaller than `size` grows by the next places.

    Of the tickets in the cache: in the scope, closed, and closed within the month in `zone`; one without a closing time
    is in no month. `seed`: `None` takes what was drawn before, or none. Raises `SampleRefused` for a month that has not
    begun or a seed other than the one that it was drawn with (a sample that may be drawn again until it pleases is
    none), `CacheUnreadable`, and as `journal_small.writing` does.
    """
    begins, ends = month_span(month, zone)
    if begins > now:
        raise SampleRefused(f"{month} has not begun", "Name a month that is over.")
    with writing(home) as journal:
        kept = journal.execute(
            "SELECT ticket_id, seed FROM audit_sample WHERE connection = ? AND month = ?", (connection, month)
        ).fetchall()
        if kept and seed is not None and kept[0][1] != seed:
            how = f"with --seed {kept[0][1]}" if kept[0][1] else "without --seed"
            raise SampleRefused(
                f"the sample of {month} was drawn {how} and stays as it is", "Leave --seed out to see it."
            )
        seed = kept[0][1] if kept else seed or ""
        if len(kept) < size:
            mine = {row[0] for row in kept}
            tickets = [row for row in _closed(home, connection, begins, ends) if row[0] not in mine]
            tickets.sort(key=lambda row: _place(month, connection, seed, row[0]))
            for position, row in enumerate(tickets[: size - len(kept)], len(kept)):
                journal.execute(
                    "INSERT INTO audit_sample (connection, month, ticket_id, number, summary, company, seed, position,"
                    " drawn_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open') ON CONFLICT DO NOTHING",
                    (connection, month, *row, seed, position, now),
                )
    return [one for one in of_month(home, month) if one.connection == connection]


def of_month(home: Home, month: str) -> list[Sampled]:
    """What is drawn of a month, in the order drawn."""
    return _read(home, "WHERE month = ? ORDER BY connection, position", (month,))


def of_ticket(home: Home, connection: str, ticket_id: str) -> list[Sampled]:
    """The samples that a ticket is in, the newest month first."""
    return _read(home, "WHERE connection = ? AND ticket_id = ? ORDER BY month DESC", (connection, ticket_id))


def audited(home: Home, one: Sampled, state: State, *, now: int) -> None:
    """Says what came out for a ticket of a sample. Raises as `journal_small.writing` does."""
    with writing(home) as journal:
        journal.execute(
            "UPDATE audit_sample SET state = ?, audited_at = ? WHERE connection = ? AND month = ? AND ticket_id = ?",
            (state, now, one.connection, one.month, one.ticket_id),
        )


def _read(home: Home, where: str, values: Sequence[str]) -> list[Sampled]:
    with reading(home, "audit_sample") as journal:
        if journal is None:
            return []
        rows = journal.execute(
            "SELECT connection, month, ticket_id, number, summary, company, state, audited_at FROM audit_sample"
            f" {where}",
            list(values),
        )
        return [Sampled(*row) for row in rows]


def _place(month: str, connection: str, seed: str, ticket_id: str) -> str:
    return hashlib.sha256("\0".join((month, connection, seed, ticket_id)).encode()).hexdigest()


def _closed(home: Home, connection: str, begins: int, ends: int) -> list[tuple[str, str, str, str | None]]:
    """Id, number, summary and company of the tickets that were closed in the span and are in the cache."""
    if not home.cache.exists():
        return []
    try:
        db = sqlite3.connect(f"{home.cache.as_uri()}?mode=ro", uri=True, timeout=10.0)
        try:
            rows = db.execute(
                "SELECT ticket_id, number, summary, company FROM v_ticket WHERE connection = ? AND is_closed"
                " AND closed_at >= ? AND closed_at < ? AND presence = 'here' AND in_scope",
                (connection, begins, ends),
            ).fetchall()
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        raise CacheUnreadable(home.cache, error) from error
    return [(row[0], row[1], row[2], row[3]) for row in rows]
