"""A day's time entries side by side: what they leave open, and where they cover each other.

One place for the end of the day (`store.read_day`) and the exception `time_gap`. All moments are UTC seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

LEAST_OVERLAP = 60
"""Entries that cover each other for less are rounding."""


class Worked(msgspec.Struct, frozen=True):
    """One time entry whose begin and end are known."""

    begins: int
    ends: int
    ticket: tuple[str, str] = ("", "")
    """Connection, ticket id."""
    time_id: str = ""


class Stretch(msgspec.Struct, frozen=True):
    """Time without an entry, or (`overlap`) with two."""

    begins: int
    ends: int
    overlap: bool = False
    lasts: bool = False
    """A gap that is not over yet: `ends` is now."""
    before: Worked | None = None
    """Of a gap the entry that ended last before it, of an overlap the earlier one."""
    after: Worked | None = None
    """Of a gap the entry that ends it, of an overlap the later one."""


def stretches(worked: Iterable[Worked], shift: tuple[int, int] | None, now: int, least: int) -> list[Stretch]:
    """Overlaps of a minute or more, and gaps of `least` seconds or more up to `now`: in the shift (begin and end),
    without one between the first entry's begin and the last one's end."""
    entries = sorted(worked, key=lambda one: (one.begins, one.ends, one.ticket, one.time_id))
    if shift is None and not entries:
        return []
    first, last = shift or (entries[0].begins, max(one.ends for one in entries))
    last = min(last, now)
    found: list[Stretch] = []
    before: Worked | None = None
    for one in entries:
        reached = first if before is None else max(first, before.ends)
        ends = min(one.begins, last)
        if ends - reached >= max(least, 1):
            found.append(
                Stretch(reached, ends, lasts=ends < one.begins and ends == now, before=before, after=one)
            )
        if before is not None and min(before.ends, one.ends) - one.begins >= LEAST_OVERLAP:
            overlap = Stretch(one.begins, min(before.ends, one.ends), overlap=True, before=before, after=one)
            found.append(overlap)
        if before is None or one.ends > before.ends:
            before = one
    reached = first if before is None else max(first, before.ends)
    if shift is not None and last - reached >= max(least, 1):
        found.append(Stretch(reached, last, lasts=last == now, before=before))
    return found


def day_of(now: int, zone: ZoneInfo) -> tuple[int, int]:
    """The calendar day of a moment in a zone: its midnight and the next one."""
    day = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The moment at which a date begins in a zone."""
    return int(datetime.combine(day, time(), zone).timestamp())


def at_minute(day: date, zone: ZoneInfo, minutes: int) -> int:
    """The moment at which the clock shows so many minutes after midnight."""
    return int(datetime.combine(day, time(minutes // 60, minutes % 60), zone).timestamp())


def shift_of(now: int, zone: ZoneInfo, shift: tuple[int, int] | None) -> tuple[int, int] | None:
    """Today's shift, of one in minutes after midnight."""
    if shift is None:
        return None
    day = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    return at_minute(day, zone, shift[0]), at_minute(day, zone, shift[1])
