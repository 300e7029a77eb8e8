"""The application: holds the reader, the engine and the keyboard; screens do the rest.

Nothing heavy is imported here: the first paint needs Textual, `store.read` and `store.settings` alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from textual import on, work
from textual.binding import Binding, BindingType
from textual.signal import Signal

from store.database_problems import DatabaseProblem
from store.home import Home
from store.log import start_log
from store.read import Reader
from store.settings import Settings
from tui import keymap, messages, themes
from tui.beginning import Beginning, First, reader_of
from tui.engine import Engine
from tui.keyboard import BURST_WINDOW
from tui.messages import Saved
from tui.typed_keys import TypedKeys

if TYPE_CHECKING:
    from store.desk import Desk
    from tui.screens.queue import QueueScreen

T = TypeVar("T")
LATER = (
    "tui.screens.picker",
    "tui.flows",
    "tui.screens.writing",
    "tui.flows_text",
    "tui.screens.work_form",
    "tui.flows_time",
    "tui.flows_fix",
    "tui.flows_back",
    "tui.flows_snooze",
    "tui.flows_together",
    "tui.screens.palette",
)
"""What keys need and the first frame does not: loaded right after it, one by one with a look at the keys between, or
those that came meanwhile would come in a heap that looks like a paste."""
ENGINE_AT_LATEST = 2.0
"""Seconds after which the engine starts whatever has been painted."""
SWITCH = 0.001
"""Seconds that a thread which reads or syncs may hold up the screen's; a key is held up a dozen times."""


class Deskzero(TypedKeys):
    """The queue in a terminal."""

    TITLE = "deskzero"
    CSS_PATH: ClassVar = ["readable.tcss", "app.tcss"]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="app.quit"),
        Binding("ctrl+c", "how_to_quit", "Quit", show=False, id="app.how_to_quit"),
        Binding("ctrl+p", "nothing", "", show=False, id="app.nothing"),
    ]

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        demo: Callable[[], Desk] | None = None,
        clock: Callable[[], float] = time.time,
        open_desk: Callable[[], Desk] | None = None,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        background: bool = True,
        only: str | None = None,
        burst_window: float = BURST_WINDOW,
        greets: bool = False,
    ) -> None:
        """`demo` makes the desk of a simulated PSA (called in the engine's thread) and frames the screen.

        `open_desk` does the same without the frame. `secrets` (by connection) are those that no place keeps.
        With `background` false nothing is synced or sent by itself and no thread starts until something is asked of
        it. `only`: the lists and numbers of this connection alone; everything is synced, sent and asked at the end of
        the day all the same. `burst_window` 0 acts on keys at once. `greets`: with the first-run guide, where
        nobody has seen it yet.
        """
        plain = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        self.home, self.settings, self.clock = home, settings, clock
        self.demo = demo is not None
        self.spoken = settings.plain
        """For a screen reader: words in place of frames, signs and columns."""
        self._secrets = secrets
        self.background = background
        self.only = only
        self.reader = reader_of(home, settings, clock)
        self.zone: tzinfo = ZoneInfo(settings.timezone)
        self.engine = Engine(
            demo or open_desk or self._open_desk,
            self.post_message,
            sync_every=settings.sync_every,
            syncs=background,
        )
        self.keeping = 0
        """How much is being written down here."""
        self.saved: Signal[Saved] = Signal(self, "saved")
        """Published whenever the cache or the journal has changed."""
        self.bound = self._bound()
        self.take_keys(burst_window)
        self._greets = greets
        self.beginning: Beginning | None = None
        """The first reading, where one was begun; its connection and part of the scope are those of the app."""
        themes.use(self, settings.theme)
        self.set_class(plain, "-plain")
        self.set_class(self.spoken, "-spoken")
        if self.spoken:
            self.animation_level = "none"

    def _bound(self) -> keymap.Keymap:
        """The settings' `[keys]`, as far as they can be done; what cannot is said once the queue is there."""
        found = keymap.Keymap()
        if self.settings.keys:
            # What understands them knows all keys of all screens, and takes a while to load.
            from tui.key_wishes import keymap_of

            found = keymap_of(self.settings.keys)
        keymap.use(found)
        self.set_keymap(found.for_textual())
        return found

    def _open_desk(self) -> Desk:
        from store.desk import Desk

        return Desk(self.home, self.settings, secrets=self._secrets, clock=self.clock)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.ours_for(self.current_theme)

    def get_default_screen(self) -> QueueScreen:
        from tui.screens.queue import QueueScreen

        return QueueScreen()

    @property
    def now(self) -> int:
        """UTC seconds by the app's clock (frozen in tests)."""
        return int(self.clock())

    @property
    def today(self) -> datetime:
        """Now, in the technician's zone."""
        return datetime.fromtimestamp(self.now, self.zone)

    def zone_of(self, connection: str) -> tzinfo:
        """The time zone in which times of that PSA are typed and shown as values."""
        known = self.settings.connections.get(connection)
        return ZoneInfo(known.timezone) if known is not None else self.zone

    def first_reading(self) -> First | None:
        """What was read before the app was made, once; `None` where it was not, or could not be."""
        beginning, self.beginning = self.beginning, None
        return beginning.take() if beginning is not None else None

    async def read(self, work: Callable[[Reader], T]) -> T:
        """`work(reader)` in a thread: nothing blocks the screen."""
        return await asyncio.to_thread(work, self.reader)

    async def keep(self, work: Callable[[], T]) -> T:
        """`work()` in a thread, which writes something down here: what has begun is not given up (`keeping`)."""
        self.keeping += 1
        try:
            return await asyncio.to_thread(work)
        finally:
            self.keeping -= 1

    def on_mount(self) -> None:
        self.act_on_typed()
        if self._greets:
            self._greet()
        if self.bound.problems:
            self.call_after_refresh(self._tell_key_problems)
        if self.background:
            self.set_timer(ENGINE_AT_LATEST, self._begin_working)

    @work(group="look")
    async def _greet(self) -> None:
        """The first-run guide, once. A journal that cannot be read is told of elsewhere; then it comes again."""
        from store.screen_state import recall, remember
        from tui.screens.first_run import SEEN, FirstRun

        with contextlib.suppress(sqlite3.Error):
            if recall(self.home, SEEN):
                return
        await self.push_screen_wait(FirstRun())
        try:
            await asyncio.to_thread(remember, self.home, SEEN, True)
        except (sqlite3.Error, DatabaseProblem) as error:
            self.queue.tell(f"The guide will come again: {error}")

    def _tell_key_problems(self) -> None:
        first, *more = self.bound.problems
        rest = f" {len(more)} more: `deskzero doctor` lists them." if more else ""
        self.queue.tell(f"{first}{rest}")

    def painted(self) -> None:
        """There is a ticket to look at (or nothing to read): now the engine may load what it needs.

        Its imports would hold up whatever else runs: the first ticket came 0.2 s later when they began sooner.
        """
        if self.background:
            self.call_after_refresh(self._begin_working)

    def _begin_working(self) -> None:
        """The first frame is there, or will be late. What is loaded by now stays: it need not be looked through."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self._load_later()
        self.engine.start()

    @work(group="later")
    async def _load_later(self) -> None:
        for name in LATER:
            import_module(name)
            await asyncio.sleep(0.01)

    async def on_unmount(self) -> None:
        await self.engine.stop()

    # ------------------------------------------------------------ what the engine tells

    @on(messages.SyncStarted)
    @on(messages.SyncProgress)
    @on(messages.SyncEnded)
    @on(messages.ChangesMoved)
    @on(messages.EngineFailed)
    @on(messages.EngineReady)
    @on(messages.Noted)
    @on(messages.Durable)
    def _told(self, message: messages.Told) -> None:
        self.queue.told(message)
        if isinstance(message, messages.SyncEnded | messages.ChangesMoved):
            self.saved.publish(Saved())

    def action_nothing(self) -> None:
        """Textual's own command palette stays shut; `:` is ours."""

    def action_how_to_quit(self) -> None:
        self.queue.tell(f"{keymap.label('queue.quit')} quits.")

    async def action_leave(self) -> None:
        """Ctrl+Q: what `q` does on the queue; in a dialog one step back, so that no text is lost."""
        if self.screen is self.queue:
            self.queue.action_leave()
        else:
            await self.screen.run_action("cancel")


def run(
    home: Home,
    settings: Settings,
    *,
    demo: Callable[[], Desk] | None = None,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    only: str | None = None,
    greets: bool = False,
    beginning: Beginning | None = None,
) -> int:
    """Opens the queue in this terminal until the user leaves; gives the exit code.

    `demo` makes the desk of a simulated PSA; it is called in the engine's thread after the first paint. `secrets`
    (by connection) are for this run alone: no keyring has them. `greets`: with the first-run guide, once.
    `beginning`: the first reading, where it was begun before this module was loaded.
    """
    start_log(home.log)
    sys.setswitchinterval(SWITCH)
    app = Deskzero(home, settings, demo=demo, secrets=secrets, only=only, greets=greets)
    app.beginning = beginning or Beginning(home, settings, only)
    return app.run() or 0
