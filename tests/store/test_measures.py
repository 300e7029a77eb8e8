"""The leak meter and the capture rate: exact sums, each hour once, what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from connectors.contract import Capabilities
from store.database import Databases
from store.journal_models import Change
from store.measures.capture import Capture, capture
from store.measures.leak import Leak, leak
from store.measures.worth import cents, exact, rate_of
from store.models import ConnectionState, Ticket, TimeEntry, TimeOverlay
from store.rules.evaluate import evaluate
from store.settings import Connection, KindRule, Rules, Settings
from store.settings_records import AgreementScope, CompanyRate, Money
from tests.store import worlds_money as worlds
from tests.store.conftest import NOW
from tests.store.worlds_money import DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")
ON = ("unbilled", "billing_code", "out_of_scope")
OFFERS = Capabilities(
    fields=frozenset(),
    flag=False,
    code_on_ticket=False,
    code_on_time=True,
    code_name="Work type",
    writes=frozenset({"entry_code", "billing_code"}),
    undoable=frozenset(),
    tells=worlds.TELLS,
)
MONEY = Money(currency="USD", rate=120)


class Books:
    """A cache with tickets and time, evaluated, and what it comes to."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.offers: Capabilities | None = OFFERS
        self.money = MONEY
        self.on: tuple[str, ...] = ON

    @property
    def settings(self) -> Settings:
        return Settings(
            connections={"acme": Connection(name="acme", psa="connectwise", technician="jdoe")},
            rules=Rules(
                required=(),
                agreements=(AgreementScope(name="Gold", codes=("Project Work",)),),
                kinds={kind: KindRule(on=kind in self.on, limits=worlds.limits(kind)) for kind in ON},
            ),
            money=self.money,
        )

    def holds(self, tickets: list[dict[str, Any]], time: list[dict[str, Any]], now: int = NOW) -> None:
        with self.databases.cache.begin() as cache:
            for table in ("ticket", "time_entry", "connection_state"):
                cache.execute(text(f"DELETE FROM {table}"))
            for one in tickets:
                cache.execute(insert(Ticket), [TICKET | {"number": f"7{one['ticket_id']}"} | one])
            for one in time:
                cache.execute(insert(TimeEntry), [ENTRY | one])
            offers = "{}" if self.offers is None else msgspec.json.encode(self.offers).decode()
            cache.execute(
                insert(ConnectionState), [{"connection": "acme", "member": "jdoe", "capabilities": offers}]
            )
        self.evaluate(now)

    def evaluate(self, now: int = NOW) -> None:
        evaluate(self.databases.cache, self.databases.journal, self.settings, now=now, connections=["acme"])

    def leak(self, now: int = NOW) -> Leak:
        with self._both() as (cache, journal):
            return leak(cache, journal, self.settings, ["acme"], now=now, zone=BERLIN)

    def capture(self, begins: int, ends: int) -> Capture:
        with self._both() as (cache, _):
            return capture(cache, ["acme"], begins=begins, ends=ends)

    def _both(self) -> Any:
        import contextlib

        @contextlib.contextmanager
        def both() -> Iterator[tuple[Any, Any]]:
            engines = self.databases.cache_reads, self.databases.journal_reads
            with engines[0].connect() as cache, engines[1].connect() as journal:
                yield cache.connection.driver_connection, journal.connection.driver_connection

        return both()

    def change(self, name: str, ticket: str, state: str = "held", seq: int = 1, **more: Any) -> None:
        row = {
            "change": name,
            "seq": seq,
            "connection": "acme",
            "ticket_id": ticket,
            "number": f"7{ticket}",
            "verb": "entry code",
            "fix": "{}",
            "ticket": "{}",
            "state": state,
            "created_at": NOW,
        }
        with self.databases.journal.begin() as journal:
            journal.execute(insert(Change), [row | more])

    def lay_code(self, time_id: str, code: str) -> None:
        """An open change of ours sets the code of an entry."""
        with self.databases.cache.begin() as cache:
            row = (
                cache.execute(text("SELECT * FROM time_entry WHERE time_id = :t"), {"t": time_id})
                .mappings()
                .one()
            )
            cache.execute(insert(TimeOverlay), [dict(row) | {"billing_code": code}])


TICKET = {
    "connection": "acme",
    "in_scope": True,
    "company": "Acme",
    "company_id": "1",
    "created_at": NOW - 90 * DAY,
}
ENTRY = {
    "connection": "acme",
    "ticket_id": "1",
    "member": "jdoe",
    "hours": 1.0,
    "started_at": NOW - 40 * DAY,
    "ended_at": NOW - 40 * DAY + HOUR,
    "billing_code": "Support",
    "charge": True,
    "invoiced": False,
}


@pytest.fixture
def books(databases: Databases) -> Books:
    return Books(databases)


def test_an_hour_in_two_kinds_counts_once(books: Books) -> None:
    books.holds([{"ticket_id": "1"}], [{"time_id": "a", "billing_code": None, "hours": 1.25}])
    found = books.leak()
    (piece,) = found.pieces
    assert piece.kinds == ("unbilled", "billing_code")
    assert (found.total.hours, found.total.amount) == (Decimal("1.25"), Decimal("150.00"))
    assert found.currency == "USD" and found.total.without_rate == 0


def test_sums_are_exact_where_floats_are_not(books: Books) -> None:
    books.money = Money(currency="USD", rate=0.1)
    books.holds(
        [{"ticket_id": "1"}],
        [{"time_id": f"e{n}", "hours": 0.1} for n in range(3)] + [{"time_id": "z", "hours": 1.05}],
    )
    found = books.leak()
    assert found.total.hours == Decimal("1.35")
    # 0.01 three times, and 0.105 rounded half a cent upwards
    assert found.total.amount == Decimal("0.14")


def test_tickets_companies_and_weeks_each_make_up_the_total(books: Books) -> None:
    books.holds(
        [{"ticket_id": "1"}, {"ticket_id": "2", "company": "Contoso"}, {"ticket_id": "3", "company": None}],
        [
            {"time_id": "a", "hours": 0.25},
            {"time_id": "b", "ticket_id": "2", "hours": 2.0, "started_at": NOW - 33 * DAY},
            {"time_id": "c", "ticket_id": "3", "hours": 1.0, "billing_code": None, "started_at": NOW - DAY},
        ],
    )
    found = books.leak()
    assert [(one.name, one.hours, one.amount) for one in found.by_company] == [
        ("Contoso", Decimal("2"), Decimal("240.00")),
        ("", Decimal("1"), Decimal("120.00")),
        ("Acme", Decimal("0.25"), Decimal("30.00")),
    ]
    assert [(one.key, one.name) for one in found.by_ticket] == [
        (("acme", "2"), "72"),
        (("acme", "3"), "73"),
        (("acme", "1"), "71"),
    ]
    assert [one.name for one in found.by_week] == ["2026-W41", "2026-W42", "2026-W47"]
    assert found.total.amount == Decimal("390.00")


def test_hours_on_a_ticket_without_a_code_are_its_entries_and_the_rest(books: Books) -> None:
    books.offers = msgspec.structs.replace(OFFERS, code_on_ticket=True, code_on_time=True)
    books.holds(
        [{"ticket_id": "1", "hours": 4.0}],
        [
            {"time_id": "a", "billing_code": None, "hours": 1.0, "started_at": NOW, "member": "asmith"},
            {"time_id": "b", "hours": 0.5, "started_at": NOW},  # has a code of its own
            {"time_id": "c", "billing_code": None, "hours": 1.0, "invoiced": True},  # paid for
        ],
    )
    found = books.leak()
    assert {one.time_entry_id: one.hours for one in found.pieces} == {"a": Decimal(1), "": Decimal("1.5")}
    assert found.total.amount == Decimal("300.00")


def test_what_is_locked_may_be_on_an_invoice_where_that_is_not_told(books: Books) -> None:
    books.offers = msgspec.structs.replace(OFFERS, code_on_ticket=True)
    books.holds(
        [{"ticket_id": "1"}], [{"time_id": "a", "billing_code": None, "invoiced": None, "locked": True}]
    )
    assert books.leak().total.hours == 0


def test_the_rate_is_the_entrys_then_the_companys_then_the_codes_then_the_general_one() -> None:
    money = Money(
        currency="USD",
        rate=100,
        rates={"Project Work": 180},
        companies=(
            CompanyRate(company="ACME", rate=90, rates={"On site": 200}),
            CompanyRate(company="Zed", rates={"x": 1}),
        ),
    )
    assert rate_of(money, 77.5, "On Site", "Acme") == (Decimal("77.5"), "entry")
    assert rate_of(money, 0.0, "On Site", "Acme") == (Decimal(200), "company_code")
    assert rate_of(money, None, "project work", "acme") == (Decimal(90), "company")
    assert rate_of(money, None, "project work", "Zed") == (Decimal(180), "code")
    assert rate_of(money, None, "", "Zed") == (Decimal(100), "general")
    assert rate_of(Money(), None, "", "") == (None, "")


def test_without_a_rate_there_are_hours_only_and_it_is_said(books: Books) -> None:
    books.money = Money()
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"}, {"time_id": "b", "rate": 50.0}])
    found = books.leak()
    assert (found.total.hours, found.total.amount, found.total.without_rate) == (
        Decimal(2),
        Decimal(50),
        Decimal(1),
    )
    assert "What 1.00 h are worth: no rate is set for them." in found.unknown
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"}])
    assert books.leak().total.amount is None


def test_what_a_psa_does_not_tell_is_named(books: Books) -> None:
    books.offers = msgspec.structs.replace(OFFERS, tells=frozenset({"charge"}))
    books.on = ("unbilled", "billing_code")
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"}])
    found = books.leak()
    assert found.total.hours == 0 and found.total.amount == Decimal("0.00") and found.in_progress == ()
    assert found.unknown == (
        "Out of scope: not looked for. `on = true` in [rules.out_of_scope] does.",
        "acme: Unbilled: Its API, as known, does not tell which time is on an invoice.",
    )
    books.offers = None
    books.holds([], [])
    assert "acme: not synced yet." in books.leak().unknown


def test_the_figure_says_what_it_rests_on(books: Books) -> None:
    books.money = Money(currency="EUR", rate=100, rates={"Support": 80})
    books.holds(
        [{"ticket_id": "1"}],
        [{"time_id": "a"}, {"time_id": "b", "rate": 99.99}, {"time_id": "c", "billing_code": "X"}],
    )
    assert books.leak().rests_on == (
        "1.00 h by the rate that the PSA has on the entry: 99.99 EUR.",
        "1.00 h by the rate of the billing code: 80.00 EUR.",
        "1.00 h by the rate of [money]: 100.00 EUR.",
        "Each hour counts once, also where it is in several kinds.",
    )


def test_work_in_progress_is_what_is_to_be_paid_and_on_no_invoice(books: Books) -> None:
    books.holds(
        [{"ticket_id": "1"}, {"ticket_id": "2", "company": "Contoso"}, {"ticket_id": "3", "in_scope": False}],
        [
            {"time_id": "a", "started_at": NOW},
            {"time_id": "b", "invoiced": True},
            {"time_id": "c", "charge": False},
            {"time_id": "d", "charge": None},
            {"time_id": "e", "ticket_id": "2", "hours": 3.5},
            {"time_id": "f", "ticket_id": "3"},
        ],
    )
    assert [(one.name, one.hours, one.amount) for one in books.leak().in_progress] == [
        ("Contoso", Decimal("3.5"), Decimal("420.00")),
        ("Acme", Decimal("1"), Decimal("120.00")),
    ]


# ---------------------------------------------------------------- what fixes got back


UNCODED = {"billing_code": None, "started_at": NOW - DAY, "hours": 1.5}


def test_what_a_fix_got_back_is_noted_and_counts_when_the_psa_has_it(books: Books) -> None:
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"} | UNCODED, {"time_id": "b"} | UNCODED])
    assert books.leak().total.hours == Decimal(3)
    books.change("c1", "1")
    books.lay_code("a", "Support")
    books.evaluate(NOW + 60)
    found = books.leak(NOW + 60)  # the row is still there: one of its entries has no code yet
    assert found.total.hours == Decimal("1.5")
    assert (found.under_way.hours, found.under_way.amount, found.recovered.hours) == (
        Decimal("1.5"),
        Decimal(180),
        0,
    )
    with books.databases.journal.begin() as journal:
        journal.execute(text("UPDATE change SET state = 'confirmed'"))
    found = books.leak(NOW + 120)
    assert (found.recovered.hours, found.recovered.amount) == (Decimal("1.5"), Decimal("180.00"))
    assert found.under_way.hours == 0
    assert books.leak(NOW + DAY).recovered.hours == 0  # another day


def test_doing_it_again_after_a_crash_notes_nothing_twice(books: Books) -> None:
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"} | UNCODED])
    with books.databases.cache_reads.connect() as cache:
        before = cache.execute(text("SELECT * FROM reason")).mappings().all()
    books.change("c1", "1", "confirmed")
    books.lay_code("a", "Support")
    books.evaluate()
    with books.databases.cache.begin() as cache:  # as if the cache had not been written
        columns = ", ".join(f":{name}" for name in before[0])
        cache.execute(text(f"INSERT INTO reason VALUES ({columns})"), [dict(row) for row in before])
    books.evaluate()
    with books.databases.journal_reads.connect() as journal:
        rows = journal.execute(
            text("SELECT time_entry_id, change, hours, amount, currency FROM recovered")
        ).all()
    assert [tuple(row) for row in rows] == [("a", "c1", 1.5, 18000, "USD")]


@pytest.mark.parametrize(("state", "undone_by"), [("undone", None), ("rejected", None), ("confirmed", "c2")])
def test_what_was_taken_back_or_refused_got_nothing_back(
    books: Books, state: str, undone_by: str | None
) -> None:
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"} | UNCODED])
    books.change("c1", "1")
    books.lay_code("a", "Support")
    books.evaluate()
    with books.databases.journal.begin() as journal:
        journal.execute(text("UPDATE change SET state = :s, undone_by = :u"), {"s": state, "u": undone_by})
    found = books.leak()
    assert found.recovered.hours == found.under_way.hours == 0


def test_what_still_leaks_in_another_kind_was_not_got_back(books: Books) -> None:
    books.holds([{"ticket_id": "1"}], [{"time_id": "a"} | UNCODED | {"started_at": NOW - 40 * DAY}])
    books.change("c1", "1", "confirmed")
    books.lay_code("a", "Support")
    books.evaluate()
    found = books.leak()
    assert [one.kinds for one in found.pieces] == [("unbilled",)] and found.recovered.hours == 0


def test_what_cleared_without_us_or_left_the_queue_got_nothing_back(books: Books) -> None:
    books.holds(
        [{"ticket_id": "1"}, {"ticket_id": "2"}],
        [{"time_id": "a"} | UNCODED, {"time_id": "b", "ticket_id": "2"} | UNCODED],
    )
    books.change("c2", "2", "confirmed")
    books.holds(
        [{"ticket_id": "1"}, {"ticket_id": "2", "in_scope": False}],
        [
            {"time_id": "a"} | UNCODED | {"billing_code": "Support"},
            {"time_id": "b", "ticket_id": "2"} | UNCODED,
        ],
    )
    found = books.leak()
    assert found.recovered.hours == found.total.hours == 0


# ---------------------------------------------------------------- properties


rates = st.none() | st.sampled_from((0.0, 33.33, 120.0, 95.5))
entries = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_id": st.sampled_from(("1", "2", "3")),
            "hours": st.sampled_from((0.0, 0.1, 0.25, 1 / 3, 1.5)),
            "started_at": st.sampled_from((None, NOW, NOW - 30 * DAY, NOW - 31 * DAY, NOW - 100 * DAY)),
            "billing_code": st.sampled_from((None, " ", "Support", "Project Work")),
            "charge": st.sampled_from((None, False, True)),
            "invoiced": st.sampled_from((None, False, True)),
            "locked": st.booleans(),
            "rate": rates,
            "member": st.sampled_from(("jdoe", "asmith")),
        }
    ),
    max_size=8,
)


@settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(time=entries, on_ticket=st.booleans(), general=rates, hours=st.sampled_from((None, 1.0, 20.0)))
def test_parts_make_up_the_total_and_no_hour_counts_twice(
    books: Books, time: list[dict[str, Any]], on_ticket: bool, general: float | None, hours: float | None
) -> None:
    books.offers = msgspec.structs.replace(OFFERS, code_on_ticket=on_ticket)
    books.money = Money(currency="USD", rate=general or None)
    books.holds(
        [
            {"ticket_id": "1", "agreement": "Gold", "hours": hours},
            {"ticket_id": "2", "company": "Contoso", "closed": True, "closed_at": NOW - DAY},
            {"ticket_id": "3", "company": None},
        ],
        [one | {"time_id": f"e{place}"} for place, one in enumerate(time)],
    )
    found = books.leak()
    for parts in (found.by_ticket, found.by_company, found.by_week):
        assert sum(one.hours for one in parts) == found.total.hours
        assert sum(one.without_rate for one in parts) == found.total.without_rate
        assert sum(one.amount or 0 for one in parts) == (found.total.amount or 0)
    keys = [(one.ticket_id, one.time_entry_id) for one in found.pieces]
    assert len(keys) == len(set(keys))
    for ticket, told in (("1", hours), ("2", None), ("3", None)):
        there = sum((exact(one["hours"]) for one in time if one["ticket_id"] == ticket), Decimal(0))
        leaks = sum(one.hours for one in found.pieces if one.ticket_id == ticket)
        assert leaks <= max(there, exact(told or 0))
    assert all(one.amount is None or one.amount == cents(one.hours * (one.rate or 0)) for one in found.pieces)


# ---------------------------------------------------------------- capture


def test_the_capture_rate_is_of_the_span_and_of_what_is_told(books: Books) -> None:
    begins, ends = NOW - 7 * DAY, NOW
    books.holds(
        [
            {"ticket_id": "1", "closed": True, "closed_at": begins},
            {"ticket_id": "2", "closed": True, "closed_at": ends - 1},
            {"ticket_id": "3", "closed": True, "closed_at": ends},
            {"ticket_id": "4", "closed": True, "closed_at": begins - 1},
            {"ticket_id": "5", "closed": True, "closed_at": begins},
        ],
        [
            {"time_id": "a", "started_at": begins, "invoiced": True, "hours": 1.5},
            {"time_id": "b", "started_at": begins - 1, "invoiced": True},
            {"time_id": "c", "started_at": ends, "invoiced": True},
            {"time_id": "d", "started_at": ends - 1, "hours": 4.5, "ticket_id": "2", "billing_code": None},
            {"time_id": "e", "started_at": ends - 1, "invoiced": None},
        ],
    )
    found = books.capture(begins, ends)
    assert (found.hours, found.invoiced, found.rate) == (Decimal(6), Decimal("1.5"), 0.25)
    assert found.not_told == Decimal(1)
    assert (found.closed, found.coded) == (3, 1) and found.code_rate == pytest.approx(1 / 3)


def test_without_invoices_the_rate_is_unknown_and_not_zero(books: Books) -> None:
    books.offers = msgspec.structs.replace(OFFERS, tells=frozenset())
    books.holds([{"ticket_id": "1"}], [{"time_id": "a", "started_at": NOW - HOUR}])
    found = books.capture(NOW - DAY, NOW)
    assert found.rate is None and found.code_rate is None and found.not_told == Decimal(1)
    assert found.unknown == ("acme: Its API, as known, does not tell which time is on an invoice.",)
