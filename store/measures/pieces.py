"""Hours that leak, taken apart into time entries, so that each hour counts once whatever kinds it is in.

The SQL runs over either kind of connection (`Run`): the rules note in the journal what a fix got back with the same
words with which the screen adds up what is still open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from store.measures.worth import Piece, exact, worth
from store.settings_records import Money

KINDS = ("unbilled", "billing_code", "out_of_scope")
"""Kinds whose hours leak."""

LEAKS = ("not_invoiced", "not_covered", "time_without_code", "ticket_without_code", "closed_without_code")
"""Their reasons; what is locked for want of a code may be on an invoice as well as not."""

Run = Callable[[str, Mapping[str, str]], Iterable[Sequence[Any]]]
"""Carries out a statement with named values (`:name`) and gives the rows."""


class Leaky(msgspec.Struct, frozen=True):
    """One published reason whose hours leak."""

    kind: str
    ticket_id: str
    time_entry_id: str
    """Empty: all time on the ticket that has no code of its own."""


def pieces(run: Run, connection: str, reasons: Iterable[Leaky], money: Money) -> list[Piece]:
    """The hours behind these reasons, each once. What is on an invoice does not leak; what is locked where the PSA does
    not tell invoices may be on one, and is left out."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for one in reasons:
        kinds.setdefault((one.ticket_id, one.time_entry_id), set()).add(one.kind)
    ids = json.dumps(sorted({ticket for ticket, _ in kinds}))
    values = {"c": connection, "these": ids}
    found: list[Piece] = []
    counted: dict[str, Decimal] = {}
    for row in run(_ENTRIES, values):
        ticket_id, time_id, hours, own_code, code, own, invoiced, at, number, company = row
        counted[ticket_id] = counted.get(ticket_id, Decimal(0)) + exact(hours)
        of_it = kinds.get((ticket_id, time_id), set())
        if not own_code:
            of_it = of_it | kinds.get((ticket_id, ""), set())
        if of_it and not invoiced and exact(hours) > 0:
            found.append(
                worth(
                    money,
                    connection=connection,
                    ticket_id=ticket_id,
                    number=number,
                    company=company or "",
                    time_entry_id=time_id,
                    at=at,
                    hours=exact(hours),
                    code=code or "",
                    own=own,
                    kinds=_in_order(of_it),
                )
            )
    for ticket_id, hours, code, at, number, company in run(_TICKETS, values):
        of_it = kinds.get((ticket_id, ""), set())
        rest = exact(hours or 0) - counted.get(ticket_id, Decimal(0))
        if of_it and rest > 0:
            found.append(
                worth(
                    money,
                    connection=connection,
                    ticket_id=ticket_id,
                    number=number,
                    company=company or "",
                    time_entry_id="",
                    at=at,
                    hours=rest,
                    code=code or "",
                    own=None,
                    kinds=_in_order(of_it),
                )
            )
    return sorted(found, key=lambda one: (one.ticket_id, one.time_entry_id))


def _in_order(kinds: set[str]) -> tuple[str, ...]:
    return tuple(kind for kind in KINDS if kind in kinds)


_IN = "IN (SELECT value FROM json_each(:these))"
_CODE = "coalesce(nullif(trim(e.billing_code), ''), nullif(trim(e.billing_code_id), ''))"
_ENTRIES = (
    f"SELECT e.ticket_id, e.time_id, e.hours, {_CODE}, coalesce({_CODE}, t.billing_code), e.rate,"
    " e.invoiced OR (e.invoiced IS NULL AND e.locked), coalesce(e.started_at, e.ended_at, e.entered_at),"
    " t.number, t.company"
    " FROM v_time e JOIN (SELECT ticket_id, number, company, billing_code FROM v_ticket"
    f" WHERE connection = :c AND ticket_id {_IN}) t ON t.ticket_id = e.ticket_id"
    f" WHERE e.connection = :c AND e.ticket_id {_IN}"
)
_TICKETS = (
    "SELECT ticket_id, hours, billing_code, coalesce(closed_at, created_at), number, company FROM v_ticket"
    f" WHERE connection = :c AND ticket_id {_IN}"
)


def week_of(at: int | None, zone: ZoneInfo) -> str:
    """The ISO week of a moment, `2026-W47`; empty where the moment is not known."""
    if at is None:
        return ""
    year, week, _ = datetime.fromtimestamp(at, UTC).astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"
