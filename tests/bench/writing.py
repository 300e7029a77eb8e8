"""Fixes that wait in the outbox, sent to a simulated PSA that takes 20 ms for an answer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.desk import Desk
from tests.bench.figures import Figure, Note, Row
from tests.bench.floors.writing_alone import writing_alone
from tests.bench.queued import CODES, NAME, Queued, queued
from tests.bench.run import Bench
from tests.bench.shares import shares_awaited, table
from tests.bench.written import Rows

FIXES = 1000
LATENCY = 20
"""Milliseconds."""


def figures(bench: Bench) -> Iterator[Row]:
    """All fixes at once, ours and the floor in turn; every sample sends them anew."""
    with queued(bench.scratch / "writing", FIXES) as place:
        yield from asyncio.run(_measured(place, bench.rounds(2), bench.scratch))


async def _measured(place: Queued, rounds: int, scratch: Path) -> list[Row]:
    ours: list[float] = []
    floor: list[float] = []
    async with place.desk() as desk:
        rows = Rows(desk.databases.cache), Rows(desk.databases.journal)
        for _ in range(3):  # the lists that are read a part at a time, and who we are
            (report,) = await desk.sync()
            if not report.ok or report.why:
                raise RuntimeError(f"the home could not be filled: {report.error} {report.why}")
        connector = await desk.connector(NAME)
        with desk.databases.cache_reads.connect() as cache:
            codes = dict(
                cache.exec_driver_sql("SELECT name, id FROM choice WHERE kind = 'billing_code'")
                .tuples()
                .all()
            )
            tickets = (
                cache.exec_driver_sql("SELECT ticket_id FROM ticket WHERE in_scope AND NOT closed")
                .scalars()
                .all()
            )
        await place.queue(desk, "Maintenance" if "Maintenance" in codes else CODES[1])
        await desk.push()
        for count in range(rounds):
            code = CODES[count % 2]
            many = await place.queue(desk, code)
            before = connector.requests
            for one in rows:
                one.clear()
            took = await _ours(desk, place, many)
            sent = connector.requests - before
            commits = rows[1].commits, rows[0].commits
            ours.append(took / many)
            floor.append(
                await _floor(desk, place, tickets, int(codes[code]), commits, scratch) / len(tickets)
            )
        await place.queue(desk, CODES[rounds % 2])
        place.slow(LATENCY)
        whose = await shares_awaited(desk.push())
        place.slow(0)
    told = f"{many:,} fixes of one field, a ticket each; {LATENCY} ms for each answer"
    return [
        Figure(
            "write-back, milliseconds a fix",
            ours,
            floor,
            target=1.2,
            note=f"{told}; the floor has as many durable commits and the same places",
        ),
        Figure("write-back, requests a fix", [sent / many], unit="a fix"),
        Figure("write-back, durable commits a fix", [commits[0] / many], unit="a fix", note="to the journal"),
        Note("What a fix costs", f"{told}. {_told(sent, commits, rows, many)}"),
        Note("What sending takes its processor time for", table(whose)),
    ]


def _told(sent: int, commits: tuple[int, int], rows: tuple[Rows, Rows], many: int) -> str:
    return (
        f"For each: requests {sent / many:.2f}; commits to the journal {commits[0] / many:.2f}, to the cache"
        f" {commits[1] / many:.2f}; rows of the journal {_rows(rows[1], many)}; of the cache {_rows(rows[0], many)}."
    )


def _rows(rows: Rows, many: int) -> str:
    return ", ".join(f"`{name}` {count / many:.2f}" for name, count in rows.found.most_common())


async def _ours(desk: Desk, place: Queued, many: int) -> float:
    place.slow(LATENCY)
    began = time.perf_counter()
    outcomes = await desk.push()
    took = 1000 * (time.perf_counter() - began)
    place.slow(0)
    if Counter(one.state for one in outcomes) != {"confirmed": many}:
        raise RuntimeError(f"not all were confirmed: {Counter(one.state for one in outcomes)}")
    return took


async def _floor(
    desk: Desk, place: Queued, tickets: list[str], code: int, commits: tuple[int, int], scratch: Path
) -> float:
    """Beside copies of both databases, made while nobody writes."""
    files = []
    for path in (desk.home.journal, desk.home.cache):
        copy = scratch / f"copy-{path.name}"
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as whole, closing(sqlite3.connect(copy)) as another:
            whole.backup(another)
        files.append(copy)
    place.slow(LATENCY)
    began = time.perf_counter()
    await writing_alone(place.url, tickets, code, files[0], files[1], commits)
    took = 1000 * (time.perf_counter() - began)
    place.slow(0)
    return took
