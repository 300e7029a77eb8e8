"""What the settings say on money: `[money]`, and what agreements do not cover (`[[rules.out_of_scope.agreement]]`)."""

from __future__ import annotations

import math

from store.settings_records import AgreementScope, CompanyRate, Money
from store.toml_table import Table

_NAMES = ("codes", "boards", "types")


def agreement_scopes(table: Table) -> tuple[AgreementScope, ...]:
    """The list `agreement` of `[rules.out_of_scope]`. Raises `SettingsError`."""
    return tuple(_agreement(row) for row in table.tables("agreement"))


def _agreement(row: Table) -> AgreementScope:
    name = row.text("name", expected='an agreement\'s name, or "*" for any')
    found = AgreementScope(
        name=name.strip(), codes=row.texts("codes"), boards=row.texts("boards"), types=row.texts("types")
    )
    row.finish()
    if not any(getattr(found, key) for key in _NAMES):
        raise row.error(None, f'"{name}" leaves nothing uncovered', f"Give one of {', '.join(_NAMES)}.")
    return found


def read_money(table: Table) -> Money:
    """`[money]`. Raises `SettingsError`: a rate is a number above 0, and money without a currency is none."""
    companies = tuple(_company(row) for row in table.tables("for"))
    found = Money(
        currency=(table.optional("currency", expected='a currency such as "USD"') or "").strip(),
        rate=_rate(table, "rate"),
        rates=_rates(table),
        companies=companies,
    )
    table.finish()
    if not found.currency and (found.rate is not None or found.rates or companies):
        raise table.error(
            "currency", "is missing, a currency is expected", 'Add currency = "USD" to [money].'
        )
    return found


def _company(row: Table) -> CompanyRate:
    found = CompanyRate(
        company=row.text("company", expected="a company's name").strip(),
        rate=_rate(row, "rate"),
        rates=_rates(row),
    )
    row.finish()
    if found.rate is None and not found.rates:
        raise row.error(None, "sets no rate", "Give rate, or rates by billing code.")
    return found


def _rates(table: Table) -> dict[str, float]:
    inner = table.table("rates")
    return {name: rate for name in inner.data if (rate := _rate(inner, name)) is not None}


def _rate(table: Table, key: str) -> float | None:
    if key not in table.data:
        table.known.append(key)
        return None
    rate = table.amount(key, 1.0)
    if not math.isfinite(rate):
        raise table.error(key, f"a number above 0 is expected, not {rate:g}")
    return rate
