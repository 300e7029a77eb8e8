"""The marked rows, in the detail's place: what the keys act on, each with what is promised for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from connectors.text import clean
from store.read_records import Row
from tui.text import fit
from tui.widgets.frame import FramedScroll


class Marked(FramedScroll):
    """One line a marked row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "marked--mark", "marked--number", "marked--company", "marked--text", "marked--hint", "marked--quiet",
    }  # fmt: skip
    DEFAULT_CSS = """
    Marked {
        height: 1fr; min-height: 2; display: none;
        & > .marked--mark { color: $warning; text-style: bold; }
        & > .marked--number { color: $accent; }
        & > .marked--company { color: $frame-title; }
        & > .marked--text { color: $foreground; }
        & > .marked--hint { color: $success; }
        & > .marked--quiet { color: $quiet; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._gone: frozenset[tuple[str, str, str | None]] = frozenset()

    def show(self, rows: Sequence[Row], gone: frozenset[tuple[str, str, str | None]]) -> None:
        """`gone`: keys of rows that have left the list meanwhile."""
        self._rows, self._gone = rows, gone
        self.set_length(len(rows))
        self.refresh()

    def line(self, y: int, width: int) -> Strip:
        if y >= len(self._rows):
            return Strip.blank(width, self.base_look)
        row = self._rows[y]
        number = max((cell_len(clean(one.number)) for one in self._rows), default=5) + 1
        promise = row.promise
        if row.key in self._gone:
            what, style = "has left this list: nothing is done to it", "quiet"
        elif promise is not None:
            what, style = (
                (f"→ {clean(promise.label)}", "hint")
                if promise.strong
                else (f"~ {clean(promise.label)}", "text")
            )
        else:
            what, style = next((clean(one.text) for one in row.reasons), clean(row.status)), "quiet"
        company = max(9, min(20, width * 16 // 100))
        summary = max(8, (width - number - company - 6) * 45 // 100)
        cells = [
            (" + ", "mark"),
            (fit("#" + clean(row.number), number), "number"),
            (" " + fit(clean(row.company) or "—", company), "company"),
            (" " + fit(clean(row.summary), summary), "text"),
            ("  " + what, style),
        ]  # fmt: skip
        strip = Strip(
            [Segment(text, self.get_component_rich_style(f"marked--{name}")) for text, name in cells]
        )
        return strip.adjust_cell_length(width, self.base_look)
