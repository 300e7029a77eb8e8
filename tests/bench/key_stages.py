"""Where the time of a key goes: the stages between it and its frame, by a clock in the real program."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from store.home import Home
from tests.bench.figures import Note
from tests.bench.keys import DOWN, OPEN, PAGE_DOWN, WORDS, Ours, settle
from tests.bench.run import PROBES, Bench
from tests.bench.stages import DURABLE, FOUND, STAGES, WRITTEN

SAMPLES = 15
TOLD = """A run of its own with a clock in the program: milliseconds from when the terminal's thread had the key, the
median of {samples} keys each. What a key does not come by is empty. That a letter over the list waits for 12 ms,
whether more comes that would make it a paste (`tui/keyboard.py`), is by intent; keys that only move, and letters in a
filter, do not wait.
"""

Stages = list[tuple[str, float]]


def profile(bench: Bench) -> Note:
    """The stages of each key that the table has a row of."""
    made, _ = bench.home()
    folder = bench.scratch / "key-stages"
    shutil.copytree(made.config.parent, folder)  # accepting writes
    out = folder / "stages.jsonl"
    program = [sys.executable, str(PROBES / "key_stages.py"), str(out)]
    samples = bench.rounds(SAMPLES)
    with ExitStack() as stack:
        ours = Ours(stack, Home.at(folder), OPEN, program)
        for _ in range(samples):
            ours.move(DOWN)
        for _ in range(samples):
            ours.move(PAGE_DOWN)
        for place in range(samples + 1):
            ours.pane("20"[place % 2])
        typed = 0
        while typed < samples:
            for word in WORDS:
                ours.filter(True)
                for place in range(1, len(word) + 1):
                    ours.letter(word[:place])
                    typed += 1
                ours.filter(False)
        ours.pane("1")
        settle(ours.terminal)
        for _ in range(samples):
            ours.accept()
        ours.move(DOWN)  # a key is written down when the next one comes
    found = [(key, stages) for key, stages in _read(out) if stages]
    after = found[next(n for n, (key, _) in enumerate(found) if key == "slash") :]
    letters = [stages for key, stages in after if key in set("".join(WORDS)) and _has(stages, FOUND)]
    columns = {
        "cursor down": [stages for key, stages in found if key == "down"][:samples],
        "page down": [stages for key, stages in found if key == "pagedown"],
        "another pane": [stages for key, stages in found if key in ("0", "2")][2:],
        "letter of the filter": letters,
        "accept": [stages for key, stages in found if key == "a" and _has(stages, DURABLE)],
    }
    return Note("Where the time of a key goes", TOLD.format(samples=samples) + "\n" + _table(columns))


def _read(out: Path) -> list[tuple[str, Stages]]:
    lines = out.read_text(encoding="utf-8").splitlines()
    return [(key, [(stage, at) for stage, at in stages]) for key, stages in map(json.loads, lines)]


def _has(stages: Stages, wanted: str) -> bool:
    return any(stage == wanted for stage, _ in stages)


def _table(columns: dict[str, Sequence[Stages]]) -> str:
    """A row for each stage in the order in which it is reached by the keys that come by it."""
    reached: dict[str, dict[str, float]] = {}
    for column, keys in columns.items():
        times: dict[str, list[float]] = {}
        for stages in keys:
            end = next((at for stage, at in stages if stage == WRITTEN), None)
            for stage, at in stages:
                if end is not None and at <= end:
                    times.setdefault(stage, []).append(at)
        for stage, some in times.items():
            if len(some) * 2 > len(keys):  # what only some came by is no stage of the key
                reached.setdefault(stage, {})[column] = statistics.median(some)
    ordered = [stage for stage in STAGES if stage in reached]
    head = [f"| reached | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    return "\n".join(
        head
        + [
            f"| {stage} | "
            + " | ".join(
                f"{reached[stage][column]:.1f}" if column in reached[stage] else "" for column in columns
            )
            + " |"
            for stage in ordered
        ]
    )
