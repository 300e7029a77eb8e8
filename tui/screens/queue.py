"""The queue screen: what is painted, and its keys, a subject each."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tui.keys import queue_bindings
from tui.screens.queue_checkpoints import Checkpoints
from tui.screens.queue_files import TicketFiles
from tui.screens.queue_finding import FindingKeys
from tui.screens.queue_fitting import FittingKeys
from tui.screens.queue_fixing import FixingKeys
from tui.screens.queue_learning import LearningKeys
from tui.screens.queue_notices import Notices
from tui.screens.queue_reading import ReadingKeys
from tui.screens.queue_snooze import SnoozeKeys
from tui.screens.queue_time import TimeKeys
from tui.screens.queue_wrap import WrapKeys


class QueueScreen(
    Checkpoints,
    Notices,
    FixingKeys,
    FindingKeys,
    WrapKeys,
    TimeKeys,
    SnoozeKeys,
    TicketFiles,
    LearningKeys,
    FittingKeys,
    ReadingKeys,
):
    """The queue with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*queue_bindings()]
