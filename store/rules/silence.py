"""The rules on tickets on which nobody says or does anything: `stale`, `waiting_too_long`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import RowMapping, text

from store.rules.own import happened, opened, planned_until
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_STILL = """
WITH candidate AS (
    SELECT t.ticket_id, t.created_at, t.priority, t.scheduled_until, {high} AS high FROM v_ticket t
    WHERE {queue} AND {read} AND NOT t.is_closed AND NOT t.has_waiting
      AND (t.scheduled_until IS NULL OR t.scheduled_until <= {now})
),
moment AS (
    SELECT c.ticket_id, c.created_at AS at FROM candidate c
    UNION ALL
    SELECT n.ticket_id, n.created_at FROM v_note n WHERE n.connection = {connection} AND n.speaker <> 'system'
       AND n.ticket_id IN (SELECT c.ticket_id FROM candidate c)
    UNION ALL
    SELECT e.ticket_id, e.started_at FROM v_time e WHERE e.connection = {connection}
       AND e.ticket_id IN (SELECT c.ticket_id FROM candidate c)
    UNION ALL
    SELECT e.ticket_id, e.ended_at FROM v_time e WHERE e.connection = {connection}
       AND e.ticket_id IN (SELECT c.ticket_id FROM candidate c)
),
newest AS (SELECT m.ticket_id, max(m.at) AS at FROM moment m GROUP BY m.ticket_id)
SELECT c.ticket_id, c.priority, c.scheduled_until, c.high, m.at
  FROM candidate c JOIN newest m ON m.ticket_id = c.ticket_id
 WHERE m.at <= CASE WHEN c.high THEN {high_cut} ELSE {cut} END
"""

_WAITS = """
WITH candidate AS (
    SELECT t.ticket_id, t.status, t.created_at, (coalesce(t.customer_flag, FALSE) OR t.has_responded) AS signal
    FROM v_ticket t WHERE {queue} AND {read} AND NOT t.is_closed AND t.has_waiting
),
note AS (
    SELECT n.ticket_id, n.created_at, n.speaker, n.public, n.seen, n.order_at, n.order_rank, n.note_sort, n.note_id
    FROM v_note n WHERE n.connection = {connection} AND n.speaker <> 'system'
      AND n.ticket_id IN (SELECT c.ticket_id FROM candidate c)
),
word AS (  -- the customer's notes and the staff's words, in their order
    SELECT n.ticket_id, n.created_at, (n.speaker = 'staff') AS by_staff,
           row_number() OVER (PARTITION BY n.ticket_id
                              ORDER BY n.order_at, n.order_rank, n.note_sort, n.note_id) AS place
    FROM note n WHERE n.public OR (n.speaker = 'staff' AND n.seen)
),
newest AS (
    SELECT ticket_id, max(CASE WHEN by_staff THEN place ELSE 0 END) AS staff_place,
           max(CASE WHEN by_staff THEN 0 ELSE place END) AS customer_place,
           max(CASE WHEN by_staff THEN created_at END) AS staff_at
    FROM word GROUP BY ticket_id
),
other AS (SELECT ticket_id, max(created_at) AS at FROM note GROUP BY ticket_id)
SELECT c.ticket_id, c.status, k.staff_at, coalesce(k.staff_at, o.at, c.created_at) AS at
  FROM candidate c
  LEFT JOIN newest k ON k.ticket_id = c.ticket_id
  LEFT JOIN other o ON o.ticket_id = c.ticket_id
 WHERE (CASE WHEN k.ticket_id IS NULL THEN NOT c.signal ELSE k.staff_place > k.customer_place END)
   AND coalesce(k.staff_at, o.at, c.created_at) <= {cut}
"""


# ---------------------------------------------------------------- stale


class High(msgspec.Struct, frozen=True):
    """Which priorities are high: by id, by name, by the PSA's number."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    most: int | None = None
    """A rank up to this."""


def _high(asked: Asked) -> High:
    """As the settings name them; else the two highest of the PSA's list; where that has no order or is not known, by
    the ranks of the connection's tickets."""
    names = asked.limit("stale", "high_priorities")
    if names:
        return High(names=tuple(names))
    of = {"c": asked.connection.name}
    sql = "SELECT id, name, active, position FROM choice WHERE connection = :c AND kind = 'priority'"
    known = list(asked.db.execute(text(f"{sql} ORDER BY id, name"), of).mappings())
    places = sorted({row["position"] for row in known if row["active"]})
    if len(places) > 1:
        high = [row for row in known if row["position"] <= places[1]]
        return High(tuple(row["id"] for row in high), tuple(row["name"] for row in high))
    sql = "SELECT min(priority_rank) FROM ticket WHERE connection = :c"
    first = asked.db.execute(text(sql), of).scalar()
    if first is None:
        return High()
    second = asked.db.execute(text(f"{sql} AND priority_rank > :first"), of | {"first": first}).scalar()
    return High(most=first if second is None else second)


def _is_high(binds: Binds, high: High) -> str:
    ways = []
    if high.ids:
        ways.append(f"(t.priority_id IN ({binds.all(high.ids)}))")
        ways.append(f"(t.priority_id IS NULL AND {binds.same('t.priority', high.names)})")
    elif high.names:
        ways.append(binds.same("t.priority", high.names))
    if high.most is not None:
        ways.append(f"(t.priority_rank <= {binds.one(high.most)})")
    return f"coalesce({' OR '.join(ways) or 'FALSE'}, FALSE)"


def _still(asked: Asked) -> Iterable[RowMapping]:
    binds = Binds(asked)
    return asked.rows(
        _STILL.format(
            high=_is_high(binds, _high(asked)),
            queue=binds.queue(),
            read=binds.read(asked, "conversations"),
            connection=binds.connection,
            now=binds.one(asked.now),
            high_cut=binds.one(_still_cut(asked, asked.now, high=True)),
            cut=binds.one(_still_cut(asked, asked.now, high=False)),
        ),
        binds,
    )


def _still_cut(asked: Asked, now: int, *, high: bool) -> int:
    """What happened last then or before is longer ago than so many business days: by a second at least."""
    return asked.connection.hours.days_back(now - 1, asked.limit("stale", "high_days" if high else "days"))


def stale(asked: Asked) -> Iterator[Found]:
    """Open tickets on which nothing has happened for so many business days."""
    for row in _still(asked):
        days = asked.limit("stale", "high_days" if row["high"] else "days")
        data: dict[str, Any] = {"at": row["at"], "days": days}
        if row["priority"]:
            data["priority"] = row["priority"]
        yield Found(
            kind="stale",
            ticket_id=row["ticket_id"],
            code="no_activity",
            since=row["at"],
            gate=asked.gates("stale"),
            data=data,
            clears=_clears(asked, "reply", "note", "time", "status"),
        )


def _still_passed(asked: Asked, before: int) -> Iterator[str]:
    """Nothing happens for too long, or an appointment is over: of tickets on which something happened, or that were
    opened, when the cut-off moments went by."""
    some = set(planned_until(asked, before, asked.now + 1))
    for high in (False, True):
        first, last = (_still_cut(asked, at, high=high) for at in (before, asked.now))
        some |= {*opened(asked, first, last), *happened(asked, first, last)}
    for row in _still(msgspec.structs.replace(asked, tickets=tuple(sorted(some)))):
        over = row["scheduled_until"] is not None and row["scheduled_until"] > before
        if over or row["at"] > _still_cut(asked, before, high=bool(row["high"])):
            yield row["ticket_id"]


# ---------------------------------------------------------------- waiting_too_long


def _waits(asked: Asked, cut: int) -> Iterable[RowMapping]:
    binds = Binds(asked)
    sql = _WAITS.format(
        queue=binds.queue(),
        read=binds.read(asked, "conversations"),
        connection=binds.connection,
        cut=binds.one(cut),
    )
    return asked.rows(sql, binds)


def waiting_too_long(asked: Asked) -> Iterator[Found]:
    """Tickets that wait for somebody: a reason of the two for each, the graver one."""
    ask, stop = _thresholds(asked)
    for row in _waits(asked, asked.now - min(ask, stop)):
        stopped = row["at"] <= asked.now - stop
        yield Found(
            kind="waiting_too_long",
            ticket_id=row["ticket_id"],
            code="stale_waiting" if stopped else "follow_up",
            since=row["at"],
            gate=asked.gates("waiting_too_long"),
            data={
                "at": row["at"],
                "status": row["status"],
                "asked": row["staff_at"] is not None,
                "after": stop if stopped else ask,
            },
            clears=_clears(asked, "reply", "status"),
        )


def _thresholds(asked: Asked) -> tuple[int, int]:
    return asked.limit("waiting_too_long", "follow_up"), asked.limit("waiting_too_long", "stale")


def _waits_passed(asked: Asked, before: int) -> Iterator[str]:
    thresholds = _thresholds(asked)
    some: set[str] = set()
    for threshold in thresholds:
        first, last = before - threshold, asked.now - threshold
        some |= {*opened(asked, first, last), *happened(asked, first, last)}
    few = msgspec.structs.replace(asked, tickets=tuple(sorted(some)))
    for row in _waits(few, asked.now - min(thresholds)):
        if any(before < row["at"] + threshold <= asked.now for threshold in thresholds):
            yield row["ticket_id"]


def _clears(asked: Asked, *writes: str) -> bool:
    offers = asked.capabilities
    return offers is None or any(write in offers.writes for write in writes)


RULES = (
    Rule(
        kinds=("stale",),
        find=stale,
        passed=_still_passed,
        rests_on=lambda asked: msgspec.structs.astuple(_high(asked)),
    ),
    Rule(kinds=("waiting_too_long",), find=waiting_too_long, passed=_waits_passed),
)
