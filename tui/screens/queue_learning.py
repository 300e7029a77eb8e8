"""`m` and `S`."""

from __future__ import annotations

from textual import work

from store.read import CacheUnreadable
from store.read_records import Row, TicketView
from tui.screens.queue_base import QueueBase


class LearningKeys(QueueBase):
    """The mistake log, and the SOP of a kind."""

    def action_mistake(self) -> None:
        kind = self.row.kind if self.row else None

        async def flow(view: TicketView) -> None:
            from tui.flows_learning import Learning

            self.tell(await Learning(self).mistake(view, kind), "info")

        self._start("mistake", flow)

    def action_sop(self) -> None:
        row = self.row
        if row is None:
            self.tell("There is no ticket here.", "info")
        else:
            self._sop(row)

    @work(group="look", exclusive=True)
    async def _sop(self, row: Row) -> None:
        from tui.flows_learning import Learning

        try:
            view = await self.deskzero.read(lambda reader: reader.ticket(row.connection, row.ticket_id))
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            return
        if view is None:
            self.tell("That ticket is not in the cache.", "warn")
            return
        if said := await Learning(self).sop(row, view):
            self.tell(said, "info")
