"""What the cache knows about billing codes, as cases for `store.suggestions`: one a ticket that has its code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from connectors.contract import Ref
from store.queue_sql import SOURCES
from store.suggestions import History, Like, Suggestion, learnt

_TIME = (
    "SELECT ticket_id, member, billing_code_id, billing_code, hours FROM time_entry t WHERE connection = :c{some}"
    " AND NOT EXISTS (SELECT 1 FROM time_overlay o WHERE o.connection = t.connection AND o.time_id = t.time_id)"
    " UNION ALL SELECT ticket_id, member, billing_code_id, billing_code, hours FROM time_overlay"
    " WHERE connection = :c{some}"
)
"""What `v_time` has of some tickets; in a grouped query of the view itself SQLite looks for them among all entries."""
_SPENT = (
    "SELECT ticket_id, code, name, max(hours) FROM (SELECT ticket_id, billing_code_id AS code, billing_code AS name,"
    f" sum(hours) AS hours FROM ({_TIME}) WHERE trim(coalesce(billing_code, '')) <> ''"
    " GROUP BY ticket_id, billing_code_id) GROUP BY ticket_id"
)
"""The code of most of a ticket's hours."""
_WORKERS = (
    "SELECT ticket_id, member, max(hours) FROM (SELECT ticket_id, member, sum(hours) AS hours"
    f" FROM ({_TIME}) GROUP BY ticket_id, member) GROUP BY ticket_id"
)
"""Who worked most on a ticket."""
_IN = "IN (SELECT value FROM json_each(:ids))"
_LIKE = "t.ticket_id, t.company_id, t.agreement_id, t.board_id, t.type, t.subtype, t.item, t.summary, t.owner"


_TICKETS = " UNION ALL ".join(
    f"SELECT {_LIKE}, nullif(trim(t.billing_code_id), '') AS code, nullif(trim(t.billing_code), '') AS name,"
    " coalesce(t.closed_at, t.updated_at, t.created_at, 0) AS at"
    f" FROM {table} t WHERE t.connection = :c AND t.presence = 'here'{further}"
    for table, further in SOURCES
)
"""What `v_ticket` has of this, without putting all of its other columns together for each ticket of the cache."""
_NEWEST_FIRST = f"SELECT * FROM ({_TICKETS}) ORDER BY at DESC, length(ticket_id) DESC, ticket_id DESC"
_AT_ONCE = 2000
"""Tickets whose hours are looked up together."""


def cases(
    db: sqlite3.Connection, connection: str, most: int | None = None
) -> Iterator[tuple[str, Like, Ref]]:
    """(ticket id, what it is like, its code) of every ticket whose code is known, in the order they were closed or
    last changed; of the newest `most` alone, if given. Overlays count: what was set here a moment ago is history.

    One ticket, one case: the code of its own, else that of most of its hours. Joined here and not in SQL: SQLite goes
    through all of the hours' tickets for each ticket of the view.
    """
    return reversed(list(islice(_newest(db, connection), most)))


def _newest(db: sqlite3.Connection, connection: str) -> Iterator[tuple[str, Like, Ref]]:
    found = db.execute(_NEWEST_FIRST, {"c": connection})
    while rows := found.fetchmany(_AT_ONCE):
        values = {"c": connection, "ids": msgspec.json.encode([row["ticket_id"] for row in rows]).decode()}
        some = f" AND ticket_id {_IN}"
        spent = {row[0]: (row[1], row[2]) for row in db.execute(_SPENT.format(some=some), values)}
        workers = {row[0]: row[1] for row in db.execute(_WORKERS.format(some=some), values)}
        for row in rows:
            code, name = spent.get(row["ticket_id"], (None, None))
            if row["name"] is None and code is None:
                continue
            code, name = row["code"] or code, row["name"] or name
            if code is not None:
                yield row["ticket_id"], _like(row, workers), Ref(str(code), name or str(code))


MOST_CASES = 10_000
"""The newest tickets that a history holds: what was usual long ago is not, and a board's past has no end."""


class Histories:
    """The history of each connection, made again when a round has been published."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, History, dict[str, tuple[Like, Ref]]]] = {}

    def suggestions(
        self, db: sqlite3.Connection, connection: str, ids: Sequence[str], *, count: int, share: float
    ) -> dict[str, Suggestion]:
        """Ticket id -> its suggested code, for those that have one. A ticket's own code does not speak for itself."""
        history, own = self._history(db, connection)
        found = {}
        for ticket_id, like in likes(db, connection, ids).items():
            said = history.suggest(like, own.get(ticket_id), count=count, share=share)
            if said is not None:
                found[ticket_id] = said
        return found

    def _history(
        self, db: sqlite3.Connection, connection: str
    ) -> tuple[History, dict[str, tuple[Like, Ref]]]:
        row = db.execute(
            "SELECT generation FROM connection_state WHERE connection = ?", (connection,)
        ).fetchone()
        generation = row[0] if row else -1
        kept = self._kept.get(connection)
        if kept is None or kept[0] != generation:
            own = {ticket_id: (like, code) for ticket_id, like, code in cases(db, connection, MOST_CASES)}
            kept = self._kept[connection] = (generation, learnt(own.values()), own)
        return kept[1], kept[2]


def likes(db: sqlite3.Connection, connection: str, ids: Sequence[str]) -> dict[str, Like]:
    """What those tickets are like."""
    values = {"c": connection, "ids": msgspec.json.encode(list(ids)).decode()}
    workers = {row[0]: row[1] for row in db.execute(_WORKERS.format(some=f" AND ticket_id {_IN}"), values)}
    rows = db.execute(f"SELECT {_LIKE} FROM v_ticket t WHERE t.connection = :c AND t.ticket_id {_IN}", values)
    return {row["ticket_id"]: _like(row, workers) for row in rows}


def _like(row: Any, workers: Mapping[str, str | None]) -> Like:  # noqa: ANN401 - a row of SQLite
    return Like(
        company=row["company_id"],
        agreement=row["agreement_id"],
        board=row["board_id"],
        type=row["type"],
        subtype=row["subtype"],
        item=row["item"],
        summary=row["summary"] or "",
        member=workers.get(row["ticket_id"]) or row["owner"],
    )
