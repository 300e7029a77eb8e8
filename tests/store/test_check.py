"""The verdict: `not_zero` if any gate row is known, `zero` only when it is known, else `cannot_tell`."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, text

from connectors.contract import Fix, Identity, Scope
from store.check import Verdict, as_json, verdict
from store.database import Databases
from store.journal_models import Change, HistoryRow
from store.models import ExceptionRow, QuarantineRow
from store.read import Reader
from store.settings import Connection, Settings
from tests.store import plain_reading as plain
from tests.store.conftest import NOW
from tests.store.test_rules import OFFERS, Desk, note, ticket
from tests.store.worlds import DAY, HOUR

READ = NOW - 30
"""When everything was read, unless a test says otherwise."""


class Shop(Desk):
    """A desk that was synced half a minute ago and where nothing is left to do."""

    def __init__(self, databases: Databases) -> None:
        super().__init__(databases)
        self.offers = OFFERS
        self.fresh()

    def fresh(self, *tickets: plain.Ticket, **state: Any) -> None:
        self.holds(*(tickets or (self.quiet("1"),)))
        self.state(synced_at=READ, tried_at=READ, count_confirmed=True, scope="mine", title="ConnectWise PSA")
        self.note_moves(True)
        if state:
            self.state(**state)
        self.evaluate()

    def quiet(self, id: str, **values: Any) -> plain.Ticket:
        """A ticket with nothing wrong, its conversation read after its last change."""
        usual = {"billing_code_id": "3", "updated_at": READ - HOUR, "notes_read_at": READ}
        return ticket(id, **usual | values)

    def state(self, **values: Any) -> None:
        marks = ", ".join(f"{name} = :{name}" for name in values)
        with self.databases.cache.begin() as cache:
            cache.execute(text(f"UPDATE connection_state SET {marks}"), values)

    def note_moves(self, moves: bool | None) -> None:
        offers = msgspec.structs.replace(OFFERS, note_moves_ticket=moves)
        self.state(capabilities=msgspec.json.encode(offers).decode())

    def ask(self, **more: Any) -> Verdict:
        reader = Reader(self.databases.home, self.settings, clock=lambda: NOW)
        return verdict(reader, self.settings, now=more.pop("now", NOW), asked=more.pop("asked", True), **more)

    def change(self, state: str, id: str = "c1") -> None:
        fix = msgspec.json.encode(Fix(change=id, ticket_id="1")).decode()
        row = {
            "change": id,
            "seq": 1,
            "connection": "acme",
            "ticket_id": "1",
            "number": "71",
            "verb": "status",
        }
        row |= {"fix": fix, "ticket": "{}", "state": state, "created_at": NOW}
        with self.databases.journal.begin() as journal:
            journal.execute(insert(Change), [row])

    def put(self, table: Any, **values: Any) -> None:
        engine = self.databases.journal if table is HistoryRow else self.databases.cache
        with engine.begin() as database:
            database.execute(insert(table), [{"connection": "acme", **values}])


@pytest.fixture
def shop(databases: Databases) -> Shop:
    return Shop(databases)


def test_zero_when_everything_is_known(shop: Shop) -> None:
    answer = shop.ask()
    assert as_json(answer) == {
        "verdict": "zero",
        "to_zero": 0,
        "counts": {
            kind: {"must": 0, "later": 0}
            for kind in (
                "customer_responded",
                "child_reply",
                "reply_after_close",
                "missing_fields",
                "orphaned",
                "billing_code",
            )
        },
        "synced_at": "2026-11-20T13:59:30Z",
        "outbox": 0,
        "quarantined": 0,
        "aged_out": 0,
        "why": [],
    }


def test_not_zero_whatever_else_is_wrong_and_the_rest_goes_into_why(shop: Shop) -> None:
    shop.fresh(shop.quiet("1", notes=[note(NOW - HOUR)]), error="No route to host", since_down=NOW - HOUR)
    shop.change("conflict")
    answer = shop.ask()
    assert (answer.verdict, answer.to_zero) == ("not_zero", 1)
    assert answer.counts["customer_responded"].must == 1
    assert answer.why == (
        "acme: the last sync failed (No route to host), since Fri 13:00.",
        "Outbox: 1 change is in conflict with a change or a note in the PSA (#71).",
    )


def test_gates_named_by_the_check_take_the_place_of_the_settings(shop: Shop) -> None:
    shop.fresh(shop.quiet("1", notes=[note(NOW - HOUR)]))
    assert shop.ask(gates=["orphaned"]).verdict == "zero"
    assert shop.ask(gates=["orphaned"]).counts["customer_responded"].later == 1
    assert shop.ask(gates=["customer_responded"]).verdict == "not_zero"


def test_later_rows_do_not_stand_in_the_way_of_zero(shop: Shop) -> None:
    shop.fresh(shop.quiet("1", billing_code_id=None, hours=1.0))
    answer = shop.ask()
    assert (answer.verdict, answer.counts["billing_code"].later) == ("zero", 1)


def doubted(shop: Shop, **more: Any) -> str:
    """The one sentence for which nothing can be told."""
    answer = shop.ask(**more)
    assert answer.verdict == "cannot_tell"
    (sentence,) = answer.why
    return sentence


def test_never_synced(databases: Databases) -> None:
    reader = Reader(databases.home, Desk(databases).settings)
    answer = verdict(reader, reader.settings, now=NOW, asked=False)
    assert (answer.verdict, answer.synced_at) == ("cannot_tell", None)
    assert answer.why == ("acme has never been synced.",)


def test_no_cache_at_all(shop: Shop, tmp_path: Any) -> None:
    reader = Reader(type(shop.databases.home).at(tmp_path / "nowhere"), shop.settings)
    answer = verdict(reader, shop.settings, now=NOW, asked=False)
    assert (answer.verdict, answer.why) == ("cannot_tell", ("acme has never been synced.",))


def test_a_pull_that_is_too_old(shop: Shop) -> None:
    assert doubted(shop, now=READ + 301) == "acme was last read Fri 13:59, not within the last 5 minutes."
    assert "without --offline" in doubted(shop, now=READ + 301, asked=False)
    assert shop.ask(now=READ + 300).verdict == "zero"


def test_a_clock_that_was_set_back(shop: Shop) -> None:
    assert "last read" in doubted(shop, now=READ - 3600)


def test_a_pull_that_failed_although_the_one_before_it_is_young(shop: Shop) -> None:
    shop.state(error="Credentials refused", error_kind="unauthorized", tried_at=NOW - 5)
    assert doubted(shop) == "acme: the last sync failed (Credentials refused), since Fri 13:59."


def test_another_scope_than_the_one_that_was_pulled(shop: Shop) -> None:
    shop.set(connection={"scope": Scope("board", "Help Desk")})
    assert doubted(shop) == "acme: the scope is now board:Help Desk, what is known is of mine."


def test_one_connection_of_two_is_down(shop: Shop) -> None:
    both = shop.settings.connections | {"desk": Connection(name="desk", psa="rt")}
    shop.settings = Settings(connections=both, rules=shop.settings.rules)
    answer = shop.ask()
    assert (answer.verdict, answer.synced_at) == ("cannot_tell", None)
    assert answer.why == ("desk has never been synced.",)


@pytest.mark.parametrize(
    ("values", "known"),
    [
        ({"notes_read_at": None}, False),
        ({"updated_at": NOW}, False),
        ({"updated_at": READ}, True),
        ({"notes_read_at": None, "in_scope": False}, True),
        ({"notes_read_at": None, "closed": True, "closed_at": NOW - 13 * DAY}, False),
        (
            {
                "notes_read_at": None,
                "closed": True,
                "closed_at": NOW - 15 * DAY,
                "updated_at": NOW - 15 * DAY,
            },
            True,
        ),
        (
            {"notes_read_at": None, "closed": True, "closed_at": NOW - 15 * DAY, "updated_at": NOW - DAY},
            False,
        ),
    ],
)
def test_conversations_are_read_after_the_last_change(
    shop: Shop, values: dict[str, Any], known: bool
) -> None:
    shop.fresh(shop.quiet("1"), shop.quiet("2", **values))
    if known:
        assert shop.ask().verdict == "zero"
    else:
        assert doubted(shop) == "1 conversation of acme was not read since the last change of the ticket."


def test_a_server_whose_clock_is_ahead_is_understood(shop: Shop) -> None:
    shop.fresh(shop.quiet("1", updated_at=NOW + 50))
    assert shop.ask().verdict == "cannot_tell"
    who = Identity(member_id="12", member="jdoe", name="J", version="1", clock_ahead=80.0)
    shop.state(identity=msgspec.json.encode(who).decode())
    assert shop.ask().verdict == "zero"


@pytest.mark.parametrize("moves", [None, False])
def test_where_notes_arrive_silently_conversations_are_read_within_the_max_age(
    shop: Shop, moves: bool | None
) -> None:
    old = {"notes_read_at": NOW - HOUR, "updated_at": NOW - DAY}
    long_closed = {"closed": True, "closed_at": NOW - 20 * DAY}
    shop.fresh(shop.quiet("1"), shop.quiet("2", **old), shop.quiet("3", **old | long_closed))
    assert shop.ask().verdict == "zero"
    shop.note_moves(moves)
    said = "ConnectWise PSA does not say when a note arrives, and 1 conversation"
    assert doubted(shop).startswith(said)
    shop.set(connection={"scope": Scope("all")})
    shop.state(scope="all")
    assert "in another scope than `mine`" in doubted(shop)


def test_an_empty_queue_that_the_psas_count_has_not_confirmed(shop: Shop) -> None:
    shop.fresh(shop.quiet("1", in_scope=False), count_confirmed=False)
    assert "count has not confirmed" in doubted(shop)
    shop.state(count_confirmed=True)
    assert shop.ask().verdict == "zero"


@pytest.mark.parametrize("state", ["held", "queued", "sending", "conflict", "rejected", "uncertain"])
def test_a_write_that_is_neither_confirmed_nor_given_up(shop: Shop, state: str) -> None:
    shop.change(state)
    assert doubted(shop).startswith("Outbox: 1 change is ")
    assert shop.ask().outbox == 1


@pytest.mark.parametrize("state", ["confirmed", "undone", "dropped"])
def test_a_write_that_is_done_with(shop: Shop, state: str) -> None:
    shop.change(state)
    assert (shop.ask().verdict, shop.ask().outbox) == ("zero", 0)


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        ({"stream": "tickets", "record_id": "900"}, True),
        ({"stream": "tickets", "record_id": "page 2, row 7"}, True),
        ({"stream": "tickets", "record_id": "8"}, False),
        ({"stream": "notes", "record_id": "n1", "ticket_id": "8"}, False),
        ({"stream": "notes", "record_id": "n1", "ticket_id": "1"}, True),
        ({"stream": "time", "record_id": "8"}, True),
    ],
)
def test_quarantine_counts_unless_it_is_known_to_be_somebody_elses(
    shop: Shop, record: dict[str, Any], counts: bool
) -> None:
    shop.fresh(shop.quiet("1"), shop.quiet("8", in_scope=False))
    shop.put(QuarantineRow, path="$.status.id", problem="Expected `int`, got `str`", seen_at=NOW, **record)
    assert shop.ask().quarantined == int(counts)
    if counts:
        assert "$.status.id: Expected `int`, got `str`" in doubted(shop)
    else:
        assert shop.ask().verdict == "zero"


def test_what_the_sync_found_wanting_is_repeated_and_remarks_change_nothing(shop: Shop) -> None:
    shop.state(remarks='["Ticket 5 left the queue."]')
    assert (shop.ask().verdict, shop.ask().why) == ("zero", ("Ticket 5 left the queue.",))
    shop.state(remarks="[]", why='["30 of 41 tickets vanished\\u001b[2J."]')
    assert doubted(shop) == "30 of 41 tickets vanished."


def test_rows_past_their_window_are_counted_and_change_no_verdict(shop: Shop) -> None:
    shop.put(HistoryRow, ticket_id="1", kind="billing_code", since=NOW - 40 * DAY, opened_at=NOW - 35 * DAY)
    shop.put(HistoryRow, ticket_id="1", kind="orphaned", since=NOW, opened_at=NOW - 35 * DAY)
    assert (shop.ask().verdict, shop.ask().aged_out) == ("zero", 1)
    shop.put(ExceptionRow, ticket_id="1", kind="billing_code", since=NOW, gate=False)
    assert shop.ask().aged_out == 0


def test_no_connection(shop: Shop) -> None:
    shop.settings = Settings()
    assert doubted(shop) == "No connection is configured."
