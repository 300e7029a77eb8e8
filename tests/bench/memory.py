"""Resident set of the program with its screen open, after 1,000 keys; the smallest Textual app beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence

import psutil

from store.home import Home
from tests.bench.figures import Figure, Note, Row, side_by_side
from tests.bench.keys import DOWN, PAGE_DOWN, settle
from tests.bench.run import FLOORS, PROGRAM, Bench, environment
from tests.bench.watched import Watched, cursor, detail, watched

KEYS = 1_000
TARGET = 2.5
SAMPLES = 3
AT_ONCE = 20
"""Keys written before what they painted is taken in."""


def figures(bench: Bench) -> Iterator[Row]:
    for size in bench.sizes:
        home, _ = bench.sized(size)
        mine, floor = side_by_side(
            lambda home=home: _ours(home), _smallest, rounds=bench.rounds(SAMPLES), warm_up=0
        )
        yield Figure(
            f"memory after {KEYS:,} keys", mine, floor, unit="MB", target=TARGET, size=size,
            standard=size == max(bench.sizes), note="resident set; ours in All open, engine loaded, PSA unreachable",
        )  # fmt: skip

    yield Note("Where the memory goes", _stages(home))


def _ours(home: Home, told: Callable[[str, float], None] = lambda stage, megabytes: None) -> float:
    """`told` hears what it was at each stage before."""
    with watched(PROGRAM, environment(home)) as terminal:
        terminal.until(lambda text: bool(detail(text)), 120.0)
        told("the first frame", _resident(terminal))
        settle(terminal)
        told("the engine has loaded what syncing and writing need", _resident(terminal))
        terminal.press("0", lambda text: "─ 0 All open ·" in text and bool(cursor(text)))
        settle(terminal)
        told("All open, its order and the rows around the cursor", _resident(terminal))
        return _after_keys(terminal, [DOWN] * 9 + [PAGE_DOWN])


def _stages(home: Home) -> str:
    """What each stage of the largest home takes."""
    reached: list[tuple[str, float]] = []
    after = _ours(home, lambda stage, megabytes: reached.append((stage, megabytes)))
    reached.append((f"{KEYS:,} keys", after))
    lines = ["| reached | MB |", "| --- | ---: |", *(f"| {stage} | {size:.0f} |" for stage, size in reached)]
    return "The resident set in the largest home, one run.\n\n" + "\n".join(lines)


def _resident(terminal: Watched) -> float:
    return float(psutil.Process(terminal.child.pid).memory_info().rss) / 1_000_000


def _smallest() -> float:
    with watched([sys.executable, str(FLOORS / "smallest_app.py")], environment()) as terminal:
        terminal.until(lambda text: "one line" in text)
        return _after_keys(terminal, [DOWN] * 9 + [PAGE_DOWN])


def _after_keys(terminal: Watched, keys: Sequence[str]) -> float:
    for place in range(0, KEYS, AT_ONCE):
        for count in range(AT_ONCE):
            os.write(terminal.child.child_fd, keys[(place + count) % len(keys)].encode())
        terminal.take_in(0.1)
    settle(terminal)
    return _resident(terminal)
