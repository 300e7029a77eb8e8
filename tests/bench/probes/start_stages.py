"""The program with a clock in it: when each stage of a start was reached. Its argument: the file for the JSON.

Prints nothing of its own: it is the real program on the terminal that it was started on. Nothing is loaded sooner than
the program does it; that a module begins to be loaded is what tells a stage.
"""

import json
import os
import re
import sys
import time

BEGAN = time.perf_counter()
reached: list[tuple[str, float, int, int]] = []
frames = 0
out = sys.argv.pop()

BEGINNINGS = {
    "tui.beginning": "the settings are read",
    "textual": "the first reading is under way, Textual begins to be loaded",
    "tui.engine": "Textual is loaded",
    "tui.screens.queue": "the app is made, its screen begins to be loaded",
}
SIGNS = {
    "first frame": r"\S{200}|deskzero",
    "frame with the panes' numbers": r"\d+ to zero",
    "frame with rows": r"▌ .? +#\d+",
    "frame with the first ticket": r"├─ #\d+",
}


def mark(stage: str) -> None:
    """Milliseconds since the interpreter ran the first line, modules loaded and frames painted until then."""
    if all(stage != name for name, *_ in reached):
        reached.append((stage, 1000 * (time.perf_counter() - BEGAN), len(sys.modules), frames))


class Looking:
    """Finds nothing, and knows by that what is being loaded."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name in BEGINNINGS:
            mark(BEGINNINGS[name])
        if name == "tui.screens.queue":
            watch()


def watch() -> None:
    """Looks at what is painted from now on, and at when the app runs."""
    from textual.drivers import linux_driver

    import tui.app

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
                    with open(f"{out}.part", "w", encoding="utf-8") as file:  # noqa: PTH123
                        json.dump(reached, file)
                    os.replace(f"{out}.part", out)  # noqa: PTH105 - whoever waits for it finds all of it

    def mounted(self: tui.app.Deskzero) -> None:
        mark("the app runs, its screen is loaded")
        mounting(self)

    linux_driver.LinuxDriver.write = watching  # type: ignore[method-assign]
    tui.app.Deskzero.on_mount = mounted  # type: ignore[method-assign]


sys.meta_path.insert(0, Looking)  # type: ignore[arg-type]
from tui.cli import main  # noqa: E402

main()
