"""The program with a clock in it: when each stage of a start was reached. Its argument: the file for the JSON.

Prints nothing of its own: it is the real program on the terminal that it was started on.
"""

import importlib
import json
import re
import sys
import time

BEGAN = time.perf_counter()
reached: list[tuple[str, float, int, int]] = []
frames = 0


def mark(stage: str) -> None:
    """Milliseconds since the interpreter ran the first line, modules loaded and frames painted until then."""
    if all(stage != name for name, *_ in reached):
        reached.append((stage, 1000 * (time.perf_counter() - BEGAN), len(sys.modules), frames))


out = sys.argv.pop()

import tui.cli  # noqa: E402

mark("the command line is imported")
importlib.import_module("textual.app")
mark("Textual is imported")
import tui.app  # noqa: E402
import tui.screens.queue  # noqa: E402

mark("the screen is imported")

from textual.drivers import linux_driver  # noqa: E402

SIGNS = {
    "first frame, without numbers": r"\S{200}|deskzero",
    "frame with the panes' numbers": r"\d+ to zero",
    "frame with rows": r"▌ .? +#\d+",
    "frame with the first ticket": r"├─ #\d+",
}
write, mounting = linux_driver.LinuxDriver.write, tui.app.Deskzero.on_mount


def watching(self: linux_driver.LinuxDriver, data: str) -> None:
    global frames
    write(self, data)
    words = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data)
    frames += len(words) > 200  # not an answer to the terminal, nor a line that ticks
    for stage, sign in SIGNS.items():
        if re.search(sign, words):
            mark(stage)
            if stage == "frame with the first ticket":
                with open(out, "w", encoding="utf-8") as file:  # noqa: PTH123
                    json.dump(reached, file)


def mounted(self: tui.app.Deskzero) -> None:
    mark("the app is running")
    mounting(self)


linux_driver.LinuxDriver.write = watching  # type: ignore[method-assign]
tui.app.Deskzero.on_mount = mounted  # type: ignore[method-assign]
sys.exit(tui.cli.run([]))
