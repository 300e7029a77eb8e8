"""A bare `ScrollView` list of constant strings: `python bare_list.py ROWS CACHE JOURNAL`.

Down and PgDn move a highlighted row, `0` and `2` swap the strings. Each letter after `/` is put to an indexed query of
the cache, whose first 30 rows are shown; `a` saves one row in a journal of its own, durably, then shows that it did.
"""

import sqlite3
import sys

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

HERE = Style(reverse=True)
FOUND = (
    "SELECT number, company, summary, status FROM ticket"
    " WHERE connection = 'acme' AND in_scope AND NOT closed AND summary LIKE ? LIMIT 30"
)
"""Reads the same tickets as a page of the list through the queue's own index."""


class Rows(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines and a highlighted one; what has not changed is not painted again. It has no keys of its own: they would
    scroll it a second time."""

    DEFAULT_CSS = "Rows { scrollbar-size: 0 0; }"

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines
        self.cursor = 0

    def on_mount(self) -> None:
        self.virtual_size = Size(1, len(self.lines))

    def put(self, lines: list[str]) -> None:
        """Other strings."""
        self.lines, self.cursor = lines, 0
        self.virtual_size = Size(1, len(lines))
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    def move(self, step: int) -> None:
        """The highlight goes down so many rows, and the list with it."""
        before, self.cursor = self.cursor, max(0, min(self.cursor + step, len(self.lines) - 1))
        top, height = self.scroll_offset.y, self.size.height
        if self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)
        else:
            self.refresh_lines(before, 1)
            self.refresh_lines(self.cursor, 1)

    def render_line(self, y: int) -> Strip:
        place = self.scroll_offset.y + y
        if place >= len(self.lines):
            return Strip.blank(self.size.width)
        here = place == self.cursor
        text = ("▌ " if here else "  ") + self.lines[place]
        return Strip([Segment(text, HERE if here else None)], len(text)).adjust_cell_length(self.size.width)


class BareList(App[None]):
    """One list in the whole terminal."""

    def __init__(self, rows: int, cache: str, journal: str) -> None:
        super().__init__()
        printers = [
            f"#{70001 + n} Company {n % 200} Printer {n} prints only half of every page" for n in range(rows)
        ]
        scanners = [f"#{90001 + n} Company {n % 200} Scanner {n} does not scan today" for n in range(rows)]
        self.panes = {"0": printers, "2": scanners}
        self.typed: str | None = None
        self.saved = 0
        self.cache = sqlite3.connect(f"file:{cache}?mode=ro", uri=True, isolation_level=None)
        self.journal = sqlite3.connect(journal, isolation_level=None)
        self.journal.execute("PRAGMA journal_mode = WAL")
        self.journal.execute("PRAGMA synchronous = FULL")
        self.journal.execute(
            "CREATE TABLE IF NOT EXISTS change (change INTEGER PRIMARY KEY, what TEXT NOT NULL)"
        )

    def compose(self) -> ComposeResult:
        yield Rows(self.panes["0"])

    def on_key(self, event: events.Key) -> None:
        rows = self.query_one(Rows)
        if event.key == "escape":
            self.typed = None
            rows.put(self.panes["0"])
        elif event.key == "slash":
            self.typed = ""
        elif self.typed is not None and event.character:
            self.typed += event.character
            found = self.cache.execute(FOUND, [f"%{self.typed}%"]).fetchall()
            rows.put([f"{self.typed} · #{' '.join(map(str, row))}" for row in found])
        elif event.key == "down":
            rows.move(1)
        elif event.key == "pagedown":
            rows.move(rows.size.height - 1)
        elif event.key in self.panes:
            rows.put(self.panes[event.key])
        elif event.key == "a":
            self.saved += 1
            self.journal.execute("INSERT INTO change (what) VALUES (?)", [rows.lines[rows.cursor]])
            rows.lines[rows.cursor] = f"saved {self.saved} {rows.lines[rows.cursor]}"
            rows.refresh_lines(rows.cursor, 1)


if __name__ == "__main__":
    BareList(int(sys.argv[1]), *sys.argv[2:4]).run()
