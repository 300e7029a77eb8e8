"""How rules are told: thresholds as TOML has them, zero since when, the plan of a few things first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import text

from store.read_rules import Past, Spell
from store.rules.catalogue import CATALOGUE
from store.rules_view import PLAN, advice, business_days, limits, rule_views, written
from store.settings import Exclude, KindRule, Rules, Settings, parse
from tests.store.conftest import NOW
from tests.store.test_custom_rules import rule, set_rules
from tests.store.test_rules import Desk, ticket
from tests.store.worlds import DAY, HOUR

NOWHERE = Path("config.toml")


@pytest.fixture
def desk(databases) -> Desk:
    return Desk(databases)


def on_alone(*kinds: str, **more) -> Settings:
    """Settings in which these kinds are on and no other."""
    rules = Rules()
    return Settings(
        rules=Rules(
            kinds={
                kind.name: msgspec.structs.replace(rules.of(kind.name), on=kind.name in kinds)
                for kind in CATALOGUE
            }
        ),
        **more,
    )


def quiet(*kinds: str, begins: int = NOW - 30 * DAY) -> Past:
    """A history in which these kinds are brought to zero within the hour, every day."""
    days = range(NOW - 28 * DAY, NOW, DAY)
    return Past(begins, {kind: [Spell(day, day + HOUR) for day in days] for kind in kinds})


class TestPast:
    PAST = Past(0, {"a": [Spell(10, 20), Spell(15, 40), Spell(60, 70)], "b": [Spell(10, None)]})

    def test_zero_since_the_last_row_went(self):
        assert self.PAST.zero_since("a") == 70
        assert self.PAST.zero_since("b") is None and self.PAST.zero_since("c") is None

    @pytest.mark.parametrize(
        ("kind", "begin", "end", "zero"),
        [
            ("a", 0, 5, True),
            ("a", 10, 40, False),
            ("a", 12, 18, False),
            ("a", 12, 41, True),
            ("a", 40, 60, True),
            ("a", 60, 70, False),
            ("b", 5, 50, True),
            ("b", 10, 50, False),
            ("b", 90, 99, False),
            ("c", 0, 1, True),
        ],
    )
    def test_whether_there_was_a_moment_without_a_row(self, kind, begin, end, zero):
        assert self.PAST.was_zero(kind, begin, end) is zero
        spells = self.PAST.spells.get(kind, [])
        plain = any(
            not any(one.opened_at <= at and (one.cleared_at is None or at < one.cleared_at) for one in spells)
            for at in range(begin, end)
        )
        assert plain is zero


class TestPlan:
    def test_it_begins_with_two(self):
        found = advice(on_alone(), Past(None, {}), {}, NOW)
        assert found.next == "customer_responded"
        assert found.lines == (
            "[rules.customer_responded]",
            "on = true",
            "[rules.billing_code]",
            "on = true",
        )
        assert parse("\n".join(found.lines), NOWHERE).rules.of("billing_code").on

    def test_with_all_six_on_it_says_how_to_have_two(self):
        found = advice(Settings(), Past(None, {}), {}, NOW)
        assert found.next is None and len(found.lines) == 8
        after = parse("\n".join(found.lines), NOWHERE)
        assert after.kinds == ("customer_responded", "billing_code")

    def test_it_waits_for_two_weeks(self):
        found = advice(on_alone(*PLAN[:2]), quiet(*PLAN[:2], begins=NOW - 10 * DAY), {}, NOW)
        assert not found.enough and found.next is None and found.lines == ()
        assert found.waits_for == PLAN[:2]

    def test_then_the_next_one_comes_with_its_thresholds(self):
        found = advice(on_alone(*PLAN[:6]), quiet(*PLAN[:6]), {}, NOW)
        assert found.enough and found.next == "unassigned" and found.waits_for == ()
        assert found.lines[:2] == ("[rules.unassigned]", "on = true")
        assert '# after = "20m"   # more business time than that since it was opened' in found.lines
        assert parse("\n".join(found.lines), NOWHERE).rules.of("unassigned").on

    def test_a_row_that_stays_over_a_day_is_waited_for(self):
        past = quiet(*PLAN[:2])
        past.spells["billing_code"].append(Spell(NOW - 3 * DAY, NOW - DAY))
        past.spells["billing_code"].sort(key=lambda one: one.opened_at)
        found = advice(on_alone(*PLAN[:2]), past, {}, NOW)
        step = found.steps[1]
        assert (step.zero_days, step.days, step.steady) == (9, 10, False)
        assert found.waits_for == ("billing_code",) and found.next is None

    def test_what_nobody_tells_is_passed_over(self):
        lost = {"acme": {"billing_code": "x", "unassigned": "x"}, "desk": {"billing_code": "x"}}
        found = advice(on_alone(), Past(None, {}), lost, NOW)
        assert [step.not_known for step in found.steps[:3]] == [False, True, False]
        assert "reply_after_close" in found.why
        assert not next(step for step in found.steps if step.kind == "unassigned").not_known

    def test_all_on(self):
        found = advice(on_alone(*PLAN), quiet(*PLAN), {}, NOW)
        assert (found.next, found.lines, found.waits_for) == (None, (), ())

    def test_business_days_are_those_that_are_over(self):
        days = business_days(Settings(timezone="Europe/Berlin"), NOW)
        assert len(days) == 10 and days[-1][1] <= NOW and days[0][0] >= NOW - 15 * DAY
        zone = ZoneInfo("Europe/Berlin")
        first = datetime.fromtimestamp(days[0][0], UTC).astimezone(zone)
        assert (first.hour, first.minute, first.weekday()) == (0, 0, 4)


class TestViews:
    @pytest.mark.parametrize(
        ("of", "value", "shown"),
        [
            ("duration", 14 * DAY, '"14d"'),
            ("duration", 48 * HOUR, '"2d"'),
            ("duration", 5 * HOUR, '"5h"'),
            ("duration", 90, '"90s"'),
            ("duration", 0, '"0s"'),
            ("texts", ("a", "b"), '["a", "b"]'),
            ("share", 0.8, "0.8"),
            ("count", 3, "3"),
            ("flag", True, "true"),
            (None, "worked", '"worked"'),
        ],
    )
    def test_thresholds_as_toml_has_them(self, of, value, shown):
        assert written(of, value) == shown

    def test_every_threshold_of_the_catalogue_can_be_written_back(self):
        for kind in CATALOGUE:
            lines = [f"{limit.key} = {limit.value}" for limit in limits(Rules(), kind.name)]
            assert parse("\n".join([f"[rules.{kind.name}]", *lines]), NOWHERE).rules.of(
                kind.name
            ) == Rules().of(kind.name)

    def test_since_when_it_is_at_zero(self, desk):
        desk.holds(ticket("1", status="Child Ticket"))
        desk.set(connection={"child_statuses": ("Child Ticket",)})
        with desk.databases.cache.begin() as cache:
            cache.execute(text("INSERT INTO status_role VALUES ('acme', 'child', 'child ticket')"))
        desk.evaluate()
        view = {one.kind: one for one in rule_views(desk.reader, desk.settings, NOW)}["orphaned"]
        assert (view.must, view.zero_since) == (1, None)
        with desk.databases.cache.begin() as cache:
            cache.execute(text("UPDATE ticket SET status = 'New', status_key = 'new'"))
        desk.evaluate(NOW + HOUR)
        views = {one.kind: one for one in rule_views(desk.reader, desk.settings, NOW + HOUR)}
        assert (views["orphaned"].must, views["orphaned"].zero_since) == (0, NOW + HOUR)
        assert views["customer_responded"].zero_since is None, "there never was one"

    def test_a_rule_that_failed_is_never_at_zero(self, desk):
        desk.holds(ticket("1"))
        set_rules(desk, rule("1"))
        desk.evaluate()
        set_rules(desk, rule("abs(-9223372036854775807 - 1) = 1"))
        desk.evaluate(NOW + 60)
        view = rule_views(desk.reader, desk.settings, NOW + 60)[-1]
        assert view.kind == "custom:vip" and view.zero_since is None
        assert [one.problem for one in view.problems] == ["SQLite says: integer overflow"]

    @pytest.mark.parametrize(
        ("review", "due"), [("2026-11-19", True), ("2026-11-20", False), ("2026-11-21", False), ("", False)]
    )
    def test_review_me_from_the_day_after(self, desk, review, due):
        kind = KindRule(on=True, review=review, exclude=(Exclude(boards=("x",)),))
        desk.set(rules=Rules(kinds={"orphaned": kind}))
        view = {one.kind: one for one in rule_views(desk.reader, desk.settings, NOW)}["orphaned"]
        assert view.review_due is due and view.exclude == kind.exclude
