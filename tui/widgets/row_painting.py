"""How the rows of a list are painted: lines of styled cells, the gutter, the cursor, ghosts, what an empty list says.

Which rows there are and where the cursor goes is `tui.widgets.ticket_list`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.reactive import reactive
from textual.strip import Strip

from connectors.text import clean
from store.read_records import Row
from tui.marks import Key, Marks
from tui.spoken import is_spoken, row_words
from tui.text import fit
from tui.widgets.columns import Look, Shape, cells, shape
from tui.widgets.frame import FramedScroll
from tui.widgets.row_window import RowWindow


class RowPainting(FramedScroll):
    """Paints the rows that it holds; a line that has not changed is not put together again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "list--text", "list--later", "list--number", "list--company", "list--age", "list--must", "list--hint",
        "list--customer", "list--tag", "list--ghost", "list--cursor", "list--bar", "list--pending",
        "list--mark", "list--group",
    }  # fmt: skip
    DEFAULT_CSS = """
    RowPainting {
        height: 1fr;
        & > .list--text { color: $foreground; }
        & > .list--later { color: $secondary; }
        & > .list--number { color: $accent; }
        & > .list--company { color: $frame-title; }
        & > .list--age { color: $quiet; }
        & > .list--must { color: $must; text-style: bold; }
        & > .list--hint { color: $success; }
        & > .list--customer { color: $customer; text-style: bold; }
        & > .list--tag { color: $warning; text-style: italic; }
        & > .list--ghost { color: $quiet; text-style: italic; }
        & > .list--pending { color: $success; }
        & > .list--mark { color: $warning; text-style: bold; }
        & > .list--group { color: $foreground; text-style: bold; }
        & > .list--cursor { background: $cursor; text-style: bold; }
        & > .list--bar { color: $primary; background: $cursor; text-style: bold; }
    }
    """

    cursor: reactive[int] = reactive(0, always_update=False)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.look = Look("1")
        self.now = 0
        self.zone: tzinfo = UTC
        self.empty: Sequence[str] = ()
        """Lines that are shown instead of rows."""
        self.marks = Marks()
        self._window = RowWindow()
        self._ghosts: dict[Key, str] = {}
        """Rows that left while the cursor was on them, and why."""
        self._asked = False
        """Rows are being read."""
        self._shape: Shape | None = None
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(2000)

    @property
    def _order(self) -> list[Key]:
        return self._window.order

    @property
    def _rows(self) -> dict[Key, Row]:
        return self._window.rows

    def _look_around(self, place: int) -> None:
        """Somebody looks at a place whose row is not held: whoever has the rows' reading sees to it."""

    def _changed(self) -> None:
        self._strips.clear()
        self._shape = None
        self.set_length(len(self._order))
        self.refresh()

    def line(self, y: int, width: int) -> Strip:
        if not self._order:
            return self._empty_line(y, width, self.base_look)
        if y >= len(self._order):
            return Strip.blank(width, self.base_look)
        key = self._order[y]
        ghost = self._ghosts.get(key)
        row, here = self._rows.get(key), y == self.cursor
        if row is None:  # somebody has scrolled to it, or has come to it by a long way
            if not self._asked:
                self.call_later(self._look_around, y)
            return self._unread_line(here, width)
        heads = not self.look.group or y == 0 or self._group(y) != self._group(y - 1)
        painted = (key, here, width, ghost, id(row), key in self.marks, heads)
        strip = self._strips.get(painted)
        if strip is None and is_spoken(self):
            words = row_words(row, self.now, ghost=ghost, marked=key in self.marks)
            look = self.look_of("list--cursor" if here else "list--text")
            strip = Strip([Segment(fit(("Here: " if here else "") + words, width), look)], width)
            self._strips.set(painted, strip)
        if strip is None:
            strip = self._ghost(row, ghost, width) if ghost is not None else self._row(row, width, heads)
            strip = self._with_gutter(row, strip, here, ghost is not None)
            self._strips.set(painted, strip)
        return strip

    def _empty_line(self, y: int, width: int, base: Style) -> Strip:
        top = max(0, (self.size.height - len(self.empty)) // 2 - 1)
        if not top <= y < top + len(self.empty):
            return Strip.blank(width, base)
        words = self.empty[y - top]
        style = self.look_of("list--text" if y == top else "list--later")
        indent = max(2, (width - len(words)) // 2)
        return Strip([Segment(fit(" " * indent + words, width), style)], width)

    def _group(self, y: int) -> str:
        row = self._rows.get(self._order[y])
        return self.look.grouped_by(row) if row is not None else ""

    def _row(self, row: Row, width: int, heads: bool) -> Strip:
        if self._shape is None:
            first = self._order[:500]
            rows = [self._rows[key] for key in first if key in self._rows]
            self._shape = shape(self.look, width, rows, {key[0] for key in first})
        made = cells(row, self.look, self._shape, self.now, self.zone, heads=heads)
        return Strip([Segment(text, self.look_of(f"list--{style}")) for text, style in made])

    def _unread_line(self, here: bool, width: int) -> Strip:
        look = self.look_of("list--cursor" if here else "list--age")
        return Strip([Segment(fit("▌   …" if here else "    …", width), look)], width)

    def _ghost(self, row: Row, words: str, width: int) -> Strip:
        text = f"#{clean(row.number)}  {clean(row.company)}  {words or 'has left this list'}"
        return Strip([Segment(fit(text, width - 4), self.look_of("list--ghost"))])

    def _with_gutter(self, row: Row, strip: Strip, here: bool, ghost: bool) -> Strip:
        dot, name = (" ", "text")
        if ghost:
            dot, name = "·", "ghost"
        elif row.pending:
            dot, name = "↑", "pending"
        elif row.gate:
            dot, name = "●", "must"
        gutter = [
            Segment("+" if row.key in self.marks else " ", self.look_of("list--mark")),
            Segment(f"{dot} ", self.look_of(f"list--{name}")),
        ]
        if not here:
            return Strip([Segment(" ", self.base_look), *gutter, *strip])
        cursor = self.look_of("list--cursor")
        over = Style(bgcolor=cursor.bgcolor, bold=True)
        bar = Segment("▌", self.look_of("list--bar"))
        return Strip([bar, *(Segment(text, (style or over) + over) for text, style, _ in (*gutter, *strip))])

    def empties(self, lines: Sequence[str]) -> None:
        """What is said when there are no rows."""
        self.empty = lines
        self.refresh()
