"""The rules on how much work there is: `project_in_disguise` and `repeated_fix`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import RowMapping

from store.rules.own import offers
from store.rules.rule import Groups, Rule
from store.rules.sql import Asked, Binds, Found

REPEATED = "repeated_fix"

_WORK = """
WITH worked AS MATERIALIZED (  -- so that SQLite looks up the tickets' entries before it groups them
    SELECT e.ticket_id, e.hours, e.member_id, e.member FROM v_time e WHERE {time_here} AND e.hours > 0
)
SELECT e.ticket_id, sum(e.hours) AS hours, count(*) AS entries,
       count(DISTINCT CASE WHEN e.member_id IS NOT NULL THEN 'id ' || e.member_id
             WHEN NOT {nobody} THEN 'name ' || lower(trim(e.member, {blank})) END) AS technicians
  FROM worked e
 GROUP BY e.ticket_id
HAVING sum(e.hours) >= {hours} OR count(*) >= {least}
"""
_SUPPORT = """
SELECT t.ticket_id, coalesce(t.hours, 0) AS hours FROM v_ticket t
 WHERE {tickets_here} AND NOT t.is_closed AND t.project IS NOT TRUE
"""

_ROUNDING = 1e-6
"""Sums of hours are floating point: a third of an hour taken three times is an hour."""


def projects(asked: Asked) -> Iterator[Found]:
    """Open support tickets with as much work as a project; one reason a criterion."""
    kind = "project_in_disguise"
    if kind not in asked.settings.kinds:
        return
    most = {key: asked.limit(kind, key) for key in ("hours", "technicians", "entries")}
    most["hours"] -= _ROUNDING
    binds = Binds(asked)
    work = _WORK.format(
        time_here=binds.here("e"),
        nobody=binds.empty("e.member"),
        blank=binds.blank,
        hours=binds.one(most["hours"]),
        least=binds.one(min(most["entries"], most["technicians"])),  # so many people have as many entries
    )
    much = {row["ticket_id"]: row for row in asked.rows(work, binds)}
    binds = Binds(asked)
    for row in asked.rows(_SUPPORT.format(tickets_here=binds.queue()), binds):
        of_it = much.get(row["ticket_id"])
        here = {"hours": row["hours"]}
        if of_it is not None:
            here = {key: of_it[key] for key in most} | {"hours": max(row["hours"], of_it["hours"])}
        for key, value in here.items():
            if value >= most[key]:
                yield Found(
                    kind=kind,
                    ticket_id=row["ticket_id"],
                    code=f"many_{key}",
                    gate=asked.gates(kind),
                    hours=round(value, 6) if key == "hours" else None,
                    data={"count": value} if key != "hours" else {},
                    clears=offers(asked, "status"),
                )


_SHORT = """
WITH asked AS (
    SELECT t.ticket_id, t.company, coalesce(t.company_id, trim(t.company, {blank})) AS company_key,
           trim(t.type, {blank}) AS type
    FROM v_ticket t
    WHERE {tickets} AND t.in_scope AND t.presence = 'here' AND NOT {typeless}
     AND (t.company_id IS NOT NULL OR NOT {nobody})
)
SELECT e.ticket_id, e.time_id, {at} AS at, e.hours, t.company, t.company_key, t.type
  FROM v_time e JOIN asked t ON t.ticket_id = e.ticket_id
 WHERE e.connection = {connection} AND {at} >= {oldest} AND e.hours > 0 AND e.hours * 3600 <= {longest}
   AND e.charge IS NOT TRUE AND e.invoiced IS NOT TRUE
 ORDER BY at, e.time_id
"""
_AT = "coalesce(e.started_at, e.ended_at)"

Short = dict[tuple[str, str], list[RowMapping]]
"""(company, type) -> the short entries that nobody pays for, oldest first."""


def _short(asked: Asked, companies: frozenset[str] | None = None) -> Short:
    """Of the tickets that are asked for; with `companies` of all theirs."""
    binds = Binds(asked)
    tickets = binds.here("t")
    if companies is not None:
        names = binds.some(sorted(companies))
        tickets = (
            f"t.connection = {binds.connection} AND (t.company_id IN ({names})"
            f" OR (t.company_id IS NULL AND trim(t.company, {binds.blank}) IN ({names})))"
        )
    sql = _SHORT.format(
        tickets=tickets,
        blank=binds.blank,
        connection=binds.connection,
        typeless=binds.empty("t.type"),
        nobody=binds.empty("t.company"),
        at=_AT,
        oldest=binds.one(asked.now - asked.limit(REPEATED, "within")),
        longest=binds.one(asked.limit(REPEATED, "longest") + 0.5),
    )
    found: Short = {}
    for row in asked.rows(sql, binds):
        found.setdefault((row["company_key"], row["type"]), []).append(row)
    return found


def repeated_fixes(asked: Asked) -> Iterator[Found]:
    """Many short entries of one company and type; the row stands on the ticket of the newest."""
    if REPEATED not in asked.settings.kinds:
        return
    found = _short(asked)
    if asked.tickets is not None and found and not asked.closed:
        wanted = set(found)
        everything = _short(asked, frozenset(company for company, _ in found))
        found = {key: rows for key, rows in everything.items() if key in wanted}
    least = asked.limit(REPEATED, "entries")
    for (_, type), rows in found.items():
        newest = rows[-1]
        if len(rows) < least or (asked.tickets is not None and newest["ticket_id"] not in asked.tickets):
            continue
        yield Found(
            kind=REPEATED,
            ticket_id=newest["ticket_id"],
            code="again_and_again",
            since=rows[least - 1]["at"],
            gate=asked.gates(REPEATED),
            hours=round(sum(row["hours"] for row in rows), 6),
            data={
                "count": len(rows),
                "tickets": len({row["ticket_id"] for row in rows}),
                "company": newest["company"],
                "type": type,
                "within": asked.limit(REPEATED, "within"),
            },
            clears=False,
        )


def _alike(asked: Asked) -> Iterator[tuple[str, str]]:
    """One company's tickets of one type with a short entry that nobody pays for."""
    if REPEATED in asked.settings.kinds:
        for key, rows in _short(asked).items():
            for ticket_id in {row["ticket_id"] for row in rows}:
                yield f"fix:{json.dumps(key)}", ticket_id


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """Entries that are not of the last days any more."""
    if REPEATED not in asked.settings.kinds:
        return
    binds = Binds(asked)
    within = asked.limit(REPEATED, "within")
    since, until = binds.one(before - within), binds.one(asked.now - within)
    for null, at in (("", "e.started_at"), (" AND e.started_at + 0 IS NULL", "e.ended_at")):
        sql = (
            f"SELECT e.ticket_id FROM v_time e WHERE {binds.here('e')}{null}"
            f" AND {at} + 0 >= {since} AND {at} + 0 < {until}"
        )
        yield from (row["ticket_id"] for row in asked.rows(sql, binds))


RULES = (
    Rule(kinds=("project_in_disguise",), find=projects),
    Rule(kinds=(REPEATED,), find=repeated_fixes, groups=Groups("fix:", _alike), passed=_passed),
)
