"""The rows of the queue's list, and when they are read: the first page, the order behind it, other panes ahead."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial

from textual import on, work

from store.read import CacheUnreadable
from store.read_records import Found, Row
from tui.beginning import FIRST_PAGE
from tui.ghosts import why_gone
from tui.messages import RowsMissing
from tui.pane_cache import Page, stamp
from tui.readings import Wanted, order_and_rows, order_of, rows_of
from tui.screens.queue_paint import QueuePaint

FURTHER, AHEAD = 0.5, 0.7
"""Seconds of rest before the order behind a kept page is read, and before each page of another pane."""
ROWS_FIRST = 0.05
"""Seconds after which the order of the others is read: the first page is painted before."""
TYPED_PAGE = 30
"""Rows read for each letter of a filter, or as many as are in sight."""
HAND_RESTS = 0.6
"""Seconds without a letter after which the further pages of a filtered list are read."""
SLOW_ROWS = 5.0
"""Seconds after which a key no longer waits for the rows of its pane: the keyboard must not stay dead."""


class QueueRows(QueuePaint):
    """Reads rows through the app's reader into the list."""

    async def _rows(self, wanted: Wanted, *, limit: int) -> list[Row]:
        """One reading at a time: that of a letter before goes on in its thread, and ten would slow each other down."""
        while self._reading is not None and not self._reading.done():
            await asyncio.wait([self._reading])
        reading = self.deskzero.read(partial(rows_of, wanted, limit=limit))
        self._reading = asyncio.ensure_future(reading)
        self._reading.add_done_callback(
            lambda one: one.cancelled() or one.exception()
        )  # nobody may be waiting
        return await asyncio.shield(self._reading)

    @work(exclusive=True, group="rows")
    async def read_rows(
        self,
        *,
        fresh: bool,
        at: tuple[str, str, str | None] | None = None,
        typing: bool = False,
    ) -> None:
        """The rows of this pane: in a fresh order from the first page on, or merged into the order that stands.

        `typing`: a filter is being typed. Then the cursor goes to `at` only where that is on the first page, and the
        further pages wait until the hand rests.
        """
        wanted, pane, look = self.wanted, self.pane, self.look
        app = self.deskzero
        if fresh:
            self._fresh.clear()
            self._at = at
        elif not self._fresh.is_set():  # news came before the pane that was asked for: that one goes on
            fresh, at = True, self._at
        try:
            if fresh:
                first = max(TYPED_PAGE, self.list.size.height) if typing else FIRST_PAGE
                before = stamp(app.home)
                rows = await self._rows(wanted, limit=first)
                order: list[Found] | None = None
                if (
                    not typing
                    and at is not None
                    and len(rows) == first
                    and all(row.key != at for row in rows)
                ):
                    order, rows = await app.read(partial(order_and_rows, wanted, (), at))
                self.more_to_come = order is None and len(rows) == first
                self.list.show(pane, rows, now=app.now, zone=app.zone, at=at, look=look, order=order)
                self._fresh.set()
                if not wanted.filter and order is None:
                    self.kept.put(wanted, Page(rows, self.more_to_come, before, app.now))
                if self.more_to_come:
                    self._paint_list()
                    await asyncio.sleep(HAND_RESTS if typing else ROWS_FIRST)
                    self.list.further(await app.read(partial(order_of, wanted)))
                self.more_to_come = False
                if app.background:
                    self.read_ahead()
            else:
                order, rows = await app.read(
                    partial(order_and_rows, wanted, self.list.near, self.row.key if self.row else None)
                )
                self.more_to_come = False
                ghost = self.list.merge(rows, now=app.now, done=self._done, order=order)
                self._done = {key for key in self._done if self.list.find(*key) is not None}
                if ghost is not None:
                    self.list.explain_ghost(ghost, await app.read(lambda reader: why_gone(reader, ghost)))
        except CacheUnreadable as error:
            self._fresh.set()
            self.tell(f"{error}", "bad")
            return
        self._paint_list()
        self._paint_keys()

    @on(RowsMissing)
    @work(group="window")
    async def _read_missing(self, message: RowsMissing) -> None:
        """The rows that the list has come to."""
        try:
            rows = await self.deskzero.read(lambda reader: reader.build(message.found))
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            return
        self.list.fill(message.found, rows, message.reading)

    def _show_kept(self) -> bool:
        """The pane's first page as it was read before, where it still holds."""
        wanted, app = self.wanted, self.deskzero
        page = self.kept.get(wanted, app.now)
        if page is None:
            return False
        self.workers.cancel_group(self, "rows")
        self.more_to_come = page.more
        self.list.show(self.pane, page.rows, now=app.now, zone=app.zone, look=self.look)
        self._fresh.set()
        if page.more:
            self._read_further(wanted)
        return True

    @work(exclusive=True, group="rows")
    async def _read_further(self, wanted: Wanted) -> None:
        """The order behind a page that was kept, once the hand rests."""
        await asyncio.sleep(FURTHER)
        try:
            self.list.further(await self.deskzero.read(partial(order_of, wanted)))
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            return
        self.more_to_come = False
        self._paint_list()
        if self.deskzero.background:
            self.read_ahead()

    @work(exclusive=True, group="ahead")
    async def read_ahead(self) -> None:
        """The first pages of the other panes, one after the other, while nobody types."""
        app = self.deskzero
        for pane in self.all_panes.values():
            wanted = self.wanted._replace(pane=pane, filter="")
            if not any(self.counts.of(pane.id)) or self.kept.get(wanted, app.now) is not None:
                continue
            await asyncio.sleep(AHEAD)
            # It waits for a hand to rest, which is a time and no event.
            while (rested := time.monotonic() - self.typed_at) < AHEAD:  # noqa: ASYNC110
                await asyncio.sleep(AHEAD - rested)
            before = stamp(app.home)
            try:
                rows = await app.read(partial(rows_of, wanted, limit=FIRST_PAGE))
            except CacheUnreadable:
                return  # it is told where somebody asks for it
            self.kept.put(wanted, Page(rows, len(rows) == FIRST_PAGE, before, app.now))

    async def rows_shown(self) -> None:
        """Waits until the list shows the pane that was asked for: a key must not hit a row of the one before."""
        if self._fresh.is_set() and self.list.here.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SLOW_ROWS):
                await self._fresh.wait()
                await self.list.here.wait()
