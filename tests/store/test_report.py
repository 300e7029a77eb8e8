"""The report's sections, over a real cache and journal; and the days that a span has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from store.database import Databases
from store.measures.report import MAKERS, ReportReader, as_json, span
from store.measures.section import Cost, Material, Report, Section, kind_title, span_words
from store.settings import KindRule, Rules, Settings
from tests.store.conftest import NOW
from tests.store.test_history import Book
from tests.store.test_rules import DAY, Desk, note, ticket

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def desk(databases: Databases) -> Desk:
    made = Desk(databases)
    made.set(rules=Rules(required=("contact",)))
    return made


def report(
    desk: Desk, *, begins: int = NOW - 6 * DAY, ends: int = NOW, now: int = NOW, **more: Any
) -> Report:
    return ReportReader(desk.databases.home, desk.settings, lambda: now).report(
        begins=begins, ends=ends, **more
    )


def section(found: Report, key: str) -> Section:
    (one,) = [one for one in found.sections if one.key == key]
    return one


def keys(found: Report) -> list[str]:
    return [one.key for one in found.sections]


def journal(desk: Desk) -> Book:
    return Book(desk.databases.home.journal)


def put(desk: Desk, *rows: dict[str, Any], changes: tuple[dict[str, Any], ...] = ()) -> None:
    book = journal(desk)
    with closing(book.db), book.db:
        for change in changes:
            book.change(**change)
        for row in rows:
            book.row(**row)


# ---------------------------------------------------------------- spans


def test_days_are_whole_and_today_is_one_of_them() -> None:
    noon = 1_795_777_200  # Friday 27 November 2026, 12:00 in Berlin
    midnight = noon - 12 * 3600
    assert span(1, None, now=noon, zone=BERLIN) == (midnight, noon + 1), "what was done this second counts"
    assert span(7, None, now=noon, zone=BERLIN) == (midnight - 6 * DAY, noon + 1)
    assert span(7, date(2026, 11, 26), now=noon, zone=BERLIN) == (midnight - 7 * DAY, midnight)
    assert span(date(2026, 11, 20), date(2026, 11, 20), now=noon, zone=BERLIN) == (
        midnight - 7 * DAY,
        midnight - 6 * DAY,
    )
    for since, until in (
        (date(2026, 11, 28), None),
        (7, date(2026, 11, 28)),
        (date(2026, 11, 20), date(2026, 11, 19)),
    ):
        with pytest.raises(ValueError):
            span(since, until, now=noon, zone=BERLIN)


# ---------------------------------------------------------------- nothing yet


def test_a_home_that_has_seen_nothing_says_so(desk: Desk) -> None:
    found = report(desk)
    assert section(found, "fixed").lines[-1] == "Nothing was ever recorded in this home."
    assert any("Not read without error" in line for line in section(found, "broken").lines)
    assert "trends" not in keys(found) and "patterns" not in keys(found)


# ---------------------------------------------------------------- what got fixed


def test_fixed_here_and_in_the_psa_are_told_apart_and_nobody_is_named(desk: Desk) -> None:
    put(
        desk,
        {"opened": NOW - 3 * DAY, "cleared": NOW - DAY, "by": "c1"},
        {"opened": NOW - 3 * DAY, "cleared": NOW - DAY, "ticket_id": "2"},
        {"opened": NOW - 30 * DAY, "cleared": NOW - 20 * DAY, "ticket_id": "3"},
        changes=({"name": "c1"},),
    )
    found = report(desk)
    fixed = section(found, "fixed")
    assert [(one.label, one.value) for one in fixed.figures] == [
        ("fixed with deskzero", "1"),
        ("went by itself or in the PSA", "1"),
        ("newly seen", "2"),
    ]
    assert fixed.tables[0].rows == (("Orphaned", "1", "1", "status 1"),)
    assert "jdoe" not in str(as_json(found))
    named = section(report(desk, open_names=True), "fixed")
    assert named.tables[1].rows == (("jdoe", "1"),) and named.data["people"] == {"jdoe": 1}


def test_days_before_the_records_are_not_known_and_not_zero(desk: Desk) -> None:
    put(desk, {"opened": NOW - 2 * DAY - 60})
    found = report(desk)
    (trend,) = section(found, "trends").trends
    assert trend.counts[:4] == (None,) * 4 and trend.counts[-2:] == (1, 1)
    assert any("The records begin" in line for line in section(found, "fixed").lines)
    later = report(desk, begins=NOW - DAY)
    assert not any("The records begin" in line for line in section(later, "fixed").lines)


# ---------------------------------------------------------------- what is broken, what is next


def test_what_is_open_now_is_as_the_screen_has_it(desk: Desk) -> None:
    desk.holds(
        ticket("1", company="Acme", notes=[note(NOW - 3600)]),
        ticket("2", company="Acme", contact="Ann Lee", notes=[note(NOW - 7200)]),
    )
    desk.evaluate()
    found = report(desk)
    broken = section(found, "broken")
    must = sum(pane.must for pane in desk.reader.panes())
    assert broken.data["to_zero"] == must == 2
    assert broken.data["others"] == sum(pane.later for pane in desk.reader.panes() if pane.pane)
    rows = section(found, "next").data["rows"]
    assert [row["gate"] for row in rows] == sorted((row["gate"] for row in rows), reverse=True)
    assert rows[0]["number"] == "72", "the oldest first"
    assert "Ann" not in str(as_json(found)), "the customer who wrote is a person too"
    assert "Ann" in str(as_json(report(desk, open_names=True)))


def test_what_was_open_then_is_as_the_journal_knows_it(desk: Desk) -> None:
    put(desk, {"opened": NOW - 5 * DAY, "cleared": NOW - DAY}, {"opened": NOW - 60, "ticket_id": "2"})
    found = report(desk, ends=NOW - 2 * DAY)
    broken = section(found, "broken")
    assert broken.title == "What was still broken" and broken.data["live"] is False
    assert broken.data["kinds"] == [
        {"kind": "orphaned", "must": None, "later": 1, "oldest_at": NOW - 5 * DAY},
    ]
    assert "next" not in keys(found)


def test_the_companys_own_instruction_is_the_plan(desk: Desk) -> None:
    sop = KindRule(on=True, sop="Call them within the hour.")
    desk.set(rules=Rules(required=(), kinds={"customer_responded": sop}))
    desk.holds(ticket("1", notes=[note(NOW - 60)]))
    desk.evaluate()
    (row,) = section(report(desk), "next").data["rows"]
    assert row["plan"] == "Call them within the hour."


# ---------------------------------------------------------------- kinds, patterns


def test_costs_are_a_column_where_something_tells_them(desk: Desk) -> None:
    put(desk, {"opened": NOW - DAY})
    plain = section(report(desk), "kinds")
    assert plain.tables[0].columns[-1] == "Open at the end" and plain.data["kinds"][0]["hours"] is None

    def costs(material: Material) -> dict[str, Cost]:
        assert material.begins == NOW - 6 * DAY
        return {"orphaned": Cost(hours=2.5), "unbilled": Cost(hours=1.0, money=90.0)}

    told = section(report(desk, costs=[costs]), "kinds")
    assert [row[-2:] for row in told.tables[0].rows] == [("2.50 h", ""), ("1.00 h", "90.00")]
    assert told.data["kinds"][1] == {
        "kind": "unbilled", "opened": 0, "fixed": 0, "by_itself": 0, "open": 0, "hours": 1.0, "money": 90.0,
    }  # fmt: skip


def test_a_pattern_is_named_from_so_many_tickets_on(desk: Desk) -> None:
    put(
        desk,
        *({"opened": NOW - DAY, "ticket_id": str(n), "company": "Acme", "type": "VPN"} for n in range(3)),
    )
    (row,) = section(report(desk), "patterns").tables[0].rows
    assert row == ("Acme", "VPN", "Orphaned", "3", "3", "worth a rule or an SOP")
    assert "patterns" not in keys(report(desk, least=4))


# ---------------------------------------------------------------- hidden, signed


def test_reasons_are_for_those_who_open_names(desk: Desk) -> None:
    desk.holds(ticket("1"))
    with closing(sqlite3.connect(desk.databases.home.journal)) as db, db:
        db.execute(
            "INSERT INTO snooze VALUES ('acme', '1', 'missing_fields', 'Bob is on it', ?, ?, '')",
            (NOW - 60, NOW + 60),
        )
        db.execute(
            "INSERT INTO snooze VALUES ('acme', '2', 'missing_fields', 'over', ?, ?, '')",
            (NOW - 9 * DAY, NOW - 8 * DAY),
        )
    put(desk, changes=({"name": "c1", "because": "Bob said so", "created_at": NOW - 60},))
    hidden = section(report(desk), "hidden")
    assert "Bob" not in str(hidden) and "--open-names" in hidden.lines[1]
    assert hidden.lines[0] == "1 hidden for a while, 1 closed although the guard asked."
    assert hidden.tables[0].rows[0][0] == "#71"
    named = section(report(desk, open_names=True), "hidden")
    assert named.tables[0].rows[0][-1] == "Bob is on it" and named.tables[1].rows[0][-1] == "Bob said so"


def test_the_last_signature_of_a_day_counts(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.databases.home.journal)) as db, db:
        for at, verdict, left in (
            (NOW - 600, "not_zero", '[["acme", "71", "sla", "Bob", "later"]]'),
            (NOW - 60, "zero", "[]"),
        ):
            db.execute(
                "INSERT INTO sign_off (day, at, who, verdict, left_rows) VALUES ('2026-11-26', ?, 'jdoe', ?, ?)",
                (at, verdict, left),
            )
    signed = section(report(desk), "sign_offs")
    assert [row[2:] for row in signed.tables[0].rows] == [("zero", "0")]
    assert "jdoe" not in str(signed) and "Bob" not in str(signed)
    assert section(report(desk, open_names=True), "sign_offs").data["days"][0]["who"] == "jdoe"


# ---------------------------------------------------------------- the frame


def test_a_further_section_is_one_more_maker(desk: Desk) -> None:
    def mine(material: Material) -> Section | None:
        return Section(key="mine", title="Mine", data={"connections": list(material.names)})

    def nothing(_: Material) -> Section | None:
        return None

    found = report(desk, makers=(nothing, mine))
    assert keys(found) == ["mine"]
    assert as_json(found)["sections"] == [{"key": "mine", "title": "Mine", "data": {"connections": ["acme"]}}]
    assert len({maker.__name__ for maker in MAKERS}) == len(MAKERS)


def test_the_same_databases_give_the_same_report(desk: Desk) -> None:
    put(desk, *({"opened": NOW - n * 3600, "ticket_id": str(n), "company": "Acme"} for n in range(1, 9)))
    desk.holds(ticket("1", notes=[note(NOW - 60)]), ticket("2"))
    desk.evaluate()
    assert as_json(report(desk)) == as_json(report(desk))


def test_words() -> None:
    assert kind_title("child_reply") == "Responded on children"
    assert kind_title("custom:vip waits") == "vip waits"
    assert [span_words(n) for n in (5, 60, 3599, 3600, 11_100)] == [
        "5 s",
        "1 min",
        "1 h 00 min",
        "1 h 00 min",
        "3 h 05 min",
    ]
    assert Settings().kinds
