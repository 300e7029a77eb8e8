"""What the parts share: homes of each size, environments, and processes that are measured as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from store.home import Home
from store.settings import Settings, load
from tests import large

ROOT = Path(__file__).parents[2]
FLOORS = Path(__file__).parent / "floors"
PROBES = Path(__file__).parent / "probes"
"""The real program with a clock or a counter in it."""
PROGRAM = [sys.executable, "-c", "from tui.cli import main; main()"]
"""As the console script starts it; the script itself is not there in every environment."""
SIZES = (1_000, 10_000, 100_000)
OPEN = 10_000
"""Open tickets of the cache that most figures are taken on; with `CLOSED` 100,000 in all."""
CLOSED = 90_000


@dataclass(frozen=True)
class Bench:
    """One run of the benchmark."""

    scratch: Path
    homes: Path
    rivals: Path
    sizes: tuple[int, ...] = SIZES
    asked_rounds: int | None = None

    def rounds(self, usual: int) -> int:
        """How many samples: what the command line says, or what the part takes."""
        return self.asked_rounds or usual

    def home(self, open_tickets: int = OPEN, closed: int = CLOSED) -> tuple[Home, Settings]:
        """A filled home with its exceptions published; made once for each size. Its PSA cannot be reached."""
        folder = self.homes / f"{open_tickets}-{closed}"
        if (folder / "made").exists():
            home = Home.at(folder)
            return home, load(home.config)
        home, settings = large.make(folder, open_tickets, closed=closed)
        (folder / "made").touch()
        return home, settings

    def sized(self, tickets: int) -> tuple[Home, Settings]:
        """The home of one size of the table of growth: a tenth of its tickets are open."""
        return self.home(tickets // 10, tickets - tickets // 10)


def environment(home: Home | None = None) -> dict[str, str]:
    """A user's environment, with this home."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DESKZERO_")}
    # Colours and a size that somebody has set for his own window would be taken for this one's; and without
    # bytecode on disk every start would compile all of ours anew, which no installed program does.
    not_ours = ("NO_COLOR", "COLORFGBG", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")
    ours = {name: value for name, value in ours.items() if name not in not_ours}
    ours |= {
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "DESKZERO_ACME_PRIVATE_KEY": "x",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    return ours | ({} if home is None else {"DESKZERO_HOME": str(home.config.parent)})


@contextmanager
def beside(module: str, *arguments: str) -> Iterator[str]:
    """A server in a process of its own, `python -m MODULE`, ended again; the first line that it says."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def wall(command: Sequence[str], env: dict[str, str]) -> float:
    """Milliseconds from start to end of a process. What it prints goes through a pipe, as it would to a reader."""
    began = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    took = 1000 * (time.perf_counter() - began)
    if done.returncode not in (0, 1):  # 1: `check` says that it is not zero
        raise RuntimeError(
            f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-2000:]}"
        )
    return took
