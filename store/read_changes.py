"""The outbox as it is shown: changes in the order made."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from connectors.contract import Fix, Ref
from store.read_records import ChangeView

OPEN_STATES = ("held", "queued", "sending", "conflict", "rejected", "uncertain")
"""States of a change that is neither confirmed nor given up: these keep zero from being known."""


def changes(
    db: sqlite3.Connection | None,
    connections: list[str],
    *,
    everything: bool = False,
    ticket_id: str | None = None,
    others: bool = False,
) -> tuple[ChangeView, ...]:
    """Changes of the outbox in the order made; without `everything` only those still open. `others`: those of
    all connections but these."""
    if db is None:
        return ()
    which = "NOT IN" if others else "IN"
    query = f"SELECT * FROM change WHERE connection {which} ({', '.join('?' for _ in connections)})"
    params: list[str] = list(connections)
    if not everything:
        query += f" AND state IN ({', '.join('?' for _ in OPEN_STATES)})"
        params += OPEN_STATES
    if ticket_id is not None:
        query += " AND ticket_id = ?"
        params.append(ticket_id)
    return tuple(_change(row) for row in db.execute(query + " ORDER BY seq", params))


_SAME = (
    "change",
    "connection",
    "ticket_id",
    "number",
    "summary",
    "company",
    "verb",
    "state",
    "attempts",
    "error",
    "hint",
    "created_at",
    "due_at",
    "next_try_at",
    "sent_at",
    "confirmed_at",
    "because",
    "undo_of",
    "undone_by",
)


def _change(row: sqlite3.Row) -> ChangeView:
    fix = msgspec.json.decode(row["fix"], type=Fix)
    values: dict[str, Any] = {name: _plain(value) for name, value in fix.fields.items()}
    values |= {f"entry:{id}": _plain(code) for id, code in fix.entries.items()}
    was: dict[str, Any] = {name: _plain(value) for name, value in fix.was.items()}
    was |= {f"entry:{id}": _plain(code) for id, code in fix.entries_was.items()}
    if fix.reply is not None:
        values["reply"] = fix.reply
    if fix.note is not None:
        values["note"] = fix.note
    if fix.time is not None:
        values["time"] = msgspec.to_builtins(fix.time)
    return ChangeView(
        **{name: row[name] for name in _SAME},
        values=values,
        was=was,
        detail=msgspec.json.decode(row["detail"]),
        wrote=bool(row["wrote"]),
        # A journal that no writer of this version has opened yet has no such column.
        batch=row["batch"] if "batch" in row.keys() else None,  # noqa: SIM118 (a Row is no dict)
    )


def _plain(value: object) -> object:
    """A reference by its name, which is what people know."""
    return value.name if isinstance(value, Ref) else value
