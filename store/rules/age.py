"""The rules on how long a ticket has been open: `unassigned`, `too_old`."""

from __future__ import annotations

from collections.abc import Iterator

from store.rules.own import opened
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found


def unassigned(asked: Asked) -> Iterator[Found]:
    """Open tickets that nobody owns."""
    binds = Binds(asked)
    sql = (
        f"SELECT t.ticket_id, t.created_at FROM v_ticket t WHERE {binds.queue()} AND NOT t.is_closed"
        f" AND {binds.empty('t.owner')} AND {binds.empty('t.owner_id')}"
        f" AND (t.created_at IS NULL OR t.created_at <= {binds.one(_unowned_cut(asked, asked.now))})"
    )
    offers = asked.capabilities
    for row in asked.rows(sql, binds):
        yield Found(
            kind="unassigned",
            ticket_id=row["ticket_id"],
            code="no_owner",
            since=row["created_at"],
            gate=asked.gates("unassigned"),
            data={"created_at": row["created_at"], "after": asked.limit("unassigned", "after")},
            clears=offers is None or "owner" in offers.writes,
        )


def too_old(asked: Asked) -> Iterator[Found]:
    """Tickets that have been open for too long and belong to no project."""
    binds = Binds(asked)
    sql = (
        f"SELECT t.ticket_id, t.created_at FROM v_ticket t WHERE {binds.queue()} AND NOT t.is_closed"
        f" AND NOT coalesce(t.project, FALSE) AND t.created_at < {binds.one(_old_cut(asked, asked.now))}"
    )
    offers = asked.capabilities
    for row in asked.rows(sql, binds):
        yield Found(
            kind="too_old",
            ticket_id=row["ticket_id"],
            code="too_old",
            since=row["created_at"],
            gate=asked.gates("too_old"),
            data={"created_at": row["created_at"], "after": asked.limit("too_old", "after")},
            clears=offers is None or "status" in offers.writes,
        )


def _unowned_cut(asked: Asked, now: int) -> int:
    """What was opened then or before has been open for longer than that: at least a second more."""
    return asked.connection.hours.back(now, asked.limit("unassigned", "after") + 1)


def _old_cut(asked: Asked, now: int) -> int:
    """What was opened before that has been open for too long."""
    return now - int(asked.limit("too_old", "after"))


def _unowned_passed(asked: Asked, before: int) -> Iterator[str]:
    return opened(asked, _unowned_cut(asked, before), _unowned_cut(asked, asked.now))


def _old_passed(asked: Asked, before: int) -> Iterator[str]:
    return opened(asked, _old_cut(asked, before), _old_cut(asked, asked.now))


RULES = (
    Rule(kinds=("unassigned",), find=unassigned, passed=_unowned_passed),
    Rule(kinds=("too_old",), find=too_old, passed=_old_passed),
)
