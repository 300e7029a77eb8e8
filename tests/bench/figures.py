"""What a benchmark gives: samples of ours and of the floor, and what is made of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Measure = Callable[[], float]
"""Runs the thing once and gives what it took, in the figure's unit."""


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    what: str
    """As the table names it: "first paint", "key to paint: page down, 95th percentile"."""
    ours: Sequence[float]
    floor: Sequence[float] = ()
    """Empty: there is no floor, the figure is only reported."""
    unit: str = "ms"
    """"ms", "MB" (1,000,000 bytes), "bytes", "requests"."""
    target: float | None = None
    """The ratio to the floor that is not to be exceeded; with `absolute` a value in the unit."""
    absolute: bool = False
    part: float = 0.5
    """Which quantile of the samples is the figure: 0.5 the median, 0.95 the 95th percentile."""
    size: int | None = None
    """Tickets in the cache, where the figure is one of several sizes (the table of growth)."""
    standard: bool = True
    """Belongs in the main table; False: only in the table of growth."""
    note: str = ""
    """What a reader has to know about this row: what the floor did, how many rows, requests counted."""

    @property
    def value(self) -> float:
        return quantile(self.ours, self.part)

    @property
    def base(self) -> float | None:
        return quantile(self.floor, self.part) if self.floor else None

    @property
    def ratio(self) -> float | None:
        base = self.base
        return self.value / base if base else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where the figure has none."""
        if self.target is None:
            return None
        measured = self.value if self.absolute else self.ratio
        return None if measured is None else measured <= self.target


@dataclass(frozen=True)
class NotRun:
    """A row that could not be measured on this machine, and why. It stands in the table."""

    what: str
    why: str


@dataclass(frozen=True)
class Note:
    """Words for `docs/benchmarks.md` under a heading: a profile, a table of its own (Markdown)."""

    title: str
    text: str


Row = Figure | NotRun | Note


def quantile(samples: Sequence[float], part: float) -> float:
    """The sample at this share of the sorted ones (0.5 the median), between two where it falls there."""
    ordered = sorted(samples)
    if part == 0.5:
        return statistics.median(ordered)
    place = part * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def side_by_side(*measures: Measure, rounds: int, warm_up: int = 1) -> list[list[float]]:
    """Each measure's samples, taken in turn (A B C, C B A, A B C …) so that a drift of the machine hits all alike."""
    found: list[list[float]] = [[] for _ in measures]
    for count in range(-warm_up, rounds):
        order = range(len(measures)) if count % 2 == 0 else reversed(range(len(measures)))
        for place in order:
            took = measures[place]()
            if count >= 0:
                found[place].append(took)
    return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of growth: 0 flat, 1 linear, 2 quadratic. Least squares over the logarithms."""
    logs = [(math.log(size), math.log(value)) for size, value in points]
    middle_x, middle_y = (statistics.fmean(axis) for axis in zip(*logs, strict=True))
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / sum((x - middle_x) ** 2 for x, _ in logs)
