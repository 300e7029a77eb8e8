"""Keeps the cache in order: cursors, a connection's state, quarantine, roles of statuses, retention."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy import Connection as Cache

from connectors.contract import Odd, Resolved, TicketRecord
from store.cache_writes import upsert
from store.models import QuarantineRow
from store.queue_sql import CLOSED_ROLE, PLAIN
from store.settings import Connection, Settings

_IN = "IN (SELECT value FROM json_each(:ids))"

OF_A_CONNECTION = (
    "ticket",
    "ticket_overlay",
    "note",
    "note_overlay",
    "time_entry",
    "time_overlay",
    "ticket_parent",
    "parent_overlay",
    "ticket_custom",
    "custom_overlay",
    "file",
    "files_due",
    "choice",
    "status_role",
    "exception",
    "reason",
    "rule_group",
    "rule_due",
    "rule_life",
    "rule_dirty",
    "rule_problem",
    "stream",
    "connection_state",
    "quarantine",
)
"""Every table of the cache; all of them have a column `connection`."""

_OF_A_TICKET = (
    "ticket",
    "note",
    "time_entry",
    "ticket_parent",
    "ticket_custom",
    "file",
    "files_due",
    "quarantine",
    "rule_group",
    "rule_due",
    "rule_life",
)
"""Tables whose rows go with their ticket."""


# ---------------------------------------------------------------- cursors and marks


def mark(cache: Cache, connection: str, name: str, value: str, saved_at: int) -> None:
    """Keeps a cursor, or when something was last done and with what (`stream`)."""
    cache.exec_driver_sql(
        upsert("stream", ("connection", "name", "cursor", "saved_at"), ("connection", "name")),
        {"connection": connection, "name": name, "cursor": value, "saved_at": saved_at},
    )


def says(cache: Cache, connection: str, name: str, value: str) -> bool:
    """Whether the mark is there and has this value; for marks whose moment does not matter."""
    known = marked(cache, connection, name)
    return known is not None and known[0] == value


def marked(cache: Cache, connection: str, name: str) -> tuple[str, int] | None:
    """(value, saved_at) of a mark, or `None`."""
    row = cache.exec_driver_sql(
        "SELECT cursor, saved_at FROM stream WHERE connection = ? AND name = ?", (connection, name)
    ).one_or_none()
    return None if row is None else (row.cursor, row.saved_at)


def set_state(cache: Cache, connection: str, **values: Any) -> None:  # noqa: ANN401 (columns of one table)
    """Sets columns of the connection's state; the row is made when there is none."""
    cache.exec_driver_sql(
        "INSERT OR IGNORE INTO connection_state (connection, psa, title, scope, generation, requests,"
        " count_confirmed, why, remarks, missing_fields, identity, capabilities)"
        " VALUES (?, '', '', '', 0, 0, 0, '[]', '[]', '[]', '{}', '{}')",
        (connection,),
    )
    cache.exec_driver_sql(
        f"UPDATE connection_state SET {', '.join(f'{name} = :{name}' for name in values)}"
        " WHERE connection = :connection",
        {**values, "connection": connection},
    )


# ---------------------------------------------------------------- quarantine


def quarantine(cache: Cache, connection: str, odd: Iterable[Odd], seen_at: int) -> None:
    """Keeps records that could not be read; a record is there once per stream."""
    rows = [
        {
            "connection": connection,
            "stream": one.stream,
            "record_id": one.record_id,
            "path": one.path,
            "problem": one.problem,
            "ticket_id": one.ticket_id,
            "seen_at": seen_at,
        }
        for one in odd
    ]
    if rows:
        columns = tuple(QuarantineRow.model_fields)
        cache.exec_driver_sql(upsert("quarantine", columns, ("connection", "stream", "record_id")), rows)


def release_tickets(cache: Cache, connection: str, ticket_ids: Iterable[str]) -> None:
    """Those tickets were read without fault: their records leave quarantine."""
    _release(cache, connection, f"stream LIKE 'ticket%' AND record_id {_IN}", ticket_ids)


def release_notes(cache: Cache, connection: str, ticket_ids: Iterable[str]) -> None:
    """The conversations of those tickets were read anew; what is odd in them now comes in again."""
    _release(
        cache,
        connection,
        f"stream NOT LIKE 'ticket%' AND stream NOT LIKE 'time%' AND ticket_id {_IN}",
        ticket_ids,
    )


def release_time(cache: Cache, connection: str, ticket_ids: Iterable[str]) -> None:
    """The time entries of those tickets were read anew."""
    _release(cache, connection, f"stream LIKE 'time%' AND ticket_id {_IN}", ticket_ids)


def _release(cache: Cache, connection: str, which: str, ids: Iterable[str]) -> None:
    cache.exec_driver_sql(
        f"DELETE FROM quarantine WHERE connection = :connection AND {which}",
        {"connection": connection, "ids": json.dumps(list(ids))},
    )


def release_unseen(cache: Cache, connection: str, since: int) -> None:
    """After a complete pull: odd tickets that did not come up in it are no longer in the way."""
    cache.exec_driver_sql(
        "DELETE FROM quarantine WHERE connection = ? AND stream LIKE 'ticket%' AND seen_at < ?",
        (connection, since),
    )


# ---------------------------------------------------------------- settings seen by the views


def store_roles(cache: Cache, connection: Connection) -> None:
    """Puts what the settings say about statuses where the views see it."""
    wanted = _roles(connection)
    if wanted != _stored_roles(cache, connection):
        cache.exec_driver_sql("DELETE FROM status_role WHERE connection = ?", (connection.name,))
        for role, status in sorted(wanted):
            cache.exec_driver_sql(
                "INSERT INTO status_role (connection, role, status) VALUES (?, ?, ?)",
                (connection.name, role, status),
            )


def has_roles(cache: Cache, connection: Connection) -> bool:
    """Whether the views see what the settings say about statuses."""
    return _roles(connection) == _stored_roles(cache, connection)


def _roles(connection: Connection) -> set[tuple[str, str]]:
    roles = {
        "closed": connection.closed_statuses,
        "child": connection.child_statuses,
        "responded": connection.responded_statuses,
        "closing": connection.closing_statuses,
        "waiting": connection.waiting_statuses,
    }
    return {(role, name.casefold()) for role, names in roles.items() for name in names}


def _stored_roles(cache: Cache, connection: Connection) -> set[tuple[str, str]]:
    rows = cache.exec_driver_sql(
        "SELECT role, status FROM status_role WHERE connection = ?", (connection.name,)
    )
    return {(row.role, row.status) for row in rows}


def rescope(cache: Cache, connection: str, scope: Resolved) -> None:
    """Says anew for every ticket that is here whether it is in the scope (after the scope has changed)."""
    changed = []
    for row in cache.exec_driver_sql(
        "SELECT ticket_id, number, board_id, team_id, owner_id, resources, merged_into, in_scope"
        " FROM ticket WHERE connection = ? AND presence = 'here'",
        (connection,),
    ):
        ticket = TicketRecord(
            ticket_id=row.ticket_id,
            number=row.number,
            board_id=row.board_id,
            team_id=row.team_id,
            owner_id=row.owner_id,
            resources=row.resources,
        )
        holds = scope.holds(ticket)
        if holds != bool(row.in_scope):
            changed.append((holds, connection, row.ticket_id))
    if changed:
        cache.exec_driver_sql(
            "UPDATE ticket SET in_scope = ? WHERE connection = ? AND ticket_id = ?", changed
        )


# ---------------------------------------------------------------- what goes away


def retire(cache: Cache, connection: str, settings: Settings, now: int) -> int:
    """Deletes tickets past `cache.retention`: closed, or out of the scope, and in nobody's way.

    What is in the queue, has open changes, or is the parent of a ticket that stays, stays. How many went.
    Choices that belong to a company (its people, its agreements) go when they were not read for as long.
    """
    edge = now - max(settings.retention, settings.rules.largest_window)
    ids = cast(
        "Sequence[str]",
        cache.exec_driver_sql(
            f"""
            SELECT t.ticket_id FROM ticket t
            WHERE t.connection = :connection
                AND max(coalesce(t.closed_at, 0), coalesce(t.updated_at, t.created_at, 0)) < :edge
                AND (t.closed OR NOT t.in_scope OR {CLOSED_ROLE})
                AND NOT coalesce(t.in_scope AND t.customer_flag, 0)
                AND {PLAIN}
                AND NOT EXISTS (SELECT 1 FROM ticket_parent l
                    WHERE l.connection = t.connection AND l.parent_id = t.ticket_id)
            """,
            {"connection": connection, "edge": edge},
        )
        .scalars()
        .all(),
    )
    if ids:
        of = {"connection": connection, "ids": json.dumps(list(ids))}
        for table in _OF_A_TICKET:
            cache.exec_driver_sql(
                f"DELETE FROM {table} WHERE connection = :connection AND ticket_id {_IN}", of
            )
    cache.exec_driver_sql(
        "DELETE FROM choice WHERE connection = ? AND company_id <> '' AND read_at < ?",
        (connection, now - settings.retention),
    )
    return len(ids)


def forget(cache: Cache, connection: str) -> None:
    """Deletes everything that the cache holds of one connection (`disconnect`, another PSA's address)."""
    for table in OF_A_CONNECTION:
        cache.exec_driver_sql(f"DELETE FROM {table} WHERE connection = ?", (connection,))
