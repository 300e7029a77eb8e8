"""Exceptions over time, from the journal: how many were open, opened and cleared, and what cleared them.

Pure functions over the journal: the same rows give the same result. Moments are UTC seconds; a day is a calendar
day in a zone. An exception counts as opened when deskzero first saw it, which at the first sync is later than its
`since`. What only its window ended stays open here, since nobody resolved it (`aged_out` in `check`).
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

_GIVEN_UP = ("undone", "dropped", "rejected", "conflict")
"""States of a change that fixed nothing: what it had cleared came back, or went for another reason."""


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One exception from its opening to its clearing."""

    connection: str
    ticket_id: str
    kind: str
    since: int
    """Since when it held, as the rules say."""
    opened_at: int
    cleared_at: int | None = None
    """`None`: it is still open."""
    change: str | None = None
    """What cleared it; `None`: it went by itself or in the PSA."""
    verb: str = ""
    """The change's, in a word or two; `undo` for one that took another back; empty where the journal forgot it."""
    who: str = ""
    """Whose change it was: the technician at the PSA."""
    company: str | None = None
    board: str | None = None
    type: str | None = None

    def open_at(self, moment: int) -> bool:
        """Whether it was open just before this moment."""
        return self.opened_at < moment and (self.cleared_at is None or self.cleared_at >= moment)


class DayCount(msgspec.Struct, frozen=True):
    """One kind on one day."""

    day: str
    """`2026-11-26`."""
    opened: int = 0
    by_fix: int = 0
    """Cleared by a change made with deskzero that stands."""
    by_itself: int = 0
    """Cleared without one: by itself, or by somebody in the PSA."""
    open: int = 0
    """Open at the day's end, or at the end of what was asked for where that is earlier."""

    @property
    def cleared(self) -> int:
        return self.by_fix + self.by_itself


def episodes(journal: sqlite3.Connection | None, names: Sequence[str]) -> list[Episode]:
    """Every exception of these connections that the journal has, by connection, ticket, kind and time.

    A clearing whose change was taken back, given up or refused is none: the rows before and after it are one episode.
    So are rows that the same change cleared twice (it was in conflict in between).
    """
    if journal is None or not names:
        return []
    marks = ", ".join("?" for _ in names)
    rows = journal.execute(
        "SELECT h.connection, h.ticket_id, h.kind, h.since, h.opened_at, h.cleared_at, h.cleared_by, h.company,"
        " h.board, h.type, c.verb, c.who, c.undo_of,"
        f" coalesce(c.state IN {_GIVEN_UP!r} OR c.undone_by IS NOT NULL, 0)"
        f" FROM history h LEFT JOIN change c ON c.change = h.cleared_by WHERE h.connection IN ({marks})"
        " ORDER BY h.connection, h.ticket_id, h.kind, h.opened_at, h.id",
        list(names),
    ).fetchall()
    found: list[Episode] = []
    for _, same in groupby(rows, key=lambda row: tuple(row[:3])):
        found += _joined([(_episode(row), bool(row[13])) for row in same])
    return found


def _episode(row: Sequence[object]) -> Episode:
    (
        connection,
        ticket_id,
        kind,
        since,
        opened_at,
        cleared_at,
        change,
        company,
        board,
        type_,
        verb,
        who,
        undo,
    ) = row[:13]
    return msgspec.convert(
        {
            "connection": connection,
            "ticket_id": ticket_id,
            "kind": kind,
            "since": since,
            "opened_at": opened_at,
            "cleared_at": cleared_at,
            "change": change,
            "verb": "undo" if undo is not None else verb or "",
            "who": who or "",
            "company": company,
            "board": board,
            "type": type_,
        },
        Episode,
    )


def _joined(rows: Sequence[tuple[Episode, bool]]) -> list[Episode]:
    """One row's episodes; the flag says that the clearing's change fixed nothing."""
    found: list[Episode] = []
    goes_on: Episode | None = None
    for place, (row, nothing) in enumerate(rows):
        one = row
        if goes_on is not None:
            one = msgspec.structs.replace(one, since=goes_on.since, opened_at=goes_on.opened_at)
        following = rows[place + 1][0] if place + 1 < len(rows) else None
        again = following is not None and one.change is not None and following.change == one.change
        if following is not None and (nothing or again):
            goes_on = one
            continue
        if nothing:
            one = msgspec.structs.replace(one, change=None, verb="", who="")
        goes_on = None
        found.append(one)
    return found


def days(begins: int, ends: int, zone: ZoneInfo) -> list[tuple[str, int]]:
    """The calendar days from `begins` up to `ends`: (day, the moment at which it ends, at most `ends`)."""
    found = []
    day = datetime.fromtimestamp(begins, UTC).astimezone(zone).date()
    while True:
        midnight = int(datetime.combine(day + timedelta(days=1), time(), zone).timestamp())
        found.append((day.isoformat(), min(midnight, ends)))
        if midnight >= ends:
            return found
        day += timedelta(days=1)


def daily(
    of: Iterable[Episode], *, begins: int, ends: int, zone: ZoneInfo
) -> dict[str, tuple[DayCount, ...]]:
    """Each kind that was open at some time in the span: its days, oldest first; the first counts from `begins`."""
    calendar = days(begins, ends, zone)
    edges = [edge for _, edge in calendar]
    tallies: dict[str, Counter[tuple[str, int]]] = {}
    for one in of:
        if one.opened_at >= ends or (one.cleared_at is not None and one.cleared_at < begins):
            continue
        tally = tallies.setdefault(one.kind, Counter())
        first = 0
        if one.opened_at >= begins:
            first = bisect_right(edges, one.opened_at)
            tally["opened", first] += 1
        last = len(edges)
        if one.cleared_at is not None and one.cleared_at < ends:
            last = bisect_right(edges, one.cleared_at)
            tally["by_itself" if one.change is None else "by_fix", last] += 1
        tally["starts", first] += 1
        tally["stops", last] += 1
    return {kind: _days_of(tallies[kind], [day for day, _ in calendar]) for kind in sorted(tallies)}


def _days_of(tally: Counter[tuple[str, int]], calendar: Sequence[str]) -> tuple[DayCount, ...]:
    found, now = [], 0
    for place, day in enumerate(calendar):
        now += tally["starts", place] - tally["stops", place]
        counts = {name: tally[name, place] for name in ("opened", "by_fix", "by_itself")}
        found.append(DayCount(day, **counts, open=now))
    return tuple(found)


class Way(msgspec.Struct, frozen=True, order=True):
    """How exceptions of a kind were cleared."""

    kind: str
    verb: str
    """Of the fix; empty: by itself or in the PSA."""
    who: str = ""


def ways(of: Iterable[Episode], *, begins: int, ends: int) -> Counter[Way]:
    """How often exceptions were cleared in the span, by kind, by what and by whom."""
    return Counter(
        Way(one.kind, "" if one.change is None else one.verb or "a fix", one.who)
        for one in of
        if one.cleared_at is not None and begins <= one.cleared_at < ends
    )


class Pattern(msgspec.Struct, frozen=True):
    """The same exception again and again: a company, a type of ticket, a kind."""

    company: str | None
    type: str | None
    kind: str
    times: int
    open: int
    """How many of them are still open at the end."""


def patterns(of: Iterable[Episode], *, begins: int, ends: int, least: int) -> list[Pattern]:
    """Company, type and kind of at least `least` exceptions that opened in the span; the most frequent first.

    A ticket counts once: one that opens the same exception again and again is no pattern of the company's.
    """
    tickets: dict[tuple[str | None, str | None, str], dict[tuple[str, str], bool]] = {}
    for one in of:
        if begins <= one.opened_at < ends:
            group = tickets.setdefault((one.company, one.type, one.kind), {})
            key = (one.connection, one.ticket_id)
            group[key] = group.get(key, False) or one.open_at(ends)
    found = [
        Pattern(*key, times=len(group), open=sum(group.values()))
        for key, group in tickets.items()
        if len(group) >= least and any(key[:2])
    ]
    return sorted(found, key=lambda one: (-one.times, one.kind, one.company or "", one.type or ""))
