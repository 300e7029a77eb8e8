"""A question with a few answers, one key each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.keymap import answer_keys, label, written
from tui.screens.base import Dialog


class Ask(Dialog[Any]):
    """Shows `body` and waits for one of the keys of `answers`, each (key, label, value). Esc: none of them.

    Enter is no answer: whoever answers has read the key.
    """

    DEFAULT_CSS = """
    Ask {
        align: center middle;
        #box { width: 78; max-width: 96%; height: auto; max-height: 90%; }
        #body { padding: 0 1; height: auto; max-height: 45vh; }
        .answer { padding: 0 1; height: 1; }
    }
    """

    def __init__(self, title: Content, body: Content, answers: Sequence[tuple[str, str, Any]]) -> None:
        super().__init__()
        self._title, self._body, self._answers = title, body, list(answers)
        self._keys = answer_keys([(letter, value) for letter, _words, value in answers])

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(self._title, classes="dialog-title")
            yield Static(self._body, id="body")
            yield Static("")
            for key, (_letter, words, _value) in zip(self._keys, self._answers, strict=True):
                yield Static(
                    Content.assemble((f" {written(key)} ", "bold reverse"), f"  {words}"), classes="answer"
                )
            yield Static(Content(f"{label('dialog.cancel')} back"), classes="dialog-keys")

    def on_key(self, event: events.Key) -> None:
        for key, (_letter, _words, value) in zip(self._keys, self._answers, strict=True):
            if key == event.key:
                event.stop()
                self.finish(value)
                return
