"""The rules on what is late against a plain reading of the definition, over generated shops."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from store.database import Databases
from store.rules.evaluate import asked_of, evaluate
from store.rules.plan import passed
from store.rules.registry import RULES
from tests.store import plain_late as plain
from tests.store import worlds, worlds_late
from tests.store.conftest import NOW
from tests.store.test_rules_property import everything, steady

many = settings(steady, max_examples=500)


def start(databases: Databases) -> None:
    with databases.cache.begin() as cache, databases.journal.begin() as journal:
        worlds.empty(cache, journal)


def run(databases: Databases, world: plain.World, now: int, tickets: list[str] | None = None) -> None:
    with databases.cache.begin() as cache, databases.journal.begin() as journal:
        worlds_late.put(cache, journal, world)
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
        answer[one["ticket_id"], one["kind"]][3][one["code"]] = (one["since"], bool(one["gate"]))
    return answer


@many
@given(world=worlds_late.worlds_late())
def test_kinds_reasons_since_and_gates_are_as_the_definition_reads(
    opened: Databases, world: plain.World
) -> None:
    start(opened)
    run(opened, world, NOW)
    assert published(opened) == plain.read(world, NOW, plain.Memory())


@steady
@given(first=worlds_late.worlds_late(), then=st.data())
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


def changed(world: plain.World, data: st.DataObject) -> plain.World:
    """The same shop, some of its tickets as those of another one."""
    other = data.draw(worlds_late.worlds_late())
    move = data.draw(st.sets(st.sampled_from([ticket.id for ticket in world.tickets]), max_size=2))
    tickets = [new if new.id in move else old for old, new in zip(world.tickets, other.tickets, strict=True)]
    return plain.World(**vars(world) | {"tickets": tickets})


@many
@given(world=worlds_late.worlds_late(), later=st.sampled_from(worlds_late.LATER), timed=st.booleans())
def test_what_the_clock_alone_changes_is_named(
    opened: Databases, world: plain.World, later: int, timed: bool
) -> None:
    start(opened)
    run(opened, world, NOW)
    if timed:  # somebody starts a timer, and the others are done with
        world = plain.World(**vars(world) | {"timed": {"1"}, "ended": world.timed - {"1"}})
    after = NOW + later
    with opened.cache.begin() as cache, opened.journal.begin() as journal:
        worlds_late.put(cache, journal, world)
        asked = asked_of(cache, journal, world.settings, "acme", after)
        looked_for = [rule for rule in RULES if set(rule.kinds) & set(world.settings.kinds)]
        elsewhere = (rule.otherwise(asked) for rule in looked_for if rule.otherwise is not None)
        named = set[str]().union(*passed(asked, looked_for, NOW).values(), *elsewhere)
    evaluate(opened.cache, opened.journal, world.settings, now=after, connections=["acme"], tickets=named)
    found = everything(opened)
    evaluate(opened.cache, opened.journal, world.settings, now=after, connections=["acme"])
    assert found == everything(opened)


def test_the_generated_worlds_hold_every_reason() -> None:
    met: dict[tuple[str, str], int] = {}

    @many
    @given(world=worlds_late.worlds_late())
    def look(world: plain.World) -> None:
        for (_, kind), (_, _, _, reasons) in plain.read(world, NOW, plain.Memory()).items():
            for code in reasons:
                met[kind, code] = met.get((kind, code), 0) + 1

    look()
    assert set(met) == {
        *(("sla", f"{what}_{how}") for what in ("respond", "resolve") for how in ("breached", "soon")),
        ("unassigned", "no_owner"),
        ("stale", "no_activity"),
        ("waiting_too_long", "follow_up"),
        ("waiting_too_long", "stale_waiting"),
        ("too_old", "too_old"),
        ("abandoned", "nothing_planned"),
        ("abandoned", "planned_in_the_past"),
        ("owner_absent", "owner_away"),
        ("owner_absent", "owner_quiet"),
        ("reopened", "reopened"),
    }
    assert min(met.values()) >= 3, met
