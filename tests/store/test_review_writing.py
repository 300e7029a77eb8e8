"""What a hostile reading of the write-back looked for: fixes stuck, lost, buried replies, lies about an undo."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from connectors.contract import Applied, NotThere, Ref, Rejected, Step, UnknownName, Unreachable
from store.changes import OutboxRefused
from store.database import Databases
from store.sender import only_sender
from tests.store.memory_psa import Bench, psa_with_ticket


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.add("2", company_id="250", company="Acme", hours=1.0)
    await bench.sync()
    return bench


def always(bench: Bench, error: Exception) -> None:
    """Every write ends so, before the server carries it out."""

    def hook(_: Step) -> None:
        raise error

    bench.psa.before = hook


class TestStuck:
    """A change in `sending` that nobody is sending always has a way out."""

    async def test_a_post_that_fails_for_good_can_be_given_up(self, bench: Bench) -> None:
        always(bench, Unreachable("POST /time/entries: 500", sent=True))
        change = await bench.fix(time=0.5, note="work", billing_code="3")
        for _ in range(3):
            await bench.push(force=True)
        assert bench.state(change) in ("sending", "queued")
        bench.drop(change)
        assert bench.state(change) == "dropped"
        bench.psa.before = None
        assert await bench.push(force=True) == []
        assert bench.psa.writes == []

    async def test_a_ticket_that_goes_while_the_outcome_is_unknown(self, bench: Bench) -> None:
        def lost(_: Step) -> None:
            bench.psa.errors = {"conversation": NotThere("no such ticket")}
            raise Unreachable("reset", sent=True)

        bench.psa.before = lost
        change = await bench.fix(note="work")
        await bench.push(force=True)
        bench.psa.delete("1")
        await bench.push(force=True)
        await bench.push(force=True)
        bench.drop(change)
        assert bench.state(change) == "dropped"

    async def test_what_a_dead_process_left_in_sending_can_be_given_up(self, bench: Bench) -> None:
        change = await bench.fix(note="work")
        with bench.databases.journal.begin() as journal:
            journal.exec_driver_sql("UPDATE change SET state = 'sending', next_try_at = NULL")
            journal.exec_driver_sql("UPDATE step SET state = 'sending', attempts = 1, baseline = '{}'")
        bench.drop(change)
        assert bench.state(change) == "dropped"

    async def test_what_is_being_sent_now_is_not_given_up(self, bench: Bench) -> None:
        change = await bench.fix(note="work")
        with bench.databases.journal.begin() as journal:
            journal.exec_driver_sql("UPDATE change SET state = 'sending', next_try_at = NULL")
        async with only_sender(bench.databases.home, 0.0) as alone:
            assert alone
            with pytest.raises(OutboxRefused, match="being sent"):
                bench.drop(change)
        assert bench.state(change) == "sending"

    async def test_a_name_the_psa_does_not_know_refuses(self, bench: Bench) -> None:
        """Looked up before the request goes out: nothing is unknown about it."""
        always(bench, UnknownName('There is no active member "jdoe".'))
        change = await bench.fix(time=0.5, note="work", billing_code="3")
        await bench.push()
        assert bench.state(change) == "rejected"


class TestBuried:
    async def waiting(self, bench: Bench) -> None:
        bench.psa.customer("1", "Is it done?")
        await bench.sync()

    async def test_every_note_that_mine_would_count_as_read_is_shown(self, bench: Bench) -> None:
        await self.waiting(bench)
        change = await bench.fix(reply="Yes, done.")
        bench.psa.customer("1", "Please do not touch the server!")
        bench.psa.customer("1", "Thanks.")
        await bench.push()
        assert bench.state(change) == "conflict"
        assert "do not touch" in bench.entry(change).detail
        assert "Thanks." in bench.entry(change).detail

    async def test_a_close_decided_on_a_reply_that_was_refused_waits(self, bench: Bench) -> None:
        await self.waiting(bench)
        bench.psa.before = lambda step: _refuse_reply(step)
        reply = await bench.fix(reply="Yes, done.")
        close = await bench.fix(close=True, billing_code="3")
        await bench.push(force=True, refresh=True)
        assert bench.state(reply) == "rejected"
        assert not bench.psa.rows["1"].closed
        assert bench.state(close) == "conflict"

    async def test_a_close_decided_on_a_reply_that_was_taken_back_waits(self, bench: Bench) -> None:
        await self.waiting(bench)
        reply = await bench.fix(reply="Yes, done.", hold=True)
        close = await bench.fix(close=True, billing_code="3")
        assert bench.undo().change == reply
        await bench.push(force=True, refresh=True)
        assert not bench.psa.rows["1"].closed
        assert bench.state(close) == "conflict"
        bench.retry(close)
        await bench.push(force=True, refresh=True)
        assert bench.psa.rows["1"].closed, "a person has decided"

    async def test_a_close_decided_on_a_seen_note_that_was_dropped_waits(self, bench: Bench) -> None:
        await self.waiting(bench)
        seen = await bench.fix(seen="done by phone", hold=True)
        close = await bench.fix(close=True, billing_code="3", note="New toner.")
        bench.drop(seen)
        await bench.push(force=True, refresh=True)
        assert not bench.psa.rows["1"].closed
        assert bench.state(close) == "conflict"

    async def test_a_code_decided_after_a_refused_reply_goes_out(self, bench: Bench) -> None:
        await self.waiting(bench)
        bench.psa.before = lambda step: _refuse_reply(step)
        await bench.fix(reply="Yes, done.")
        code = await bench.fix(billing_code="3")
        await bench.push(force=True)
        assert bench.state(code) == "confirmed"

    async def test_redo_of_a_close_does_not_bury_what_came_meanwhile(self, bench: Bench) -> None:
        await self.waiting(bench)
        change = await bench.fix(reply="Yes, done.", billing_code="3")
        await bench.push(force=True, refresh=True)
        assert bench.state(change) == "confirmed"
        close = await bench.fix(close=True)
        await bench.push(force=True, refresh=True)
        assert bench.psa.rows["1"].closed
        undone = bench.undo(close)
        await bench.push(force=True, refresh=True)
        assert not bench.psa.rows["1"].closed
        bench.psa.customer("1", "It broke again!")
        await bench.sync()
        assert bench.kinds() & {"customer_responded"}
        redo = bench.undo(undone.by or "").by or ""
        await bench.push(force=True, refresh=True)
        assert not bench.psa.rows["1"].closed
        assert bench.psa.rows["1"].customer_flag
        assert bench.state(redo) == "conflict"


class TestQuitting:
    async def test_a_request_that_is_out_is_waited_for(self, bench: Bench) -> None:
        """Ctrl+C or quitting in the middle of a mail: its answer is kept, so that nobody has to guess."""
        change = await bench.fix(reply="Dear Ann, it is done.")
        out, answer = asyncio.Event(), asyncio.Event()
        apply = bench.psa.apply

        async def slowly(step: Step, version: str | None) -> Applied:
            out.set()
            await answer.wait()
            return await apply(step, version)

        bench.psa.apply = slowly  # type: ignore[method-assign]
        push = asyncio.create_task(bench.push())
        await out.wait()
        push.cancel()
        await asyncio.sleep(0.05)
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await push
        bench.psa.apply = apply  # type: ignore[method-assign]
        assert len(bench.psa.writes) == 1
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert len(bench.psa.writes) == 1
        assert bench.slept == [], "nothing had to be looked up"


class TestAnotherPsa:
    async def test_a_change_never_goes_to_another_ticket_of_the_same_number(self, bench: Bench) -> None:
        """The connection's address was changed while something waited: from a test system to the real one."""
        reply = await bench.fix(reply="Dear Ann, it is done.")
        row = bench.psa.rows["1"]
        bench.psa.rows["1"] = msgspec.structs.replace(
            row, created_at=(row.created_at or 0) - 5000, company="Umbrella", company_id="777"
        )
        await bench.push(force=True)
        assert bench.psa.writes == []
        assert bench.state(reply) == "rejected"
        assert "another ticket" in (bench.entry(reply).error or "")


class TestBetweenReadingAndWriting:
    @pytest.fixture
    async def slipped(self, databases: Databases) -> tuple[Bench, str]:
        bench = Bench(databases, psa_with_ticket(billing_code_id="3", billing_code="Remote Support"))
        bench.psa.customer("1", "Is it done?")
        await bench.sync()
        change = await bench.fix(close=True, reply="Done.")

        def at_patch(step: Step) -> None:
            if step.sets:
                bench.psa.before = None
                bench.psa.customer("1", "One more thing!")

        bench.psa.before = at_patch
        await bench.push(refresh=True)
        assert bench.psa.rows["1"].closed
        assert not bench.psa.rows["1"].customer_flag
        return bench, change

    async def test_a_note_that_slips_under_a_close_is_shown(self, slipped: tuple[Bench, str]) -> None:
        """It is older than the closing and its flag was cleared with it: no rule would ever show it."""
        bench, change = slipped
        assert bench.kinds() == set()
        assert bench.state(change) == "conflict"
        assert "One more thing!" in bench.entry(change).detail
        bench.retry(change)
        await bench.push(refresh=True)
        assert bench.state(change) == "confirmed"
        assert len(bench.psa.writes) == 2, "nothing went out again"

    async def test_and_dropping_it_sends_nothing(self, slipped: tuple[Bench, str]) -> None:
        bench, change = slipped
        bench.drop(change)
        assert await bench.push(force=True) == []
        assert bench.psa.rows["1"].closed


class TestUndoSaysTheTruth:
    async def test_a_refusal_that_wrote_half_of_it_is_put_back(self, bench: Bench) -> None:
        """The PSA takes the status and spells the phone in its own way: the answer is not what was asked."""

        def spell(step: Step) -> None:
            bench.psa.after = None
            row = bench.psa.rows["1"]
            bench.psa.rows["1"] = msgspec.structs.replace(row, contact_phone="(555) 0199")

        bench.psa.after = spell
        change = await bench.fix(status="17", set={"contact_phone": "5550199"})
        await bench.push()
        assert bench.state(change) == "rejected"
        assert bench.psa.rows["1"].status == "In Progress"
        undone = bench.undo(change)
        assert undone.by is not None, "it must not say that nothing had gone out"
        await bench.push()
        entry = bench.entry(undone.by)
        # The status is put back, or a person is asked; never "undone" while the PSA has it.
        assert bench.psa.rows["1"].status == "New" or entry.state == "conflict"

    async def test_the_undo_of_half_a_change_given_up_is_no_undo(self, bench: Bench) -> None:
        entry = bench.psa.entry("1", 0.5)
        await bench.sync()

        def refuse(step: Step) -> None:
            if step.entry_id is None:
                raise Rejected("no")

        bench.psa.before = refuse
        change = await bench.fix(billing_code="3")
        await bench.push()
        bench.psa.before = None
        by = bench.undo(change).by or ""
        bench.drop(by)
        assert [one.billing_code for one in bench.psa.time["1"] if one.time_id == entry] == ["Remote Support"]
        assert bench.state(change) == "rejected"
        assert bench.entry(change).undone_by is None
        again = bench.undo(change).by or ""
        bench.undo(again)
        assert bench.state(change) == "rejected"
        bench.undo(change)
        await bench.push()
        assert [one.billing_code for one in bench.psa.time["1"] if one.time_id == entry] == [None]


def _refuse_reply(step: Step) -> None:
    if step.public:
        raise Rejected("the contact has no address")


def test_refs_compare_by_id() -> None:
    from store.changes import same_value

    assert not same_value(Ref("3", "Same"), Ref("4", "Same"))
