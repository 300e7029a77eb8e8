"""The filter above the list: filters as one types."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui import keymap


class FilterLine(Input):
    """One line of text. Enter goes back to the list and keeps the filter; Esc lets go of it."""

    DEFAULT_CSS = """
    FilterLine {
        height: 1; border: none; padding: 0 1; display: none; background: $boost;
        border-left: solid $frame; border-right: solid $frame;
        &:focus { border: none; border-left: solid $frame; border-right: solid $frame; background-tint: transparent; }
        &.-open { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "let_go", "no filter", show=False, id="filter.let_go"),
        Binding("down", "to_list", "to the list", show=False, id="filter.to_list"),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder='number, words, company:acme, status:"in progress", connection:name', compact=True
        )

    def open(self) -> None:
        self.add_class("-open")
        self.focus()

    def close(self) -> None:
        """Empties and hides the line."""
        self.value = ""
        self.remove_class("-open")

    async def action_let_go(self) -> None:
        await self.screen.run_action("back")

    def action_to_list(self) -> None:
        self.screen.query_one("#list").focus()


keymap.know(FilterLine.BINDINGS)
