"""The short form of the torture against the real Request Tracker."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.servers.rt import RtServer
from tests.torture.episode import Plan, play_rt
from tests.torture.judge import judge


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_buried(rt_server: RtServer, tmp_path: Path) -> None:
    seed = f"{random.SystemRandom().randrange(10**6)}"
    sys.stdout.write(f"seed {seed}\n")
    plan = Plan(changes=30, kills=3, tickets=6, worst=0.1, longest=25, trouble=False)
    verdict = judge(*play_rt(rt_server, tmp_path, seed, plan))
    sys.stdout.write(verdict.table())
    assert not verdict.violations, f"seed {seed}: {verdict.violations}"
    assert verdict.figures["changes that ended as confirmed"] > 3
