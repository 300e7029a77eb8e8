"""A text for the customer that is late asks once before it leaves; nothing else does."""

from __future__ import annotations

import pytest

from connectors.contract import Unreachable
from store import audit
from store.database import Databases
from store.stale import OLD
from tests.store.memory_psa import Bench, psa_with_ticket


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.customer("1", "Printer offline")
    await bench.sync()
    return bench


async def test_a_reply_that_is_late_is_parked_and_says_why(bench: Bench) -> None:
    change = await bench.fix(reply="On my way.", hold=True)
    bench.psa.tick(OLD + 60)
    (outcome,) = await bench.push()
    entry = bench.entry(change)
    assert (outcome.state, entry.state, entry.due_at, bench.psa.writes) == ("held", "held", None, [])
    assert "16 min ago" in (outcome.error or "")
    assert "--send" in (outcome.hint or "")
    assert await bench.push(force=True) == [], "it is told once, and no sync of a person's sends it"


async def test_it_leaves_when_a_person_says_so_and_is_not_asked_again(bench: Bench) -> None:
    change = await bench.fix(reply="On my way.", hold=True)
    bench.psa.tick(OLD + 60)
    await bench.push()
    bench.release(change)
    bench.psa.tick(OLD + 60)
    await bench.push()
    assert bench.state(change) == "confirmed"
    assert [step.public for step in bench.psa.writes if step.creates] == [True]


async def test_it_can_be_taken_back(bench: Bench) -> None:
    change = await bench.fix(reply="On my way.", hold=True)
    bench.psa.tick(OLD + 60)
    await bench.push()
    bench.undo()
    assert bench.state(change) == "undone"
    assert await bench.push() == []


async def test_one_that_waited_for_the_network_asks_too(bench: Bench) -> None:
    def down(_: object) -> None:
        raise Unreachable("no network", sent=False)

    bench.psa.before = down
    change = await bench.fix(reply="On my way.")
    await bench.push()
    bench.psa.before = None
    bench.psa.tick(OLD + 60)
    await bench.push(force=True)
    assert (bench.state(change), bench.psa.writes) == ("held", [])
    bench.release(change)
    await bench.push()
    assert bench.state(change) == "confirmed"


async def test_in_time_it_leaves_by_itself(bench: Bench) -> None:
    change = await bench.fix(reply="On my way.", hold=True)
    bench.psa.tick(OLD - 60)
    await bench.push()
    assert bench.state(change) == "confirmed"


async def test_what_the_customer_does_not_read_does_not_ask(bench: Bench) -> None:
    changes = [await bench.fix(note="Disk replaced.", hold=True), await bench.fix(billing_code="3")]
    bench.psa.tick(OLD * 10)
    await bench.push()
    assert [bench.state(change) for change in changes] == ["confirmed", "confirmed"]


async def test_the_rest_of_one_that_is_partly_there_does_not_ask(bench: Bench) -> None:
    """The time is in the PSA; the reply belongs to it."""

    def at_the_reply(step: object) -> None:
        if getattr(step, "public", False):
            raise Unreachable("no network", sent=False)

    bench.psa.before = at_the_reply
    change = await bench.fix(reply="Fixed.", time=0.5)
    await bench.push()
    bench.psa.before = None
    bench.psa.tick(OLD + 60)
    await bench.push(force=True)
    assert bench.state(change) == "confirmed"


async def test_later_changes_of_the_ticket_wait_behind_it(bench: Bench) -> None:
    reply = await bench.fix(reply="On my way.", hold=True)
    code = await bench.fix(billing_code="3")
    bench.psa.tick(OLD + 60)
    await bench.push()
    assert [bench.state(reply), bench.state(code)] == ["held", "queued"]


async def test_that_it_asked_is_in_the_audit_log(bench: Bench) -> None:
    change = await bench.fix(reply="On my way.", hold=True)
    bench.psa.tick(OLD + 60)
    await bench.push()
    bench.release(change)
    told = [
        (e.event, e.data.get("decision")) for e in audit.entries(bench.databases.home.journal, change=change)
    ]
    assert told[2:] == [("waits", None), ("queued", "let go")]
