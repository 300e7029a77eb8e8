"""The long form: `python -m tests.torture`; prints how far it is, and at the end a table of figures."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from tests.torture.episode import Plan, play
from tests.torture.judge import judge
from tests.torture.odds import Odds
from tests.torture.timeline import timeline
from tests.torture.verdict import Verdict

AN_EPISODE = 500
"""Changes in one home."""


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def run_one(seed: str, number: int, plan: Plan) -> tuple[str, Verdict]:
    """One episode, in a process of its own. Its folder stays where it did not end well."""
    folder = Path(tempfile.mkdtemp(prefix="deskzero-torture-"))
    shop, past = play(folder, seed, number, plan)
    verdict = judge(shop, past)
    if verdict.violations:
        (folder / "timeline.txt").write_text(timeline(shop, verdict), encoding="utf-8")
        return f"{seed} ({folder})", verdict
    shutil.rmtree(folder, ignore_errors=True)
    return seed, verdict


def torture(plans: list[tuple[str, int, Plan]], workers: int) -> Verdict:
    """All of them, some at a time."""
    whole, begun = Verdict(), time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        waiting = [pool.submit(run_one, *one) for one in plans]
        for done, future in enumerate(as_completed(waiting), 1):
            seed, verdict = future.result()
            whole += verdict
            minutes = (time.monotonic() - begun) / 60
            _say(
                f"{minutes:6.1f} min  {done}/{len(plans)}  {whole.figures['changes']} changes,"
                f" {whole.figures['kills']} kills, {len(whole.violations)} violations  [{seed}]"
            )
            for kind, words in verdict.violations:
                _say(f"    {kind}: {words}")
    return whole


def main() -> int:
    """The command; 1 where anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--changes", type=int, default=None, help="20,000; 600 with --psa rt")
    parser.add_argument("--kills", type=int, default=None, help="1,000; 30 with --psa rt")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--psa", choices=("connectwise", "rt"), default="connectwise")
    chosen = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    _say(f"seed {seed}")
    usual = (600, 30) if chosen.psa == "rt" else (20_000, 1_000)
    changes, kills = chosen.changes or usual[0], usual[1] if chosen.kills is None else chosen.kills
    if chosen.psa == "rt":
        from tests.torture.rt_long import run_long

        return run_long(seed, changes, kills)
    count = max(1, round(changes / AN_EPISODE))
    plan = Plan(changes=-(-changes // count), kills=-(-kills // count), longest=900)
    whole = torture([(f"{seed}/{n}", seed + n, plan) for n in range(count)], chosen.workers)
    _say(f"\n{whole.table()}\n")
    _say("Apart from these: deliveries later than the settling time, of which no PSA is promised anything.")
    later = replace(plan, changes=150, kills=0, trouble=False, odds=Odds({}, {"later": 0.15}))
    apart = torture([(f"{seed}/later/{n}", seed + n, later) for n in range(2)], chosen.workers)
    for name in (
        "fault on writes: later",
        "requests delivered later than the settling time",
        "doubled beyond the settling time",
    ):
        _say(f"{apart.figures[name]:>8}  {name}")
    return 1 if whole.violations or apart.violations else 0
