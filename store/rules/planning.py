"""The rule on work that nobody is going to go on with: `abandoned`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from store.rules.own import planned_until
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found


def abandoned(asked: Asked) -> Iterator[Found]:
    """Tickets in progress for which nothing is planned, or was planned and is over."""
    binds = Binds(asked)
    sql = (
        "SELECT t.ticket_id, t.status, t.scheduled_until FROM v_ticket t"
        f" WHERE {binds.queue()} AND NOT t.is_closed AND NOT t.has_waiting"
        f" AND {binds.same('t.status', asked.limit('abandoned', 'statuses'))}"
        f" AND (t.scheduled_until IS NULL OR t.scheduled_until < {binds.one(asked.now)})"
    )
    timed = _timed(asked)
    offers = asked.capabilities
    for row in asked.rows(sql, binds):
        until = row["scheduled_until"]
        if until is None and row["ticket_id"] in timed:
            continue
        yield Found(
            kind="abandoned",
            ticket_id=row["ticket_id"],
            code="nothing_planned" if until is None else "planned_in_the_past",
            since=until,
            gate=asked.gates("abandoned"),
            data={"status": row["status"]} | ({} if until is None else {"until": until}),
            clears=offers is None or "status" in offers.writes,
        )


def _timed(asked: Asked) -> frozenset[str]:
    """Tickets with a timer of this home that runs or is paused."""
    sql = "SELECT ticket_id FROM timer WHERE connection = :c AND ended_at IS NULL"
    return frozenset(asked.journal.execute(text(sql), {"c": asked.connection.name}).scalars())


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """An appointment is over; a timer was started, or is done with."""
    yield from planned_until(asked, before, asked.now)
    # One that is logged and taken back is open again, whenever it was started.
    sql = "SELECT ticket_id FROM timer WHERE connection = :c AND (ended_at IS NULL OR ended_at >= :before)"
    yield from asked.journal.execute(text(sql), {"c": asked.connection.name, "before": before}).scalars()


RULES = (Rule(kinds=("abandoned",), find=abandoned, passed=_passed),)
