"""How it goes, at a glance, for the screen: each kind over the last days, what leaks, what was got back today."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from store.measures.history import daily, days, episodes
from store.measures.leak import Leak, leak
from store.rules.catalogue import place_of
from store.settings_records import Settings

DAYS = 30
"""Calendar days that are looked at, today included."""


class KindTrend(msgspec.Struct, frozen=True, kw_only=True):
    """One kind over the days."""

    kind: str
    open: tuple[int | None, ...]
    """At each day's end, today's now; `None`: before the journal knew of anything."""
    opened: int
    fixed: int
    """Cleared by a fix made with deskzero."""
    by_itself: int


class Glance(msgspec.Struct, frozen=True):
    """All of it."""

    trends: tuple[KindTrend, ...]
    """Of the kinds that are looked for, in the order of the panes."""
    leak: Leak | None
    """`None`: nothing was read yet."""


def glance(
    cache: sqlite3.Connection | None,
    journal: sqlite3.Connection | None,
    settings: Settings,
    names: Sequence[str],
    *,
    now: int,
) -> Glance:
    """How it goes with these connections at `now` (UTC seconds), in days of the technician's zone."""
    zone = ZoneInfo(settings.timezone)
    begins = now - (DAYS - 1) * 86400
    known = episodes(journal, names)
    first = min((one.opened_at for one in known), default=now)
    counts = daily(known, begins=begins, ends=now + 1, zone=zone)
    edges = [edge for _, edge in days(begins, now + 1, zone)]
    trends = []
    for kind in sorted(set(counts) & set(settings.kinds), key=place_of):
        some = counts[kind]
        trends.append(
            KindTrend(
                kind=kind,
                open=tuple(
                    None if edge <= first else day.open for edge, day in zip(edges, some, strict=True)
                ),
                opened=sum(day.opened for day in some),
                fixed=sum(day.by_fix for day in some),
                by_itself=sum(day.by_itself for day in some),
            )
        )
    found = None if cache is None else leak(cache, journal, settings, names, now=now, zone=zone)
    return Glance(tuple(trends), found)
