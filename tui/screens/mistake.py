"""The form of the mistake log: what slipped, why, what is done about it, and words that a client may hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from connectors.text import clean
from store.client_words import suggested
from store.mistakes import Cause, Remedy
from store.read_records import ChangeView, TicketView
from tui.asks import Item
from tui.keymap import label, labels
from tui.screens.base import Dialog
from tui.text import say
from tui.widgets.choice import Choice

CAUSES: tuple[Item, ...] = (
    Item("process", "process", "a step in the way we work is missing or wrong"),
    Item("technology", "technology", "a tool did not do what we rely on it for"),
    Item("people", "people", "it slipped through in a day's work"),
)
REMEDIES: tuple[Item, ...] = (
    Item("automation", "automation", "a check, a rule, a script"),
    Item("training", "training", "going through it together"),
    Item("documentation", "documentation", "writing down how it is done"),
)


@dataclass(frozen=True, slots=True)
class Slip:
    """What was filled in."""

    what: str
    cause: Cause
    remedy: Remedy
    change: ChangeView | None
    shared: bool
    words: str
    note: bool
    """Also as an internal note on the ticket."""


class MistakeForm(Dialog[Slip]):
    """Tab goes on, Esc ends the form: with something written a question follows, else nothing happens."""

    DEFAULT_CSS = """
    MistakeForm {
        align: center middle;
        #box { width: 100; max-width: 98%; height: auto; max-height: 96%; }
        .line { height: 1; }
        .label { width: 14; padding: 0 1; color: $quiet; }
        Choice { width: 1fr; }
        #what { height: 4; }
        #words { height: 6; }
        .text-line { height: auto; }
        TextArea { width: 1fr; border: round $frame; padding: 0 1; background: $surface; }
        TextArea:focus { border: round $internal; }
        #beside { padding: 0 1 0 15; color: $quiet; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "cancel", "done", show=False, priority=True, id="mistake_form.done"),
    ]

    def __init__(
        self,
        view: TicketView,
        kind: str | None,
        changes: Sequence[Item],
        *,
        before: Slip,
        no_note: str = "",
    ) -> None:
        """`changes`: the ticket itself, then its fixes (`value`: the `ChangeView`); `before`: what it begins with.
        `no_note`: why the PSA takes no note, or nothing."""
        super().__init__()
        self._view, self._kind, self._changes, self._before = view, kind, changes, before
        self._no_note = no_note
        self._offered = suggested(kind, before.cause, before.remedy)

    def compose(self) -> ComposeResult:
        record, before = self._view.record, self._before
        named = f"#{record.number} · {record.company or 'no company'} · {record.summary}"
        about = [item.value for item in self._changes].index(before.change)
        with Vertical(id="box", classes="dialog"):
            yield Static(Content("What slipped? · ") + say(named), classes="dialog-title")
            with Horizontal(classes="text-line"):
                yield Static("What", classes="label")
                yield self._area("what", before.what)
            yield from self._choice("About", "about", self._changes, about)
            yield from self._choice("Cause", "cause", CAUSES, _place(CAUSES, before.cause))
            yield from self._choice("Remedy", "remedy", REMEDIES, _place(REMEDIES, before.remedy))
            shared = (
                Item("", "is not told", "nothing here is sent to anybody"),
                Item("yes", "is told", "by you"),
            )
            yield from self._choice("The client", "shared", shared, int(before.shared))
            with Horizontal(classes="text-line"):
                yield Static("In words", classes="label")
                yield self._area("words", before.words or self._offered)
            yield Static("for the client, to change and to copy; never sent by itself", id="beside")
            note = [Item("yes", "as an internal note too", "a review follows")]
            note.append(Item("", "not there", self._no_note))
            yield from self._choice("In the PSA", "note", note[1:] if self._no_note else note, int(
                not before.note and not self._no_note
            ))  # fmt: skip
            choose = f"{labels('choice.previous', 'choice.next')} or letters choose"
            yield Static(
                Content(f"Tab next · {choose} · {label('dialog.cancel')} done"), classes="dialog-keys"
            )

    @staticmethod
    def _area(name: str, text: str) -> TextArea:
        return TextArea(text, id=name, show_line_numbers=False, tab_behavior="focus", soft_wrap=True)

    def _choice(self, words: str, name: str, items: Sequence[Item], at: int) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static(words, classes="label")
            yield Choice(items, at=at, id=name)

    def on_mount(self) -> None:
        what = self.query_one("#what", TextArea)
        what.focus()
        what.move_cursor(what.document.end)

    @on(Choice.Changed)
    def _fit_words(self) -> None:
        """Other words for another cause or remedy, as long as nobody has changed them."""
        words = self.query_one("#words", TextArea)
        if words.text.strip() not in ("", self._offered):
            return
        cause, remedy = self._chosen("cause"), self._chosen("remedy")
        self._offered = suggested(self._kind, cause, remedy)  # type: ignore[arg-type]  # the keys are theirs
        words.text = self._offered

    def _chosen(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).chosen.key

    def action_cancel(self) -> None:
        """Esc: done. What is in it is asked about by whoever opened it."""
        self.finish(
            Slip(
                what=self.query_one("#what", TextArea).text.strip(),
                cause=self._chosen("cause"),  # type: ignore[arg-type]  # the keys are theirs
                remedy=self._chosen("remedy"),  # type: ignore[arg-type]
                change=self.query_one("#about", Choice).chosen.value,
                shared=bool(self._chosen("shared")),
                words=clean(self.query_one("#words", TextArea).text, lines=True).strip(),
                note=bool(self._chosen("note")),
            )
        )


def _place(items: Sequence[Item], key: str) -> int:
    return [item.key for item in items].index(key)
