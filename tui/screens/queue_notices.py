"""The bell for a customer's new reply, while the terminal is not in front."""

from __future__ import annotations

from textual import work

from store.read import CacheUnreadable
from tui.messages import Saved
from tui.screens.queue_base import QueueBase


class Notices(QueueBase):
    """Rings once for what is new. Terminals that do not tell whether they are in front count as being so: no bell."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: int | None = None
        """When the newest reply came that was known here."""

    def _saved(self, saved: Saved) -> None:
        super()._saved(saved)
        if self.deskzero.settings.bell:
            self._look_for_replies()

    @work(exclusive=True, group="notices")
    async def _look_for_replies(self) -> None:
        try:
            newest = await self.deskzero.read(lambda reader: reader.newest_reply())
        except CacheUnreadable:
            return  # the queue's own reading says so
        before, self._newest = self._newest, max(newest, self._newest or 0)
        if before is not None and newest > before and not self.deskzero.app_focus:
            self.deskzero.bell()
