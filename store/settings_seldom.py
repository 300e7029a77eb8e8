"""What is seldom set has a module of its own, loaded where a file has it: reading the settings is part of every start.

Each of these takes its key all the same, so that errors list the same keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from store.business_time import Hours
from store.kind_settings import own_kinds
from store.rules.catalogue import CATALOGUE
from store.settings_records import KINDS, AgreementScope, CustomProblem, CustomRule, Money, Rules
from store.toml_table import Table

if TYPE_CHECKING:
    from store.key_settings import KeyWish
    from store.saved_panes import SavedPane


def hours(table: Table, zone: str, general: Hours) -> Hours:
    if not table.data:
        return msgspec.structs.replace(general, zone=zone)
    from store.hours_settings import read_hours

    return read_hours(table, zone, general)


def checkpoints(check: Table) -> tuple[int, ...]:
    if "checkpoints" not in check.data:
        check.known.append("checkpoints")
        return ()
    from store.checkpoints import checkpoints

    return checkpoints(check)


def money(table: Table) -> Money:
    if not table.data:
        return Money()
    from store.money_settings import read_money

    return read_money(table)


def keys(table: Table, text: str) -> tuple[KeyWish, ...]:
    if not table.data:
        return ()
    from store.key_settings import key_wishes

    return key_wishes(table, text)


def panes(top: Table, rules: Rules) -> tuple[SavedPane, ...]:
    if "panes" not in top.data:
        top.known.append("panes")
        return ()
    from store.saved_panes import saved_panes

    used = {str(kind.pane) for kind in CATALOGUE if rules.of(kind.name).on}
    return saved_panes(top, (*KINDS, *own_kinds(rules)), used)


def custom(rules: Table, text: str) -> tuple[tuple[CustomRule, ...], tuple[CustomProblem, ...]]:
    if "custom" not in rules.data:
        rules.known.append("custom")
        return (), ()
    from store.custom_settings import custom_rules

    return custom_rules(rules, text)


def agreements(table: Table) -> tuple[AgreementScope, ...]:
    if "agreement" not in table.data:
        table.known.append("agreement")
        return ()
    from store.money_settings import agreement_scopes

    return agreement_scopes(table)
