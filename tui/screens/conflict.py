"""A conflict: mine, theirs, what it was, who and when. A person decides; nothing was sent."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from store.changes import ConflictDetail, FieldConflict, show_field
from store.read_records import ChangeView
from tui.asks import ConflictAnswer
from tui.keymap import label
from tui.screens.base import Dialog
from tui.text import field_text, say, when
from tui.watch import named_field


class Conflict(Dialog[ConflictAnswer]):
    """`←` mine or `→` theirs, then Enter, then `y`. Answers `mine`, `theirs`, `edit` or `open`."""

    DEFAULT_CSS = """
    Conflict {
        align: center middle;
        #box { width: 92; max-width: 98%; height: auto; max-height: 90%; }
        #body { padding: 0 1; height: auto; }
        #choice { padding: 0 1; height: auto; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "side('mine')", "mine", show=False, id="conflict.mine"),
        Binding("right", "side('theirs')", "theirs", show=False, id="conflict.theirs"),
        Binding("enter", "take", "take it", show=False, id="conflict.take"),
        Binding("y", "yes", "yes, as chosen", show=False, id="conflict.yes"),
        Binding("e", "answer('edit')", "edit", show=False, id="conflict.edit"),
        Binding("o", "answer('open')", "open in the PSA", show=False, id="conflict.open"),
    ]

    def __init__(self, change: ChangeView) -> None:
        super().__init__()
        self._change = change
        self._detail = msgspec.convert(change.detail, ConflictDetail, strict=False)
        self._side: ConflictAnswer | None = None
        self._taken = False

    def compose(self) -> ComposeResult:
        change = self._change
        title = Content.assemble(
            "Conflict, and some of it is in the PSA · " if change.wrote else "Not sent: conflict · ",
            say(f"#{change.number}"),
            " · ",
            say(change.company or ""),
            f" · {clean(change.verb)}",
        )
        with Vertical(id="box", classes="dialog"):
            yield Static(title, classes="dialog-title")
            yield Static(self._body(), id="body")
            yield Static(id="choice")
            yield Static(
                Content(
                    f"{label('conflict.mine')} mine · {label('conflict.theirs')} theirs · "
                    f"{label('conflict.take')}, then {label('conflict.yes')} · {label('conflict.edit')} edit · "
                    f"{label('conflict.open')} open in the PSA"
                ),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        self._show()

    def _body(self) -> Content:
        app = self.deskzero
        lines: list[Content] = []
        if self._change.wrote:
            lines.append(Content.assemble(("! ", "bold"), say(self._change.error or ""), "\n"))
        for field in self._detail.fields:
            lines.append(self._field(field))
        note = self._detail.note
        if note is not None:
            lines += [
                Content.assemble(
                    ("! ", "bold"),
                    say(note.author),
                    f" wrote at {when(note.created_at, app.now, app.zone)}, after what you had read:\n",
                ),
                Content.assemble("  ", Content(clean(note.text, lines=True)), "\n"),
                Content.styled(
                    "Choosing “mine” means: I have read this now, and what I wrote stays.\n"
                    if self._change.wrote
                    else "Choosing “mine” means: I have read this now, send what I wrote.\n",
                    "$quiet",
                ),
            ]
        if not lines:
            lines.append(say(self._change.error or "The ticket has changed since this was decided."))
        return Content.assemble(*lines)

    def _field(self, field: FieldConflict) -> Content:
        app = self.deskzero
        who = clean(field.who) or "somebody"
        zone = app.zone_of(self._change.connection)
        mine, theirs, was = (
            field_text(field.field, show_field(field.field, value), zone) or "empty"
            for value in (field.mine, field.theirs, field.was)
        )
        at = "" if field.when is None else f" {when(field.when, app.now, app.zone)}"
        return Content.assemble(
            (f"{named_field(field.field)}\n", "bold"),
            f"  mine    {mine}\n",
            f"  theirs  {theirs}   ({who}{at})\n",
            f"  was     {was}\n",
        )

    def action_side(self, side: ConflictAnswer) -> None:
        self._side, self._taken = side, False
        self._show()

    def action_take(self) -> None:
        if self._side is not None:
            self._taken = True
            self._show()

    def action_yes(self) -> None:
        if self._taken and self._side is not None:
            self.finish(self._side)

    def action_answer(self, answer: ConflictAnswer) -> None:
        self.finish(answer)

    def _show(self) -> None:
        mine = "[ mine ]" if self._side == "mine" else "  mine  "
        theirs = "[ theirs ]" if self._side == "theirs" else "  theirs  "
        says = {
            None: f"Choose a side with {label('conflict.mine')} or {label('conflict.theirs')}.",
            "mine": "Mine: it is checked again, and what has not gone out is sent."
            if self._change.wrote
            else "Mine: it is checked again and sent.",
            "theirs": f"Theirs: the rest is dropped; what is in the PSA stays ({label('queue.undo')} takes it back)."
            if self._change.wrote
            else "Theirs: what I decided is dropped; nothing is sent.",
        }[self._side if self._side in ("mine", "theirs") else None]
        confirm = f" {label('conflict.yes')} to confirm " if self._taken else ""
        self.query_one("#choice", Static).update(
            Content.assemble((f"{mine}   {theirs}   ", "bold"), says, (confirm, "bold reverse"))
        )
