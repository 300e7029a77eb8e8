"""How a connection is used, as its cache knows: boards, statuses, owners, required fields that nobody fills."""

from __future__ import annotations

import sqlite3

from store.setup_records import FieldUse, NotesSeen, SetupUse
from store.ticket_fields import value_sql

LEAST_TICKETS = 10
"""So many open tickets have to lack a field before it is said that nobody fills it."""

_QUEUE = "FROM v_ticket t WHERE t.connection = ? AND t.in_scope AND t.presence = 'here' AND NOT t.is_closed"

_BOARDS = f"""
    SELECT board_id, max(coalesce(board, board_id)) {_QUEUE} AND board_id IS NOT NULL
    GROUP BY board_id ORDER BY count(*) DESC, board_id
"""
_STATUSES = f"SELECT status_key, count(*) {_QUEUE} GROUP BY status_key"
_OWNERS = f"SELECT count(DISTINCT coalesce(owner_id, owner)) {_QUEUE}"
_MISSED = """
    SELECT field, count(*) FROM reason WHERE connection = ? AND kind = 'missing_fields' AND code = 'missing'
    GROUP BY field HAVING count(*) >= ? ORDER BY field
"""


SAME_MOMENT = 5
"""Seconds between a note and the ticket's last update that count as one event."""

_NOTES = f"""
    WITH spoken AS (
        SELECT t.ticket_id, t.updated_at, t.read_at,
               max(n.created_at) AS newest,
               max(CASE WHEN n.public AND n.psa_speaker = 'customer' THEN n.created_at END) AS customers
        FROM ticket t JOIN note n ON n.connection = t.connection AND n.ticket_id = t.ticket_id
        WHERE t.connection = ? AND t.in_scope AND t.presence = 'here' AND t.notes_read_at IS NOT NULL
          AND t.updated_at IS NOT NULL
        GROUP BY t.ticket_id
    )
    SELECT coalesce(sum(customers = newest AND abs(updated_at - customers) <= {SAME_MOMENT}), 0),
           coalesce(sum(newest > updated_at + {SAME_MOMENT} AND newest < read_at - {SAME_MOMENT}), 0),
           count(*)
    FROM spoken
"""


def setup_use(db: sqlite3.Connection, connection: str) -> SetupUse:
    """All of it, of the open tickets in the scope."""
    (total,) = db.execute(f"SELECT count(*) {_QUEUE}", (connection,)).fetchone()
    (owners,) = db.execute(_OWNERS, (connection,)).fetchone()
    return SetupUse(
        open=total,
        boards=tuple((row[0], row[1]) for row in db.execute(_BOARDS, (connection,))),
        statuses={row[0]: row[1] for row in db.execute(_STATUSES, (connection,))},
        owners=owners,
        never_filled=tuple(
            FieldUse(field, count)
            for field, count in db.execute(_MISSED, (connection, LEAST_TICKETS)).fetchall()
            if not _filled(db, connection, field)
        ),
        notes=NotesSeen(*db.execute(_NOTES, (connection,)).fetchone()),
    )


def _filled(db: sqlite3.Connection, connection: str, field: str) -> bool:
    """Whether an open ticket has the field. A placeholder counts as missing, by the rules' own word."""
    values: list[str] = [connection]
    if field.startswith("custom:"):
        has = (
            "EXISTS (SELECT 1 FROM v_custom c WHERE c.connection = t.connection AND c.ticket_id = t.ticket_id"
            " AND c.name = ? AND trim(coalesce(c.value, '')) <> '')"
        )
        values.append(field.removeprefix("custom:"))
    else:
        has = f"trim(coalesce({value_sql(field)}, '')) <> ''"
    missed = (
        "EXISTS (SELECT 1 FROM reason r WHERE r.connection = t.connection AND r.ticket_id = t.ticket_id"
        " AND r.kind = 'missing_fields' AND r.code = 'missing' AND r.field = ?)"
    )
    row = db.execute(f"SELECT 1 {_QUEUE} AND {has} AND NOT {missed} LIMIT 1", [*values, field]).fetchone()
    return row is not None
