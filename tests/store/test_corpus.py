"""The corpus: what is planted is found, what is nearly so is not, and the harness notices when it is otherwise."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from store.database import Databases
from store.rules import registry
from tests.corpus.background import background
from tests.corpus.build import build, gathered
from tests.corpus.case import Case, Planted
from tests.corpus.judge import JUDGING, Verdict, judged

HEALTHY = 300


@pytest.fixture
def cases() -> list[Case]:
    found, _ = gathered(7)
    assert {"customer_responded", "orphaned", "billing_code"} <= {case.kind for case in found}
    return found


def verdict(databases: Databases, cases: Iterable[Case], healthy: int = 0) -> Verdict:
    return judged(databases, build(databases, cases, seed=7, healthy_tickets=healthy))


def test_every_kind_that_does_not_judge_texts_is_found_exactly(
    databases: Databases, cases: list[Case]
) -> None:
    found = verdict(databases, cases, HEALTHY)
    wrong = {
        name: of.missed + of.false
        for name, of in found.scores.items()
        if name not in JUDGING and (of.missed or of.false)
    }
    assert wrong == {}
    assert found.unlike == []


def test_kinds_that_judge_texts_find_most_and_say_little_that_is_wrong(
    databases: Databases, cases: list[Case]
) -> None:
    found = verdict(databases, cases, HEALTHY)
    for name in JUDGING:
        of = found.scores[name]
        if of.planted:
            assert of.precision >= 0.85 and of.recall >= 0.8, (name, of)


def test_every_kind_with_cases_has_both_sides(cases: list[Case]) -> None:
    kinds = {case.kind for case in cases}
    few = {
        kind: (planted, near)
        for kind in kinds
        if (planted := sum(case.kind == kind and case.found for case in cases)) < 3
        or (near := sum(case.kind == kind and not case.found for case in cases)) < 5
    }
    assert few == {}


def test_the_background_is_as_large_as_asked_for_and_never_the_same() -> None:
    one = list(background(random.Random(1), 200))
    assert 200 <= sum(map(len, one)) < 210
    assert one == list(background(random.Random(1), 200))
    assert one != list(background(random.Random(2), 200))


def test_what_is_missed_and_what_is_wrong_is_named(databases: Databases) -> None:
    cases = [
        Case("orphaned", "not one at all", True, Planted()),
        Case("orphaned", "one after all", False, Planted({"status": "Child Ticket"})),
        Case("missing_fields", "also late", True, Planted({"type": None}), also=frozenset({"sla"})),
    ]
    found = verdict(databases, cases)
    assert not found.good
    assert found.scores["orphaned"].missed == ["not one at all"]
    (false,) = found.scores["orphaned"].false
    assert false.startswith('orphaned "one after all": ')
    assert (found.scores["orphaned"].precision, found.scores["orphaned"].recall) == (0.0, 0.0)
    assert found.unlike == ['missing_fields "also late" is not in sla']
    assert any("not one at all" in line for line in found.lines())


def test_a_rule_that_finds_nothing_is_noticed(
    databases: Databases, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "RULES", ())
    found = verdict(databases, cases)
    assert not found.good
    assert found.scores["customer_responded"].recall == 0


def test_a_case_that_cannot_be_built_says_why(databases: Databases) -> None:
    with pytest.raises(ValueError, match="ticket has no column colour"):
        build(databases, [Case("sla", "x", True, Planted({"colour": "red"}))], seed=1, healthy_tickets=0)
    with pytest.raises(ValueError, match="no ticket nobody"):
        build(databases, [Case("sla", "x", True, Planted(parents=("nobody",)))], seed=1, healthy_tickets=0)
    two = [
        Case("stale", "a", True, Planted(), settings={"stale": {"days": 2}}),
        Case("stale", "b", True, Planted(), settings={"stale": {"days": 3}}),
    ]
    with pytest.raises(ValueError, match=r"stale\.days set to two values"):
        build(databases, two, seed=1, healthy_tickets=0)
