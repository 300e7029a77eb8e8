"""What is late, case by case: the edges of each kind from both sides, and what the kinds have to do with each other."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, text

from connectors.contract import Scope
from store.business_time import Hours
from store.database import Databases
from store.models import TicketOverlay
from store.read import Reader
from store.rules.catalogue import BY_NAME, CATALOGUE
from store.rules.evaluate import evaluate
from store.settings import Connection, KindRule, Rules, Settings
from tests.store import plain_late as plain
from tests.store import worlds, worlds_late
from tests.store.conftest import NOW

MINUTE, HOUR, DAY = 60, 3600, 86400
MONDAY = NOW + 2 * DAY + 19 * HOUR
"""2026-11-23 09:00 UTC: the office opens."""


def ticket(id: str = "1", **values: Any) -> plain.Ticket:
    """An open ticket in the scope with nothing wrong: new, owned by a colleague who is at work."""
    own = {name: values.pop(name) for name in ("notes", "time") if name in values}
    usual = {
        "number": f"7{id}",
        "status": "New",
        "closed": False,
        "created_at": NOW - HOUR,
        "owner": "asmith",
        "owner_id": "7",
        "in_scope": True,
        "presence": "here",
        "first_sync": False,
    }
    return plain.Ticket(id, usual | values, **own)


def note(
    at: int, speaker: str = "staff", *, public: bool = True, id: str = "1", who: str = "7"
) -> plain.Note:
    return plain.Note(note_id=id, created_at=at, speaker=speaker, public=public, author_id=who)


class Desk:
    """A shop with some tickets, evaluated; Monday to Friday, 09:00 to 17:00, in UTC."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.gates: tuple[str, ...] = ()
        self.limits: dict[str, dict[str, Any]] = {}
        self.connection: dict[str, Any] = {"waiting_statuses": ("waiting",), "scope": Scope("all")}

    @property
    def settings(self) -> Settings:
        connection = Connection(name="acme", psa="connectwise", technician="jdoe", **self.connection)
        kinds = {kind.name: KindRule(on=False) for kind in CATALOGUE if kind.on}
        for kind in plain.KINDS:
            limits = {limit.key: limit.default for limit in BY_NAME[kind].limits}
            kinds[kind] = KindRule(on=True, limits=limits | self.limits.get(kind, {}))
        return Settings(connections={"acme": connection}, rules=Rules(kinds=kinds), gates=self.gates)

    def holds(self, *tickets: plain.Ticket, **world: Any) -> None:
        settings = self.settings
        of = plain.World(settings, settings.connections["acme"], None, list(tickets), **world)
        with self.databases.cache.begin() as cache, self.databases.journal.begin() as journal:
            worlds.empty(cache, journal)
            worlds_late.put(cache, journal, of)

    def codes(self, kind: str, now: int = NOW, tickets: list[str] | None = None) -> dict[str, str]:
        """Ticket id -> the codes of the kind."""
        evaluate(
            self.databases.cache,
            self.databases.journal,
            self.settings,
            now=now,
            connections=["acme"],
            tickets=tickets,
        )
        rows = Reader(self.databases.home, self.settings, clock=lambda: now).rows([kind])
        return {row.ticket_id: " ".join(reason.code for reason in row.reasons) for row in rows}

    def say(self, id: str, at: int) -> None:
        """A colleague writes an internal note."""
        with self.databases.cache.begin() as cache:
            cache.execute(
                text(
                    "INSERT INTO note (connection, ticket_id, note_id, created_at, order_at, author_id, author,"
                    " speaker, note_sort, psa_speaker, public, text, seen, order_rank, row_hash)"
                    " VALUES ('acme', :t, '99', :at,"
                    " :at, '7', 'Ann', 'staff', 99, 'staff', 0, '', 0, 0, '')"
                ),
                {"t": id, "at": at},
            )


@pytest.fixture
def desk(databases: Databases) -> Desk:
    return Desk(databases)


# ---------------------------------------------------------------- sla


def test_a_target_is_close_when_four_fifths_of_the_business_time_are_gone(desk: Desk) -> None:
    # Opened at 09:00 on Thursday, due on Friday at 11:00: ten business hours, of which eight are gone at 17:00.
    opened, due = NOW - DAY - 5 * HOUR, NOW - 3 * HOUR
    desk.holds(ticket(created_at=opened, resolve_by=due))
    assert desk.codes("sla", NOW - DAY + 3 * HOUR - 1) == {}
    assert desk.codes("sla", NOW - DAY + 3 * HOUR) == {"1": "resolve_soon"}
    assert desk.codes("sla", due - 1) == {"1": "resolve_soon"}
    assert desk.codes("sla", due) == {"1": "resolve_breached"}


def test_targets_that_are_met_held_or_of_closed_tickets(desk: Desk) -> None:
    late, soon = NOW - 1, NOW + 1
    opened = NOW - 5 * HOUR
    desk.holds(
        ticket("1", created_at=opened, respond_by=late, responded_at=NOW, resolve_by=late, resolved_at=NOW),
        ticket("2", created_at=opened, respond_by=late, resolve_by=soon),
        ticket("3", created_at=opened, respond_by=late, resolve_by=soon, sla_waits=True),
        ticket("4", created_at=opened, respond_by=late, resolve_by=late, closed=True),
        ticket("5", created_at=None, respond_by=late, resolve_by=soon),
        ticket("6", created_at=opened - 2 * DAY, respond_by=None, resolve_by=NOW + 4 * DAY),
    )
    assert desk.codes("sla") == {
        "2": "respond_breached resolve_soon",
        "3": "respond_breached",
        "5": "respond_breached",
    }


def test_a_target_before_the_office_opens_is_told_only_when_it_passes(desk: Desk) -> None:
    night = MONDAY - 2 * HOUR
    desk.holds(ticket(created_at=MONDAY - 5 * HOUR, respond_by=night))
    assert desk.codes("sla", night - 1) == {}
    assert desk.codes("sla", night) == {"1": "respond_breached"}


# ---------------------------------------------------------------- unassigned, too_old


def test_nobodys_for_more_than_twenty_business_minutes(desk: Desk) -> None:
    nobody = {"owner": None, "owner_id": None}
    desk.holds(
        ticket("1", created_at=NOW - 20 * MINUTE, **nobody),
        ticket("2", created_at=NOW - 20 * MINUTE - 1, **nobody),
        ticket("3", created_at=NOW - HOUR, owner=" ", owner_id=None),
        ticket("4", created_at=NOW - HOUR, owner=None, owner_id="7"),
        ticket("5", created_at=NOW - HOUR, closed=True, **nobody),
        ticket("6", created_at=None, **nobody),
    )
    assert set(desk.codes("unassigned")) == {"2", "3", "6"}


def test_over_the_weekend_nobody_is_late(desk: Desk) -> None:
    desk.holds(ticket(created_at=MONDAY - 2 * DAY, owner=None, owner_id=None))
    assert desk.codes("unassigned", MONDAY + 20 * MINUTE) == {}
    assert set(desk.codes("unassigned", MONDAY + 20 * MINUTE + 1)) == {"1"}


def test_too_old_is_more_than_fourteen_days_and_no_project(desk: Desk) -> None:
    desk.holds(
        ticket("1", created_at=NOW - 14 * DAY),
        ticket("2", created_at=NOW - 14 * DAY - 1),
        ticket("3", created_at=NOW - 90 * DAY, project=True),
        ticket("4", created_at=NOW - 90 * DAY, project=False),
        ticket("5", created_at=None),
    )
    assert set(desk.codes("too_old")) == {"2", "4"}


# ---------------------------------------------------------------- stale


def test_what_counts_as_activity(desk: Desk) -> None:
    old, young = NOW - 5 * DAY, NOW - HOUR
    desk.holds(
        ticket("1", created_at=old),
        ticket("2", created_at=old, notes=[note(young, public=False)]),
        ticket("3", created_at=old, notes=[note(young, "system")]),
        ticket("4", created_at=old, notes=[note(young, "unknown")]),
        ticket("5", created_at=old, time=[plain.Time("5", started_at=old, ended_at=young)]),
        ticket("6", created_at=old, updated_at=young),
        ticket("7", created_at=old, status="Waiting"),
        ticket("8", created_at=old, scheduled_until=NOW + 1),
        ticket("9", created_at=old, scheduled_until=NOW),
    )
    assert set(desk.codes("stale")) == {"1", "3", "6", "9"}


def test_a_change_of_ours_is_activity_at_once(desk: Desk) -> None:
    desk.holds(ticket("1", created_at=NOW - 5 * DAY))
    assert set(desk.codes("stale")) == {"1"}
    with desk.databases.cache.begin() as cache:
        cache.execute(
            text(
                "INSERT INTO note_overlay (connection, ticket_id, note_id, created_at, order_at, author, speaker,"
                " note_sort, psa_speaker, public, text, seen, order_rank, row_hash) VALUES ('acme', '1', '~1', :at,"
                " :at, 'Me', 'staff', 99, 'staff', 1, '', 0, 0, '')"
            ),
            {"at": NOW},
        )
    assert desk.codes("stale", tickets=["1"]) == {}


@pytest.mark.parametrize(
    ("values", "order", "high"),
    [
        ({"priority_id": "2", "priority": "x"}, (10, 20, 30, 40), True),
        ({"priority_id": "3", "priority": "High"}, (10, 20, 30, 40), False),
        ({"priority_id": None, "priority": " MEDIUM "}, (10, 20, 30, 40), True),
        ({"priority_id": "9"}, (10, 20, 30, 15), True),
        ({"priority_id": "3"}, (10, 10, 20, 30), True),
        ({"priority_id": None}, (10, 20, 30, 40), False),
        ({"priority_id": "3", "priority_rank": 2}, (0, 0, 0, 0), True),
        ({"priority_id": "1", "priority_rank": 3}, (0, 0, 0, 0), False),
    ],
)
def test_the_two_highest_priorities_of_the_psas_order(
    desk: Desk, values: dict[str, Any], order: tuple[int, ...], high: bool
) -> None:
    two_days = NOW - 2 * DAY - 1
    desk.holds(
        ticket("1", created_at=two_days, **values),
        ticket("2", priority_rank=1),
        ticket("3", priority_rank=2),
        priorities=worlds_late._listed(*order),
    )
    assert set(desk.codes("stale")) == ({"1"} if high else set())


def test_another_order_of_priorities_concerns_every_ticket(desk: Desk) -> None:
    two_days = NOW - 2 * DAY - 1
    tickets = [ticket(id, created_at=two_days, priority_id=id) for id in ("1", "2", "3")]
    desk.holds(*tickets, priorities=worlds_late._listed(1, 2, 3, 4))
    assert set(desk.codes("stale")) == {"1", "2"}
    with desk.databases.cache.begin() as cache:
        cache.execute(text("UPDATE choice SET position = 5 WHERE id = '1'"))
    assert set(desk.codes("stale", tickets=["3"])) == {"2", "3"}


# ---------------------------------------------------------------- waiting_too_long


def test_waiting_from_the_staffs_last_word(desk: Desk) -> None:
    two, seven = NOW - 48 * HOUR, NOW - 7 * DAY
    waits = {"status": "Waiting", "created_at": NOW - 20 * DAY}
    desk.holds(
        ticket("1", **waits, notes=[note(two)]),
        ticket("2", **waits, notes=[note(two + 1)]),
        ticket("3", **waits, notes=[note(seven)]),
        ticket("4", **waits, notes=[note(seven + 1)]),
        ticket("5", **waits, notes=[note(seven, id="1"), note(NOW - HOUR, public=False, id="2")]),
        ticket("6", **waits, notes=[note(seven, id="1"), note(NOW - 6 * DAY, "customer", id="2")]),
        ticket("7", **waits, notes=[note(two, public=False)]),
        ticket("8", **waits),
        ticket("9", **waits, customer_flag=True),
        ticket("10", status="New", created_at=NOW - 20 * DAY, notes=[note(seven)]),
    )
    assert desk.codes("waiting_too_long") == {
        "1": "follow_up",
        "3": "stale_waiting",
        "4": "follow_up",
        "5": "stale_waiting",
        "7": "follow_up",
        "8": "stale_waiting",
    }


# ---------------------------------------------------------------- abandoned


def test_in_progress_with_nothing_planned(desk: Desk) -> None:
    works = {"status": "in progress"}
    desk.holds(
        ticket("1", **works),
        ticket("2", **works),
        ticket("3", **works, scheduled_until=NOW),
        ticket("4", **works, scheduled_until=NOW - 1),
        ticket("5", status="New"),
        ticket("6", **works, closed=True),
        timed={"2", "4"},
    )
    assert desk.codes("abandoned") == {"1": "nothing_planned", "4": "planned_in_the_past"}


def test_a_timer_that_is_done_with_plans_nothing(desk: Desk) -> None:
    desk.holds(ticket("1", status="Working"), ended={"1"})
    assert desk.codes("abandoned") == {"1": "nothing_planned"}


# ---------------------------------------------------------------- owner_absent


def has_to_be_gone(id: str = "1", **values: Any) -> plain.Ticket:
    return ticket(id, resolve_by=NOW - DAY, created_at=NOW - 3 * DAY, **values)


def test_an_owner_who_is_away_today(desk: Desk) -> None:
    desk.gates = ("sla",)
    desk.limits = {
        "owner_absent": {
            "away": ("ASmith 2026-11-20..2026-11-22", "blee 2026-11-21", "jdoe", "cdoe"),
            "quiet_for": 0,
        }
    }
    desk.holds(
        has_to_be_gone("1"),
        has_to_be_gone("2", owner="blee", owner_id=None),
        has_to_be_gone("3", owner="jdoe", owner_id="5"),
        has_to_be_gone("4", owner=None, owner_id=None),
        has_to_be_gone("5", owner="cdoe", owner_id="9"),
        ticket("6"),
    )
    assert desk.codes("owner_absent") == {"1": "owner_away", "5": "owner_away"}
    desk.gates = ("too_old",)
    assert desk.codes("owner_absent") == {}, "nothing has to be gone"


@pytest.mark.parametrize(
    ("sign", "quiet"),
    [
        ({}, True),
        ({"notes": [note(NOW - 4 * HOUR, public=False)]}, True),
        ({"notes": [note(NOW - 4 * HOUR + 1, public=False)]}, False),
        ({"notes": [note(NOW - HOUR, "customer")]}, True),
        ({"notes": [note(NOW - HOUR, who="8")]}, True),
        ({"time": [plain.Time("1", member="ASMITH", started_at=NOW - 2 * HOUR)]}, False),
        ({"time": [plain.Time("1", member_id="7", ended_at=NOW - 2 * HOUR)]}, False),
        ({"time": [plain.Time("1", member_id="7", started_at=NOW - DAY, entered_at=NOW - HOUR)]}, False),
        ({"time": [plain.Time("1", member_id="7", started_at=NOW - DAY)]}, True),
    ],
)
def test_a_sign_of_life_on_any_ticket(desk: Desk, sign: dict[str, Any], quiet: bool) -> None:
    desk.gates = ("sla",)
    desk.holds(has_to_be_gone("1"), ticket("2", in_scope=False, **sign))
    assert desk.codes("owner_absent") == ({"1": "owner_quiet"} if quiet else {})


def test_nobody_is_quiet_before_the_day_is_long_enough_or_where_others_are_not_read(desk: Desk) -> None:
    desk.gates = ("sla",)
    desk.holds(has_to_be_gone("1"))
    assert desk.codes("owner_absent", NOW - HOUR - 1) == {}
    assert desk.codes("owner_absent", NOW - HOUR) == {"1": "owner_quiet"}
    desk.connection["scope"] = Scope("mine")
    assert desk.codes("owner_absent") == {}
    desk.connection |= {"scope": Scope("all"), "hours": Hours(holidays=("11-20",))}
    assert desk.codes("owner_absent") == {}, "a holiday"


def test_a_sign_of_life_on_one_ticket_is_seen_on_the_owners_others(desk: Desk) -> None:
    desk.gates = ("sla",)
    desk.holds(has_to_be_gone("1"), ticket("2", owner="jdoe", owner_id="5"))
    assert desk.codes("owner_absent") == {"1": "owner_quiet"}
    desk.say("2", NOW)
    assert desk.codes("owner_absent", tickets=["2"]) == {}
    with desk.databases.cache.begin() as cache:
        cache.execute(text("DELETE FROM note"))
    assert desk.codes("owner_absent", tickets=["2"]) == {"1": "owner_quiet"}


def test_a_ticket_that_an_open_change_hands_over_is_the_new_owners(desk: Desk) -> None:
    desk.gates = ("sla",)
    desk.limits = {"owner_absent": {"away": ("asmith",)}}
    desk.holds(has_to_be_gone("1"))
    assert desk.codes("owner_absent") == {"1": "owner_away"}
    with desk.databases.cache.begin() as cache:
        row = cache.execute(text("SELECT * FROM ticket")).mappings().one()
        cache.execute(insert(TicketOverlay), [dict(row) | {"owner": "jdoe", "owner_id": "5"}])
    assert desk.codes("owner_absent", tickets=["1"]) == {}


# ---------------------------------------------------------------- reopened


def test_reopened_twice_in_thirty_days(desk: Desk) -> None:
    edge = NOW - 30 * DAY
    desk.holds(
        *(ticket(id) for id in ("1", "2", "3")),
        ticket("4", closed=True),
        reopenings=[
            *(("1", at - 5, at) for at in (edge, NOW - DAY)),
            *(("2", at - 5, at) for at in (edge - 1, NOW - DAY)),
            ("3", NOW - 5, NOW),
            *(("4", at - 5, at) for at in (NOW - 2 * DAY, NOW - DAY)),
        ],
    )
    assert desk.codes("reopened") == {"1": "reopened"}


def test_a_conversation_that_was_not_read_since_the_ticket_changed_is_not_silence(desk: Desk) -> None:
    old = NOW - 30 * DAY
    desk.holds(
        ticket("1", created_at=old, notes_read_at=None),
        ticket("2", created_at=old, status="Waiting", notes_read_at=None),
        ticket("3", created_at=old),
        ticket("4", created_at=old, status="Waiting"),
    )
    assert set(desk.codes("stale")) == {"3"}
    assert set(desk.codes("waiting_too_long")) == {"4"}
