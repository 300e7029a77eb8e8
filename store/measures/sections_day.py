"""Sections on the days: answer times, trends, what was hidden or passed, ends of days that somebody signed."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Literal

from store.measures.answers import CHANNELS, Times, by, times
from store.measures.history import daily, days
from store.measures.section import Figure, Material, Section, Table, Trend, kind_title, span_words
from store.rules.catalogue import place_of
from store.saying import when

_MOST = 10
_CHANNEL = {
    "deskzero": "with deskzero",
    "phone": "by phone, as a note says",
    "not_known": "mail or portal, not known which",
}
_VERDICT = {"zero": "zero", "not_zero": "not zero", "cannot_tell": "cannot tell"}


def answer_time(material: Material) -> Section:
    """From the customer's note to the answer, in business time, and how the answers went out."""
    found = times(material.answers)
    figures = [Figure("answers", str(found.answers))]
    if found.median is not None and found.p90 is not None:
        figures.append(Figure("median", span_words(found.median), "business time"))
        figures.append(Figure("nine of ten within", span_words(found.p90), "business time"))
    total = sum(found.channels.values())
    lines = [
        "From the first customer's note that waited to the public answer. Answers by phone are counted and not timed:"
        " nobody knows when the call was.",
        "Whether a colleague's answer went by mail or by the portal is not known: the PSA's notes do not tell.",
    ]
    if not total:
        lines = ["Nobody was answered in this time, as far as the cache has the conversations."]
    tables = []
    if total:
        shares = tuple(
            (_CHANNEL[one], str(found.channels[one]), f"{100 * found.channels[one] / total:.0f} %")
            for one in CHANNELS
        )
        tables.append(
            Table(("How", "Answers", "Share"), shares, title="How it was answered", numbers=frozenset({1, 2}))
        )
    groups: dict[Literal["company", "board"], dict[str, Times]] = {
        "company": by(material.answers, "company"),
        "board": by(material.answers, "board"),
    }
    for what, group in groups.items():
        if len(group) > 1:
            tables.append(_of_group(what, group))
    return Section(
        key="answers",
        title="Answer time",
        lines=tuple(lines),
        figures=tuple(figures),
        tables=tuple(tables),
        data={
            "answers": found.answers,
            "median_seconds": found.median,
            "p90_seconds": found.p90,
            "channels": found.channels,
            **{
                {"company": "companies", "board": "boards"}[what]: [
                    {
                        "name": name,
                        "answers": one.answers,
                        "median_seconds": one.median,
                        "p90_seconds": one.p90,
                        "channels": one.channels,
                    }
                    for name, one in group.items()
                ]
                for what, group in groups.items()
            },
        },
    )


def _of_group(what: str, group: dict[str, Times]) -> Table:
    rows = tuple(
        (
            name or f"no {what}",
            str(one.answers),
            "" if one.median is None else span_words(one.median),
            "" if one.p90 is None else span_words(one.p90),
        )
        for name, one in list(group.items())[:_MOST]
    )
    more = f", the {_MOST} with the most answers" if len(group) > _MOST else ""
    heads = (what.capitalize(), "Answers", "Median", "Nine of ten within")
    return Table(heads, rows, title=f"By {what}{more}", numbers=frozenset({1, 2, 3}))


def trends(material: Material) -> Section | None:
    """How many of each kind were open at each day's end."""
    counts = daily(material.episodes, begins=material.begins, ends=material.ends, zone=material.zone)
    if not counts:
        return None
    kinds = sorted(counts, key=place_of)
    calendar = days(material.begins, material.ends, material.zone)
    unknown = {day for day, edge in calendar if material.known_from is None or edge <= material.known_from}
    return Section(
        key="trends",
        title="Trends",
        lines=("Open at the end of each day, counted from when deskzero first saw it.",),
        trends=tuple(
            Trend(
                kind_title(kind),
                tuple(day.day for day in counts[kind]),
                tuple(None if day.day in unknown else day.open for day in counts[kind]),
                f"{sum(day.opened for day in counts[kind])} newly seen,"
                f" {sum(day.cleared for day in counts[kind])} cleared",
            )
            for kind in kinds
        ),
        data={
            "kinds": [
                {
                    "kind": kind,
                    "days": [
                        {
                            "day": day.day,
                            "open": None if day.day in unknown else day.open,
                            "opened": day.opened,
                            "fixed": day.by_fix,
                            "by_itself": day.by_itself,
                        }
                        for day in counts[kind]
                    ],
                }
                for kind in kinds
            ]
        },
    )


def hidden(material: Material) -> Section | None:
    """Rows that somebody hid for a while, and the close guard passed for a reason."""
    journal = material.journal
    if journal is None or not material.names:
        return None
    snoozed = _rows(
        journal,
        "SELECT connection, ticket_id, kind, at, until, reason FROM snooze WHERE at < ? AND until > ?"
        " AND connection IN ({marks}) ORDER BY at, connection, ticket_id, kind",
        [material.ends, material.begins],
        material.names,
    )
    passed = _rows(
        journal,
        "SELECT connection, number, verb, created_at, because FROM change WHERE because IS NOT NULL AND created_at >= ?"
        " AND created_at < ? AND undone_by IS NULL AND state NOT IN ('undone', 'dropped')"
        " AND connection IN ({marks}) ORDER BY seq",
        [material.begins, material.ends],
        material.names,
    )
    if not snoozed and not passed:
        return None
    lines = [f"{len(snoozed)} hidden for a while, {len(passed)} closed although the guard asked."]
    if not material.open_names:
        lines.append("Reasons are shown with --open-names: people write names into them.")
    tables = []
    if snoozed:
        numbers = _numbers(material.cache, snoozed)
        tables.append(
            _with_reason(
                material,
                ("Ticket", "Kind", "Hidden since", "Until"),
                [
                    (
                        f"#{numbers.get((row[0], row[1]), row[1])}",
                        kind_title(str(row[2])),
                        when(int(row[3]), material.zone, material.now),
                        when(int(row[4]), material.zone, material.now),
                        str(row[5]),
                    )
                    for row in snoozed
                ],
                "Hidden",
            )
        )
    if passed:
        tables.append(
            _with_reason(
                material,
                ("Ticket", "Fix", "When"),
                [
                    (f"#{row[1]}", str(row[2]), when(int(row[3]), material.zone, material.now), str(row[4]))
                    for row in passed
                ],
                "Closed although the guard asked",
            )
        )
    return Section(
        key="hidden",
        title="Hidden and passed",
        lines=tuple(lines),
        tables=tuple(tables),
        data={
            "hidden": [
                {
                    "connection": row[0],
                    "ticket_id": row[1],
                    "kind": row[2],
                    "hidden_at": row[3],
                    "until_at": row[4],
                }
                | ({"reason": row[5]} if material.open_names else {})
                for row in snoozed
            ],
            "passed": [
                {"connection": row[0], "number": row[1], "verb": row[2], "decided_at": row[3]}
                | ({"reason": row[4]} if material.open_names else {})
                for row in passed
            ],
        },
    )


def _with_reason(
    material: Material, heads: tuple[str, ...], rows: list[tuple[str, ...]], title: str
) -> Table:
    """The last cell of a row is the reason."""
    if material.open_names:
        return Table((*heads, "Reason"), tuple(rows), title=title)
    return Table(heads, tuple(row[:-1] for row in rows), title=title)


def sign_offs(material: Material) -> Section | None:
    """The ends of days of the span that somebody signed, the last signature of each day."""
    if material.journal is None:
        return None
    found = material.journal.execute(
        "SELECT day, at, who, verdict, left_rows FROM sign_off WHERE at >= ? AND at < ? ORDER BY day, at, id",
        [material.begins, material.ends],
    ).fetchall()
    last = {str(row[0]): row for row in found}
    if not last:
        return None
    rows, data = [], []
    for day, (_, at, who, verdict, left) in last.items():
        count = len(json.loads(left))
        clock = datetime.fromtimestamp(at, UTC).astimezone(material.zone).strftime("%H:%M")
        row = [day, clock, _VERDICT.get(str(verdict), str(verdict)), str(count)]
        one = {"day": day, "signed_at": at, "verdict": verdict, "left": count}
        if material.open_names:
            row.append(str(who))
            one["who"] = who
        rows.append(tuple(row))
        data.append(one)
    heads: tuple[str, ...] = ("Day", "Signed", "Answer", "Rows left")
    heads = (*heads, "Who") if material.open_names else heads
    zero = sum(row[2] == "zero" for row in rows)
    return Section(
        key="sign_offs",
        title="Signed ends of days",
        figures=(Figure("days signed", str(len(rows))), Figure("of them at zero", str(zero))),
        tables=(Table(heads, tuple(rows), numbers=frozenset({3})),),
        data={"days": data},
    )


def _rows(
    db: sqlite3.Connection, sql: str, values: list[int], names: tuple[str, ...]
) -> list[tuple[str | int, ...]]:
    marks = ", ".join("?" for _ in names)
    return [tuple(row) for row in db.execute(sql.format(marks=marks), [*values, *names])]


def _numbers(
    cache: sqlite3.Connection | None, rows: list[tuple[str | int, ...]]
) -> dict[tuple[str | int, str | int], str]:
    """The numbers that people see, of the tickets that the cache has."""
    found: dict[tuple[str | int, str | int], str] = {}
    for connection, ticket_id, *_ in rows if cache is not None else ():
        assert cache is not None
        row = cache.execute(
            "SELECT number FROM ticket WHERE connection = ? AND ticket_id = ?", (connection, ticket_id)
        ).fetchone()
        if row is not None:
            found[connection, ticket_id] = str(row[0])
    return found
