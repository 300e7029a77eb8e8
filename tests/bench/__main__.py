"""`python -m tests.bench [PART …]`: see the package."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.bench.figures import NotRun, Row
from tests.bench.run import SIZES, Bench
from tests.bench.table import document, printed

PARTS = {
    "paint": "first paint, rows on screen, the rivals",
    "keys": "key to paint, the filter, accepting a suggestion",
    "pull": "processor time of a full pull",
    "unchanged": "a sync with nothing new",
    "rules": "evaluation",
    "writing": "1,000 queued fixes",
    "memory": "resident set with the screen open",
    "whole": "check --offline and list --json as whole processes",
    "disk": "size of the cache",
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all")
    asked.add_argument(
        "--rounds", type=int, help="samples of each measure, instead of each part's own number"
    )
    asked.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="tickets, for the table of growth"
    )
    asked.add_argument("--home", type=Path, help="keep the filled homes here, and use them if they are there")
    asked.add_argument("--rivals", type=Path, help="keep the rivals' environments here, and use them")
    asked.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md although parts were chosen"
    )
    chosen = asked.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        asked.error(f"no such part: {', '.join(sorted(unknown))}")
    failed = False
    rows: list[Row] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        bench = Bench(
            scratch=Path(scratch),
            homes=chosen.home or Path(scratch) / "homes",
            rivals=chosen.rivals or Path(scratch) / "rivals",
            sizes=tuple(chosen.sizes),
            asked_rounds=chosen.rounds,
        )
        for name in chosen.parts or PARTS:
            sys.stdout.write(f"\n{name}: {PARTS[name]}\n")
            try:
                for row in importlib.import_module(f"tests.bench.{name}").figures(bench):
                    rows.append(row)
                    sys.stdout.write(printed(row))
                    sys.stdout.flush()
            except Exception as error:  # noqa: BLE001 - the other parts go on, and the run ends with an error
                failed = True
                traceback.print_exc()
                rows.append(NotRun(PARTS[name], f"failed: {type(error).__name__}: {error}"))
    command = " ".join(["python -m tests.bench", *sys.argv[1:]])
    if chosen.write or not chosen.parts:
        DOCUMENT.write_text(document(rows, command, time.monotonic() - began), encoding="utf-8")
        sys.stdout.write(f"\nwritten: {DOCUMENT}\n")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
