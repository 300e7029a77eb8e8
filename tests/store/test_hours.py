"""Hours as people type them, and as they are billed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.hours import NoHours, parse, rounded

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 20, 15, 0, tzinfo=BERLIN).timestamp())


@pytest.mark.parametrize(
    ("typed", "hours"),
    [(".25", 0.25), ("0,25", 0.25), ("1", 1), ("1.5", 1.5), ("15m", 0.25), ("15 min", 0.25), ("1h30", 1.5),
     ("1h 30m", 1.5), ("1,5h", 1.5), ("2 hours", 2), ("0:15", 0.25), ("1:05", 1 + 5 / 60), ("24", 24)],
)  # fmt: skip
def test_so_many_hours(typed: str, hours: float) -> None:
    worked = parse(typed, now=NOW, zone=BERLIN)
    assert worked.hours == pytest.approx(hours) and worked.started_at is None


@pytest.mark.parametrize(
    "typed", ["13:40-13:55", "13:40 - 13:55", "13.40-13.55", "13:40 to 13:55", "13:40–13:55"]
)
def test_from_when_to_when_is_today_in_the_zone(typed: str) -> None:
    worked = parse(typed, now=NOW, zone=BERLIN)
    assert worked.hours == pytest.approx(0.25)
    assert worked.started_at == int(datetime(2026, 11, 20, 13, 40, tzinfo=BERLIN).timestamp())


def test_over_midnight_it_began_yesterday() -> None:
    worked = parse("23:30-00:15", now=NOW, zone=BERLIN)
    assert worked.hours == pytest.approx(0.75)
    assert worked.started_at == int(datetime(2026, 11, 19, 23, 30, tzinfo=BERLIN).timestamp())


def test_the_night_in_which_the_clocks_go_back_has_an_hour_more() -> None:
    after = int(datetime(2026, 10, 25, 9, 0, tzinfo=BERLIN).timestamp())
    assert parse("01:00-04:00", now=after, zone=BERLIN).hours == pytest.approx(4)


@pytest.mark.parametrize(
    "typed", ["", " ", "soon", "-1", "0", "25", "13:40-", "25:00-26:00", "13:61-14:00", "1:75", "1e3", "nan"]
)
def test_what_is_no_time_says_what_is(typed: str) -> None:
    with pytest.raises(NoHours, match="Write it as"):
        parse(typed, now=NOW, zone=BERLIN)


@given(st.floats(0.001, 24), st.sampled_from([0, 60, 360, 900, 1800, 3600]), st.sampled_from([0, 900]))
def test_rounded_up_to_whole_steps_and_never_by_more_than_one(hours: float, step: int, least: int) -> None:
    found = rounded(hours, step, least)
    assert found >= min(hours, 24) - 1e-6
    assert found * 3600 >= least - 1e-3
    if step:
        assert (found * 3600 / step) == pytest.approx(round(found * 3600 / step), abs=1e-3)
        assert found * 3600 - max(hours * 3600, least) < step + 1e-3


@pytest.mark.parametrize("hours", [0.25, 0.5, 1.0])
def test_what_is_whole_already_stays(hours: float) -> None:
    assert rounded(hours, 900) == hours
