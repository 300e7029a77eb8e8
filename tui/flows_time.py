"""`t` and `T`: logging time in one form and one change, and the stopwatches that count it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.content import Content

from connectors.text import clean
from store import timers
from store.database_problems import DatabaseProblem
from store.home import Home
from store.read_records import TicketView
from store.timers import Stopwatch
from tui.keymap import label
from tui.messages import Saved
from tui.screens.confirm import Ask
from tui.screens.work_form import Offered
from tui.text import spent
from tui.work import Course, offered_work, worked

if TYPE_CHECKING:
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase

DRAFT = "time"
"""The side under which an entry's text is kept while it is not sent."""


class Timing:
    """What `t` and `T` do."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    # ------------------------------------------------------------ logging

    async def log_time(self, view: TicketView) -> bool:
        """`t`."""
        offered = Offered(title="Log time", **await offered_work(self.screen, view, DRAFT))
        course = Course(
            draft=DRAFT,
            guards=_nothing_against,
            question=lambda _: ("note", "Log this time?"),
            nothing=lambda filled: (
                "" if "time" in filled.wanted else "No time was filled in, nothing was logged."
            ),
            again="queue.log_time",
        )
        return await worked(self.screen, view, offered, course)

    # ------------------------------------------------------------ stopwatches

    async def timer(self, view: TicketView) -> None:
        """Starts, pauses or goes on. Another one that runs is asked about."""
        app, record = self.app, view.record
        here = timers.of_ticket(app.home, view.connection, record.ticket_id)
        if here is not None and here.runs:
            if self._keep(lambda: timers.pause(app.home, here.id, now=app.now)):
                counted = spent(here.counted(app.now))
                keys = f"{label('queue.log_time')} logs it, {label('queue.timer')} goes on."
                self.screen.tell(f"Paused at {counted} on #{clean(record.number)}. {keys}", "info")
            return
        others = [one for one in await app.read(lambda reader: reader.timers()) if one.runs]
        if others:
            answer = await app.push_screen_wait(_ask_second(others[0], view, app.now))
            if answer is None:
                return
            if answer == "pause" and not self._keep(lambda: _pause_all(app.home, others, app.now)):
                return
            if answer == "log":
                if await self.screen.jump(others[0].connection, others[0].ticket_id):
                    await self.screen.run_action("log_time")
                return

        def start() -> None:
            timers.start(
                app.home, view.connection, record.ticket_id,
                number=record.number, summary=record.summary, company=record.company, now=app.now,
            )  # fmt: skip

        if self._keep(start):
            word = "goes on" if here is not None else "runs"
            keys = f"{label('queue.timer')} pauses it, {label('queue.log_time')} logs it."
            self.screen.tell(f"The timer {word} on #{clean(record.number)}. {keys}", "info")

    def _keep(self, write: Callable[[], None]) -> bool:
        """A small write to the journal; whether it is kept."""
        try:
            write()
        except (sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"The timer could not be kept: {error}", "bad")
            return False
        self.app.saved.publish(Saved())
        return True


async def _nothing_against(_wanted: dict[str, Any]) -> str:
    return ""


def _pause_all(home: Home, some: list[Stopwatch], now: int) -> None:
    for one in some:
        timers.pause(home, one.id, now=now)


def _ask_second(other: Stopwatch, view: TicketView, now: int) -> Ask:
    named = f"#{clean(other.number)} {clean(other.company)}: {clean(other.summary)}"
    return Ask(
        Content.styled(f"Another timer runs: {spent(other.counted(now))}", "bold"),
        Content(named),
        [
            ("p", f"pause it, and start on #{clean(view.record.number)}", "pause"),
            ("b", "let both run", "both"),
            ("l", "log it first", "log"),
        ],
    )
