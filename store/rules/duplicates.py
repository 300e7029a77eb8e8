"""The rule on `possible_duplicate`: a contact's open tickets about what seems the same."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import RowMapping

from store.rules.alike import alike
from store.rules.rule import Groups, Rule
from store.rules.sql import BLANK, Asked, Binds, Found

_OPEN = """
SELECT t.ticket_id, t.number, t.summary, t.company_id, t.company, t.contact_id, t.contact, t.created_at,
       t.in_scope
  FROM v_ticket t
 WHERE {here} AND t.presence = 'here' AND NOT t.is_closed AND t.created_at IS NOT NULL
"""

CLEARED_BY = frozenset({"status", "attach", "contact"})
"""Closing one of the two, making the one the other's child, or giving it to who really asked."""

Key = tuple[str, str]
"""Company and contact: their ids, or their names where the PSA gives no id."""


def possible_duplicates(asked: Asked) -> Iterator[Found]:
    """One reason for each younger ticket, which names the older ones."""
    within = asked.limit("possible_duplicate", "within")
    least = asked.limit("possible_duplicate", "alike")
    offers = asked.capabilities
    groups: dict[Key, list[RowMapping]] = {}
    for row in _candidates(asked):
        if (key := _key(row)) is not None:
            groups.setdefault(key, []).append(row)
    wanted = None if asked.tickets is None else set(asked.tickets)
    pairs: dict[str, list[RowMapping]] = {}
    found: dict[str, RowMapping] = {}
    for rows in groups.values():
        rows.sort(key=_age)
        first = 0
        for place, row in enumerate(rows):
            while row["created_at"] - rows[first]["created_at"] > within:
                first += 1
            if not row["in_scope"] or (wanted is not None and row["ticket_id"] not in wanted):
                continue
            older = [one for one in rows[first:place] if alike(one["summary"], row["summary"]) >= least]
            if older:
                pairs[row["ticket_id"]], found[row["ticket_id"]] = older, row
    related = _related(asked, pairs) if pairs else set()
    for id, older in pairs.items():
        kept = [one for one in older if (id, one["ticket_id"]) not in related]
        if kept:
            yield Found(
                kind="possible_duplicate",
                ticket_id=id,
                code="similar_open",
                since=found[id]["created_at"],
                gate=asked.gates("possible_duplicate"),
                data={
                    "others": [one["number"] for one in kept],
                    "summary": kept[0]["summary"],
                    "opened_at": kept[0]["created_at"],
                    "contact": found[id]["contact"],
                },
                clears=offers is None or bool(offers.writes & CLEARED_BY),
            )


def _age(row: RowMapping) -> tuple[int, int, str]:
    id = row["ticket_id"]
    return row["created_at"], len(id), id


def _key(row: RowMapping) -> Key | None:
    company, contact = _who(row["company_id"], row["company"]), _who(row["contact_id"], row["contact"])
    return (company, contact) if company and contact else None


def _who(id: str | None, name: str | None) -> str:
    """An id, else a name, which begins with a space so that it is no id."""
    known = (id or "").strip(BLANK)
    named = (name or "").strip(BLANK)
    return known or (f" {named}" if named else "")


def _candidates(asked: Asked) -> Iterator[RowMapping]:
    """Open tickets, also those out of scope: all, or those of the contacts of the tickets that are asked for."""
    binds = Binds(asked)
    everything = f"t.connection = {binds.connection}"
    if asked.closed:  # the contacts' tickets are among those that are asked for
        yield from asked.rows(_OPEN.format(here=binds.here("t")), binds)
        return
    if asked.tickets is None:
        yield from asked.rows(_OPEN.format(here=everything), binds)
        return
    ids, names = set(), set()
    for row in asked.rows(_OPEN.format(here=binds.here("t")), binds):
        if (row["contact_id"] or "").strip(BLANK):
            ids.add(row["contact_id"])
        elif row["contact"]:
            names.add(row["contact"])
    for column, values in (("contact_id", ids), ("contact", names)):
        if values:
            more = Binds(asked)
            of = f"t.connection = {more.connection} AND t.{column} IN ({more.some(sorted(values))})"
            if column == "contact":
                of += f" AND {more.empty('t.contact_id')}"
            yield from asked.rows(_OPEN.format(here=of), more)


def _related(asked: Asked, pairs: dict[str, list[RowMapping]]) -> set[tuple[str, str]]:
    """Both ways round: a ticket and its parent."""
    binds = Binds(asked)
    children = set(pairs) | {one["ticket_id"] for older in pairs.values() for one in older}
    where = f"v.connection = {binds.connection}"
    if len(children) <= _MANY:
        where += f" AND v.ticket_id IN ({binds.some(sorted(children))})"
    found: set[tuple[str, str]] = set()
    for row in asked.rows(f"SELECT v.ticket_id, v.parent_id FROM v_parent v WHERE {where}", binds):
        found |= {(row["ticket_id"], row["parent_id"]), (row["parent_id"], row["ticket_id"])}
    return found


_MANY = 500


def _groups(asked: Asked) -> Iterator[tuple[str, str]]:
    """A contact's open tickets, whoever owns them. A ticket and its parent are such or cannot matter to each other."""
    binds = Binds(asked)
    for row in asked.rows(_OPEN.format(here=binds.here("t")), binds):
        if (key := _key(row)) is not None:
            yield f"asks:{key[0]}|{key[1]}", row["ticket_id"]


RULES = (Rule(kinds=("possible_duplicate",), find=possible_duplicates, groups=Groups("asks:", _groups)),)
