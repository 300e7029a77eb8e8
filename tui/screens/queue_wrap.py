"""`x` and `X`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.queue_base import QueueBase

if TYPE_CHECKING:
    from tui.flows_wrap import Wrapping


class WrapKeys(QueueBase):
    """Wrapping up and opening again."""

    @property
    def wrapping(self) -> Wrapping:
        from tui.flows_wrap import Wrapping

        return Wrapping(self)

    def action_wrap_up(self) -> None:
        self._start("wrap_up", self.wrapping.wrap_up)

    def action_reopen(self) -> None:
        self._start("reopen", self.wrapping.reopen)
