"""Never bury a reply, never a colleague's change: what stops as a conflict, and mine or theirs."""

from __future__ import annotations

import msgspec
import pytest

from connectors.contract import Odd, Ref, Step
from store.changes import ConflictDetail
from store.database import Databases
from tests.store.memory_psa import Bench, psa_with_ticket

AFTER_HOURS = Ref("4", "On-site")


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.customer("1", "Printer offline")
    await bench.sync()
    return bench


def detail(bench: Bench, change: str) -> ConflictDetail:
    return msgspec.json.decode(bench.entry(change).detail, type=ConflictDetail)


def texts(bench: Bench) -> list[str]:
    return [note.text for note in bench.psa.notes["1"]]


class TestFields:
    async def test_a_colleagues_change_of_the_same_field_stops_it(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "billing_code", AFTER_HOURS)
        (outcome,) = await bench.push(refresh=True)
        assert (outcome.state, bench.psa.writes) == ("conflict", [])
        (field,) = detail(bench, change).fields
        assert (field.field, field.mine, field.theirs, field.was, field.who, field.when) == (
            "billing_code",
            Ref("3", "Remote Support"),
            AFTER_HOURS,
            None,
            "asmith",
            bench.psa.rows["1"].updated_at,
        )
        assert bench.shown().record.billing_code == "On-site"

    async def test_changes_of_different_fields_are_no_conflict(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "status", Ref("17", "In Progress"))
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert bench.psa.rows["1"].status == "In Progress"

    async def test_mine_is_put_on_what_is_there_now(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "billing_code", AFTER_HOURS)
        await bench.push(refresh=True)
        bench.retry(change)
        await bench.push()
        assert bench.psa.rows["1"].billing_code == "Remote Support"
        bench.undo(change)
        await bench.push()
        assert bench.psa.rows["1"].billing_code == "On-site"

    async def test_mine_meets_a_second_colleague_as_a_conflict_again(self, bench: Bench) -> None:
        change = await bench.fix(owner="asmith")
        bench.psa.put("1", "owner", None)
        await bench.push()
        bench.retry(change)
        bench.psa.put("1", "owner", Ref("14", "omar"))
        await bench.push()
        assert bench.state(change) == "conflict"
        assert detail(bench, change).fields[0].theirs == Ref("14", "omar")

    async def test_theirs_leaves_it(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "billing_code", AFTER_HOURS)
        await bench.push()
        bench.drop(change)
        await bench.push(force=True)
        assert bench.psa.rows["1"].billing_code == "On-site"

    async def test_a_code_that_somebody_put_on_a_time_entry_is_a_conflict(self, bench: Bench) -> None:
        entry = bench.psa.entry("1", 0.5)
        await bench.sync()
        change = await bench.fix(billing_code="3", entry=entry)
        bench.psa._code("1", entry, AFTER_HOURS)
        await bench.push()
        assert bench.state(change) == "conflict"
        assert detail(bench, change).fields[0].entry_id == entry
        bench.retry(change)
        await bench.push()
        assert bench.psa.time["1"][0].billing_code == "Remote Support"

    async def test_an_entry_that_was_locked_or_removed_meanwhile_is_a_refusal(self, bench: Bench) -> None:
        entry = bench.psa.entry("1", 0.5)
        await bench.sync()
        for left in ([msgspec.structs.replace(bench.psa.time["1"][0], locked=True)], []):
            change = await bench.fix(billing_code="3", entry=entry)
            bench.psa.time["1"] = left
            await bench.push()
            assert bench.state(change) == "rejected"

    async def test_with_a_conditional_write_a_change_in_the_last_moment_is_seen(self, bench: Bench) -> None:
        psa = bench.psa
        psa.capabilities = msgspec.structs.replace(psa.capabilities, conditional_write=True)
        psa.change("1")
        await bench.sync()

        def colleague(_: Step) -> None:
            psa.before = None
            psa.put("1", "billing_code", AFTER_HOURS)

        psa.before = colleague
        change = await bench.fix(billing_code="3")
        await bench.push()
        assert (bench.state(change), psa.writes) == ("conflict", [])


class TestNotes:
    @pytest.mark.parametrize(
        "intent",
        [
            {"reply": "Is it better?"},
            {"seen": "thanks only"},
            {"status": "17"},
            {"close": True, "because": "test"},
        ],
    )
    async def test_a_newer_note_stops_whatever_could_bury_it(
        self, bench: Bench, intent: dict[str, str]
    ) -> None:
        change = await bench.fix(**intent)
        newer = bench.psa.customer("1", "And now the scanner too")
        before = len(bench.psa.notes["1"])
        (outcome,) = await bench.push(refresh=True)
        assert outcome.state == "conflict"
        note = detail(bench, change).note
        assert note is not None
        assert (note.note_id, note.text, note.author) == (newer, "And now the scanner too", "Ann Lee")
        assert len([one for one in bench.psa.notes["1"] if one.public]) == before
        assert bench.psa.rows["1"].customer_flag
        assert "customer_responded" in bench.kinds()

    async def test_a_cleared_flag_does_not_bury_either(self, bench: Bench) -> None:
        bench.psa.note("1", "Looking.")
        await bench.sync()
        change = await bench.fix(clear_flag=True)
        bench.psa.customer("1", "And?")
        await bench.push()
        assert (bench.state(change), bench.psa.writes) == ("conflict", [])

    async def test_what_buries_nothing_goes_out(self, bench: Bench) -> None:
        changes = [
            await bench.fix(billing_code="3"),
            await bench.fix(note="asked billing"),
            await bench.fix(time=0.5),
        ]
        bench.psa.customer("1", "And?")
        await bench.push()
        assert [bench.state(change) for change in changes] == ["confirmed"] * 3

    async def test_after_reading_it_the_reply_goes(self, bench: Bench) -> None:
        change = await bench.fix(reply="Is it better?")
        bench.psa.customer("1", "Works again")
        await bench.push()
        bench.retry(change)
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert texts(bench)[-1] == "Is it better?"

    async def test_a_third_note_stops_it_again(self, bench: Bench) -> None:
        change = await bench.fix(reply="Is it better?")
        bench.psa.customer("1", "two")
        await bench.push()
        bench.retry(change)
        bench.psa.customer("1", "three")
        await bench.push()
        found = detail(bench, change).note
        assert found is not None
        assert found.text == "three"

    async def test_a_seen_note_then_covers_the_note_that_was_shown(self, bench: Bench) -> None:
        change = await bench.fix(seen="thanks only")
        bench.psa.customer("1", "thanks again")
        await bench.push(refresh=True)
        bench.retry(change)
        await bench.push(refresh=True)
        assert bench.state(change) == "confirmed"
        assert bench.kinds() & {"customer_responded"} == set()
        assert texts(bench)[-1].startswith("Seen, no answer needed: thanks only (up to ")

    async def test_notes_of_colleagues_and_automatic_replies_stop_nothing(self, bench: Bench) -> None:
        change = await bench.fix(reply="Is it better?")
        bench.psa.note("1", "I called her", author="asmith")
        bench.psa.note("1", "Out of office until Monday", author="Ann Lee", speaker="customer")
        bench.psa.note("1", "Ticket was routed", author="Workflow", speaker="system")
        await bench.push()
        assert bench.state(change) == "confirmed"

    async def test_an_unknown_author_counts_as_the_customer(self, bench: Bench) -> None:
        change = await bench.fix(reply="Is it better?")
        bench.psa.note("1", "hm", author="?", speaker="unknown")
        await bench.push()
        assert bench.state(change) == "conflict"

    async def test_a_note_of_the_same_second_counts_by_its_id(self, bench: Bench) -> None:
        change = await bench.fix(reply="Is it better?")
        shown = bench.psa.notes["1"][-1]
        twin = msgspec.structs.replace(shown, note_id=str(int(shown.note_id) + 1), text="one more thing")
        bench.psa.notes["1"] = [*bench.psa.notes["1"], twin]
        await bench.push()
        assert bench.state(change) == "conflict"

    async def test_nothing_was_read_so_any_note_is_new(self, bench: Bench) -> None:
        change = await bench.fix(read_up_to=None, reply="Hello")
        await bench.push()
        assert bench.state(change) == "conflict"

    async def test_a_note_that_comes_between_our_own_steps_keeps_its_flag(self, bench: Bench) -> None:
        def customer(step: Step) -> None:
            if step.creates == "note":
                bench.psa.customer("1", "wait, no")

        bench.psa.after = customer
        change = await bench.fix(reply="Fixed, I think")
        await bench.push()
        assert bench.state(change) == "conflict"
        assert [step.state for step in bench.entry(change).steps] == ["done", "waiting"]
        assert bench.psa.rows["1"].customer_flag
        bench.psa.after = None
        bench.retry(change)
        await bench.push()
        assert texts(bench).count("Fixed, I think") == 1
        assert bench.psa.rows["1"].customer_flag is False

    async def test_a_note_that_cannot_be_read_stops_it_until_it_is_known(self, bench: Bench) -> None:
        conversation = bench.psa.conversation

        async def with_odd(ticket_id: str):
            answer = await conversation(ticket_id)
            odd = Odd("notes", "77", "$.dateCreated", "not a date", ticket_id)
            return msgspec.structs.replace(answer, odd=(odd,))

        bench.psa.conversation = with_odd  # type: ignore[method-assign]
        change = await bench.fix(reply="Fixed")
        await bench.push(refresh=True)
        assert bench.state(change) == "conflict"
        await bench.sync()
        bench.retry(change)
        await bench.push()
        assert bench.state(change) == "confirmed"


class TestCompound:
    async def test_a_newer_note_stops_every_step_of_a_fix_that_answers(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3", time=0.25, reply="Fixed.")
        bench.psa.customer("1", "wait")
        await bench.push()
        assert (bench.state(change), bench.psa.writes) == ("conflict", [])

    async def test_a_colleagues_change_that_a_later_step_meets_stops_the_reply_too(
        self, bench: Bench
    ) -> None:
        change = await bench.fix(reply="Fixed.", status="17")
        bench.psa.put("1", "status", Ref("20", "Completed"))
        await bench.push()
        assert (bench.state(change), bench.psa.writes) == ("conflict", [])
        bench.retry(change)
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert bench.psa.rows["1"].status == "In Progress"

    async def test_our_own_touch_of_the_ticket_hides_no_colleagues_change(self, bench: Bench) -> None:
        """The first step makes us the last to have touched the ticket."""
        bench.psa.entry("1", 0.5)
        await bench.sync()

        def colleague(step: Step) -> None:
            if step.entry_id is not None:
                bench.psa.put("1", "billing_code", AFTER_HOURS)
                bench.psa.change("1", updated_by="jdoe")

        bench.psa.after = colleague
        change = await bench.fix(billing_code="3")
        await bench.push()
        assert bench.state(change) == "conflict"
        assert bench.psa.rows["1"].billing_code == "On-site"

    async def test_a_colleague_who_sets_the_status_after_our_note_is_a_conflict(self, bench: Bench) -> None:
        def colleague(step: Step) -> None:
            if step.creates == "note":
                bench.psa.put("1", "status", Ref("20", "Completed"))

        bench.psa.after = colleague
        change = await bench.fix(note="Rebooted.", status="17")
        await bench.push()
        assert bench.state(change) == "conflict"
        assert bench.psa.rows["1"].status == "Completed"
