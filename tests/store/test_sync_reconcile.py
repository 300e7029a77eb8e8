"""What "changed since" never tells: tickets that vanish, queues that empty, parents that are somebody else's."""

from __future__ import annotations

import json

import pytest

from connectors.contract import IdList, Unreachable
from store.reconcile import NAMED_FOR, PARENT_AGE
from tests.store.sync_bench import Bench


def fill(bench: Bench, count: int) -> None:
    for number in range(1, count + 1):
        bench.psa.add(str(number))


async def test_a_deleted_and_a_merged_ticket_leave_the_queue(bench: Bench) -> None:
    fill(bench, 4)
    await bench.good()
    bench.psa.delete("1")
    bench.psa.merge("2", into="3")
    report = await bench.good()
    assert report.gone == 2
    assert bench.queue() == {"3", "4"}
    assert bench.ticket("1")["presence"] == "deleted"
    assert (bench.ticket("2")["presence"], bench.ticket("2")["merged_into"]) == ("merged", "3")
    assert report.why == report.remarks == ()
    assert (await bench.good()).gone == 0


async def test_a_ticket_reassigned_without_a_trace_is_found_by_the_list(bench: Bench) -> None:
    fill(bench, 3)
    await bench.good()
    bench.psa.add("2", owner_id="13", owner="asmith", updated_at=1, created_at=1)
    bench.psa.add("50", updated_at=1, created_at=1)
    await bench.good()
    assert bench.queue() == {"1", "3", "50"}


async def test_a_few_ids_without_a_word_leave_and_are_named_for_a_day(bench: Bench) -> None:
    fill(bench, 30)
    await bench.good()
    bench.psa.hidden = {"4", "7"}
    report = await bench.good()
    assert report.gone == 2
    assert report.why == ()
    assert "Tickets 4, 7 left the queue" in report.remarks[0]
    assert json.loads(bench.state()["remarks"]) == list(report.remarks)
    assert bench.queue() == {str(number) for number in range(1, 31)} - {"4", "7"}
    assert bench.ticket("4")["presence"] == "not_visible"
    assert bench.ticket("4")["summary"] == "Ticket 4"
    bench.psa.hidden = {"4"}
    report = await bench.good()
    assert "Ticket 4 left" in report.remarks[0]
    assert "7" in bench.queue()
    bench.psa.tick(NAMED_FOR)
    assert (await bench.good()).remarks == ()


async def test_most_of_the_queue_gone_without_a_word_removes_nothing(bench: Bench) -> None:
    fill(bench, 60)
    await bench.good()
    bench.psa.hidden = {str(number) for number in range(1, 31)}
    report = await bench.good()
    assert report.gone == 0
    assert len(bench.queue()) == 60
    assert "30 of 60 open tickets" in report.why[0]
    assert "none was removed" in json.loads(bench.state()["why"])[0]
    bench.psa.hidden = set()
    assert (await bench.good()).why == ()


@pytest.mark.parametrize(("queue", "silent", "removed"), [(22, 20, 20), (105, 21, 21), (104, 21, 0)])
async def test_the_guard_is_more_than_a_fifth_and_more_than_twenty(
    bench: Bench, queue: int, silent: int, removed: int
) -> None:
    bench.psa.capabilities = type(bench.psa)(page_size=100).capabilities
    fill(bench, queue)
    await bench.good()
    bench.psa.hidden = {str(number) for number in range(1, silent + 1)}
    assert (await bench.good()).gone == removed


async def test_many_that_the_psa_says_are_deleted_do_go(bench: Bench) -> None:
    fill(bench, 40)
    await bench.good()
    for number in range(1, 36):
        bench.psa.delete(str(number))
    report = await bench.good()
    assert (report.gone, report.why) == (35, ())
    assert len(bench.queue()) == 5


async def test_ids_that_are_listed_but_not_shown_keep_the_answer_open(bench: Bench) -> None:
    fill(bench, 2)
    bench.psa.lists = IdList(frozenset({"1", "2", "900"}), 3)
    report = await bench.good()
    assert "Ticket 900" in report.why[0]
    assert bench.queue() == {"1", "2"}


async def test_an_empty_queue_needs_the_psas_own_count(bench: Bench) -> None:
    report = await bench.good()
    assert report.why == ()
    assert bench.state()["count_confirmed"] == 1
    bench.psa.add("1")
    await bench.good()
    bench.psa.delete("1")
    bench.psa.lists = IdList(frozenset(), 5)
    report = await bench.good()
    assert bench.queue() == set()
    assert bench.state()["count_confirmed"] == 0
    assert "counts 5" in report.why[0]


async def test_an_unreachable_psa_in_the_middle_of_the_comparison_removes_nothing(bench: Bench) -> None:
    fill(bench, 3)
    await bench.good()
    bench.psa.delete("1")
    bench.psa.errors["fetch"] = Unreachable("No answer.", sent=True)
    assert not (await bench.sync()).ok
    assert bench.queue() == {"1", "2", "3"}
    assert bench.ticket("1")["presence"] == "here"


# ---------------------------------------------------------------- parents


async def test_a_colleagues_parent_is_fetched_by_id_and_not_in_our_queue(bench: Bench) -> None:
    bench.psa.add("9", owner_id="13", owner="asmith", closed=True)
    bench.psa.add("1", parent_ids=("9",))
    await bench.good()
    parent = bench.ticket("9")
    assert (parent["presence"], parent["is_closed"], parent["in_scope"]) == ("here", 1, 0)
    assert bench.ticket("1")["parent_id"] == "9"
    assert bench.queue() == {"1"}


async def test_the_parent_of_a_closed_child_is_not_asked_for(bench: Bench) -> None:
    bench.psa.add("9", owner_id="13", owner="asmith")
    bench.psa.add("1", parent_ids=("9",), closed=True, closed_at=bench.psa.clock)
    await bench.good()
    assert bench.rows("SELECT 1 FROM ticket WHERE ticket_id = '9'") == []


async def test_a_parent_that_is_deleted_merged_or_hidden(bench: Bench) -> None:
    for number in ("7", "8", "9"):
        bench.psa.add(number, owner_id="13", owner="asmith")
    bench.psa.delete("7")
    bench.psa.merge("8", into="9")
    bench.psa.hidden = {"9"}
    for child, parent in (("1", "7"), ("2", "8"), ("3", "9")):
        bench.psa.add(child, parent_ids=(parent,))
    report = await bench.good()
    assert [bench.ticket(one)["presence"] for one in "789"] == ["deleted", "merged", "not_visible"]
    assert bench.queue() == {"1", "2", "3"}
    assert (report.gone, report.remarks, report.why) == (0, (), ())


async def test_a_known_parent_is_asked_for_again_after_a_while_or_by_check(bench: Bench) -> None:
    bench.psa.add("9", owner_id="13", owner="asmith")
    bench.psa.add("1", parent_ids=("9",))
    await bench.good()
    await bench.good()
    assert bench.psa.asked["fetch"] == 0
    bench.psa.delete("9")
    await bench.good()
    assert bench.ticket("9")["presence"] == "here"
    await bench.good(check=True)
    assert bench.ticket("9")["presence"] == "deleted"
    bench.psa.tick(PARENT_AGE)
    await bench.good()
    assert bench.psa.asked["fetch"] == 1


async def test_a_psa_that_cannot_be_asked_for_the_parent_is_not_a_missing_parent(bench: Bench) -> None:
    bench.psa.add("1", parent_ids=("9",))
    bench.psa.errors["fetch"] = Unreachable("No answer.", sent=True)
    assert not (await bench.sync()).ok
    assert bench.rows("SELECT 1 FROM ticket WHERE ticket_id = '9'") == []


async def test_the_lowest_open_parent_counts_else_the_lowest(bench: Bench) -> None:
    other = {"owner_id": "13", "owner": "asmith"}
    bench.psa.add("9", closed=True, **other)
    bench.psa.add("10", **other)
    bench.psa.add("11", **other)
    bench.psa.add("1", parent_ids=("11", "9", "10"))
    await bench.good()
    assert bench.ticket("1")["parent_id"] == "10"
    bench.psa.change("10", closed=True)
    bench.psa.change("11", status="Done")
    bench.use(closed_statuses=("done",))
    await bench.good()
    assert bench.ticket("1")["parent_id"] == "9"
    bench.psa.change("1", parent_ids=())
    await bench.good()
    assert bench.ticket("1")["parent_id"] is None


# ---------------------------------------------------------------- one ticket


async def test_one_ticket_is_read_again_with_all_that_belongs_to_it(bench: Bench) -> None:
    fill(bench, 2)
    await bench.good()
    bench.psa.change("1", summary="New words", parent_ids=("9",))
    bench.psa.say("1", "hello?")
    bench.psa.log_time("1", 0.5)
    bench.psa.add("9", owner_id="13", owner="asmith")
    await bench.refresh("1")
    assert bench.ticket("1")["summary"] == "New words"
    assert bench.rows("SELECT text FROM note WHERE ticket_id = '1'") == [("hello?",)]
    assert bench.rows("SELECT hours FROM time_entry") == [(0.5,)]
    assert bench.ticket("9")["presence"] == "here"
    bench.psa.delete("1")
    await bench.refresh("1")
    assert bench.ticket("1")["presence"] == "deleted"
    bench.psa.hidden = {"2"}
    await bench.refresh("2")
    assert bench.ticket("2")["presence"] == "not_visible"
