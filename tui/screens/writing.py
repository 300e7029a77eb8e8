"""Writing a reply or a note, in the list's place with the conversation below it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static, TextArea

from connectors.text import clean
from store import drafts, snippets
from store.database_problems import DatabaseProblem
from store.read_records import TicketView, Words
from tui import keymap
from tui.asks import Item, Side, Written
from tui.keymap import label, labels
from tui.messages import Saved
from tui.screens.base import Dialog
from tui.screens.picker import Picker
from tui.text import say, when
from tui.widgets.conversation import Conversation
from tui.widgets.editor import Editor
from tui.widgets.frame import Rule

SIDES = {
    "reply": "PUBLIC: the customer reads this",
    "note": "INTERNAL: only colleagues read this",
}
DRAFT_EVERY = 1.0
"""Seconds between two savings of the draft."""


class StatusChoice(Static, can_focus=True):
    """The status that goes out beside the text; ← → change it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "step(-1)", "previous", show=False, id="status_choice.previous"),
        Binding("right,down", "step(1)", "next", show=False, id="status_choice.next"),
    ]
    position: reactive[int] = reactive(0)

    def __init__(self, statuses: Sequence[Item], status: Item | None, unchosen: str) -> None:
        """`unchosen`: what becomes of the status when nothing is chosen here."""
        super().__init__(id="status")
        self._unchosen = unchosen
        self._choices: list[Item | None] = [None, *statuses]
        keys = [None if item is None else item.key for item in self._choices]
        wanted = None if status is None else status.key
        self.set_reactive(StatusChoice.position, keys.index(wanted) if wanted in keys else 0)

    @property
    def chosen(self) -> Item | None:
        """`None`: as the settings say, or unchanged."""
        return self._choices[self.position]

    def action_step(self, by: int) -> None:
        self.position = (self.position + by) % len(self._choices)

    def render(self) -> Content:
        chosen = self.chosen
        status = self._unchosen if chosen is None else clean(chosen.label)
        arrows = "◂ ▸ " if self.has_focus else ""
        return Content.assemble(
            ("Status after it  ", "$quiet"), (f"{arrows}{status}", "bold" if chosen else "")
        )


keymap.know(StatusChoice.BINDINGS)


class Writing(Dialog[Written]):
    """An editor. Esc (or Ctrl+S) ends it; nothing is sent from here: the review follows."""

    DEFAULT_CSS = """
    Writing {
        align: center middle;
        #frame { width: 100%; height: 100%; background: $background; padding: 0 1; }
        #head { height: 1; text-style: bold; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #edit { height: 1fr; min-height: 5; border: round $internal; padding: 0 1; background: $surface; }
        #status { height: 1; padding: 0 1; }
        #status:focus { background: $cursor; }
        #newer { height: 1; padding: 0 1; background: $warning; color: $background; text-style: bold; display: none; }
        #talk { height: 1fr; }
        &.-reply #edit { border: heavy $public; }
        &.-reply #head { color: $public; }
        &.-note #head { color: $internal; }
        &.-newer #newer { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "cancel", "done", show=False, priority=True, id="writing.done"),
        Binding("pageup", "talk(-1)", "conversation up", show=False, priority=True, id="writing.talk_up"),
        Binding(
            "pagedown", "talk(1)", "conversation down", show=False, priority=True, id="writing.talk_down"
        ),
    ]

    def __init__(
        self,
        view: TicketView,
        side: Side,
        *,
        draft: str = "",
        statuses: Sequence[Item] = (),
        status: Item | None = None,
        kept: bool = True,
        problem: str = "",
    ) -> None:
        """`problem`: why the text has come back here."""
        super().__init__(classes=f"-{side}")
        self._view, self._side, self._draft = view, side, draft
        self._statuses, self._status = statuses, status
        self._problem = problem
        self._read: Words | None = view.last_words
        self._newest: TicketView = view
        self._saved_text: str | None = draft if kept else None
        self._ending = False
        self._warned = False

    def compose(self) -> ComposeResult:
        record = self._view.record
        head = Content.assemble(
            SIDES[self._side],
            " ── ",
            say(f"#{record.number} · {record.company or 'no company'} · {record.summary}"),
        )
        with Vertical(id="frame"):
            yield Static(head, id="head")
            yield Editor(
                self._draft, id="edit", show_line_numbers=False, tab_behavior="focus", soft_wrap=True
            )
            yield StatusChoice(self._statuses, self._status, self._unchosen())
            yield Static(id="newer")
            yield Rule(("┌", "┐"))
            yield Conversation(id="talk")
            yield Rule(("└", "┘"))
            yield Static(
                Content(
                    f"{label('dialog.cancel')} done: review · // snippet · Tab status · "
                    f"{labels('writing.talk_up', 'writing.talk_down')} conversation · draft kept"
                ),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        editor = self.query_one("#edit", TextArea)
        editor.focus()
        editor.move_cursor(editor.document.end)
        self.query_one(Conversation).can_focus = False
        self._show_talk()
        if self._problem:
            self.query_one("#newer", Static).update(Content(f"! {self._problem}"))
            self.add_class("-newer")
        self.deskzero.saved.subscribe(self, self._look_again)
        self.set_interval(DRAFT_EVERY, self._keep)

    def _show_talk(self) -> None:
        """The newest conversation that is known; what came since this was opened is marked NEW."""
        opened_at = self._view.last_words
        after = opened_at.at if opened_at is not None else None
        app = self.deskzero
        self.query_one(Conversation).show(self._newest, now=app.now, zone=app.zone, unread_after=after)

    def _unchosen(self) -> str:
        """The status that the text goes out with: the settings' for one that waits for an answer, else its own."""
        status = clean(self._view.record.status)
        known = self.deskzero.settings.connections.get(self._view.connection)
        if self._side == "reply" and known is not None and known.answered_status:
            waits = {name.casefold() for name in known.responded_statuses}
            if status.casefold() in waits:
                return f"{clean(known.answered_status)} (from the settings)"
        return f"{status or 'as it is'} (stays)"

    async def _look_again(self, _saved: Saved) -> None:
        """A newer note announces itself; it is not taken as read until the conversation is scrolled to."""
        view = self._view
        newest = await self.deskzero.read(
            lambda reader: reader.ticket(view.connection, view.record.ticket_id)
        )
        if newest is None or newest.last_words == self._newest.last_words:
            return
        self._newest = newest
        words = newest.last_words
        if words is not None and words != self._read:
            at = when(words.at, self.deskzero.now, self.deskzero.zone)
            self.query_one("#newer", Static).update(
                Content.assemble(
                    "! ",
                    say(words.who),
                    f" wrote again at {at}, not read yet · {label('writing.talk_up')} shows it",
                )
            )
            self.add_class("-newer")

    def action_talk(self, by: int) -> None:
        talk = self.query_one(Conversation)
        if self.has_class("-newer"):
            self._show_talk()
            self._read = self._newest.last_words
            self.remove_class("-newer")
            return
        talk.scroll_lines(by * max(1, talk.size.height - 1))

    @on(Editor.SnippetWanted)
    def _snippet_wanted(self, message: Editor.SnippetWanted) -> None:
        self.run_worker(self._put_snippet(message.typed), group="ask", exclusive=True)

    async def _put_snippet(self, typed: str) -> None:
        """The picker; what is taken goes in where the cursor stands, with the fields that the ticket fills."""
        app, record = self.deskzero, self._view.record
        some, problems = await app.read(lambda _: snippets.load(app.home.snippets, app.settings.snippets))
        known = snippets.fields(record, app.settings.connections[self._view.connection].technician, app.today)
        items = [
            Item(
                one.name,
                one.name,
                "replies only" if one.side == "reply" else "",
                value=snippets.fill(one.text, known),
            )
            for one in some
            if one.side in (None, self._side)
        ]
        none = f"None yet: [snippets] in the settings, or files in {app.home.snippets}"
        hint = " ".join(problems) or ("" if items else none)
        item = await self.app.push_screen_wait(
            Picker(
                Content("Snippet"),
                items,
                preview=lambda one: Content(clean(one.value, lines=True)),
                hint=hint,
            )
        )
        editor = self.query_one("#edit", Editor)
        editor.insert(typed if item is None else item.value)
        editor.focus()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self.remove_class("-unsaved")

    async def _keep(self) -> bool:
        """Saves the draft when it has changed; whether the text is safe."""
        text = self.query_one("#edit", TextArea).text
        if text == self._saved_text:
            return True
        app, view = self.deskzero, self._view
        try:
            await asyncio.to_thread(
                drafts.save, app.home, view.connection, view.record.ticket_id, self._side, text, now=app.now
            )
        except (sqlite3.Error, DatabaseProblem) as error:
            self.query_one("#newer", Static).update(
                Content(f"! The draft is not kept ({label('dialog.cancel')} twice leaves it): {error}")
            )
            self.add_class("-newer")
            return False
        self._saved_text = text
        return True

    def action_cancel(self) -> None:
        """Esc: done writing. Keeps the draft first, then closes. What is typed after it is in no text."""
        if self._ending:
            return
        self._ending = True
        self.query_one("#edit", TextArea).read_only = True
        self.deskzero.keep_keys()
        self.run_worker(self._end(), group="end")

    async def _end(self) -> None:
        kept = await self._keep()
        editor = self.query_one("#edit", TextArea)
        text = editor.text
        if not kept and not self._warned:
            # The text is here and nowhere else: it is not left by the key that is pressed without a thought.
            self._warned, self._ending, editor.read_only = True, False, False
            self.deskzero.drop_keys()
            return
        if not text.strip():
            self.finish(None)
            return
        self.finish(
            Written(
                side=self._side,
                text=text.strip(),
                status=self.query_one(StatusChoice).chosen,
                read_up_to=None if self._read is None else self._read.at,
                read_up_to_id=None if self._read is None else self._read.note_id,
                kept=kept,
            )
        )
