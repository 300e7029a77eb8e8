"""`h`, `L`, and what came while nobody looked."""

from __future__ import annotations

import logging
import sqlite3
from collections import deque

from textual import work
from textual.content import Content

from connectors.text import clean
from store import screen_state
from store.database_problems import DatabaseProblem
from store.read import CacheUnreadable
from tui import messages
from tui.screens.queue_base import QueueBase
from tui.story import since_words, ticket_story, whole_story
from tui.widgets.status_line import Said

log = logging.getLogger(__name__)
PAUSE = 600
"""Seconds without a key after which the next one is told what came meanwhile."""
MOST = 500


class StoryKeys(QueueBase):
    """What happened."""

    def __init__(self) -> None:
        super().__init__()
        self.said_so_far: deque[tuple[int, str]] = deque(maxlen=300)
        self._seen_at: int | None = None
        """When the last key came."""
        self._left_at: int | None = None
        """When the screen was left, until the first round has told what came since."""

    def say(self, said: Said) -> None:
        if said.text and said.tone in ("warn", "bad", "info"):
            self.said_so_far.append((self.deskzero.now, said.text))
        super().say(said)

    @work(group="look", exclusive=True)
    async def action_history(self) -> None:
        from tui.screens.story import Story

        view, app = self.view, self.deskzero
        if view is None:
            self.tell("There is no ticket here.", "info")
            return
        named = f"History of #{clean(view.record.number)} · {clean(view.record.company) or 'no company'}"
        lines = ticket_story(view.history, view.changes, app.now, app.zone)
        await app.push_screen_wait(
            Story(Content(named), lines, "Nothing was ever wrong with it, and nothing was done.")
        )

    @work(group="look", exclusive=True)
    async def action_log(self) -> None:
        from tui.screens.story import Story

        app = self.deskzero
        some = await app.read(lambda reader: reader.happened(MOST))
        changes = await app.read(lambda reader: reader.changes(True))
        lines = whole_story(some, list(self.said_so_far), app.now, app.zone, changes)
        await app.push_screen_wait(Story(Content("What happened"), lines, "Nothing has happened yet."))

    @work(group="look", exclusive=True)
    async def action_glance(self) -> None:
        from tui.glance_words import glance_lines
        from tui.screens.story import Story

        app = self.deskzero
        lines = glance_lines(
            await app.read(lambda reader: reader.glance()),
            width=min(110, app.size.width * 98 // 100) - 8,
            spoken=app.spoken,
        )
        await app.push_screen_wait(
            Story(Content("How it goes"), lines, "Nothing is known yet.", from_top=True)
        )

    # ------------------------------------------------------------ while nobody looked

    @property
    def somebody_is_here(self) -> bool:
        """Whether a key came lately: what is done for whoever reads is not done for nobody."""
        return self._seen_at is not None and self.deskzero.now - self._seen_at < PAUSE

    def a_key_came(self) -> None:
        """Tells what came, after a pause; never moves anything."""
        now, before = self.deskzero.now, self._seen_at
        self._seen_at = now
        if before is not None and now - before >= PAUSE:
            self.tell_since(before)

    def tell_since_left(self) -> None:
        """At the start: what came since the screen was left, as far as the cache knows; the first round knows more."""
        self._recall_when_left()

    @work(group="left", exclusive=True)
    async def _recall_when_left(self) -> None:
        app = self.deskzero
        try:
            left = await app.read(lambda _: screen_state.recall(app.home, screen_state.LEFT))
        except sqlite3.Error as error:
            log.warning("when the screen was left is not known: %s", error)
            return
        if isinstance(left, int):
            self._left_at = left
            self.tell_since(left)

    def told(self, message: messages.Told) -> None:
        super().told(message)
        if isinstance(message, messages.SyncEnded) and not message.failed and self._left_at is not None:
            self.tell_since(self._left_at)
            self._left_at = None

    @work(group="since", exclusive=True)
    async def tell_since(self, at: int) -> None:
        app = self.deskzero
        try:
            came = await app.read(lambda reader: reader.since(at))
        except CacheUnreadable as error:
            self.tell(f"{error}", "bad")
            return
        if words := since_words(came, app.now, app.zone):
            self.tell(words, "info")

    def on_unmount(self) -> None:
        """Remembers that somebody sat here until now."""
        try:
            screen_state.remember(self.deskzero.home, screen_state.LEFT, self.deskzero.now)
        except (sqlite3.Error, DatabaseProblem) as error:
            log.warning("when the screen was left is not kept: %s", error)
