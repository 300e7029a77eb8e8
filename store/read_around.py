"""What surrounds the lists: the numbers of the panes, how connections are doing, choices, quarantine."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from connectors.contract import Choice
from store.read_records import (
    ALL_OPEN,
    CodeCount,
    PaneCount,
    pane_number,
    pane_title,
)
from store.read_select import Selection
from store.read_states import kind_counts
from store.shown import Shown

_BOOLS = ("active", "closed", "accepts_time", "cancelled")


def panes(
    db: sqlite3.Connection | None,
    names: Sequence[str],
    kinds: Sequence[str],
    gates: Sequence[str] | None = None,
    hidden: Collection[tuple[str, str, str]] = (),
) -> list[PaneCount]:
    """These kinds with their two numbers (`read_states.kind_counts`), then "all open"."""
    everything = 0 if db is None else open_tickets(db, names)
    away = sum(kind == ALL_OPEN and connection in names for kind, connection, _ in hidden)
    last = PaneCount(ALL_OPEN, pane_title(ALL_OPEN), pane_number(ALL_OPEN), 0, everything - away, 0, away)
    return [*kind_counts(db, names, kinds, gates, hidden), last]


def panes_shown(lists: Selection, whole: Selection, shown: Shown, kinds: Sequence[str]) -> list[PaneCount]:
    """The same for a part of the scope. `whole`: the lists with what is hidden for a while."""
    kinds = (*kinds, ALL_OPEN)
    found = lists.numbers(kinds, "", shown)
    everything = whole.numbers(kinds, "", shown) if lists.hidden else found
    counts = []
    for kind in kinds:
        must, later = found.get(kind, (0, 0))
        away = sum(everything.get(kind, (0, 0))) - must - later
        counts.append(PaneCount(kind, pane_title(kind), pane_number(kind), must, later, 0, away))
    return counts


def open_tickets(db: sqlite3.Connection, names: Sequence[str]) -> int:
    """Open tickets in the scope."""
    query = f"SELECT count(*) FROM v_queue WHERE connection IN ({_marks(names)})"
    return int(db.execute(query, list(names)).fetchone()[0])


def choices(
    db: sqlite3.Connection,
    connection: str,
    kind: str,
    *,
    board_id: str | None,
    company_id: str | None,
    inactive: bool,
) -> list[Choice]:
    """Cached values of a field that are valid on this board and for this company, in the PSA's order."""
    rows = db.execute(
        "SELECT * FROM choice WHERE connection = ? AND kind = ? AND board_id IN ('', ?)"
        " AND company_id IN ('', ?) AND (active OR ?) ORDER BY position, name, id",
        (connection, kind, board_id or "", company_id or "", inactive),
    )
    return [_choice(row) for row in rows]


def choices_read_at(
    db: sqlite3.Connection, connection: str, kind: str, *, board_id: str | None, company_id: str | None
) -> int | None:
    """When the oldest of these values was last read from the PSA, UTC seconds; `None`: there are none."""
    row = db.execute(
        "SELECT min(read_at) FROM choice WHERE connection = ? AND kind = ? AND board_id IN ('', ?)"
        " AND company_id IN ('', ?) AND active",
        (connection, kind, board_id or "", company_id or ""),
    ).fetchone()
    return None if row is None else row[0]


def _choice(row: sqlite3.Row) -> Choice:
    values: dict[str, Any] = {name: row[name] for name in Choice.__struct_fields__}
    values |= {name: bool(row[name]) for name in _BOOLS}
    values |= {name: row[name] or None for name in ("board_id", "company_id")}
    return Choice(**values)


def usual_codes(db: sqlite3.Connection, connection: str, company_id: str) -> list[CodeCount]:
    """Billing codes on the company's tickets and their time entries, the most used first."""
    rows = db.execute(
        "WITH theirs AS (SELECT ticket_id, billing_code_id, billing_code FROM v_ticket"
        "  WHERE connection = :c AND company_id = :company)"
        " SELECT code, name, count(*) FROM ("
        "  SELECT billing_code_id AS code, billing_code AS name FROM theirs"
        "  UNION ALL SELECT billing_code_id, billing_code FROM v_time"
        "  WHERE connection = :c AND ticket_id IN (SELECT ticket_id FROM theirs))"
        " WHERE trim(coalesce(name, '')) <> '' GROUP BY code, name ORDER BY count(*) DESC, name",
        {"c": connection, "company": company_id},
    )
    return [CodeCount(*row) for row in rows]


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" for _ in values)
