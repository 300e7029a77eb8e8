"""What the answer at the end of the day stands on: the kinds' numbers, how connections are doing, quarantine."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from connectors.contract import Capabilities
from store.read_records import ConnectionView, PaneCount, QuarantineView, pane_number, pane_title
from store.settings_records import Settings

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


def kind_counts(
    db: sqlite3.Connection | None,
    names: Sequence[str],
    kinds: Sequence[str],
    gates: Sequence[str] | None = None,
    hidden: Collection[tuple[str, str, str]] = (),
) -> list[PaneCount]:
    """These kinds with their two numbers. `hidden`: (kind, connection, ticket id) that are not counted among the later
    ones, but apart."""
    found = {} if db is None else counts(db, names, gates)
    away = Counter(kind for kind, connection, _ in hidden if connection in names)
    listed = []
    for kind in kinds:
        must, later, psa_only = found.get(kind, (0, 0, 0))
        count = PaneCount(
            kind, pane_title(kind), pane_number(kind), must, later - away[kind], psa_only, away[kind]
        )
        listed.append(count)
    return listed


def counts(
    db: sqlite3.Connection, names: Sequence[str], gates: Sequence[str] | None
) -> dict[str, tuple[int, int, int]]:
    """Kind -> must, later, and how many of later only the PSA can clear. `gates` in place of `check.gates`."""
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
        f"SELECT e.kind, {must} AS must, e.psa_only, count(*) FROM exception e"
        f" WHERE e.connection || '' IN ({_marks(names)}) GROUP BY e.kind, must, e.psa_only",
        [*params, *names],
    )
    found: dict[str, tuple[int, int, int]] = {}
    for kind, counts, psa_only, many in rows:
        musts, laters, only = found.get(kind, (0, 0, 0))
        found[kind] = (
            (musts + many, laters, only) if counts else (musts, laters + many, only + many * psa_only)
        )
    return found


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
