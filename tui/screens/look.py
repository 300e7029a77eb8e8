"""A ticket that is in no list of ours (closed, a colleague's, another company's parent): to read, not to write on."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from store.read import CacheUnreadable
from store.read_records import TicketView
from tui.engine import EngineStopped
from tui.keymap import label, labels
from tui.screens.base import Dialog
from tui.text import say
from tui.widgets.conversation import Conversation
from tui.widgets.facts import Facts


class Look(Dialog[None]):
    """Facts and conversation. Nothing here writes."""

    DEFAULT_CSS = """
    Look {
        align: center middle;
        #box { width: 112; max-width: 98%; height: 90%; }
        Facts { border: none; margin-bottom: 1; }
        Conversation { height: 1fr; min-height: 3; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "cancel", "back", show=False, id="look.close"),
        Binding("j,J,down,shift+down", "talk(1)", "down", show=False, id="look.down"),
        Binding("k,K,up,shift+up", "talk(-1)", "up", show=False, id="look.up"),
        Binding("pagedown,space", "talk(10)", "page down", show=False, id="look.page_down"),
        Binding("pageup", "talk(-10)", "page up", show=False, id="look.page_up"),
        Binding("o", "browser", "open in the PSA", show=False, id="look.open"),
        Binding("y", "copy", "copy the number", show=False, id="look.copy"),
    ]

    def __init__(self, view: TicketView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        record = self._view.record
        title = Content.assemble(
            "In none of your lists: ",
            self._why_not_mine(),
            " · ",
            say(f"#{record.number} · {record.company or 'no company'} · {record.summary}"),
        )
        with Vertical(id="box", classes="dialog"):
            yield Static(title, classes="dialog-title")
            yield Facts(id="look-facts")
            yield Conversation(id="look-talk")
            keys = (
                f"{labels('look.down', 'look.up')} scroll · {label('look.open')} open in the PSA · "
                f"{label('look.copy')} copy number · {label('dialog.cancel')} back"
            )
            yield Static(Content(keys), classes="dialog-keys")

    def _why_not_mine(self) -> Content:
        if self._view.closed:
            by = self._view.record.closed_by
            return Content(f"closed{' by ' + clean(by) if by else ''}")
        return Content(f"{clean(self._view.record.owner) or 'nobody'} has it")

    def on_mount(self) -> None:
        app = self.deskzero
        facts = self.query_one(Facts)
        facts.full = True
        facts.show(self._view, None, now=app.now, zone=app.zone)
        talk = self.query_one(Conversation)
        talk.can_focus = False
        talk.show(self._view, now=app.now, zone=app.zone)
        if self._view.files_due:
            self._list_files(talk)

    @work(group="files")
    async def _list_files(self, talk: Conversation) -> None:
        """Files that the PSA lists apart, as in an open ticket of the queue: what comes is painted at its place."""
        app, name, ticket_id = self.deskzero, self._view.connection, self._view.record.ticket_id
        view, why = self._view, ""
        try:
            why = await app.engine.call(lambda desk: desk.list_files(name, ticket_id))
            found = await app.read(lambda reader: reader.ticket(name, ticket_id))
            view = found or view
        except (EngineStopped, CacheUnreadable) as error:
            why = str(error)
        talk.show(view, now=app.now, zone=app.zone, keep=True, not_asked=why)

    def action_talk(self, by: int) -> None:
        self.query_one(Conversation).scroll_lines(by)

    def action_browser(self) -> None:
        self.deskzero.queue.browse(self._view.row.url)

    def action_copy(self) -> None:
        self.deskzero.queue.copy(self._view.record.number)
