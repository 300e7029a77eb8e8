"""Undo and redo: withdrawn before it went, put back after, refused where that cannot be."""

from __future__ import annotations

import pytest

from connectors.contract import Ref, Rejected, Step
from store.changes import OutboxRefused
from store.database import Databases
from store.home import Home
from store.overlay import rebuild_overlay
from tests.store.memory_psa import SETTINGS, Bench, psa_with_ticket


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.add("2", company_id="250", company="Acme", hours=1.0)
    await bench.sync()
    return bench


async def test_what_is_held_is_taken_back_and_never_sent(bench: Bench) -> None:
    bench.psa.customer("1", "hello?")
    await bench.sync()
    change = await bench.fix(reply="Oops", hold=True)
    assert bench.kinds() & {"customer_responded"} == set()
    undone = bench.undo()
    assert (undone.change, undone.by, undone.number) == (change, None, "1")
    assert "customer_responded" in bench.kinds()
    bench.psa.tick(SETTINGS.hold + 1)
    assert await bench.push(force=True) == []
    assert bench.state(change) == "undone"


async def test_what_is_held_comes_before_what_is_newer(bench: Bench) -> None:
    held = await bench.fix(note="careful", hold=True)
    newer = await bench.fix("2", billing_code="3")
    assert bench.undo().change == held
    assert bench.undo().change == newer


async def test_what_has_arrived_is_put_back_and_redo_sets_it_again(bench: Bench) -> None:
    change = await bench.fix(billing_code="3")
    await bench.push(refresh=True)
    undone = bench.undo()
    assert undone.by is not None
    assert [(line.was, line.becomes) for line in undone.preview] == [("Remote Support", "")]
    assert bench.shown().record.billing_code is None
    await bench.push(refresh=True)
    assert (bench.state(change), bench.state(undone.by)) == ("undone", "confirmed")
    assert bench.psa.rows["1"].billing_code is None
    redone = bench.undo(undone.by)
    await bench.push(refresh=True)
    assert bench.psa.rows["1"].billing_code == "Remote Support"
    assert bench.entry(redone.by or "").verb == "redo billing code"


async def test_undo_without_a_name_goes_on_to_the_change_before(bench: Bench) -> None:
    first = await bench.fix(billing_code="3")
    second = await bench.fix("2", billing_code="4")
    await bench.push()
    assert [bench.undo().change for _ in range(2)] == [second, first]
    with pytest.raises(OutboxRefused, match="nothing to undo"):
        bench.undo()
    await bench.push()
    assert (bench.psa.rows["1"].billing_code, bench.psa.rows["2"].billing_code) == (None, None)


async def test_one_fix_is_one_undo_with_its_time_entries(bench: Bench) -> None:
    bench.psa.entry("1", 0.5)
    await bench.sync()
    await bench.fix(billing_code="3")
    await bench.push()
    assert bench.psa.time["1"][0].billing_code == "Remote Support"
    bench.undo()
    await bench.push()
    assert bench.psa.time["1"][0].billing_code is None
    assert bench.psa.rows["1"].billing_code is None


async def test_a_status_a_parent_and_a_custom_field_are_put_back(bench: Bench) -> None:
    await bench.fix(status="17", parent="2", set={"custom:Asset": "PC-7"})
    await bench.push()
    row = bench.psa.rows["1"]
    assert (row.status, row.parent_ids, row.custom) == ("In Progress", ("2",), {"Asset": "PC-7"})
    bench.undo()
    await bench.push()
    row = bench.psa.rows["1"]
    assert (row.status, row.parent_ids, row.custom) == ("New", (), {"Asset": None})


async def test_what_a_colleague_changed_since_is_a_conflict(bench: Bench) -> None:
    change = await bench.fix(billing_code="3")
    await bench.push()
    undone = bench.undo()
    bench.psa.put("1", "billing_code", Ref("4", "On-site"))
    await bench.push()
    assert bench.state(undone.by or "") == "conflict"
    assert bench.state(change) == "confirmed"
    bench.drop(undone.by or "")
    assert bench.entry(change).undone_by is None
    assert bench.psa.rows["1"].billing_code == "On-site"


async def test_a_note_that_has_gone_out_stays(bench: Bench) -> None:
    change = await bench.fix(note="internal")
    await bench.push()
    with pytest.raises(OutboxRefused, match="the note is in the PSA and stays there"):
        bench.undo(change)
    assert bench.state(change) == "confirmed"


async def test_what_is_taken_back_is_not_taken_back_twice(bench: Bench) -> None:
    change = await bench.fix(billing_code="3")
    await bench.push()
    by = bench.undo(change).by
    with pytest.raises(OutboxRefused, match=f"taken back by {by}"):
        bench.undo(change)
    await bench.push()
    with pytest.raises(OutboxRefused, match="taken back by"):
        bench.undo(change)


async def test_an_undo_taken_back_before_it_went_leaves_the_change(bench: Bench) -> None:
    change = await bench.fix(billing_code="3")
    await bench.push()
    by = bench.undo(change).by or ""
    bench.undo(by)
    assert (bench.state(by), bench.state(change), bench.entry(change).undone_by) == (
        "undone",
        "confirmed",
        None,
    )
    await bench.push()
    assert bench.psa.rows["1"].billing_code == "Remote Support"
    bench.undo(change)
    await bench.push()
    assert bench.psa.rows["1"].billing_code is None


async def test_what_arrived_of_a_change_that_got_stuck_is_put_back_and_the_rest_withdrawn(
    bench: Bench,
) -> None:
    entry = bench.psa.entry("1", 0.5)
    await bench.sync()

    def refuse(step: Step) -> None:
        if step.entry_id is None:
            raise Rejected("no")

    bench.psa.before = refuse
    change = await bench.fix(billing_code="3")
    await bench.push()
    assert [step.state for step in bench.entry(change).steps] == ["done", "waiting"]
    bench.psa.before = None
    bench.undo(change)
    assert bench.state(change) == "undone"
    await bench.push()
    assert [one.billing_code for one in bench.psa.time["1"] if one.time_id == entry] == [None]
    assert bench.psa.rows["1"].billing_code is None


async def test_a_refused_change_is_withdrawn(bench: Bench) -> None:
    bench.psa.deaf = True
    change = await bench.fix(note="x", status="17")
    bench.psa.before = _refuse
    await bench.push()
    assert bench.state(change) == "rejected"
    assert bench.undo(change).by is None
    assert bench.state(change) == "undone"


async def test_an_uncertain_change_is_not_undone_blindly(bench: Bench) -> None:
    bench.psa.tells_id, bench.psa.deaf = False, True
    change = await bench.fix(note="x")
    await bench.push()
    with pytest.raises(OutboxRefused, match="Nobody knows whether"):
        bench.undo(change)


async def test_a_reopening_undo_does_not_bury_a_new_note(bench: Bench) -> None:
    """The undo carries what was read when it was decided, like any other change."""
    await bench.fix(status="17")
    await bench.push(refresh=True)
    by = bench.undo().by or ""
    bench.psa.customer("1", "still broken")
    await bench.push()
    assert bench.state(by) == "conflict"


async def test_undo_works_after_a_restart(bench: Bench, home: Home) -> None:
    await bench.fix(billing_code="3")
    await bench.push()
    bench.databases.close()
    with Databases.open(home, now=bench.now()) as databases:
        again = Bench(databases, bench.psa)
        rebuild_overlay(databases, "acme")
        again.undo()
        await again.push()
    assert bench.psa.rows["1"].billing_code is None


def _refuse(_: Step) -> None:
    raise Rejected("no")


class TestCompound:
    """Time, code, text and close as one change: what arrived can be taken back as far as the PSA lets it."""

    async def test_named_it_puts_back_what_can_be_and_says_what_stays(self, bench: Bench) -> None:
        change = await bench.fix(time=0.5, billing_code="3", note="Replaced.", status="In Progress")
        await bench.push()
        with pytest.raises(OutboxRefused, match="time entry is in the PSA and stays there") as caught:
            bench.undo()
        assert change in caught.value.hint
        undone = bench.undo(change)
        await bench.push()
        assert undone.stays == ("the time entry",)
        assert bench.psa.rows["1"].status == "New"
        assert bench.psa.rows["1"].billing_code is None
        assert len(bench.psa.time["1"]) == 1
        assert bench.state(change) == "undone"

    async def test_stopped_halfway_what_arrived_is_taken_back_and_the_rest_never_goes(
        self, bench: Bench
    ) -> None:
        def refuse(step: Step) -> None:
            if "status" in step.sets:
                raise Rejected("not allowed")

        bench.psa.before = refuse
        change = await bench.fix(billing_code="3", note="Replaced.", status="In Progress")
        await bench.push()
        assert bench.state(change) == "rejected"
        assert bench.psa.rows["1"].billing_code == "Remote Support"
        bench.psa.before = None
        undone = bench.undo(change)
        assert undone.stays == ("the note",)
        await bench.push()
        assert bench.psa.rows["1"].billing_code is None
        assert bench.psa.rows["1"].status == "New"
        assert bench.state(change) == "undone"

    async def test_a_text_alone_stays(self, bench: Bench) -> None:
        change = await bench.fix(note="Replaced.")
        await bench.push()
        with pytest.raises(OutboxRefused, match="stays there"):
            bench.undo(change)
