"""Bugs planted on purpose: each kind makes a run fail, with the verdict that fits."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture.episode import play
from tests.torture.judge import judge
from tests.torture.planted import BUGS

TRIES = 6
"""Chance decides whether a short run meets what the bug does; so many in a row never all missed it."""


@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.platform == "win32", reason="processes start too slowly there for a short run")
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_makes_the_run_fail(name: str, tmp_path: Path) -> None:
    bug = BUGS[name]
    found: set[str] = set()
    for number in range(1, TRIES + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        verdict = judge(*play(folder, f"planted/{name}/{number}", number, replace(bug.plan, planted=name)))
        found |= verdict.kinds
        if found & bug.brings:
            return
    pytest.fail(f"{name}: the judge found {sorted(found) or 'nothing'}, not one of {sorted(bug.brings)}")
