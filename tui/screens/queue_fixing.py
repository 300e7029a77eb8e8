"""The keys that fix: each starts a flow on the ticket under the cursor."""

from __future__ import annotations

from textual import work

from tui.asks import Side
from tui.flows_back import Back
from tui.flows_fix import Fixing
from tui.flows_text import Texts
from tui.screens.queue_base import QueueBase


class FixingKeys(QueueBase):
    """Fixes, texts, taking back, leaving."""

    @property
    def texts(self) -> Texts:
        return Texts(self)

    @property
    def back(self) -> Back:
        return Back(self)

    def action_fix(self) -> None:
        kind = self.row.kind if self.row else None
        self._start("fix", lambda view: Fixing(self, self.flows).fix(view, kind))

    def action_code(self) -> None:
        self._start("code", self.flows.code)

    def action_accept(self) -> None:
        shown = self.row.suggestion if self.row else None  # what is painted, not what is read meanwhile
        self._start("accept", lambda view: self.flows.accept(view, shown))

    def action_parent(self) -> None:
        self._start("parent", self.flows.parent)

    def action_field(self) -> None:
        self._start("field", self.flows.field)

    def action_status(self) -> None:
        self._start("status", self.flows.status)

    def action_who(self) -> None:
        self._start("who", self.flows.who)

    def action_seen(self) -> None:
        self._start("seen", self.flows.seen)

    def action_reply(self) -> None:
        self._write("reply")

    def action_note(self) -> None:
        self._write("note")

    def _write(self, side: Side) -> None:
        self._start(side, lambda view: self.texts.write(view, side))

    @work(group="flow", exclusive=True)
    async def action_undo(self) -> None:
        await self.back.undo()

    @work(group="flow", exclusive=True)
    async def action_undo_list(self) -> None:
        await self.back.choose()

    @work(group="leave", exclusive=True)
    async def action_leave(self) -> None:
        await self.back.leave()
