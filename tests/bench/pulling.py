"""One full pull in a process of its own: `python -m tests.bench.pulling URL HOME NOW`; prints JSON with what it took.

It is `store.sync.sync_connection` over httpx and a socket, into a new home. `pull` and `rules` are processor time,
user and system, in ms: `rules` is what comes after the last row is stored (evaluation, and what is done once a day).
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

import connectors.http  # noqa: F401 - httpx before the measure begins, as the floor has it
from connectors.contract import Quota
from connectors.simulators.serve import demo_secrets, demo_settings
from store.budget import Budgets
from store.database import Databases
from store.home import Home
from store.opening import open_connection
from store.settings import Rules, load
from store.settings_save import save_connection
from store.sync import Progress, sync_connection
from tests.bench.shares import shares

NAME = "acme"
WINDOW = 400 * 86_400
"""So long closed tickets stay of interest: all of the recorded ones are pulled, with their notes and time."""


def main(url: str, folder: Path, now: int, *, frozen: bool = False) -> dict[str, float]:
    """`frozen`: rows are stamped with `now` too, so that two pulls can be compared row by row."""
    home = Home.at(folder)
    save_connection(home.config, NAME, {**demo_settings("connectwise", url), "scope": "all"})
    settings = msgspec.structs.replace(load(home.config), rules=Rules(reply_after_close_window=WINDOW))
    # The accounting of requests takes part; a limit that is never reached, or the pull would wait for its turns.
    connection = msgspec.structs.replace(
        settings.connections[NAME], quota=(Quota(requests=10**9, seconds=60, source="a benchmark"),)
    )
    budgets = Budgets(home.budget)
    found: dict[str, float] = {}
    with Databases.open(home, now=now) as databases:
        began = wall = 0.0

        def tell(progress: Progress) -> None:
            if progress.phase == "rules":
                found["pull"] = 1000 * (time.process_time() - began)
                found["wall"] = 1000 * (time.perf_counter() - wall)

        async def pull() -> None:
            nonlocal began, wall
            connector = open_connection(
                connection, demo_secrets("connectwise"), budget=budgets.of(connection)
            )
            if frozen:
                connector._api._session._clock = lambda: float(now)  # type: ignore[attr-defined]
            began, wall = time.process_time(), time.perf_counter()
            report = await sync_connection(
                databases, connection, connector, settings, now=lambda: now, progress=tell
            )
            await connector.close()
            budgets.close()
            if not report.ok or report.why or report.quarantined:
                raise RuntimeError(f"the pull did not succeed: {report}")
            found["requests"] = report.requests
            found["tickets"] = report.new
            found["conversations"] = report.conversations

        asyncio.run(pull())
        found["rules"] = 1000 * (time.process_time() - began) - found["pull"]
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return found


def profiled(url: str, folder: Path, now: int) -> dict[str, float]:
    """Group -> its share of the processor time of a whole round."""
    return shares(lambda: main(url, folder, now))


if __name__ == "__main__":
    what = profiled if "--profile" in sys.argv else partial(main, frozen="--frozen" in sys.argv)
    came = what(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps(came) + "\n")
