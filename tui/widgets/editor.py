"""The editor for texts: a text area that knows `//` for a snippet."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea


class Editor(TextArea):
    """Posts `SnippetWanted` for `//` at the beginning of a word (so not in https://) and for F2."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "snippet", "snippet", show=False, id="writing.snippet"),
    ]

    class SnippetWanted(Message):
        """A snippet is to be put where the cursor stands. `typed`: what is put back when none is taken."""

        def __init__(self, typed: str) -> None:
            super().__init__()
            self.typed = typed

    async def _on_key(self, event: events.Key) -> None:
        if event.character == "/" and not self.read_only and self.selection.is_empty:
            row, column = self.cursor_location
            before = self.document.get_line(row)[:column]
            if before.endswith("/") and (len(before) == 1 or before[-2].isspace()):
                event.prevent_default()
                event.stop()
                self.delete((row, column - 1), (row, column))
                self.post_message(self.SnippetWanted("//"))
                return
        await super()._on_key(event)

    def action_snippet(self) -> None:
        self.post_message(self.SnippetWanted(""))
