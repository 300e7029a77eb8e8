"""Who is away, and when: the entries of `[rules.owner_absent] away`."""

from __future__ import annotations

import re
from datetime import date

import msgspec

_DAYS = re.compile(r".*\.\..*|\d+[-./]\d+[-./\d]*")
"""What stands for days, written well or not."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Absence(msgspec.Struct, frozen=True):
    """Somebody, and the first and last day on which they are away (`YYYY-MM-DD`); empty: as long as it stands there."""

    name: str
    first: str = ""
    last: str = ""

    def holds(self, day: str) -> bool:
        """On this day, `YYYY-MM-DD`."""
        return not self.first or self.first <= day <= self.last


def absence(entry: str) -> Absence:
    """`asmith`, `asmith 2026-12-21` or `asmith 2026-12-21..2026-12-31`. Raises `ValueError` that says what is wrong."""
    words = entry.strip()
    name, _, days = words.rpartition(" ")
    if not name.strip() or not _DAYS.fullmatch(days):
        return Absence(words)
    first, dots, last = days.partition("..")
    found = Absence(name.strip(), first, last if dots else first)
    for day in (found.first, found.last):
        if not _is_day(day):
            raise ValueError(f'"{day}" in "{words}" is no day such as 2026-12-21')
    if found.last < found.first:
        raise ValueError(f'"{words}" ends before it begins')
    return found


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _DAY.fullmatch(text) is not None
