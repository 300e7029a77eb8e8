"""Words on the screen: foreign text made safe, widths in cells, ages and clocks in plain English."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from connectors.text import clean

if TYPE_CHECKING:
    from textual.content import Content

_SHAPES = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def steady(text: str) -> str:
    """The text without what only picks a picture's shape or skin: terminals disagree on how wide that makes it, and a
    column that shifts is worse than a plain hand."""
    return text if text.isascii() else _SHAPES.sub("", text)


def say(text: str | None, style: str = "") -> Content:
    """Foreign text as `Content`: cleaned, never markup."""
    from textual.content import Content  # the first reading needs widths and begins before Textual is loaded

    return Content.styled(steady(clean(text)), style)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut with `…`; wide characters are counted as two."""
    if width <= 0:
        return ""
    text = steady(text)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - length)
    return pad + text if right else text + pad


def age(seconds: int) -> str:
    """How long ago, in at most three cells: `40s`, `12m`, `5h`, `3d`, `9w`."""
    seconds = max(0, seconds)
    for unit, size, below in (
        ("s", 1, 60),
        ("m", 60, 3600),
        ("h", 3600, 2 * 86400),
        ("d", 86400, 100 * 86400),
    ):
        if seconds < below:
            return f"{seconds // size}{unit}"
    return f"{seconds // (7 * 86400)}w"


def hours(value: float | None) -> str:
    """Hours as people write them on a timesheet: `0.75 h`."""
    return "" if value is None else f"{value:.2f} h"


def spent(seconds: int) -> str:
    """`0:13`, `1:05`: hours and minutes, begun minutes counted."""
    minutes = -(-seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02}"


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not `strftime`: the screen is English whatever the machine's locale."""


def clock(at: int, zone: tzinfo) -> str:
    """The time of day: `14:32`."""
    return datetime.fromtimestamp(at, zone).strftime("%H:%M")


def when(at: int, now: int, zone: tzinfo) -> str:
    """A moment as short as it stays clear: `14:32` today, `Thu 16:02` this week, `3 Nov 16:02`, with year if older."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    days = (today.date() - moment.date()).days
    time = moment.strftime("%H:%M")
    if days == 0:
        return time
    if 0 < days < 7:
        return f"{DAYS[moment.weekday()]} {time}"
    date = f"{moment.day} {MONTHS[moment.month - 1]}"
    return f"{date} {time}" if moment.year == today.year else f"{date} {moment.year}"


def moment(at: int, zone: tzinfo) -> str:
    """A moment as it is typed: `2026-11-21 08:00`."""
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")


def field_text(field: str, text: str, zone: tzinfo) -> str:
    """A field's value as `store.changes.show_field` writes it, in the words and the time of the person here."""
    if field == "customer_flag":
        return {"yes": "set", "no": "cleared"}.get(text, clean(text))
    if field.endswith("_at") and text:
        try:
            return moment(int(datetime.fromisoformat(text).timestamp()), zone)
        except ValueError:  # not a time after all: shown as it is
            return clean(text)
    return clean(text)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces where there are some; blank runs become one blank line."""
    lines: list[str] = []
    for paragraph in steady(text).strip().split("\n"):
        words = paragraph.lstrip(" ")
        # What is indented (a list in a list, lines of a program) stays so, its further lines too.
        indent = " " * min(len(paragraph) - len(words), width // 3)
        for line in _wrapped(words, width - len(indent)):
            if line or not lines or lines[-1]:
                lines.append(f"{indent}{line}".rstrip())
    return lines if text.strip() else []


def _wrapped(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in paragraph.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line.rstrip())
        while cell_len(word) > width:
            head = set_cell_size(word, width).rstrip() or word[:1]
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line.rstrip()]
