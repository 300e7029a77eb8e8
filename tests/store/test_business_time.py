"""Business time against a plain reading: the clock on the wall, minute by minute."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.business_time import Hours

steady = settings(max_examples=100, derandomize=True, deadline=None, database=None)

DAY = 86400
# Around a change of the clocks: where the weeks that are looked at begin.
CHANGES = {
    "America/New_York": (date(2026, 3, 3), date(2026, 10, 27)),
    "Europe/Berlin": (date(2026, 3, 24), date(2026, 10, 20)),
    "Australia/Adelaide": (date(2026, 3, 31), date(2026, 9, 29)),  # half an hour beside the whole ones
    "Australia/Lord_Howe": (date(2026, 3, 31), date(2026, 9, 29)),  # and it changes by half an hour
    "America/Havana": (date(2026, 3, 3), date(2026, 10, 27)),  # at midnight
    "Pacific/Apia": (date(2011, 12, 24),),  # had no 30 December 2011
    "Asia/Kolkata": (date(2026, 12, 24),),  # over a new year
}
WEEKS = 12 * DAY


def utc(*parts: int, zone: str = "UTC") -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[arg-type, misc]


OFFICE = Hours(zone="Europe/Berlin")


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    marks = sorted(draw(st.sets(st.integers(0, 24 * 60), max_size=4)))
    return tuple(zip(marks[::2], marks[1::2], strict=False))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Hours, int]:
    """A calendar, and the begin of the weeks in which it is looked at."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    begins = draw(st.sampled_from(CHANGES[zone]))
    week = draw(st.lists(spans(), min_size=7, max_size=7).filter(any))
    days = st.integers(0, 12).map(lambda n: (begins + timedelta(days=n)).isoformat())
    off = draw(st.lists(days | days.map(lambda day: day[5:]), max_size=4))
    hours = Hours(week=tuple(week), holidays=tuple(off), zone=zone)
    return hours, int(datetime(begins.year, begins.month, begins.day, tzinfo=UTC).timestamp())


def is_business(hours: Hours, day: date) -> bool:
    text = day.isoformat()
    return bool(hours.week[day.weekday()]) and text not in hours.holidays and text[5:] not in hours.holidays


@lru_cache(maxsize=4)
def minutes_open(hours: Hours, begin: int) -> list[int]:
    """Open minutes before each minute of the weeks; every zone here differs from UTC by whole minutes."""
    zone, counts = ZoneInfo(hours.zone), [0]
    for at in range(begin, begin + WEEKS, 60):
        here = datetime.fromtimestamp(at, UTC).astimezone(zone)
        minute = here.hour * 60 + here.minute
        is_open = is_business(hours, here.date()) and any(
            first <= minute < last for first, last in hours.week[here.weekday()]
        )
        counts.append(counts[-1] + is_open)
    return counts


MINUTES = st.integers(0, WEEKS // 60)


@steady
@given(worlds(), MINUTES, MINUTES)
def test_between_is_what_the_wall_shows(world: tuple[Hours, int], a: int, b: int) -> None:
    hours, begin = world
    counts = minutes_open(hours, begin)
    assert hours.between(begin + a * 60, begin + b * 60) == max(0, counts[b] - counts[a]) * 60


@steady
@given(worlds(), MINUTES, st.integers(1, 5000))
def test_back_and_ahead_are_what_the_wall_shows(world: tuple[Hours, int], at: int, wanted: int) -> None:
    hours, begin = world
    counts = minutes_open(hours, begin)
    earlier = [m for m in range(at + 1) if counts[at] - counts[m] >= wanted]
    if earlier:
        assert hours.back(begin + at * 60, wanted * 60) == begin + earlier[-1] * 60
    later = [m for m in range(at, len(counts)) if counts[m] - counts[at] >= wanted]
    if later:
        assert hours.ahead(begin + at * 60, wanted * 60) == begin + later[0] * 60


MOMENTS = st.integers(0, 2_000_000_000)


@steady
@given(worlds(), MOMENTS, st.integers(1, 40 * DAY))
def test_back_and_ahead_are_exact_to_the_second(world: tuple[Hours, int], at: int, seconds: int) -> None:
    hours, _ = world
    m = hours.back(at, seconds)
    if m >= 0:
        assert hours.between(m, at) >= seconds > hours.between(m + 1, at)
    m = hours.ahead(at, seconds)
    assert hours.between(at, m) >= seconds > hours.between(at, m - 1)


@steady
@given(worlds(), MOMENTS, MOMENTS, MOMENTS)
def test_between_adds_up(world: tuple[Hours, int], a: int, b: int, c: int) -> None:
    hours, _ = world
    a, b, c = sorted((a, b, c))
    assert hours.between(a, b) + hours.between(b, c) == hours.between(a, c)
    assert hours.between(c, a) == 0


SECONDS = st.integers(0, WEEKS)


@steady
@given(worlds(), SECONDS, SECONDS, st.integers(0, 8))
def test_days_ahead_and_days_back_say_the_same(world: tuple[Hours, int], at: int, now: int, n: int) -> None:
    hours, begin = world
    at, now = begin + at, begin + now
    assert (hours.days_ahead(at, n) <= now) == (at <= hours.days_back(now, n))
    # … and at the edge itself, to the second.
    edge = hours.days_back(now, n)
    assert hours.days_ahead(edge, n) <= now < hours.days_ahead(edge + 1, n)


@steady
@given(worlds(), SECONDS, SECONDS, st.integers(0, 8))
def test_days_keep_their_order(world: tuple[Hours, int], a: int, b: int, n: int) -> None:
    hours, begin = world
    a, b = sorted((begin + a, begin + b))
    assert hours.days_ahead(a, n) <= hours.days_ahead(b, n)
    assert hours.days_back(a, n) <= hours.days_back(b, n)
    assert hours.days_ahead(a, n) <= hours.days_ahead(a, n + 1)


@steady
@given(worlds(), SECONDS, st.integers(0, 8))
def test_days_are_the_same_time_of_day(world: tuple[Hours, int], at: int, n: int) -> None:
    hours, begin = world
    zone = ZoneInfo(hours.zone)
    here = datetime.fromtimestamp(begin + at, UTC).astimezone(zone)
    day, clock = here.date(), here.time()
    if not is_business(hours, day):
        clock = datetime.min.time()
        while not is_business(hours, day):
            day += timedelta(days=1)
    for _ in range(n):
        day += timedelta(days=1)
        while not is_business(hours, day):
            day += timedelta(days=1)
    wanted = datetime.combine(day, clock, zone)
    there = wanted.astimezone(UTC).astimezone(zone)
    if here.fold or (there.date(), there.time()) != (day, clock):
        return  # shown twice, or left out: the tests above say what holds then
    assert hours.days_ahead(begin + at, n) == int(wanted.timestamp())


def test_days_by_hand() -> None:
    hours = Hours(zone="Europe/Berlin", holidays=("2026-12-25", "01-01"))
    thursday = utc(2026, 12, 24, 15, 0, zone="Europe/Berlin")
    assert hours.days_ahead(thursday, 1) == utc(2026, 12, 28, 15, 0, zone="Europe/Berlin")
    assert hours.days_ahead(thursday, 5) == utc(2027, 1, 4, 15, 0, zone="Europe/Berlin")
    assert hours.days_back(utc(2026, 12, 28, 15, 0, zone="Europe/Berlin"), 1) == thursday
    # A Saturday: as an `at` it is Monday's begin, as a `now` Friday's (here: Thursday's) last second.
    saturday = utc(2026, 12, 26, 12, 0, zone="Europe/Berlin")
    assert hours.days_ahead(saturday, 1) == utc(2026, 12, 29, 0, 0, zone="Europe/Berlin")
    assert hours.days_back(saturday, 1) == utc(2026, 12, 24, 0, 0, zone="Europe/Berlin") - 1
    assert hours.days_back(saturday, 0) == utc(2026, 12, 25, 0, 0, zone="Europe/Berlin") - 1


def test_a_time_that_the_clock_leaves_out_is_the_moment_it_jumps() -> None:
    hours = Hours(week=(((0, 1440),),) * 7, zone="Europe/Berlin")
    assert hours.days_ahead(utc(2026, 3, 28, 2, 30, zone="Europe/Berlin"), 1) == utc(2026, 3, 29, 1, 0)


def test_a_day_with_a_change_is_open_as_long_as_it_is() -> None:
    hours = Hours(week=(((0, 1440),),) * 7, zone="Europe/Berlin")
    for day, length in ((28, 24), (29, 23), (30, 24)):
        begins = utc(2026, 3, day, zone="Europe/Berlin")
        assert hours.between(begins, utc(2026, 3, day + 1, zone="Europe/Berlin")) == length * 3600


def test_public_holidays_are_days_off() -> None:
    us = Hours(zone="America/New_York", country="US")
    assert us.opens(date(2026, 11, 26)) is None  # Thanksgiving
    assert us.opens(date(2026, 11, 27)) == 9 * 60
    assert us.day_after(date(2026, 11, 25)) == date(2026, 11, 27)
    # The day after is one in California.
    assert Hours(zone="America/Los_Angeles", country="US", region="CA").opens(date(2026, 11, 27)) is None
    assert us.between(utc(2026, 11, 26), utc(2026, 11, 27)) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"week": ((),) * 7}, "no day of the week"),
        ({"week": (((0, 60),),)}, "seven days"),
        ({"week": (((60, 120), (90, 180)),) + ((),) * 6}, "do not overlap"),
        ({"week": (((60, 60),),) + ((),) * 6}, "do not overlap"),
        ({"week": (((0, 1441),),) + ((),) * 6}, "24:00"),
        (
            {"holidays": tuple((date(2026, 1, 1) + timedelta(n)).isoformat()[5:] for n in range(365))},
            "every day",
        ),
    ],
)
def test_what_is_never_open_or_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Hours(**wrong)  # type: ignore[arg-type]


def test_days_are_never_fewer_than_none() -> None:
    for step in (OFFICE.days_ahead, OFFICE.days_back):
        with pytest.raises(ValueError, match="not -1"):
            step(utc(2026, 11, 20), -1)


def test_every_search_ends() -> None:
    rare = Hours(
        week=(((0, 1),),) + ((),) * 6,
        holidays=tuple((date(2024, 1, 1) + timedelta(n)).isoformat()[5:] for n in range(366) if n not in (59, 60)),
    )  # fmt: skip
    now = utc(2026, 11, 20)
    assert rare.between(0, now) > 0
    assert rare.back(now, 10**9) < 0
    assert rare.ahead(now, 10**9) == utc(2200, 1, 1)
    assert rare.days_back(now, 10**6) < 0
    assert rare.days_ahead(now, 10**6) == utc(2200, 1, 1)
    # Dates that a PSA makes up for "never".
    assert OFFICE.between(-62135596800, now) == OFFICE.between(0, now)
    assert OFFICE.between(now, 253402300799) == OFFICE.between(now, utc(2200, 1, 1))


def test_it_is_hashable_and_can_be_written_down() -> None:
    one = Hours(country="US", region="CA", holidays=("12-24",))
    assert hash(one) == hash(Hours(country="US", region="CA", holidays=("12-24",)))
    assert msgspec.json.decode(msgspec.json.encode(one), type=Hours) == one


def test_it_is_quick() -> None:
    """A year within a millisecond: rules ask it of every ticket."""
    now = utc(2026, 11, 20)
    OFFICE.between(now - 365 * DAY, now)
    for ask in (
        lambda: OFFICE.between(now - 365 * DAY, now),
        lambda: OFFICE.back(now, 5 * 365 * 3600),
        lambda: OFFICE.days_back(now, 200),
    ):
        ask()
        took = []
        for _ in range(20):
            began = time.perf_counter()
            ask()
            took.append(time.perf_counter() - began)
        assert min(took) < 0.001
