"""The report: which sections it has, and the making of it. A further section is one more maker in `MAKERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from store.measures import sections, sections_day, sections_money
from store.measures.section import Cost, Maker, Material, Report
from store.read import Reader

MAKERS: tuple[Maker, ...] = (
    sections.fixed,
    sections.broken,
    sections.upcoming,
    sections.kinds,
    sections.patterns,
    sections_money.leaks_and_capture,
    sections_day.answer_time,
    sections_day.trends,
    sections_day.hidden,
    sections_money.passed_gates,
    sections_day.sign_offs,
    sections_money.learnt,
)
"""In the order of the report."""

CostMaker = Callable[[Material], Mapping[str, Cost]]
"""Gives what the kinds cost in the span."""

COSTS: tuple[CostMaker, ...] = (sections_money.costs,)
"""What tells costs; a later one wins where two tell of the same kind."""


class ReportReader(Reader):
    """A reader that makes reports."""

    def report(
        self,
        *,
        begins: int,
        ends: int,
        open_names: bool = False,
        least: int = 3,
        makers: Sequence[Maker] | None = None,
        costs: Sequence[CostMaker] | None = None,
    ) -> Report:
        """What happened from `begins` up to `ends` (UTC seconds), on all connections of the settings.

        `open_names`: with names of people. `least`: so many tickets make a pattern. Raises `CacheUnreadable`.
        """
        names = tuple(self._names(None))
        now = int(self.clock())
        with self._cache() as cache, self._journal() as journal:
            material = Material(
                reader=self,
                cache=cache,
                journal=journal,
                settings=self.settings,
                names=names,
                begins=begins,
                ends=min(ends, now + 1),
                now=now,
                open_names=open_names,
                least=least,
            )
            told: dict[str, Cost] = {}
            for one in COSTS if costs is None else costs:
                told |= one(material)
            material.costs = told
            made = [make(material) for make in (MAKERS if makers is None else makers)]
        return Report(
            begins=begins,
            ends=material.ends,
            made_at=now,
            timezone=self.settings.timezone,
            connections=names,
            names=open_names,
            sections=tuple(one for one in made if one is not None),
        )


def as_json(report: Report) -> dict[str, Any]:
    """The document of `deskzero report --format json`; times are still UTC seconds under keys that end in `_at`."""
    return {
        "report": 1,
        "begins_at": report.begins,
        "ends_at": report.ends,
        "made_at": report.made_at,
        "timezone": report.timezone,
        "connections": list(report.connections),
        "names": report.names,
        "sections": [{"key": one.key, "title": one.title, "data": dict(one.data)} for one in report.sections],
    }


def span(since: int | date, until: date | None, *, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """(begin, end) in UTC seconds of whole days in `zone`: `since` days up to and with `until` (today), or from that
    day on. Where `until` is today or not said the end is after this second, so that what was done in it counts. Raises
    `ValueError` for a span that is none."""
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    last = until or today
    first = since if isinstance(since, date) else last - timedelta(days=since - 1)
    if first > today or last > today:
        raise ValueError("the span lies in the future")
    if first > last:
        raise ValueError("the span ends before it begins")

    def midnight(day: date) -> int:
        return int(datetime.combine(day, clock_time(), zone).timestamp())

    return midnight(first), min(midnight(last + timedelta(days=1)), now + 1)
