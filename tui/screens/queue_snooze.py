"""`z`."""

from __future__ import annotations

from textual import work

from tui.keymap import label
from tui.screens.queue_base import QueueBase


class SnoozeKeys(QueueBase):
    """Hiding a row for a while."""

    def action_snooze(self) -> None:
        if self.list.marks:
            self.deskzero.drop_keys()
            one, lets_go = label("queue.snooze"), label("queue.back")
            self.tell(f"{one} hides one row: {lets_go} lets go of the marks.", "info")
            return
        self._snooze()

    @work(group="flow", exclusive=True)
    async def _snooze(self) -> None:
        from tui.flows_snooze import Snoozing

        await Snoozing(self).snooze(None if self.list.is_ghost else self.row)
