"""The first time: what the number means, six keys, and what never happens by itself. Any key leaves."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.keymap import label, labels
from tui.screens.base import Dialog
from tui.text import fit, wrap

SEEN = "first_run_guide_seen"
"""The name in the journal's `screen_state`."""
WIDTH = 72
KEY_CELLS = 6
NUMBER = "● … to zero"


class FirstRun(Dialog[None]):
    """One screen, shown once after `deskzero connect` and in the demo."""

    DEFAULT_CSS = """
    FirstRun {
        align: center middle;
        #box { width: 78; max-width: 98%; height: auto; }
        #words { padding: 0 1; height: auto; }
    }
    """
    takes_typed = False

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(
                Content("Welcome to deskzero. Six keys are enough to begin."), classes="dialog-title"
            )
            yield Static(Content("\n").join(self._lines()), id="words")
            yield Static(Content("Any key begins"), classes="dialog-keys")

    def _lines(self) -> list[Content]:
        hold = self.deskzero.settings.hold
        taken = f", a mail too while it is held ({hold} s)" if hold else ""
        number = (
            f"{NUMBER}, at the top right: what must be gone by the end of the day. A customer waits for a word, "
            "a worked ticket has no billing code, a child no parent. "
            f"{label('queue.end_of_day')} asks the PSA whether the day is done."
        )
        first, *more = wrap(number, WIDTH)
        lines = [
            Content.assemble((NUMBER, "bold $must"), first.removeprefix(NUMBER)),
            *(Content(line) for line in more),
            Content(""),
        ]
        keys = (
            (
                label("queue.fix"),
                "fix: asks for what this ticket lacks, until it is clean",
            ),
            (label("queue.accept"), "accept what stands after → in the row"),
            (label("queue.reply"), "reply: you write, then see who gets it, then send"),
            (label("queue.undo"), f"take back what you did last{taken}"),
            (label("queue.next_pane"), "next pane that has something"),
            (label("queue.help"), "all keys, here and in every dialog"),
        )
        for key, does in keys:
            first, *more = wrap(does, WIDTH - KEY_CELLS - 1)
            lines.append(Content.assemble((f" {fit(key, KEY_CELLS)}", "bold $primary"), first))
            lines += [Content(" " * (KEY_CELLS + 1) + rest) for rest in more]
        never = (
            f"{labels('queue.open', 'queue.back').replace(' ', ' and ')} never write. A capital only looks."
        )
        sent = "Nothing leaves without a letter, a pick, or the yes of a review."
        return [*lines, Content(""), Content.styled(never, "bold"), Content(sent)]

    def on_key(self, event: events.Key) -> None:
        """Whatever key it is: it leaves, and does nothing else."""
        event.stop()
        event.prevent_default()
        self.finish(None)

    def on_click(self) -> None:
        self.finish(None)
