"""The report's sections on money and on what was learnt."""

from __future__ import annotations

import pytest

from store import mistakes, overrides
from store.database import Databases
from store.measures.report import as_json
from store.settings import Rules
from store.settings_records import Money
from tests.store import plain_reading as plain
from tests.store.conftest import NOW
from tests.store.test_report import keys, report, section
from tests.store.test_rules import DAY, Desk, ticket


@pytest.fixture
def desk(databases: Databases) -> Desk:
    made = Desk(databases)
    made.set(rules=Rules(required=()), money=Money(currency="USD", rate=120.0))
    return made


def worked(id: str, hours: float, code: str | None = None) -> plain.Time:
    return plain.Time(id, "jdoe", NOW - DAY, NOW - DAY + 3600, hours, code, locked=False)


def test_what_leaks_is_told_in_hours_and_money_with_what_it_rests_on(desk: Desk) -> None:
    desk.holds(
        ticket("1", company="Acme", closed=True, closed_at=NOW - 3600, time=[worked("a", 1.5)]),
        ticket(
            "2",
            company="Acme",
            closed=True,
            closed_at=NOW - 3600,
            billing_code_id="3",
            time=[worked("b", 2, "3")],
        ),
    )
    desk.evaluate()
    found = section(report(desk), "money")
    assert {one.label: (one.value, one.note) for one in found.figures} == {
        "leaks now": ("1.50 h", "180.00 USD"),
        "got back today": ("0.00 h", "0.00 USD"),
        "on an invoice": ("not known", "of 0.00 h begun in this time"),
        "closed with a code": ("50%", "of 2 closed in this time"),
    }
    assert [table.title for table in found.tables] == ["Leaks by company", "Leaks by week", "Leaks by ticket"]
    assert found.tables[0].rows == (("Acme", "1.50", "180.00 USD"),)
    assert any("[money]" in line for line in found.lines)
    assert any(line.startswith("Not in it: acme: ") for line in found.lines)
    assert found.data["leak"] == {"hours": 1.5, "amount": 180.0, "hours_without_rate": 0.0}
    assert found.tables[2].rows == (("#71", "1.50", "180.00 USD"),)
    (one,) = found.data["by_ticket"]
    assert (one["connection"], one["ticket_id"], one["number"], one["hours"]) == ("acme", "1", "71", 1.5)
    assert found.data["capture"]["closed"] == 2 and found.data["capture"]["coded"] == 1


def test_a_kind_has_what_it_costs(desk: Desk) -> None:
    desk.holds(ticket("1", company="Acme", closed=True, closed_at=NOW - 3600, time=[worked("a", 1.5)]))
    desk.evaluate()
    (one,) = [one for one in section(report(desk), "kinds").data["kinds"] if one["kind"] == "billing_code"]
    assert (one["hours"], one["money"]) == (1.5, 180.0)


def test_hours_without_a_rate_are_hours_only(desk: Desk) -> None:
    desk.set(rules=Rules(required=()))
    desk.holds(ticket("1", closed=True, closed_at=NOW - 3600, time=[worked("a", 1.5)]))
    desk.evaluate()
    found = section(report(desk), "money")
    assert found.figures[0].value == "1.50 h" and found.figures[0].note == ""
    assert found.data["leak"] == {"hours": 1.5, "amount": None, "hours_without_rate": 1.5}
    assert found.tables[0].rows == (("not told", "1.50", "no rate"),)


def test_gates_passed_with_a_reason_are_listed_and_reasons_only_with_names(desk: Desk) -> None:
    desk.holds(ticket("1"))
    desk.evaluate()
    assert "passed_gates" not in keys(report(desk))
    one = overrides.Override(
        at=NOW - 3600,
        who="jdoe",
        os_user="joe",
        day="2026-11-20",
        verdict="not_zero",
        to_zero=2,
        why=("2 to go.",),
        reason="Pat waits at the door",
        approved_by="Kim",
    )
    overrides.keep(desk.databases.home, one)
    found = section(report(desk), "passed_gates")
    assert found.tables[0].rows[0][1:] == ("not zero", "2")
    assert "Pat" not in repr(as_json(report(desk))) and "Pat" not in repr(found)
    named = section(report(desk, open_names=True), "passed_gates")
    assert named.tables[0].rows[0][3:] == ("Pat waits at the door", "jdoe", "Kim")
    assert "passed_gates" not in keys(report(desk, begins=NOW - 60))


def test_the_mistake_log_is_told_without_names(desk: Desk) -> None:
    desk.holds(ticket("1", company="Acme"))
    desk.evaluate()
    view = desk.reader.ticket("acme", "1")
    assert view is not None
    for _ in range(2):
        mistakes.keep(
            desk.databases.home,
            mistakes.about(
                view,
                at=NOW - 60,
                what="The reply went to the old address.",
                cause="process",
                remedy="automation",
                kind="customer_responded",
                who="jdoe",
            ),
        )
    found = section(report(desk), "mistakes")
    assert found.tables[0].rows == (("process", "automation", "2", "#71"),)
    assert "jdoe" not in repr(section(report(desk, open_names=True), "mistakes"))
    assert len(found.data["mistakes"]) == 2
