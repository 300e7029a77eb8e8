"""The company's own rules (`[[rules.custom]]`): kinds `custom:<name>`, each a condition over `v_ticket`.

One that cannot be worked out is switched off and told (table `rule_problem`); the others go on, and what it had found
before neither clears nor ages meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.database_problems import is_damage, is_environment
from store.rules.custom_sql import held_in, wrapped
from store.rules.exclusions import today, without_excluded
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found
from store.settings import CustomRule, Settings


class RuleFailed(Exception):
    """A condition could not be worked out; `str()` says why."""


def rules(settings: Settings) -> tuple[Rule, ...]:
    """The company's own rules that are switched on."""
    return tuple(_as_rule(rule) for rule in settings.rules.custom if rule.on)


def _as_rule(rule: CustomRule) -> Rule:
    def find(asked: Asked) -> Iterator[Found]:
        try:
            found = holding(asked, rule)
        except RuleFailed as failed:
            _note(asked, rule.kind, str(failed))
            return
        if asked.tickets is None:  # for a few tickets it may do although for all of them it does not
            _forget(asked, rule.kind)
        yield from found

    def passed(asked: Asked, before: int) -> Iterator[str]:
        """A condition may rest on the clock, on other tickets: those for which it is otherwise than published."""
        everything = msgspec.structs.replace(asked, tickets=None)
        try:
            found = holding(everything, rule)
        except RuleFailed as failed:
            _note(asked, rule.kind, str(failed))
            return
        _forget(asked, rule.kind)
        now = {one.ticket_id for one in without_excluded(everything, found)}
        sql = text("SELECT ticket_id FROM exception WHERE connection = :c AND kind = :k")
        published = asked.db.execute(sql, {"c": asked.connection.name, "k": rule.kind}).scalars()
        yield from sorted(now ^ set(published))

    return Rule(kinds=(rule.kind,), find=find, passed=passed)


def holding(asked: Asked, rule: CustomRule) -> list[Found]:
    """The tickets for which the condition holds, exclusions not looked at. Raises `RuleFailed`; writes nothing."""
    gate = asked.gates(rule.kind)
    return [
        Found(
            kind=rule.kind,
            ticket_id=ticket_id,
            code="custom",
            gate=gate,
            else_created=False,
            data={"means": rule.means},
        )
        for ticket_id in selected(asked, rule.where)
    ]


def selected(asked: Asked, where: str) -> list[str]:
    """Ids of the tickets of the queue for which a condition holds, in their order. Raises `RuleFailed`."""
    binds = Binds(asked)
    # The condition goes to SQLite as it stands: SQLAlchemy would take a colon in one of its texts for a value.
    sql = (
        f"SELECT t.ticket_id FROM v_ticket t WHERE {binds.queue()} AND {wrapped(where)} ORDER BY t.ticket_id"
    )
    values = {**binds.values, "now": asked.now, "me": asked.me, "today": today(asked)}
    raw = asked.db.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    limit = asked.rules.custom_limit
    with held_in(raw, asked.connection.hours, asked.now, limit) as deadline:
        try:
            return [row[0] for row in asked.db.exec_driver_sql(sql, values).all()]
        except DBAPIError as error:
            if is_damage(error.orig) or is_environment(error.orig):
                raise
            if deadline.passed:
                raise RuleFailed(f"it took longer than {limit} s and was stopped") from error
            raise RuleFailed(f"SQLite says: {error.orig}") from error


# ---------------------------------------------------------------- what is switched off


def unsettled(asked: Asked) -> frozenset[str]:
    """The kinds of which nothing is known now: what was found before neither clears nor is forgotten."""
    sql = text("SELECT kind FROM rule_problem WHERE connection = :c")
    failed = asked.db.execute(sql, {"c": asked.connection.name}).scalars()
    return frozenset((*failed, *(one.kind for one in asked.rules.custom_problems if not one.off)))


def let_go(asked: Asked) -> None:
    """Problems of rules that are not looked for any more."""
    sql = text(
        "DELETE FROM rule_problem WHERE connection = :c AND kind NOT IN (SELECT value FROM json_each(:kinds))"
    )
    asked.db.execute(sql, {"c": asked.connection.name, "kinds": json.dumps(asked.settings.kinds)})


def _note(asked: Asked, kind: str, problem: str) -> None:
    _forget(asked, kind)
    sql = text("INSERT INTO rule_problem (connection, kind, problem, at) VALUES (:c, :k, :problem, :at)")
    asked.db.execute(sql, {"c": asked.connection.name, "k": kind, "problem": problem, "at": asked.now})


def _forget(asked: Asked, kind: str) -> None:
    sql = text("DELETE FROM rule_problem WHERE connection = :c AND kind = :k")
    asked.db.execute(sql, {"c": asked.connection.name, "k": kind})
