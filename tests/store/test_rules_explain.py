"""`rules explain`: for each rule that does not hold the first condition that is in the way, in words."""

from __future__ import annotations

import pytest

from connectors.contract import TELLS
from store.rules.explain import Explained, explain
from store.rules.rule import Condition, Rule
from store.rules.scratch import scratch
from store.settings import Exclude, KindRule, Rules
from tests.store.conftest import NOW
from tests.store.test_custom_rules import rule, set_rules
from tests.store.test_rules import OFFERS, Desk, note, ticket
from tests.store.worlds import DAY, HOUR


@pytest.fixture
def desk(databases) -> Desk:
    return Desk(databases)


def explained(desk: Desk, id: str = "1") -> dict[str, Explained]:
    with scratch(desk.databases.home, desk.settings, NOW) as ask:
        return {one.kind: one for one in explain(ask("acme"), id)}


def failed(desk: Desk, kind: str, id: str = "1") -> str:
    desk.evaluate()
    return explained(desk, id)[kind].failed


def kinds(**more: KindRule) -> Rules:
    return Rules(required=("contact",), kinds=more)


class TestFirstSix:
    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"closed": True, "status": "Done"}, 'It is closed (status "Done").'),
            ({"parents": ("9",)}, "It is a child: child_reply is the kind for it."),
            ({}, "The PSA's signal is not set, and nobody has said anything yet."),
            (
                {"notes": [note(NOW - HOUR), note(NOW - 60, "staff", id="2")]},
                "The PSA's signal is not set, and staff has the last word (",
            ),
        ],
    )
    def test_customer_responded(self, desk, values, says):
        desk.holds(ticket("1", **values), ticket("9"))
        assert failed(desk, "customer_responded").startswith(says)

    def test_child_reply(self, desk):
        desk.holds(ticket("1", notes=[note(NOW - HOUR)]))
        assert failed(desk, "child_reply") == "It is no child: customer_responded is the kind for it."
        assert explained(desk)["customer_responded"].holds

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({}, "It is open "),
            ({"closed": True, "closed_at": NOW - HOUR}, "The PSA's signal is not set, and nobody has said"),
            (
                {"closed": True, "closed_at": NOW - HOUR, "notes": [note(NOW - 2 * HOUR)]},
                "The customer wrote Fri 12:00, before it was closed (Fri 13:00).",
            ),
            (
                {"closed": True, "closed_at": NOW - 40 * DAY, "notes": [note(NOW - 20 * DAY)]},
                "The customer wrote 31 Oct 14:00, longer ago than the window of 14 days.",
            ),
        ],
    )
    def test_reply_after_close(self, desk, values, says):
        desk.holds(ticket("1", **values))
        assert failed(desk, "reply_after_close").startswith(says)

    def test_missing_fields(self, desk):
        desk.set(rules=kinds())
        desk.holds(ticket("1", contact="Ann"), ticket("2", contact=None))
        assert failed(desk, "missing_fields") == "Every required field is filled: Contact."
        assert explained(desk, "2")["missing_fields"].holds
        desk.set(rules=Rules(required=()))
        assert failed(desk, "missing_fields") == "No field that this PSA has is required of it."

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({}, 'It has no parent, and its status "New" is none of a child.'),
            ({"parents": ("9",)}, "Its parent #79 is open."),
            ({"parents": ("8",)}, "Its parent #8 has not been read yet."),
        ],
    )
    def test_orphaned(self, desk, values, says):
        desk.holds(ticket("1", **values), ticket("9"))
        assert failed(desk, "orphaned") == says

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"hours": None}, "Nobody has worked on it yet."),
            (
                {"hours": 1.0, "billing_code_id": "3"},
                'The ticket has the code "3", and no time entry of yours',
            ),
            (
                {"closed": True, "closed_at": NOW - 40 * DAY, "billing_code_id": None},
                "It was closed 11 Oct 14:00, longer ago than the window of 30 days.",
            ),
        ],
    )
    def test_billing_code(self, desk, values, says):
        desk.holds(ticket("1", **values))
        assert failed(desk, "billing_code").startswith(says)


class TestAll:
    def test_whatever_is_published_holds_and_nothing_else(self, desk):
        desk.set(rules=kinds())
        desk.holds(
            ticket("1", notes=[note(NOW - HOUR)], contact=None),
            ticket("2", closed=True, closed_at=NOW - DAY, notes=[note(NOW - HOUR)]),
            ticket("3", parents=("2",), billing_code_id=None, hours=1.0),
            ticket("4"),
        )
        desk.evaluate()
        published = {(row.ticket_id, row.kind) for row in desk.reader.rows()}
        assert len(published) > 4
        found = {
            (id, one.kind) for id in "1234" for one in explained(desk, id).values() if one.holds and one.on
        }
        assert found == published
        for id in "1234":
            for one in explained(desk, id).values():
                assert one.holds is not bool(one.failed), one

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"in_scope": False}, "It is not in the queue: it is not in the scope (mine)."),
            ({"presence": "deleted"}, "It is not in the queue: in the PSA it is deleted."),
        ],
    )
    def test_outside_the_queue(self, desk, values, says):
        set_rules(desk, rule("1"))
        desk.holds(ticket("1", **values))
        for kind in ("customer_responded", "unassigned", "custom:vip"):
            assert failed(desk, kind) == says

    def test_left_out_by_whom_and_why(self, desk):
        out = Exclude(companies=("acme",), who="Kim", why="pilot", until="2026-12-01")
        desk.set(rules=kinds(customer_responded=KindRule(on=True, exclude=(out,))))
        desk.holds(ticket("1", company="Acme", notes=[note(NOW - HOUR)]))
        assert failed(desk, "customer_responded") == (
            "The company leaves it out: companies acme (by Kim, pilot, until 2026-12-01)."
        )

    def test_not_known_from_this_psa(self, desk):
        desk.holds(ticket("1"))
        assert failed(desk, "sla").startswith("It cannot be known from this PSA. ")
        assert TELLS and OFFERS.tells == frozenset()

    def test_a_kind_without_words_of_its_own(self, desk):
        """Others are added: what holds for all, the state that its own words begin with, then its meaning."""
        desk.holds(ticket("1", closed=True, owner="jdoe"), ticket("2", owner="jdoe"))
        assert failed(desk, "unassigned") == 'It is closed (status "New").'
        assert failed(desk, "unassigned", "2") == "Its own condition does not hold: open, and nobody owns it."

    def test_a_rule_may_say_it_itself(self, desk, monkeypatch):
        mine = Rule(
            kinds=("unassigned",),
            find=lambda asked: iter(()),
            explain=lambda asked, kind: [Condition(True, "It is open."), Condition(False, f"No {kind}.")],
        )
        monkeypatch.setattr("store.rules.explain.RULES", (mine,))
        desk.holds(ticket("1", owner="jdoe"))
        assert failed(desk, "unassigned") == "No unassigned."

    def test_no_such_ticket(self, desk):
        desk.holds(ticket("1"))
        desk.evaluate()
        with pytest.raises(LookupError):
            explained(desk, "7")


class TestOwn:
    @pytest.mark.parametrize(
        ("where", "says"),
        [
            ("t.company = 'Acme' AND t.owner = 'x'", "t.owner = 'x' does not hold (owner is 'jdoe')."),
            (
                "t.company\n  = 'Contoso' AND t.owner = 'x'",
                "t.company = 'Contoso' does not hold (company is 'Acme').",
            ),
            ("t.hours BETWEEN 1 AND 2 AND 1", "t.hours BETWEEN 1 AND 2 does not hold (hours is NULL)."),
            (
                "t.owner = 'x' OR t.company = 'y' AND 1",
                "t.owner = 'x' OR t.company = 'y' AND 1 does not hold (owner is 'jdoe'; company is 'Acme').",
            ),
            (
                "EXISTS (SELECT 1 FROM v_note n WHERE n.ticket_id = t.ticket_id AND n.public)",
                "EXISTS (SELECT 1 FROM v_note n WHERE n.ticket_id = t.ticket_id AND n.public) does not hold"
                " (ticket_id is '1').",
            ),
        ],
    )
    def test_the_first_part_that_fails(self, desk, where, says):
        set_rules(desk, rule(where))
        desk.holds(ticket("1", company="Acme", owner="jdoe", hours=None))
        assert failed(desk, "custom:vip") == says

    def test_all_parts_hold(self, desk):
        set_rules(desk, rule("t.owner = :me AND t.created_at < :now -- AND 0"))
        desk.holds(ticket("1", owner="jdoe"))
        desk.evaluate()
        found = explained(desk)["custom:vip"]
        assert found.holds and found.failed == ""
        assert [one.holds for one in found.conditions] == [True, True, True]
        assert found.reasons[0].data == {"means": "Contoso waits for us."}

    def test_foreign_text_is_harmless(self, desk):
        set_rules(desk, rule("t.summary = 'x'"))
        desk.holds(ticket("1", summary="\x1b]0;title\x07bad\x1b[31m"))
        assert "\x1b" not in failed(desk, "custom:vip")
