"""The keys that look: why, help, outbox, trouble, end of day, the palette."""

from __future__ import annotations

from textual import work
from textual.content import Content

from connectors.text import clean
from tui.asks import Item
from tui.keymap import label
from tui.screens.queue_base import QueueBase


class LookingKeys(QueueBase):
    """Nothing here writes."""

    def action_sync(self) -> None:
        self.deskzero.engine.sync_now()
        self.tell("Asking the PSA …", "info")

    @work(group="look", exclusive=True)
    async def action_why(self) -> None:
        from tui.screens.why import Why

        if self.view is not None:
            await self.app.push_screen_wait(Why(self.view))

    @work(group="look", exclusive=True)
    async def action_outbox(self) -> None:
        from tui.screens.outbox import Outbox

        await self.after(await self.app.push_screen_wait(Outbox()))

    @work(group="look", exclusive=True)
    async def action_trouble(self) -> None:
        from tui.screens.trouble import Trouble

        await self.after(await self.app.push_screen_wait(Trouble()))

    @work(group="look", exclusive=True)
    async def action_end_of_day(self) -> None:
        from tui.screens.end_of_day import EndOfDay

        await self.after(await self.app.push_screen_wait(EndOfDay()))

    async def go_to(self, typed: str) -> None:
        """A ticket by what was typed; two that are called so are asked about."""
        rows = await self.deskzero.read(lambda reader: reader.find(typed.removeprefix("#")))
        if len(rows) > 1:
            items = [
                Item(f"{row.connection}:{row.ticket_id}", f"#{row.number} {row.summary}",
                     f"{row.connection} · {row.company or 'no company'}", value=row)
                for row in rows
            ]  # fmt: skip
            from tui.screens.picker import Picker

            chosen = await self.app.push_screen_wait(Picker(Content("Which one?"), items))
            rows = [] if chosen is None else [chosen.value]
            if chosen is None:
                return
        if rows:
            await self.jump(rows[0].connection, rows[0].ticket_id)
        else:
            self.tell(f"No ticket {clean(typed)} in the cache. {label('queue.sync')} asks the PSA.", "warn")
