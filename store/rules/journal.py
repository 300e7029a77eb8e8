"""What the rules keep durably: when a reason was first seen, and when an exception opened and cleared.

Written before the results are published, and so that doing it again changes nothing: after a crash between
the two databases the next evaluation finishes the work.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection as Database
from sqlalchemy import text

SeenKey = tuple[str, str, str, str]
"""Ticket id, kind, code, field."""

RowKey = tuple[str, str]
"""Ticket id, kind."""

_LOOKED_AT = ("", "ticket", "")
"""Kind, code and field of the mark that a ticket of the first sync has been evaluated once."""

_CARD_REACH = 2 * 86400
"""Seconds within which a changed card clears the contact's other tickets: a day's full pull reads the last of them."""

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
    further: Collection[tuple[str, str]] = (),
    now: int,
) -> dict[SeenKey, int]:
    """When each wanted reason was first seen. New ones are noted, those that no longer hold are forgotten.

    `wanted` gives the time to note for a ticket of the first sync (`came_first`) that is evaluated for the
    first time; anything else that is new is first seen now. Forgotten are reasons of the `settled` tickets:
    those evaluated that have no open change, since a change that fails brings its reason back as it was.
    `tickets`: those under evaluation, `None` for all; `further`: (kind, ticket id) of others, on which only that kind
    is looked for. `unsettled`: kinds of which nothing is known now.
    """
    sql = "SELECT ticket_id, kind, code, field, first_seen FROM first_seen WHERE connection = :c"
    rows = rows_of(journal, sql, connection, tickets, further)
    known: dict[SeenKey, int] = {(ticket, kind, code, field): at for ticket, kind, code, field, at in rows}
    fresh = {ticket for ticket in came_first if (ticket, *_LOOKED_AT) not in known}
    new = {key: at if key[0] in fresh else now for key, at in wanted.items() if key not in known}
    done = fresh if tickets is None else fresh.intersection(tickets)
    _note(journal, connection, new | {(ticket, *_LOOKED_AT): now for ticket in done})
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


def open_rows(
    journal: Database,
    connection: str,
    tickets: Collection[str] | None,
    further: Collection[tuple[str, str]] = (),
) -> dict[RowKey, int]:
    """Exceptions that opened and have not cleared, of these tickets and of `further` (kind, ticket id): (ticket id,
    kind) -> when it opened."""
    sql = "SELECT ticket_id, kind, opened_at FROM history WHERE connection = :c AND cleared_at IS NULL"
    rows = rows_of(journal, sql, connection, tickets, further)
    return {(ticket, kind): opened_at for ticket, kind, opened_at in rows}


def rows_of(
    database: Database,
    sql: str,
    connection: str,
    tickets: Collection[str] | None,
    further: Collection[tuple[str, str]],
) -> Iterable[Any]:
    """Rows, as tuples, of a connection or of some of its tickets, and of some kinds on further tickets."""
    if tickets is None:
        return database.execute(text(sql), {"c": connection})
    some = "SELECT value FROM json_each(:some)"
    values = {"c": connection, "some": json.dumps(list(tickets))}
    rows = database.execute(text(f"{sql} AND ticket_id IN ({some})"), values)
    if not further:
        return rows
    pairs = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:some)"
    values = {"c": connection, "some": json.dumps(list(further))}
    return chain(rows, database.execute(text(f"{sql} AND (kind, ticket_id) IN ({pairs})"), values))


class Facts(NamedTuple):
    """What the history keeps of a ticket, and whose card it shows."""

    company: str | None = None
    board: str | None = None
    type: str | None = None
    contact_id: str | None = None


def facts_of(cache: Database, connection: str, tickets: Collection[str]) -> dict[str, Facts]:
    """The facts of these tickets, of those that the cache has."""
    found: dict[str, Facts] = {}
    sql = (
        "SELECT ticket_id, company, board, type, contact_id FROM v_ticket WHERE connection = :c"
        " AND ticket_id IN (SELECT value FROM json_each(:some))"
    )
    values = {"c": connection, "some": json.dumps(sorted(tickets))}
    for ticket, *facts in cache.execute(text(sql), values) if tickets else ():
        found[ticket] = Facts(*facts)
    return found


def keep_history(
    journal: Database,
    connection: str,
    *,
    opened: Mapping[RowKey, int],
    cleared: Collection[RowKey],
    now: int,
    facts: Mapping[str, Facts],
    on_the_card: Collection[str] = (),
) -> None:
    """Notes exceptions that opened (with their `since`) and those that cleared, with what `facts` says of the tickets.

    Cleared by the newest change of the ticket that is not yet settled, if there is one; missing fields also by a change
    of the contact's card that was made on another ticket (`on_the_card`: the fields that are there); else by itself
    or in the PSA.
    """
    if opened:
        journal.execute(
            text(
                "INSERT INTO history (connection, ticket_id, kind, since, opened_at, company, board, type)"
                " VALUES (:connection, :ticket_id, :kind, :since, :now, :company, :board, :type)"
            ),
            [_row(connection, key, now, facts) | {"since": since} for key, since in opened.items()],
        )
    if cleared:
        journal.execute(
            text(
                "UPDATE history SET cleared_at = :now, company = coalesce(:company, company),"
                " board = coalesce(:board, board), type = coalesce(:type, type),"
                f" cleared_by = coalesce(({_OWN}), ({_by_card(on_the_card)}))"
                " WHERE connection = :connection AND ticket_id = :ticket_id AND kind = :kind"
                " AND cleared_at IS NULL"
            ),
            [_row(connection, key, now, facts) | {"card_since": now - _CARD_REACH} for key in cleared],
        )


_OWN = (
    "SELECT c.change FROM change c WHERE c.connection = :connection AND c.ticket_id = :ticket_id"
    f" AND c.settled_at IS NULL AND c.state IN {CLEARING} ORDER BY c.seq DESC LIMIT 1"
)


def _by_card(fields: Collection[str]) -> str:
    """The newest confirmed change of the same contact's card, made on another ticket while the row was open."""
    if not fields:
        return "NULL"
    sets = " OR ".join(f"json_type(c.fix, '$.fields.{field}') IS NOT NULL" for field in sorted(fields))
    return (
        "SELECT c.change FROM change c WHERE :kind = 'missing_fields' AND :contact_id IS NOT NULL"
        " AND c.connection = :connection AND c.state = 'confirmed' AND c.undone_by IS NULL"
        " AND c.confirmed_at >= history.opened_at AND c.confirmed_at >= :card_since"
        f" AND json_extract(c.ticket, '$.contact_id') = :contact_id AND ({sets})"
        " ORDER BY c.seq DESC LIMIT 1"
    )


def _row(connection: str, key: RowKey, now: int, facts: Mapping[str, Facts]) -> dict[str, Any]:
    ticket, kind = key
    values = {"connection": connection, "ticket_id": ticket, "kind": kind, "now": now}
    return values | facts.get(ticket, Facts())._asdict()
