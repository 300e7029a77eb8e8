"""How large the cache is after a full pull, beside the JSON that it was made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.bench.figures import Figure, Note, Row
from tests.bench.pull import recording
from tests.bench.run import Bench

LARGEST = 10_000
"""A pull sends a request a ticket; what one ticket takes is known long before 100,000."""
TARGET = 1.0
SEARCH = "search"
"""How the tables of the search index begin; their size is left out."""


def figures(bench: Bench) -> Iterator[Row]:
    counts = sorted({min(size, LARGEST) for size in bench.sizes})
    for tickets in counts:
        with recording(bench.scratch, tickets) as psa:
            psa.ours()
            wire: dict[str, int] = psa.ask("/-/wire")
            parts = sizes(psa.scratch / "home" / "cache.db")
        whole = sum(size for name, size in parts.items() if not name.startswith(SEARCH))
        last = tickets == counts[-1]
        yield Figure(
            "cache after a full pull, against the JSON of the fields that are used",
            [whole / 1e6],
            [sum(wire.values()) / 1e6],
            unit="MB",
            target=TARGET,
            size=tickets,
            standard=last,
            note="without the search index, if there is one",
        )
    yield Note("What the cache's size is made of", _profile(parts, wire, counts[-1]))


def sizes(cache: Path) -> dict[str, int]:
    """Table or index -> bytes of the pages that it has in the file."""
    with closing(sqlite3.connect(cache)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        found = db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
    return {str(name): int(size) for name, size in found}


def _profile(parts: dict[str, int], wire: dict[str, int], tickets: int) -> str:
    lines = [
        f"{tickets:,} tickets. The JSON: "
        + ", ".join(f"{what} {size:,}" for what, size in wire.items())
        + " bytes.",
        "",
        "| table or index | bytes |",
        "| --- | ---: |",
    ]
    for name, size in sorted(parts.items(), key=lambda pair: -pair[1]):
        if size >= sum(parts.values()) / 200:
            lines.append(f"| {name} | {size:,} |")
    return "\n".join(lines)
