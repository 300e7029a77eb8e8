"""The rule on children: `orphaned`."""

from __future__ import annotations

from collections.abc import Iterator

from store.not_known import told
from store.rules.rule import Groups, Rule
from store.rules.sql import Asked, Binds, Found

_ORPHANED = """
WITH parent AS (
    SELECT p.* FROM v_ticket p WHERE p.connection = {connection}
       AND p.ticket_id IN (SELECT v.parent_id FROM v_parent v WHERE {links_here})
),
link AS (  -- one row a parent; a parent that nobody has asked for yet is neither open nor gone
    SELECT v.ticket_id, v.parent_id, p.number, p.status AS parent_status, p.presence, p.merged_into,
           p.closed_at, p.closed_by,
           CASE WHEN p.ticket_id IS NULL THEN 'not_asked'
                WHEN p.presence = 'here' AND NOT p.is_closed THEN 'open'
                WHEN p.presence = 'here' THEN 'parent_closed'
                WHEN p.presence IN ('deleted', 'merged') THEN 'parent_missing'
                ELSE 'parent_not_visible' END AS code
    FROM v_parent v LEFT JOIN parent p ON p.ticket_id = v.parent_id
    WHERE {links_here}
),
last_link AS (  -- of several in the same state, the one that closed last
    SELECT link.*, row_number() OVER (PARTITION BY ticket_id, code
        ORDER BY coalesce(closed_at, 0) DESC, length(parent_id), parent_id) AS place
    FROM link
),
child AS (
    SELECT t.ticket_id, t.status, t.parent_id, t.has_child FROM v_ticket t
    WHERE {tickets_here} AND NOT t.is_closed
)
SELECT t.ticket_id, l.code, l.closed_at AS since, coalesce(l.number, l.parent_id) AS parent,
       l.parent_status, l.presence, l.merged_into, l.closed_by, t.status
  FROM child t JOIN last_link l ON l.ticket_id = t.ticket_id AND l.place = 1
 WHERE t.parent_id IS NOT NULL AND l.code IN ('parent_closed', 'parent_missing', 'parent_not_visible')
   AND NOT EXISTS (SELECT 1 FROM link o WHERE o.ticket_id = t.ticket_id AND o.code IN ('open', 'not_asked'))
UNION ALL
SELECT t.ticket_id, 'no_parent', NULL, NULL, NULL, NULL, NULL, NULL, t.status
  FROM child t WHERE t.has_child AND t.parent_id IS NULL
UNION ALL
SELECT t.ticket_id, 'not_child_status', NULL, coalesce(p.number, t.parent_id), NULL, NULL, NULL, NULL, t.status
  FROM child t LEFT JOIN parent p ON p.ticket_id = t.parent_id
 WHERE {configured} AND NOT t.has_child AND t.parent_id IS NOT NULL
"""

CLEARED_BY: dict[str, frozenset[str]] = {
    "no_parent": frozenset({"attach", "status"}),
    "not_child_status": frozenset({"status", "detach"}),
    "parent_closed": frozenset({"attach", "detach", "status"}),
    "parent_missing": frozenset({"attach", "detach", "status"}),
    "parent_not_visible": frozenset({"attach", "detach", "status"}),
}
"""Reason -> writes, any of which clears it. `status`: another one, or one that closes the child."""


def orphans(asked: Asked) -> Iterator[Found]:
    """All reasons of the kind; none where the PSA does not tell parents: every child would seem to have none."""
    if not told(asked.capabilities, "parents"):
        return
    binds = Binds(asked)
    sql = _ORPHANED.format(
        connection=binds.connection,
        links_here=binds.here("v"),
        tickets_here=binds.queue(),
        configured=binds.one(bool(asked.connection.child_statuses)),
    )
    offers = asked.capabilities
    for row in asked.rows(sql, binds):
        code = row["code"]
        data = {
            "parent_closed": ("parent", "parent_status", "closed_by"),
            "parent_missing": ("parent", "presence", "merged_into"),
            "parent_not_visible": ("parent",),
            "no_parent": ("status",),
        }.get(code, ("parent", "status"))
        known = {name: row[name] for name in data if row[name] is not None}
        if code == "parent_closed":
            known["closed_at"] = row["since"]
        if code == "not_child_status":
            known["child_statuses"] = list(asked.connection.child_statuses)
        yield Found(
            kind="orphaned",
            ticket_id=row["ticket_id"],
            code=code,
            since=row["since"] if code == "parent_closed" else None,
            gate=code != "parent_not_visible",
            data=known,
            clears=offers is None or bool(offers.writes & CLEARED_BY[code]),
        )


def families(asked: Asked) -> Iterator[tuple[str, str]]:
    """A parent and its children: what a parent becomes decides whether they are orphaned, and the other way round."""
    binds = Binds(asked)
    ids = binds.among("v", "parent_id")
    sql = (
        f"SELECT v.parent_id, v.ticket_id FROM v_parent v WHERE {binds.here('v')} UNION"
        f" SELECT v.parent_id, v.parent_id FROM v_parent v WHERE {binds.here('v')} UNION"
        f" SELECT v.parent_id, v.parent_id FROM v_parent v WHERE v.connection = {binds.connection}{ids}"
    )
    for row in asked.rows(sql, binds):
        yield f"family:{row['parent_id']}", row["ticket_id"]


FAMILIES = Groups("family:", families, names_others=True)

RULES = (Rule(kinds=("orphaned",), find=orphans, groups=FAMILIES),)
