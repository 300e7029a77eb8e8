"""What stands above a report, whatever its format."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from store.measures.section import Report


def span_title(report: Report) -> str:
    """`20 Nov 2026 to 26 Nov 2026`, days in the technician's zone; the last one is included."""
    zone = ZoneInfo(report.timezone)
    first = datetime.fromtimestamp(report.begins, UTC).astimezone(zone)
    last = datetime.fromtimestamp(max(report.begins, report.ends - 1), UTC).astimezone(zone)
    days = [f"{day.day} {day.strftime('%b %Y')}" for day in (first, last)]
    return days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"


def made_words(report: Report) -> str:
    """When it was made, of which connections, and whether people are named."""
    made = datetime.fromtimestamp(report.made_at, UTC).astimezone(ZoneInfo(report.timezone))
    names = "Names of people are in it" if report.names else "Names of people are left out"
    of = ", ".join(report.connections) or "no connection"
    return f"Made {made.day} {made.strftime('%b %Y %H:%M')} ({report.timezone}), of {of}. {names}."
