"""All rules, and what holds for some kinds and not for others."""

from __future__ import annotations

from store.rules import (
    absence,
    age,
    children,
    clients,
    codes,
    conversations,
    crossed,
    custom,
    duplicates,
    effort,
    fields,
    money,
    own_day,
    parents,
    planning,
    questions,
    reopened,
    silence,
    targets,
    written,
)
from store.rules.catalogue import BY_NAME, CATALOGUE
from store.rules.rule import Rule
from store.settings import Settings

RULES: tuple[Rule, ...] = (
    *conversations.RULES,
    *fields.RULES,
    *parents.RULES,
    *codes.RULES,
    *targets.RULES,
    *age.RULES,
    *silence.RULES,
    *planning.RULES,
    *absence.RULES,
    *reopened.RULES,
    *duplicates.RULES,
    *clients.RULES,
    *crossed.RULES,
    *children.RULES,
    *written.RULES,
    *money.RULES,
    *effort.RULES,
    *own_day.RULES,
    *questions.RULES,
)

ALWAYS = tuple(kind.name for kind in CATALOGUE if kind.on)
"""Kinds that know themselves what of them can be found where a PSA does not tell everything."""

WINDOWED = (
    "reply_after_close",
    "billing_code",
    *(name for name, kind in BY_NAME.items() if any(limit.key == "window" for limit in kind.limits)),
)
"""Kinds whose rows a window ends. What goes unresolved then stays open in the history: it is `aged_out`."""


def rules_for(settings: Settings) -> list[Rule]:
    """Those that look for a kind that is switched on."""
    every, on = (*RULES, *custom.rules(settings)), frozenset(settings.kinds)
    return [rule for rule in every if not on.isdisjoint(rule.kinds)]
