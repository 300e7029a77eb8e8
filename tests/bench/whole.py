"""`check --offline` and `list --json` from the process's start to its end, what they print through a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from store.home import Home
from tests.bench.figures import Figure, Note, Row, quantile, side_by_side
from tests.bench.run import FLOORS, PROGRAM, Bench, environment, wall

TARGET = 4.0
FLOOR = [sys.executable, "-c", "import sqlite3"]
CHECK, LIST = ("check", "--offline"), ("list", "--json")
FURTHER = (
    ("check", "--offline", "--json"),
    ("list", "--json", "child_reply"),
    ("list",),
    ("list", "--csv"),
    ("show", "70001"),
    ("outbox",),
    ("--version",),
)
"""Reported: other commands that only read."""
LOADED = """
import json, sys
before = set(sys.modules)
from tui.cli import run
run({arguments!r})
sys.stderr.write("\\n" + json.dumps([name for name in sys.modules if name not in before]))
"""


def figures(bench: Bench) -> Iterator[Row]:
    home, _ = bench.home()
    yield from _commands(bench, home, (CHECK, LIST), target=TARGET, rounds=25)
    yield from _commands(bench, home, FURTHER, rounds=5)
    yield _rows(bench, home)
    yield _profile(bench, home)
    for size in bench.sizes:
        grown, _ = bench.sized(size)
        yield from _commands(bench, grown, (CHECK, LIST), size=size, rounds=8)


def _commands(
    bench: Bench,
    home: Home,
    commands: Sequence[tuple[str, ...]],
    *,
    rounds: int,
    target: float | None = None,
    size: int | None = None,
) -> Iterator[Figure]:
    env = _environment(home)
    floor = partial(wall, FLOOR, env)
    ours = [partial(wall, [*PROGRAM, *arguments], env) for arguments in commands]
    base, *taken = side_by_side(floor, *ours, rounds=bench.rounds(rounds))
    for arguments, took in zip(commands, taken, strict=True):
        yield Figure(
            f"deskzero {' '.join(arguments)}",
            took,
            base,
            target=target,
            size=size,
            standard=size is None,
            note=_printed(arguments, env),
        )


def _environment(home: Home) -> dict[str, str]:
    """A user's: without what a container sets, which would make each write to the pipe one of its own."""
    return {name: value for name, value in environment(home).items() if name != "PYTHONUNBUFFERED"}


def _rows(bench: Bench, home: Home) -> Figure:
    """`list --json` beside what its rows cost the smallest program that prints them."""
    env = _environment(home)
    bare = partial(wall, [sys.executable, str(FLOORS / "bare_json.py"), str(home.cache)], env)
    base, ours = side_by_side(bare, partial(wall, [*PROGRAM, *LIST], env), rounds=bench.rounds(9))
    note = "against the smallest program that prints these rows, without their sentences"
    return Figure("deskzero list --json, its rows alone", ours, base, note=note)


def _printed(arguments: tuple[str, ...], env: dict[str, str]) -> str:
    """How much the command prints."""
    out = subprocess.run([*PROGRAM, *arguments], env=env, capture_output=True, check=False).stdout
    if arguments[:2] == LIST:
        return f"{len(json.loads(out)):,} exceptions, {len(out):,} bytes"
    return f"{len(out.splitlines()):,} lines"


def _profile(bench: Bench, home: Home) -> Note:
    """Where the time goes: the interpreter, msgspec, our modules, and the command's own work."""
    env = _environment(home)
    lines = [
        "| | interpreter | with sqlite3 | with msgspec | with all modules | whole |",
        "| --- |" + " ---: |" * 5,
    ]
    for arguments in (CHECK, LIST):
        loaded = _loaded(arguments, env)
        programs = [
            "",
            "import sqlite3",
            "import sqlite3\nfrom tui import lean\nlean._prepare()",
            "from tui import lean\nlean._prepare()\nfrom importlib import import_module\n"
            + "".join(f"import_module({name!r})\n" for name in loaded),
        ]
        # Each ends as the command does.
        programs = [f"{program}\nimport os\nos._exit(0)" for program in programs]
        stages = [partial(wall, [sys.executable, "-c", program], env) for program in programs]
        stages.append(partial(wall, [*PROGRAM, *arguments], env))
        cells = (f"{quantile(took, 0.5):.0f} ms" for took in side_by_side(*stages, rounds=bench.rounds(9)))
        lines.append(f"| {' '.join(arguments)}, {len(loaded)} modules | {' | '.join(cells)} |")
    return Note("Commands that read: where the time goes", "\n".join(lines))


def _loaded(arguments: tuple[str, ...], env: dict[str, str]) -> list[str]:
    """The modules that the command loads, in the order in which they are there."""
    program = LOADED.format(arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, encoding="utf-8", check=True
    )
    return list(json.loads(done.stderr.splitlines()[-1]))
