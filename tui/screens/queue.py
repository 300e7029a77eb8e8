"""The queue screen: what is painted, and its keys, a subject each."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tui.keys import queue_bindings
from tui.screens.queue_fixing import FixingKeys
from tui.screens.queue_looking import LookingKeys
from tui.screens.queue_reading import ReadingKeys
from tui.screens.queue_snooze import SnoozeKeys


class QueueScreen(FixingKeys, SnoozeKeys, LookingKeys, ReadingKeys):
    """The queue with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*queue_bindings()]
