"""What was typed on its way to what it means: bursts and repeats, the order of keys, keys that wait for a dialog."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from itertools import takewhile
from typing import TYPE_CHECKING

from textual import events, work
from textual.app import App
from textual.dom import DOMNode
from textual.timer import Timer
from textual.widgets import Input

from tui import keymap
from tui.keyboard import Keyboard, Target, after_escape, is_burst, reads
from tui.keys import ARROWS, MOVE, QUEUE, going_keys, moving_keys, opening_keys

if TYPE_CHECKING:
    from tui.screens.queue import QueueScreen

FLOWS = ("flow", "leave")
"""The groups of workers that lead from a key of the queue through dialogs."""


class TypedKeys(App[int]):
    """The app's keyboard: keys pass here before anything else sees them."""

    def take_keys(self, burst_window: float) -> None:
        """For `__init__`, when it is known what the keys are. `burst_window`: seconds; 0 acts on keys at once."""
        self.keyboard = Keyboard()
        self._opening = opening_keys()
        self._going = going_keys()
        self._burst_window = burst_window
        self._read_keys: list[events.Key] = []
        self._key_timer: Timer | None = None
        self._typed: asyncio.Queue[tuple[list[events.Key], float]] = asyncio.Queue()
        self._acting = False
        self._kept_keys: list[events.Key] | None = None
        self._answered = False
        """Whether keys wait because a dialog has been answered, and not for the first one of a flow."""
        self._pressed_in: list[DOMNode] = []
        self._in_line = False
        """The key before was a letter of the filter: the next one comes behind it in the same queue, and need not
        wait."""

    @property
    def queue(self) -> QueueScreen:
        """The queue screen, at the bottom of the stack."""
        from tui.screens.queue import QueueScreen

        screen = self.screen_stack[0]
        assert isinstance(screen, QueueScreen)
        return screen

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
        # One moment for all that waited: a key that was pressed again because nothing happened counts once.
        at = time.monotonic()
        for read in reads([key.time for key in keys]):
            self._typed.put_nowait((keys[read], at))

    @property
    def typing(self) -> bool:
        """Whether keys have come that were not acted on yet."""
        return self._acting or bool(self._read_keys) or not self._typed.empty()

    @work(group="keys")
    async def act_on_typed(self) -> None:
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
        target = self.key_target
        if not (target == "line" and self._in_line and all(key.is_printable for key in keys)):
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
        if not (self._in_line and key.is_printable):
            await self._handled()
        if self._kept_keys is not None:
            self._kept_keys.append(key)
        elif not self.keyboard.is_repeat(key.key, at, self.key_target):
            if self.screen is self.queue and self.key_target == "list" and key.key in self._opening:
                self.keep_keys()  # now: the screen acts on this key later than the next one comes
            if self.screen is self.queue and self.key_target == "list" and key.key in self._going:
                await self._go(self._going[key.key])
                return
            self._in_line = self.screen is self.queue and self.key_target == "line" and key.is_printable
            self._pressed_in = [
                self.focused or self.screen,
                *(self.focused.ancestors if self.focused else ()),
            ]
            await super().on_event(key)

    async def _go(self, action: str) -> None:
        """What a key that only moves comes to by way of the list and all that the list stands in: in one frame."""
        queue, pane = self.queue, self.queue.pane
        with self.batch_update():
            await queue.run_action(action)
            if queue.pane != pane:
                await queue.parts_told()
        queue.check_idle()  # Textual's own end of a batch asks the app, which paints nothing

    async def _handled(self) -> None:
        """Waits until the key before has been acted on: it may have closed the dialog that the next would hit.

        A key goes up from the focused widget to the app, one queue after the other; what it sets off there
        (an input that was submitted) goes the same way once more.
        """
        if self.key_target == "list":
            await self.queue.rows_shown()
        nodes, self._pressed_in, self._in_line = self._pressed_in, [], False
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
        self._kept_keys, self._answered = [], False
        self.set_timer(2.0, self._keys_in_doubt)

    def dialog_answered(self) -> None:
        """A dialog over the queue closes. Its flow goes on, perhaps to the next one, and what is typed until then is
        not meant for the list behind."""
        if self._flowing and len(self.screen_stack) == 2 and self._kept_keys is None:
            self.keep_keys()
            self._answered = True

    def flow_ended(self) -> None:
        """No dialog comes any more. Moving behind the last answer was meant for the list; anything else is gone."""
        if self._flowing:
            return
        keys, answered = self._kept_keys or [], self._answered
        self.drop_keys()
        if answered and (moves := list(takewhile(lambda key: key.key in self._going, keys))):
            self._typed.put_nowait((moves, time.monotonic()))

    @property
    def _flowing(self) -> bool:
        return any(worker.group in FLOWS and not worker.is_finished for worker in self.workers)

    def _keys_in_doubt(self) -> None:
        """Whatever went wrong with opening: the keyboard must not stay dead."""
        if not self._flowing:
            self.drop_keys()

    async def give_keys(self) -> None:
        """The dialog is there: what was typed meanwhile goes into it. An Enter goes only into an editor."""
        keys = self._kept_keys or []
        self.drop_keys()
        for key in keys:
            if key.key != "enter" or self.key_target == "text":
                await super().on_event(key)

    def drop_keys(self) -> None:
        """No dialog came: what was typed for it is gone."""
        self._kept_keys, self._answered = None, False
