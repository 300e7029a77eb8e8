"""What surrounds the lists: the numbers of the panes, how connections are doing, choices, quarantine."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from connectors.contract import Capabilities, Choice
from store.read_records import (
    ALL_OPEN,
    CodeCount,
    ConnectionView,
    PaneCount,
    QuarantineView,
    pane_number,
    pane_title,
)
from store.read_select import Selection
from store.settings import Settings
from store.shown import Shown

_BOOLS = ("active", "closed", "accepts_time", "cancelled")
_STATE = (
    "member",
    "tried_at",
    "synced_at",
    "generation",
    "error_kind",
    "error",
    "hint",
    "since_down",
    "requests",
    "usual_requests",
)


def panes(
    db: sqlite3.Connection | None,
    names: Sequence[str],
    kinds: Sequence[str],
    gates: Sequence[str] | None = None,
    hidden: Collection[tuple[str, str, str]] = (),
) -> list[PaneCount]:
    """These kinds with their two numbers, then "all open". `hidden`: (kind, connection, ticket id) that are not counted
    among the later ones, but apart."""
    found = {} if db is None else _counts(db, names, gates)
    found[ALL_OPEN] = (0, 0 if db is None else open_tickets(db, names), 0)
    away = Counter(kind for kind, connection, _ in hidden if connection in names)
    counts = []
    for kind in (*kinds, ALL_OPEN):
        must, later, psa_only = found.get(kind, (0, 0, 0))
        count = PaneCount(
            kind, pane_title(kind), pane_number(kind), must, later - away[kind], psa_only, away[kind]
        )
        counts.append(count)
    return counts


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


def _counts(
    db: sqlite3.Connection, names: Sequence[str], gates: Sequence[str] | None
) -> dict[str, tuple[int, int, int]]:
    """Kind -> must, later, and how many of later only the PSA can clear."""
    must = "e.gate"
    params: list[str] = []
    if gates is not None:
        must = (
            f"(e.kind IN ({_marks(gates)}) AND NOT e.psa_only AND EXISTS (SELECT 1 FROM reason r"
            " WHERE r.connection = e.connection AND r.ticket_id = e.ticket_id"
            " AND r.kind = e.kind AND r.gate))"
        )
        params += gates
    rows = db.execute(
        "SELECT kind, sum(must), sum(NOT must), sum(psa_only AND NOT must) FROM ("
        f" SELECT e.kind, {must} AS must, e.psa_only FROM exception e"
        f" WHERE connection IN ({_marks(names)})) GROUP BY kind",
        [*params, *names],
    )
    return {kind: (int(must), int(later), int(psa_only)) for kind, must, later, psa_only in rows}


def states(db: sqlite3.Connection | None, settings: Settings) -> list[ConnectionView]:
    """Every configured connection, in the order of the settings, also one that never synced."""
    rows = [] if db is None else db.execute("SELECT * FROM connection_state").fetchall()
    found = {row["connection"]: row for row in rows}
    return [_state(settings, name, found.get(name)) for name in settings.connections]


def _state(settings: Settings, name: str, row: sqlite3.Row | None) -> ConnectionView:
    connection = settings.connections[name]
    if row is None:
        return ConnectionView(
            connection=name,
            psa=connection.psa,
            scope=str(connection.scope),
            read_only=connection.read_only,
        )
    return ConnectionView(
        **{column: row[column] for column in _STATE},
        connection=name,
        psa=row["psa"] or connection.psa,
        title=row["title"],
        scope=row["scope"] or str(connection.scope),
        read_only=connection.read_only,
        count_confirmed=bool(row["count_confirmed"]),
        why=_sentences(row["why"]),
        remarks=_sentences(row["remarks"]),
        missing_fields=_sentences(row["missing_fields"]),
        clock_ahead=float(msgspec.json.decode(row["identity"]).get("clock_ahead") or 0.0),
        capabilities=capabilities_of(row["capabilities"]),
    )


def capabilities_of(text: str | None) -> Capabilities | None:
    """What `connection_state` holds of a PSA's capabilities; `None` before the first sync."""
    return None if text in (None, "{}") else msgspec.json.decode(text, type=Capabilities)


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(msgspec.json.decode(text, type=list[str]))


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


def quarantine(db: sqlite3.Connection, names: Sequence[str]) -> list[QuarantineView]:
    """Records that could not be read. Out of the scope is only what belongs to a ticket known to be so."""
    rows = db.execute(
        "SELECT q.connection, q.stream, q.record_id, q.path, q.problem, q.ticket_id, q.seen_at,"
        " NOT EXISTS (SELECT 1 FROM ticket t WHERE t.connection = q.connection AND NOT t.in_scope"
        "  AND t.ticket_id = coalesce(q.ticket_id, CASE WHEN q.stream LIKE 'ticket%' THEN q.record_id END)"
        " ) AS may_be_in_scope FROM quarantine q"
        f" WHERE q.connection IN ({_marks(names)}) ORDER BY q.connection, q.stream, q.record_id",
        list(names),
    )
    return [QuarantineView(**dict(row) | {"may_be_in_scope": bool(row["may_be_in_scope"])}) for row in rows]


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" for _ in values)
