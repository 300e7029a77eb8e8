"""The rules, case by case: what the generated tickets do not single out, the journal, and the speed."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from sqlalchemy import insert, text

from connectors.contract import Capabilities
from store.database import Databases
from store.journal_models import Change
from store.models import Note, StatusRole, Ticket, TicketOverlay, TicketParent, TimeEntry
from store.read import Reader
from store.rules.evaluate import evaluate
from store.rules.sql import cases
from store.settings import Connection, RequiredFor, Rules, Settings
from tests.store import plain_reading as plain
from tests.store import worlds
from tests.store.conftest import NOW
from tests.store.worlds import DAY, HOUR

OFFERS = Capabilities(
    fields=frozenset({"contact", "agreement"}),
    flag=True,
    code_on_ticket=True,
    code_on_time=True,
    code_name="Work type",
    writes=frozenset({"reply", "note", "status", "attach", "billing_code", "customer_flag"}),
    undoable=frozenset(),
)


def ticket(id: str = "1", **values: Any) -> plain.Ticket:
    """An open ticket in the scope with nothing wrong."""
    own = {name: values.pop(name) for name in ("notes", "time", "custom", "parents") if name in values}
    usual = worlds.elsewhere("95").values | {
        "in_scope": True,
        "created_at": NOW - 50 * DAY,
        "number": f"7{id}",
    }
    usual["closed_by"] = None
    usual["parent_id"] = own.get("parents", (None,))[0]
    return plain.Ticket(id, usual | values, **own)


def note(at: int, speaker: str = "customer", *, id: str = "1", **more: Any) -> plain.Note:
    return plain.Note(note_id=id, created_at=at, speaker=speaker, public=more.pop("public", True), **more)


class Desk:
    """A cache with some tickets, evaluated."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.settings = Settings(
            connections={"acme": Connection(name="acme", psa="connectwise", technician="jdoe")},
            rules=Rules(required=()),
        )
        self.offers: Capabilities | None = OFFERS

    def set(
        self, *, connection: dict[str, Any] | None = None, rules: Rules | None = None, **more: Any
    ) -> None:
        known = self.settings
        acme = Connection(name="acme", psa="connectwise", technician="jdoe", **(connection or {}))
        self.settings = Settings(connections={"acme": acme}, rules=rules or known.rules, **more)

    def holds(self, *tickets: plain.Ticket, agreements: tuple[plain.Agreement, ...] = ()) -> None:
        world = plain.World(
            self.settings,
            self.settings.connections["acme"],
            self.offers,
            None,
            list(tickets),
            list(agreements),
        )
        with self.databases.cache.begin() as cache:
            worlds.put(cache, world)

    def evaluate(self, now: int = NOW, tickets: list[str] | None = None) -> None:
        evaluate(
            self.databases.cache,
            self.databases.journal,
            self.settings,
            now=now,
            connections=["acme"],
            tickets=tickets,
        )

    @property
    def reader(self) -> Reader:
        return Reader(self.databases.home, self.settings, clock=lambda: NOW)

    def codes(self, id: str = "1") -> dict[str, list[str]]:
        return {
            row.kind or "": [reason.code for reason in row.reasons]
            for row in self.reader.rows()
            if row.ticket_id == id
        }

    def since(self, kind: str, id: str = "1") -> int:
        (row,) = [row for row in self.reader.rows([kind]) if row.ticket_id == id]
        return row.since

    def journal(self, query: str) -> list[tuple[Any, ...]]:
        with self.databases.journal_reads.connect() as journal:
            return [tuple(row) for row in journal.execute(text(query))]

    def lay_over(self, id: str, **values: Any) -> None:
        """An open change of ours, as the outbox lays it over the ticket."""
        with self.databases.cache.begin() as cache:
            row = cache.execute(text("SELECT * FROM ticket WHERE ticket_id = :t"), {"t": id}).mappings().one()
            cache.execute(insert(TicketOverlay), [dict(row) | values])

    def take_off(self) -> None:
        with self.databases.cache.begin() as cache:
            cache.execute(text("DELETE FROM ticket_overlay"))


@pytest.fixture
def desk(databases: Databases) -> Desk:
    return Desk(databases)


# ---------------------------------------------------------------- conversations


def test_a_seen_note_answers_what_it_covers_and_not_what_came_meanwhile(desk: Desk) -> None:
    seen = plain.Note("9", NOW - 10, "staff", public=False, seen=True, seen_up_to=NOW - 2 * HOUR)
    covered, later = note(NOW - 2 * HOUR, id="1"), note(NOW - HOUR, id="2")
    desk.holds(ticket("1", notes=[covered, seen]), ticket("2", notes=[covered, later, seen]))
    desk.evaluate()
    assert desk.codes("1") == {}
    assert desk.codes("2") == {"customer_responded": ["last_word_customer"]}
    assert desk.since("customer_responded", "2") == NOW - HOUR


def test_a_seen_note_stands_after_the_note_it_covers_whatever_its_id(desk: Desk) -> None:
    covered = note(NOW - HOUR, id="50")
    desk.holds(
        ticket("1", notes=[covered, plain.Note("9", NOW, "staff", False, seen=True, seen_up_to=NOW - HOUR)]),
        ticket("2", notes=[covered, plain.Note("9", NOW - HOUR, "staff", False, seen=True)]),
    )
    desk.evaluate()
    assert desk.codes("1") == {}
    assert desk.codes("2") == {"customer_responded": ["last_word_customer"]}  # without the mark: by its id


@pytest.mark.parametrize(("past", "there"), [(0, True), (1, False)])
def test_windows_hold_to_the_second(desk: Desk, past: int, there: bool) -> None:
    closed: dict[str, Any] = {"closed": True, "closed_at": NOW - 30 * DAY - past}
    desk.holds(
        ticket("1", notes=[note(NOW - 14 * DAY - past)], billing_code_id="3", **closed), ticket("2", **closed)
    )
    desk.evaluate()
    assert [row.kind for row in desk.reader.rows()] == ["reply_after_close", "billing_code"] * there


def test_automatic_replies_and_internal_notes_are_nobodys_word(desk: Desk) -> None:
    desk.holds(
        ticket("1", notes=[note(NOW - 9), note(NOW - 5, "staff", id="2", public=False)]),
        ticket("2", notes=[note(NOW - 9, "system")]),
    )
    desk.evaluate()
    assert desk.codes("1") == {"customer_responded": ["last_word_customer"]}
    assert desk.codes("2") == {}


def test_a_reply_is_after_closing_only_when_it_is_newer_than_the_closing(desk: Desk) -> None:
    closed: dict[str, Any] = {"closed": True, "closed_at": NOW - DAY, "billing_code_id": "3"}
    desk.holds(
        ticket("1", notes=[note(NOW - DAY)], **closed),
        ticket("2", notes=[note(NOW - DAY + 1)], **closed),
        ticket("3", notes=[note(NOW - 15 * DAY)], **closed | {"closed_at": NOW - 20 * DAY}),
        ticket("4", notes=[note(NOW - 5)], **closed | {"closed_at": None}),
    )
    desk.evaluate()
    assert [row.ticket_id for row in desk.reader.rows(["reply_after_close"])] == ["2", "4"]
    assert desk.codes("1") == desk.codes("3") == {}


def test_a_status_is_a_signal_like_the_flag_also_on_a_closed_ticket(desk: Desk) -> None:
    desk.set(connection={"responded_statuses": ("Customer Responded",)})
    desk.holds(
        ticket("1", status="Customer Responded", closed=True, closed_at=NOW - DAY, billing_code_id="3")
    )
    desk.evaluate()
    assert desk.codes() == {"reply_after_close": ["flag_set"]}
    assert desk.since("reply_after_close") == NOW  # no customer's note: when it was first seen


# ---------------------------------------------------------------- fields


def test_the_narrowest_list_of_required_fields_wins_and_of_equals_the_later(desk: Desk) -> None:
    entries = (
        RequiredFor(required=("type",), board="Help Desk", company="Acme"),
        RequiredFor(required=("site",), board="HELP DESK"),
        RequiredFor(required=("owner",), company="acme"),
        RequiredFor(required=("item",), connection="other"),
    )
    desk.offers = None
    desk.set(rules=Rules(required=("contact",), required_for=entries))
    desk.holds(
        ticket("1", board="help desk ", company="ACME"),
        ticket("2", board="Other", company="Acme"),
        ticket("3", board="Help Desk"),
        ticket("4"),
    )
    desk.evaluate()
    found = {row.ticket_id: [reason.field for reason in row.reasons] for row in desk.reader.rows()}
    assert found == {"1": ["type"], "2": ["owner"], "3": ["site"], "4": ["contact"]}


def test_a_field_that_the_psa_does_not_have_is_named_once_and_not_on_tickets(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact", "item", "custom:Asset", "custom:Nowhere")))
    desk.holds(ticket("1", custom={"Asset": " "}), ticket("2", contact="Ann", custom={"Asset": "PC 7"}))
    desk.evaluate()
    (row,) = desk.reader.rows()
    assert [reason.field for reason in row.reasons] == ["contact", "custom:Asset"]
    assert not row.gate
    assert desk.reader.states()[0].missing_fields == ("item", "custom:Nowhere")


def test_a_custom_field_that_appears_is_asked_of_every_ticket(desk: Desk) -> None:
    desk.set(rules=Rules(required=("custom:Asset",)))
    desk.holds(ticket("1"), ticket("2"))
    desk.evaluate()
    assert desk.reader.rows() == []
    desk.holds(ticket("1"), ticket("2", custom={"Asset": None}))
    desk.evaluate(tickets=["2"])
    assert [row.ticket_id for row in desk.reader.rows()] == ["1", "2"]


@pytest.mark.parametrize(
    ("timezone", "reported"), [("Asia/Tokyo", True), ("UTC", False), ("America/New_York", False)]
)
def test_an_agreement_is_active_through_its_last_day_in_the_connections_zone(
    desk: Desk, timezone: str, reported: bool
) -> None:
    # NOW is 14:00 UTC on the 20th; an hour later than 15:00 UTC it is the 21st in Tokyo.
    desk.set(connection={"timezone": timezone}, rules=Rules(required=("agreement",)))
    gold = plain.Agreement("a1", "2026-01-01", "2026-11-20", cancelled=False)
    desk.holds(ticket(agreement_id="a1", agreement="Gold"), agreements=(gold,))
    desk.evaluate(NOW + 2 * HOUR)
    assert desk.codes() == ({"missing_fields": ["agreement_inactive"]} if reported else {})


# ---------------------------------------------------------------- parents


def test_a_parent_that_was_not_asked_for_or_one_that_is_open_makes_no_orphan(desk: Desk) -> None:
    shut = ticket("8", closed=True, closed_at=NOW - DAY, in_scope=False)
    later = ticket("9", closed=True, closed_at=NOW - HOUR, in_scope=False)
    desk.holds(
        ticket("1", parents=("99",)),
        ticket("2", parents=("8", "7")),
        ticket("3", parents=("8", "99")),
        ticket("4", parents=("8", "9")),
        ticket("7", in_scope=False),
        shut,
        later,
    )
    desk.evaluate()
    assert [row.ticket_id for row in desk.reader.rows()] == ["4"]
    assert desk.since("orphaned", "4") == NOW - HOUR  # orphaned since the last of them closed


def test_when_a_parent_changes_its_children_are_evaluated_with_it(desk: Desk) -> None:
    parent = ticket("8", in_scope=False)
    desk.holds(ticket("1", parents=("8",)), parent)
    desk.evaluate()
    assert desk.codes() == {}
    parent.values |= {"closed": True, "closed_at": NOW - 5, "closed_by": "asmith"}
    desk.holds(ticket("1", parents=("8",)), parent)
    desk.evaluate(tickets=["8"])
    (row,) = desk.reader.rows()
    assert row.reasons[0].text == "Parent #78 was closed Fri 13:59 by asmith."
    assert row.parent is not None and row.parent.state == "closed"


# ---------------------------------------------------------------- billing codes


def test_locked_time_is_named_beside_another_reason_and_never_alone(desk: Desk) -> None:
    locked = plain.Time("t1", "JDOE", NOW - 9 * DAY, None, 1.5, None, locked=True)
    desk.holds(
        ticket("1", time=[locked]),
        ticket("2", billing_code_id="3", time=[plain.Time(**vars(locked) | {"time_id": "t2"})]),
    )
    desk.evaluate()
    assert desk.codes("2") == {}
    (row,) = desk.reader.rows()
    assert {reason.code: (reason.gate, reason.time_entry_id, reason.hours) for reason in row.reasons} == {
        "ticket_without_code": (False, None, None),
        "locked": (False, "t1", 1.5),
    }


def test_a_colleagues_time_without_a_code_is_not_ours(desk: Desk) -> None:
    theirs = plain.Time("t1", "jdoerr", NOW - HOUR, None, 1.5, None, locked=False)
    desk.holds(ticket(billing_code_id="3", time=[theirs]))
    desk.evaluate()
    assert desk.codes() == {}


# ---------------------------------------------------------------- gates


def test_what_the_api_cannot_clear_is_no_gate_and_listed_apart(desk: Desk) -> None:
    mine = plain.Time("t1", "jdoe", NOW - HOUR, None, 0.25, None, locked=False)
    closed: dict[str, Any] = {"closed": True, "closed_at": NOW - HOUR}
    desk.holds(
        ticket("1", time=[mine], billing_code_id="3", **closed),
        ticket("2", time=[plain.Time(**vars(mine) | {"time_id": "t2"})], **closed),
        ticket("3", **closed | {"closed_at": NOW - 2 * HOUR}),
    )
    desk.evaluate()
    rows = desk.reader.rows(["billing_code"])
    assert [(row.ticket_id, row.gate, row.psa_only) for row in rows] == [
        ("3", True, False),
        ("2", True, False),  # its own code can be set
        ("1", False, True),
    ]
    assert rows[2].reasons[0].text.endswith("Only in the PSA itself can this be put right.")
    counts = {pane.kind: pane for pane in desk.reader.panes()}["billing_code"]
    assert (counts.must, counts.later, counts.psa_only) == (2, 1, 1)


def test_kinds_outside_the_gates_come_later_unless_a_check_names_them(desk: Desk) -> None:
    desk.set(gates=("orphaned",))
    desk.holds(ticket(notes=[note(NOW - 9)]))
    desk.evaluate()
    (pane,) = [pane for pane in desk.reader.panes() if pane.must or (pane.later and pane.pane)]
    assert (pane.kind, pane.must, pane.later) == ("customer_responded", 0, 1)
    (pane,) = [pane for pane in desk.reader.panes(gates=["customer_responded"]) if pane.must]
    assert (pane.must, pane.later) == (1, 0)


# ---------------------------------------------------------------- the journal


def test_first_seen_is_creation_at_the_first_sync_and_now_afterwards(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact", "agreement")))
    desk.holds(ticket("1", first_sync=True, agreement="Gold"), ticket("2"))
    desk.evaluate()
    assert desk.since("missing_fields", "1") == NOW - 50 * DAY
    assert desk.since("missing_fields", "2") == NOW
    desk.holds(ticket("1", first_sync=True), ticket("2"))
    desk.evaluate(NOW + DAY)
    (row, _) = desk.reader.rows()
    assert {reason.field: reason.since for reason in row.reasons} == {
        "contact": NOW - 50 * DAY,
        "agreement": NOW + DAY,
    }


def test_first_seen_survives_a_cache_that_is_thrown_away(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact",)))
    desk.holds(ticket("1"))
    desk.evaluate()
    desk.databases.renew_cache(NOW)
    desk.holds(ticket("1", first_sync=True))
    desk.evaluate(NOW + DAY)
    assert desk.since("missing_fields") == NOW
    assert len(desk.journal("SELECT * FROM history")) == 1


def test_a_fix_that_fails_brings_the_exception_back_as_old_as_it_was(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact",)))
    desk.holds(ticket("1"))
    desk.evaluate()
    desk.lay_over("1", contact="Ann")
    desk.evaluate(NOW + 60, tickets=["1"])
    assert desk.codes() == {}
    desk.take_off()
    desk.evaluate(NOW + 120, tickets=["1"])
    assert desk.since("missing_fields") == NOW


def test_a_reason_that_went_in_the_psa_is_new_when_it_comes_again(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact",)))
    for at, contact in ((NOW, None), (NOW + 60, "Ann"), (NOW + 120, None)):
        desk.holds(ticket("1", contact=contact))
        desk.evaluate(at)
    assert desk.since("missing_fields") == NOW + 120
    assert desk.journal("SELECT opened_at, cleared_at, cleared_by FROM history ORDER BY id") == [
        (NOW, NOW + 60, None),
        (NOW + 120, None, None),
    ]


def test_history_names_the_change_that_cleared_an_exception(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact",)))
    desk.holds(ticket("1"))
    desk.evaluate()
    change = {
        "change": "c1",
        "seq": 1,
        "connection": "acme",
        "ticket_id": "1",
        "number": "71",
        "verb": "contact",
    }
    with desk.databases.journal.begin() as journal:
        journal.execute(
            insert(Change), [change | {"fix": "{}", "ticket": "{}", "state": "held", "created_at": NOW}]
        )
    desk.lay_over("1", contact="Ann")
    desk.evaluate(NOW + 60, tickets=["1"])
    assert desk.journal("SELECT cleared_at, cleared_by FROM history") == [(NOW + 60, "c1")]


def test_evaluating_again_after_a_crash_between_the_databases_changes_nothing(desk: Desk) -> None:
    desk.set(rules=Rules(required=("contact",)))
    desk.holds(ticket("1"))

    class Crash(Exception):
        pass

    with pytest.raises(Crash), desk.databases.cache.begin() as cache:
        evaluate(cache, desk.databases.journal, desk.settings, now=NOW, connections=["acme"])
        raise Crash  # the journal is written, the results are not
    assert desk.reader.rows() == []
    desk.evaluate(NOW + 60)
    assert desk.since("missing_fields") == NOW
    assert len(desk.journal("SELECT * FROM history")) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("billing_code", {"closed_at": NOW - 29 * DAY}),
        (
            "reply_after_close",
            {"closed_at": NOW - 29 * DAY, "billing_code_id": "3", "notes": [note(NOW - 13 * DAY)]},
        ),
    ],
)
def test_a_row_past_its_window_is_counted_until_it_is_resolved(
    desk: Desk, kind: str, values: dict[str, Any]
) -> None:
    def aged() -> int:
        return desk.reader.evidence(now=NOW).aged_out

    desk.holds(ticket("1", closed=True, **values))
    desk.evaluate()
    assert list(desk.codes()) == [kind] and aged() == 0
    desk.evaluate(NOW + 5 * DAY)
    assert desk.codes() == {} and aged() == 1
    desk.evaluate(NOW + 6 * DAY)
    assert aged() == 1
    answered = [*values.get("notes", []), note(NOW, "staff", id="5")]
    desk.holds(ticket("1", closed=True, **values | {"billing_code_id": "3", "notes": answered}))
    desk.evaluate(NOW + 7 * DAY, tickets=["1"])
    assert aged() == 0


def test_aged_rows_outlive_the_cache_and_end_with_the_retention(desk: Desk) -> None:
    desk.holds(ticket("1", closed=True, closed_at=NOW - 29 * DAY))
    desk.evaluate()
    desk.databases.renew_cache(NOW)
    desk.holds()
    desk.evaluate(NOW + 10 * DAY)
    assert desk.reader.evidence(now=NOW).aged_out == 1
    desk.evaluate(NOW + 181 * DAY)
    assert desk.reader.evidence(now=NOW).aged_out == 0


def test_a_ticket_that_left_the_queue_leaves_its_panes_and_closes_its_history(desk: Desk) -> None:
    desk.holds(ticket("1", notes=[note(NOW - 9)]))
    desk.evaluate()
    desk.holds(ticket("1", notes=[note(NOW - 9)], in_scope=False))
    desk.evaluate(NOW + 60)
    assert desk.reader.rows() == []
    assert desk.journal("SELECT cleared_at FROM history") == [(NOW + 60,)]


# ---------------------------------------------------------------- hostile text and speed


@pytest.mark.parametrize(
    "hostile",
    [
        "'; DROP TABLE ticket; --",
        ":p0 {0} %s",
        "[/foo][@click=app.quit]x[/]",
        "\x1b]0;owned\x07\u202eabc",
        "ÄÖß" * 40,
    ],
)
def test_foreign_text_is_only_ever_a_value(desk: Desk, hostile: str) -> None:
    desk.offers = None
    entry = RequiredFor(required=("contact", f"custom:{hostile}"), board=hostile)
    desk.set(
        connection={"child_statuses": (hostile,)},
        rules=Rules(required=(), placeholders=(hostile,), required_for=(entry,)),
    )
    desk.holds(
        ticket("1", board=hostile, status=hostile, contact=hostile, notes=[note(NOW - 9, author=hostile)])
    )
    desk.evaluate()
    assert desk.codes() == {
        "child_reply": ["last_word_customer"],
        "missing_fields": ["missing", "missing"],
        "orphaned": ["no_parent"],
    }
    for row in desk.reader.rows():
        for reason in row.reasons:
            assert "\x1b" not in reason.text and "\u202e" not in reason.text


def test_case_is_ignored_in_every_alphabet() -> None:
    assert "über" in cases("ÜBER") and "Über" in cases("ÜBER")
    assert len(cases("Ä" * 100)) <= 3


def test_ten_thousand_tickets_are_evaluated_in_two_seconds(desk: Desk) -> None:
    _fill(desk.databases, 10_000)
    desk.set(connection={"child_statuses": ("Child",)}, rules=Rules())
    started = time.process_time()
    desk.evaluate()
    first = time.process_time() - started
    assert desk.reader.count() > 1000
    started = time.process_time()
    desk.evaluate(tickets=["77"])
    one = time.process_time() - started
    assert first < 2.0 and one < 0.1


def _fill(databases: Databases, many: int) -> None:
    dice = random.Random(7)

    def chance(share: float) -> bool:
        return dice.random() < share

    numbers = range(1, many + 1)
    with databases.cache.begin() as cache:
        cache.execute(insert(StatusRole), [{"connection": "acme", "role": "child", "status": "child"}])
        cache.execute(
            insert(Ticket),
            [
                {
                    "connection": "acme",
                    "ticket_id": str(n),
                    "number": str(n),
                    "status": "Child" if n % 20 == 0 else "New",
                    "status_key": "child" if n % 20 == 0 else "new",
                    "in_scope": True,
                    "created_at": NOW - n,
                    "closed": n % 4 == 0,
                    "closed_at": NOW - dice.randrange(90 * DAY),
                    "customer_flag": chance(0.05),
                    "contact": None if chance(0.1) else "Ann",
                    "contact_phone": "555",
                    "contact_email": "a@b",
                    "agreement": "Gold",
                    "type": "x",
                    "billing_code_id": None if chance(0.1) else "3",
                    "parent_id": str(n - 1) if n % 20 == 0 else None,
                }
                for n in numbers
            ],
        )
        cache.execute(
            insert(TicketParent),
            [
                {"connection": "acme", "ticket_id": str(n), "parent_id": str(n - 1)}
                for n in numbers
                if n % 20 == 0
            ],
        )
        cache.execute(
            insert(Note),
            [
                {
                    "connection": "acme",
                    "ticket_id": str(n),
                    "note_id": str(5 * n + place),
                    "note_sort": 5 * n + place,
                    "created_at": NOW - (5 - place) * HOUR,
                    "order_at": NOW - (5 - place) * HOUR,
                    "speaker": "staff" if place == 4 and chance(0.9) else "customer",
                    "public": True,
                    "text": "a line of a mail " * 20,
                }
                for n in numbers
                for place in range(5)
            ],
        )
        cache.execute(
            insert(TimeEntry),
            [
                {
                    "connection": "acme",
                    "time_id": str(n),
                    "ticket_id": str(n),
                    "member": "jdoe",
                    "started_at": NOW - n,
                    "billing_code_id": None if chance(0.1) else "3",
                }
                for n in numbers
            ],
        )
