"""What is mixed up: the rules against a plain reading, over a change, over time; and cases of their own."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st
from sqlalchemy import text

from store.database import Databases
from store.mail_domains import domain_sql, mail_domain
from store.rules import crossed
from store.rules.alike import alike, words
from store.rules.evaluate import asked_of, evaluate
from store.rules.note_words import has_seen
from store.rules.registry import RULES
from tests.store import plain_mixed as plain
from tests.store import worlds_mixed as worlds
from tests.store.conftest import NOW
from tests.store.test_rules_property import everything
from tests.store.test_rules_property import steady as shrinking

# Worlds of this size take minutes to shrink, which is more than a person takes to read one.
steady = hypothesis.settings(shrinking, phases=[Phase.explicit, Phase.generate], max_examples=80)


def start(databases: Databases) -> None:
    with databases.cache.begin() as cache, databases.journal.begin() as journal:
        worlds.empty(cache, journal)


def run(databases: Databases, world: plain.World, now: int, tickets: list[str] | None = None) -> None:
    with databases.cache.begin() as cache, databases.journal.begin() as journal:
        worlds.put(cache, journal, world)
    evaluate(
        databases.cache, databases.journal, worlds.SETTINGS, now=now, connections=["acme"], tickets=tickets
    )


def all_told(databases: Databases) -> dict[str, list[Any]]:
    """Everything but the other company's name, which is as some ticket of that company has it: it is for people, and
    the next round, which evaluates all, puts it right."""
    told = everything(databases)
    return {
        table: [re.sub(r'"other":"[^"]*"', '"other":""', row) for row in rows] for table, rows in told.items()
    }


def published(databases: Databases) -> dict[tuple[str, str], set[tuple[str, int]]]:
    answer: dict[tuple[str, str], set[tuple[str, int]]] = {}
    with databases.cache_reads.connect() as cache:
        for row in cache.execute(text("SELECT ticket_id, kind, code, since FROM reason")):
            answer.setdefault((row.ticket_id, row.kind), set()).add((row.code, row.since))
    return answer


@steady
@given(world=worlds.worlds())
def test_the_kinds_are_as_the_definition_reads(opened: Databases, world: plain.World) -> None:
    start(opened)
    run(opened, world, NOW)
    said = {
        key: {(code, NOW if since is None else since) for code, since in reasons}
        for key, reasons in plain.read(world, NOW).items()
    }
    assert published(opened) == said
    with opened.cache_reads.connect() as cache:
        gates = set(cache.execute(text("SELECT DISTINCT kind FROM exception WHERE gate")).scalars())
    assert gates == {kind for _, kind in said} & {"children_open", "crossed"}


@steady
@given(first=worlds.worlds(), then=st.data())
def test_evaluating_some_tickets_gives_what_evaluating_all_gives(
    opened: Databases, first: plain.World, then: st.DataObject
) -> None:
    start(opened)
    run(opened, first, NOW)
    others = then.draw(worlds.worlds())
    move = then.draw(st.sets(st.sampled_from(worlds.IDS), min_size=1))
    pick = [new if old.id in move else old for old, new in zip(first.tickets, others.tickets, strict=True)]
    changes = {id: (others if id in move else first).read_up_to.get(id, []) for id in worlds.IDS}
    second = plain.World(pick, first.cards, changes)
    run(opened, second, NOW, tickets=sorted(move))
    some = all_told(opened)
    run(opened, second, NOW)
    assert some == all_told(opened)


@steady
@given(world=worlds.worlds(), later=st.sampled_from((1, 2, 3600, 40 * worlds.DAY)))
def test_the_clock_alone_changes_nothing_but_what_passed(
    opened: Databases, world: plain.World, later: int
) -> None:
    start(opened)
    run(opened, world, NOW)
    now = NOW + later
    with opened.cache.begin() as cache, opened.journal.begin() as journal:
        asked = asked_of(cache, journal, worlds.SETTINGS, "acme", now)
        passed = sorted({id for rule in RULES if rule.passed is not None for id in rule.passed(asked, NOW)})
    run(opened, world, now, tickets=passed)
    some = all_told(opened)
    run(opened, world, now)
    assert some == all_told(opened)


def test_the_generated_worlds_hold_every_reason() -> None:
    met: dict[str, int] = {}

    @hypothesis.settings(steady, max_examples=200)
    @given(world=worlds.worlds())
    def look(world: plain.World) -> None:
        for reasons in plain.read(world, NOW).values():
            for code, _ in reasons:
                met[code] = met.get(code, 0) + 1

    look()
    assert set(met) == {
        "similar_open",
        *(f"{what}_elsewhere" for what in ("contact", "domain", "agreement", "site", "parent")),
        "catch_all",
        "crossed",
        "closed_with_open_children",
        "all_children_closed",
    }
    assert min(met.values()) >= 5, met


# ---------------------------------------------------------------- judgements


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ("RE: FW: Printer jams", "jams printer"),
        ("AW[2]: WG: Drucker", "drucker"),
        ("[Ticket #48213] RE: Printer", "printer"),
        ("Ticket no. 48213: printer", "printer"),
        ("#12 printer #13", "printer"),
        ("Büro Straße Café", "buero cafe strasse"),
        ("Can't print", "cant print"),
        ("SRV-DB01 down", "db01 down srv"),
        ("RE:", ""),
        ("  \u200b ", ""),
        ("the of and", ""),
    ],
)
def test_what_a_summary_is_compared_by(summary: str, said: str) -> None:
    assert " ".join(words(summary)) == said


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Printer jams", "re: PRINTER jams!", 1, 1),
        ("RE:", "RE:", 0, 0),
        ("VPN", "VPN token for a new colleague", 0, 0.5),
        ("Room 12 is cold", "Room 14 is cold", 0, 0),
        ("Laptop for Anna", "Laptop for Bernd", 0, 0),
        ("VPN drops every few minutes", "VPN connection drops every few minutes", 0.8, 0.99),
    ],
)
def test_how_alike_two_summaries_are(one: str, other: str, least: float, most: float) -> None:
    assert least <= alike(one, other) <= most
    assert alike(one, other) == alike(other, one)


@pytest.mark.parametrize(
    ("answer", "note", "seen"),
    [
        ("Which router?", "The inventory starts tonight.", False),
        ("After the inventory then.", "The inventory starts tonight.", True),
        ("After the inventories then.", "The inventory starts tonight.", True),
        ("Which router?", "Yes, please.", True),
        ("Hello Grace, which router?", "The inventory starts.\n\nBest regards\nGrace Okafor", False),
        ("Hello Ann, which router?", "Ann has an inventory.", False),
        ("Which router?\n> The inventory starts tonight.", "The inventory starts tonight.", True),
        ("The server?", "The server has an inventory.", False),
        ("I read 4711.", "It says 4711.", True),
        ("I read 4712.", "It says 4711.", False),
        ("Which keyboard?", "The inventory starts.\n> keyboard", False),
    ],
)
def test_whether_an_answer_has_seen_a_note(answer: str, note: str, seen: bool) -> None:
    assert has_seen(answer, note, ["The server is slow."], ["Ann Lee"]) is seen


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ann@One.Example", "one.example"),
        ("Ann Lee <ann@one.example>", "one.example"),
        ("ann@one.example.", "one.example"),
        ("nobody", ""),
        ("@one.example", ""),
        ("", ""),
    ],
)
def test_the_domain_of_a_mail_address(address: str, domain: str) -> None:
    assert mail_domain(address) == domain


@pytest.mark.parametrize(
    "address",
    [
        "ann@one.example",
        "Ann.Lee+desk@ONE.example.",
        "Ann Lee <ann@one.example>",
        "ann@one.example, bo@two.example",
        "a@b@c.example",
        "a..b@c.example",
        ".a@c.example",
        "a.@c.example",
        "a@.example",
        "ann@bücher.example",
        "nobody",
        "@one.example",
        "ann@",
        "",
    ],
)
def test_the_index_reads_the_domain_of_a_plain_address_as_python_does_and_leaves_it_the_others(
    address: str,
) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        found = db.execute(f"SELECT {domain_sql('email')} FROM (SELECT ? AS email)", (address,)).fetchone()[0]
    assert found in ("", mail_domain(address))
    if address == "ann@one.example":
        assert found == "one.example"


# ---------------------------------------------------------------- what stands with a reason


def world(*tickets: plain.Ticket, cards: tuple[dict[str, Any], ...] = ()) -> plain.World:
    return plain.World(list(tickets), list(cards), {})


def ticket(id: str, parents: tuple[str, ...] = (), **values: Any) -> plain.Ticket:
    usual: dict[str, Any] = dict.fromkeys(
        ("closed_at", "updated_at", "company_id", "company", "contact_id", "contact", "contact_email")
    )
    usual |= {"agreement_id": None, "site_id": None}
    usual |= {"number": f"7{id}", "summary": f"Room {id}", "status": "New", "closed": False}
    usual |= {"created_at": NOW - 100, "in_scope": True, "presence": "here", "first_sync": False}
    return plain.Ticket(id, usual | values, parents)


def data(databases: Databases, kind: str) -> dict[str, dict[str, Any]]:
    with databases.cache_reads.connect() as cache:
        rows = cache.execute(text("SELECT ticket_id, data FROM reason WHERE kind = :k"), {"k": kind})
        return {row.ticket_id: msgspec.json.decode(row.data) for row in rows}


def test_a_younger_ticket_names_all_older_ones_and_the_oldest_by_its_words(opened: Databases) -> None:
    start(opened)
    ann = {"company_id": "c1", "contact_id": "p1", "contact": "Ann", "summary": "Printer jams"}
    run(
        opened,
        world(*(ticket(id, created_at=NOW - at, **ann) for id, at in (("1", 9), ("2", 8), ("3", 7)))),
        NOW,
    )
    found = data(opened, "possible_duplicate")
    assert found["2"]["others"] == ["71"]
    assert found["3"] == {
        "others": ["71", "72"],
        "summary": "Printer jams",
        "opened_at": NOW - 9,
        "contact": "Ann",
    }


def test_the_other_company_is_named_as_a_ticket_has_it(opened: Databases) -> None:
    start(opened)
    card = {"kind": "contact", "id": "p1", "name": "Ann", "company_id": "c2", "email": None, "active": True}
    agreement = card | {"kind": "agreement", "id": "a1", "name": "Gold", "company_id": "c7"}
    wrong = ticket("1", company_id="c1", contact_id="p1", agreement_id="a1")
    run(opened, world(wrong, ticket("2", company_id="c2", company="Contoso"), cards=(card, agreement)), NOW)
    with opened.cache_reads.connect() as cache:
        rows = cache.execute(text("SELECT code, data FROM reason")).all()
    assert {row.code: msgspec.json.decode(row.data) for row in rows} == {
        "contact_elsewhere": {"name": "Ann", "other": "Contoso"},
        "agreement_elsewhere": {"name": "Gold", "other": "c7"},
    }


def test_many_mail_domains_are_found_as_few_are(opened: Databases) -> None:
    start(opened)
    tickets = [
        ticket(str(number), company_id="c1", contact_email=f"a@d{number}.example") for number in range(1, 40)
    ]
    cards = [
        {"kind": "contact", "id": f"p{number}", "name": "x", "company_id": "c2", "active": True}
        | {"email": f"b@d{number}.example"}
        for number in range(1, 40)
    ]
    run(opened, world(*tickets, cards=tuple(cards)), NOW)
    assert len(data(opened, "wrong_client")) == 39


def test_open_children_are_named_by_their_numbers(opened: Databases) -> None:
    start(opened)
    closed = {"closed": True, "closed_at": NOW - 60}
    run(
        opened,
        world(
            ticket("1", **closed), ticket("10", ("1",)), ticket("2", ("1",)), ticket("3", ("1",), **closed)
        ),
        NOW,
    )
    found = data(opened, "children_open")["1"]
    assert found["children"] == ["72", "710"]
    assert found["closed_at"] == NOW - 60


def test_many_crossed_notes_are_read_in_lots(opened: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossed, "_CHUNK", 2)
    start(opened)
    tickets = [ticket(str(number)) for number in range(1, 8)]
    for one in tickets:
        one.notes = [
            plain.Note("1", NOW - 60, "customer", True, "The inventory starts tonight."),
            plain.Note("2", NOW - 30, "staff", True, worlds.UNSEEN),
        ]
    run(opened, world(*tickets), NOW)
    assert len(data(opened, "crossed")) == 7
