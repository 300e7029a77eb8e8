"""TicketSQL for Request Tracker: quoting, scopes, and dates in the zone in which RT reads them.

A date in a query has to be `YYYY-MM-DD HH:MM:SS` and is read in the zone of the token's user, the server's
zone if he has none (seen on RT 5.0.3; an ISO date with `Z` is silently cut to midnight, a text that is no
date matches everything). Answers are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connectors.contract import Resolved, Unsupported

OPEN = "Status='__Active__'"
CLOSED = "Status='__Inactive__'"


def quote(text: str) -> str:
    """`text` as a TicketSQL string."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def both(*parts: str) -> str:
    """Conditions that all hold; empty ones are left out."""
    return " AND ".join(part for part in parts if part)


def of_scope(scope: Resolved) -> str:
    """Whose tickets. Raises `Unsupported` for a team, which RT does not have."""
    match scope.scope.kind:
        case "all":
            return ""
        case "board":
            return f"Queue={int(scope.id or 0)}"
        case "mine" | "owner":
            return f"Owner={quote(scope.name or '')}"
        case _:
            raise Unsupported("Request Tracker has no teams; use board:<queue> or owner:<name>.")


def of_ids(ids: Iterable[str]) -> str:
    """Those tickets. `id IN (1,2)` is refused by RT 5.0.3, so it is spelled out."""
    return "(" + " OR ".join(f"id={int(ticket_id)}" for ticket_id in ids) + ")"


class Zone(msgspec.Struct, frozen=True):
    """How RT will read a date in a query: in a known zone, or somewhere around an offset."""

    zone: tzinfo
    margin: int = 0
    """Seconds by which a date has to be earlier for RT not to read it as later than meant."""

    def text(self, at: int) -> str:
        """A date for `>` or `>=` that RT reads as `at` (UTC seconds) or a little earlier, never as later.

        Where the clocks go back, a local time stands for two moments; then the hour before is taken.
        """
        # Two days after RT's "unset" everywhere; nothing is older.
        moment = datetime.fromtimestamp(max(at - self.margin, 2 * 86400), self.zone)
        for _ in range(4):
            if moment.replace(fold=0).utcoffset() == moment.replace(fold=1).utcoffset():
                break
            moment = datetime.fromtimestamp(moment.timestamp() - 3600, self.zone)
        return moment.strftime("%Y-%m-%d %H:%M:%S")


def named_zone(name: str | None) -> Zone | None:
    """The zone of that IANA name; `None` when there is no name or it is not known here."""
    if not name:
        return None
    try:
        return Zone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return None


def near_offset(seconds: int) -> Zone:
    """A zone that was `seconds` or more east of UTC at some time of the year."""
    return Zone(UTC, margin=3600 - seconds)


def at_offset(at: int, seconds: int) -> str:
    """A date as a clock `seconds` east of UTC shows it."""
    return datetime.fromtimestamp(at + seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


ANY_ZONE = Zone(UTC, margin=12 * 3600)
"""No zone is further west: a date is never read as later than meant, by up to 26 hours as earlier."""
