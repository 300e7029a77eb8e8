"""The short form of the torture; `python -m tests.torture` is the long one."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.torture.episode import POSIX, Plan, play
from tests.torture.judge import judge


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_buried(tmp_path: Path) -> None:
    seed = f"{random.SystemRandom().randrange(10**6)}"
    number = int(seed) % 1000
    sys.stdout.write(f"seed {seed}\n")
    plan = Plan(changes=100, kills=6 if POSIX else 2, longest=40)
    verdict = judge(*play(tmp_path, seed, number, plan))
    sys.stdout.write(verdict.table())
    assert not verdict.violations, f"seed {seed}: {verdict.violations}"
    assert verdict.figures["changes that ended as confirmed"] > 10
    assert verdict.figures["kills"] > 0
