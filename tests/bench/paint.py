"""From a process's start to its first frames, on a real pty; and the rivals' first frame."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

from store.home import Home
from tests.bench.figures import Figure, Measure, Note, NotRun, Row, side_by_side
from tests.bench.rivals import RIVALS, installed
from tests.bench.run import CLOSED, FLOORS, OPEN, PROBES, PROGRAM, Bench, environment
from tests.bench.watched import cursor, watched

SMALLEST = [sys.executable, str(FLOORS / "smallest_app.py")]
FIRST, ROWS = "first paint", "rows on screen"


def numbers(text: str) -> bool:
    """The panes' numbers are there: not the "…" that stands in their place before."""
    return "to zero" in text and "… to zero" not in text


def rows(text: str) -> bool:
    return bool(cursor(text))


def to_frame(command: Sequence[str], env: dict[str, str], holds: Callable[[str], bool]) -> Measure:
    """Measures milliseconds from the process's start to the frame that holds this."""

    def measure() -> float:
        with watched(command, env) as terminal:
            return 1000 * (terminal.until(holds) - terminal.began)

    return measure


def figures(bench: Bench) -> Iterator[Row]:
    if sys.platform == "win32":
        yield NotRun(FIRST, "needs a pty, which this system does not have")
        return
    home, _ = bench.home()
    smallest = to_frame(SMALLEST, environment(), lambda text: "one line" in text)
    ours = [to_frame(PROGRAM, environment(home), holds) for holds in (numbers, rows)]
    painted, shown, floor = side_by_side(*ours, smallest, rounds=bench.rounds(15))
    many = f"{OPEN:,} open and {CLOSED:,} closed tickets in the cache"
    yield Figure(FIRST, painted, floor, target=1.3, note=f"{many}; floor: a Textual app of one line")
    yield Figure(ROWS, shown, floor, target=1.6, note="to the first pane's rows; the same floor")
    yield stages(bench, home)
    for size in bench.sizes:
        sized, _ = bench.sized(size)
        measures = (to_frame(PROGRAM, environment(sized), holds) for holds in (numbers, rows))
        for what, took in zip((FIRST, ROWS), side_by_side(*measures, rounds=bench.rounds(7)), strict=True):
            yield Figure(what, took, size=size, standard=False)
    yield from against_rivals(bench, home)


def stages(bench: Bench, home: Home) -> Note:
    """Where the time to the first ticket goes: the median of each stage over a few starts of the real program."""
    starts: list[list[tuple[str, float, int, int]]] = []
    for count in range(6):
        out = bench.scratch / f"stages-{count}.json"
        command = [sys.executable, str(PROBES / "start_stages.py"), str(out)]
        with watched(command, environment(home)) as terminal:
            while not out.exists() or not out.read_text(encoding="utf-8").endswith("]]"):
                terminal.take_in(0.05)
        starts.append(json.loads(out.read_text(encoding="utf-8")))
    lines = ["| stage | reached after | modules | frames |", "| --- | ---: | ---: | ---: |"]
    for stage, _, modules, frames in starts[0]:
        took = [at for one in starts[1:] for name, at, *_ in one if name == stage]
        lines.append(f"| {stage} | {statistics.median(took):.0f} ms | {modules} | {frames} |")
    told = "Of the interpreter's own start (about 15 ms before the first line) nothing is counted."
    return Note("Where the first paint goes", "\n".join([told, "", *lines]))


def against_rivals(bench: Bench, home: Home) -> Iterator[Row]:
    """Each rival's first frame beside ours with the panes' numbers, in turn."""
    for rival in RIVALS:
        what, at = f"first paint of {rival.name}", bench.rivals / rival.name
        if why := installed(rival, at):
            yield NotRun(what, why)
            continue
        theirs = to_frame(rival.command(at, home), rival.environment(at), lambda text: rival.sign in text)  # noqa: B023
        ours = to_frame(PROGRAM, environment(home), numbers)
        mine, other = side_by_side(ours, theirs, rounds=bench.rounds(7))
        yield Figure(
            f"{FIRST}, beside {rival.name}'s",
            mine,
            other,
            target=1.0,
            note=f"in place of a floor {' with '.join(rival.packages)} to its first frame ({rival.sign!r})",
        )
