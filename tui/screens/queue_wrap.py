"""`x` and `X`."""

from __future__ import annotations

from tui.flows_wrap import Wrapping
from tui.screens.queue_base import QueueBase


class WrapKeys(QueueBase):
    """Wrapping up and opening again."""

    def action_wrap_up(self) -> None:
        self._start("wrap_up", Wrapping(self).wrap_up)

    def action_reopen(self) -> None:
        self._start("reopen", Wrapping(self).reopen)
