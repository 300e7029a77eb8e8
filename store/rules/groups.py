"""Tickets that decide about each other: which others to look at again when one has changed.

A rule says for each ticket which groups it is in (`Rule.groups`): a parent and its children, one contact's tickets.
The table `rule_group` keeps who was in which group at the last evaluation, so that the others of a group that a ticket
has left are found too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import text

from store.rules.rule import Groups, Rule
from store.rules.sql import Asked

_IN = "IN (SELECT value FROM json_each(:these))"
Member = tuple[str, str]
"""Key, ticket id."""


class Looked(msgspec.Struct, frozen=True):
    """Tickets and the groups they are in, before and now."""

    tickets: frozenset[str]
    """Those that were asked for."""
    before: frozenset[Member]
    now: frozenset[Member]
    touched: frozenset[str]
    """They and all that share a group with one of them, or did."""


def look(asked: Asked, groups: Groups, tickets: frozenset[str]) -> Looked:
    """Who is touched by these tickets, as far as these groups go."""
    if not tickets:
        return Looked(tickets, frozenset(), frozenset(), tickets)
    some = tuple(sorted(tickets))
    now = frozenset(groups.of(msgspec.structs.replace(asked, tickets=some)))
    before = _kept(asked, groups, some)
    named = {*some, *(ticket for _, ticket in now)}  # a parent of which this is the first child
    if keys := {key for key, _ in now | before}:
        sql = f"SELECT ticket_id FROM rule_group WHERE connection = :c AND key {_IN}"
        values = {"c": asked.connection.name, "these": json.dumps(sorted(keys))}
        named.update(asked.db.execute(text(sql), values).scalars())
    return Looked(tickets, before, now, frozenset(named))


def of_rules(rules: Iterable[Rule]) -> list[Groups]:
    """The groups of these rules, each once."""
    return list({rule.groups.prefix: rule.groups for rule in rules if rule.groups is not None}.values())


def keep(asked: Asked, groups: Groups, looked: Looked | None) -> None:
    """Writes down who is in which of these groups now: of those that were looked at, else of all tickets."""
    if looked is None:
        before, now = _kept(asked, groups, None), frozenset(groups.of(asked))
    elif not groups.names_others:
        before, now = looked.before, looked.now
    else:  # a parent whose last child has left, or whose first has come
        some = tuple(sorted(looked.touched))
        before = _kept(asked, groups, some)
        now = frozenset(groups.of(msgspec.structs.replace(asked, tickets=some)))
        now = frozenset(one for one in now if one[1] in looked.touched)
    name = asked.connection.name
    if gone := before - now:
        asked.db.execute(
            text("DELETE FROM rule_group WHERE connection = :c AND key = :key AND ticket_id = :ticket"),
            [{"c": name, "key": key, "ticket": ticket} for key, ticket in gone],
        )
    if come := now - before:
        asked.db.execute(
            text("INSERT INTO rule_group (connection, key, ticket_id) VALUES (:c, :key, :ticket)"),
            [{"c": name, "key": key, "ticket": ticket} for key, ticket in come],
        )


def let_go(asked: Asked, kept: Iterable[Groups]) -> None:
    """Forgets the groups that no rule has (any more)."""
    known = tuple(groups.prefix for groups in kept)
    rows = asked.db.execute(
        text("SELECT DISTINCT key FROM rule_group WHERE connection = :c"), {"c": asked.connection.name}
    )
    gone = [key for key in rows.scalars() if not key.startswith(known)] if known else None
    sql = "DELETE FROM rule_group WHERE connection = :c"
    if gone is None:
        asked.db.execute(text(sql), {"c": asked.connection.name})
    elif gone:
        asked.db.execute(
            text(f"{sql} AND key {_IN}"), {"c": asked.connection.name, "these": json.dumps(gone)}
        )


def _kept(asked: Asked, groups: Groups, tickets: Sequence[str] | None) -> frozenset[Member]:
    sql = "SELECT key, ticket_id FROM rule_group WHERE connection = :c"
    values = {"c": asked.connection.name}
    if tickets is not None:
        sql += f" AND ticket_id {_IN}"
        values["these"] = json.dumps(list(tickets))
    rows = asked.db.execute(text(sql), values)
    return frozenset((key, ticket) for key, ticket in rows if key.startswith(groups.prefix))
