"""Whose share of the processor time is how large: what a row that misses its target is explained by."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Awaitable, Callable, Mapping

from tests.bench.run import ROOT

GROUPS = {
    "httpx, httpcore, h11, anyio": ("/httpx/", "/httpcore/", "/h11/", "/anyio/", "/sniffio/"),
    "asyncio and sockets": ("/asyncio/", "socket", "/selectors.py", "epoll"),
    "SQLite and SQLAlchemy": ("sqlite3", "/sqlalchemy/"),
    "deskzero": (str(ROOT / "store"), str(ROOT / "connectors")),
}
"""What a profile is told by, and the signs of it in a function's file or name."""


def shares(work: Callable[[], object]) -> dict[str, float]:
    """Group -> its share of this work's processor time in this thread, its own functions alone."""
    watch = cProfile.Profile(time.process_time)
    watch.runcall(work)
    return _grouped(watch)


async def shares_awaited(work: Awaitable[object]) -> dict[str, float]:
    """The same, of what is awaited on a running loop, with all else that the loop does meanwhile."""
    watch = cProfile.Profile(time.process_time)
    watch.enable()
    try:
        await work
    finally:
        watch.disable()
    return _grouped(watch)


def _grouped(watch: cProfile.Profile) -> dict[str, float]:
    found = dict.fromkeys([*GROUPS, "else"], 0.0)
    for (file, _, function), (_, _, own, _, _) in pstats.Stats(watch).stats.items():  # type: ignore[attr-defined]
        signs = f"{file} {function}"
        found[next((name for name, of in GROUPS.items() if any(one in signs for one in of)), "else")] += own
    whole = sum(found.values())
    return {name: own / whole for name, own in found.items()}


def table(found: Mapping[str, float]) -> str:
    """The shares as Markdown."""
    lines = ["| | share |", "| --- | ---: |", *(f"| {name} | {share:.0%} |" for name, share in found.items())]
    return "By a profile of the whole round, each group its own functions alone.\n\n" + "\n".join(lines)
