"""What the rules keep durably: when a reason was first seen, and when an exception opened and cleared.

Written before the results are published, and so that doing it again changes nothing: after a crash between
the two databases the next evaluation finishes the work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import text

SeenKey = tuple[str, str, str, str]
"""Ticket id, kind, code, field."""

RowKey = tuple[str, str]
"""Ticket id, kind."""

_LOOKED_AT = ("", "ticket", "")
"""Kind, code and field of the mark that a ticket of the first sync has been evaluated once."""

CLEARING = "('held', 'queued', 'sending', 'uncertain', 'confirmed')"


def first_seen(
    journal: Database,
    connection: str,
    wanted: Mapping[SeenKey, int],
    *,
    came_first: Collection[str],
    settled: Collection[str],
    tickets: Collection[str] | None,
    unsettled: Collection[str] = (),
    now: int,
) -> dict[SeenKey, int]:
    """When each wanted reason was first seen. New ones are noted, those that no longer hold are forgotten.

    `wanted` gives the time to note for a ticket of the first sync (`came_first`) that is evaluated for the
    first time; anything else that is new is first seen now. Forgotten are reasons of the `settled` tickets:
    those evaluated that have no open change, since a change that fails brings its reason back as it was.
    `tickets`: those under evaluation, `None` for all. `unsettled`: kinds of which nothing is known now.
    """
    sql = "SELECT ticket_id, kind, code, field, first_seen FROM first_seen WHERE connection = :c"
    rows = _of(journal, sql, connection, tickets)
    known: dict[SeenKey, int] = {(ticket, kind, code, field): at for ticket, kind, code, field, at in rows}
    fresh = {ticket for ticket in came_first if (ticket, *_LOOKED_AT) not in known}
    new = {key: at if key[0] in fresh else now for key, at in wanted.items() if key not in known}
    _note(journal, connection, new | {(ticket, *_LOOKED_AT): now for ticket in fresh})
    settled = set(settled)
    stale = [
        key
        for key in known
        if key[0] in settled and key not in wanted and key[1:] != _LOOKED_AT and key[1] not in unsettled
    ]
    _forget(journal, connection, stale)
    return new | {key: known[key] for key in wanted if key in known}


def _note(journal: Database, connection: str, new: Mapping[SeenKey, int]) -> None:
    sql = (
        "INSERT INTO first_seen (connection, ticket_id, kind, code, field, first_seen)"
        " VALUES (:connection, :ticket_id, :kind, :code, :field, :at)"
    )
    rows = [_key(connection, key) | {"at": at} for key, at in new.items()]
    if rows:
        journal.execute(text(sql), rows)


def _forget(journal: Database, connection: str, keys: Collection[SeenKey]) -> None:
    sql = (
        "DELETE FROM first_seen WHERE connection = :connection AND ticket_id = :ticket_id"
        " AND kind = :kind AND code = :code AND field = :field"
    )
    if keys:
        journal.execute(text(sql), [_key(connection, key) for key in keys])


def _key(connection: str, key: SeenKey) -> dict[str, Any]:
    return {
        "connection": connection,
        "ticket_id": key[0],
        "kind": key[1],
        "code": key[2],
        "field": key[3],
    }


# ---------------------------------------------------------------- history


def open_rows(journal: Database, connection: str, tickets: Collection[str] | None) -> dict[RowKey, int]:
    """Exceptions that opened and have not cleared: (ticket id, kind) -> when it opened."""
    sql = "SELECT ticket_id, kind, opened_at FROM history WHERE connection = :c AND cleared_at IS NULL"
    rows = _of(journal, sql, connection, tickets)
    return {(ticket, kind): opened_at for ticket, kind, opened_at in rows}


def _of(journal: Database, sql: str, connection: str, tickets: Collection[str] | None) -> Iterable[Any]:
    """Rows, as tuples, of a connection or of some of its tickets (which are few)."""
    if tickets is None:
        return journal.execute(text(sql), {"c": connection})
    names = {f"t{place}": ticket for place, ticket in enumerate(tickets)}
    some = ", ".join(f":{name}" for name in names)
    return journal.execute(text(f"{sql} AND ticket_id IN ({some})"), {"c": connection, **names})


def keep_history(
    journal: Database,
    connection: str,
    *,
    opened: Mapping[RowKey, int],
    cleared: Collection[RowKey],
    now: int,
) -> None:
    """Notes exceptions that opened (with their `since`) and those that cleared.

    Cleared by the newest change of the ticket that is not yet settled, if there is one; else by itself or
    in the PSA.
    """
    if opened:
        journal.execute(
            text(
                "INSERT INTO history (connection, ticket_id, kind, since, opened_at)"
                " VALUES (:connection, :ticket_id, :kind, :since, :now)"
            ),
            [
                {"connection": connection, "ticket_id": ticket, "kind": kind, "since": since, "now": now}
                for (ticket, kind), since in opened.items()
            ],
        )
    if cleared:
        journal.execute(
            text(
                "UPDATE history SET cleared_at = :now, cleared_by = (SELECT c.change FROM change c"
                " WHERE c.connection = :connection AND c.ticket_id = :ticket_id AND c.settled_at IS NULL"
                f" AND c.state IN {CLEARING} ORDER BY c.seq DESC LIMIT 1)"
                " WHERE connection = :connection AND ticket_id = :ticket_id AND kind = :kind"
                " AND cleared_at IS NULL"
            ),
            [
                {"connection": connection, "ticket_id": ticket, "kind": kind, "now": now}
                for ticket, kind in cleared
            ],
        )
