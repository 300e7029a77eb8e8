"""One of several values on one line: ← → step, letters jump to the value that begins so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from connectors.text import clean
from tui.asks import Item

QUIET = 1.0
"""Seconds after which letters begin a new word."""


class Choice(Static, can_focus=True):
    """Shows one item and its detail; posts `Changed` when another one is chosen."""

    DEFAULT_CSS = """
    Choice { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    Choice:focus { background: $cursor; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "step(-1)", "previous", show=False, id="choice.previous"),
        Binding("right,down", "step(1)", "next", show=False, id="choice.next"),
    ]
    position: reactive[int] = reactive(0)

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, items: Sequence[Item], *, at: int = 0, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items = list(items)
        self._typed, self._typed_at = "", 0.0
        self.set_reactive(Choice.position, at)

    @property
    def chosen(self) -> Item:
        return self._items[self.position]

    def watch_position(self) -> None:
        self.post_message(self.Changed())

    def action_step(self, by: int) -> None:
        self.position = (self.position + by) % len(self._items)

    def on_key(self, event: events.Key) -> None:
        """Letters jump: `rem` goes to Remote Support."""
        if event.character is None or not event.is_printable:
            return
        event.stop()
        fresh = event.time - self._typed_at > QUIET
        self._typed = event.character.casefold() if fresh else self._typed + event.character.casefold()
        self._typed_at = event.time
        start = self.position + (fresh and len(self._typed) == 1)
        for step in range(len(self._items)):
            place = (start + step) % len(self._items)
            if clean(self._items[place].label).casefold().startswith(self._typed):
                self.position = place
                return

    def render(self) -> Content:
        item = self.chosen
        arrows = "◂ ▸ " if self.has_focus and len(self._items) > 1 else ""
        label = Content.styled(f"{arrows}{clean(item.label)}", "bold" if item.key else "")
        return label + Content.styled(f"   {clean(item.detail)}", "$quiet") if item.detail else label
