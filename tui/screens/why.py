"""Why a ticket is here: every reason as a sentence, since when, and what would clear it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from store.not_known import told
from store.read_records import Row, TicketView, pane_number, pane_title
from tui.keymap import label, labels
from tui.kind_fixes import fixes
from tui.screens.base import Dialog
from tui.text import say, when


class Why(Dialog[None]):
    """All exceptions of one ticket with their reasons."""

    DEFAULT_CSS = """
    Why {
        align: center middle;
        #box { width: 100; max-width: 96%; height: auto; max-height: 90%; }
        VerticalScroll { height: auto; max-height: 55vh; padding: 0 1; }
        VerticalScroll > Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,enter,q", "cancel", "back", show=False, id="why.close"),
        Binding("j,down", "scroll(1)", "down", show=False, id="why.down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="why.up"),
    ]

    def __init__(self, view: TicketView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        view = self._view
        record = view.record
        title = Content.assemble(
            "Why is ", say(f"#{record.number}"), " here · ", say(record.company or "no company")
        )
        with Vertical(id="box", classes="dialog"):
            yield Static(title, classes="dialog-title")
            with VerticalScroll():
                if not view.exceptions:
                    yield Static(
                        Content("It is in no pane: nothing that deskzero looks for is wrong with it.")
                    )
                for row in view.exceptions:
                    yield Static(self._exception(row))
                yield Static(self._known())
            keys = f"{labels('why.down', 'why.up')} scroll · {label('dialog.cancel')} back"
            yield Static(Content(keys), classes="dialog-keys")

    def _exception(self, row: Row) -> Content:
        pane, title = pane_number(row.kind), clean(pane_title(row.kind or ""))
        must = (
            "counts to zero" if row.gate else "only in the PSA itself" if row.psa_only else "later, no gate"
        )
        lines = [Content.assemble((f"{pane} {title}", "bold"), f"  {must}, since {self._when(row.since)}\n")]
        lines += [
            Content.assemble("  ● " if reason.gate else "  · ", say(reason.text), "\n")
            for reason in row.reasons
        ]
        can = self._view.can
        ways = fixes(row.kind)
        if can is not None and not can.writes:
            ways = (("browser", "opens it in the PSA"),)
        clears = " · ".join(f"{label(f'queue.{action}')} {does}" for action, does in ways)
        lines.append(Content.styled(f"  {clears}\n", "$quiet"))
        return Content.assemble(*lines)

    def _known(self) -> Content:
        view = self._view
        notes = "never" if view.notes_read_at is None else self._when(view.notes_read_at)
        notes = notes if told(view.can, "conversations") else "not possible"
        return Content.styled(
            clean(
                f"Ticket read {self._when(view.read_at)} · conversation read {notes} · #{view.record.ticket_id}"
            ),
            "$quiet",
        )

    def _when(self, at: int) -> str:
        return when(at, self.deskzero.now, self.deskzero.zone)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by * 2, animate=False)
