"""`t` and `T`."""

from __future__ import annotations

from tui.flows_time import Timing
from tui.screens.queue_base import QueueBase


class TimeKeys(QueueBase):
    """Logging time and stopwatches."""

    def action_log_time(self) -> None:
        self._start("log_time", Timing(self).log_time)

    def action_timer(self) -> None:
        self._start("timer", Timing(self).timer)
