"""A change that never arrives: what was decided on it does not go out by itself."""

from __future__ import annotations

import msgspec
import pytest

from connectors.contract import Rejected, Step
from store.database import Databases
from tests.store.memory_psa import Bench, psa_with_ticket


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    """A ticket with a code and no hours, on which staff has written."""
    psa = psa_with_ticket(hours=0.0, billing_code_id="3", billing_code="Remote Support")
    psa.note("1", "Looked at it.")
    bench = Bench(databases, psa)
    await bench.sync()
    return bench


async def test_a_close_after_time_that_is_withdrawn_waits_for_a_person(bench: Bench) -> None:
    time = await bench.fix(time=0.5, billing_code="3", hold=True)
    close = await bench.fix(close=True)
    bench.undo(time)
    await bench.push()
    entry = bench.entry(close)
    assert (entry.state, bench.psa.writes) == ("conflict", [])
    assert "time entry" in (entry.error or "")
    bench.retry(close)
    await bench.push()
    assert bench.psa.rows["1"].closed, "a person said so"


async def test_a_close_after_time_that_is_refused(bench: Bench) -> None:
    def refuse(step: Step) -> None:
        if step.creates == "time":
            raise Rejected("the period is closed")

    await bench.fix(time=0.5, billing_code="3")
    close = await bench.fix(close=True)
    bench.psa.before = refuse
    await bench.push()
    assert (bench.state(close), bench.psa.rows["1"].closed) == ("conflict", False)


async def test_a_close_after_a_code_that_is_dropped(databases: Databases) -> None:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.note("1", "Looked at it.")
    await bench.sync()
    code = await bench.fix(billing_code="3", hold=True)
    close = await bench.fix(close=True)
    bench.drop(code)
    await bench.push()
    assert bench.state(close) == "conflict"
    assert "billing code" in (bench.entry(close).error or "")


async def test_a_close_after_a_note_that_is_withdrawn(databases: Databases) -> None:
    bench = Bench(databases, psa_with_ticket(billing_code_id="3", billing_code="Remote Support"))
    await bench.sync()
    note = await bench.fix(note="Disk replaced.", hold=True)
    close = await bench.fix(close=True)
    bench.undo(note)
    await bench.push()
    assert bench.state(close) == "conflict"


async def test_a_close_with_what_it_needs_of_its_own_goes_out(bench: Bench) -> None:
    time = await bench.fix(time=0.5, billing_code="3", hold=True)
    close = await bench.fix(time=0.25, note="Done.", billing_code="3", close=True)
    bench.undo(time)
    await bench.push()
    assert bench.state(close) == "confirmed"


async def test_a_close_with_a_reason_goes_out(bench: Bench) -> None:
    time = await bench.fix(time=0.5, billing_code="3", hold=True)
    close = await bench.fix(close=True, because="agreed by phone")
    bench.undo(time)
    await bench.push()
    assert bench.state(close) == "confirmed"


async def test_a_parents_close_after_its_childs_that_is_withdrawn(bench: Bench) -> None:
    bench.psa.add(
        "2",
        status_id="16",
        status="New",
        company_id="250",
        company="Acme",
        hours=1.0,
        billing_code_id="3",
        billing_code="Remote Support",
        parent_ids=("1",),
    )
    bench.psa.note("2", "Looked at it.")
    bench.psa.change("1", hours=1.0)
    await bench.sync()
    child = await bench.fix("2", close=True)
    parent = await bench.fix("1", close=True)
    bench.undo(child)
    await bench.push()
    assert bench.state(parent) == "conflict"
    assert "child" in (bench.entry(parent).error or "")
    assert not bench.psa.rows["1"].closed


class TestSlipped:
    """The customer writes between our reading and our write."""

    @pytest.mark.parametrize(
        "intent",
        [{"reply": "On my way."}, {"clear_flag": True}, {"seen": "Thanks only"}, {"status": "In Progress"}],
    )
    async def test_it_is_a_conflict_that_names_the_note(self, databases: Databases, intent: dict) -> None:
        bench = Bench(databases, psa_with_ticket())
        bench.psa.customer("1", "Printer offline")
        if "clear_flag" in intent:
            bench.psa.note("1", "Answered by phone.")
        await bench.sync()
        change = await bench.fix(**intent)

        def writes(step: Step) -> None:
            if step == bench.entry(change).steps[-1].step:
                bench.psa.before = None
                bench.psa.customer("1", "One more thing!")

        bench.psa.before = writes
        await bench.push(refresh=True)
        entry = bench.entry(change)
        assert entry.state == "conflict"
        detail = msgspec.json.decode(entry.detail)
        assert detail["note"]["text"] == "One more thing!"
        assert "it is in the PSA" in (entry.error or "")
        assert "customer_responded" in bench.kinds()
        bench.retry(change)
        await bench.push(refresh=True)
        assert bench.state(change) == "confirmed", "read, and it stays"
        assert len([step for step in bench.psa.writes if step.creates]) == (
            "seen" in intent or "reply" in intent
        )

    @pytest.mark.parametrize("intent", [{"clear_flag": True}, {"status": "In Progress"}])
    async def test_a_conditional_write_that_compares_before_it_commits_hides_it_no_more(
        self, databases: Databases, intent: dict
    ) -> None:
        bench = Bench(databases, psa_with_ticket())
        bench.psa.capabilities = msgspec.structs.replace(bench.psa.capabilities, conditional_write=True)
        bench.psa.customer("1", "Printer offline")
        bench.psa.note("1", "Answered by phone.")
        await bench.sync()
        change = await bench.fix(**intent)
        carry_out = bench.psa.carry_out

        def compared(step: Step) -> str | None:
            bench.psa.carry_out = carry_out  # type: ignore[method-assign]
            bench.psa.customer("1", "One more thing!")
            return carry_out(step)

        bench.psa.carry_out = compared  # type: ignore[method-assign]
        await bench.push(refresh=True)
        entry = bench.entry(change)
        assert entry.state == "conflict"
        assert msgspec.json.decode(entry.detail)["note"]["text"] == "One more thing!"
        assert len(bench.psa.writes) == 1

    async def test_a_crash_right_after_the_write_does_not_hide_it(self, databases: Databases) -> None:
        bench = Bench(databases, psa_with_ticket())
        bench.psa.customer("1", "Printer offline")
        await bench.sync()
        change = await bench.fix(reply="On my way.")

        def dies(step: Step) -> None:
            if step.sets:  # the last of them
                bench.psa.after = None
                bench.psa.customer("1", "One more thing!")
                raise Crash

        bench.psa.after = dies
        with pytest.raises(Crash):
            await bench.push()
        await bench.push()
        assert bench.state(change) == "conflict"

    async def test_an_internal_note_buries_nothing(self, databases: Databases) -> None:
        bench = Bench(databases, psa_with_ticket())
        await bench.sync()
        change = await bench.fix(note="Disk replaced.")
        bench.psa.before = lambda _: bench.psa.customer("1", "One more thing!") and None
        await bench.push()
        assert bench.state(change) == "confirmed"
