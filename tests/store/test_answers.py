"""How long customers waited for an answer, and how it went out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from store.business_time import Hours
from store.database import Databases
from store.home import Home
from store.measures.answers import Answer, answers, by, times
from store.models import Note, Ticket
from store.seen import note_order, parse_seen, seen_text

HOUR, DAY = 3600, 86400
MONDAY_9 = 1_763_974_800
"""Monday 24 November 2025, 09:00 UTC: business opens."""
ALWAYS = Hours(week=(((0, 1440),),) * 7)
OFFICE = Hours()


class Shelf:
    """A cache and a journal with some notes."""

    def __init__(self, folder: Path) -> None:
        self.databases = Databases.open(Home.at(folder), now=MONDAY_9)
        self._notes = 0

    def ticket(self, ticket_id: str, **more: Any) -> None:
        row = {
            "connection": "acme",
            "ticket_id": ticket_id,
            "number": ticket_id,
            "in_scope": True,
            "presence": "here",
        }
        defaults = {
            name: field.get_default()
            for name, field in Ticket.model_fields.items()
            if not field.is_required()
        }
        with self.databases.cache.begin() as cache:
            cache.execute(insert(Ticket), [defaults | row | more])

    def note(self, ticket_id: str, at: int, speaker: str, text: str = "Hello", **more: Any) -> None:
        self._notes += 1
        seen, up_to = parse_seen(text)
        order, rank = note_order(at, up_to)
        row = {
            "connection": "acme",
            "ticket_id": ticket_id,
            "note_id": str(self._notes),
            "note_sort": self._notes,
            "created_at": at,
            "speaker": speaker,
            "psa_speaker": speaker,
            "public": not seen,
            "text": text,
            "seen": seen,
            "seen_up_to": up_to,
            "order_at": order,
            "order_rank": rank,
            "author": "",
            "row_hash": "",
        }
        with self.databases.cache.begin() as cache:
            cache.execute(insert(Note), [row | more])

    def wrote(self, ticket_id: str, note_id: str, *, public: bool = True) -> None:
        """The journal says that this note is one of ours."""
        step = '{"creates": "note", "public": %s}' % ("true" if public else "false")
        with closing(sqlite3.connect(self.databases.home.journal)) as db, db:
            db.execute(
                "INSERT INTO change (change, seq, connection, ticket_id, number, verb, fix, ticket, state, created_at,"
                " attempts, wrote, detail, summary) VALUES (?, 1, 'acme', ?, '1', 'reply', '{}', '{}', 'confirmed', 0,"
                " 0, 1, '{}', '')",
                (f"c{note_id}", ticket_id),
            )
            db.execute(
                "INSERT INTO step (change, position, step, state, attempts, absent, created_id)"
                " VALUES (?, 0, ?, 'done', 0, 0, ?)",
                (f"c{note_id}", step, note_id),
            )

    def read(self, hours: Hours = ALWAYS, begins: int = 0, ends: int = 1 << 40) -> list[Answer]:
        home = self.databases.home
        with closing(sqlite3.connect(home.cache)) as cache, closing(sqlite3.connect(home.journal)) as journal:
            return answers(cache, journal, {"acme": hours}, begins=begins, ends=ends)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    found = Shelf(tmp_path)
    found.ticket("1", company="Acme", board="Help Desk")
    yield found
    found.databases.close()


def test_from_the_first_note_that_waits_to_the_answer(shelf: Shelf) -> None:
    shelf.note("1", MONDAY_9, "customer")
    shelf.note("1", MONDAY_9 + 600, "customer", "Still there?")
    shelf.note("1", MONDAY_9 + 900, "staff", "To ourselves", public=False)
    shelf.note("1", MONDAY_9 + 950, "system", "Received.")
    shelf.note("1", MONDAY_9 + 1800, "staff")
    shelf.note("1", MONDAY_9 + 2000, "staff", "One more thing")
    (one,) = shelf.read()
    assert (one.asked_at, one.seconds, one.channel) == (MONDAY_9, 1800, "not_known")
    assert (one.company, one.board, one.ticket_id) == ("Acme", "Help Desk", "1")


def test_business_time_is_the_connections(shelf: Shelf) -> None:
    shelf.note("1", MONDAY_9 + 7 * HOUR, "customer")  # 16:00, an hour before closing
    shelf.note("1", MONDAY_9 + DAY + HOUR, "staff")
    assert [one.seconds for one in shelf.read(OFFICE)] == [2 * HOUR]
    assert [one.seconds for one in shelf.read(ALWAYS)] == [18 * HOUR]


def test_nobody_waits_before_the_customer_wrote_and_who_is_unknown_counts(shelf: Shelf) -> None:
    shelf.note("1", MONDAY_9, "staff")
    assert shelf.read() == []
    shelf.note("1", MONDAY_9 + 10, "unknown")
    shelf.note("1", MONDAY_9 + 70, "staff")
    assert [one.seconds for one in shelf.read()] == [60]


def test_a_seen_note_ends_the_wait_and_one_that_says_phone_is_an_answer_by_phone(shelf: Shelf) -> None:
    shelf.note("1", MONDAY_9, "customer", "Thanks")
    shelf.note("1", MONDAY_9 + 60, "staff", seen_text("Thanks only", MONDAY_9))
    shelf.note("1", MONDAY_9 + 100, "customer", "Another thing")
    shelf.note("1", MONDAY_9 + 400, "staff", seen_text("Answered by phone", MONDAY_9 + 100))
    shelf.note("1", MONDAY_9 + 500, "staff")
    (one,) = shelf.read()
    assert (one.channel, one.answered_at) == ("phone", MONDAY_9 + 400)
    found = times(shelf.read())
    assert (found.answers, found.median, found.p90) == (0, None, None), "when it was given is not known"
    assert found.channels == {"deskzero": 0, "phone": 1, "not_known": 0}


def test_a_note_that_came_while_the_seen_note_was_written_still_waits(shelf: Shelf) -> None:
    shelf.note("1", MONDAY_9, "customer")
    shelf.note("1", MONDAY_9 + 30, "customer", "Wait, one more thing")
    shelf.note("1", MONDAY_9 + 60, "staff", seen_text("Thanks only", MONDAY_9))
    shelf.note("1", MONDAY_9 + 130, "staff")
    assert [(one.asked_at, one.seconds) for one in shelf.read()] == [(MONDAY_9 + 30, 100)]


def test_what_deskzero_sent_is_known_by_the_journal(shelf: Shelf) -> None:
    for at in (0, 1000, 2000, 3000):
        shelf.note("1", MONDAY_9 + at, "customer")
        shelf.note("1", MONDAY_9 + at + 60, "staff")
    shelf.wrote("1", "2")
    shelf.wrote("1", "4", public=False)
    shelf.wrote("other", "6")
    assert [one.channel for one in shelf.read()] == ["deskzero", "not_known", "not_known", "not_known"]


def test_only_answers_of_the_span_but_with_the_whole_wait(shelf: Shelf) -> None:
    shelf.note("1", MONDAY_9 - DAY, "customer")
    shelf.note("1", MONDAY_9, "staff")
    shelf.note("1", MONDAY_9 + 10, "customer")
    shelf.note("1", MONDAY_9 + 20, "staff")
    assert [one.seconds for one in shelf.read(begins=MONDAY_9, ends=MONDAY_9 + 20)] == [DAY]
    assert shelf.read(begins=MONDAY_9 + 21) == []


def test_tickets_out_of_the_scope_are_not_ours(shelf: Shelf) -> None:
    shelf.ticket("2", in_scope=False)
    shelf.ticket("3", presence="deleted")
    for ticket in ("2", "3"):
        shelf.note(ticket, MONDAY_9, "customer")
        shelf.note(ticket, MONDAY_9 + 60, "staff")
    assert shelf.read() == []


def answer(seconds: int, company: str | None = "Acme", **more: Any) -> Answer:
    values = {"connection": "acme", "ticket_id": "1", "board": None, "asked_at": 0, "answered_at": seconds}
    return Answer(**(values | {"company": company, "seconds": seconds, "channel": "not_known"} | more))


@settings(derandomize=True)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40))
def test_the_figures_against_a_plain_reading(seconds: list[int]) -> None:
    found = times(answer(one) for one in seconds)
    ordered = sorted(seconds)
    assert found.answers == len(seconds)
    assert found.median is not None and found.p90 is not None
    assert sum(one <= found.p90 for one in ordered) >= 0.9 * len(ordered)
    below = [one for one in ordered if one < found.p90]
    assert len(below) < 0.9 * len(ordered), "the least that holds"
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    assert found.median == int(middle)


def test_by_company_the_busiest_first() -> None:
    found = by([answer(10, "B"), answer(20, "A"), answer(30, "B"), answer(5, None)], "company")
    assert [(name, one.answers, one.median) for name, one in found.items()] == [
        ("B", 2, 20),
        ("", 1, 5),
        ("A", 1, 20),
    ]
