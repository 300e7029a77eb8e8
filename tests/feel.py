"""How it feels with a large queue, in figures: `python -m tests.feel [PART …] [--tickets N]`.

Each part prints medians in milliseconds on the machine it runs on. What has a floor to stand beside is measured by
`python -m tests.bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from store.home import Home
from store.read import Reader
from store.read_records import ALL_OPEN
from store.settings import KINDS, Settings
from tests import large

PARTS = ("reader", "together")


def tell(what: str, times: list[float], note: str = "") -> None:
    """One line: median, best and worst in milliseconds."""
    middle, best, worst = (1000 * of(times) for of in (statistics.median, min, max))
    sys.stdout.write(f"  {what:<50}{middle:>8.1f} ms   best {best:>8.1f}   worst {worst:>8.1f}   {note}\n")
    sys.stdout.flush()


def timed(work: Callable[[], object], times: int) -> list[float]:
    """Wall times of so many runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


# ---------------------------------------------------------------- the parts


def reader(home: Home, settings: Settings) -> None:
    """What the screen reads."""
    read = Reader(home, settings)
    for what, work in (
        ("panes()", read.panes),
        ("rows(all kinds, limit=200)", lambda: read.rows(KINDS, limit=200)),
        ("rows(missing_fields, limit=200)", lambda: read.rows(["missing_fields"], limit=200)),
        ("rows(all open, limit=200)", lambda: read.rows([ALL_OPEN], limit=200)),
        ("rows(all open, limit=2000, offset=8000)", lambda: read.rows([ALL_OPEN], limit=2000, offset=8000)),
        ("rows(all open)", lambda: read.rows([ALL_OPEN])),
        (
            "rows(all open, text='floor 7', limit=200)",
            lambda: read.rows([ALL_OPEN], text="floor 7", limit=200),
        ),
        ("count(all kinds)", read.count),
        ("count(all open)", lambda: read.count([ALL_OPEN])),
        ("ticket()", lambda: read.ticket(large.NAME, "70040")),
        ("find()", lambda: read.find("70040")),
        ("states()", read.states),
        ("quarantine()", read.quarantine),
        ("changes()", read.changes),
        ("newest_customer_note()", lambda: read.newest_customer_note(large.NAME, "70040")),
        ("usual_codes()", lambda: read.usual_codes(large.NAME, "7")),
        ("evidence()", lambda: read.evidence(now=int(time.time()))),
    ):
        tell(what, timed(work, 15))


def together(home: Home, settings: Settings) -> None:
    """The preview of one value for 200 marked tickets, which the screen waits for: on a simulated PSA of its own."""
    import asyncio

    from connectors.simulators.serve import demo_secrets, demo_settings, make_app, run_in_thread
    from connectors.simulators.world import World
    from store.desk import Desk
    from store.fixes import Intent
    from store.settings import load
    from store.settings_save import save_connection

    many = 200
    os.environ["DESKZERO_ACME_PRIVATE_KEY"] = demo_secrets()["private_key"]
    world = World(3, 800, speed=0.0)
    for ticket in [one for one in world.tickets.values() if world.is_open(one)][:many]:
        world.reassign(ticket.id, world.technician)

    async def prepared() -> None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            at = Home.at(Path(scratch))
            with run_in_thread(make_app("connectwise", world)) as url:
                save_connection(at.config, large.NAME, demo_settings(url=url))
                async with Desk(at, load(at.config)) as desk:
                    await desk.sync()
                    rows = Reader(at, desk.settings).rows([ALL_OPEN], limit=many)
                    for what in (Intent(status="In Progress"), Intent(owner="asmith")):
                        took = []
                        for _ in range(5):
                            began = time.perf_counter()
                            for row in rows:
                                await desk.prepare(row.connection, row.ticket_id, what)
                            took.append(time.perf_counter() - began)
                        word = "status" if what.status else "owner"
                        tell(f"{word} of {len(rows)} marked tickets, to the preview", took)

    asyncio.run(prepared())


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.feel", description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all")
    asked.add_argument("--tickets", type=int, default=10_000, help="open tickets in the scope")
    asked.add_argument("--missing", type=float, default=0.1, help="share of tickets with missing fields")
    asked.add_argument("--home", type=Path, help="keep the filled home here, and use it if it is there")
    chosen = asked.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        asked.error(f"no such part: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = chosen.home or Path(scratch)
        began = time.perf_counter()
        if (folder / "cache.db").exists():
            from store.settings import load

            home = Home.at(folder)
            settings = load(home.config)
        else:
            home, settings = large.make(folder, chosen.tickets, missing=chosen.missing)
            sys.stdout.write(f"{chosen.tickets} open tickets made in {time.perf_counter() - began:.1f} s\n")
        for part in chosen.parts or PARTS:
            sys.stdout.write(f"{part}\n")
            globals()[part](home, settings)


if __name__ == "__main__":
    main()
