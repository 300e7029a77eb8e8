"""The technician's day, for its end: what was answered, what was handed over, the time on it and the gaps in it.

"Today" is the technician's, midnight to midnight in his zone. It rests on the fixes made with deskzero on this home
(the journal) and on his own time entries as far as the cache has them.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from store.business_time import Hours
from store.day_time import Worked, at_minute, day_of, shift_of, stretches
from store.seen import PREFIX as SEEN
from store.seen import reason_of

HANDED = "Hand-over"
_HANDED = re.compile(rf"{HANDED} \(([^()]*)\): (.*)", re.DOTALL)
_GIVEN_UP = ("undone", "dropped")

_Entry = tuple[int, int | None, float]
"""Begin, end and hours of a time entry."""


class Left(msgspec.Struct, frozen=True):
    """A row that stays, and who takes it."""

    to: str
    why: str
    at: int


class Gap(msgspec.Struct, frozen=True):
    """A stretch of the shift without time on it, or (`overlap`) with two entries. UTC seconds."""

    begins: int
    ends: int
    overlap: bool = False
    touched: tuple[tuple[str, str, str], ...] = ()
    """(connection, ticket id, number) of what was worked on here meanwhile."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of one technician."""

    begins: int
    answered: int = 0
    median: int | None = None
    """Seconds from the customer's note to the answer, of those that followed one."""
    seen: tuple[tuple[str, int], ...] = ()
    """(reason, how often) of what needed no answer, the most frequent first."""
    left: dict[tuple[str, str], Left] = {}
    """(connection, ticket id) -> who takes it, as it was written today."""
    hours: float = 0.0
    gaps: tuple[Gap, ...] = ()
    time_known: bool = False
    """Some connection tells of time entries."""
    due: dict[tuple[str, str], int] = {}
    """(connection, ticket id) -> when it is due, where that is before the next shift begins."""
    next_shift: int = 0


def handed_text(to: str, why: str) -> str:
    """The internal note that says who takes a ticket and why. Brackets in a name would end it early."""
    return f"{HANDED} ({' '.join(re.sub(r'[()]', ' ', to).split())}): {' '.join(why.split())}"


def parse_handed(text: str) -> tuple[str, str] | None:
    """Whom and why, of a hand-over note."""
    found = _HANDED.match(" ".join(text.split()))
    return None if found is None else (found[1].strip(), found[2].strip())


def day(
    cache: sqlite3.Connection | None,
    journal: sqlite3.Connection | None,
    names: Sequence[str],
    *,
    now: int,
    zone: ZoneInfo,
    shift: tuple[int, int] | None,
    gap: int,
    hours: Hours,
) -> Day:
    """The day of `now` (UTC seconds) in `zone`. `shift`: its begin and end in minutes after midnight, where one is set;
    `gap`: stretches shorter than so many seconds are none; `hours`: business days, for the next shift."""
    from statistics import median  # brings fractions, which nothing else needs before the first paint

    here = datetime.fromtimestamp(now, UTC).astimezone(zone)
    begins, ends = day_of(now, zone)
    shift_begins = _next_shift(here, shift, hours, zone)
    changes = _changes(journal, names, begins) if journal is not None else []
    waits = [
        at - note for _, _, _, at, note, reply, _ in changes if reply and note is not None and at >= note
    ]
    reasons = Counter(reason for *_, text in changes for reason in _reasons(text))
    left = {}
    for connection, ticket_id, _, at, _, _, text in changes:
        if text and (handed := parse_handed(text)) is not None:
            left[connection, ticket_id] = Left(*handed, at=at)
    entries = _worked(cache, names, begins, ends) if cache is not None else []
    touched = [(at, (connection, ticket_id, number)) for connection, ticket_id, number, at, *_ in changes]
    return Day(
        begins=begins,
        answered=sum(bool(reply) for *_, reply, _ in changes),
        median=int(median(waits)) if waits else None,
        seen=tuple(reasons.most_common()),
        left=left,
        hours=sum(hours for _, _, hours in entries),
        gaps=_gaps(entries, shift_of(now, zone, shift), now, gap, touched),
        time_known=cache is not None and _tells_time(cache, names),
        due=_due(cache, names, shift_begins) if cache is not None else {},
        next_shift=shift_begins,
    )


def _changes(
    journal: sqlite3.Connection, names: Sequence[str], begins: int
) -> list[tuple[str, str, str, int, int | None, str | None, str | None]]:
    marks = ", ".join("?" for _ in names)
    rows = journal.execute(
        "SELECT connection, ticket_id, number, created_at, json_extract(fix, '$.read_up_to'),"
        " json_extract(fix, '$.reply'), json_extract(fix, '$.note') FROM change"
        f" WHERE created_at >= ? AND undo_of IS NULL AND connection IN ({marks})"
        f" AND state NOT IN {_GIVEN_UP!r} AND undone_by IS NULL ORDER BY seq",
        [begins, *names],
    )
    return [tuple(row) for row in rows]


def _reasons(text: str | None) -> list[str]:
    plain = " ".join((text or "").split())
    if not plain.startswith(SEEN):
        return []
    return [reason_of(plain).lower() or "no reason"]


def _worked(cache: sqlite3.Connection, names: Sequence[str], begins: int, ends: int) -> list[_Entry]:
    """His own entries of the day, by their begin."""
    marks = ", ".join("?" for _ in names)
    rows = cache.execute(
        "SELECT t.started_at, t.ended_at, t.hours FROM v_time t JOIN connection_state s USING (connection)"
        f" WHERE t.connection IN ({marks}) AND t.started_at >= ? AND t.started_at < ?"
        " AND ((s.member_id IS NOT NULL AND t.member_id = s.member_id) OR t.member = s.member) ORDER BY t.started_at",
        [*names, begins, ends],
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _gaps(
    entries: Sequence[_Entry],
    shift: tuple[int, int] | None,
    now: int,
    least: int,
    touched: Sequence[tuple[int, tuple[str, str, str]]],
) -> tuple[Gap, ...]:
    """Stretches without an entry, in the shift (else between the first entry and the last), and overlaps."""
    worked = [Worked(begin, end) for begin, end, _ in entries if end is not None]
    return tuple(
        Gap(one.begins, one.ends, overlap=True) if one.overlap else _gap(one.begins, one.ends, touched)
        for one in stretches(worked, shift, now, least)
    )


def _gap(begins: int, ends: int, touched: Sequence[tuple[int, tuple[str, str, str]]]) -> Gap:
    return Gap(
        begins, ends, touched=tuple(dict.fromkeys(what for at, what in touched if begins <= at <= ends))
    )


def _tells_time(cache: sqlite3.Connection, names: Sequence[str]) -> bool:
    marks = ", ".join("?" for _ in names)
    return (
        cache.execute(
            f"SELECT 1 FROM connection_state WHERE connection IN ({marks})"
            " AND json_extract(capabilities, '$.not_read.time') IS NULL LIMIT 1",
            list(names),
        ).fetchone()
        is not None
    )


def _due(cache: sqlite3.Connection, names: Sequence[str], before: int) -> dict[tuple[str, str], int]:
    marks = ", ".join("?" for _ in names)
    rows = cache.execute(
        "SELECT connection, ticket_id, due_at FROM v_ticket WHERE due_at < ? AND NOT is_closed AND in_scope"
        f" AND presence = 'here' AND connection IN ({marks})",
        [before, *names],
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _next_shift(here: datetime, shift: tuple[int, int] | None, hours: Hours, zone: ZoneInfo) -> int:
    """When the next shift begins: on the next business day, where no shift is set when business opens."""
    day = hours.day_after(here.date())
    begins = shift[0] if shift is not None else hours.opens(day)
    return at_minute(day, zone, begins or 0)
