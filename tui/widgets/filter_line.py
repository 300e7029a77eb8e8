"""The filter above the list: filters as one types, and says below what it knows or did not understand."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.reactive import Reactive, reactive
from textual.widgets import Input, Static

from connectors.text import clean
from store.filter_words import Filter
from tui import keymap

KNOWN = 'words · company: status: owner: board: type: priority: age>3d hours>1 is:must -not "a b"'
"""What may be typed, in one line."""
SHORT = "words · company: status: owner: board: … · age>3d hours>1 is:must · -not"
PANES_AND_FRAME = 31
"""Cells that the panes at the left, the frame and the padding take of a wide screen."""


class FilterInput(Input):
    """Enter goes back to the list and keeps the filter; Esc lets go of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "let_go", "no filter", show=False, id="filter.let_go"),
        Binding("down", "to_list", "to the list", show=False, id="filter.to_list"),
    ]
    # Textual's own looks for styles whenever it is set, and an `Input` sets it before it is on a screen.
    compact = reactive(True, init=False)
    # As long as its line whatever is typed: Textual's own lays the whole screen out anew for each letter.
    virtual_size = Reactive(Size(0, 0), layout=False)

    async def action_let_go(self) -> None:
        await self.screen.run_action("back")

    def action_to_list(self) -> None:
        self.screen.query_one("#list").focus()


keymap.know(FilterInput.BINDINGS)


class FilterLine(Vertical):
    """The line of text and the one below it: help while typing, and what was left out as long as it is."""

    DEFAULT_CSS = """
    FilterLine {
        height: auto; display: none; border-left: solid $frame; border-right: solid $frame;
        & > FilterInput {
            height: 1; border: none; padding: 0 1 !important; background: $boost;
            &:focus { border: none; background-tint: transparent; }
        }
        & > #filter-help {
            height: 1; padding: 0 1; color: $quiet; display: none; text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > #filter-help.-wrong { display: block; color: $warning; }
        &.-typing > #filter-help { display: block; }
        &.-open { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.input = FilterInput(
            placeholder='printer company:"Contoso Ltd" age>3d', classes="-textual-compact"
        )
        self.help = Static(id="filter-help")
        self._told = ""

    def compose(self) -> ComposeResult:
        yield self.input
        yield self.help

    def on_descendant_focus(self) -> None:
        self.add_class("-typing")

    def on_descendant_blur(self) -> None:
        self.remove_class("-typing")

    @property
    def is_open(self) -> bool:
        """Whether there is a line to see."""
        return self.has_class("-open")

    def open(self, text: str | None = None) -> None:
        """Shows the line, with `text` in it if given, and types into it."""
        self.add_class("-open")
        if text is not None:
            self.input.value = text
            self.input.cursor_position = len(text)
        self.tell(self.input.value)
        self.input.focus()

    def close(self) -> None:
        """Empties and hides the line."""
        with self.input.prevent(Input.Changed):
            self.input.value = ""
        self.remove_class("-open")

    def tell(self, text: str) -> None:
        """What is wrong with a filter, else what may be typed."""
        problems = Filter.of(text).problems
        if problems:
            words = f"left out: {'; '.join(clean(problem) for problem in problems)}"
        else:
            words = KNOWN if self.screen.size.width - PANES_AND_FRAME >= len(KNOWN) else SHORT
        if words == self._told:
            return
        self._told = words
        self.help.set_class(bool(problems), "-wrong")
        self.help.update(Content(words), layout=False)
