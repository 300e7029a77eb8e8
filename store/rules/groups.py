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

from store.rules.rule import Rule
from store.rules.sql import Asked

_IN = "IN (SELECT value FROM json_each(:these))"
Member = tuple[str, str]
"""Key, ticket id."""


def touched(asked: Asked, rules: Iterable[Rule], tickets: Sequence[str]) -> tuple[str, ...]:
    """These tickets and all that share a group with one of them, or did."""
    now = members(msgspec.structs.replace(asked, tickets=tuple(tickets)), rules)
    keys = {key for key, _ in now} | {key for key, _ in _kept(asked, tickets)}
    named = {*tickets, *(ticket for _, ticket in now)}  # a parent of which this is the first child
    if not keys:
        return tuple(sorted(named))
    sql = f"SELECT DISTINCT ticket_id FROM rule_group WHERE connection = :c AND key {_IN}"
    others = asked.db.execute(text(sql), {"c": asked.connection.name, "these": json.dumps(sorted(keys))})
    return tuple(sorted({*named, *others.scalars()}))


def members(asked: Asked, rules: Iterable[Rule]) -> set[Member]:
    """Who is in which group now, of the tickets that are asked for."""
    return {member for rule in rules if rule.groups is not None for member in rule.groups(asked)}


def keep(asked: Asked, now: set[Member]) -> None:
    """Writes down who is in which group, for the tickets that are asked for."""
    before = _kept(asked, asked.tickets)
    if asked.tickets is not None:
        some = set(asked.tickets)
        now = {(key, ticket) for key, ticket in now if ticket in some}
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


def _kept(asked: Asked, tickets: Sequence[str] | None) -> set[Member]:
    sql = "SELECT key, ticket_id FROM rule_group WHERE connection = :c"
    values = {"c": asked.connection.name}
    if tickets is not None:
        sql += f" AND ticket_id {_IN}"
        values["these"] = json.dumps(list(tickets))
    return {(key, ticket) for key, ticket in asked.db.execute(text(sql), values)}
