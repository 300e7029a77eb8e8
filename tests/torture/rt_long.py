"""The long form against a real Request Tracker: one server, one episode after the other."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.servers.rt import RtServer, why_not
from tests.torture.episode import Plan, play_rt
from tests.torture.judge import judge
from tests.torture.timeline import timeline
from tests.torture.verdict import Verdict

AN_EPISODE = 100


def run_long(seed: int, changes: int, kills: int) -> int:
    """Prints as it goes; 1 where anything was violated, 2 where RT is not installed."""
    if reason := why_not():
        sys.stdout.write(f"{reason}\n")
        return 2
    count = max(1, round(changes / AN_EPISODE))
    plan = Plan(changes=-(-changes // count), kills=-(-kills // count), tickets=10, worst=0.1, longest=900)
    whole, begun = Verdict(), time.monotonic()
    place = Path(tempfile.mkdtemp(prefix="deskzero-torture-rt-"))
    server = RtServer(place)
    try:
        server.start()
        for number in range(count):
            server.reset()
            folder = Path(tempfile.mkdtemp(prefix="deskzero-torture-"))
            shop, past = play_rt(server, folder, f"{seed}/{number}", plan)
            verdict = judge(shop, past)
            whole += verdict
            where = ""
            if verdict.violations:
                (folder / "timeline.txt").write_text(timeline(shop, verdict), encoding="utf-8")
                where = f" ({folder})"
            else:
                shutil.rmtree(folder, ignore_errors=True)
            sys.stdout.write(
                f"{(time.monotonic() - begun) / 60:6.1f} min  {number + 1}/{count}"
                f"  {whole.figures['changes']} changes, {whole.figures['kills']} kills,"
                f" {len(whole.violations)} violations  [{seed}/{number}]{where}\n"
            )
            sys.stdout.writelines(f"    {kind}: {words}\n" for kind, words in verdict.violations)
            sys.stdout.flush()
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)
    sys.stdout.write(f"\n{whole.table()}\n")
    return 1 if whole.violations else 0
