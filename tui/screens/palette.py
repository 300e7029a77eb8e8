"""The palette: a ticket's number, or any action by name."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from connectors.text import clean
from store.filter_words import Filter
from tui.asks import Item
from tui.screens.picker import Picker
from tui.widgets.filter_line import KNOWN

FILTER = "filter typed"
"""The key of a filter that was typed; its value is the text."""


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
        """A number goes to that ticket, whatever else has the digit in its name; `filter …` is a filter as it is."""
        word, space, rest = typed.lstrip().partition(" ")
        if word.casefold() == "filter" and space:
            said = rest.strip()
            return [Item(FILTER, f"filter {said}" if said else "filter", "this pane, as typed", value=said)]
        found = super().matching(typed)
        if any(letter.isdigit() for letter in typed):
            found.sort(key=lambda item: bool(item.key))
        return found

    @staticmethod
    def _says(item: Item) -> Content:
        if item.key == FILTER:
            return _filter_says(item.value)
        if not item.key:
            return Content.assemble(
                "Go to ticket ", (clean(item.label), "bold"), Content.styled(" (any pane)", "$quiet")
            )
        return Content(clean(item.label))


def _filter_says(text: str) -> Content:
    problems = Filter.of(text).problems
    if problems:
        return Content.styled(f"Left out: {'; '.join(clean(problem) for problem in problems)}", "$warning")
    return Content(KNOWN if not text else f"Shows only what matches {clean(text)}")
