"""Business time: when a shop is open, and how much of that lies between two moments.

Opening spans are what the clock on the wall shows in a zone; what is counted are seconds that really pass. So a day on
which the clocks change counts as long as it is open, and of an hour that the clock shows twice both count.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

DAY = 86400
FIRST, LAST = 1970, 2199
"""The years that are looked at: nothing is open outside them, so every search ends."""

Span = tuple[int, int]
"""Begin and end in minutes after midnight; 1440 is the day's end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORDINAL = date(1970, 1, 1).toordinal()
_OFFICE: tuple[Span, ...] = ((9 * 60, 17 * 60),)


class Hours(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """When one calendar is open. All moments are UTC seconds.

    A business day is a weekday with an opening span that is no holiday. Raises `ValueError` for spans that overlap or
    are none, and for a calendar that is never open.
    """

    week: tuple[tuple[Span, ...], ...] = (_OFFICE,) * 5 + ((), ())
    """Monday to Sunday: the spans of each, in order."""
    holidays: tuple[str, ...] = ()
    """`2026-12-25`, or `12-25` for every year."""
    country: str = ""
    """Its public holidays count too: a code as the library `holidays` knows it; empty: none."""
    region: str = ""
    """A part of the country with holidays of its own."""
    zone: str = "UTC"
    """IANA name."""

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        for spans in self.week:
            reached = 0
            for first, last in spans:
                if not reached <= first < last <= 24 * 60:
                    raise ValueError("opening spans are in order, do not overlap and end by 24:00")
                reached = last
        if not any(self.week):
            raise ValueError("no day of the week has an opening")
        yearly = {day for day in self.holidays if len(day) == 5 and day != "02-29"}
        if len(yearly) >= 365:
            raise ValueError("every day of the year is a holiday")

    def between(self, a: int, b: int) -> int:
        """Business seconds from `a` to `b`; 0 when `b` is not after `a`."""
        if b <= a:
            return 0
        first, last = _year_of(a), _year_of(b)
        whole = sum(_opened(self, year).total for year in range(first, last))
        return whole + _opened(self, last).until(b) - _opened(self, first).until(a)

    def back(self, now: int, seconds: int) -> int:
        """The latest moment m with `between(m, now) >= seconds`: what is at least so old came then or before.

        `now` for 0 seconds. Where the calendar does not go back so far, a moment before 1970.
        """
        if seconds <= 0:
            return now
        year = _year_of(now)
        here = _opened(self, year).until(now)
        while here < seconds:
            seconds -= here
            year -= 1
            if year < FIRST:
                return -1
            here = _opened(self, year).total
        return _opened(self, year).last_with(here - seconds)

    def ahead(self, at: int, seconds: int) -> int:
        """The earliest moment m with `between(at, m) >= seconds`; `at` for 0 seconds.

        Where the calendar does not go on so far, the end of 2199.
        """
        if seconds <= 0:
            return at
        year = _year_of(at)
        wanted = _opened(self, year).until(at) + seconds
        while wanted > (total := _opened(self, year).total):
            wanted -= total
            year += 1
            if year > LAST:
                return _begin_of(LAST + 1)
        return _opened(self, year).first_with(wanted)

    def days_ahead(self, at: int, n: int) -> int:
        """The same time of day so many business days later; a day off counts as the next business day's midnight.

        A time that the clock leaves out that day is the moment at which it jumps; one that it shows twice, the first.
        `days_ahead(at, n) <= now` exactly when `at <= days_back(now, n)`. Raises `ValueError` for a negative `n`.
        """
        day, into = divmod(_clock(ZoneInfo(self.zone), at), DAY)
        begin = self._later(day, 0)
        return _moment(ZoneInfo(self.zone), self._later(begin, n) * DAY + (into if begin == day else 0))

    def days_back(self, now: int, n: int) -> int:
        """The same time of day so many business days earlier; a day off counts as the last business day's last second.

        It is the latest moment whose `days_ahead` is `now` or before. Raises `ValueError` for a negative `n`.
        """
        day, into = divmod(_clock(ZoneInfo(self.zone), now), DAY)
        end = self._earlier(day, 0)
        until = self._earlier(end, n) * DAY + (into if end == day else DAY - 1)
        return _moment(ZoneInfo(self.zone), until + 1) - 1

    def day_after(self, day: date) -> date:
        """The next business day after a date in the zone."""
        return date.fromordinal(self._later(day.toordinal() - _ORDINAL + 1, 0) + _ORDINAL)

    def opens(self, day: date) -> int | None:
        """When it first opens on a date, in minutes after midnight; `None` on a day off."""
        number = day.toordinal() - _ORDINAL
        return self.week[day.weekday()][0][0] if self._later(number, 0) == number else None

    def _later(self, day: int, n: int) -> int:
        """The n-th business day after `day`, 0: itself or the next; days since 1970."""
        _not_negative(n)
        year = _calendar_year(day)
        days = _business_days(self, year)
        place = bisect_left(days, day) + n
        while place >= len(days):
            place -= len(days)
            year += 1
            if year > LAST:
                return _begin_of(LAST + 1) // DAY
            days = _business_days(self, year)
        return days[place]

    def _earlier(self, day: int, n: int) -> int:
        _not_negative(n)
        year = _calendar_year(day)
        days = _business_days(self, year)
        place = bisect_right(days, day) - 1 - n
        while place < 0:
            year -= 1
            if year < FIRST:
                return -2  # before everything, in any zone
            days = _business_days(self, year)
            place += len(days)
        return days[place]


class _Opened:
    """The opening spans of one UTC year, and how much of it is open before each."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self.begins = [begin for begin, _ in spans]
        self.ends = [end for _, end in spans]
        self.before: list[int] = []
        self.total = 0
        for begin, end in spans:
            self.before.append(self.total)
            self.total += end - begin

    def until(self, at: int) -> int:
        """Open seconds of the year up to a moment."""
        place = bisect_right(self.begins, at) - 1
        return 0 if place < 0 else self.before[place] + min(at, self.ends[place]) - self.begins[place]

    def last_with(self, open_seconds: int) -> int:
        """The latest moment up to which no more than that was open; fewer than `total`."""
        place = bisect_right(self.before, open_seconds) - 1
        return self.begins[place] + open_seconds - self.before[place]

    def first_with(self, open_seconds: int) -> int:
        """The earliest moment up to which that was open; more than 0."""
        place = bisect_left(self.before, open_seconds) - 1
        return self.begins[place] + open_seconds - self.before[place]


@lru_cache(maxsize=1024)
def _opened(hours: Hours, year: int) -> _Opened:
    begin, end = _begin_of(year), _begin_of(year + 1)
    days = {day for near in (year - 1, year, year + 1) for day in _business_days(hours, near)}
    spans = []
    for first, last, offset in _stretches(ZoneInfo(hours.zone), begin, end):
        # Between two changes of the clocks the wall's time is UTC and a constant.
        lowest, highest = first + offset, last + offset
        for day in range(lowest // DAY, (highest - 1) // DAY + 1):
            if day not in days:
                continue
            for opening, closing in hours.week[_weekday(day)]:
                here = max(day * DAY + opening * 60, lowest)
                there = min(day * DAY + closing * 60, highest)
                if here < there:
                    spans.append((here - offset, there - offset))
    return _Opened(spans)


@lru_cache(maxsize=1024)
def _business_days(hours: Hours, year: int) -> list[int]:
    """The business days of a calendar year in the zone, as days since 1970."""
    off = _public_holidays(hours.country, hours.region, year) if hours.country else frozenset[int]()
    own = set(hours.holidays)
    begin, end = (date(some, 1, 1).toordinal() - _ORDINAL for some in (year, year + 1))
    found = []
    for day in range(begin, end):
        if hours.week[_weekday(day)] and day not in off:
            text = date.fromordinal(day + _ORDINAL).isoformat() if own else ""
            if not own or (text not in own and text[5:] not in own):
                found.append(day)
    return found


@lru_cache(maxsize=1024)
def _public_holidays(country: str, region: str, year: int) -> frozenset[int]:
    import holidays

    found = holidays.country_holidays(country, subdiv=region or None, years=year)
    return frozenset(day.toordinal() - _ORDINAL for day in found)


def _stretches(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Begin, end and offset from UTC of the stretches in which the clocks do not change."""
    since, offset = begin, _offset(zone, begin)
    for at in range(begin, end, DAY):
        until = min(at + DAY, end)
        if (other := _offset(zone, until)) != offset:
            change = _change(zone, at, until)
            yield since, change, offset
            since, offset = change, other
    if since < end:
        yield since, end, offset


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first moment with another offset than at `before`; at `after` it is another."""
    offset = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
    return after


def _clock(zone: ZoneInfo, at: int) -> int:
    """The furthest that the clock on the wall has shown by then: it never goes back, so that days keep their order."""
    here = (_EPOCH + timedelta(seconds=_within(at))).astimezone(zone)
    if here.fold:  # shown for the second time: it stays at the last second of the first
        before = _change(zone, _within(at) - DAY, _within(at)) - 1
        return before + _offset(zone, before)
    return _within(at) + _seconds(here.utcoffset())


def _moment(zone: ZoneInfo, clock: int) -> int:
    """The first moment at which `_clock` is so far."""
    wall = (_EPOCH + timedelta(seconds=clock)).replace(tzinfo=zone)
    at = clock - _seconds(wall.utcoffset())
    if at + _offset(zone, at) == clock:
        return at
    early, late = clock - 2 * DAY, clock + 2 * DAY  # the clock jumps over it, at most by a day (Samoa, 2011)
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (middle, late) if _clock(zone, middle) < clock else (early, middle)
    return late


def _offset(zone: ZoneInfo, at: int) -> int:
    return _seconds((_EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset())


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None, "a zone always has an offset"
    return offset.days * DAY + offset.seconds


def _within(at: int) -> int:
    return min(max(at, 0), _begin_of(LAST + 1) - 1)


def _year_of(at: int) -> int:
    return (_EPOCH + timedelta(seconds=_within(at))).year


def _calendar_year(day: int) -> int:
    lowest, highest = 0, _begin_of(LAST + 1) // DAY - 1
    return date.fromordinal(min(max(day, lowest), highest) + _ORDINAL).year


@lru_cache(maxsize=512)
def _begin_of(year: int) -> int:
    return (date(year, 1, 1).toordinal() - _ORDINAL) * DAY


def _weekday(day: int) -> int:
    return (day + 3) % 7  # 1 January 1970 was a Thursday


def _not_negative(n: int) -> None:
    if n < 0:
        raise ValueError(f"a number of business days is 0 or more, not {n}")
