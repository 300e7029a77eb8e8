"""What a report is made of: sections of lines, figures, tables and trends, and what a section is made from.

A maker is a function from `Material` to a `Section`, or to `None` where there is nothing to say. All in a section
is plain text: whoever writes it out (terminal, HTML, Markdown) escapes all of it, so foreign text goes in as it is.
`data` is what `--json` shows, documented in docs/report.md; it changes only by addition.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from store.measures.answers import Answer, answers
from store.measures.history import Episode, episodes
from store.read import Reader
from store.rules.catalogue import PANES, pane_of, title_of
from store.settings import Settings


class Figure(msgspec.Struct, frozen=True):
    """One number that stands by itself."""

    label: str
    value: str
    note: str = ""


class Table(msgspec.Struct, frozen=True):
    """Rows under headings. The first column names what a row is about."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    numbers: frozenset[int] = frozenset()
    """Columns that hold numbers."""


class Trend(msgspec.Struct, frozen=True):
    """Counts over days."""

    title: str
    days: tuple[str, ...]
    """`2026-11-26`, oldest first."""
    counts: tuple[int | None, ...]
    """One for each day; `None`: not known."""
    note: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a report."""

    key: str
    """Names it in JSON and in a page's address: `fixed`."""
    title: str
    lines: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    trends: tuple[Trend, ...] = ()
    data: Mapping[str, Any] = {}


class Cost(msgspec.Struct, frozen=True):
    """What a kind's exceptions cost in the span, where something knows it."""

    hours: float | None = None
    money: float | None = None
    """In the company's currency."""


@dataclass(kw_only=True)
class Material:
    """What makers draw on: both databases in one transaction each, the settings, the span. Moments are UTC seconds."""

    reader: Reader
    """For rows and panes as the screen has them, all as of now."""
    cache: sqlite3.Connection | None
    """`None`: never synced."""
    journal: sqlite3.Connection | None
    settings: Settings
    names: tuple[str, ...]
    """The connections."""
    begins: int
    ends: int
    now: int
    open_names: bool = False
    """Names of people are shown, and texts into which people write them."""
    least: int = 3
    """So many tickets make a pattern."""
    costs: Mapping[str, Cost] = field(default_factory=dict)
    """By kind, where a measure gives them (`Makers.costs`)."""

    @property
    def zone(self) -> ZoneInfo:
        """The technician's."""
        return ZoneInfo(self.settings.timezone)

    @property
    def live(self) -> bool:
        """The span ends now: what is open can be told as it is on the screen."""
        return self.ends >= self.now

    @cached_property
    def episodes(self) -> list[Episode]:
        """Every exception that the journal knows, of all time."""
        return episodes(self.journal, self.names)

    @cached_property
    def known_from(self) -> int | None:
        """From when on the history knows all that was open; `None`: it knows of nothing. What cleared before the
        retention is forgotten."""
        first = min((one.opened_at for one in self.episodes), default=None)
        return None if first is None else max(first, self.now - self.settings.retention)

    @cached_property
    def answers(self) -> list[Answer]:
        """The answers of the span."""
        hours = {name: self.settings.connections[name].hours for name in self.names}
        return answers(self.cache, self.journal, hours, begins=self.begins, ends=self.ends)


Maker = Callable[[Material], Section | None]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    begins: int
    ends: int
    made_at: int
    timezone: str
    connections: tuple[str, ...]
    names: bool
    """Names of people are in it."""
    sections: tuple[Section, ...]


def kind_title(kind: str) -> str:
    """What a kind is called where it stands by itself: `Responded on children`; a section's title alone says little."""
    title = title_of(kind)
    return f"{PANES[pane_of(kind)]} {title}" if title[:1].islower() and pane_of(kind) != 8 else title


def span_words(seconds: int) -> str:
    """A stretch of time for people: `45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
