"""Key to paint, in "All open": the program and a bare list, each on a pty of its own, key for key in turn.

A key counts as painted with the last byte of the frame that shows what it did. Both terminals are driven and looked at
in the same way; nothing is parsed while bytes are awaited, so that they are stamped when they come.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from store.home import Home
from tests.bench.figures import Figure, Note, Row, side_by_side
from tests.bench.run import CLOSED, FLOORS, OPEN, PROGRAM, Bench, environment
from tests.bench.watched import Watched, cursor, detail, watched

SAMPLES = 40
SAMPLES_OF_GROWTH = 20
CALM = 0.12
"""Seconds without a byte before the next key."""
SETTLED, IDLE = 120, 0.06
"""Seconds after which the program must have come to rest, and the processor's seconds of one second that are rest."""
TARGET = 2.0
DOWN, PAGE_DOWN = "\x1b[B", "\x1b[6~"
WHY = """- **Cursor and page**: each key passes the guard that knows a paste; a line is put together of a dozen styled
  parts, where the bare list has one. Two lines are painted for a step of the cursor, as in the bare list, and the
  list's height for a page.
- **Another pane**: besides the rows the panes and the title are painted in the same frame; the key bar and the ticket
  follow 30 ms behind it.
- **A letter of the filter**: words are looked for in five fields, with case folded as Unicode has it, by a function of
  Python's, in the order of an index until a page is full; then its rows are put together with their reasons, last words
  and promises. The floor's `LIKE` knows no letters beyond ASCII, and its rows have one text. A word that nobody has is
  looked for in all of the queue.
- **Accepting**: the fix is prepared against the guards and put into the journal durably, and then the row is marked.
  It is laid over the ticket, evaluated, and the lists are read again behind that.
"""
TAKEN = re.compile(r"▌ ↑ #\d+")
WORDS = ("printer", "floor", "every", "prints", "half")
"""What is typed into the filter: in all summaries, in the names of all companies, in a ninth of the summaries."""


def press(terminal: Watched, key: str, holds: Callable[[str], bool], seconds: float = 30.0) -> float:
    """Milliseconds from the key to the frame that shows what it did."""
    terminal.rest(CALM)
    began = time.perf_counter()
    os.write(terminal.child.child_fd, key.encode())
    return 1000 * (terminal.seen(holds, seconds) - began)


def settle(terminal: Watched) -> None:
    """Waits until the program does nothing of its own any more: its engine has loaded, its pages have come."""
    process = psutil.Process(terminal.child.pid)
    for _ in range(SETTLED):
        before = sum(process.cpu_times()[:2])
        terminal.take_in(1.0)
        if sum(process.cpu_times()[:2]) - before < IDLE:
            return
    raise TimeoutError(f"it does not come to rest:\n{terminal.text}")


class Ours:
    """The program, in "All open" with all of its rows."""

    def __init__(
        self, stack: ExitStack, home: Home, rows: int, program: Sequence[str] = tuple(PROGRAM)
    ) -> None:
        """`program`: it, or it with a clock inside."""
        self.rows = rows
        self.terminal = stack.enter_context(watched(program, environment(home)))
        self.terminal.until(lambda text: bool(detail(text)), 120.0)
        settle(self.terminal)  # the engine's start and its first round, which does not reach its PSA
        self.pane("0")
        settle(self.terminal)

    def pane(self, digit: str) -> float:
        title = {"0": "─ 0 All open ·", "2": "─ 2 Missing ·", "1": "─ 1 Responded ·"}[digit]
        return press(self.terminal, digit, lambda text: title in text and bool(cursor(text)), 120.0)

    def move(self, key: str) -> float:
        at = cursor(self.terminal.text)
        return press(self.terminal, key, lambda text: cursor(text) != at)

    def followed(self, key: str) -> float:
        """To the detail of the ticket that the key went to."""
        self.terminal.rest()  # the detail of the row before comes behind its row, too
        told = detail(self.terminal.text)
        return press(self.terminal, key, lambda text: detail(text) != told)

    def letter(self, typed: str) -> float:
        shown = re.compile(rf"filter {typed} · [\d,]+\+? shown")
        return press(self.terminal, typed[-1], lambda text: bool(shown.search(text)))

    def filter(self, opens: bool) -> None:
        if opens:
            press(self.terminal, "/", lambda text: "number, words" in text or "words ·" in text)
        else:
            press(self.terminal, "\x1b", lambda text: "filter" not in text.splitlines()[1])
            self.terminal.take_in(1.5)

    def accept(self) -> float:
        """On the next row of which something is suggested that one key takes."""
        while not re.search(r"▌ .? +#\d+.* → ", self.terminal.text):
            self.move(DOWN)
        at = cursor(self.terminal.text)
        # The mark of a change on its way stands before the row, or the row has already left.
        return press(self.terminal, "a", lambda text: cursor(text) != at or bool(TAKEN.search(text)))


class Bare:
    """The floor."""

    def __init__(self, stack: ExitStack, rows: int, cache: Path, journal: Path) -> None:
        command = [sys.executable, str(FLOORS / "bare_list.py"), str(rows), str(cache), str(journal)]
        self.terminal = stack.enter_context(watched(command, environment()))
        self.terminal.until(lambda text: "▌ #" in text, 120.0)
        self.terminal.take_in(1.0)

    def pane(self, digit: str) -> float:
        name = {"0": "Printer 0", "2": "Scanner 0"}[digit]
        return press(self.terminal, digit, lambda text: name in text)

    def move(self, key: str) -> float:
        at = _highlighted(self.terminal.text)
        return press(self.terminal, key, lambda text: _highlighted(text) != at)

    def letter(self, typed: str) -> float:
        return press(self.terminal, typed[-1], lambda text: f"▌ {typed} ·" in text)

    def filter(self, opens: bool) -> None:
        if opens:
            os.write(self.terminal.child.child_fd, b"/")
        else:
            press(self.terminal, "\x1b", lambda text: "▌ #" in text)

    def accept(self) -> float:
        at = _highlighted(self.terminal.text)
        return press(self.terminal, "a", lambda text: _highlighted(text) != at)


def _highlighted(text: str) -> str:
    found = re.search(r"^▌.*$", text, re.MULTILINE)
    return found[0] if found else ""


def figures(bench: Bench) -> Iterator[Row]:
    for size in bench.sizes:
        yield from _moves(bench, size, standard=size == OPEN)
    for size in bench.sizes:
        yield from _filter(bench, size, standard=size == OPEN)
    for size in bench.sizes:
        yield from _accept(bench, size, standard=size == OPEN)
    from tests.bench.key_stages import profile

    yield profile(bench)
    yield Note("What a key has to do that the bare list has not", WHY)


def _closed(size: int) -> int:
    return CLOSED if size == OPEN else 0 if size > OPEN else 9 * size


def _moves(bench: Bench, size: int, *, standard: bool) -> Iterator[Figure]:
    """Down, PgDn and another pane, with so many rows in the pane."""
    home, _ = bench.home(size, _closed(size))
    rounds = bench.rounds(SAMPLES if standard else SAMPLES_OF_GROWTH)
    with ExitStack() as stack:
        ours = Ours(stack, home, size)
        bare = Bare(stack, size, home.cache, bench.scratch / f"floor-{size}.db")
        places = iter("20" * (rounds + 2))
        there = ""

        def switch() -> float:
            nonlocal there
            there = next(places)
            return ours.pane(there)

        for what, measure, floor in (
            ("cursor down", lambda: ours.move(DOWN), lambda: bare.move(DOWN)),
            ("page down", lambda: ours.move(PAGE_DOWN), lambda: bare.move(PAGE_DOWN)),
            (
                "pane switch",
                switch,
                lambda: bare.pane(
                    "2" if _highlighted(bare.terminal.text) and "Printer" in bare.terminal.text else "0"
                ),
            ),
        ):
            mine, floors = side_by_side(measure, floor, rounds=rounds, warm_up=2)
            for part, name in ((0.5, "median"), (0.95, "95th percentile")):
                yield Figure(
                    f"key to paint: {what}, {name}", mine, floors, target=TARGET, part=part, size=size,
                    standard=standard,
                    note=f"{size:,} rows in the pane",
                )  # fmt: skip
        if standard:
            ours.pane("0")
            followed = [ours.followed(DOWN) for _ in range(rounds // 2)]
            yield Figure(
                "key to the ticket's detail: cursor down", followed, note="list first, detail behind it"
            )


def _filter(bench: Bench, size: int, *, standard: bool) -> Iterator[Figure]:
    """Letters typed into the filter."""
    home, _ = bench.home(size, _closed(size))
    mine: list[float] = []
    floors: list[float] = []
    with ExitStack() as stack:
        ours = Ours(stack, home, size)
        bare = Bare(stack, size, home.cache, bench.scratch / f"floor-filter-{size}.db")
        many = bench.rounds(SAMPLES_OF_GROWTH)
        while len(mine) < many:
            for word in WORDS:
                for one in (ours, bare):
                    one.filter(True)
                for place in range(1, len(word) + 1):
                    mine.append(ours.letter(word[:place]))
                    floors.append(bare.letter(word[:place]))
                for one in (ours, bare):
                    one.filter(False)
    for part, name in ((0.5, "median"), (0.95, "95th percentile")):
        yield Figure(
            f"filter keystroke, {name}", mine, floors, target=TARGET, part=part, size=size, standard=standard,
            note="floor: the bare list and an indexed query of 30 rows",
        )  # fmt: skip


def _accept(bench: Bench, size: int, *, standard: bool) -> Iterator[Figure]:
    """The key that takes what stands after the arrow; in a copy of the home, which it changes."""
    made, _ = bench.home(size, _closed(size))
    folder = bench.scratch / f"accepting-{size}"
    shutil.copytree(made.config.parent, folder)
    with ExitStack() as stack:
        ours = Ours(stack, Home.at(folder), size)
        ours.pane("1")
        settle(ours.terminal)
        bare = Bare(stack, size, made.cache, bench.scratch / f"floor-accept-{size}.db")
        rounds = bench.rounds(SAMPLES if standard else SAMPLES_OF_GROWTH)
        mine, floors = side_by_side(ours.accept, bare.accept, rounds=rounds, warm_up=2)
    shutil.rmtree(folder)
    for part, name in ((0.5, "median"), (0.95, "95th percentile")):
        yield Figure(
            f"accept a suggestion, {name}", mine, floors, target=TARGET, part=part, size=size, standard=standard,
            note="floor: the bare list and one durable commit",
        )  # fmt: skip
