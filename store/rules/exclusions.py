"""What a company leaves out of a kind (`[rules.<kind>] exclude`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from store.rules.sql import Asked, Binds, Found
from store.settings import Exclude

_COLUMNS = {
    "statuses": "t.status",
    "boards": "coalesce(t.board, '')",
    "types": "coalesce(t.type, '')",
    "companies": "coalesce(t.company, '')",
    "technicians": "coalesce(t.owner, '')",
}


def without_excluded(asked: Asked, found: Iterable[Found]) -> list[Found]:
    """What is found, without the tickets that the company leaves out of the kind."""
    out: dict[str, frozenset[str]] = {}
    kept = []
    for one in found:
        if one.kind not in out:
            out[one.kind] = _excluded(asked, one.kind)
        if one.ticket_id not in out[one.kind]:
            kept.append(one)
    return kept


def excluding(asked: Asked, kind: str) -> list[Exclude]:
    """The exclusions of a kind that leave one of the tickets out that are asked for."""
    found = []
    for entry in asked.settings.rules.exclusions(kind):
        binds = Binds(asked)
        way = _holds(asked, binds, entry)
        sql = f"SELECT 1 FROM v_ticket t WHERE {binds.here('t')} AND {way or 'FALSE'}"
        if list(asked.rows(sql, binds)):
            found.append(entry)
    return found


def _excluded(asked: Asked, kind: str) -> frozenset[str]:
    binds = Binds(asked)
    ways = [way for entry in asked.settings.rules.exclusions(kind) if (way := _holds(asked, binds, entry))]
    if not ways:
        return frozenset()
    sql = f"SELECT t.ticket_id FROM v_ticket t WHERE {binds.here('t')} AND ({' OR '.join(ways)})"
    return frozenset(row["ticket_id"] for row in asked.rows(sql, binds))


def _holds(asked: Asked, binds: Binds, entry: Exclude) -> str:
    """A ticket is left out that has one of the names in one of the keys."""
    if entry.until and entry.until < today(asked):
        return ""
    wanted = [(column, getattr(entry, key)) for key, column in _COLUMNS.items()]
    parts = [binds.same(column, names) for column, names in wanted if names]
    return f"({' OR '.join(parts)})" if parts else ""


def today(asked: Asked) -> str:
    """The calendar day in the connection's time zone, `YYYY-MM-DD`."""
    return calendar_day(asked.now, asked.connection.timezone)


def calendar_day(at: int, zone: str) -> str:
    """The calendar day of a moment (UTC seconds) in an IANA time zone, `YYYY-MM-DD`."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
