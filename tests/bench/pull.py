"""Processor time of a full pull, the client's alone: ours, and what httpx, msgspec and SQLite need for the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store.database import _cache_ddl
from tests.bench.figures import Figure, Note, Row, side_by_side
from tests.bench.run import FLOORS, ROOT, Bench, beside, environment
from tests.bench.shares import table

LARGEST = 50_000
"""Tickets: the size of the main table's row."""
ONCE = 10_000
"""From so many tickets on each side runs once, without a warm-up: a minute of processor time or more."""
TARGET = 1.5
AT_ONCE = 4
"""Requests under way, as many as the connector sends."""
HEADERS = {
    "User-Agent": "deskzero",
    "Accept": "application/vnd.connectwise.com+json; version=2025.1",
    "Authorization": "Basic YWNtZStwdWJsaWM6cHJpdmF0ZQ==",
    "clientId": "deskzero",
}
PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA secure_delete = ON")


@dataclass
class Recording:
    """A PSA of one size on a socket (`tests.bench.replay`), and both sides that pull it."""

    url: str
    now: int
    scratch: Path
    last: dict[str, float] = field(default_factory=dict)
    """What the last pull of ours came to."""

    def ours(self) -> float:
        """One pull into a new home: ms of processor time."""
        home = self.scratch / "home"
        shutil.rmtree(home, ignore_errors=True)
        self.last = self._run(
            [sys.executable, "-m", "tests.bench.pulling", self.url, str(home), str(self.now)]
        )
        return self.last["pull"]

    def floor(self) -> float:
        """The same requests by the floor: ms of processor time."""
        cache = self.scratch / "floor.db"
        for tail in ("", "-wal", "-shm"):
            cache.with_name(cache.name + tail).unlink(missing_ok=True)
        return self._run([sys.executable, str(FLOORS / "pull.py"), str(self.plan), str(cache)])["pull"]

    def profile(self) -> dict[str, float]:
        """Whose share of one more pull is how large."""
        home = self.scratch / "profiled"
        shutil.rmtree(home, ignore_errors=True)
        command = [
            sys.executable,
            "-m",
            "tests.bench.pulling",
            self.url,
            str(home),
            str(self.now),
            "--profile",
        ]
        return self._run(command)

    @property
    def plan(self) -> Path:
        """What the floor is to do: written from the requests that ours sends."""
        path = self.scratch / "plan.json"
        if not path.exists():
            self.ask("/-/start")
            self.ours()
            ddl = [*PRAGMAS, *(sql for sql in _cache_ddl() if not sql.startswith("CREATE TRIGGER"))]
            plan = {
                "url": self.url,
                "now": self.now,
                "headers": HEADERS,
                "at_once": AT_ONCE,
                "ddl": ddl,
                "requests": self.ask("/-/log"),
            }
            path.write_text(json.dumps(plan), encoding="utf-8")
        return path

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def _run(self, command: list[str]) -> dict[str, float]:
        done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode()[-2000:]}")
        said: dict[str, float] = json.loads(done.stdout)
        return said


@contextmanager
def recording(scratch: Path, tickets: int, port: int = 0) -> Iterator[Recording]:
    """A recorded PSA with so many tickets, served by a process of its own while this lasts. Its address is in every
    ticket, so that two pulls that are to be the same need the same `port`."""
    folder = scratch / f"pull-{tickets}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with beside("tests.bench.replay", str(tickets), str(port)) as said:
            at = json.loads(said)
            yield Recording(at["url"], at["now"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def figures(bench: Bench) -> Iterator[Row]:
    sizes = sorted({min(size, LARGEST) for size in bench.sizes})
    shares: dict[str, float] = {}
    for tickets in sizes:
        with recording(bench.scratch, tickets) as psa:
            psa.plan  # noqa: B018 - records the answers and the requests
            if tickets >= ONCE:
                ours, floor = [psa.last["pull"]], [psa.floor()]
            else:
                ours, floor = side_by_side(psa.ours, psa.floor, rounds=bench.rounds(3), warm_up=0)
            last = psa.last
            shares = psa.profile() if tickets == sizes[0] else shares
        yield Figure(
            "full pull: the client's processor time",
            ours,
            floor,
            target=TARGET,
            size=tickets,
            standard=tickets == sizes[-1],
            note=f"{last['requests']:,.0f} requests, {last['conversations']:,.0f} conversations",
        )
        yield Figure(
            "evaluation after it, which is not in that figure",
            [last["rules"]],
            size=tickets,
            standard=tickets == sizes[-1],
        )
    yield Note(f"What a full pull of {sizes[0]:,} tickets takes its processor time for", table(shares))
