"""When the clock alone changes a ticket's result next, where no column tells it: an SLA's target comes close when so
much of the business time to it is gone.

A rule says it for the tickets that it looks at (`Rule.due`); the table `rule_due` keeps it, so that a round need not
work it out for every open ticket.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import text

from store.rules.rule import Rule
from store.rules.sql import Asked


def come(asked: Asked, rule: Rule) -> list[str]:
    """Ids of the tickets whose moment has come since the rule last looked at them."""
    sql = "SELECT ticket_id FROM rule_due WHERE connection = :c AND kind = :kind AND at <= :now"
    values = {"c": asked.connection.name, "kind": rule.kinds[0], "now": asked.now}
    return list(asked.db.execute(text(sql), values).scalars())


def keep(asked: Asked, rule: Rule, moments: Iterable[tuple[str, int]]) -> None:
    """Writes down the next moment of each ticket that is asked for."""
    now: dict[str, int] = {}
    for ticket, at in moments:
        now[ticket] = min(at, now.get(ticket, at))
    name, kind = asked.connection.name, rule.kinds[0]
    sql = "SELECT ticket_id, at FROM rule_due WHERE connection = :c AND kind = :kind"
    values = {"c": name, "kind": kind}
    if asked.tickets is not None:
        sql += " AND ticket_id IN (SELECT value FROM json_each(:some))"
        values["some"] = json.dumps(list(asked.tickets))
    before: dict[str, int] = {row.ticket_id: row.at for row in asked.db.execute(text(sql), values)}
    gone = [ticket for ticket, at in before.items() if now.get(ticket) != at]
    new = [ticket for ticket, at in now.items() if before.get(ticket) != at]
    if gone:
        asked.db.execute(
            text("DELETE FROM rule_due WHERE connection = :c AND kind = :kind AND ticket_id = :ticket"),
            [{"c": name, "kind": kind, "ticket": ticket} for ticket in gone],
        )
    if new:
        asked.db.execute(
            text("INSERT INTO rule_due (connection, kind, ticket_id, at) VALUES (:c, :kind, :ticket, :at)"),
            [{"c": name, "kind": kind, "ticket": ticket, "at": now[ticket]} for ticket in new],
        )


def let_go(asked: Asked, rules: Iterable[Rule]) -> None:
    """Forgets the moments of rules that are not looked for any more."""
    kinds = json.dumps([rule.kinds[0] for rule in rules if rule.due is not None])
    sql = "DELETE FROM rule_due WHERE connection = :c AND kind NOT IN (SELECT value FROM json_each(:kinds))"
    asked.db.execute(text(sql), {"c": asked.connection.name, "kinds": kinds})
