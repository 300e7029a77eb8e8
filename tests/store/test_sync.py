"""A round of one connection: what it stores, what it publishes, what a failure leaves behind."""

from __future__ import annotations

import json
import sqlite3

import msgspec
import pytest
from sqlalchemy import event

from connectors.contract import Scope, Throttled, Unauthorized, Unreachable
from store.database import DatabaseProblem, Databases
from store.home import Home
from store.sync_round import PHASES, Progress
from tests.store.sync_bench import Bench


@pytest.fixture
def full_desk(bench: Bench) -> Bench:
    for number in range(1, 9):
        bench.psa.add(str(number))
    bench.psa.add("9", owner_id="13", owner="asmith")
    return bench


async def test_the_first_round_pulls_the_queue(full_desk: Bench) -> None:
    report = await full_desk.good()
    assert report.full
    assert report.new == 8
    assert report.conversations == 8
    assert full_desk.queue() == set("12345678")
    assert full_desk.rows("SELECT DISTINCT first_sync FROM ticket") == [(1,)]
    state = full_desk.state()
    assert (state["error"], state["generation"], state["member"]) == (None, 1, "jdoe")
    assert state["synced_at"] is not None
    assert state["scope"] == "mine"
    assert json.loads(state["capabilities"])["code_name"] == "Work type"
    assert {step.phase for step in full_desk.steps} <= set(PHASES)
    assert [step.done for step in full_desk.steps if step.phase == "tickets"] == [0, 3, 6, 8]


async def test_an_unchanged_queue_costs_three_requests(full_desk: Bench) -> None:
    await full_desk.good()
    report = await full_desk.good()
    assert full_desk.psa.asked == {"resolve": 1, "tickets": 1, "ticket_ids": 1}
    assert (report.requests, report.new, report.changed, report.full) == (3, 0, 0, False)
    assert full_desk.state()["requests"] == 3
    assert full_desk.state()["generation"] == 2


async def test_what_changed_comes_with_the_next_round(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.change("3", summary="Now it smokes")
    full_desk.psa.add("10")
    report = await full_desk.good()
    assert (report.new, report.changed) == (1, 1)
    assert full_desk.ticket("3")["summary"] == "Now it smokes"
    assert full_desk.rows("SELECT first_sync FROM ticket WHERE ticket_id = '10'") == [(0,)]
    assert full_desk.ticket("3")["first_sync"] == 1


async def test_a_colleagues_ticket_is_not_stored_unless_it_concerns_us(full_desk: Bench) -> None:
    full_desk.psa.change("1", parent_ids=("9",))
    full_desk.psa.add("11", owner_id="13", owner="asmith")
    await full_desk.good()
    full_desk.psa.change("9", summary="The parent")
    full_desk.psa.change("11", summary="Nothing to do with us")
    await full_desk.good()
    assert full_desk.ticket("9")["summary"] == "The parent"
    assert full_desk.rows("SELECT 1 FROM ticket WHERE ticket_id = '11'") == []


async def test_a_reassigned_ticket_leaves_and_comes_back(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.change("3", owner_id="13", owner="asmith")
    await full_desk.good()
    assert "3" not in full_desk.queue()
    assert full_desk.ticket("3")["presence"] == "here"
    full_desk.psa.change("3", resources="asmith,JDoe")
    await full_desk.good()
    assert "3" in full_desk.queue()


async def test_a_name_that_only_begins_like_ours_is_somebody_else(bench: Bench) -> None:
    bench.psa.add("1", owner_id="13", owner="asmith", resources="asmith,jdoerr")
    bench.psa.add("2", owner_id="13", owner="asmith", resources="asmith,jdoe")
    await bench.good()
    assert bench.queue() == {"2"}


async def test_statuses_have_the_roles_that_the_settings_give_them(bench: Bench) -> None:
    bench.psa.add("1", status="child TICKET")
    bench.psa.add("2", status="Parked")
    bench.use(closed_statuses=("PARKED",))
    await bench.good()
    assert bench.ticket("1")["is_child"] == 1
    assert bench.queue() == {"1"}
    bench.use(closed_statuses=())
    await bench.good()
    assert bench.queue() == {"1", "2"}


async def test_a_changed_scope_is_pulled_anew(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.add("20", board_id="2", board="Projects")
    full_desk.scope("board", "Help Desk")
    report = await full_desk.good()
    assert report.full
    assert full_desk.queue() == set("123456789")
    full_desk.scope("mine")
    await full_desk.good()
    assert full_desk.queue() == {*"12345678", "20"}


async def test_a_changed_address_empties_the_cache_of_that_connection(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.rows.clear()
    full_desk.psa.add("500")
    full_desk.use(options={"url": "https://other.test"})
    await full_desk.good()
    assert full_desk.rows("SELECT ticket_id FROM ticket") == [("500",)]
    assert full_desk.ticket("500")["first_sync"] == 1


async def test_closed_tickets_past_retention_go_and_parents_stay(bench: Bench) -> None:
    old = bench.psa.clock - 400 * 86400
    bench.psa.add("1", parent_ids=("2",))
    bench.psa.add("2", closed=True, closed_at=old, updated_at=old, owner_id="13", owner="asmith")
    bench.psa.add("3")
    bench.psa.add("4")
    await bench.good()
    bench.psa.change("3", closed=True, closed_at=bench.psa.clock)
    bench.psa.change("4", closed=True, closed_at=bench.psa.clock)
    bench.psa.say("4", "thanks")
    await bench.good()
    bench.psa.tick(100 * 86400)
    await bench.good(full=True)
    assert {row[0] for row in bench.rows("SELECT ticket_id FROM ticket")} == {"1", "2", "3", "4"}
    bench.psa.tick(100 * 86400)
    await bench.good(full=True)
    assert {row[0] for row in bench.rows("SELECT ticket_id FROM ticket")} == {"1", "2"}
    assert bench.rows("SELECT 1 FROM note") == []


# ---------------------------------------------------------------- failures


async def test_a_round_cut_off_keeps_cursor_and_published_state(full_desk: Bench) -> None:
    await full_desk.good()
    cursor, before = full_desk.cursor(), full_desk.state()
    for number in "12345":
        full_desk.psa.change(number, summary="changed")
    full_desk.psa.fail_on_page = (2, Unreachable("No answer from psa.test.", sent=True, hint="Is it up?"))
    report = await full_desk.sync()
    assert not report.ok
    assert (report.error_kind, report.hint) == ("unreachable", "Is it up?")
    assert full_desk.cursor() == cursor
    state = full_desk.state()
    assert (state["generation"], state["synced_at"]) == (before["generation"], before["synced_at"])
    assert (state["error_kind"], state["error"]) == ("unreachable", "No answer from psa.test.")
    assert state["since_down"] == state["tried_at"]
    down = state["since_down"]
    await full_desk.sync()
    assert full_desk.state()["since_down"] == down
    full_desk.psa.fail_on_page = None
    await full_desk.good()
    assert full_desk.rows("SELECT count(*) FROM ticket WHERE summary = 'changed'") == [(5,)]
    assert full_desk.state()["error"] is None
    assert full_desk.state()["since_down"] is None


async def test_a_crash_between_the_pages_of_the_first_pull_loses_nothing(full_desk: Bench) -> None:
    full_desk.psa.fail_on_page = (3, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        await full_desk.sync()
    assert full_desk.rows("SELECT count(*) FROM ticket") == [(6,)]
    assert full_desk.cursor() is None
    full_desk.psa.fail_on_page = None
    assert (await full_desk.good()).full
    assert full_desk.queue() == set("12345678")
    assert full_desk.rows("SELECT DISTINCT first_sync FROM ticket") == [(1,)]


@pytest.mark.parametrize("verb", ["verify", "ticket_ids", "conversation", "time_entries", "fetch"])
async def test_an_error_at_any_point_is_reported_and_the_next_round_completes(
    bench: Bench, verb: str
) -> None:
    bench.psa.add("1", parent_ids=("7",))
    bench.psa.add("2")
    bench.psa.errors[verb] = Unauthorized("psa.test refused the key of acme.", hint="Run deskzero connect.")
    report = await bench.sync()
    assert (report.ok, report.error_kind) == (False, "unauthorized")
    assert bench.state()["synced_at"] is None
    del bench.psa.errors[verb]
    await bench.good()
    assert bench.rows("SELECT count(*) FROM ticket WHERE in_scope AND notes_read_at IS NULL") == [(0,)]


async def test_throttling_is_an_error_of_the_round(bench: Bench) -> None:
    bench.psa.errors["tickets"] = Throttled("Too many requests.", retry_after=30)
    assert (await bench.sync()).error_kind == "throttled"


async def test_a_scope_that_does_not_resolve_is_an_error_and_removes_nothing(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.use(scope=Scope("board", "Helpdesk"))
    report = await full_desk.sync()
    assert report.error_kind == "unknown_name"
    assert "Helpdesk" in (report.error or "")
    assert full_desk.queue() == set("12345678")


async def test_identity_is_asked_for_once_a_day_or_when_the_settings_change(bench: Bench) -> None:
    await bench.good()
    await bench.good()
    assert bench.psa.asked["verify"] == 0
    bench.psa.tick(86400)
    await bench.good()
    assert bench.psa.asked["verify"] == 1
    bench.use(options={"url": "https://psa.test", "public_key": "other"})
    await bench.good()
    assert bench.psa.asked["verify"] == 1


# ---------------------------------------------------------------- quarantine


async def test_an_odd_record_waits_in_quarantine_until_it_reads_fine(full_desk: Bench) -> None:
    full_desk.psa.odd["4"] = "Expected `int`, got `str`"
    report = await full_desk.good()
    assert report.quarantined == 1
    assert full_desk.queue() == set("1235678")
    found = full_desk.rows("SELECT stream, record_id, path, problem, ticket_id FROM quarantine")
    assert found == [("tickets", "4", "$.status.id", "Expected `int`, got `str`", "4")]
    assert (await full_desk.good()).quarantined == 1
    del full_desk.psa.odd["4"]
    assert (await full_desk.good()).quarantined == 0
    assert full_desk.queue() == set("12345678")


@pytest.mark.parametrize("later", [0, -3600])
async def test_an_odd_record_is_asked_for_again_whatever_the_clock_says(full_desk: Bench, later: int) -> None:
    """By the next round, be it within the same second or after the clock was set back; not by the one that has just
    read it."""
    await full_desk.good()
    full_desk.psa.odd["4"] = "Expected `int`, got `str`"
    assert (await full_desk.good(full=True)).quarantined == 1
    assert full_desk.psa.asked["fetch"] == 0
    del full_desk.psa.odd["4"]
    full_desk.psa.tick(later - 180)
    assert (await full_desk.good()).quarantined == 0


async def test_an_odd_record_does_not_remove_what_was_known_of_the_ticket(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.change("4", summary="odd now")
    full_desk.psa.odd["4"] = "Expected `int`, got `str`"
    await full_desk.good()
    assert full_desk.ticket("4")["summary"] == "Ticket 4"
    assert "4" in full_desk.queue()
    full_desk.psa.delete("4")
    report = await full_desk.good()
    assert (report.quarantined, report.gone) == (0, 1)


# ---------------------------------------------------------------- the cache itself breaks


async def test_a_cache_that_breaks_is_replaced_and_pulled_again(full_desk: Bench, home: Home) -> None:
    schema = home.cache.stat().st_size
    for number in range(100, 400):
        full_desk.psa.add(str(number), summary="x" * 500)
    await full_desk.good()
    full_desk.databases.close()  # everything goes from the log into the file
    size = home.cache.stat().st_size
    assert size > 2 * schema
    with home.cache.open("r+b") as file:
        file.seek(schema)
        file.write(b"\xff" * (size - schema))
    report = await full_desk.good(full=True)
    assert report.full
    assert len(full_desk.queue()) == 308
    assert list(home.cache.parent.glob("cache.db.damaged-*"))
    assert "pulled again" in full_desk.databases.notes[-1]


async def test_a_disk_that_cannot_be_written_is_a_clear_error(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.add("600")
    with full_desk.databases.cache.connect() as limited:
        pages = limited.exec_driver_sql("PRAGMA page_count").scalar_one()
    full_desk.databases.close()
    engine = full_desk.databases.cache

    @event.listens_for(engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}").close()

    full_desk.psa.rows["600"] = msgspec.structs.replace(full_desk.psa.rows["600"], summary="x" * 100_000)
    with pytest.raises(DatabaseProblem, match="disk is full") as caught:
        await full_desk.sync()
    assert "free space" in caught.value.hint
    assert full_desk.queue() == set("12345678")


async def test_a_round_does_not_publish_a_cache_that_was_emptied_under_it(full_desk: Bench) -> None:
    await full_desk.good()
    full_desk.psa.add("9")

    class Renewing(list[Progress]):
        def append(self, step: Progress) -> None:
            if step.phase == "compare" and not full_desk.databases.renewals:
                full_desk.databases.renew_cache(full_desk.psa.clock)

    full_desk.steps = Renewing()
    report = await full_desk.good()
    assert report.full
    assert full_desk.queue() == set("123456789")
    assert full_desk.state()["generation"] == 1


async def test_a_cache_that_another_process_replaced_is_followed(full_desk: Bench, home: Home) -> None:
    await full_desk.good()
    home.cache.replace(home.cache.with_name("elsewhere.db"))
    for tail in ("-wal", "-shm"):
        home.cache.with_name(home.cache.name + tail).unlink(missing_ok=True)
    Databases.open(home, now=full_desk.psa.clock).close()
    assert (await full_desk.good()).full
    with Databases.open(home, now=full_desk.psa.clock) as other, other.cache_reads.connect() as cache:
        assert cache.exec_driver_sql("SELECT count(*) FROM ticket").scalar_one() == 8
