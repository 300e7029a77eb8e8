"""What the first paint takes, in numbers that do not depend on the machine: modules and frames."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import large
from tests.bench.run import PROBES, environment

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import Terminal

MODULES = 595
"""All that is loaded when the first ticket is on the screen; 10 more than were counted when this was written."""
TICKET = "frame with the first ticket"


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """Stage of a start -> modules loaded, frames painted."""
    folder = tmp_path_factory.mktemp("stages")
    home, _ = large.make(folder / "home", 500)
    out = folder / "stages.json"
    command = [sys.executable, str(PROBES / "start_stages.py"), str(out)]
    terminal = Terminal(command, environment(home))
    try:
        terminal.until(lambda _: out.exists() and out.read_text(encoding="utf-8").endswith("]]"))
    finally:
        terminal.kill()
    return {stage: (modules, frames) for stage, _, modules, frames in json.loads(_text(out))}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_first_frame_has_everything(stages: dict[str, tuple[int, int]]) -> None:
    assert stages[TICKET][1] == 1


def test_few_modules_are_loaded_before_it(stages: dict[str, tuple[int, int]]) -> None:
    assert stages[TICKET][0] <= MODULES
