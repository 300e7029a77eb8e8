"""The last line: the keys that do something for this row, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive

from tui.messages import KeyClicked
from tui.widgets.painted import Painted

Entry = tuple[str, str]
"""A key as written, and what it does in two or three words (may be foreign: a billing code)."""


class KeyBar(Painted):
    """Shows entries from the left; the last one (`? all keys`) always has its place at the right."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $frame-title; }
    """

    entries: reactive[tuple[Entry, ...]] = reactive(())

    def render(self) -> RenderResult:
        return key_line(self.entries, self.size.width)

    def on_click(self, event: events.Click) -> None:
        """A click on an entry is its key."""
        entry = entry_at(self.entries, self.size.width, event.x)
        if entry is not None:
            self.post_message(KeyClicked(entry[0]))


def key_line(entries: Sequence[Entry], width: int) -> Content:
    """The bar in `width` cells: whole entries only, never half a word."""
    line = Content("")
    for start, _entry, part in _placed(entries, width):
        line += Content(" " * (start - line.cell_length)) + part
    return line


def entry_at(entries: Sequence[Entry], width: int, x: int) -> Entry | None:
    """The entry that is painted in cell `x`."""
    for start, entry, part in _placed(entries, width):
        if start <= x < start + part.cell_length:
            return entry
    return None


def _placed(entries: Sequence[Entry], width: int) -> list[tuple[int, Entry, Content]]:
    """What there is room for, each with its first cell; the last one at the right."""
    made = [
        (entry, Content.styled(f" {entry[0]} ", "bold $primary") + Content(f"{entry[1]} "))
        for entry in entries
    ]
    placed: list[tuple[int, Entry, Content]] = []
    if not made:
        return placed
    start = 0
    *others, (last, last_part) = made
    for entry, part in others:
        if start + part.cell_length + last_part.cell_length > width:
            break
        placed.append((start, entry, part))
        start += part.cell_length
    return [*placed, (max(start, width - last_part.cell_length), last, last_part)]
