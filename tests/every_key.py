"""Every key in every screen, and a walk over the keyboard: nothing breaks, Esc leads back to the queue.

`python -m tests.every_key [SCREEN …]` presses each key in each screen and tells what it pressed; it takes a quarter
of an hour. The tests walk at random, from a seed, for a shorter while (tests/tui/test_every_key.py).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import string
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.screen import settle
from tests.tui.small_shop import Shop, at_work
from tui.keys import QUEUE
from tui.screens.queue import QueueScreen

SPECIAL = (
    "enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "shift+up", "shift+down", "shift+left",
    "shift+right", "pageup", "pagedown", "home", "end", "delete", "backspace", "insert", "f1", "f2", "f3", "f5",
    "f10", "ctrl+a", "ctrl+c", "ctrl+k", "ctrl+p", "ctrl+q", "ctrl+s", "ctrl+u", "ctrl+v", "ctrl+w", "ctrl+z",
)  # fmt: skip
LETTERS = tuple("space" if letter == " " else letter for letter in string.printable if letter.isprintable())
TEXT = (*"aZ/:1!", "space")
"""Where letters are typed they all do the same."""
LEAVING = {part for key in QUEUE if key.action == "leave" for part in key.key.split(",")} | {
    "ctrl+c",
    "ctrl+q",
}
"""In the queue these ask, or end the program: they have tests of their own."""

WAYS: dict[str, tuple[tuple[str, ...], bool]] = {
    "responded": (("1",), False),
    "billing code": (("4",), False),
    "all open": (("0",), False),
    "marks": (("4", "*"), False),
    "ticket": (("enter",), False),
    "end of day": (("E",), False),
    "outbox": (("O",), False),
    "trouble": (("exclamation_mark",), False),
    "undo list": (("U",), False),
    "why": (("i",), False),
    "log time": (("1", "t"), False),
    "mistake log": (("1", "m"), True),
    "wrap up": (("1", "x"), False),
    "review": (("1", "r", "H", "i", "escape"), False),
    "preview of marks": (("4", "*", "a"), False),
    "filter": (("slash",), True),
    "palette": (("colon",), True),
    "scope": (("at",), True),
    "sort": (("greater_than_sign",), True),
    "help": (("question_mark",), True),
    "log": (("L",), True),
    "history": (("h",), True),
    "code": (("4", "b"), True),
    "status": (("s",), True),
    "owner": (("w",), True),
    "parent": (("3", "p"), True),
    "field": (("2", "e"), True),
    "no answer needed": (("1", "c"), True),
    "snooze": (("2", "z"), True),
    "reply": (("1", "r"), True),
    "note": (("1", "n"), True),
}
"""Screen -> the keys that lead there from the queue, and whether letters are text in it."""


class Broken(AssertionError):
    """A key did what none may."""


class Errors(logging.Handler):
    """What the program logs as an error while it is used."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def errors() -> Iterator[Errors]:
    """Errors that are logged meanwhile; raises `Broken` for the first."""
    one = Errors()
    logging.getLogger().addHandler(one)
    try:
        yield one
    finally:
        logging.getLogger().removeHandler(one)
    if one.told:
        raise Broken(one.told[0])


async def go(pilot: Pilot[Any], *keys: str) -> None:
    """Presses them, each after what the one before did, and however fast that was: none counts as a key held down."""
    for key in keys:
        pilot.app.keyboard.last_key = ""
        await pilot.press(key)
        await settle(pilot)
        if not pilot.app.is_running:
            raise Broken(f"{key!r} ended the program")


async def back(pilot: Pilot[Any], queue: QueueScreen) -> None:
    """To the queue without marks and filter, with nothing but Esc."""
    for _ in range(8):
        if pilot.app.screen is queue and not queue.list.marks.rows:
            break
        await go(pilot, "escape")
    if pilot.app.screen is not queue:
        raise Broken(f"Esc does not lead out of {type(pilot.app.screen).__name__}")
    await go(pilot, "escape", "escape")


async def each_key(folder: Path, way: str) -> int:
    """Every key in one screen; how many were pressed there."""
    keys, typed = WAYS[way]
    pressed = 0
    with errors():
        async with at_work(Shop(folder), "1") as (pilot, queue):
            await go(pilot, *keys)
            there = type(pilot.app.screen)
            for key in (*SPECIAL, *(TEXT if typed else LETTERS)):
                if pilot.app.screen is queue and key in LEAVING:
                    continue
                await go(pilot, key)
                pressed += 1
                if type(pilot.app.screen) is not there:
                    await back(pilot, queue)
                    await go(pilot, *keys)
            await back(pilot, queue)
    return pressed


async def walk(folder: Path, seed: int, steps: int) -> list[str]:
    """So many keys at random, wherever they lead; the way, for who wants to go it again. Ends in the queue."""
    dice = random.Random(seed)
    way: list[str] = []
    with errors():
        async with at_work(Shop(folder), "1") as (pilot, queue):
            for _ in range(steps):
                here = pilot.app.screen is queue
                key = dice.choice((*SPECIAL, *LETTERS, *(("escape",) * (0 if here else 20))))
                if here and key in LEAVING:
                    continue
                way.append(key)
                try:
                    await go(pilot, key)
                except Exception as error:
                    raise Broken(f"after {' '.join(way)}") from error
            await back(pilot, queue)
    return way


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.every_key", description=__doc__)
    asked.add_argument("screens", nargs="*", metavar="SCREEN", help=f"of {', '.join(WAYS)}; none: all")
    chosen = asked.parse_args()
    if unknown := set(chosen.screens) - set(WAYS):
        asked.error(f"no such screen: {', '.join(sorted(unknown))}")
    total = 0
    for way in chosen.screens or WAYS:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            pressed = asyncio.run(each_key(Path(folder), way))
        total += pressed
        sys.stdout.write(f"  {way:<20}{pressed:>5} keys   {time.perf_counter() - began:>6.1f} s\n")
        sys.stdout.flush()
    sys.stdout.write(f"{total} keys in {len(chosen.screens or WAYS)} screens, nothing broke\n")


if __name__ == "__main__":
    main()
