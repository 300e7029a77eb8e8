"""What an hour costs the customer, and what hours are worth: decimals, rounded to cents once an entry."""

from __future__ import annotations

import sqlite3
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from connectors.contract import Capabilities
from store.settings_records import Money

RateFrom = Literal["entry", "company_code", "company", "code", "general", ""]
"""Where a rate is from; empty: there is none."""

_CENT = Decimal("0.01")
_HOUR = Decimal("0.0001")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A time entry, or (`time_entry_id` empty) hours on a ticket that no entry accounts for."""

    connection: str
    ticket_id: str
    number: str
    company: str
    """Empty: the ticket has none."""
    time_entry_id: str
    at: int | None
    """When the work was, UTC seconds; `None`: not told."""
    hours: Decimal
    kinds: tuple[str, ...] = ()
    """Those kinds that leak and that it is in."""
    rate: Decimal | None = None
    """What an hour of it costs; `None`: no rate is set."""
    rate_from: RateFrom = ""
    amount: Decimal | None = None
    """Hours times rate, in cents, half a cent upwards; `None` without a rate."""


def worth(
    money: Money,
    *,
    connection: str,
    ticket_id: str,
    number: str,
    company: str,
    time_entry_id: str,
    at: int | None,
    hours: Decimal,
    code: str,
    own: float | None,
    kinds: tuple[str, ...] = (),
) -> Piece:
    """The piece with its rate. `code`: the billing code's name; `own`: the rate that the PSA has on the entry."""
    company = company.strip()
    rate, rate_from = rate_of(money, own, code.strip(), company)
    return Piece(
        connection=connection,
        ticket_id=ticket_id,
        number=number,
        company=company,
        time_entry_id=time_entry_id,
        at=at,
        hours=hours,
        kinds=kinds,
        rate=rate,
        rate_from=rate_from,
        amount=None if rate is None else cents(hours * rate),
    )


def rate_of(money: Money, own: float | None, code: str, company: str) -> tuple[Decimal | None, RateFrom]:
    """What an hour costs, and where that is from: the entry, the company's rate of the code, the company's, the
    code's, the general one. An entry's own 0 says that nobody pays for it now, not what it is worth."""
    if own is not None and own > 0:
        return exact(own), "entry"
    theirs = next((one for one in money.companies if one.company.casefold() == company.casefold()), None)
    if theirs is not None:
        if (rate := _of_code(theirs.rates, code)) is not None:
            return rate, "company_code"
        if theirs.rate is not None:
            return exact(theirs.rate), "company"
    if (rate := _of_code(money.rates, code)) is not None:
        return rate, "code"
    return (None, "") if money.rate is None else (exact(money.rate), "general")


def _of_code(rates: dict[str, float], code: str) -> Decimal | None:
    found = [rate for name, rate in rates.items() if code and name.strip().casefold() == code.casefold()]
    return exact(found[0]) if found else None


def exact(number: float | Decimal) -> Decimal:
    """A floating-point number as people wrote it, to four places: 0.1 is a tenth."""
    return Decimal(str(number)).quantize(_HOUR, ROUND_HALF_UP)


def cents(amount: Decimal) -> Decimal:
    """To two places, half a cent upwards."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def capabilities(cache: sqlite3.Connection, connection: str) -> Capabilities | None:
    """What the PSA tells; `None` before the first sync."""
    row = cache.execute(
        "SELECT capabilities FROM connection_state WHERE connection = ?", (connection,)
    ).fetchone()
    return None if row is None or row[0] == "{}" else msgspec.json.decode(row[0], type=Capabilities)
