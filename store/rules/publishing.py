"""The results of the rules in the tables `exception` and `reason`: what differs is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection as Database
from sqlalchemy import text

from store.rules.journal import RowKey, rows_of
from store.rules.sql import Asked

ReasonKey = tuple[str, str, str, str, str]
"""Kind, ticket id, code, field, time entry id."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """What is stored of a reason besides its key."""

    since: int
    gate: bool
    hours: float | None
    data: str


class Published(msgspec.Struct, frozen=True, gc=False):
    """What is stored of a row besides its key."""

    since: int
    gate: bool
    psa_only: bool


class Results(msgspec.Struct):
    """One connection's results."""

    rows: dict[RowKey, Published]
    reasons: dict[ReasonKey, Reason]


def publish(
    asked: Asked, results: Results, tickets: Collection[str] | None, further: Collection[tuple[str, str]]
) -> None:
    """Writes what differs from what is published of these tickets (`None`: all), and of `further` (kind, ticket id)."""
    name = asked.connection.name

    def published(table: str, columns: str) -> Iterable[Any]:
        # Tuples, not mappings: there may be a hundred thousand.
        sql = f"SELECT {columns} FROM {table} WHERE connection = :c"
        return rows_of(asked.db, sql, name, tickets, further)

    rows = {
        (ticket, kind): Published(since, bool(gate), bool(psa_only))
        for ticket, kind, since, gate, psa_only in published(
            "exception", "ticket_id, kind, since, gate, psa_only"
        )
    }
    reasons = {
        (kind, ticket, code, field, entry): Reason(since, bool(gate), hours, data)
        for kind, ticket, code, field, entry, since, gate, hours, data in published(
            "reason", "kind, ticket_id, code, field, time_entry_id, since, gate, hours, data"
        )
    }
    _write(asked.db, "exception", ("ticket_id", "kind"), name, rows, results.rows)
    _write(
        asked.db,
        "reason",
        ("kind", "ticket_id", "code", "field", "time_entry_id"),
        name,
        reasons,
        results.reasons,
    )


def _write(
    db: Database,
    table: str,
    keys: tuple[str, ...],
    name: str,
    old: dict[Any, Any],
    new: dict[Any, Any],
) -> None:
    gone = [key for key in old if new.get(key) != old[key]]
    come = [key for key in new if old.get(key) != new[key]]
    if gone:
        where = " AND ".join(f"{key} = :{key}" for key in keys)
        db.execute(
            text(f"DELETE FROM {table} WHERE connection = :connection AND {where}"),
            [{"connection": name, **dict(zip(keys, key, strict=True))} for key in gone],
        )
    if come:
        columns = ("connection", *keys, *new[come[0]].__struct_fields__)
        values = ", ".join(f":{column}" for column in columns)
        db.execute(
            text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"),
            [
                {"connection": name, **dict(zip(keys, key, strict=True)), **msgspec.structs.asdict(new[key])}
                for key in come
            ],
        )
