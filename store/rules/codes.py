"""The rule on billing codes: `billing_code`."""

from __future__ import annotations

from collections.abc import Iterator

from store.rules.own import left_window
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_BILLING = """
WITH asked AS (
    SELECT t.ticket_id, t.billing_code, t.billing_code_id, t.hours, t.closed_at, t.closed_by, t.created_at,
           t.is_closed, (t.is_closed OR t.has_closing) AS gate
    FROM v_ticket t
    WHERE {tickets_here} AND {policy}
      AND (NOT t.is_closed OR coalesce(t.closed_at, t.updated_at, {now}) >= {oldest})
),
entry AS (
    SELECT e.ticket_id, e.time_id, e.hours, coalesce(e.started_at, e.ended_at) AS at, e.locked, {own} AS own,
           {no_code_e} AS uncoded
    FROM v_time e WHERE {time_here}
),
first_time AS (SELECT ticket_id, min(at) AS at FROM entry GROUP BY ticket_id)
SELECT t.ticket_id, CASE WHEN t.is_closed THEN 'closed_without_code' ELSE 'ticket_without_code' END AS code,
       coalesce(CASE WHEN t.is_closed THEN t.closed_at END, f.at, t.created_at) AS since, t.gate AS gate,
       '' AS time_id, NULL AS hours, NULL AS at, t.hours AS ticket_hours, t.closed_at, t.closed_by
  FROM asked t LEFT JOIN first_time f ON f.ticket_id = t.ticket_id
 WHERE {code_on_ticket} AND {no_code_t}
UNION ALL
SELECT t.ticket_id, CASE WHEN e.locked THEN 'locked' ELSE 'time_without_code' END,
       e.at, t.gate AND NOT e.locked, e.time_id, e.hours, e.at, t.hours, t.closed_at, t.closed_by
  FROM asked t JOIN entry e ON e.ticket_id = t.ticket_id
 WHERE {code_on_time} AND e.own AND e.uncoded
"""

_POLICY = {
    "always": "TRUE",
    "closing": "(t.is_closed OR t.has_closing)",
    "worked": "(t.is_closed OR coalesce(t.hours, 0) > 0 OR EXISTS (SELECT 1 FROM v_time w"
    " WHERE w.connection = t.connection AND w.ticket_id = t.ticket_id))",
}


def billing_codes(asked: Asked) -> Iterator[Found]:
    """All reasons of the kind. `locked` comes only beside another reason of the same ticket."""
    binds = Binds(asked)
    offers = asked.capabilities
    sql = _BILLING.format(
        tickets_here=binds.queue(),
        time_here=binds.here("e"),
        policy=_POLICY[asked.rules.billing_when],
        now=binds.one(asked.now),
        oldest=binds.one(asked.since(asked.rules.billing_window)),
        own=binds.same("coalesce(e.member, '')", [asked.me] if asked.me else []),
        no_code_t=_no_code(binds, "t"),
        no_code_e=_no_code(binds, "e"),
        code_on_ticket=binds.one(offers is None or offers.code_on_ticket),
        code_on_time=binds.one(offers is None or offers.code_on_time),
    )
    rows = list(asked.rows(sql, binds))
    here = {row["ticket_id"] for row in rows if row["code"] != "locked"}
    for row in rows:
        if row["ticket_id"] not in here:
            continue
        on_time = row["time_id"] != ""
        names = ("at",) if on_time else ("ticket_hours", "closed_at", "closed_by")
        data = {name: row[name] for name in names if row[name] is not None}
        if offers is not None:
            data["code_name"] = offers.code_name
        yield Found(
            kind="billing_code",
            ticket_id=row["ticket_id"],
            code=row["code"],
            time_entry_id=row["time_id"],
            since=row["since"],
            gate=bool(row["gate"]),
            hours=row["hours"],
            data=data,
            seen_as=("billing_code", row["code"], row["time_id"]),
            follows=row["code"] == "locked",
            clears=offers is None or ("entry_code" if on_time else "billing_code") in offers.writes,
        )


def _no_code(binds: Binds, table: str) -> str:
    return f"({binds.empty(f'{table}.billing_code_id')} AND {binds.empty(f'{table}.billing_code')})"


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """A closed ticket leaves with its window."""
    yield from left_window(asked, before, asked.rules.billing_window)


RULES = (Rule(kinds=("billing_code",), find=billing_codes, passed=_passed),)
