"""`[rules.<kind>]`: what a company has made of each kind of exception, with errors that name the key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from store.rules.catalogue import Kind, Limit
from store.settings_records import KINDS, Exclude, KindRule, Rules, Settings
from store.toml_table import Table, meant

_NAMES = ("statuses", "boards", "types", "companies", "technicians")


def kind_rule(kind: Kind, table: Table) -> KindRule:
    """The kind's table; what is not in it has its default. Raises `SettingsError`, also for a key that nothing reads:
    whoever reads keys of the kind's own does so before."""
    rule = KindRule(
        on=table.flag("on", kind.on),
        gate=table.flag("gate", False) if "gate" in table.data else None,
        limits={limit.key: _limit(table, limit) for limit in kind.limits},
        exclude=excludes(table),
        sop=table.optional("sop", expected="a text or an address") or "",
        review=day(table, "review"),
    )
    table.finish()
    return rule


def _limit(table: Table, limit: Limit) -> Any:  # noqa: ANN401 (as the limit says)
    read: dict[str, Callable[[], Any]] = {
        "duration": lambda: table.duration(limit.key, limit.default),
        "count": lambda: table.count(limit.key, limit.default),
        "hours": lambda: table.amount(limit.key, limit.default),
        "share": lambda: table.share(limit.key, limit.default),
        "texts": lambda: table.texts(limit.key, limit.default),
        "absences": lambda: _absences(table, limit),
    }
    return read[limit.of]()


def _absences(table: Table, limit: Limit) -> tuple[str, ...]:
    """The entries as they stand there; days that are none are an error."""
    from store.absences import absence

    entries = table.texts(limit.key, limit.default)
    for entry in entries:
        try:
            absence(entry)
        except ValueError as error:
            raise table.error(limit.key, str(error)) from None
    return entries


def excludes(table: Table) -> tuple[Exclude, ...]:
    """`exclude`: a table, or a list of tables with who, why and until when."""
    if not isinstance(table.data.get("exclude"), list):
        one = _exclude(table.table("exclude"))
        return (one,) if any(getattr(one, name) for name in _NAMES) else ()
    rows = table.tables("exclude")
    found = tuple(_exclude(row) for row in rows)
    for row, one in zip(rows, found, strict=True):
        if not any(getattr(one, name) for name in _NAMES):
            raise row.error(None, "leaves nothing out", f"Give one of {', '.join(_NAMES)}.")
    return found


def _exclude(row: Table) -> Exclude:
    names = {name: row.texts(name) for name in _NAMES}
    found = Exclude(
        statuses=names["statuses"],
        boards=names["boards"],
        types=names["types"],
        companies=names["companies"],
        technicians=names["technicians"],
        who=row.optional("who", expected="a name") or "",
        why=row.optional("why", expected="a reason") or "",
        until=day(row, "until"),
    )
    row.finish()
    return found


def day(table: Table, key: str) -> str:
    """A calendar day as `YYYY-MM-DD`; TOML's own dates are taken too. Empty when the key is not there."""
    value = table.data.get(key)
    if type(value) is date:
        table.known.append(key)
        return value.isoformat()
    expected = "a day such as 2026-12-31"
    text = table.optional(key, expected=expected)
    if text is None:
        return ""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise table.error(key, f'{expected} is expected, not "{text}"') from None


def own_kinds(rules: Rules) -> tuple[str, ...]:
    """The kinds of the company's own, also those of rules that are wrong: who names one has not misspelt it."""
    return (*(rule.kind for rule in rules.custom), *(one.kind for one in rules.custom_problems))


def gates(check: Table, rules: Rules) -> tuple[str, ...]:
    """`check.gates`, then what the kinds' own tables say."""
    named = check.texts("gates", Settings().gates)
    custom = own_kinds(rules)
    for kind in named:
        if kind not in (*KINDS, *custom):
            raise check.error("gates", f'unknown kind "{kind}"', meant(kind, (*KINDS, *custom)))
    own = {kind: rule.gate for kind, rule in rules.kinds.items() if rule.gate is not None}
    own |= {rule.kind: True for rule in rules.custom if rule.gate}
    own |= {one.kind: True for one in rules.custom_problems if one.counts}
    return tuple(kind for kind in (*KINDS, *custom) if own.get(kind, kind in named))
