"""What the queue shows first, read in a thread while Textual is loaded and starts: the first frame is then a whole one.

Nothing of Textual is imported here.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from store.home import Home
from store.read import CacheUnreadable, Reader
from store.read_records import Row, TicketView
from store.settings import Settings
from tui.pane_list import Pane, panes_of
from tui.readings import Wanted, rows_of, standing_of
from tui.standing import Counts, Standing

FIRST_PAGE = 200
"""Rows read before the first paint of a pane; of the others the order follows, and each when somebody comes to it."""
FIRST_ROWS = 50
"""Rows read before the very first paint, where the terminal shows no more; what Python does for each holds up the
loading of Textual beside it."""
PATIENCE = 0.3
"""Seconds that the first frame waits for this reading: a slow disk must not keep the screen dark."""


class First(NamedTuple):
    """The numbers, the first pane that has any, its first rows and the ticket under the cursor."""

    counts: Counts
    standing: Standing
    pane: str
    rows: list[Row]
    more: bool
    """There may be further rows behind them."""
    view: TicketView | None


class Beginning:
    """Reads once, from the moment it is made."""

    def __init__(self, home: Home, settings: Settings, only: str | None) -> None:
        self._reader = reader_of(home, settings)
        self._panes, self._only = panes_of(settings), only
        self._first: First | None = None
        self._thread = threading.Thread(target=self._read, name="first reading", daemon=True)
        self._thread.start()

    def take(self) -> First | None:
        """What was read; `None` where it takes too long or could not be: who asks then reads in the ordinary way, which
        also says what is wrong."""
        self._thread.join(PATIENCE)
        return self._first

    def _read(self) -> None:
        try:
            self._first = first_of(self._reader, self._panes, self._only)
        except (CacheUnreadable, sqlite3.Error, OSError):  # met again, and told, by the ordinary reading
            return


def reader_of(home: Home, settings: Settings, clock: Callable[[], float] = time.time) -> Reader:
    """The reader of the screen."""
    return Reader(home, settings, clock, suggests=True, hides=True)


def first_of(reader: Reader, panes: dict[str, Pane], only: str | None) -> First:
    """One reading of everything that the first frame shows."""
    with reader.at_one_moment():
        counts, standing = standing_of(only, None, tuple(panes.values()), reader)
        pane = first_pane(counts)
        limit = max(FIRST_ROWS, shutil.get_terminal_size().lines)
        rows = rows_of(Wanted(panes[pane], only=only), reader, limit=limit)
        view = reader.ticket(rows[0].connection, rows[0].ticket_id) if rows else None
    return First(counts, standing, pane, rows, len(rows) == limit, view)


def first_pane(counts: Counts) -> str:
    """The first pane that has rows."""
    return next((pane.id for pane in counts.built_in if any(counts.of(pane.id))), "1")
