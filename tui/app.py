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

from textual import events, on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.signal import Signal
from textual.timer import Timer
from textual.widgets import Input

from store.database_problems import DatabaseProblem
from store.home import Home
from store.log import start_log
from store.read import Reader
from store.settings import Settings
from tui import keymap, messages, themes
from tui.beginning import Beginning, First, reader_of
from tui.engine import Engine
from tui.keyboard import BURST_WINDOW, Keyboard, Target, after_escape, is_burst
from tui.keys import ARROWS, MOVE, QUEUE, going_keys, moving_keys, opening_keys
from tui.messages import Saved

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


class Deskzero(App[int]):
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
        self.saved: Signal[Saved] = Signal(self, "saved")
        """Published whenever the cache or the journal has changed."""
        self.bound = self._bound()
        self.keyboard = Keyboard()
        self._opening = opening_keys()
        self._going = going_keys()
        self._burst_window = burst_window
        self._greets = greets
        self.beginning: Beginning | None = None
        """The first reading, where one was begun; its connection and part of the scope are those of the app."""
        self._read_keys: list[events.Key] = []
        self._key_timer: Timer | None = None
        self._typed: asyncio.Queue[tuple[list[events.Key], float]] = asyncio.Queue()
        self._acting = False
        self._kept_keys: list[events.Key] | None = None
        self._pressed_in: list[DOMNode] = []
        themes.use(self, settings.theme)
        self.set_class(plain, "-plain")
        self.set_class(self.spoken, "-spoken")
        if self.spoken:
            self.animation_level = "none"

    def _bound(self) -> keymap.Keymap:
        """The settings' `[keys]`, as far as they can be done; what cannot is said once the queue is there."""
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

    @property
    def queue(self) -> QueueScreen:
        """The queue screen, at the bottom of the stack."""
        from tui.screens.queue import QueueScreen

        screen = self.screen_stack[0]
        assert isinstance(screen, QueueScreen)
        return screen

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

    def on_mount(self) -> None:
        self._act_on_typed()
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
    def _told(self, message: messages.Told) -> None:
        self.queue.told(message)
        if isinstance(message, messages.SyncEnded | messages.ChangesMoved):
            self.saved.publish(Saved())

    # ------------------------------------------------------------ keys

    @property
    def key_target(self) -> Target:
        """Where a key would go now."""
        if isinstance(self.focused, Input):
            return "line"
        # Loaded with the first editor: before it nothing can be a text, and the first paint need not wait for it.
        editor = sys.modules.get("textual.widgets._text_area")
        return "text" if editor is not None and isinstance(self.focused, editor.TextArea) else "list"

    async def on_event(self, event: events.Event) -> None:
        """Keys pass the guard first: those of one read together, so that a paste is known as one."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._read_keys.append(event)
            if self._burst_window <= 0 or self._acts_at_once(event):
                self._keys_read()
            else:  # wait until nothing more comes: a busy loop sees the keys of one read one by one
                if self._key_timer is not None:
                    self._key_timer.stop()
                self._key_timer = self.set_timer(self._burst_window, self._keys_read)
            return
        if isinstance(event, events.Paste) and not event.is_forwarded and self.key_target == "list":
            self.queue.tell(
                f"Pasted text was ignored: keys act here. Open a reply ({keymap.label('queue.reply')}) "
                f"or a note ({keymap.label('queue.note')}) first."
            )
            return
        await super().on_event(event)

    def _acts_at_once(self, key: events.Key) -> bool:
        """A key that only moves, and a letter of a line, need not wait for what may come in the same read.

        What follows within the burst's window is looked at together with them: a paste that begins with a key that
        moves moves the cursor once, and the rest of it does nothing.
        """
        if len(self._read_keys) > 1 or self._kept_keys is not None:
            return False
        target = self.key_target
        if target == "list":
            return self.screen is self.queue and key.key in self._going
        return target == "line" and key.is_printable

    def type_key(self, name: str) -> None:
        """As if this key (in Textual's name) had been pressed: past the same guards. For clicks on a key."""
        written = keymap.written(name)
        key = events.Key(name, written if len(written) == 1 else None)
        self.post_message(
            key.set_sender(self)
        )  # from anybody else it would end before it gets to its binding

    def _keys_read(self) -> None:
        keys, self._read_keys = self._read_keys, []
        self._typed.put_nowait((keys, time.monotonic()))

    @property
    def typing(self) -> bool:
        """Whether keys have come that were not acted on yet."""
        return self._acting or bool(self._read_keys) or not self._typed.empty()

    @work(group="keys")
    async def _act_on_typed(self) -> None:
        """Acts on keys in the order they came, for as long as the app runs.

        Beside the app's own message queue: a key's way ends there, and is waited for before the next one.
        """
        while True:
            keys, at = await self._typed.get()
            self._acting = True
            try:
                await self._act_on_keys(keys, at)
            finally:
                self._acting = False

    async def _act_on_keys(self, keys: list[events.Key], at: float) -> None:
        self.queue.typed_at = time.monotonic()
        self.queue.a_key_came()
        if self._kept_keys is not None:
            self._kept_keys += keys
            if any(key.key == "escape" for key in keys) and self.screen is self.queue:
                self.queue.give_up()  # not while a dialog is still closing: that one has its answer
            return
        await self._handled()
        target = self.key_target
        self.keyboard.moving = self._moving()
        read = [(key.key, key.is_printable) for key in keys]
        if self._burst_window > 0:
            read = self.keyboard.with_lately([(key.key, key.is_printable, key.time) for key in keys])
        if self.keyboard.is_paste(read, at, target):
            self.queue.tell("A burst of keys looked like a paste and was ignored.")
            return
        if target == "line" and is_burst(read):  # pasted into a filter: its line end must not choose
            keys = [key for key in keys if key.key != "enter"]
        for key in keys:
            await self._act_on_key(key, at)

    def _moving(self) -> frozenset[str]:
        """The keys that move where one is; in a dialog also those that move in every list as deskzero comes."""
        if self.screen is self.queue:
            return moving_keys()
        usual = frozenset(
            name for key in QUEUE if key.group == MOVE for name in keymap.default_of(key.id).keys
        )
        own = keymap.moving_in(type(self.screen))
        return (usual - keymap.acting_in(type(self.screen))) | own | ARROWS

    async def _act_on_key(self, key: events.Key, at: float) -> None:
        letter = after_escape(key.key)
        if letter is not None:
            await self._act_on_key(events.Key("escape", "\x1b"), at)
            key = events.Key(letter, key.character)
        await self._handled()
        if self._kept_keys is not None:
            self._kept_keys.append(key)
        elif not self.keyboard.is_repeat(key.key, at, self.key_target):
            if self.screen is self.queue and self.key_target == "list" and key.key in self._opening:
                self.keep_keys()  # now: the screen acts on this key later than the next one comes
            if self.screen is self.queue and self.key_target == "list" and key.key in self._going:
                # What it would come to by way of the list and all that the list stands in.
                await self.queue.run_action(self._going[key.key])
                return
            self._pressed_in = [
                self.focused or self.screen,
                *(self.focused.ancestors if self.focused else ()),
            ]
            await super().on_event(key)

    async def _handled(self) -> None:
        """Waits until the key before has been acted on: it may have closed the dialog that the next would hit.

        A key goes up from the focused widget to the app, one queue after the other; what it sets off there
        (an input that was submitted) goes the same way once more.
        """
        if self.key_target == "list":
            await self.queue.rows_shown()
        nodes, self._pressed_in = self._pressed_in, []
        for node in nodes * 2:
            if not node.is_attached:
                continue
            done = asyncio.Event()
            if node.call_later(done.set):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), 0.1)
        if self.key_target == "list":  # a letter of a filter need not wait for the list of the one before
            await self.queue.rows_shown()

    def keep_keys(self) -> None:
        """From now on typed keys wait for the dialog that is being opened; Esc gives it up."""
        self._kept_keys = []
        self.set_timer(2.0, self._keys_in_doubt)

    def _keys_in_doubt(self) -> None:
        """Whatever went wrong with opening: the keyboard must not stay dead."""
        busy = any(worker.group == "flow" and not worker.is_finished for worker in self.workers)
        if not busy:
            self.drop_keys()

    async def give_keys(self) -> None:
        """The dialog is there: what was typed meanwhile goes into it. An Enter goes only into an editor."""
        keys, self._kept_keys = self._kept_keys or [], None
        for key in keys:
            if key.key != "enter" or self.key_target == "text":
                await super().on_event(key)

    def drop_keys(self) -> None:
        """No dialog came: what was typed for it is gone."""
        self._kept_keys = None

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
