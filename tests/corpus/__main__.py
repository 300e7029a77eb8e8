"""`python -m tests.corpus [--seed N] [--kind KIND]`: how much of what is planted is found, and what is found besides.

Exit code 1 if a kind that does not judge texts is not found exactly, if something that a case says of other kinds does
not come out so, or if a group of cases is missing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile

from store.database import Databases
from store.home import Home
from store.rules.catalogue import BY_NAME
from tests.corpus.build import build, gathered
from tests.corpus.case import NOW
from tests.corpus.judge import judged

HEALTHY = 2000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="varies names and texts; edges are exact")
    parser.add_argument("--kind", choices=sorted(BY_NAME), help="only the cases of this kind")
    parser.add_argument("--healthy", type=int, default=HEALTHY, help="healthy tickets in the background")
    chosen = parser.parse_args(arguments)
    cases, missing = gathered(chosen.seed)
    if chosen.kind:
        cases = [case for case in cases if case.kind == chosen.kind]
    with tempfile.TemporaryDirectory() as folder, Databases.open(Home.at(folder), now=NOW) as databases:
        corpus = build(databases, cases, seed=chosen.seed, healthy_tickets=chosen.healthy)
        verdict = judged(databases, corpus)
    sys.stdout.writelines(f"{line}\n" for line in verdict.lines(chosen.kind))
    for name in missing:
        said = f"MISSING: tests/corpus/{name}.py is not there; none of its cases was looked at.\n"
        sys.stderr.write(said)
    return int(bool(missing) or not verdict.good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
