"""`t` and `T`: logging time in one form and one change, and the stopwatches that count it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.content import Content

from connectors.text import clean
from store import drafts, timers
from store.database_problems import DatabaseProblem
from store.home import Home
from store.hours import rounded
from store.read import Reader
from store.read_records import TicketView
from store.timers import Stopwatch
from tui.engine import EngineStopped
from tui.keymap import label
from tui.messages import Saved
from tui.orders import Refused
from tui.screens.confirm import Ask
from tui.screens.review import Review
from tui.screens.work_form import Filled, Offered, WorkForm, rounded_words
from tui.text import spent
from tui.work import offered_work

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
        """Form, review, outbox; back to the form as often as wanted."""
        home, now = self.app.home, self.app.now
        key = (view.connection, view.record.ticket_id)
        text = await self.app.read(lambda _: drafts.load(home, *key, DRAFT))
        offered = Offered(title="Log time", **await offered_work(self.screen, view, text=text))
        before: Filled | None = None
        while True:
            filled = await self.app.push_screen_wait(
                WorkForm(view, offered, self._nothing_against, before=before)
            )
            if filled is None:
                return False
            await self.app.read(partial(_save, home, key, filled.text, now))
            if "time" not in filled.wanted:
                self.screen.tell("No time was filled in, nothing was logged.", "info")
                return False
            answer = await self._review(view, filled)
            if answer == "edit":
                before = filled
                continue
            if answer in ("sent", "discard"):
                await self.app.read(lambda _: drafts.drop(home, *key, DRAFT))
            elif answer == "keep":
                goes_on = f"{label('queue.log_time')} goes on where you were."
                self.screen.tell(f"Nothing was logged; {goes_on}", "info")
            return answer == "sent"

    async def _nothing_against(self, _wanted: dict[str, Any]) -> str:
        return ""

    async def _review(self, view: TicketView, filled: Filled) -> str:
        flows = self.screen.flows
        try:
            fix = await flows.prepare(view, filled.wanted)
            if fix is None:
                return "edit"
            answer = await self.app.push_screen_wait(Review(view, fix, side="note", what="Log this time?"))
            if answer != "send":
                return answer or "keep"
            change = await flows.submit(view, fix)
        except (Refused, EngineStopped) as error:
            flows.refused(error)
            return "failed"
        self.logged(view, change)
        return "sent"

    def logged(self, view: TicketView, change: str) -> None:
        """The ticket's stopwatch is done with: the change has its time."""
        one = timers.of_ticket(self.app.home, view.connection, view.record.ticket_id)
        if one is not None:
            self._keep(lambda: timers.end(self.app.home, one.id, change, now=self.app.now))

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


def _save(home: Home, key: tuple[str, str], text: str, now: int, _reader: Reader) -> None:
    drafts.save(home, *key, DRAFT, text, now=now)


def _pause_all(home: Home, some: list[Stopwatch], now: int) -> None:
    for one in some:
        timers.pause(home, one.id, now=now)


def timer_time(one: Stopwatch | None, now: int, *, step: int, least: int) -> tuple[str, str]:
    """What a form begins with: the stopwatch's hours as they are billed, and what they rest on."""
    if one is None:
        return "", ""
    seconds = one.counted(now)
    after = rounded(seconds / 3600, step, least)
    return f"{after:g}", rounded_words(seconds, after)


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
