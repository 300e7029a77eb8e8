"""Why a ticket is in a kind, or what keeps it out: the conditions one by one, in words.

What holds for all kinds is here; what a kind asks for by itself its rule says (`Rule.explain`), for the first six
kinds `store.rules.explain_first`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from connectors.text import clean
from store.not_known import not_known
from store.read_exceptions import exclusion_words
from store.rules import custom, explain_first
from store.rules.catalogue import BY_NAME, CATALOGUE
from store.rules.custom_sql import problem
from store.rules.custom_words import columns, parts
from store.rules.documented import COLUMNS
from store.rules.exclusions import excluding
from store.rules.registry import ALWAYS, RULES
from store.rules.rule import Condition
from store.rules.scratch import reasons
from store.rules.sql import Asked, Binds, Found
from store.settings import CustomRule, Exclude


class Explained(msgspec.Struct, frozen=True):
    """One kind, for one ticket."""

    kind: str
    on: bool
    holds: bool
    """The ticket is in it, or would be if it were switched on."""
    conditions: tuple[Condition, ...]
    """In the order in which they are looked at, up to the first that fails."""
    reasons: tuple[Found, ...] = ()

    @property
    def failed(self) -> str:
        """How it is with the first condition that does not hold; empty: all of them do."""
        return next((clean(one.text) for one in self.conditions if not one.holds), "")


def explain(asked: Asked, ticket_id: str) -> list[Explained]:
    """Every kind and every rule of the company's own, for a ticket that is in the cache."""
    one = msgspec.structs.replace(asked, tickets=(ticket_id,))
    binds = Binds(one)
    rows = list(one.rows(f"SELECT t.* FROM v_ticket t WHERE {binds.here('t')}", binds))
    if not rows:
        raise LookupError(f"no ticket {ticket_id}")
    ticket = dict(rows[0])
    found = [_kind(one, ticket, kind.name) for kind in CATALOGUE]
    return [*found, *(_own(one, ticket, rule) for rule in asked.rules.custom)]


def _kind(asked: Asked, ticket: dict[str, object], kind: str) -> Explained:
    on = kind in asked.settings.kinds
    try:
        found = tuple(reasons(asked, kind))
    except custom.RuleFailed as failed:  # of a company's own rules alone
        raise AssertionError(str(failed)) from failed
    conditions = _looked_at(_of_all(asked, ticket, kind), () if found else _of_kind(asked, ticket, kind))
    if not found and all(one.holds for one in conditions):
        means = BY_NAME[kind].means
        conditions = (*conditions, Condition(False, f"Its own condition does not hold: {means}."))
    return Explained(kind, on, bool(found), conditions, found)


def _own(asked: Asked, ticket: dict[str, object], rule: CustomRule) -> Explained:
    own = list(_of_own(asked, ticket, rule))
    conditions = _looked_at(_of_all(asked, ticket, rule.kind), own)
    holds = all(one.holds for one in conditions)
    found = tuple(custom.holding(asked, rule)) if holds else ()
    return Explained(rule.kind, rule.on, holds, conditions, found)


def _looked_at(*conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Up to the first that does not hold."""
    found: list[Condition] = []
    for several in conditions:
        for one in several:
            found.append(one)
            if not one.holds:
                return tuple(found)
    return tuple(found)


# ---------------------------------------------------------------- what holds for all kinds


def _of_all(asked: Asked, ticket: dict[str, object], kind: str) -> Iterator[Condition]:
    lost = not_known(asked.capabilities).get(kind)
    if lost is not None and kind not in ALWAYS:
        yield Condition(False, f"It cannot be known from this PSA. {lost}")
    if ticket["presence"] != "here":
        said = {"deleted": "deleted", "merged": "merged away"}.get(str(ticket["presence"]), "not to be seen")
        yield Condition(False, f"It is not in the queue: in the PSA it is {said}.")
    elif not ticket["in_scope"]:
        scope = asked.connection.scope
        yield Condition(False, f"It is not in the queue: it is not in the scope ({scope}).")
    else:
        yield Condition(True, "It is in the queue.")
    for entry in excluding(asked, kind):
        yield Condition(False, f"The company leaves it out: {_told(entry)}.")


def _told(entry: Exclude) -> str:
    """What an exclusion leaves out, who said so, why and until when."""
    what = exclusion_words(entry)
    more = (f"by {entry.who}" if entry.who else "", entry.why, f"until {entry.until}" if entry.until else "")
    told = ", ".join(part for part in more if part)
    return f"{what} ({told})" if told else what


def _of_kind(asked: Asked, ticket: dict[str, object], kind: str) -> Iterable[Condition]:
    for rule in RULES:
        if kind in rule.kinds and rule.explain is not None:
            return rule.explain(asked, kind)
    hook = explain_first.EXPLAINS.get(kind)
    return hook(asked, kind) if hook is not None else _open_or_closed(ticket, BY_NAME[kind].means)


def _open_or_closed(ticket: dict[str, object], means: str) -> Iterator[Condition]:
    """As the kind's own words begin."""
    if means.startswith("open"):
        yield explain_first.is_open(ticket)
    elif means.startswith("closed") and not means.startswith("closed, or"):
        yield explain_first.is_closed(ticket)


# ---------------------------------------------------------------- the company's own


def _of_own(asked: Asked, ticket: dict[str, object], rule: CustomRule) -> Iterator[Condition]:
    split = parts(rule.where)
    if any(problem(part) is not None for part in split):
        split = [rule.where]  # a part that does not stand by itself
    for part in split:
        shown = " ".join(part.split())
        try:
            holds = bool(custom.selected(asked, part))
        except custom.RuleFailed as failed:
            yield Condition(False, f"{shown} cannot be worked out: {failed}.")
            continue
        values = "; ".join(f"{name} is {_value(ticket[name])}" for name in columns(part, COLUMNS["v_ticket"]))
        told = f" ({values})" if values else ""
        yield Condition(holds, f"{shown} {'holds' if holds else 'does not hold'}{told}.")


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    return f"'{clean(value)}'" if isinstance(value, str) else str(value)
