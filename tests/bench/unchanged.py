"""A sync with nothing new, against its requests alone. The PSA's answers are recorded: nobody waits for a simulator."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import httpx

from tests.bench.figures import Figure, Note, Row, side_by_side
from tests.bench.floors.requests_alone import client, requests_alone
from tests.bench.run import OPEN, Bench
from tests.bench.shares import shares, table
from tests.bench.synced import Synced, synced
from tests.bench.written import Rows, empty_logs, log_bytes

LATENCY = 20
"""Milliseconds that a PSA takes for an answer, as in the row on writing."""
OWN = frozenset({"stream", "connection_state"})
"""Where the cursor is, and when the connection was last read."""


class Written(NamedTuple):
    rows: Counter[str]
    bytes: dict[str, int]
    requests: int


def figures(bench: Bench) -> Iterator[Row]:
    """Each size; the standard one also with a PSA that takes its time, and what was written."""
    for size in bench.sizes:
        made = synced(bench.homes / f"synced-{size}", size // 10, size - size // 10)
        with _Side(made) as side:
            yield from side.walls(size, bench.rounds(15), standard=size // 10 == OPEN)
            if size // 10 == OPEN:
                yield from side.slow(bench.rounds(7))
            yield from side.written(size, standard=size // 10 == OPEN)


class _Side:
    """A desk and the floor's client beside each other, at one recorded PSA."""

    def __init__(self, made: Synced) -> None:
        self._made = made
        self._served = made.served()
        self._loop = asyncio.Runner()

    def __enter__(self) -> _Side:
        self._url = self._served.__enter__()
        self._desk = self._made.desk()
        self._rows = Rows(self._desk.databases.cache), Rows(self._desk.databases.journal)
        self._client = self._loop.run(_made())
        self._usual = self._made.usual
        for _ in range(2):  # what a new process asks for once
            self._round()
        # What making the home has left in this process is neither side's to look through: in every fourth sample, for
        # as long as three of the floor's take.
        gc.collect()
        gc.freeze()
        return self

    def __exit__(self, *_: object) -> None:
        gc.unfreeze()
        self._loop.run(self._desk.close())
        self._loop.run(self._client.aclose())
        self._loop.close()
        self._served.__exit__(None, None, None)

    def _round(self) -> int:
        (report,) = self._loop.run(self._desk.sync())
        if not report.ok or report.new or report.changed or report.conversations:
            raise RuntimeError(f"not a round in which nothing was new: {report}")
        return report.requests

    def _ours(self) -> float:
        began = time.perf_counter()
        sent = self._round()
        took = time.perf_counter() - began
        if sent != len(self._usual):
            raise RuntimeError(f"the round sent {sent} requests, and the floor sends {len(self._usual)}")
        return 1000 * took

    def _floor(self) -> float:
        began = time.perf_counter()
        self._loop.run(requests_alone(self._client, self._url, self._usual))
        return 1000 * (time.perf_counter() - began)

    def walls(self, size: int, rounds: int, *, standard: bool) -> Iterator[Row]:
        ours, floor = side_by_side(self._ours, self._floor, rounds=rounds)
        yield Figure(
            "unchanged sync, wall, a PSA that answers at once",
            ours,
            floor,
            target=1.3,
            size=size,
            standard=standard,
            note=f"{size // 10:,} open of {size:,} tickets, {len(self._usual)} requests with"
            f" {sum(len(one.answer) for one in self._usual):,} bytes, one after the other in both",
        )

    def slow(self, rounds: int) -> Iterator[Row]:
        httpx.get(f"{self._url}/delay/{LATENCY}")
        ours, floor = side_by_side(self._ours, self._floor, rounds=rounds)
        httpx.get(f"{self._url}/delay/0")
        yield Figure(
            f"unchanged sync, wall, a PSA that takes {LATENCY} ms",
            ours,
            floor,
            target=1.3,
            note=f"the same {len(self._usual)} requests",
        )

    def written(self, size: int, *, standard: bool) -> Iterator[Row]:
        found = [self._once() for _ in range(3)]
        other = [sum(many for name, many in one.rows.items() if name not in OWN) for one in found]
        yield Figure(
            "unchanged sync, requests",
            [float(one.requests) for one in found],
            unit="requests",
            size=size,
            standard=standard,
        )
        yield Figure(
            "unchanged sync, rows written, the cursor's and the connection's own",
            [float(sum(one.rows.values()) - more) for one, more in zip(found, other, strict=True)],
            unit="rows",
            target=2,
            absolute=True,
            size=size,
            standard=standard,
        )
        yield Figure(
            "unchanged sync, rows written besides",
            [float(one) for one in other],
            unit="rows",
            target=0,
            absolute=True,
            size=size,
            standard=standard,
            note="where it is 1, that is when the ticket was read that set the cursor and proves it by coming again",
        )
        yield Figure(
            "unchanged sync, bytes written to the databases",
            [float(one.bytes["cache.db"] + one.bytes["journal.db"]) for one in found],
            unit="bytes",
            size=size,
            standard=standard,
            note="pages in the write-ahead logs of cache and journal",
        )
        if standard:
            yield Note("What a sync with nothing new writes", _told(found[-1]))
            yield Note(
                "What a sync with nothing new takes its processor time for", table(shares(self._round))
            )

    def _once(self) -> Written:
        for rows in self._rows:
            rows.clear()
        empty_logs(self._made.home)
        sent = self._round()
        found = self._rows[0].found + Counter({f"journal.{k}": n for k, n in self._rows[1].found.items()})
        return Written(found, log_bytes(self._made.home), sent)


async def _made() -> httpx.AsyncClient:
    return client()


def _told(one: Written) -> str:
    rows = ", ".join(f"`{name}` {many}" for name, many in sorted(one.rows.items())) or "none"
    logs = ", ".join(f"`{name}` {many:,}" for name, many in one.bytes.items())
    return (
        f"Rows inserted, updated or deleted in one round, by table: {rows}.\n"
        f"Bytes in the write-ahead logs: {logs}. `budget.db` counts the requests for all processes of a home and is"
        " written without waiting for the disk."
    )
