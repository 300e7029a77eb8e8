"""Reasons given to the day's gate (`deskzero check --hook --because`), kept in the journal for a report of the week."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from store.home import Home
from store.journal_small import reading, writing


@dataclass(frozen=True, slots=True)
class Override:
    """A gate that somebody passed with a reason. Times are UTC seconds."""

    at: int
    who: str
    """The connections' technicians."""
    os_user: str
    day: str
    """The technician's day, `2026-11-26`."""
    verdict: str
    """`not_zero` or `cannot_tell`, as it was answered."""
    to_zero: int
    why: tuple[str, ...]
    """The sentences of the answer."""
    reason: str
    """Empty after a connection's journal was forgotten: it may have named a customer."""
    approved_by: str = ""
    """Who let it pass, where the week had too many."""


def keep(home: Home, one: Override) -> None:
    """Keeps an override. Raises as `journal_small.writing` does."""
    with writing(home) as journal:
        journal.execute(
            "INSERT INTO gate_override (at, who, os_user, day, verdict, to_zero, why, reason, approved_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                one.at,
                one.who,
                one.os_user,
                one.day,
                one.verdict,
                one.to_zero,
                json.dumps(one.why),
                one.reason,
                one.approved_by,
            ),
        )


def since(home: Home, at: int) -> list[Override]:
    """The overrides from `at` (UTC seconds) on, oldest first. Raises `sqlite3.Error`."""
    return list(_since(home, at))


def _since(home: Home, at: int) -> Iterator[Override]:
    with reading(home, "gate_override") as journal:
        if journal is None:
            return
        rows = journal.execute(
            "SELECT at, who, os_user, day, verdict, to_zero, why, reason, approved_by FROM gate_override"
            " WHERE at >= ? ORDER BY at, id",
            (at,),
        )
        with closing(rows):
            for when, who, os_user, day, verdict, to_zero, why, reason, approved_by in rows:
                sentences = tuple(json.loads(why))
                yield Override(when, who, os_user, day, verdict, to_zero, sentences, reason, approved_by)


def week_begins(now: int, timezone: str) -> int:
    """Monday's midnight of the week of `now` in that zone, UTC seconds."""
    here = datetime.fromtimestamp(now, ZoneInfo(timezone))
    monday = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) - timedelta(days=here.weekday())
    return int(monday.timestamp())
