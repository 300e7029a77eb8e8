"""The rule on tickets that do not stay closed: `reopened`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found


def reopened(asked: Asked) -> Iterator[Found]:
    """Open tickets that deskzero has seen closed and open again so often (`store.reopenings`)."""
    sql = (
        "SELECT ticket_id, count(*) AS times, min(reopened_at) AS first_at, max(reopened_at) AS last_at"
        " FROM reopening WHERE connection = :c AND reopened_at >= :oldest GROUP BY ticket_id"
        " HAVING count(*) >= :times"
    )
    values = {
        "c": asked.connection.name,
        "oldest": asked.now - asked.limit("reopened", "within"),
        "times": asked.limit("reopened", "times"),
    }
    often = {row["ticket_id"]: row for row in asked.journal.execute(text(sql), values).mappings()}
    if not often:
        return
    binds = Binds(asked)
    query = f"SELECT t.ticket_id FROM v_ticket t WHERE {binds.queue()} AND NOT t.is_closed"
    offers = asked.capabilities
    for one in asked.rows(query, binds):
        row = often.get(one["ticket_id"])
        if row is not None:
            yield Found(
                kind="reopened",
                ticket_id=row["ticket_id"],
                code="reopened",
                since=row["last_at"],
                gate=asked.gates("reopened"),
                data={name: row[name] for name in ("times", "first_at", "last_at")},
                clears=offers is None or "status" in offers.writes,
            )


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """A reopening is so long ago that it does not count any more."""
    within = asked.limit("reopened", "within")
    sql = (
        "SELECT DISTINCT ticket_id FROM reopening WHERE connection = :c"
        " AND reopened_at >= :first AND reopened_at < :last"
    )
    values = {"c": asked.connection.name, "first": before - within, "last": asked.now - within}
    yield from asked.journal.execute(text(sql), values).scalars()


RULES = (Rule(kinds=("reopened",), find=reopened, passed=_passed),)
