"""Ends of days that somebody signed: kept in the journal. What others must know stands in the PSA, as notes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from store.home import Home
from store.journal_small import reading, writing


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature."""

    day: str
    """The technician's day, `2026-11-26`."""
    at: int
    who: str
    verdict: str
    rows: tuple[tuple[str, str, str, str, str], ...]
    """(connection, number, kind, taker, reason) of each row that was left."""
    doubts: tuple[str, ...] = ()
    """What kept zero from being known when it was signed, in sentences."""


def sign(home: Home, one: Signed) -> None:
    """Keeps a signature. Raises as `journal_small.writing` does."""
    with writing(home) as journal:
        journal.execute(
            "INSERT INTO sign_off (day, at, who, verdict, left_rows, doubts) VALUES (?, ?, ?, ?, ?, ?)",
            (
                one.day,
                one.at,
                one.who,
                one.verdict,
                json.dumps([list(row) for row in one.rows]),
                json.dumps(one.doubts),
            ),
        )


def of_day(home: Home, day: str) -> Signed | None:
    """The last signature of that day."""
    with reading(home, "sign_off") as journal:
        if journal is None:
            return None
        # A journal that no engine has opened since an update does not have the doubts yet.
        known = journal.execute(
            "SELECT 1 FROM pragma_table_info('sign_off') WHERE name = 'doubts'"
        ).fetchone()
        doubts = "doubts" if known else "'[]'"
        row = journal.execute(
            f"SELECT day, at, who, verdict, left_rows, {doubts} FROM sign_off"
            " WHERE day = ? ORDER BY at DESC, id DESC",
            (day,),
        ).fetchone()
    if row is None:
        return None
    day, at, who, verdict, left, doubts = row
    rows = tuple(tuple(one) for one in json.loads(left))
    return Signed(day, at, who, verdict, rows, tuple(json.loads(doubts)))
