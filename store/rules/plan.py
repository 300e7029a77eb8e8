"""Which tickets each rule looks at in one evaluation.

What has changed is looked at by every rule. What shares a group with it, or what the clock has moved, only by the rule
that says so: one technician's entry of today makes all tickets of the day look for gaps, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from store.rules import groups, moments
from store.rules.rule import Rule
from store.rules.sql import Asked

MANY = 5000
"""More tickets than this are not named one by one: everything is evaluated."""


class Plan(msgspec.Struct):
    """What is looked at; `changed` is `None`: everything, by every rule."""

    rules: Sequence[Rule]
    changed: frozenset[str] | None
    of: dict[str, frozenset[str]] = {}
    """Kind -> the tickets on which it is looked for."""
    tickets: frozenset[str] = frozenset()
    """All of them."""
    groups: dict[str, groups.Looked] = {}
    """By the prefix of their keys: who was looked at because of them."""

    def looked_at(self, kind: str, ticket_id: str) -> bool:
        """Whether a kind (or what a rule keeps "first seen" under) is looked for on a ticket."""
        if self.changed is None or ticket_id in self.changed:
            return True
        return ticket_id in self.of.get(kind, ())

    @property
    def whole(self) -> tuple[str, ...] | None:
        """The tickets on which every kind is looked for; `None`: all."""
        return None if self.changed is None else tuple(sorted(self.changed))

    @property
    def further(self) -> list[tuple[str, str]]:
        """(kind, ticket id) of what is looked for on tickets that have not changed."""
        if self.changed is None:
            return []
        return sorted((kind, ticket) for kind, some in self.of.items() for ticket in some - self.changed)

    def part(self, asked: Asked, rule: Rule) -> Asked:
        """What is asked of one rule."""
        if self.changed is None:
            return asked
        return msgspec.structs.replace(asked, tickets=tuple(sorted(self.of[rule.kinds[0]])), closed=True)


def everything(rules: Sequence[Rule]) -> Plan:
    """Every rule looks at all tickets."""
    return Plan(rules, None)


def passed(asked: Asked, rules: Sequence[Rule], before: int) -> dict[str, set[str]]:
    """First kind of a rule -> the tickets whose result the clock alone may have changed since `before`."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        some = set() if rule.passed is None else set(rule.passed(asked, before))
        if rule.due is not None:
            some.update(moments.come(asked, rule))
        if some:
            found[rule.kinds[0]] = some
    return found


def planned(
    asked: Asked, rules: Sequence[Rule], changed: Collection[str], moved: Mapping[str, Collection[str]]
) -> Plan:
    """The plan for tickets that have changed, and those that the clock has moved (`passed`)."""
    first = frozenset(changed)
    plan = Plan(rules, first)
    of_them = msgspec.structs.replace(asked, tickets=tuple(sorted(first)))
    for each in groups.of_rules(rules):
        some = first.union(
            *(
                moved.get(rule.kinds[0], ())
                for rule in rules
                if rule.groups is not None and rule.groups.prefix == each.prefix
            )
        )
        plan.groups[each.prefix] = groups.look(asked, each, some)
    for rule in rules:
        if rule.after is None:
            mates = frozenset() if rule.groups is None else plan.groups[rule.groups.prefix].touched
            otherwise = () if rule.otherwise is None else rule.otherwise(of_them)
            _look(plan, rule, first.union(mates, moved.get(rule.kinds[0], ()), otherwise))
    # What rests on what has to be gone is looked at wherever a kind is that may have to be.
    counted = asked.settings.counted
    others = first.union(*(plan.of[kind] for kind in counted if kind in plan.of))
    for rule in rules:
        if rule.after is not None:
            otherwise = () if rule.otherwise is None else rule.otherwise(of_them)
            _look(plan, rule, others.union(moved.get(rule.kinds[0], ()), otherwise))
    return plan if len(plan.tickets) <= MANY else everything(rules)


def _look(plan: Plan, rule: Rule, tickets: frozenset[str]) -> None:
    for name in (*rule.kinds, *rule.marks):
        plan.of[name] = tickets
    plan.tickets |= tickets
