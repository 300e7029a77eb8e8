"""`m` and `S`: what slipped goes into the mistake log and onto its ticket; the SOP of a kind is opened."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from textual.content import Content

from connectors.text import clean
from store import drafts, mistakes
from store.database_problems import DatabaseProblem
from store.mistakes import DRAFT
from store.read_records import ChangeView, Row, TicketView
from store.rules.catalogue import BY_NAME, CUSTOM, title_of
from tui.asks import Item
from tui.engine import EngineStopped
from tui.flows import title
from tui.keymap import label
from tui.links import addresses
from tui.orders import Refused
from tui.screens.confirm import Ask
from tui.screens.mistake import MistakeForm, Slip
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.sop import Sop
from tui.text import say, when

if TYPE_CHECKING:
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase


class Learning:
    """What is learned from a ticket, and what was learned before. Gives what is to be said about it."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    # ------------------------------------------------------------ the mistake log

    async def mistake(self, view: TicketView, kind: str | None, change: ChangeView | None = None) -> str:
        """Form, question, log; then the note's review. `change`: the fix that it is about."""
        no_note = self._no_note(view)
        slip = Slip(
            what=await self._draft(view),
            cause="process",
            remedy="automation",
            change=change,
            shared=False,
            words="",
            note=self.app.settings.lesson_note and not no_note,
        )
        about = self._about(view, change)
        while True:
            filled = await self.app.push_screen_wait(
                MistakeForm(view, kind, about, before=slip, no_note=no_note)
            )
            if filled is None or not filled.what:
                await self._keep_draft(view, "")
                return "Nothing was written down."
            slip = filled
            await self._keep_draft(view, slip.what)  # whatever becomes of the question
            answer = await self.app.push_screen_wait(_question(view, slip))
            if answer == "edit":
                continue
            if answer is None:
                return f"Nothing is in the mistake log. The text is kept, {label('queue.mistake')} goes on."
            return await self._into_the_log(view, kind, slip, copies=answer == "copy")

    async def _into_the_log(self, view: TicketView, kind: str | None, slip: Slip, *, copies: bool) -> str:
        one = mistakes.about(
            view,
            at=self.app.now,
            what=clean(slip.what, lines=True),
            cause=slip.cause,
            remedy=slip.remedy,
            shared=slip.shared,
            words=slip.words,
            kind=kind,
            change=slip.change,
            who=self.app.settings.connections[view.connection].technician,
        )
        home, draft, now = self.app.home, (view.connection, view.record.ticket_id, DRAFT), self.app.now

        def write() -> str:
            """In one go, which nobody gives up halfway: the text is in the log or a draft, and not both."""
            mistakes.keep(home, one)
            try:
                drafts.save(home, *draft, "", now=now)
            except (sqlite3.Error, DatabaseProblem) as error:
                return f" Its draft stays: {error}"
            return ""

        try:
            stays = await self.app.keep(write)
        except (sqlite3.Error, DatabaseProblem) as error:
            return f"Not in the mistake log, the text is kept: {error}"
        if copies:
            self.app.copy_to_clipboard(slip.words)
        said = f"#{clean(one.number)} is in the mistake log{', words copied' if copies else ''}.{stays}"
        return f"{said} {await self._note(view, slip)}".strip() if slip.note else said

    async def _note(self, view: TicketView, slip: Slip) -> str:
        """The lesson as an internal note, through review and outbox. The log has it, whatever becomes of that."""
        flows = self.screen.flows
        try:
            fix = await flows.prepare(
                view, {"note": mistakes.lesson_text(clean(slip.what), slip.cause, slip.remedy)}
            )
            if fix is None:
                return "No note was written."
            answer = await self.app.push_screen_wait(
                Review(view, fix, what="Into the PSA too? INTERNAL: only colleagues read it")
            )
            if answer != "send":
                return "No note was written."
            await flows.submit(view, fix)
        except (Refused, EngineStopped) as error:
            hint = getattr(error, "hint", "")
            return f"No note was written: {error} {hint}".strip()
        return ""  # the line of what is held says the rest

    def _no_note(self, view: TicketView) -> str:
        can = self.screen.can(view.row)
        if self.app.settings.connections[view.connection].read_only:
            return "this connection is read_only"
        if can is not None and "note" not in can.writes:
            return can.absent.get("note", "this PSA takes no notes")
        return ""

    def _about(self, view: TicketView, change: ChangeView | None) -> list[Item]:
        """The ticket itself, and what was done to it here, the newest first."""
        made = sorted(view.changes, key=lambda one: one.created_at, reverse=True)
        if change is not None:  # as it was chosen: one that has aged out of the view counts too
            made = [change, *(one for one in made if one.change != change.change)]
        items = [Item("", "the ticket", "or a fix of it" if made else "")]
        for one in made:
            at = when(one.created_at, self.app.now, self.app.zone)
            items.append(Item(one.change, f"the fix of {at}: {clean(one.verb)}", value=one))
        return items

    async def _draft(self, view: TicketView) -> str:
        key = (view.connection, view.record.ticket_id, DRAFT)
        return await self.app.read(lambda _: drafts.load(self.app.home, *key))

    async def _keep_draft(self, view: TicketView, text: str) -> None:
        key = (view.connection, view.record.ticket_id, DRAFT)
        now = self.app.now
        try:
            await self.app.read(lambda _: drafts.save(self.app.home, *key, text, now=now))
        except (sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"The text could not be kept: {error}", "bad")

    # ------------------------------------------------------------ the SOP

    async def sop(self, row: Row, view: TicketView) -> str:
        """The SOP of the row's kind; of a ticket without one of the kind that is chosen."""
        kind = row.kind
        if kind is None:
            kinds = list(dict.fromkeys(one.kind for one in view.exceptions if one.kind is not None))
            if not kinds:
                return f"#{clean(row.number)} is no exception: an SOP belongs to a kind of exception."
            kind = kinds[0] if len(kinds) == 1 else await self._which(view, kinds)
        if kind is None:
            return ""
        rules = self.app.settings.rules
        text = rules.sop_of(kind)
        if not text:
            return f"No SOP for {clean(title_of(kind))} yet: {self._how(kind)}"
        if addresses(text) == [text]:
            self.app.queue.browse(text)
            return ""
        url = await self.app.push_screen_wait(Sop(title_of(kind), rules.meaning(kind), text))
        if url is not None:
            self.app.queue.browse(url)
        return ""

    async def _which(self, view: TicketView, kinds: list[str]) -> str | None:
        rules = self.app.settings.rules
        items = [
            Item(kind, title_of(kind), "" if rules.sop_of(kind) else "none set", value=kind) for kind in kinds
        ]
        item = await self.app.push_screen_wait(
            Picker(
                title(view, "The SOP of which kind?"),
                items,
                preview=lambda one: Content(clean(rules.meaning(one.key))),
            )
        )
        return None if item is None else str(item.value)

    def _how(self, kind: str) -> str:
        place = (
            f"below [rules.{kind}]"
            if kind in BY_NAME
            else f'below the [[rules.custom]] named "{clean(kind.removeprefix(CUSTOM))}"'
        )
        return f'write sop = "a text or https://…" {place} in {self.app.home.config}'


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _question(view: TicketView, slip: Slip) -> Ask:
    told = "The client is told." if slip.shared else "The client is not told."
    about = "" if slip.change is None else f"About the fix: {clean(slip.change.verb)}.\n"
    body = Content.assemble(
        say(_short(slip.what, 150), "bold"),
        f"\n\n{about}Cause: {slip.cause}. Remedy: {slip.remedy}. {told}\n",
        ("In words for a client: ", "$quiet"),
        say(_short(slip.words, 300) or "none"),
    )
    answers = [("y", "into the mistake log", "log"), ("e", "edit", "edit")]
    if slip.words:
        answers.insert(1, ("c", "into the log, and copy the words for the client", "copy"))
    return Ask(title(view, "Into the mistake log?"), body, answers)
