"""`t` and `T`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.queue_base import QueueBase

if TYPE_CHECKING:
    from tui.flows_time import Timing


class TimeKeys(QueueBase):
    """Logging time and stopwatches."""

    @property
    def timing(self) -> Timing:
        from tui.flows_time import Timing

        return Timing(self)

    def action_log_time(self) -> None:
        self._start("log_time", self.timing.log_time)

    def action_timer(self) -> None:
        self._start("timer", self.timing.timer)
