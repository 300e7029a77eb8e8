"""The SOP of a kind of exception: what it means, and what the company does about it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from tui.keymap import label, labels
from tui.links import addresses
from tui.screens.base import Dialog


class Sop(Dialog[str]):
    """Looks only. Answers with an address of the text that is to be opened."""

    DEFAULT_CSS = """
    Sop {
        align: center middle;
        #box { width: 90; max-width: 98%; height: auto; max-height: 90%; }
        #means { padding: 0 1; height: auto; color: $quiet; margin-bottom: 1; }
        #text { height: auto; max-height: 50vh; padding: 0 1; }
        #text > Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter,S", "cancel", "back", show=False, id="sop.close"),
        Binding("j,down", "scroll(1)", "down", show=False, id="sop.down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="sop.up"),
        Binding("pagedown,space", "scroll(10)", "page down", show=False, id="sop.page_down"),
        Binding("pageup", "scroll(-10)", "page up", show=False, id="sop.page_up"),
        Binding("o", "open", "open its first address", show=False, id="sop.open"),
    ]

    def __init__(self, title: str, means: str, text: str) -> None:
        super().__init__()
        self._title, self._means, self._text = title, means, clean(text, lines=True).strip()
        self._links = addresses(self._text)

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(f"SOP · {clean(self._title)}"), classes="dialog-title")
            if self._means:
                yield Static(Content(f"{clean(self._means[:1].upper() + self._means[1:])}."), id="means")
            with VerticalScroll(id="text", can_focus=False):
                yield Static(Content(self._text))
            keys = [f"{labels('sop.down', 'sop.up')} scroll", f"{label('dialog.cancel')} back"]
            if self._links:
                keys.insert(1, f"{label('sop.open')} open {self._links[0]}")
            yield Static(Content(" · ".join(keys)), classes="dialog-keys")

    def action_scroll(self, by: int) -> None:
        self.query_one("#text", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_open(self) -> None:
        if self._links:
            self.finish(self._links[0])
