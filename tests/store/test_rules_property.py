"""The rules in SQL against a plain reading of the definition, over generated tickets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from store.cache_upkeep import marked
from store.database import Databases
from store.dirty import dirty
from store.rules.evaluate import evaluate, evaluate_changes
from store.settings import Connection, Settings
from tests.store import plain_reading as plain
from tests.store import worlds
from tests.store.conftest import NOW

LATER = NOW + 12 * worlds.HOUR

# The same examples on every machine; a wall clock has no say.
steady = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def start(databases: Databases) -> None:
    with databases.cache.begin() as cache, databases.journal.begin() as journal:
        worlds.empty(cache, journal)


def run(databases: Databases, world: plain.World, now: int, tickets: list[str] | None = None) -> None:
    with databases.cache.begin() as cache:
        worlds.put(cache, world)
    evaluate(
        databases.cache, databases.journal, world.settings, now=now, connections=["acme"], tickets=tickets
    )


def published(databases: Databases) -> plain.Answer:
    with databases.cache_reads.connect() as cache:
        rows = cache.execute(text("SELECT * FROM exception")).mappings().all()
        reasons = cache.execute(text("SELECT * FROM reason")).mappings().all()
    answer: plain.Answer = {
        (row["ticket_id"], row["kind"]): (row["since"], bool(row["gate"]), bool(row["psa_only"]), {})
        for row in rows
    }
    for one in reasons:
        found = answer[one["ticket_id"], one["kind"]][3]
        found[one["code"], one["field"], one["time_entry_id"]] = (one["since"], bool(one["gate"]))
    return answer


def everything(databases: Databases) -> dict[str, list[Any]]:
    found = {}
    for engine, tables in (
        (databases.cache_reads, ("exception", "reason")),
        (databases.journal_reads, ("first_seen", "history")),
    ):
        with engine.connect() as database:
            for table in tables:
                found[table] = sorted(map(repr, database.execute(text(f"SELECT * FROM {table}")).all()))
    return found


@steady
@given(world=worlds.worlds())
def test_kinds_reasons_since_and_gates_are_as_the_definition_reads(
    opened: Databases, world: plain.World
) -> None:
    start(opened)
    run(opened, world, NOW)
    assert published(opened) == plain.read(world, NOW, plain.Memory())


@steady
@given(first=worlds.worlds(size=4), then=st.data())
def test_first_seen_outlives_what_changes_around_it(
    opened: Databases, first: plain.World, then: st.DataObject
) -> None:
    start(opened)
    memory = plain.Memory()
    run(opened, first, NOW)
    plain.read(first, NOW, memory)
    second = changed(first, then)
    run(opened, second, LATER)
    assert published(opened) == plain.read(second, LATER, memory)


@steady
@given(first=worlds.worlds(size=4), then=st.data())
def test_evaluating_some_tickets_gives_what_evaluating_all_gives(
    opened: Databases, first: plain.World, then: st.DataObject
) -> None:
    start(opened)
    run(opened, first, NOW)
    second = changed(first, then)
    moved = [new.id for old, new in zip(first.tickets, second.tickets, strict=True) if old != new]
    run(opened, second, NOW, tickets=moved)
    some = everything(opened)
    run(opened, second, NOW)
    assert some == everything(opened)


@steady
@given(first=worlds.worlds(size=4), then=st.data())
def test_a_round_evaluates_what_changed_and_what_the_clock_changed_and_that_is_as_everything(
    opened: Databases, first: plain.World, then: st.DataObject
) -> None:
    start(opened)
    with opened.cache.begin() as cache:
        worlds.put(cache, first)
        round(cache, opened, first, NOW)
    second = changed(first, then)
    with opened.cache.begin() as cache:
        worlds.put_changes(cache, first, second)
        round(cache, opened, second, NOW + worlds.HOUR)
        assert marked(cache, "acme", "rules") is not None
    some = everything(opened)
    run(opened, second, NOW + worlds.HOUR)
    assert some == everything(opened)


def round(cache: Any, databases: Databases, world: plain.World, now: int) -> None:
    evaluate_changes(cache, databases.journal, world.settings, now=now, connection="acme", everything=False)


class TestWhatARoundLooksAt:
    @staticmethod
    def looked(opened: Databases, change: str, *, after: int = 60) -> tuple[list[str] | None, bool]:
        """What was dirty after a change, and whether everything was evaluated."""
        start(opened)
        world = plain.World(
            Settings(connections={"acme": Connection(name="acme", psa="connectwise")}),
            Connection(name="acme", psa="connectwise"),
            None,
            "jdoe",
            [worlds.elsewhere("1"), worlds.elsewhere("2")],
            [plain.Agreement("a1", None, None, False)],
        )
        with opened.cache.begin() as cache:
            worlds.put(cache, world)
            round(cache, opened, world, NOW)
            cache.execute(text(change))
            found = dirty(cache, "acme")
            round(cache, opened, world, NOW + after)
            assert dirty(cache, "acme") == []
            evaluated = marked(cache, "acme", "rules")
        assert evaluated is not None
        return found, evaluated[1] != NOW

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ("UPDATE ticket SET read_at = 5", []),
            ("UPDATE ticket SET row_hash = 'x' WHERE ticket_id = '1'", ["1"]),
            ("UPDATE ticket SET notes_read_at = 5 WHERE ticket_id = '1'", ["1"]),
            ("UPDATE ticket SET time_read_at = 5 WHERE ticket_id = '2'", ["2"]),
            ("UPDATE ticket SET in_scope = 1 WHERE ticket_id = '2'", ["2"]),
            ("DELETE FROM ticket WHERE ticket_id = '2'", ["2"]),
            ("INSERT INTO ticket_parent VALUES ('acme', '1', '2')", ["1"]),
            ("INSERT INTO ticket_custom VALUES ('acme', '1', 'Asset', 'x')", ["1"]),
            ("UPDATE choice SET active = 0", []),
            ("UPDATE choice SET ends_on = '2026-01-01'", None),
            ("UPDATE connection_state SET synced_at = 5", []),
            ("UPDATE connection_state SET member = 'asmith'", None),
        ],
    )
    def test_the_tickets_that_changed_or_everything(self, opened, change, found):
        assert self.looked(opened, change) == (found, found is None)

    def test_a_new_day_is_everything(self, opened):
        assert self.looked(opened, "SELECT 1", after=86400) == ([], True)

    def test_a_clock_that_was_put_back_is_everything(self, opened):
        assert self.looked(opened, "SELECT 1", after=-60) == ([], True)


def changed(world: plain.World, data: st.DataObject) -> plain.World:
    """The same shop, some of its tickets as they may be later."""
    ids = tuple(ticket.id for ticket in world.tickets if ticket.id not in worlds.ELSEWHERE)
    others = {ticket.id: ticket for ticket in data.draw(worlds.tickets(ids))}
    move = data.draw(st.sets(st.sampled_from(ids)))
    after = plain.World(
        world.settings,
        world.connection,
        world.capabilities,
        world.member,
        [
            others[ticket.id]
            if ticket.id in move
            else plain.Ticket(**vars(ticket) | {"values": dict(ticket.values)})
            for ticket in world.tickets
        ],
        world.agreements,
    )
    worlds.choose_parents(after)
    return after


def test_the_generated_worlds_hold_every_reason() -> None:
    met: dict[tuple[str, str], int] = {}

    @steady
    @given(world=worlds.worlds())
    def look(world: plain.World) -> None:
        for (_, kind), (_, _, _, reasons) in plain.read(world, NOW, plain.Memory()).items():
            for code, _, _ in reasons:
                met[kind, code] = met.get((kind, code), 0) + 1

    look()
    talk = {"flag_set", "flag_set_answered", "last_word_customer", "flag_not_set", "author_unknown"}
    assert set(met) == {
        *((kind, code) for kind in ("customer_responded", "child_reply") for code in talk),
        *(("reply_after_close", code) for code in ("replied_after_close", "flag_set", "author_unknown")),
        ("missing_fields", "missing"),
        ("missing_fields", "agreement_inactive"),
        *(("orphaned", code) for code in ("no_parent", "not_child_status", "parent_closed")),
        *(("orphaned", code) for code in ("parent_missing", "parent_not_visible")),
        *(("billing_code", code) for code in ("ticket_without_code", "closed_without_code")),
        *(("billing_code", code) for code in ("time_without_code", "locked")),
    }
