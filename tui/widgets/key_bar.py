"""The last line: the keys that do something for this row, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

Entry = tuple[str, str]
"""A key as written, and what it does in two or three words (may be foreign: a billing code)."""


class KeyBar(Widget):
    """Shows entries from the left; the last one (`? all keys`) always has its place at the right."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $frame-title; }
    """

    entries: reactive[tuple[Entry, ...]] = reactive(())

    def render(self) -> RenderResult:
        return key_line(self.entries, self.size.width)


def key_line(entries: Sequence[Entry], width: int) -> Content:
    """The bar in `width` cells: whole entries only, never half a word."""
    if not entries:
        return Content("")
    made = [Content.styled(f" {key} ", "bold $primary") + Content(f"{words} ") for key, words in entries]
    last = made[-1]
    line = Content("")
    for part in made[:-1]:
        if line.cell_length + part.cell_length + last.cell_length > width:
            break
        line += part
    return line + Content(" " * max(0, width - line.cell_length - last.cell_length)) + last
