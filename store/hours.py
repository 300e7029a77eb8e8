"""Hours as people type them, and rounded as the shop bills them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

MOST = 24.0

_CLOCK = re.compile(r"(\d{1,2})[:.](\d\d)")
_SPAN = re.compile(r"(\d{1,2}[:.]\d\d)\s*(?:-|–|to|bis|à)\s*(\d{1,2}[:.]\d\d)")
_UNITS = re.compile(r"(?:(\d+(?:[.,]\d+)?)\s*h(?:ours?)?)?\s*(?:(\d+)\s*(?:m(?:in(?:utes?)?)?)?)?")
_NUMBER = re.compile(r"\d*[.,]?\d+|\d+[.,]")
HOW = "Write it as 0.25, 15m, 1h30, 0:15 or 13:40-13:55."


class Worked(msgspec.Struct, frozen=True):
    """What was typed: so many hours, and when they began, if that was said."""

    hours: float
    started_at: int | None = None
    """UTC seconds."""


class NoHours(ValueError):
    """What was typed is no time; `str()` says what is expected."""


def parse(text: str, *, now: int, zone: tzinfo) -> Worked:
    """`.25`, `0,25`, `15m`, `1h30`, `1h 30m`, `0:15`, `13:40-13:55` (in `zone`; over midnight: since yesterday).

    `now`: UTC seconds. Raises `NoHours`.
    """
    typed = text.strip().casefold()
    if span := _SPAN.fullmatch(typed):
        return _span(span[1], span[2], now, zone)
    if clock := _CLOCK.fullmatch(typed) if ":" in typed else None:
        return _checked(int(clock[1]) + int(clock[2]) / 60, text, minutes=int(clock[2]))
    if _NUMBER.fullmatch(typed):
        return _checked(float(typed.replace(",", ".")), text)
    units = _UNITS.fullmatch(typed)
    if typed and units and (units[1] or units[2]):
        hours = float((units[1] or "0").replace(",", "."))
        return _checked(hours + int(units[2] or 0) / 60, text)
    raise NoHours(f'"{text.strip()}" is no time. {HOW}' if typed else f"No time was typed. {HOW}")


def rounded(hours: float, step: int, least: int = 0) -> float:
    """Up to whole steps of so many seconds, and at least `least` seconds; `step` 0: as it is."""
    seconds = max(hours * 3600, least)
    if step > 0:
        seconds = math.ceil(round(seconds / step, 6)) * step
    return round(seconds / 3600, 6)


def _checked(hours: float, text: str, *, minutes: int = 0) -> Worked:
    if not 0 < hours <= MOST or minutes > 59:
        raise NoHours(f'"{text.strip()}" is not between 0 and {MOST:g} hours. {HOW}')
    return Worked(hours)


def _span(first: str, last: str, now: int, zone: tzinfo) -> Worked:
    today = datetime.fromtimestamp(now, UTC).astimezone(zone)
    begin, end = (_moment(text, today) for text in (first, last))
    if end <= begin:
        begin -= timedelta(days=1)
    # By the clock on the wall, but as long as it really was: a night in which the clocks change counts right.
    seconds = end.timestamp() - begin.timestamp()
    if seconds <= 0:
        raise NoHours(f"{first}-{last} is no time that has passed. {HOW}")
    return Worked(round(seconds / 3600, 6), int(begin.timestamp()))


def _moment(text: str, day: datetime) -> datetime:
    hour, minute = (int(part) for part in re.split("[:.]", text))
    if hour > 23 or minute > 59:
        raise NoHours(f'"{text}" is no time of day. {HOW}')
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)
