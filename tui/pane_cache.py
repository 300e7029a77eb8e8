"""The first pages of the panes, kept while the databases stand as they stood: another pane is there at once.

What was kept is shown only where neither database has been written to since, by anybody: each write of SQLite, also of
another process, changes the size or the time of a file. A file's time is coarse, and a second write of the same moment
does not show in it: what was read so soon after a write is not kept.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from store.home import Home
from store.read_records import Row
from tui.readings import Wanted

OLDEST = 120
"""Seconds after which a page is read again all the same: what was hidden until now comes back."""

COARSE = 0.1
"""Seconds that a file's time may stand still. File systems that SQLite's log works on have 0.01 or less."""

Stamp = tuple[tuple[int, int], ...]


class Page(NamedTuple):
    """The first rows of a pane. `stamp`: how the databases stood before they were read, `None` where that is not known
    exactly; `at`: UTC seconds."""

    rows: list[Row]
    more: bool
    stamp: Stamp | None
    at: int


def stamp(home: Home) -> Stamp | None:
    """How the files of both databases stand; `None` where one has only just been written to."""
    found = []
    settled = time.time_ns() - int(COARSE * 1e9)
    for path in (home.cache, home.journal):
        for file in (path, path.with_name(f"{path.name}-wal")):
            try:
                status = file.stat()
            except FileNotFoundError:
                found.append((0, 0))
                continue
            if not status.st_size:
                # A log without anything in it: whoever reads alone makes one and takes it away again.
                found.append((0, 0))
                continue
            if status.st_mtime_ns > settled:
                return None
            found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)


class PaneCache:
    """Pages by what was asked for."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._pages: dict[Wanted, Page] = {}

    def get(self, wanted: Wanted, now: int) -> Page | None:
        """The page, where it still holds."""
        page = self._pages.get(wanted)
        if page is None or not 0 <= now - page.at <= OLDEST or page.stamp != stamp(self._home):
            return None
        return page

    def put(self, wanted: Wanted, page: Page) -> None:
        """Those of another scope, order or filter go, and those that no longer hold."""
        self._pages = {
            one: kept
            for one, kept in self._pages.items()
            if one[1:] == wanted[1:] and kept.stamp == page.stamp
        }
        if page.stamp is not None:
            self._pages[wanted] = page
