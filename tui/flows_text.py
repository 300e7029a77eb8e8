"""Replies and internal notes: the editor, the review, and back to the editor as often as wanted."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from msgspec.structs import replace

from store import drafts
from store.database_problems import DatabaseProblem
from store.read_records import TicketView
from store.snippets import unfilled
from tui.asks import Item, Side, Written
from tui.engine import EngineStopped
from tui.orders import Refused
from tui.own_editor import EditorFailed, edited
from tui.screens.review import Review
from tui.screens.writing import Writing

if TYPE_CHECKING:
    from store.fixes import ReadUpTo
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase


class Texts:
    """What `r` and `n` do."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    async def write(self, view: TicketView, side: Side) -> bool:
        """Editor, review, outbox. The draft is kept until it is sent or discarded."""
        name, ticket_id = view.connection, view.record.ticket_id
        text = await self.app.read(lambda _: drafts.load(self.app.home, name, ticket_id, side))
        statuses = await self._statuses(view) if side == "reply" else []
        proposed = "" if text else self._proposed(view, side)
        text = text or proposed
        status: Item | None = None
        kept, problem = True, ""
        while True:
            written = await self.app.push_screen_wait(
                Writing(view, side, draft=text, statuses=statuses, status=status, kept=kept, problem=problem)
            )
            if written is None or not written.text.strip():
                return False
            text, status, kept = written.text, written.status, written.kept
            if proposed and text == proposed:
                await self._forget(name, ticket_id, side, "The draft could not be discarded")
                self.screen.tell("Nothing was written: the proposal stood as it was.", "info")
                return False
            if problem := _unfilled(text):
                continue
            answer = await self._review(view, written)
            while answer == "own":
                written = await self._in_own_editor(view, written)
                text, kept, problem = written.text, written.kept, _unfilled(written.text)
                answer = "edit" if problem or not text else await self._review(view, written)
            if answer == "edit" or (answer == "failed" and not kept):
                continue  # a text that is in no draft is not let go of
            if answer == "sent":
                await self._forget(name, ticket_id, side, "It is sent; its draft could not be removed")
                return True
            if answer == "discard":
                if await self._forget(name, ticket_id, side, "The draft could not be discarded"):
                    self.screen.tell("The draft was discarded.", "info")
            elif not written.kept:
                self.screen.tell("Nothing was sent, and the draft could not be kept.", "bad")
            elif answer != "failed":
                key = "r" if side == "reply" else "n"
                self.screen.tell(f"Kept as a draft, nothing was sent. {key} goes on writing.", "info")
            return False

    def _proposed(self, view: TicketView, side: Side) -> str:
        """What a note begins with: on a ticket that nobody has documented its facts, to be completed."""
        if side != "note" or all(row.kind != "undocumented" for row in view.exceptions):
            return ""
        from store import kb

        return kb.proposal(view, self.app.zone_of(view.connection))

    async def _in_own_editor(self, view: TicketView, written: Written) -> Written:
        """The text as it came back; as it was where none did. It is kept as the draft first."""
        try:
            text = edited(self.app, written.text)
        except EditorFailed as error:
            self.screen.tell(str(error), "warn")
            return written
        name, ticket_id = view.connection, view.record.ticket_id
        try:
            await self.app.read(
                lambda _: drafts.save(self.app.home, name, ticket_id, written.side, text, now=self.app.now)
            )
        except (sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"The draft could not be kept: {error}", "bad")
            return replace(written, text=text, kept=False)
        return replace(written, text=text, kept=True)

    async def _forget(self, name: str, ticket_id: str, side: Side, otherwise: str) -> bool:
        try:
            await self.app.read(lambda _: drafts.drop(self.app.home, name, ticket_id, side))
        except (sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"{otherwise}: {error}", "bad")
            return False
        return True

    async def _review(self, view: TicketView, written: Written) -> str:
        flows = self.screen.flows
        wanted: dict[str, object] = {written.side: written.text}
        if written.status is not None:
            wanted["status"] = written.status.key
        try:
            fix = await flows.prepare(view, wanted, up_to=note_read(written))
            if fix is None:
                return "keep"
            answer = await self.app.push_screen_wait(Review(view, fix, side=written.side))
            if answer != "send":
                return answer or "keep"
            if fix.read_only:
                self.screen.tell("This connection is read_only: nothing was sent, the draft is kept.", "warn")
                return "keep"
            await flows.submit(view, fix)
        except (Refused, EngineStopped) as error:
            flows.refused(error)
            return "failed"  # why stands there already; the draft is kept
        return "sent"

    async def _statuses(self, view: TicketView) -> list[Item]:
        """Statuses from the cache alone: the editor must not wait for the PSA."""
        record = view.record
        found = await self.app.read(
            lambda reader: reader.choices(
                view.connection, "status", board_id=record.board_id, company_id=record.company_id
            )
        )
        return [Item(one.id, one.name, "closes" if one.closed else "", value=one) for one in found]


def _unfilled(text: str) -> str:
    """Why a text with fields that nothing fills does not go on to its review."""
    missing = unfilled((text,))
    return (
        f"{', '.join(missing)} is not filled in: write what belongs there, or take it out." if missing else ""
    )


def note_read(written: Written) -> ReadUpTo:
    """The newest customer's note that the writer has seen, as a fix names it."""
    if written.read_up_to is None or written.read_up_to_id is None:
        return None
    return written.read_up_to, written.read_up_to_id
