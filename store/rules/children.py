"""The rule on `children_open`: a parent and its children are not closed together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from store.not_known import told
from store.rules.parents import FAMILIES
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_CHILDREN = """
SELECT v.parent_id, c.ticket_id, c.number, c.is_closed, c.closed_at
  FROM v_parent v JOIN v_ticket c ON c.connection = v.connection AND c.ticket_id = v.ticket_id
 WHERE v.connection = {connection}{some} AND c.presence = 'here'
"""

_PARENTS = """
SELECT t.ticket_id, t.is_closed, t.has_closing, t.status, t.closed_at, t.closed_by FROM v_ticket t
 WHERE {queue} AND t.ticket_id IN (SELECT v.parent_id FROM v_parent v WHERE v.connection = {connection}{some})
"""

CLEARED_BY = frozenset({"status", "detach"})
"""Closing or opening the parent; a child that is taken away from it."""


def children_open(asked: Asked) -> Iterator[Found]:
    """One reason a parent; none where the PSA does not tell parents."""
    if not told(asked.capabilities, "parents"):
        return
    binds = Binds(asked)
    some = binds.among("v", "parent_id")
    parents = list(
        asked.rows(
            _PARENTS.format(queue=binds.queue(), connection=binds.connection, some=some),
            binds,
        )
    )
    if not parents:
        return
    more = Binds(asked)
    some = more.among("v", "parent_id")
    children: dict[str, list[Any]] = {}
    for row in asked.rows(_CHILDREN.format(connection=more.connection, some=some), more):
        children.setdefault(row["parent_id"], []).append(row)
    for parent in parents:
        found = _reason(parent, children.get(parent["ticket_id"], []))
        if found is not None:
            code, since, data = found
            offers = asked.capabilities
            yield Found(
                kind="children_open",
                ticket_id=parent["ticket_id"],
                code=code,
                since=since,
                gate=asked.gates("children_open"),
                data=data,
                clears=offers is None or bool(offers.writes & CLEARED_BY),
            )


def _reason(parent: Any, children: list[Any]) -> tuple[str, int | None, dict[str, Any]] | None:  # noqa: ANN401
    """Code, since and data of what is not together; `None` where nothing is."""
    opened = sorted(
        (len(child["ticket_id"]), child["ticket_id"], child["number"])
        for child in children
        if not child["is_closed"]
    )
    done = parent["is_closed"] or parent["has_closing"]
    if opened and done:
        closed_at = parent["closed_at"] if parent["is_closed"] else None
        data = {"children": [number for _, _, number in opened], "status": parent["status"]}
        if closed_at is not None:
            data |= {"closed_at": closed_at, "closed_by": parent["closed_by"]}
        return "closed_with_open_children", closed_at, data
    if children and not opened and not done:
        last = max((child["closed_at"] for child in children if child["closed_at"] is not None), default=None)
        data = {"count": len(children), "status": parent["status"]}
        return "all_children_closed", last, data if last is None else data | {"last_at": last}
    return None


RULES = (Rule(kinds=("children_open",), find=children_open, groups=FAMILIES),)
