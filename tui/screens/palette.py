"""The palette: a ticket's number, or any action by name."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.asks import Item
from tui.screens.picker import Picker


class Palette(Picker):
    """A picker over every action and its key; what is typed may also be a ticket's number."""

    def __init__(self, items: Sequence[Item]) -> None:
        super().__init__(
            Content("Go to a ticket, or do something"),
            items,
            preview=self._says,
            free="go to this ticket number",
        )

    def matching(self, typed: str) -> list[Item]:
        """A number goes to that ticket, whatever else has the digit in its name."""
        found = super().matching(typed)
        if any(letter.isdigit() for letter in typed):
            found.sort(key=lambda item: bool(item.key))
        return found

    @staticmethod
    def _says(item: Item) -> Content:
        if not item.key:
            return Content.assemble(
                "Go to ticket ", (item.label, "bold"), Content.styled(" (any pane)", "$quiet")
            )
        return Content(item.label)
