"""docs/rules.md: its tables are the program's, and each of its rules is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from store.rules.catalogue import CATALOGUE
from store.rules_view import PLAN
from store.settings import CustomRule, Rules, parse
from tests.rules_page import PAGE, renewed
from tests.store import plain_reading as plain
from tests.store.conftest import NOW
from tests.store.test_rules import Desk, note, ticket
from tests.store.worlds import DAY, HOUR

TEXT = PAGE.read_text(encoding="utf-8")


def examples() -> dict[str, CustomRule]:
    found: dict[str, CustomRule] = {}
    for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL):
        rules = parse(block, Path("docs/rules.md")).rules
        assert rules.custom_problems == ()
        found |= {rule.name: rule for rule in rules.custom}
    return found


def entry(hours: float, **more: Any) -> plain.Time:
    return plain.Time(
        time_id=f"e{hours}{more}",
        member="jdoe",
        started_at=NOW - DAY,
        ended_at=NOW,
        hours=hours,
        code="3",
        **more,
    )


USUAL = {
    "owner": "x",
    "type": "x",
    "company": "x",
    "company_id": None,
    "board": "x",
    "priority_rank": None,
    "created_at": NOW - HOUR,
}
# Of each rule: tickets for which it holds, and for which it does not.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "vip_waiting": (
        [{"company": "Contoso Ltd", "created_at": NOW - DAY}],
        [
            {"company": "Contoso Ltd", "created_at": NOW - HOUR},
            {"company": "Acme", "created_at": NOW - DAY},
            {"company": "Contoso Ltd", "created_at": NOW - DAY, "closed": True},
            {"company": "Contoso Ltd", "created_at": NOW - DAY, "board": "projects"},
        ],
    ),
    "no_asset": (
        [{"type": "Hardware"}, {"type": "Hardware", "custom": {"Asset": " "}}],
        [
            {"type": "Hardware", "custom": {"Asset": "PC-7"}},
            {"type": "Network"},
            {"type": "Hardware", "closed": True},
        ],
    ),
    "long_entry": (
        [{"time": [entry(4.5, locked=False)]}],
        [{"time": [entry(4.0, locked=False)]}, {"time": [entry(9.0, locked=True)]}, {}],
    ),
    "mine_without_due_date": (
        [{"owner": "jdoe", "priority_rank": 2}],
        [
            {"owner": "jdoe", "priority_rank": 3},
            {"owner": "asmith", "priority_rank": 1},
            {"owner": "jdoe", "priority_rank": 1, "due_at": NOW},
        ],
    ),
    "child_elsewhere": (
        [{"board": "Help Desk", "parents": ("p",)}],
        [{"board": "Projects", "parents": ("p",)}, {"board": "Help Desk"}],
    ),
    "many_open": (
        [{"company_id": "5"}] * 5,
        [*[{"company_id": "4"}] * 4, {"company_id": "4", "closed": True}, {"company_id": None}],
    ),
    "promised_a_call": (
        [{"notes": [("I will call you soon", 3 * DAY)]}],
        [
            {"notes": [("I will call you soon", HOUR)]},
            {"notes": [("I will call you soon", 3 * DAY), ("Done.", DAY)]},
            {"notes": [("We are on it", 3 * DAY)]},
        ],
    ),
}


def test_every_example_has_its_cases() -> None:
    assert set(examples()) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_example_finds_what_it_says(databases, name):
    from sqlalchemy import text

    desk = Desk(databases)
    rule = examples()[name]
    desk.set(rules=Rules(required=(), custom=(rule,)), gates=(rule.kind,) if rule.gate else ())
    holds, not_so = CASES[name]
    tickets, words = [ticket("p", **USUAL | {"board": "Projects"})], []
    for place, values in enumerate((*holds, *not_so)):
        values = USUAL | values
        more = values.pop("notes", [])
        own = [note(NOW - ago, "staff", id=f"{place}{n}") for n, (_, ago) in enumerate(more)]
        words += [(said, one.note_id) for (said, _), one in zip(more, own, strict=True)]
        tickets.append(ticket(f"{place}", notes=own, **values))
    desk.holds(*tickets)
    with databases.cache.begin() as cache:
        for said_text, note_id in words:
            cache.execute(
                text("UPDATE note SET text = :said WHERE note_id = :id"), {"said": said_text, "id": note_id}
            )
    desk.evaluate()
    rows = desk.reader.rows([rule.kind])
    assert sorted(int(row.ticket_id) for row in rows) == list(range(len(holds)))
    assert {row.reasons[0].text for row in rows} == {rule.means}


def test_the_settings_page_shows_a_rule_that_works():
    page = (PAGE.parent / "settings.md").read_text(encoding="utf-8")
    block = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    rules = parse(block[1], Path("config.toml")).rules
    assert [rule.name for rule in rules.custom] == ["vip_waiting"] and rules.custom_problems == ()


def test_the_tables_are_the_programs():
    assert renewed(TEXT) == TEXT, "run `python -m tests.rules_page`"


def test_the_plan_is_of_all_kinds():
    assert sorted(PLAN) == sorted(kind.name for kind in CATALOGUE)
