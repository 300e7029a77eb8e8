"""Checkpoints: at set hours the queue tells how many are to zero, once a day each, in the line above the keys."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Any

from textual import work

from connectors.text import clean
from store import screen_state
from store.checkpoints import due, written
from store.database_problems import DatabaseProblem
from store.read import CacheUnreadable
from tui import messages
from tui.keymap import label
from tui.screens.queue_base import QueueBase
from tui.widgets.status_line import Said

if TYPE_CHECKING:
    from store.check import Verdict

log = logging.getLogger(__name__)
TOLD = "checkpoints"
"""Under this name the journal has the day and which of its checkpoints were told, by whatever screen."""


class Checkpoints(QueueBase):
    """Tells, and rings where nobody looks at the terminal. Never takes the focus, and waits for a dialog to close."""

    def __init__(self) -> None:
        super().__init__()
        self._opened: tuple[str, int] | None = None
        """The day and its minute at which this screen was opened."""
        self._told: tuple[str, set[int]] = ("", set())
        """The day, and what of it this screen has told or found told."""
        self._read = False
        """A round has ended since the screen was opened."""

    def told(self, message: messages.Told) -> None:
        super().told(message)
        self._read = self._read or isinstance(message, messages.SyncEnded)

    def _tick(self) -> None:
        super()._tick()
        points = self.deskzero.settings.checkpoints
        if not points:
            return
        today = self.deskzero.today
        day, minute = f"{today:%Y-%m-%d}", today.hour * 60 + today.minute
        if self._opened is None:
            self._opened = (day, minute)
        if self.deskzero.screen is not self or not self._pane_chosen:
            return  # told once somebody can read it
        if self.standing.syncing is not None or (self.deskzero.background and not self._read):
            return  # … and by what the round brings that is under way or about to begin
        if self._told[0] != day:
            self._told = (day, set())
        opened = self._opened[1] if self._opened[0] == day else -1
        found = due(points, self._told[1], now=minute, opened=opened)
        if found:
            self._told[1].update(found)
            self._tell_checkpoint(day, found)

    @work(group="checkpoint")
    async def _tell_checkpoint(self, day: str, found: tuple[int, ...]) -> None:
        """Of several that came meanwhile the last one is told: the number is that of now."""
        from store.check import verdict

        app = self.deskzero
        try:
            before = _of(day, await app.read(lambda _: screen_state.recall(app.home, TOLD)))
            if found[-1] in before:
                return
            # `asked`: what the command line would advise is a key here.
            answer = await app.read(lambda reader: verdict(reader, app.settings, now=app.now, asked=True))
            self.say(checkpoint_said(written(found[-1]), answer))
            if answer.verdict == "not_zero" and app.settings.bell and not app.app_focus:
                app.bell()
            told = {"day": day, "told": sorted(before | set(found))}
            await app.read(lambda _: screen_state.remember(app.home, TOLD, told))
        except CacheUnreadable:
            return  # the queue's own reading says so
        except (sqlite3.Error, DatabaseProblem) as error:
            log.warning("that a checkpoint was told is not kept: %s", error)


def checkpoint_said(at: str, answer: Verdict) -> Said:
    """`12:00: 3 to zero`; `at` is the checkpoint's time."""
    key = f"{label('queue.end_of_day')} end of day"
    match answer.verdict:
        case "zero":
            return Said(f"Zero at {at}", "info")
        case "not_zero":
            return Said(f"{at}: {answer.to_zero} to zero", "warn", key)
        case _:
            more = f" (and {answer.doubts - 1} more)" if answer.doubts > 1 else ""
            why = f"{clean(answer.why[0]).rstrip('.')}{more}"
            return Said(f"{at}: nothing to zero is known, but it cannot be told. {why}", "info", key)


def _of(day: str, remembered: Any) -> set[int]:  # noqa: ANN401  # whatever was remembered
    """What was told of this day."""
    if not isinstance(remembered, dict) or remembered.get("day") != day:
        return set()
    return {point for point in remembered.get("told", ()) if isinstance(point, int)}
