"""`python -m tests.bench [PART …]`: see the package."""

from __future__ import annotations

import argparse
import importlib
import pickle
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import NotRun, Row
from tests.bench.run import SIZES, Bench
from tests.bench.table import Part, document, printed

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
        "--keep",
        type=Path,
        help="keep each part's rows in this file; the page is made of them once every part is in it",
    )
    chosen = asked.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        asked.error(f"no such part: {', '.join(sorted(unknown))}")
    failed = False
    done = kept(chosen.keep)
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
            began = time.monotonic()
            rows: list[Row] = []
            try:
                for row in importlib.import_module(f"tests.bench.{name}").figures(bench):
                    rows.append(row)
                    sys.stdout.write(printed(row))
                    sys.stdout.flush()
            except Exception as error:  # noqa: BLE001 - the other parts go on, and the run ends with an error
                failed = True
                traceback.print_exc()
                why = f"failed: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
                rows.append(NotRun(PARTS[name], why))
            done[name] = Part(name, rows, datetime.now(UTC), time.monotonic() - began, command(chosen, name))
            if chosen.keep is not None:
                chosen.keep.write_bytes(pickle.dumps(done))
            missing = [one for one in PARTS if one not in done]
            if not missing or not chosen.parts:  # after each part: what was measured is not lost
                parts = [done.get(one) or one for one in PARTS]
                DOCUMENT.write_text(document(parts, PARTS), encoding="utf-8")
            elif chosen.keep is not None:
                sys.stdout.write(f"The page stays as it is: {', '.join(missing)} not measured yet.\n")
    raise SystemExit(1 if failed else 0)


def kept(path: Path | None) -> dict[str, Part]:
    """The parts of the runs before this one."""
    if path is None or not path.exists():
        return {}
    found: dict[str, Part] = pickle.loads(path.read_bytes())
    return found


def command(chosen: argparse.Namespace, part: str) -> str:
    """What brings one part's figures anew."""
    words = ["python -m tests.bench", part]
    if chosen.rounds is not None:
        words.append(f"--rounds {chosen.rounds}")
    if tuple(chosen.sizes) != SIZES:
        words.append(f"--sizes {' '.join(map(str, chosen.sizes))}")
    return " ".join(words)


if __name__ == "__main__":
    main()
