"""The line in words at the top of the screen, for screen readers: what the cursor stands on."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Offset
from textual.widgets import Static

from tui.spoken import is_spoken
from tui.text import wrap

LINES = 3


class Announce(Static):
    """Always in the same place; the terminal's cursor stands at its beginning. Not there in the usual mode."""

    DEFAULT_CSS = """
    Announce { display: none; dock: top; height: 3; width: 100%; padding: 0; background: $surface; text-style: bold; }
    """

    def on_mount(self) -> None:
        self.display = is_spoken(self)

    def say(self, words: str) -> None:
        """Puts these words there, where this mode is on."""
        if not self.display:
            return
        lines = wrap(words, max(20, self.size.width or self.app.size.width))[:LINES]
        self.update(Content("\n".join(lines)))
        self.app.cursor_position = Offset(0, 0)
