"""Marks: which rows they are on, what the detail shows of them, and fixes that act on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content

from store.read import CacheUnreadable
from store.read_records import TicketView
from tui.engine import EngineStopped
from tui.keymap import label
from tui.messages import MarksChanged
from tui.orders import Refused
from tui.screens.queue_base import QueueBase

if TYPE_CHECKING:
    from tui.flows_together import Together


class MarkKeys(QueueBase):
    """`Space`, `v`, `*`; with marks the detail shows them, and set-type keys act on them alone."""

    def action_mark(self) -> None:
        self.list.mark()

    def action_mark_range(self) -> None:
        self.list.mark_range()

    def action_mark_all(self) -> None:
        self.list.mark_all()

    def _set(
        self,
        action: str,
        one: Callable[[TicketView], Awaitable[object]],
        all_marked: Callable[[Together], Awaitable[object]],
    ) -> None:
        """A key that sets a value: on the marks where there are any, else on the cursor's ticket."""
        if self.list.marks:
            self._run_together(all_marked)
        else:
            self._start(action, one)

    @work(group="flow", exclusive=True)
    async def _run_together(self, flow: Callable[[Together], Awaitable[object]]) -> None:
        from tui.flows_together import Together

        try:
            await flow(Together(self))
        except (Refused, EngineStopped, CacheUnreadable) as error:
            self.flows.refused(error)

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        marks = self.list.marks
        self.set_class(bool(marks), "-marks")
        if not marks:
            self._paint_detail(keep=True)
            return
        self._paint_marks()
        self._paint_keys()

    def _paint_marks(self) -> None:
        marks = self.list.marks
        count, hidden = len(marks), self.list.hidden_marks
        title = Content.styled(f"{count} MARKED", "bold $warning")
        if hidden:
            title += Content.styled(f", {hidden} hidden by the filter", "bold $warning")
        title += Content.styled(
            f" · keys act on {f'these {count}' if count > 1 else 'this one'}, not on the cursor",
            "$frame-title",
        )
        ends, lets_go = label("queue.mark_range"), label("queue.back")
        aside = f"range: move, {ends} ends it" if marks.anchor else f"{lets_go} lets go"
        self.detail_top.title, self.detail_top.aside = title, Content.styled(aside, "$quiet")
        self.marked.show(marks.rows, frozenset(key for key in marks if self.list.left(key)))
