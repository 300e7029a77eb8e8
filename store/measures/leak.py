"""The leak meter: hours times rate for everything unbilled, uncoded or out of scope, and what fixes got back today.

Pure functions over the open databases, as the last evaluation of the rules left them. Amounts are exact: hours and
rates are decimals, every time entry is rounded to cents once, and every sum is the sum of those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from store.day_time import day_of
from store.measures.pieces import KINDS, LEAKS, Leaky, pieces, week_of
from store.measures.recovered import Got, recovered
from store.measures.worth import Piece, capabilities, exact, worth
from store.not_known import not_known, told, why_not_told
from store.rules.catalogue import title_of
from store.settings_records import Settings

_SOURCES = {
    "entry": "the rate that the PSA has on the entry",
    "company_code": "the company's rate of the billing code",
    "company": "the company's rate",
    "code": "the rate of the billing code",
    "general": "the rate of [money]",
}


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one ticket, company or week, and what they are worth."""

    key: tuple[str, ...] = ()
    """Ticket: connection and ticket id; company: its name, empty where tickets have none; week: `2026-W47`, empty where
    it is not told when the work was. The total has none."""
    name: str = ""
    """For people: a ticket's number, else the key."""
    hours: Decimal = Decimal(0)
    amount: Decimal | None = None
    """Of the hours that have a rate; `None`: none of them has one."""
    without_rate: Decimal = Decimal(0)
    """Hours that are not in the amount."""


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """What leaks now."""

    currency: str
    """Empty: none is set, then no amount is a figure of the settings'."""
    total: Sum
    by_ticket: tuple[Sum, ...]
    by_company: tuple[Sum, ...]
    by_week: tuple[Sum, ...]
    """Largest hours first; weeks in their order."""
    pieces: tuple[Piece, ...]
    recovered: Sum
    """What fixes of today got back: the PSA has them."""
    under_way: Sum
    """The same of fixes that the PSA does not have yet."""
    in_progress: tuple[Sum, ...]
    """Work in progress per company: time that the customer is to pay for and that is on no invoice, of any age."""
    rests_on: tuple[str, ...]
    """Sentences: what the figure is made of."""
    unknown: tuple[str, ...]
    """Sentences: what is not in it, because it is not known."""


def leak(
    cache: sqlite3.Connection,
    journal: sqlite3.Connection | None,
    settings: Settings,
    names: Sequence[str],
    *,
    now: int,
    zone: ZoneInfo,
) -> Leak:
    """The leak of these connections. Weeks and "today" are those of `zone`; `now` is UTC seconds.

    `journal`: `None` where there is none yet, or one without the table `recovered`: then nothing was got back.
    """
    found = [piece for name in names for piece in leaking(cache, settings, name)]
    still = {(one.connection, one.ticket_id, one.time_entry_id) for one in found}
    got: list[Got] = []
    if journal is not None and names:
        today = recovered(journal, names, *day_of(now, zone), settings.money.currency)
        got = [one for one in today if (one.connection, one.ticket_id, one.time_entry_id) not in still]
    total = add_up(found)
    weeks = _by(found, lambda one: (week_of(one.at, zone),), lambda one: week_of(one.at, zone))
    return Leak(
        currency=settings.money.currency,
        total=total,
        by_ticket=_by(found, lambda one: (one.connection, one.ticket_id), lambda one: one.number),
        by_company=_by(found, lambda one: (one.company,), lambda one: one.company),
        by_week=tuple(sorted(weeks, key=lambda one: one.key)),
        pieces=tuple(found),
        recovered=add_up(one for one in got if one.confirmed),
        under_way=add_up(one for one in got if not one.confirmed),
        in_progress=in_progress(cache, settings, names),
        rests_on=_rests_on(found, settings.money.currency),
        unknown=(*_not_told(cache, settings, names), *_without_rate(total)),
    )


def leaking(cache: sqlite3.Connection, settings: Settings, name: str) -> list[Piece]:
    """The hours of one connection that leak, each once."""
    kinds, codes = (", ".join(f"'{one}'" for one in some) for some in (KINDS, LEAKS))
    rows = cache.execute(
        "SELECT kind, ticket_id, time_entry_id FROM reason WHERE connection = ?"
        f" AND kind IN ({kinds}) AND code IN ({codes})",
        (name,),
    )
    reasons = [Leaky(row[0], row[1], row[2]) for row in rows]
    return pieces(lambda sql, values: cache.execute(sql, values), name, reasons, settings.money)


def in_progress(cache: sqlite3.Connection, settings: Settings, names: Sequence[str]) -> tuple[Sum, ...]:
    """Work in progress per company, largest first: entries of the queue's tickets that are to be paid (`charge`) and on
    no invoice. Connections whose PSA does not tell one of both are not in it."""
    found = []
    for name in names:
        if not all(told(capabilities(cache, name), what) for what in ("time", "charge", "invoices")):
            continue
        rows = cache.execute(
            "SELECT e.ticket_id, e.time_id, e.hours, e.rate, e.billing_code, t.billing_code, t.number, t.company,"
            " coalesce(e.started_at, e.ended_at, e.entered_at) FROM v_time e JOIN (SELECT ticket_id, number, company,"
            " billing_code FROM v_ticket WHERE connection = :c AND in_scope AND presence = 'here') t"
            " ON t.ticket_id = e.ticket_id"
            " WHERE e.connection = :c AND e.charge AND NOT e.invoiced AND e.hours > 0",
            {"c": name},
        )
        for ticket_id, time_id, hours, own, code, of_ticket, number, company, at in rows:
            found.append(
                worth(
                    settings.money,
                    connection=name,
                    ticket_id=ticket_id,
                    number=number,
                    company=company or "",
                    time_entry_id=time_id,
                    at=at,
                    hours=exact(hours),
                    code=code or of_ticket or "",
                    own=own,
                )
            )
    return _by(found, lambda one: (one.company,), lambda one: one.company)


def add_up(some: Iterable[Piece | Got], key: tuple[str, ...] = (), name: str = "") -> Sum:
    """The sum of hours and amounts; nothing at all is worth nothing."""
    hours = without = Decimal(0)
    amounts = []
    empty = True
    for one in some:
        empty = False
        hours += one.hours
        if one.amount is None:
            without += one.hours
        else:
            amounts.append(one.amount)
    amount = sum(amounts, Decimal("0.00")) if amounts or empty else None
    return Sum(key=key, name=name, hours=hours, amount=amount, without_rate=without)


def _by(
    found: Iterable[Piece], key: Callable[[Piece], tuple[str, ...]], name: Callable[[Piece], str]
) -> tuple[Sum, ...]:
    groups: dict[tuple[str, ...], list[Piece]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    sums = [add_up(some, of, name(some[0])) for of, some in groups.items()]
    return tuple(sorted(sums, key=lambda one: (-one.hours, one.key)))


def _rests_on(found: Sequence[Piece], currency: str) -> tuple[str, ...]:
    said = []
    for source, words in _SOURCES.items():
        some = [one for one in found if one.rate_from == source]
        if some:
            sum = add_up(some)
            said.append(f"{sum.hours:.2f} h by {words}: {sum.amount} {currency}".rstrip() + ".")
    if found:
        said.append("Each hour counts once, also where it is in several kinds.")
    return tuple(said)


def _without_rate(total: Sum) -> tuple[str, ...]:
    if not total.without_rate:
        return ()
    return (f"What {total.without_rate:.2f} h are worth: no rate is set for them.",)


def _not_told(cache: sqlite3.Connection, settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """What no figure can hold: kinds that are not looked for, or that a PSA does not tell enough for."""
    said = [
        f"{title_of(kind)}: not looked for. `on = true` in [rules.{kind}] does."
        for kind in KINDS
        if kind not in settings.kinds
    ]
    for name in names:
        can = capabilities(cache, name)
        if can is None:
            said.append(f"{name}: not synced yet.")
            continue
        lost = not_known(can)
        said += [f"{name}: {title_of(kind)}: {lost[kind]}" for kind in KINDS if kind in lost]
        if not told(can, "rates") and settings.money.rate is None:
            said.append(f"{name}: {why_not_told(can, 'rates')}")
    return tuple(said)
