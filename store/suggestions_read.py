"""What the cache knows about billing codes, as cases for `store.suggestions`: one a ticket that has its code."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Ref
from store.suggestions import History, Like, Suggestion, learnt

_WORKED = (
    # One ticket, one case: the code of its own, else that of most of its hours.
    "WITH spent AS (SELECT ticket_id, billing_code_id AS code, billing_code AS name, sum(hours) AS hours, max(member)"
    "  AS member FROM v_time WHERE connection = :c AND trim(coalesce(billing_code, '')) <> ''"
    "  GROUP BY ticket_id, billing_code_id),"
    " most AS (SELECT ticket_id, code, name, member, max(hours) FROM spent GROUP BY ticket_id),"
    " worker AS (SELECT ticket_id, member, max(hours) FROM (SELECT ticket_id, member, sum(hours) AS hours FROM v_time"
    "  WHERE connection = :c GROUP BY ticket_id, member) GROUP BY ticket_id)"
)
_IN = "IN (SELECT value FROM json_each(:ids))"
_LIKE = (
    "t.ticket_id, t.company_id, t.agreement_id, t.board_id, t.type, t.subtype, t.item, t.summary,"
    " coalesce(w.member, t.owner) AS member"
)


def cases(db: sqlite3.Connection, connection: str) -> Iterator[tuple[str, Like, Ref]]:
    """(ticket id, what it is like, its code) of every ticket whose code is known, in the order they were closed or
    last changed. Overlays count: what was set here a moment ago is history."""
    rows = db.execute(
        f"{_WORKED} SELECT {_LIKE}, coalesce(nullif(trim(t.billing_code_id), ''), m.code) AS code,"
        " coalesce(nullif(trim(t.billing_code), ''), m.name) AS name"
        " FROM v_ticket t LEFT JOIN most m USING (ticket_id) LEFT JOIN worker w USING (ticket_id)"
        " WHERE t.connection = :c AND t.presence = 'here'"
        " AND (trim(coalesce(t.billing_code, '')) <> '' OR m.code IS NOT NULL)"
        " ORDER BY coalesce(t.closed_at, t.updated_at, t.created_at, 0), length(t.ticket_id), t.ticket_id",
        {"c": connection},
    )
    for row in rows:
        if row["code"] is not None:
            yield row["ticket_id"], _like(row), Ref(str(row["code"]), row["name"] or str(row["code"]))


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
            own = {
                ticket_id: (like, code) for ticket_id, like, code in deque(cases(db, connection), MOST_CASES)
            }
            kept = self._kept[connection] = (generation, learnt(own.values()), own)
        return kept[1], kept[2]


def likes(db: sqlite3.Connection, connection: str, ids: Sequence[str]) -> dict[str, Like]:
    """What those tickets are like."""
    rows = db.execute(
        f"SELECT {_LIKE} FROM v_ticket t LEFT JOIN (SELECT ticket_id, member, max(hours) FROM"
        "  (SELECT ticket_id, member, sum(hours) AS hours FROM v_time WHERE connection = :c"
        f"   AND ticket_id {_IN} GROUP BY ticket_id, member) GROUP BY ticket_id) w USING (ticket_id)"
        f" WHERE t.connection = :c AND t.ticket_id {_IN}",
        {"c": connection, "ids": json.dumps(list(ids))},
    )
    return {row["ticket_id"]: _like(row) for row in rows}


def _like(row: Any) -> Like:  # noqa: ANN401 - a row of SQLite
    return Like(
        company=row["company_id"],
        agreement=row["agreement_id"],
        board=row["board_id"],
        type=row["type"],
        subtype=row["subtype"],
        item=row["item"],
        summary=row["summary"] or "",
        member=row["member"],
    )
