"""The first rows of a list are read without going through all of it, and are the first rows of all of it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from store import filter_words
from store.database import Databases
from store.models import ExceptionRow, Ticket
from store.read_records import ALL_OPEN
from store.read_rows import Lists
from store.read_select import MANY_ARMS
from store.rules.catalogue import CATALOGUE
from store.shown import ORDERS, Shown
from tests.store.conftest import NOW

KINDS = ("orphaned", "missing_fields", "child_reply")
CONNECTIONS = ("acme", "desk")
WORDS = ("printer", "Straße", "Cable")


@pytest.fixture
def lists(databases: Databases) -> Iterator[Lists]:
    """Tickets of two connections, many of the same age, some closed, some with a change laid over them."""
    dice = random.Random(7)
    with Session(databases.cache) as session, session.begin():
        for connection in CONNECTIONS:
            for number in dice.sample(range(1, 2000), 150):
                session.add(
                    Ticket(
                        connection=connection, ticket_id=str(number), number=str(number), in_scope=dice.random() < 0.9,
                        summary=f"{dice.choice(WORDS)} {number}", status="New", closed=dice.random() < 0.1,
                        company=dice.choice(("Zeta", "acme", None)), priority_rank=dice.choice((1, 2, None)),
                        created_at=dice.choice((NOW - dice.randrange(60), None)), updated_at=NOW - 5,
                    )
                )  # fmt: skip
                for kind in KINDS:
                    if dice.random() < 0.5:
                        session.add(
                            ExceptionRow(
                                connection=connection, ticket_id=str(number), kind=kind, gate=dice.random() < 0.5,
                                since=NOW - dice.randrange(30), psa_only=dice.random() < 0.3,
                            )
                        )  # fmt: skip
        columns = ", ".join(Ticket.__table__.columns.keys())
        overlay = {row[1] for row in session.execute(text("PRAGMA table_info(ticket_overlay)"))}
        shared = ", ".join(name for name in columns.split(", ") if name in overlay)
        session.execute(
            text(
                f"INSERT INTO ticket_overlay ({shared}) SELECT {shared} FROM ticket WHERE ticket_id LIKE '%7'"
            )
        )
    with closing(sqlite3.connect(databases.home.cache)) as db:
        db.row_factory = sqlite3.Row
        yield Lists(
            db, CONNECTIONS, ZoneInfo("UTC"), NOW, None, [("orphaned", "acme", "5")], hours={}, overdue_days=2
        )


@pytest.mark.parametrize("kinds", [(ALL_OPEN,), KINDS, ("orphaned",), (*KINDS, ALL_OPEN)])
def test_a_page_is_a_part_of_the_whole(lists, kinds):
    typed = ("", "print", "STRASSE 1", "-cable", "is:must", "nobody has it")
    for words, order, shown in product(typed, ORDERS, (None, Shown("board"), Shown("team", "Red"))):
        whole = lists.order(kinds, words, 0, None, shown, order)
        assert lists.order(kinds, words, 0, 20, shown, order) == whole[:20]
        assert lists.order(kinds, words, 7, 20, shown, order) == whole[7:27]
        assert lists.order(kinds, words, 0, 5000, shown, order) == whole


def test_all_kinds_of_many_connections_are_one_statement_still(lists):
    many = [kind.name for kind in CATALOGUE]
    lists.connections = [*CONNECTIONS, *(f"more {n}" for n in range(20))]
    assert len(many) * len(lists.connections) > MANY_ARMS
    assert lists.order(many, "print", 0, 9) == lists.order(many, "print", 0, None)[:9] != []


@pytest.mark.parametrize("kinds", [(ALL_OPEN,), ("orphaned",)])
def test_of_a_word_that_all_have_no_more_is_looked_at_than_is_shown(lists, kinds, monkeypatch):
    looked_at = []
    found = filter_words._all_in

    def counted(haystack: str, *words: str) -> bool:
        looked_at.append(haystack)
        return found(haystack, *words)

    monkeypatch.setattr(filter_words, "_all_in", counted)
    filter_words.add_functions(lists.db)
    assert len(lists.order(kinds, "e", 0, 10)) == 10
    assert len(looked_at) < 100
    looked_at.clear()
    whole = lists.order(kinds, "e", 0, None)
    assert len(looked_at) >= len(whole) > 60
