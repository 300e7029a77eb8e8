"""What the sentences of `store.reasons` are made with: the stored data of a reason, times for people, clean words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connectors.text import clean

Data = Mapping[str, Any]
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def when(at: int | None, zone: ZoneInfo, now: int) -> str:
    """A moment for people: `Thu 16:02` within the last six days, else `20 Nov 16:02`, else `20 Nov 2025`."""
    if at is None:
        return "at an unknown time"
    then, today = datetime.fromtimestamp(at, zone), _today(now, zone)
    clock = f"{then.hour:02}:{then.minute:02}"
    if 0 <= today.toordinal() - then.toordinal() < 7:
        return f"{_DAYS[then.weekday()]} {clock}"
    if then.year == today.year:
        return f"{then.day} {_MONTHS[then.month - 1]} {clock}"
    return f"{then.day} {_MONTHS[then.month - 1]} {then.year}"


@lru_cache(maxsize=8)
def _today(now: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(now, zone)


class Say:
    """What the sentences below draw on."""

    def __init__(self, data: Data, field: str | None, hours: float | None, zone: ZoneInfo, now: int) -> None:
        self.data, self.field, self.zone, self.now = data, field, zone, now
        self.hours = f"{hours or 0:.2f} h"

    def word(self, key: str, otherwise: str) -> str:
        value = self.data.get(key)
        return clean(str(value)) if value not in (None, "") else otherwise

    def at(self, key: str) -> str:
        return when(self.data.get(key), self.zone, self.now)

    @property
    def wrote(self) -> str:
        first, last = self.data.get("first_at"), self.data.get("last_at")
        more = f" (first {self.at('first_at')})" if first is not None and first != last else ""
        return f"{self.word('who', 'The customer')} wrote {self.at('last_at')}{more}"

    @property
    def signal(self) -> str:
        flag, status = self.data.get("flag"), self.data.get("status")
        said = f'the status is "{clean(str(status))}"' if status else ""
        mark = 'the PSA\'s "customer responded" flag is set' if flag else ""
        text = (
            " and ".join(part for part in (mark, said) if part) or "the PSA says that the customer responded"
        )
        return text[0].upper() + text[1:]

    @property
    def code_name(self) -> str:
        name = self.word("code_name", "billing code")
        return name[0].lower() + name[1:]

    @property
    def parent(self) -> str:
        return "#" + self.word("parent", "?")

    def by(self, key: str) -> str:
        name = self.word(key, "")
        return f" by {name}" if name else ""


Sentence = Callable[[Say], str]
"""Makes the words of one reason's code."""


def day(text: object) -> str:
    """A calendar day for people: `20 Nov 2025`."""
    try:
        day = date.fromisoformat(str(text)[:10])
    except ValueError:
        return clean(str(text))
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def iso(at: int) -> str:
    """UTC seconds as `2026-11-20T14:05:10Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
