"""Numbers as a row of blocks, and as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sparkline import BARS, sparkline, spoken_trend

counts = st.lists(st.none() | st.integers(0, 10**6), max_size=60)


def test_known_rows() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6]) == "▁▃▄▅▆▇█"
    assert sparkline([1, 1]) == "██"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([0, None, 6]) == "▁ █"
    assert sparkline([]) == ""
    assert sparkline([1, 100]) == "▂█", "something is never drawn as nothing"


def test_too_many_are_put_together_by_the_highest() -> None:
    assert sparkline([0, 6, 0, 0, 3, 0], width=3) == sparkline([6, 0, 3])
    assert sparkline([None, None, 1, 1], width=2) == " █"
    assert sparkline([1, 2], width=5) == sparkline([1, 2])


def test_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        sparkline([1, -1])


@given(counts, st.integers(1, 80))
def test_higher_numbers_are_never_lower_blocks(row: list[int | None], width: int) -> None:
    shown = sparkline(row)
    assert len(shown) == len(row) and set(shown) <= set(BARS) | {" "}
    pairs = [(one, BARS.index(bar)) for one, bar in zip(row, shown, strict=True) if one is not None]
    for one, height in pairs:
        assert (height == 0) == (one == 0)
        assert all(other <= height for less, other in pairs if less <= one)
    if any(row):
        assert max(shown, key=lambda bar: " ".join(BARS).find(bar)) == BARS[-1]
    assert len(sparkline(row, width=width)) == min(width, len(row))


def test_in_words() -> None:
    assert spoken_trend([3, 9, 8]) == "from 3 to 8 in 3 days, highest 9"
    assert spoken_trend([3, 1, 3]) == "3 at both ends of 3 days, lowest 1"
    assert spoken_trend([4, 4], unit="weeks") == "4 all the time, 2 weeks"
    assert spoken_trend([5]) == "5 all the time, 1 day"
    assert spoken_trend([None]) == "not known"
    assert spoken_trend([8, None, 3]) == "from 8 to 3 in 3 days"
