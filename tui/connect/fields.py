"""Lines to fill in: a label, the input, and below it where to find the value or what is wrong with it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from connectors.text import clean
from tui.connect.questions import Question
from tui.text import fit

LABEL_CELLS = 22


class Field(Vertical):
    """One answer. What is secret is never shown, not even its length in the log."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        Horizontal { height: 1; }
        .label { width: 24; height: 1; }
        Input, Input:focus { border: none; height: 1; width: 1fr; padding: 0 1; background: $boost; }
        .where { height: auto; padding-left: 25; color: $text-muted; }
        .where.-wrong { color: $foreground; text-style: bold; }
    }
    """

    def __init__(self, question: Question, value: str, *, kept: str = "", fixed: bool = False) -> None:
        """`kept`: in words, where a secret is kept already; then the line may stay empty. `fixed`: it has to."""
        super().__init__()
        self._fixed = fixed
        self.question = question
        self._first, self.kept = value, kept
        self._wrong = ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(classes="label")
            yield Input(
                self._first,
                password=self.question.secret,
                disabled=self._fixed,
                placeholder=self.kept or ("" if self.question.required else "may stay empty"),
            )
        yield Static(classes="where")

    def on_mount(self) -> None:
        self._paint()

    @property
    def value(self) -> str:
        """As typed, without the space around it that comes with a paste."""
        return self.query_one(Input).value.strip()

    @property
    def lacks(self) -> bool:
        """Nothing is typed, and something is needed."""
        return self.question.required and not self.value and not self.kept

    def keep(self, kept: str) -> None:
        """It has turned out where the secret is kept."""
        self.kept = kept
        self.query_one(Input).placeholder = kept

    def wrong(self, text: str) -> None:
        """Says what is wrong with the answer; empty: nothing."""
        self._wrong = text
        self._paint()

    def focus_line(self) -> None:
        """The cursor goes here."""
        line = self.query_one(Input)
        line.focus()
        self.call_after_refresh(self.scroll_visible, animate=False)

    def on_descendant_focus(self) -> None:
        self._paint()

    def on_descendant_blur(self) -> None:
        self._paint()

    def _paint(self) -> None:
        here = "▸" if self.query_one(Input).has_focus else " "
        label = Content.styled(f"{here} {fit(clean(self.question.label), LABEL_CELLS)}", "bold")
        self.query_one(".label", Static).update(label)
        where = self.query_one(".where", Static)
        where.set_class(bool(self._wrong), "-wrong")
        where.update(Content(f"! {clean(self._wrong)}" if self._wrong else clean(self.question.where)))


class Tick(Widget, can_focus=True):
    """Yes or no: `[x]` or `[ ]`, Space changes it."""

    DEFAULT_CSS = """
    Tick { height: 1; }
    Tick:focus { text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "turn", "yes or no", show=False)]

    def __init__(self, label: str, value: bool) -> None:
        super().__init__()
        self._label, self.value = label, value

    def render(self) -> Content:
        return Content(
            f"{'▸' if self.has_focus else ' '} [{'x' if self.value else ' '}] {self._label}; Space changes it"
        )

    def action_turn(self) -> None:
        self.value = not self.value
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
