"""One fix of all marked tickets, before it happens: ticket by ticket, field by field, what is refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from store.read_records import Row
from tui.keymap import label, labels
from tui.orders import Refused
from tui.screens.base import Dialog
from tui.text import say
from tui.watch import named_field

if TYPE_CHECKING:
    from store.fixes import Prepared


class Together(Dialog[bool]):
    """`y` does it to all that are not refused. Enter does nothing, Esc goes back to the marks."""

    DEFAULT_CSS = """
    Together {
        align: center middle;
        #box { width: 110; max-width: 98%; height: auto; max-height: 94%; }
        #lines { height: auto; max-height: 60vh; padding: 0 1; }
        #lines > Static { height: auto; }
        #sum { padding: 0 1; margin-top: 1; }
    }
    """
    takes_typed = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "do it", show=False, id="together.yes"),
        Binding("j,down", "scroll(1)", "down", show=False, id="together.down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="together.up"),
        Binding("pagedown", "scroll(10)", "page down", show=False, id="together.page_down"),
        Binding("pageup", "scroll(-10)", "page up", show=False, id="together.page_up"),
    ]

    def __init__(self, what: str, made: Sequence[tuple[Row, Prepared | Refused]]) -> None:
        super().__init__()
        self._what, self._made = what, made
        self._able = [(row, one) for row, one in made if not isinstance(one, Refused)]

    @property
    def _only_shown(self) -> bool:
        """All of it is of connections that are read_only."""
        return bool(self._able) and all(one.read_only for _, one in self._able)

    def compose(self) -> ComposeResult:
        able, refused = len(self._able), len(self._made) - len(self._able)
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(f"{self._what} · {len(self._made)} tickets"), classes="dialog-title")
            with VerticalScroll(id="lines", can_focus=False):
                yield Static(Content("\n").join(line for pair in self._made for line in _lines(*pair)))
            said = f"{able} will be changed" + (f", {refused} will not" if refused else "")
            if able:
                said += f". One {label('queue.undo')} takes {'all of them' if able > 1 else 'it'} back."
            if self._only_shown:
                said = "Nothing is sent, read_only: this is what would go out."
            yield Static(Content(said), id="sum")
            yes = f"{label('together.yes')} change {able} · " if able and not self._only_shown else ""
            move = f"{labels('together.down', 'together.up')} scroll"
            yield Static(
                Content(f"{yes}{move} · {label('dialog.cancel')} back to the marks"), classes="dialog-keys"
            )

    def action_yes(self) -> None:
        if self._able and not self._only_shown:
            self.finish(True)

    def action_scroll(self, by: int) -> None:
        self.query_one("#lines", VerticalScroll).scroll_relative(y=by, animate=False)


def _lines(row: Row, made: Prepared | Refused) -> list[Content]:
    company = clean(row.company) or "no company"
    head = Content.assemble((f"#{clean(row.number)}", "$accent"), f" {company} · ", say(row.summary[:60]))
    if isinstance(made, Refused):
        return [head, Content.styled(f"   not changed: {clean(str(made))}", "$warning")]
    lines = [head]
    for line in made.preview:
        lines.append(
            Content.assemble(
                f"   {named_field(line.field)}: ",
                say(line.was or "—", "$quiet"),
                " → ",
                say(line.becomes or "—", "bold"),
            )
        )
    return lines + [Content.styled(f"   {clean(remark)}", "$quiet") for remark in made.remarks]
