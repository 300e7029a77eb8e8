"""Checkpoints: when the screen tells how many are to zero, in minutes after midnight of the technician's day."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from store.toml_table import Table

LATE = 60
"""Minutes after a checkpoint in which a screen that was opened meanwhile still tells it."""

_TIME = re.compile(r"(\d{1,2}):(\d\d)")


def checkpoints(check: Table) -> tuple[int, ...]:
    """`checkpoints` of `[check]`, in the order of the day. Raises `SettingsError`."""
    expected = "times of day such as 12:00 are expected"
    found: set[int] = set()
    for text in check.texts("checkpoints"):
        time = _TIME.fullmatch(text.strip())
        if time is None or int(time[1]) > 23 or int(time[2]) > 59:
            raise check.error("checkpoints", f'{expected}, not "{text}"', 'Write checkpoints = ["12:00"].')
        found.add(int(time[1]) * 60 + int(time[2]))
    return tuple(sorted(found))


def written(checkpoint: int) -> str:
    """`16:30`."""
    return f"{checkpoint // 60:02}:{checkpoint % 60:02}"


def due(points: Sequence[int], told: Collection[int], *, now: int, opened: int) -> tuple[int, ...]:
    """The checkpoints of the day that are to be told at `now`, in order; `told`: those that were.

    All in minutes after that day's midnight; `opened`: when the screen was opened, below 0 on a day before. What
    came while the screen was open is told however late; of the time before, only the last hour's.
    """
    return tuple(
        point
        for point in points
        if point <= now and point not in told and (point >= opened or now - point < LATE)
    )
