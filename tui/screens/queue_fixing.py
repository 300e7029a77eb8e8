"""The keys that fix: each starts a flow on the ticket under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from tui.keymap import label
from tui.screens.queue_marks import MarkKeys

if TYPE_CHECKING:
    from tui.asks import Side
    from tui.flows_back import Back
    from tui.flows_fix import Fixing
    from tui.flows_text import Texts


class FixingKeys(MarkKeys):
    """Fixes, texts, taking back, leaving."""

    @property
    def texts(self) -> Texts:
        from tui.flows_text import Texts

        return Texts(self)

    @property
    def back(self) -> Back:
        from tui.flows_back import Back

        return Back(self)

    @property
    def fixing(self) -> Fixing:
        from tui.flows_fix import Fixing

        return Fixing(self, self.flows)

    def action_fix(self) -> None:
        kind = self.row.kind if self.row else None
        self._start("fix", lambda view: self.fixing.fix(view, kind))

    def action_code(self) -> None:
        self._set("code", self.flows.code, lambda them: them.value("billing_code"))

    def action_accept(self) -> None:
        shown = self.row.promise if self.row else None  # what is painted, not what is read meanwhile
        self._set("accept", lambda view: self.flows.accept(view, shown), lambda them: them.accept())

    def action_repeat(self) -> None:
        last = self.last
        if last is None:
            self.deskzero.drop_keys()
            self.tell(
                f"Nothing to repeat yet: {label('queue.repeat')} does the last fix that set a value once more.",
                "info",
            )
            return
        self._set("repeat", lambda view: self.flows.repeat(view, last), lambda them: them.repeat(last))

    def action_parent(self) -> None:
        self._start("parent", self.flows.parent)

    def action_field(self) -> None:
        self._set("field", self.flows.field, lambda them: them.field())

    def action_status(self) -> None:
        self._set("status", self.flows.status, lambda them: them.value("status"))

    def action_who(self) -> None:
        self._set("who", self.flows.who, lambda them: them.value("owner"))

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
