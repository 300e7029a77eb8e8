"""A progress bar of one line on standard error, for a terminal."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Self

import click

from connectors.text import clean

if TYPE_CHECKING:
    from store.sync_round import Progress


WIDTH = 20


def bar_line(progress: Progress, *, width: int = WIDTH) -> str:
    """A step's news in words, with a bar of `width` cells where one can tell how much is left."""
    words = clean(progress.text) or progress.phase
    if progress.total:
        full = round(width * min(1.0, progress.done / progress.total))
        return f"{'█' * full}{'░' * (width - full)} {progress.done}/{progress.total} {words}"
    return f"{progress.done} {words}" if progress.done else words


class Bar:
    """Shows how far each connection's round is; leaves an empty line behind it."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._now: dict[str, str] = {}
        self._drawn = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._draw("")

    def tell(self, progress: Progress) -> None:
        """Takes a step's news. Without a terminal nothing is shown."""
        if not self._show:
            return
        self._now[progress.connection] = f"{progress.connection}: {bar_line(progress)}"
        self._draw("  ".join(self._now.values()))

    def _draw(self, line: str) -> None:
        line = line[: shutil.get_terminal_size().columns - 1]
        if not self._show or line == self._drawn:
            return
        blank = " " * max(0, len(self._drawn) - len(line))
        self._drawn = line
        click.echo(f"\r{line}{blank}" + ("\r" if not line else ""), err=True, nl=False)
        sys.stderr.flush()
