"""The end of day's signature: each row that is left, who takes it and why. `y` signs; nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from store.read_day import Left
from store.read_records import Row
from tui.day_lines import gate_title
from tui.keymap import label, labels
from tui.screens.base import Dialog
from tui.text import say


class SignOff(Dialog[bool]):
    """Shows what is signed."""

    DEFAULT_CSS = """
    SignOff {
        align: center middle;
        #box { width: 100; max-width: 98%; height: auto; max-height: 94%; }
        #lines { height: auto; max-height: 60vh; padding: 0 1; }
        #lines > Static { height: auto; }
    }
    """
    takes_typed = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "sign", show=False, id="sign_off.yes"),
        Binding("j,down", "scroll(1)", "down", show=False, id="sign_off.down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="sign_off.up"),
    ]

    def __init__(self, verdict: str, at: str, rows: Sequence[tuple[Row, Left]]) -> None:
        """`verdict`: in words; `at`: when it was asked."""
        super().__init__()
        self._verdict, self._at, self._rows = verdict, at, rows

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(f"Sign off? {self._verdict}, asked {self._at}"), classes="dialog-title")
            with VerticalScroll(id="lines", can_focus=False):
                yield Static(Content("\n").join(self._lines()))
            keys = (
                f"{label('sign_off.yes')} sign · {labels('sign_off.down', 'sign_off.up')} scroll · "
                f"{label('dialog.cancel')} back"
            )
            yield Static(Content(keys), classes="dialog-keys")

    def _lines(self) -> list[Content]:
        if not self._rows:
            return [Content("Nothing is left.")]
        lines = []
        for row, left in self._rows:
            head = f"{gate_title(row.kind or '')} #{clean(row.number)} {clean(row.company)}  "
            lines.append(Content(head) + say(row.summary, "$quiet"))
            lines.append(Content.styled(f"   → {clean(left.to)}: ", "bold") + say(left.why))
        lines.append(
            Content.styled("Each of these stands in the PSA, as an internal note on its ticket.", "$quiet")
        )
        return lines

    def action_yes(self) -> None:
        self.finish(True)

    def action_scroll(self, by: int) -> None:
        self.query_one("#lines", VerticalScroll).scroll_relative(y=by, animate=False)
