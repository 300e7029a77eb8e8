"""The company's own rules: found, told, held in. What they may not do, and what becomes of one that fails."""

from __future__ import annotations

import random
import time

import pytest
from sqlalchemy import text

from store.check import verdict
from store.rules import custom
from store.rules.custom_sql import problem
from store.rules.custom_words import parts
from store.rules.documented import COLUMNS, VIEWS
from store.rules.evaluate import asked_of
from store.settings import CustomRule, Exclude, Rules
from tests.store.conftest import NOW
from tests.store.test_rules import Desk, note, ticket
from tests.store.worlds import DAY, HOUR

ENDLESS = (
    "EXISTS (SELECT 1 FROM v_note a, v_note b, v_note c, v_note d, v_note e"
    " WHERE length(a.text || b.text || c.text || d.text || e.text) < 0)"
)


@pytest.fixture
def desk(databases) -> Desk:
    return Desk(databases)


def rule(where: str, name: str = "vip", **more) -> CustomRule:
    return CustomRule(name=name, means="Contoso waits for us.", where=where, **more)


def set_rules(desk: Desk, *rules: CustomRule, gates: tuple[str, ...] = (), **more) -> None:
    counted = (*gates, *(one.kind for one in rules if one.gate))
    desk.set(rules=Rules(required=(), custom=rules, **more), gates=counted)


def found(desk: Desk, kind: str = "custom:vip") -> set[str]:
    return {row.ticket_id for row in desk.reader.rows([kind])}


def problems(desk: Desk) -> list[tuple[str, str]]:
    with desk.databases.cache_reads.connect() as cache:
        return [tuple(row) for row in cache.execute(text("SELECT kind, problem FROM rule_problem"))]


def many_notes() -> list:
    return [note(NOW - n, "staff", id=str(n)) for n in range(60)]


class TestFinding:
    def test_a_row_has_the_rules_sentence_and_its_gate(self, desk):
        set_rules(desk, rule("t.company = 'Contoso Ltd' AND NOT t.is_closed", gate=True))
        desk.holds(ticket("1", company="Contoso Ltd"), ticket("2", company="Acme"))
        desk.evaluate()
        (row,) = desk.reader.rows(["custom:vip"])
        assert (row.ticket_id, row.gate, row.since) == ("1", True, NOW)
        assert [(one.code, one.text) for one in row.reasons] == [("custom", "Contoso waits for us.")]
        assert next(pane.pane for pane in desk.reader.panes() if pane.kind == "custom:vip") == 8

    def test_it_counts_only_when_it_is_a_gate(self, desk):
        set_rules(desk, rule("1"), rule("1", "second", gate=True))
        desk.holds(ticket("1"))
        desk.evaluate()
        assert {row.kind: row.gate for row in desk.reader.rows() if row.kind.startswith("custom:")} == {
            "custom:vip": False,
            "custom:second": True,
        }

    def test_only_tickets_of_the_queue(self, desk):
        set_rules(desk, rule("1"))
        desk.holds(ticket("1"), ticket("2", in_scope=False), ticket("3", presence="deleted"))
        desk.evaluate()
        assert found(desk) == {"1"}

    def test_values_and_functions(self, desk):
        rules = (
            rule("t.created_at < :now - 86400", "old"),
            rule("t.owner = :me", "mine"),
            rule("date(t.created_at, 'unixepoch') = :today", "new"),
            rule("business_seconds(t.created_at, :now) >= 8 * 3600", "day"),
            rule("t.created_at < business_days_ago(1)", "days"),
            rule("business_seconds(t.due_at, :now) IS NULL", "none"),
        )
        set_rules(desk, *rules)
        desk.holds(
            ticket("1", created_at=NOW - 5 * DAY, owner="jdoe"),
            ticket("2", created_at=NOW - HOUR, owner="asmith"),
        )
        desk.evaluate()
        shown = {one.name: found(desk, one.kind) for one in rules}
        assert shown == {
            "old": {"1"},
            "mine": {"1"},
            "new": {"2"},
            "day": {"1"},
            "days": {"1"},
            "none": {"1", "2"},
        }

    def test_what_the_company_leaves_out(self, desk):
        set_rules(desk, rule("1", exclude=(Exclude(companies=("acme",)),)))
        desk.holds(ticket("1", company="Acme"), ticket("2", company="Contoso Ltd"))
        desk.evaluate()
        assert found(desk) == {"2"}

    def test_a_colon_in_a_text_is_a_colon(self, desk):
        set_rules(desk, rule("t.summary LIKE 'RE: :now%' -- the end"))
        desk.holds(ticket("1", summary="RE: :now or never"), ticket("2", summary="x"))
        desk.evaluate()
        assert found(desk) == {"1"}

    def test_switched_off_it_finds_nothing(self, desk):
        set_rules(desk, rule("1", on=False))
        desk.holds(ticket("1"))
        desk.evaluate()
        assert desk.journal("SELECT * FROM history WHERE kind = 'custom:vip'") == []

    def test_some_tickets_give_what_all_give(self, desk):
        """With `passed`, which names those that others or the clock have changed."""
        own = rule(
            "EXISTS (SELECT 1 FROM v_ticket o WHERE o.connection = t.connection AND o.summary = 'alarm')"
        )
        clock = rule("t.created_at < :now - 86400", "old")
        set_rules(desk, own, clock)
        desk.holds(ticket("1", created_at=NOW - DAY), ticket("2"), ticket("3"))
        desk.evaluate()
        assert found(desk) == set()
        with desk.databases.cache.begin() as cache:
            cache.execute(text("UPDATE ticket SET summary = 'alarm' WHERE ticket_id = '3'"))
        desk.evaluate(NOW + 60, tickets=["3"])
        assert found(desk) == {"3"} and found(desk, "custom:old") == {"2", "3"}
        with desk.databases.cache.begin() as db, desk.databases.journal.begin() as book:
            asked = asked_of(db, book, desk.settings, "acme", NOW + 60)
            touched = {
                name for one in custom.rules(desk.settings) if one.passed for name in one.passed(asked, NOW)
            }
        assert touched == {"1", "2"}
        desk.evaluate(NOW + 60, tickets=sorted(touched))
        assert found(desk) == {"1", "2", "3"} and found(desk, "custom:old") == {"1", "2", "3"}


class TestHeldIn:
    @pytest.mark.parametrize(
        ("where", "says"),
        [
            ("t.compny = 'x'", "no such column: t.compny"),
            ("t.company =", "syntax error"),
            ("", "syntax error"),
            ("1; DELETE FROM ticket", "semicolon"),
            ("1) UNION SELECT name FROM sqlite_master WHERE (1", "bracket that it has not opened"),
            ("(1", "bracket open"),
            ("1 /* and so on", "comment"),
            ("t.company = 'x", "does not end"),
            ('t.company = "x"', 'holds "'),
            ("t.company = [x]", "holds ["),
            ("t.company = :p0", ":p0"),
            ("t.company = ?", "?"),
            ("SELECT 1", "whole statement"),
            ("DELETE FROM ticket", "syntax error"),
            ("t.ticket_id IN (DELETE FROM ticket RETURNING ticket_id)", "syntax error"),
            ("ATTACH 'x' AS y", "syntax error"),
            ("PRAGMA user_version = 0", "syntax error"),
            ("EXISTS (SELECT 1 FROM pragma_user_version)", "not authorized"),
            ("EXISTS (SELECT 1 FROM pragma_table_info('ticket'))", "not authorized"),
            ("EXISTS (SELECT 1 FROM sqlite_master)", "not authorized"),
            ("EXISTS (SELECT 1 FROM ticket)", "no such table: ticket"),
            ("EXISTS (WITH v_note AS (SELECT * FROM ticket) SELECT 1 FROM v_note)", "no such table: ticket"),
            ("EXISTS (SELECT 1 FROM connection_state)", "no such table"),
            ("t.rowid = 1", "prohibited"),
            ("load_extension('x')", "load_extension"),
            ("length(randomblob(9)) = 9", "randomblob"),
            ("zeroblob(1000000000) = 1", "zeroblob"),
            ("writefile('x', 'y')", "writefile"),
            ("readfile('x')", "readfile"),
            ("t.created_at < CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
            ("date(t.created_at, 'unixepoch') = date('now')", "clock"),
            ("1 ORDER BY 1", "syntax error"),
            ("1" + " AND 1" * 2000, "longer than"),
            ("count(*) > 1", "aggregate"),
        ],
    )
    def test_what_is_no_condition_is_told_before_it_runs(self, where, says):
        found = problem(where)
        assert found is not None and says in found[0], found
        assert found[1].endswith((".", ")"))

    @pytest.mark.parametrize(
        "where",
        [
            "DELETE FROM ticket",
            "t.ticket_id IN (SELECT ticket_id FROM ticket) OR load_extension('x')",
            "randomblob(4) = 'x'",
            "EXISTS (SELECT 1 FROM pragma_user_version)",
        ],
    )
    def test_the_cache_refuses_what_slipped_through(self, desk, where):
        """The second lock: as if the settings had not looked."""
        set_rules(desk, rule(where))
        desk.holds(ticket("1"))
        desk.evaluate()
        ((kind, said),) = problems(desk)
        assert kind == "custom:vip" and said.startswith("SQLite says: ")
        with desk.databases.cache_reads.connect() as cache:
            assert cache.execute(text("SELECT count(*) FROM ticket")).scalar() == 1

    def test_one_that_never_ends_is_stopped_and_the_others_go_on(self, desk):
        set_rules(desk, rule(ENDLESS), rule("1", "second"), custom_limit=1)
        desk.holds(ticket("1", notes=many_notes()))
        began = time.monotonic()
        desk.evaluate()
        assert 0.9 < time.monotonic() - began < 4
        assert problems(desk) == [("custom:vip", "it took longer than 1 s and was stopped")]
        assert found(desk, "custom:second") == {"1"} and found(desk) == set()

    def test_afterwards_the_connection_is_as_before(self, desk):
        """Nothing that held the condition in is left on a connection that others use."""
        set_rules(desk, rule(ENDLESS), custom_limit=1)
        desk.holds(ticket("1", notes=many_notes()))
        desk.evaluate()
        with desk.databases.cache.begin() as cache:
            cache.execute(text("UPDATE ticket SET summary = hex(randomblob(4))"))
            assert cache.execute(text("SELECT count(*) FROM sqlite_master")).scalar()
            with pytest.raises(Exception, match=r"no such function|function raised"):
                cache.execute(text("SELECT business_seconds(1, 2)"))

    def test_a_number_out_of_range_is_told_in_sqlites_words(self, desk):
        set_rules(desk, rule("abs(-9223372036854775807 - 1) = 1"))
        desk.holds(ticket("1"))
        desk.evaluate()
        assert problems(desk) == [("custom:vip", "SQLite says: integer overflow")]


class TestFailing:
    """A rule that stops working makes no zero of its own."""

    def fail(self, desk: Desk, gate: bool = True) -> None:
        set_rules(desk, rule("t.summary = 'late'", gate=gate))
        desk.holds(ticket("1", summary="late", notes=many_notes()))
        desk.evaluate()
        assert found(desk) == {"1"}
        set_rules(desk, rule(f"t.summary = 'late' AND NOT {ENDLESS}", gate=gate), custom_limit=1)
        desk.evaluate(NOW + 60)

    def test_its_rows_are_not_cleared_and_keep_their_age(self, desk):
        self.fail(desk)
        assert found(desk) == set()
        assert desk.journal("SELECT cleared_at FROM history WHERE kind = 'custom:vip'") == [(None,)]
        set_rules(desk, rule("t.summary = 'late'", gate=True))
        desk.evaluate(NOW + 120)
        assert desk.since("custom:vip") == NOW
        assert problems(desk) == []

    @pytest.mark.parametrize("gate", [True, False])
    def test_check_cannot_tell_where_it_counts(self, desk, gate):
        self.fail(desk, gate)
        answer = verdict(desk.reader, desk.settings, now=NOW + 60, asked=True)
        said = [one for one in answer.why if "vip" in one]
        assert bool(said) is gate
        if gate:
            assert answer.verdict == "cannot_tell"
            assert "it took longer than 1 s" in said[0] and "acme" in said[0]

    def test_switched_off_by_hand_it_is_forgotten(self, desk):
        self.fail(desk)
        set_rules(desk, rule("1", on=False))
        desk.evaluate(NOW + 120)
        assert problems(desk) == []

    def test_a_few_tickets_do_not_prove_that_it_works(self, desk):
        self.fail(desk)
        set_rules(desk, rule("t.summary = 'late'", gate=True))
        desk.evaluate(NOW + 120, tickets=["1"])
        assert [kind for kind, _ in problems(desk)] == ["custom:vip"]


class TestParts:
    @pytest.mark.parametrize(
        ("where", "split"),
        [
            ("a = 1", ["a = 1"]),
            ("a = 1 AND b = 2", ["a = 1", "b = 2"]),
            ("a = 1 and\n b = 2", ["a = 1", "b = 2"]),
            ("a BETWEEN 1 AND 2 AND b", ["a BETWEEN 1 AND 2", "b"]),
            ("a NOT BETWEEN 1 AND 2 AND b BETWEEN 3 AND 4", ["a NOT BETWEEN 1 AND 2", "b BETWEEN 3 AND 4"]),
            ("(a AND b) AND NOT (c AND d)", ["(a AND b)", "NOT (c AND d)"]),
            ("a = 'x AND y' AND b", ["a = 'x AND y'", "b"]),
            ("a = 'it''s AND' AND b", ["a = 'it''s AND'", "b"]),
            ("a /* AND */ AND b -- AND c", ["a /* AND */", "b -- AND c"]),
            ("CASE WHEN a AND b THEN 1 ELSE 0 END AND c", ["CASE WHEN a AND b THEN 1 ELSE 0 END", "c"]),
            ("a AND b OR c", ["a AND b OR c"]),
            ("a AND (b OR c)", ["a", "(b OR c)"]),
            ("EXISTS (SELECT 1 FROM x WHERE p AND q) AND r", ["EXISTS (SELECT 1 FROM x WHERE p AND q)", "r"]),
            ("android AND t.brand", ["android", "t.brand"]),
        ],
    )
    def test_split_where_all_have_to_hold(self, where, split):
        assert parts(where) == split


def test_the_documented_views_are_those_of_the_cache(databases):
    """All columns, and no other."""
    with databases.cache_reads.connect() as cache:
        for view in VIEWS:
            real = [row[1] for row in cache.execute(text(f"PRAGMA table_info({view.name})"))]
            assert sorted(COLUMNS[view.name]) == sorted(real), view.name
            assert len(view.columns) == len(COLUMNS[view.name])


def test_two_rules_over_many_tickets_are_quick(desk):
    """10,000 tickets with sub-selects over their notes."""
    where = "NOT t.is_closed AND NOT EXISTS (SELECT 1 FROM v_note n WHERE n.connection = t.connection"
    where += " AND n.ticket_id = t.ticket_id AND n.created_at > :now - 3 * 86400)"
    set_rules(desk, rule(where))
    dice = random.Random(1)
    everything = [
        ticket(str(n), notes=[note(NOW - dice.randrange(9 * DAY), "staff", id=f"{n}")]) for n in range(10_000)
    ]
    desk.holds(*everything)
    with desk.databases.cache.begin() as db, desk.databases.journal.begin() as book:
        asked = asked_of(db, book, desk.settings, "acme", NOW)
        began = time.process_time()  # others on the machine are not its fault
        shown = custom.holding(asked, desk.settings.rules.custom[0])
        assert time.process_time() - began < 1.5
    recent = {one.id for one in everything if any(n.created_at > NOW - 3 * DAY for n in one.notes)}
    assert {one.ticket_id for one in shown} == {one.id for one in everything} - recent
