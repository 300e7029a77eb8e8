"""The line above the keys: what just happened and how to take it back; what is held and when it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from connectors.text import clean
from store.read_records import ChangeView
from tui.text import fit

Tone = Literal["done", "info", "warn", "bad", "wait"]
_SIGNS: dict[Tone, tuple[str, str]] = {
    "done": ("✓", "bold $success"),
    "wait": ("↑", "bold $accent"),
    "info": ("·", "$quiet"),
    "warn": ("!", "bold $warning"),
    "bad": ("✗", "bold $error"),
}


@dataclass(frozen=True)
class Said:
    """One line for the user: a sign (so that colour is not needed), words, and perhaps the key that takes it back."""

    text: str = ""
    tone: Tone = "info"
    key: str = ""
    """`u undo`"""


class StatusLine(Widget):
    """Left: what was said last. Right: the held mail with its countdown."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $surface; }
    """

    said: reactive[Said] = reactive(Said())
    held: reactive[tuple[ChangeView, ...]] = reactive(())
    now: reactive[int] = reactive(0)

    def render(self) -> RenderResult:
        width = self.size.width
        right = held_line(self.held, self.now)
        if right.cell_length > width * 2 // 3:
            right = right.truncate(width * 2 // 3, ellipsis=True)
        room = width - right.cell_length - 1
        left = Content("")
        if self.said.text:
            sign, style = _SIGNS[self.said.tone]
            key = f" · {self.said.key}" if self.said.key else ""
            words = clean(self.said.text)
            words = (
                fit(words, max(8, room - 3 - len(key))).rstrip()
                if len(words) + 3 + len(key) > room
                else words
            )
            left = Content.styled(f" {sign} ", style) + Content(words) + Content.styled(key, "$primary")
        return left + Content(" " * max(0, width - left.cell_length - right.cell_length)) + right


def held_line(held: tuple[ChangeView, ...], now: int) -> Content:
    """`✉ reply #70101 leaves in 7 s · u takes it back`; the header tells how many, and when the first leaves."""
    if not held:
        return Content("")
    first = max(held, key=lambda one: (one.created_at, one.change))  # what `u` takes back: the last one made
    left = max(0, (first.due_at or now) - now)
    more = f" (+{len(held) - 1})" if len(held) > 1 else ""
    goes = f"leaves in {left} s" if left else "leaves now"
    return (
        Content.styled("✉ ", "bold $public")
        + Content(
            f"{clean(first.verb)} #{clean(first.number)} {clean(first.company)} {goes}{more}".replace(
                "  ", " "
            )
        )
        + Content.styled(" · u takes it back ", "$primary")
    )
