"""Lines to read, newest last, filtered as one types: a ticket's history (`h`), what happened (`L`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.keymap import label, labels
from tui.screens.base import Dialog


class Story(Dialog[None]):
    """Looks only."""

    DEFAULT_CSS = """
    Story {
        align: center middle;
        #box { width: 110; max-width: 98%; height: 90%; }
        Input { border: none; height: 1; padding: 0 1; background: $boost; }
        Input:focus { border: none; }
        VerticalScroll { padding: 0 1; height: 1fr; }
        VerticalScroll > Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "scroll(1)", "down", show=False, id="story.down"),
        Binding("up", "scroll(-1)", "up", show=False, id="story.up"),
        Binding("pagedown", "scroll(12)", "page down", show=False, id="story.page_down"),
        Binding("pageup", "scroll(-12)", "page up", show=False, id="story.page_up"),
    ]

    def __init__(
        self, title: Content, lines: Sequence[Content], nothing: str, *, from_top: bool = False
    ) -> None:
        """`nothing`: what is said where there are no lines. `from_top`: read from the first line on."""
        super().__init__()
        self._title, self._lines, self._nothing = title, lines, nothing
        self._from_top = from_top

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(self._title, classes="dialog-title")
            yield Input(placeholder="type to filter")
            with VerticalScroll(can_focus=False):
                yield Static(id="lines")
            keys = f"{labels('story.up', 'story.down')} scroll · type filters · {label('dialog.cancel')} back"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._fill("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def _fill(self, typed: str) -> None:
        words = typed.casefold().split()
        shown = [line for line in self._lines if all(word in line.plain.casefold() for word in words)]
        nothing = "Nothing matches." if self._lines else self._nothing
        self.query_one("#lines", Static).update(
            Content("\n").join(shown) if shown else Content.styled(nothing, "$quiet")
        )
        if not self._from_top:
            self.query_one(VerticalScroll).scroll_end(animate=False)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
