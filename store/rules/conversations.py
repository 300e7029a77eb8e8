"""The rules on conversations: `customer_responded`, `child_reply`, `reply_after_close`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import RowMapping

from store.not_known import told
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_SAID = """
WITH word AS (  -- the customer's notes and the staff's words, in their order
    SELECT n.ticket_id, n.author, n.speaker, n.created_at,
           CASE WHEN n.speaker = 'staff' THEN 1 ELSE 0 END AS by_staff,
           row_number() OVER (PARTITION BY n.ticket_id
                              ORDER BY n.order_at, n.order_rank, n.note_sort, n.note_id) AS place
    FROM v_note n
    WHERE {notes_here}
      AND ((n.speaker = 'staff' AND (n.public OR n.seen))
           OR (n.speaker IN ('customer', 'unknown') AND n.public))
),
newest AS (
    SELECT ticket_id, max(CASE WHEN by_staff = 1 THEN place ELSE 0 END) AS staff_place,
           max(CASE WHEN by_staff = 0 THEN place ELSE 0 END) AS customer_place
    FROM word GROUP BY ticket_id
),
unanswered AS (
    SELECT w.ticket_id, min(w.created_at) AS first_at,
           max(CASE WHEN w.speaker = 'unknown' THEN w.author END) AS unknown
    FROM word w JOIN newest k ON k.ticket_id = w.ticket_id
    WHERE w.by_staff = 0 AND w.place > k.staff_place GROUP BY w.ticket_id
),
said AS (
    SELECT t.ticket_id, t.status, t.closed_at, t.closed_by, t.is_closed, t.customer_flag, t.has_responded,
           CASE WHEN t.is_closed THEN 'reply_after_close' WHEN t.is_child THEN 'child_reply'
                ELSE 'customer_responded' END AS kind,
           (coalesce(t.customer_flag, FALSE) OR t.has_responded) AS signal,
           (t.customer_flag IS NOT NULL OR {responded}) AS has_signal,
           u.first_at, u.unknown, c.created_at AS last_at, c.author AS who,
           s.created_at AS staff_at, s.author AS staff
    FROM v_ticket t
    LEFT JOIN newest k ON k.ticket_id = t.ticket_id
    LEFT JOIN unanswered u ON u.ticket_id = t.ticket_id
    LEFT JOIN word c ON c.ticket_id = t.ticket_id AND c.place = k.customer_place
    LEFT JOIN word s ON s.ticket_id = t.ticket_id AND s.place = k.staff_place
    WHERE {tickets_here}
),
late AS (  -- an open ticket counts whenever the customer has the last word, a closed one only after closing
    SELECT said.*, (first_at IS NOT NULL AND (NOT is_closed OR
        ((closed_at IS NULL OR last_at > closed_at) AND last_at >= {oldest}))) AS waits
    FROM said
)
SELECT 'flag_set' AS code, last_at AS since, late.* FROM late
 WHERE signal AND (is_closed OR first_at IS NOT NULL OR staff_at IS NULL)
UNION ALL
SELECT 'flag_set_answered', last_at, late.* FROM late
 WHERE signal AND NOT is_closed AND first_at IS NULL AND staff_at IS NOT NULL
UNION ALL
SELECT 'last_word_customer', first_at, late.* FROM late
 WHERE waits AND NOT is_closed AND (signal OR NOT has_signal)
UNION ALL
SELECT 'flag_not_set', first_at, late.* FROM late
 WHERE waits AND NOT is_closed AND has_signal AND NOT signal
UNION ALL
SELECT 'replied_after_close', first_at, late.* FROM late WHERE waits AND is_closed
UNION ALL
SELECT 'author_unknown', first_at, late.* FROM late WHERE waits AND unknown IS NOT NULL
"""

_SIGNAL = "signal"
_FLAGS = ("flag_set", "flag_set_answered")


def conversations(asked: Asked) -> Iterator[Found]:
    """All reasons of the three kinds."""
    binds = Binds(asked)
    sql = _SAID.format(
        notes_here=binds.here("n"),
        tickets_here=binds.queue(),
        responded=binds.one(bool(asked.connection.responded_statuses)),
        oldest=binds.one(asked.since(asked.rules.reply_after_close_window)),
    )
    for row in asked.rows(sql, binds):
        flag = row["code"] in _FLAGS
        yield Found(
            kind=row["kind"],
            ticket_id=row["ticket_id"],
            code=row["code"],
            since=row["since"],
            gate=True,
            data=_data(row) if told(asked.capabilities, "conversations") else {**_data(row), "untold": True},
            seen_as=(_SIGNAL, "flag", "") if flag else None,
            else_created=False,
            clears=_signal_clears(asked, row) if flag else _answer_clears(asked),
        )


def _data(row: RowMapping) -> dict[str, Any]:
    names = {
        "flag_set": ("last_at",),
        "flag_set_answered": ("staff", "staff_at"),
        "replied_after_close": ("who", "first_at", "last_at", "closed_at", "closed_by"),
        "author_unknown": ("unknown",),
    }.get(row["code"], ("who", "first_at", "last_at"))
    data = {name: row[name] for name in names if row[name] is not None}
    if row["code"] in _FLAGS:
        if row["customer_flag"]:
            data["flag"] = True
        if row["has_responded"]:
            data["status"] = row["status"]
    return data


def _signal_clears(asked: Asked, row: RowMapping) -> bool:
    """The signal is taken away by writing the flag, the status, or both, as it is set."""
    offers = asked.capabilities
    if offers is None:
        return True
    flag = not row["customer_flag"] or "customer_flag" in offers.writes
    return flag and (not row["has_responded"] or "status" in offers.writes)


def _answer_clears(asked: Asked) -> bool:
    """An unanswered note is answered by a reply or a seen note."""
    offers = asked.capabilities
    return offers is None or bool(offers.writes & {"reply", "note"})


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """A reply after closing leaves with its window."""
    binds = Binds(asked)
    window = asked.rules.reply_after_close_window
    sql = (
        f"SELECT n.ticket_id FROM note n WHERE n.connection = {binds.connection}"
        f" AND n.created_at + 0 >= {binds.one(before - window)}"
        f" AND n.created_at + 0 < {binds.one(asked.now - window)}"
    )
    yield from (row["ticket_id"] for row in asked.rows(sql, binds))


RULES = (
    Rule(
        kinds=("customer_responded", "child_reply", "reply_after_close"),
        find=conversations,
        passed=_passed,
        marks=(_SIGNAL,),
    ),
)
