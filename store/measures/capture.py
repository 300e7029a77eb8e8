"""The capture rate: which share of the delivered work has reached an invoice, and of the closed tickets a code.

Figures of the tickets that the cache holds: the queue's. What a PSA does not tell is unknown, not zero.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from store.measures.worth import capabilities, exact
from store.not_known import told, why_not_told


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What a span of time came to."""

    hours: Decimal
    """Of time entries that were begun in it, where the PSA tells whether they are on an invoice."""
    invoiced: Decimal
    """Those of them that are on one."""
    not_told: Decimal
    """Hours of the span of which it is not told."""
    closed: int
    """Tickets closed in it, where the PSA tells billing codes."""
    coded: int
    """Those of them with a code."""
    unknown: tuple[str, ...]
    """Sentences: what is not in the figures."""

    @property
    def rate(self) -> float | None:
        """Hours on an invoice, as a part of 1; `None`: there are none to tell of."""
        return float(self.invoiced / self.hours) if self.hours else None

    @property
    def code_rate(self) -> float | None:
        """Closed tickets with a code, as a part of 1; `None`: none was closed."""
        return self.coded / self.closed if self.closed else None


def capture(cache: sqlite3.Connection, names: Sequence[str], *, begins: int, ends: int) -> Capture:
    """The capture rates of these connections from `begins` to `ends` (UTC seconds, the second one excluded)."""
    hours = invoiced = not_told = Decimal(0)
    closed = coded = 0
    unknown: list[str] = []
    for name in names:
        can = capabilities(cache, name)
        if can is None:
            unknown.append(f"{name}: not synced yet.")
            continue
        lacks = [what for what in ("time", "invoices") if not told(can, what)]
        if lacks:
            unknown.append(f"{name}: {why_not_told(can, lacks[0])}")
        for worked, on_invoice in cache.execute(_ENTRIES, {"c": name, "begins": begins, "ends": ends}):
            if lacks or on_invoice is None:
                not_told += exact(worked)
                continue
            hours += exact(worked)
            invoiced += exact(worked) if on_invoice else 0
        if not told(can, "billing_codes") or not (can.code_on_ticket or can.code_on_time):
            unknown.append(f"{name}: {why_not_told(can, 'billing_codes')}")
            continue
        sql = _CLOSED.format(coded=_ON_TICKET if can.code_on_ticket else _ON_TIME)
        some, with_code = cache.execute(sql, {"c": name, "begins": begins, "ends": ends}).fetchone()
        closed += some
        coded += with_code
    return Capture(
        hours=hours, invoiced=invoiced, not_told=not_told, closed=closed, coded=coded, unknown=tuple(unknown)
    )


_ENTRIES = (
    "SELECT e.hours, e.invoiced FROM v_time e JOIN (SELECT ticket_id FROM v_ticket"
    " WHERE connection = :c AND in_scope AND presence = 'here') t ON t.ticket_id = e.ticket_id"
    " WHERE e.connection = :c AND e.started_at >= :begins AND e.started_at < :ends AND e.hours > 0"
)
_CLOSED = (
    "SELECT count(*), coalesce(sum({coded}), 0) FROM v_ticket t WHERE t.connection = :c AND t.in_scope"
    " AND t.presence = 'here' AND t.is_closed AND t.closed_at >= :begins AND t.closed_at < :ends"
)
_EMPTY = "(trim(coalesce({0}.billing_code, '')) = '' AND trim(coalesce({0}.billing_code_id, '')) = '')"
_ON_TICKET = f"NOT {_EMPTY.format('t')}"
_OF_IT = "FROM v_time e WHERE e.connection = t.connection AND e.ticket_id = t.ticket_id"
_ON_TIME = f"EXISTS (SELECT 1 {_OF_IT}) AND NOT EXISTS (SELECT 1 {_OF_IT} AND {_EMPTY.format('e')})"
