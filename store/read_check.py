"""What the cache and the journal know about how far the answer "zero" can be trusted, per connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from store.not_known import told
from store.read_records import ConnectionView, PaneCount, QuarantineView
from store.read_rules import RuleProblem

CLOCK_SLACK = 2
"""Seconds by which two clocks of whole seconds may differ although both are right."""

_QUEUE = """
    FROM ticket t WHERE t.connection = :connection AND t.in_scope AND t.presence = 'here'
    AND (NOT (t.closed OR EXISTS (SELECT 1 FROM status_role r WHERE r.connection = t.connection
                                  AND r.role = 'closed' AND r.status = t.status_key))
         OR {recent} OR coalesce(t.customer_flag, 0))
"""
_CHANGED = "max(coalesce(t.closed_at, 0), coalesce(t.updated_at, 0)) >= :edge"
_CLOSED = "coalesce(t.closed_at, t.updated_at, 0) >= :edge"

_NOT_SINCE_CHANGE = (
    f"SELECT count(*) {_QUEUE.format(recent=_CHANGED)}"
    " AND (t.notes_read_at IS NULL OR t.updated_at > t.notes_read_at + :ahead)"
)
_NOT_LATELY = f"SELECT count(*) {_QUEUE.format(recent=_CLOSED)} AND t.notes_read_at < :lately"
_OPEN = "SELECT count(*) FROM v_queue WHERE connection = ?"


class Known(msgspec.Struct, frozen=True):
    """What is known of one connection's queue."""

    state: ConnectionView
    open: int
    """Open tickets in the scope."""
    unread: int
    """Conversations of the queue that were not read since their ticket last changed; 0 where the PSA tells none."""
    not_lately: int
    """Conversations not read within `check.max_age`, where the PSA does not say when a note arrives; else 0."""
    rules: str | None
    """What the exceptions were last worked out with, as `rules_mark` gives it."""


class Evidence(msgspec.Struct, frozen=True):
    """All of it, as of one moment of the cache."""

    panes: tuple[PaneCount, ...]
    connections: tuple[Known, ...]
    quarantine: tuple[QuarantineView, ...]
    """Only what may be in the scope."""
    aged_out: int
    rule_problems: tuple[RuleProblem, ...] = ()


def known(
    db: sqlite3.Connection | None, state: ConnectionView, *, now: int, window: int, max_age: int
) -> Known:
    """Counts for one connection. `window`: how long closed tickets' conversations matter, seconds."""
    if db is None:
        return Known(state, 0, 0, 0, None)
    values: dict[str, str | float] = {
        "connection": state.connection,
        "edge": now - window,
        "ahead": state.clock_ahead + CLOCK_SLACK,
        "lately": now - max_age,
    }
    can = state.capabilities
    unread = not_lately = 0
    if told(can, "conversations"):
        unread = db.execute(_NOT_SINCE_CHANGE, values).fetchone()[0]
        if can is None or can.note_moves_ticket is not True:
            not_lately = db.execute(_NOT_LATELY, values).fetchone()[0]
    open_now = db.execute(_OPEN, (state.connection,)).fetchone()[0]
    rules = db.execute(
        "SELECT cursor FROM stream WHERE connection = ? AND name = 'rules'", (state.connection,)
    ).fetchone()
    return Known(state, open_now, unread, not_lately, None if rules is None else rules[0])


def aged_out(db: sqlite3.Connection | None, journal: sqlite3.Connection | None, names: Sequence[str]) -> int:
    """Rows past their window that were never resolved: open in the history, no longer published."""
    if db is None or journal is None:
        return 0
    marks = ", ".join("?" for _ in names)
    opened = journal.execute(
        "SELECT DISTINCT connection, ticket_id, kind FROM history WHERE cleared_at IS NULL"
        f" AND connection IN ({marks}) AND kind IN ('reply_after_close', 'billing_code')",
        list(names),
    )
    published = db.execute(
        f"SELECT connection, ticket_id, kind FROM exception WHERE connection IN ({marks})", list(names)
    )
    return len({tuple(row) for row in opened} - {tuple(row) for row in published})
