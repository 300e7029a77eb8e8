"""The rules on time and money in SQL against a plain reading of the definition, over generated worlds."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from store.database import Databases
from store.rules.evaluate import asked_of, evaluate
from store.rules.registry import RULES
from tests.store import plain_money as plain
from tests.store import worlds_money as worlds
from tests.store.conftest import NOW
from tests.store.test_rules_property import steady as usual

steady = settings(usual, max_examples=100)


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
    """As the plain reading gives it; a `since` that is when first seen is `None`."""
    marks = ", ".join(f"'{kind}'" for kind in worlds.KINDS)
    with databases.cache_reads.connect() as cache:
        reasons = cache.execute(text(f"SELECT * FROM reason WHERE kind IN ({marks})")).mappings().all()
    with databases.journal_reads.connect() as journal:
        seen = {
            tuple(row) for row in journal.execute(text("SELECT ticket_id, kind, code, field FROM first_seen"))
        }
    answer: plain.Answer = {}
    for one in reasons:
        entry = one["time_entry_id"]
        remembered = (one["ticket_id"], one["kind"], one["code"], entry) in seen
        clears = not json.loads(one["data"]).get("psa_only", False)
        hours = None if one["hours"] is None else round(one["hours"], 6)
        found = answer.setdefault((one["ticket_id"], one["kind"]), {})
        found[one["code"], entry] = (None if remembered else one["since"], hours, clears)
    return answer


def expected(world: plain.World, now: int) -> plain.Answer:
    """Only a reason with a gate says that nothing clears it."""
    gates = world.settings.gates
    return {
        (ticket, kind): {
            key: (since, None if hours is None else round(hours, 6), clears or kind not in gates)
            for key, (since, hours, clears) in reasons.items()
        }
        for (ticket, kind), reasons in plain.read(world, now).items()
    }


def everything(databases: Databases) -> dict[str, list[Any]]:
    found = {}
    for engine, tables in (
        (databases.cache_reads, ("exception", "reason", "rule_group")),
        (databases.journal_reads, ("first_seen", "history")),
    ):
        with engine.connect() as database:
            for table in tables:
                found[table] = sorted(map(repr, database.execute(text(f"SELECT * FROM {table}")).all()))
    return found


@steady
@given(world=worlds.worlds())
def test_kinds_reasons_since_and_hours_are_as_the_definition_reads(
    opened: Databases, world: plain.World
) -> None:
    start(opened)
    run(opened, world, NOW)
    assert published(opened) == expected(world, NOW)


@steady
@given(first=worlds.worlds(size=4), then=st.data())
def test_evaluating_some_tickets_gives_what_evaluating_all_gives(
    opened: Databases, first: plain.World, then: st.DataObject
) -> None:
    start(opened)
    run(opened, first, NOW)
    ids = tuple(ticket.id for ticket in first.tickets)
    move = then.draw(st.sets(st.sampled_from(ids), min_size=1))
    others = {ticket.id: ticket for ticket in then.draw(worlds.tickets(ids))}
    second = copy.copy(first)
    second.tickets = [others[one.id] if one.id in move else one for one in first.tickets]
    run(opened, second, NOW, tickets=sorted(move))
    some = everything(opened)
    run(opened, second, NOW)
    assert some == everything(opened)
    assert published(opened) == expected(second, NOW)


@steady
@given(world=worlds.worlds(size=4), later=st.sampled_from((1, 60, 15 * 60, 2 * 3600)))
def test_the_clock_alone_changes_only_what_the_rules_say(
    opened: Databases, world: plain.World, later: int
) -> None:
    start(opened)
    run(opened, world, NOW)
    evaluated(opened, world, NOW + later, before=NOW)
    some = everything(opened)
    run(opened, world, NOW + later)
    # What opens and clears with the clock is noted in the same second either way.
    assert some == everything(opened)
    if plain.day(world, NOW) == plain.day(world, NOW + later):
        assert published(opened) == expected(world, NOW + later)


def evaluated(databases: Databases, world: plain.World, now: int, *, before: int) -> None:
    """Only the tickets that the rules name are looked at, unless a new day has begun."""
    if plain.day(world, before) != plain.day(world, now):
        run(databases, world, now)
        return
    with databases.cache.connect() as cache, databases.journal.connect() as journal:
        asked = asked_of(cache, journal, world.settings, "acme", now)
        named = {id for rule in RULES if rule.passed is not None for id in rule.passed(asked, before)}
    run(databases, world, now, tickets=sorted(named))


def test_the_generated_worlds_hold_every_reason() -> None:
    met: dict[tuple[str, str], int] = {}

    @steady
    @given(world=worlds.worlds())
    def look(world: plain.World) -> None:
        for (_, kind), reasons in plain.read(world, NOW).items():
            for code, _ in reasons:
                met[kind, code] = met.get((kind, code), 0) + 1

    look()
    assert set(met) == {
        ("undocumented", "nothing_written"),
        ("undocumented", "says_nothing"),
        ("unlogged", "closed_without_time"),
        ("unlogged", "worked_without_time"),
        ("unbilled", "not_invoiced"),
        ("out_of_scope", "not_covered"),
        *(("project_in_disguise", f"many_{what}") for what in ("hours", "technicians", "entries")),
        ("repeated_fix", "again_and_again"),
        *(("time_gap", code) for code in ("overlap", "gap_after", "gap_before", "entered_late")),
        ("billing_question", "not_answered"),
    }
    assert min(met.values()) >= 3, met
