"""Lines of the frame: rules with a title, and scrolling areas that draw their own sides."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.spoken import SIGNS, is_spoken
from tui.widgets.painted import Painted

_NARROW = {"┬": "┌", "┴": "└"}
"""Without the panes at the left there is nothing to join."""


class Rule(Painted):
    """One horizontal line of the frame, with a title at the left and another at the right."""

    DEFAULT_CSS = """
    Rule { height: 1; color: $frame; }
    """

    title: reactive[Content] = reactive(Content(""))
    aside: reactive[Content] = reactive(Content(""))

    def __init__(self, ends: tuple[str, str], *, tail: str = " ─", id: str | None = None) -> None:
        """`ends`: the characters at both ends. `tail`: what stands behind the title at the right."""
        super().__init__(id=id)
        self.ends, self.tail = ends, tail

    def render(self) -> Content:
        if is_spoken(self):
            return Content(", ").join(part for part in (self.title, self.aside) if part)
        left, right = self.ends
        if self.id == "talk-top" and not self.title:  # nothing is below it: no line, the sides go on
            return Content("│" + " " * max(0, self.size.width - 2) + "│")
        if self.id == "detail-top" and self.screen.has_class("-ticket"):
            left, right = "┬", "┐"
        if self.screen.has_class("-narrow"):
            left = _NARROW.get(left, left)
        width = self.size.width - len(left) - len(right)
        title, aside = self.title, self.aside
        if title.cell_length + aside.cell_length + 7 > width:
            aside = Content("") if aside.cell_length * 2 > width else aside
        tail = aside.cell_length + len(self.tail) + 1 if aside else 0
        room = width - tail - 3
        if title.cell_length > room:
            title = title.truncate(max(0, room), ellipsis=True)
        parts: list[Content] = [Content(left)]
        used = 0
        if title:
            parts += [Content("─ "), title, Content(" ")]
            used += title.cell_length + 3
        parts.append(Content("─" * max(0, width - used - tail)))
        if aside:
            parts += [Content(" "), aside, Content(self.tail)]
        parts.append(Content(right))
        return Content("").join(parts)


class FramedScroll(Painted, ScrollView, inherit_bindings=False):
    """A virtual list of lines between `│` and `│`; the right one shows where in the whole one is.

    It has no keys of its own: what an arrow means is the screen's business.
    Subclasses give `line(y, width)` and call `set_length` when the number of lines changes.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"frame--line", "frame--thumb"}
    DEFAULT_CSS = """
    FramedScroll {
        scrollbar-size: 0 0;
        & > .frame--line { color: $frame; }
        & > .frame--thumb { color: $frame-title; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._looks: dict[str, Style] = {}

    def look_of(self, name: str) -> Style:
        """The style of a component class: a line has a dozen of them, and each is looked up through its selectors."""
        style = self._looks.get(name)
        if style is None:
            style = self._looks[name] = self.get_component_rich_style(name)
        return style

    @property
    def base_look(self) -> Style:
        """The widget's own style, mixed from those of all that it stands in: once, and not for each line."""
        style = self._looks.get("")
        if style is None:
            style = self._looks[""] = self.rich_style
        return style

    def notify_style_update(self) -> None:
        self._looks.clear()
        super().notify_style_update()

    def set_length(self, lines: int) -> None:
        """So many lines. Nothing else moves for that, so nothing is laid out again: there are no scrollbars."""
        whole = Size(max(1, self.size.width), lines)
        if whole != self.virtual_size:
            self.set_reactive(FramedScroll.virtual_size, whole)
            if self.scroll_offset.y > self.max_scroll_y:
                self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
            self.refresh()

    @property
    def text_width(self) -> int:
        """Cells between the two sides."""
        return max(0, self.size.width - 2)

    def line(self, y: int, width: int) -> Strip:
        """Line `y` of the whole, exactly `width` cells."""
        raise NotImplementedError

    def on_resize(self) -> None:
        self.set_length(self.virtual_size.height)

    def render_line(self, y: int) -> Strip:
        if is_spoken(self):
            plain = self.line(self.scroll_offset.y + y, self.text_width)
            words = [Segment(text.translate(SIGNS), style) for text, style, _ in plain]
            return Strip(words).adjust_cell_length(self.size.width, self.base_look)
        side = self.look_of("frame--line")
        if self.size.width < 3:
            return Strip.blank(self.size.width)
        line, width = self.line(self.scroll_offset.y + y, self.text_width), self.text_width
        if line.cell_length != width:
            line = line.adjust_cell_length(width, self.base_look)
        return Strip([Segment("│", side), *line, self._right_side(y, side)], width + 2)

    def _right_side(self, y: int, side: Style) -> Segment:
        height, whole = self.size.height, self.virtual_size.height
        if whole <= height or not height:
            return Segment("│", side)
        thumb = max(1, round(height * height / whole))
        start = round((height - thumb) * self.scroll_offset.y / max(1, whole - height))
        if start <= y < start + thumb:
            return Segment("┃", self.look_of("frame--thumb"))
        return Segment("│", side)
