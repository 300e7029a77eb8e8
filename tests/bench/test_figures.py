"""What is made of samples: quantiles, ratios, growth, the page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.bench.figures import Figure, Note, NotRun, quantile, side_by_side, slope
from tests.bench.table import Part, document, printed


@pytest.mark.parametrize(("part", "value"), [(0.5, 2.5), (0.0, 1.0), (1.0, 4.0), (0.95, 3.85)])
def test_a_quantile_may_fall_between_two_samples(part: float, value: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], part) == pytest.approx(value)


@pytest.mark.parametrize(
    ("power", "of"), [(0.0, lambda n: 7.0), (1.0, lambda n: 3.0 * n), (2.0, lambda n: n * n)]
)
def test_the_slope_is_the_exponent_of_growth(power: float, of) -> None:
    assert slope([(size, of(size)) for size in (1_000, 10_000, 100_000)]) == pytest.approx(power)


def test_both_sides_go_in_turn_and_the_warm_up_does_not_count() -> None:
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return float(len(order))

    ours, floor = side_by_side(lambda: side("ours"), lambda: side("floor"), rounds=2, warm_up=1)
    assert order == ["floor", "ours", "ours", "floor", "floor", "ours"]
    assert (ours, floor) == ([3.0, 6.0], [4.0, 5.0])


def test_a_target_is_a_ratio_or_a_value_and_may_be_missed() -> None:
    assert Figure("x", [3.0], [2.0], target=1.5).met
    assert Figure("x", [3.1], [2.0], target=1.5).met is False
    assert Figure("x", [99.0], target=100.0, absolute=True).met
    assert Figure("x", [101.0], target=100.0, absolute=True).met is False
    assert Figure("x", [5.0]).met is None
    assert "MISSED" in printed(Figure("x", [3.1], [2.0], target=1.5))


def test_the_page_has_every_row_also_what_was_not_run() -> None:
    rows = [
        Figure("first paint", [400.0], [250.0], target=1.3, note="a note"),
        Figure("first paint", [390.0], size=1_000, standard=False),
        Figure("first paint", [410.0], size=100_000, standard=False),
        Figure("rows written", [0.0], size=1_000, standard=False),
        Figure("rows written", [0.0], size=100_000, standard=False),
        NotRun("memory", "no pty here"),
        Note("Where it goes", "| a | b |"),
    ]
    at = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    page = document(
        [Part("paint", rows, at, 12.0, "python -m tests.bench paint"), "disk"], {"disk": "size of the cache"}
    )
    for told in (
        "| first paint | 400 ms | 250 ms | 1.60 x | <= 1.3 x MISSED | a note |",
        "| memory | NOT RUN | | | | no pty here |",
        "| size of the cache | NOT RUN | | | | not run yet |",
        "| first paint | 390 ms | 410 ms | 0.01 |",
        "| rows written | 0.00 ms | 0.00 ms |  |",
        "## Where it goes",
        "| paint | 2026-11-27 18:00 UTC | 12 s | `python -m tests.bench paint` |",
    ):
        assert told in page


def test_what_misses_its_target_is_explained_by_a_profile_on_the_page() -> None:
    rows = [
        Figure("first paint", [300.0], [200.0], target=1.3),
        Figure("memory after 1,000 keys", [100.0], [30.0], target=2.5),
        Figure("rows on screen", [300.0], [200.0], target=1.6),
        Figure("of another kind", [3.0], [1.0], target=2.0),
        Note("Where the first paint goes", "| a | b |"),
    ]
    at = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    page = document([Part("paint", rows, at, 12.0, "python -m tests.bench paint")], {})
    assert "- **first paint** 1.50 x. The floor loads Textual" in page
    assert '("Where the first paint goes")' in page
    assert "- **rows on screen**" not in page
    assert "**memory after 1,000 keys** 3.33 x. " in page and "its profile is NOT ON THIS PAGE" in page
    assert "- **of another kind** 3.00 x. NOT EXPLAINED yet." in page
