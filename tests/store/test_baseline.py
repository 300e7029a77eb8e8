"""A look back over closed tickets: what is pulled, what is found, and that nothing else is touched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Unreachable
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World
from store.desk import Desk
from store.forget import remove_baseline
from store.home import Home
from store.measures.baseline import BaselineReader, Result, as_json
from store.measures.baseline_pull import CLOSED_KINDS, Closed, looked_for, widened
from store.settings import Exclude, KindRule, Rules, Settings, load
from store.settings_save import save_connection
from store.sync_round import Progress
from tests.store.conftest import NOW
from tests.store.test_rules import DAY, note, ticket
from tests.store.test_rules import Desk as Bench

SPAN = 90 * DAY


class Shop:
    """A simulated PSA on a socket, a home that has never synced, and its baseline's desk."""

    def __init__(self, folder: Path, url: str, app: Any) -> None:
        self.home, self.app = Home.at(folder), app
        save_connection(self.home.config, "acme", demo_settings(url=url) | {"scope": "all"})
        self.settings = load(self.home.config)
        self.ends = int(time.time())

    def desk(self) -> Desk:
        return Desk(self.home.baseline, widened(self.settings, SPAN), secrets={"acme": demo_secrets()})

    def closed(self, desk: Desk, **more: Any) -> Closed:
        return Closed(desk, "acme", self.ends - SPAN, self.ends, **more)

    def result(self, closed: Closed) -> Result:
        return BaselineReader(self.home.baseline, self.settings).result(["acme"], closed.begins, closed.ends)

    @property
    def asked(self) -> list[Any]:
        return list(self.app.state.simulator.requests)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    app = simulator(World(1, 150, speed=0.0))
    with run_in_thread(app) as url:
        yield Shop(tmp_path / "home", url, app)


async def test_it_reads_every_closed_ticket_of_the_span_and_nothing_else(shop: Shop) -> None:
    async with shop.desk() as desk:
        closed = shop.closed(desk)
        connector = await desk.connector("acme")
        scope = await connector.resolve(shop.settings.connections["acme"].scope)
        listed = [one async for page in connector.tickets(scope, None, closed.begins) for one in page.tickets]
        wanted = {
            one.ticket_id
            for one in listed
            if one.closed and not one.merged_into and (one.closed_at or 0) >= closed.begins
        }
        estimate = await closed.estimate()
        before = connector.requests
        await closed.read()
        took = connector.requests - before
        closed.evaluate()
        with desk.databases.cache_reads.connect() as cache:
            found = set(
                cache.exec_driver_sql("SELECT ticket_id FROM ticket WHERE presence = 'here'").scalars()
            )
            unread = cache.exec_driver_sql(
                "SELECT count(*) FROM ticket WHERE presence = 'here'"
                " AND (notes_read_at IS NULL OR time_read_at IS NULL)"
            ).scalar_one()
        assert wanted and found == wanted and unread == 0
        assert estimate.closed == len(wanted) and estimate.unread == len(wanted) - 3
        assert 0.5 * took <= estimate.requests <= 2 * took + 5
        assert estimate.seconds is not None and estimate.seconds > 0
        assert shop.result(closed).connections[0].unread == 0


async def test_it_touches_neither_the_psa_nor_the_homes_own_databases(shop: Shop) -> None:
    async with shop.desk() as desk:
        closed = shop.closed(desk)
        await closed.estimate()
        await closed.read()
        closed.evaluate()
    assert not shop.home.cache.exists() and not shop.home.journal.exists()
    assert shop.asked and all(one.method == "GET" for one in shop.asked)
    assert shop.home.budget.exists(), "its requests count as the home's"
    assert not shop.home.baseline.cache.with_name("budget.db").exists()


def answers(
    monkeypatch: pytest.MonkeyPatch, connector: Any, conversation: Callable[[str], Awaitable[Any]]
) -> None:
    """Conversations come from there, also where a part of many is read ahead."""
    monkeypatch.setattr(connector, "conversation", conversation)
    monkeypatch.setattr(connector, "conversation_with", lambda ticket_id, _: conversation(ticket_id))


async def test_what_was_interrupted_goes_on_where_it_was(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shop.desk() as desk:
        connector = await desk.connector("acme")
        whole, read = connector.conversation, 0

        async def conversation(ticket_id: str) -> Any:
            nonlocal read
            read += 1
            if read > 20:
                raise Unreachable("gone", sent=False)
            return await whole(ticket_id)

        answers(monkeypatch, connector, conversation)
        closed = shop.closed(desk)
        estimate = await closed.estimate()
        with pytest.raises(Unreachable):
            await closed.read()
    halfway = shop.result(closed).connections[0]
    assert 0 < halfway.unread < estimate.unread, "what was read is kept"
    async with shop.desk() as desk:
        connector = await desk.connector("acme")
        asked: list[str] = []
        whole = connector.conversation

        async def counted(ticket_id: str) -> Any:
            asked.append(ticket_id)
            return await whole(ticket_id)

        answers(monkeypatch, connector, counted)
        closed = shop.closed(desk)
        monkeypatch.setattr(connector, "tickets", None)  # the list was complete: it is not asked for again
        await closed.estimate()
        await closed.read()
        assert shop.result(closed).connections[0].unread == 0
        assert len(asked) == len(set(asked)), "none is read twice"


async def test_a_ticket_that_cannot_be_read_is_named_and_does_not_hold_up_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.contract import Forbidden

    async with shop.desk() as desk:
        connector = await desk.connector("acme")
        whole = connector.conversation
        closed = shop.closed(desk)
        await closed.estimate()
        (bad, *_) = closed._unread(connector.capabilities)

        async def conversation(ticket_id: str) -> Any:
            if ticket_id == bad:
                raise Forbidden("not for you")
            return await whole(ticket_id)

        answers(monkeypatch, connector, conversation)
        await closed.read()
        assert closed.unreadable == {bad} and bad in closed.why[0]
        assert shop.result(closed).connections[0].unread == 1


async def test_progress_is_told_and_a_stop_ends_it(shop: Shop) -> None:
    told: list[str] = []
    reading = asyncio.Event()

    def tell(progress: Progress) -> None:
        told.append(progress.phase)
        if progress.phase == "conversations":
            reading.set()

    async with shop.desk() as desk:
        closed = shop.closed(desk, tell=tell)
        await closed.estimate()
        reading.clear()
        work = asyncio.create_task(closed.read())
        await reading.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert told.index("tickets") < told.index("conversations")
    assert shop.result(closed).connections[0].unread > 0


def test_a_connection_that_is_forgotten_takes_it_along(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    remove_baseline(home)
    home.baseline.make()
    remove_baseline(home)
    assert not home.baseline.cache.parent.exists()


# ---------------------------------------------------------------- which kinds, which windows


def test_only_what_concerns_closed_tickets_with_windows_as_wide_as_the_span() -> None:
    leave = Exclude(companies=("Acme",))
    own = {
        "billing_code": KindRule(on=False, exclude=(leave,)),
        "undocumented": KindRule(on=False, limits={"least": 5, "generic": (), "window": DAY}),
    }
    wide = widened(Settings(rules=Rules(required=("contact",), kinds=own)), SPAN)
    assert set(wide.kinds) == set(looked_for()) <= set(CLOSED_KINDS)
    assert wide.rules.billing_window == wide.rules.reply_after_close_window == SPAN
    assert wide.rules.of("billing_code").exclude == (leave,) and wide.rules.of("billing_code").on
    assert wide.rules.of("undocumented").limits == {"least": 5, "generic": (), "window": SPAN}
    assert not wide.rules.of("missing_fields").on and not wide.rules.of("sla").on


@pytest.fixture
def bench(databases: Any) -> Bench:
    return Bench(databases)


def look(bench: Bench, begins: int = NOW - SPAN, ends: int = NOW + 1) -> Result:
    settings = bench.settings
    bench.settings = widened(settings, NOW - begins + 1)
    bench.evaluate()
    return BaselineReader(bench.databases.home, settings, lambda: NOW).result(["acme"], begins, ends)


def closed(id: str, days: int, **more: Any) -> Any:
    values = {"closed": True, "status": "Closed", "closed_at": NOW - days * DAY, "billing_code_id": "3"}
    return ticket(id, **(values | more))


def test_what_its_own_window_would_have_hidden_is_found(bench: Bench) -> None:
    bench.holds(
        closed("1", 80, billing_code_id=None, hours=2.5, company="Acme", type="Printer"),
        closed("2", 80, hours=9.0),
        closed("3", 91, billing_code_id=None, hours=9.0),
        ticket("4", hours=9.0, billing_code_id=None),
    )
    found = look(bench)
    assert found.closed == 2 and found.tickets == 1
    assert [(one.name, one.count, one.hours, one.money) for one in found.kinds] == [
        ("billing_code", 1, 2.5, None)
    ]
    assert [(one.name, one.count) for one in found.companies] == [("Acme", 1)]
    assert [(one.name, one.count) for one in found.types] == [("Printer", 1)]


def test_a_ticket_under_two_kinds_is_one_of_its_companys_and_its_hours_count_once(bench: Bench) -> None:
    bench.holds(
        closed("1", 60, billing_code_id=None, hours=2.0, company="Acme", notes=[note(NOW - 50 * DAY)]),
        closed("2", 60, billing_code_id=None, hours=5.0, company="Globex"),
    )
    found = look(bench)
    assert {one.name: one.count for one in found.kinds} == {"billing_code": 2, "reply_after_close": 1}
    assert [(one.name, one.count, one.hours) for one in found.companies] == [
        ("Globex", 1, 5.0),
        ("Acme", 1, 2.0),
    ]
    assert found.tickets == 2


def test_the_end_of_the_span_is_kept_to(bench: Bench) -> None:
    bench.holds(closed("1", 10, billing_code_id=None), closed("2", 50, billing_code_id=None))
    found = look(bench, ends=NOW - 30 * DAY)
    assert found.closed == 1 and found.tickets == 1


def test_where_to_begin_names_the_worst_kind_and_company(bench: Bench) -> None:
    bench.holds(
        *(
            closed(str(n), 20, billing_code_id=None, hours=1.0, company="Acme", type="Printer")
            for n in range(1, 4)
        ),
        closed("9", 20, billing_code_id=None, hours=1.0, company="Globex"),
    )
    said = look(bench).begin
    assert said[0] == "Billing code has the most hours: 4 closed tickets, 4.0 h on them."
    assert said[1] == "3 of them are of Acme: begin there."
    assert "3 of them are of the type Printer" in said[-1]


def test_nothing_found_says_nothing_to_begin_with_and_json_has_its_form(bench: Bench) -> None:
    bench.holds(closed("1", 10))
    found = look(bench)
    assert found.kinds == found.begin == ()
    document = as_json(found)
    assert set(document) == {
        "baseline", "begins_at", "ends_at", "connections", "looked_for", "closed", "tickets", "kinds", "companies",
        "types", "begin",
    }  # fmt: skip
    why = "Its API, as known, does not tell whether time is charged."
    assert list(document["connections"]) == [
        {
            "connection": "acme",
            "closed": 1,
            "unread": 1,
            "not_known": {"unbilled": why, "out_of_scope": why},
        }
    ]
