"""Step 6: saves what was proven and chosen, then pulls for the first time."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from tui.commands.out import counted
from tui.commands.progress import bar_line
from tui.connect.keeping import keep_secrets, save
from tui.connect.step import BACK, Step, marked
from tui.engine import EngineStopped
from tui.messages import Pulling
from tui.problem import Problem, explain
from tui.widgets.key_bar import Entry

if TYPE_CHECKING:
    from store.desk import Desk
    from store.sync_round import Progress, SyncReport
    from tui.connect.app import ConnectApp

log = logging.getLogger(__name__)

SLOW = 10.0
"""Seconds of the first sync after which the queue may be opened before its end."""


class SyncStep(Step):
    """What is saved where, the bar, and what came of it."""

    label = "First sync"
    short = "Sync"

    DEFAULT_CSS = """
    SyncStep VerticalScroll { height: 1fr; }
    SyncStep Static { height: auto; margin-bottom: 1; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._began = 0.0
        self._state = "idle"
        """idle, running, failed or done."""

    @property
    def keys(self) -> tuple[Entry, ...]:
        if self._state == "running":
            slow = (("Enter", "open the queue: it goes on there"),) if self._is_slow else ()
            return (("q", "leave; it goes on the next time"), *slow)
        if self._state == "failed":
            return (BACK, ("q", "leave"), ("Enter", "try again"))
        return (BACK, ("q", "leave"), ("Enter", "open the queue"))

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(id="saved")
            yield Static(id="bar")
            yield Static(id="came")

    async def enter(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._start()

    def leave(self) -> None:
        self.workers.cancel_group(self, "first")
        self._state = "idle"

    async def go_on(self) -> None:
        if self._state == "failed":
            self._start()
        elif self._state == "done" or (self._state == "running" and self._is_slow):
            await self._app.end(opens_queue=True)

    @property
    def _app(self) -> ConnectApp:
        return cast("ConnectApp", self.app)

    @property
    def _is_slow(self) -> bool:
        """A small quota makes the first sync last for minutes: nobody has to look on."""
        return self.course.saved and time.monotonic() - self._began > SLOW

    def _start(self) -> None:
        self._state, self._began = "running", time.monotonic()
        self.set_timer(SLOW + 0.1, self.guide.paint)
        for part in ("#saved", "#bar", "#came"):
            self.query_one(part, Static).update(Content(""))
        self.guide.paint()
        self._first()

    @work(exclusive=True, group="first", exit_on_error=False)
    async def _first(self) -> None:
        try:
            await self._save()
            report, to_zero = await self._pull()
        # Whatever goes wrong: the guide says it and offers to try again, the log has the place.
        except Exception as error:
            log.warning("the first sync failed", exc_info=error)
            self._failed(_problem(error))
            return
        finally:
            await self._app.stop_engine()
        if report.ok:
            self._done(report, to_zero)
        else:
            self._failed(
                Problem(report.error or "the sync failed", report.hint or "`deskzero doctor` looks at it.")
            )

    async def _save(self) -> None:
        """The settings, then the keyring: what it does not take is said, and used in this process all the same."""
        course = self.course
        draft, facts = course.connection, course.facts
        await asyncio.to_thread(save, draft, course.table(), facts.proof.capabilities, course.required)
        course.saved, course.again = True, draft.name
        course.unkept = tuple(await asyncio.to_thread(keep_secrets, draft.name, facts.secrets, facts.new))
        room, name = self.room, draft.name
        lines = marked("fine", f"Saved [connections.{name}] in {course.home.config}", room)
        for field in sorted(facts.new - {one.field for one in course.unkept}):
            lines += marked("fine", f"The keyring has the {field}.", room)
        for one in course.unkept:
            lines += marked(
                "wants", f"{one.error}. {one.before_next_start(name)} This run goes on without.", room
            )
        self.query_one("#saved", Static).update(Content("\n").join(lines))
        self.guide.paint()

    async def _pull(self) -> tuple[SyncReport, int]:
        name = self.course.connection.name
        engine = self._app.start_engine()

        def tell(progress: Progress) -> None:
            self.post_message(Pulling(progress))

        async def first(desk: Desk) -> tuple[SyncReport, int]:
            (report,) = await desk.sync(only={name}, force=True, progress=tell)
            return report, desk.reader.to_zero()

        return await engine.call(first)

    @on(Pulling)
    def _moved(self, message: Pulling) -> None:
        message.stop()
        if self._state != "running":  # the last news may come after the end
            return
        width = max(20, self.size.width - 40)
        self.query_one("#bar", Static).update(Content(clean(bar_line(message.progress, width=width))))

    def _failed(self, problem: Problem) -> None:
        self._state = "failed"
        lines = Content.assemble(
            ("✗ ", "bold $warning"), (clean(str(problem)), "bold"), "\n  ", clean(problem.hint)
        )
        self.query_one("#came", Static).update(lines)
        self.guide.paint()

    def _done(self, report: SyncReport, to_zero: int) -> None:
        self._state = "done"
        self.guide.settle()
        width = max(20, self.size.width - 40)
        self.query_one("#bar", Static).update(Content("█" * width + " done"))
        said = [
            f"{counted(report.new, 'ticket')} read, {counted(report.conversations, 'conversation')},"
            f" in {report.seconds:.1f} s and {counted(report.requests, 'request')}.",
            *report.why,
            *report.remarks,
        ]
        lines = [Content(clean(sentence)) for sentence in said]
        lines.append(
            Content.styled(f"{to_zero} to zero. Enter opens the queue; later `deskzero` does.", "bold")
        )
        self.query_one("#came", Static).update(Content("\n").join(lines))
        self.guide.paint()


def _problem(error: Exception) -> Problem:
    if isinstance(error, EngineStopped):
        return Problem(str(error), getattr(error, "hint", "") or "`deskzero doctor` says what to do.")
    return explain(error) or Problem(f"a bug in deskzero: {type(error).__name__}", "See the log.")
