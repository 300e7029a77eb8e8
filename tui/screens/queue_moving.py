"""Moving on the queue: rows, panes, the conversation, one step back."""

from __future__ import annotations

from tui.screens.queue_base import QueueBase


class MovingKeys(QueueBase):
    """Cursor, pages, panes, filter line, the open ticket."""

    def action_move(self, step: int) -> None:
        self.list.move(step)

    def action_page(self, step: int) -> None:
        if self.has_class("-ticket"):
            self.talk.scroll_lines(step * max(1, self.talk.size.height - 1))
        else:
            self.list.move_page(step)

    def action_end(self, end: int) -> None:
        self.list.move_end(end)

    def action_talk(self, step: int) -> None:
        if self.list.marks:
            self.marked.scroll_relative(y=step, animate=False)
        else:
            self.talk.scroll_lines(step)

    def action_pane(self, pane: str) -> None:
        self.filter_line.close()
        self.filter = ""
        self.list.focus()
        self.show_pane(pane)

    def action_pane_step(self, step: int) -> None:
        panes = [pane for pane in self.all_panes if any(self.counts.of(pane))]
        if not panes:
            self.tell("Every pane is empty.", "info")
            return
        order = list(self.all_panes)
        here = order.index(self.pane)
        ring = [order[(here + step * n) % len(order)] for n in range(1, len(order) + 1)]
        self.action_pane(next(pane for pane in ring if pane in panes))

    def action_back(self) -> None:
        """One step back: the filter's line, the filter, the marks, the open ticket."""
        line = self.filter_line
        if self.has_class("-ticket"):
            self._open_ticket(False)
        elif line.is_open or self.filter:
            line.close()
            self.filter = ""
            self.list.focus()
            self.read_rows(fresh=True, at=self.row.key if self.row else None)
        elif self.list.marks:
            self.list.let_go()

    def action_open(self) -> None:
        if self.row is not None and not self.list.is_ghost and not self.list.marks:
            self._open_ticket(True)

    def action_filter(self) -> None:
        self._open_ticket(False)
        self.filter_line.open()
