"""All keys, by group, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.keys import Key
from tui.screens.base import Dialog
from tui.text import fit

ELSEWHERE = (
    ("Picker", "type filters · ↑ ↓ · Enter takes it · Esc back"),
    ("Writing", "Esc or Ctrl+S done, review follows · Tab to the status · nothing is ever sent from here"),
    ("Review", "y send · e edit · Esc keep as draft · D discard (asks)"),
    ("Conflict", "← mine · → theirs · Enter, then y · e edit · o open in the PSA"),
)
"""Dialogs have their own few keys, shown in their last line."""


class Help(Dialog[None]):
    """Every key of the queue; `?` again or Esc closes."""

    DEFAULT_CSS = """
    Help {
        align: center middle;
        #box { width: 84; max-width: 98%; height: 90%; }
        VerticalScroll { padding: 0 1; }
        VerticalScroll > Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q,enter", "cancel", "back", show=False),
        Binding("j,down", "scroll(2)", "down", show=False),
        Binding("k,up", "scroll(-2)", "up", show=False),
        Binding("pagedown,space", "scroll(12)", "page down", show=False),
        Binding("pageup", "scroll(-12)", "page up", show=False),
    ]

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        groups: dict[str, list[Key]] = {}
        for key in self._keys:
            groups.setdefault(key.group, []).append(key)
        with Vertical(id="box", classes="dialog"):
            yield Static(Content("All keys"), classes="dialog-title")
            with VerticalScroll():
                for group, keys in groups.items():
                    yield Static(Content.styled(group, "bold underline"))
                    for key in keys:
                        yield Static(Content.assemble((f" {fit(key.label, 8)}", "bold"), f" {key.help}"))
                    yield Static("")
                yield Static(Content.styled("In dialogs", "bold underline"))
                for name, words in ELSEWHERE:
                    yield Static(Content.assemble((f" {fit(name, 8)}", "bold"), f" {words}"))
                yield Static(
                    Content(
                        "\nEnter and Esc never write. A capital only looks. Everything is in the palette (:) too."
                    )
                )
            yield Static(Content("j k scroll · ? or Esc back"), classes="dialog-keys")

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
