"""What the cache and the journal know about how far the answer "zero" can be trusted, per connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from store.not_known import told
from store.read_records import ConnectionView, PaneCount, QuarantineView
from store.read_rules import RuleProblem

CLOCK_SLACK = 2
"""Seconds by which two clocks of whole seconds may differ although both are right."""

# Each part is a stretch of one index that holds all that is asked of it (`store.cache_indexes.CACHE_INDEXES`).
_OF = "FROM ticket t WHERE t.connection = :connection AND t.in_scope AND t.presence = 'here'"
_CLOSED_BY_STATUS = (
    "t.status_key IN"
    " (SELECT r.status FROM status_role r WHERE r.connection = :connection AND r.role = 'closed')"
)
_CHANGED = "max(coalesce(t.closed_at, 0), coalesce(t.updated_at, 0)) >= :edge"

_NOT_SINCE_CHANGE = (
    f"SELECT count(*) {_OF} {{narrowed}} AND (NOT (t.closed OR {_CLOSED_BY_STATUS}) OR {_CHANGED}"
    " OR coalesce(t.customer_flag, 0))"
    " AND (t.notes_read_at IS NULL OR t.updated_at > t.notes_read_at + :ahead)"
)
_UNREAD = "AND (t.notes_read_at IS NULL OR t.updated_at > t.notes_read_at)"
"""What the index `ticket_unread` holds: enough, unless the PSA's clock is behind ours."""
_LATELY = "t.notes_read_at < :lately"
_CLOSED = f"SELECT count(*) {_OF} AND t.closed = 1"
_NOT_LATELY = f"""
    SELECT (SELECT count(*) {_OF} AND t.closed = 0 AND {_LATELY} AND (NOT {_CLOSED_BY_STATUS}
            OR coalesce(t.closed_at, t.updated_at, 0) >= :edge OR coalesce(t.customer_flag, 0)))
    + ({_CLOSED} AND t.closed_at >= :edge AND {_LATELY})
    + ({_CLOSED} AND t.closed_at IS NULL AND t.updated_at >= :edge AND {_LATELY})
    + ({_CLOSED} AND t.closed_at IS NULL AND t.updated_at IS NULL AND :edge <= 0 AND {_LATELY})
    + ({_CLOSED} AND t.customer_flag AND coalesce(t.closed_at, t.updated_at, 0) < :edge AND {_LATELY})
"""
"""Open; closed lately; closed and changed lately, where the PSA does not say when it was closed; the same of no known
date, where the window has no end; closed long ago and flagged."""
_ANY_OPEN = "SELECT EXISTS (SELECT 1 FROM v_queue WHERE connection = ?)"


class Known(msgspec.Struct, frozen=True):
    """What is known of one connection's queue."""

    state: ConnectionView
    any_open: bool
    """Whether a ticket is open in the scope."""
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
        return Known(state, False, 0, 0, None)
    values: dict[str, Any] = {
        "connection": state.connection,
        "edge": now - window,
        "ahead": state.clock_ahead + CLOCK_SLACK,
        "lately": now - max_age,
    }
    can = state.capabilities
    unread = not_lately = 0
    if told(can, "conversations"):
        narrowed = _UNREAD if values["ahead"] >= 0 else ""
        unread = db.execute(_NOT_SINCE_CHANGE.format(narrowed=narrowed), values).fetchone()[0]
        if can is None or can.note_moves_ticket is not True:
            not_lately = db.execute(_NOT_LATELY, values).fetchone()[0]
    any_open = bool(db.execute(_ANY_OPEN, (state.connection,)).fetchone()[0])
    rules = db.execute(
        "SELECT cursor FROM stream WHERE connection = ? AND name = 'rules'", (state.connection,)
    ).fetchone()
    return Known(state, any_open, unread, not_lately, None if rules is None else rules[0])


def aged_out(db: sqlite3.Connection | None, journal: sqlite3.Connection | None, names: Sequence[str]) -> int:
    """Rows past their window that were never resolved: open in the history, no longer published."""
    if db is None or journal is None:
        return 0
    marks = ", ".join("?" for _ in names)
    # All ids of a kind at once: a row for each takes ten times as long. Nearly always both sides are the same, also in
    # their order, which is their indexes'.
    opened = journal.execute(
        "SELECT connection, kind, json_group_array(ticket_id) FROM history WHERE cleared_at IS NULL"
        f" AND connection IN ({marks}) AND kind IN ('reply_after_close', 'billing_code') GROUP BY connection, kind",
        list(names),
    ).fetchall()
    found = 0
    for connection, kind, ids in opened:
        (published,) = db.execute(
            "SELECT json_group_array(ticket_id) FROM exception WHERE connection = ? AND kind = ?",
            (connection, kind),
        ).fetchone()
        if ids != published:
            found += len(_ids(ids) - _ids(published))
    return found


def _ids(text: str) -> set[str]:
    return msgspec.json.decode(text, type=set[str])
