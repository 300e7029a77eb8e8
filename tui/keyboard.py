"""One key, one act: keeps pastes, bursts and double presses away from the list, and typed text for an opening editor.

A plain state machine without a terminal: it gets keys with their times and says what is to happen. Times
are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from tui.keys import moving_keys

BURST_WINDOW = 0.012
"""Keys that arrive within so many seconds of each other come from one read: nobody types as fast."""
BURST_SIZE = 3
"""So many printable keys in one read are a paste. Two can be two quick fingers on a slow line."""
QUIET = 0.15
"""After a paste everything is ignored until nothing came for so long: its tail comes in later reads."""
SAME_KEY = 0.15
"""The same key again within this time is a bounce or a held key, and counts once."""

Target = Literal["list", "line", "text"]
"""Where keys go: whatever acts on a letter (lists, reviews), a line of text (filters), an editor."""


class Keyboard(msgspec.Struct):
    """Decides about keys before anything acts on them."""

    last_key: str = ""
    last_at: float = -1e9
    moving: Collection[str] = msgspec.field(default_factory=moving_keys)
    """The keys that move on the screen that is open, as they are now."""
    _paste_at: float = -1e9
    _lately: list[tuple[str, bool]] = []
    _lately_at: float = -1e9

    def with_lately(self, keys: Sequence[tuple[str, bool, float]]) -> list[tuple[str, bool]]:
        """These keys, each (key, printable, when it came), behind those that came just before and were acted on at
        once: together they may be a paste."""
        if not keys or keys[0][2] - self._lately_at > BURST_WINDOW:
            self._lately = []
        self._lately += [(key, printable) for key, printable, _ in keys]
        if keys:
            self._lately_at = keys[-1][2]
        return list(self._lately)

    def is_paste(self, keys: Sequence[tuple[str, bool]], at: float, target: Target) -> bool:
        """Whether these keys of one read, each (key, printable), are a paste or its tail, which does nothing."""
        if target != "list":
            self._paste_at = -1e9
            return False
        tail = at - self._paste_at < QUIET
        moves = all(key in self.moving for key, is_printable in keys if is_printable)
        burst = is_burst(keys) and not moves
        if tail or burst:
            self._paste_at = at
            self.last_key = ""
            return True
        return False

    def is_repeat(self, key: str, at: float, target: Target) -> bool:
        """Whether this is the same acting key again too soon. A held key counts once, however long it is held."""
        again = key == self.last_key and at - self.last_at < SAME_KEY
        self.last_key, self.last_at = key, at
        if not again or key in self.moving or target == "text":
            return False
        return target == "list" or key == "enter"


def reads(times: Sequence[float]) -> list[slice]:
    """Which keys came in one read, given when each came (seconds, in order).

    A screen that was held up gets to many reads at once. The times are those of the thread that reads the terminal.
    """
    starts = [n for n in range(len(times)) if n == 0 or times[n] - times[n - 1] > BURST_WINDOW]
    return [slice(start, end) for start, end in pairwise([*starts, len(times)])]


def is_burst(keys: Sequence[tuple[str, bool]]) -> bool:
    """Whether so many printable keys, each (key, printable), came in one read that nobody typed them."""
    return sum(is_printable for _, is_printable in keys) >= BURST_SIZE


def after_escape(key: str) -> str | None:
    """The letter in `alt+j`: a terminal sends Esc and a quick `j` as one key. `None`: it is something else."""
    name = key.removeprefix("alt+")
    return name if name != key and "+" not in name else None
