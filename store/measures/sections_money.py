"""Sections of the report on money and on what was learnt: leak and capture, gates passed with a reason, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from store import mistakes, overrides
from store.measures.capture import capture
from store.measures.leak import Leak, Sum, leak
from store.measures.section import Cost, Figure, Material, Section, Table, kind_title
from store.reasons import when

_MOST = 10
"""Rows of a table that lists the largest."""
_WORDS = {"not_zero": "not zero", "cannot_tell": "cannot tell"}


def leaks_and_capture(material: Material) -> Section | None:
    """What leaks now, what fixes of today got back, and which share of the span's work reached an invoice."""
    if material.cache is None or not material.names:
        return None
    found = _leak(material)
    caught = capture(material.cache, material.names, begins=material.begins, ends=material.ends)
    money = found.currency
    figures = [
        Figure("leaks now", _hours(found.total.hours), _amount(found.total, money)),
        Figure("got back today", _hours(found.recovered.hours), _amount(found.recovered, money)),
        Figure("on an invoice", _share(caught.rate), f"of {_hours(caught.hours)} begun in this time"),
        Figure("closed with a code", _share(caught.code_rate), f"of {caught.closed} closed in this time"),
    ]
    lines = [*found.rests_on, *(f"Not in it: {sentence}" for sentence in (*found.unknown, *caught.unknown))]
    if caught.not_told:
        lines.append(f"Of {_hours(caught.not_told)} it is not told whether they are on an invoice.")
    tables = [
        table
        for table in (
            _table("Leaks by company", "Company", found.by_company, money),
            _table("Leaks by week", "Week", found.by_week[-_MOST:], money),
            _table("Leaks by ticket", "Ticket", found.by_ticket, money, mark="#"),
            _table("Work in progress, on no invoice yet", "Company", found.in_progress, money),
        )
        if table is not None
    ]
    return Section(
        key="money",
        title="Leak and capture",
        lines=tuple(dict.fromkeys(lines)),
        figures=tuple(figures),
        tables=tuple(tables),
        data={
            "currency": money or None,
            "leak": _data(found.total),
            "recovered": _data(found.recovered),
            "under_way": _data(found.under_way),
            "by_company": [_data(one) | {"company": one.name} for one in found.by_company],
            "by_week": [_data(one) | {"week": one.name} for one in found.by_week],
            "by_ticket": [
                _data(one) | {"connection": one.key[0], "ticket_id": one.key[1], "number": one.name}
                for one in found.by_ticket
            ],
            "in_progress": [_data(one) | {"company": one.name} for one in found.in_progress],
            "capture": {
                "hours": float(caught.hours),
                "invoiced": float(caught.invoiced),
                "not_told": float(caught.not_told),
                "closed": caught.closed,
                "coded": caught.coded,
            },
            "unknown": list(dict.fromkeys((*found.unknown, *caught.unknown))),
        },
    )


def costs(material: Material) -> Mapping[str, Cost]:
    """Hours and money that leak now, by kind. An hour that is in several kinds is in each of them here."""
    if material.cache is None or not material.names:
        return {}
    found = _leak(material)
    sums: dict[str, list[tuple[Decimal, Decimal | None]]] = {}
    for piece in found.pieces:
        for kind in piece.kinds:
            sums.setdefault(kind, []).append((piece.hours, piece.amount))
    return {
        kind: Cost(
            hours=float(sum((hours for hours, _ in some), Decimal(0))),
            money=float(sum((amount for _, amount in some if amount is not None), Decimal(0)))
            if any(amount is not None for _, amount in some)
            else None,
        )
        for kind, some in sums.items()
    }


def passed_gates(material: Material) -> Section | None:
    """Days that ended with a reason in place of zero."""
    found = [one for one in overrides.since(material.reader.home, material.begins) if one.at < material.ends]
    if not found:
        return None
    heads: tuple[str, ...] = ("When", "Answer", "To zero")
    rows: list[tuple[str, ...]] = [
        (when(one.at, material.zone, material.now), _WORDS.get(one.verdict, one.verdict), str(one.to_zero))
        for one in found
    ]
    lines = [
        "1 day ended with a reason in place of zero."
        if len(found) == 1
        else f"{len(found)} times a day ended with a reason in place of zero."
    ]
    if material.open_names:
        heads = (*heads, "Reason", "Who", "Approved by")
        more = [(one.reason, one.who, one.approved_by) for one in found]
        rows = [(*row, *extra) for row, extra in zip(rows, more, strict=True)]
    else:
        lines.append("Reasons are shown with --open-names: people write names into them.")
    return Section(
        key="passed_gates",
        title="Passed with a reason",
        lines=tuple(lines),
        tables=(Table(heads, tuple(rows), numbers=frozenset({2})),),
        data={
            "passed": [
                {"at": one.at, "day": one.day, "verdict": one.verdict, "to_zero": one.to_zero}
                | (
                    {"reason": one.reason, "who": one.who, "approved_by": one.approved_by}
                    if material.open_names
                    else {}
                )
                for one in found
            ]
        },
    )


def learnt(material: Material) -> Section | None:
    """The mistake log of the span: which causes and remedies come together. Nobody is named."""
    found = [
        one
        for one in mistakes.since(material.reader.home, material.begins, connections=material.names)
        if one.at < material.ends
    ]
    if not found:
        return None
    patterns = mistakes.patterns(found)
    return Section(
        key="mistakes",
        title="What slipped, and what is done about it",
        lines=(f"{len(found)} in the log.",),
        tables=(
            Table(
                ("Cause", "Remedy", "Times", "Tickets"),
                tuple(
                    (one.cause, one.remedy, str(one.times), ", ".join(f"#{n}" for n in one.numbers[:5]))
                    for one in patterns
                ),
                title="Causes and remedies",
                numbers=frozenset({2}),
            ),
            Table(
                ("Ticket", "Kind", "What slipped", "Cause", "Remedy"),
                tuple(
                    (
                        f"#{one.number}",
                        kind_title(one.kind) if one.kind else "",
                        one.what,
                        one.cause,
                        one.remedy,
                    )
                    for one in found
                ),
                title="The log",
            ),
        ),
        data={
            "mistakes": [
                {
                    "at": one.at,
                    "connection": one.connection,
                    "number": one.number,
                    "kind": one.kind,
                    "what": one.what,
                    "cause": one.cause,
                    "remedy": one.remedy,
                    "shared": one.shared,
                    "source": one.source,
                }
                for one in found
            ]
        },
    )


def _leak(material: Material) -> Leak:
    assert material.cache is not None
    return leak(
        material.cache,
        material.journal,
        material.settings,
        material.names,
        now=material.now,
        zone=material.zone,
    )


def _table(title: str, what: str, sums: Sequence[Sum], currency: str, *, mark: str = "") -> Table | None:
    """`mark`: before the names. Of many the largest, or as they come."""
    rows = [
        (
            f"{mark}{one.name}" if one.name else "not told",
            f"{one.hours:.2f}",
            _amount(one, currency) or "no rate",
        )
        for one in sums[:_MOST]
    ]
    return Table((what, "Hours", "Worth"), tuple(rows), title, frozenset({1, 2})) if rows else None


def _hours(hours: Decimal) -> str:
    return f"{hours:.2f} h"


def _amount(of: Sum, currency: str) -> str:
    """`1,250.00 USD`; empty without a rate. Hours that have none are said."""
    if of.amount is None:
        return ""
    more = f" and {_hours(of.without_rate)} without a rate" if of.without_rate else ""
    return f"{of.amount:,.2f} {currency}".strip() + more


def _share(part: float | None) -> str:
    return "not known" if part is None else f"{part:.0%}"


def _data(of: Sum) -> dict[str, Any]:
    return {
        "hours": float(of.hours),
        "amount": None if of.amount is None else float(of.amount),
        "hours_without_rate": float(of.without_rate),
    }
