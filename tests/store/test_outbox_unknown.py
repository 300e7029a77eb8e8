"""Unknown outcomes: never sent again blindly, looked for by content, and what mails never twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connectors.contract import ConnectorError, Ref, Rejected, Step, Unreachable, Unreadable
from store import sender_step
from store.changes import ConflictDetail
from store.database import Databases
from store.outbox_rows import move, set_step
from store.settings import Settings
from tests.store.memory_psa import CONNECTION, Bench, psa_with_ticket

LOST = Unreachable("timed out", sent=True)


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    await bench.sync()
    return bench


def lose(bench: Bench, *, arrives: bool, error: ConnectorError = LOST, times: int = 1) -> None:
    """The answers of the next writes are lost, after or before the server carried them out."""
    left = [times]

    def hook(_: Step) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    if arrives:
        bench.psa.after = hook
    else:
        bench.psa.before = hook


def texts(bench: Bench) -> list[str]:
    return [note.text for note in bench.psa.notes["1"]]


@pytest.mark.parametrize("error", [LOST, Unreadable("cut JSON"), ConnectorError("odd")])
async def test_a_note_that_arrived_unheard_is_found_and_not_sent_again(
    bench: Bench, error: ConnectorError
) -> None:
    lose(bench, arrives=True, error=error)
    change = await bench.fix(note="Rebooted  the\nserver")
    await bench.push()
    assert texts(bench) == ["Rebooted  the\nserver"]
    entry = bench.entry(change)
    assert (entry.state, entry.wrote) == ("confirmed", True)
    assert entry.steps[0].created_id == bench.psa.notes["1"][0].note_id
    assert bench.slept == []


async def test_a_note_that_did_not_arrive_is_sent_again_after_two_looks_across_the_settling_time(
    bench: Bench,
) -> None:
    lose(bench, arrives=False)
    change = await bench.fix(note="hello")
    await bench.push()
    assert (texts(bench), bench.state(change), bench.slept) == (["hello"], "confirmed", [5.0])


async def test_a_late_commit_is_waited_for(bench: Bench) -> None:
    """The server carries it out after we gave up, within its settling time."""
    late: list[Step] = []

    def hook(step: Step) -> None:
        bench.psa.before = None
        late.append(step)
        raise LOST

    bench.psa.before = hook
    bench.on_sleep = lambda: bench.psa.carry_out(late.pop()) and None
    await bench.fix(note="hello")
    await bench.push()
    assert texts(bench) == ["hello"]


async def test_a_reply_that_may_mail_stops_as_uncertain_and_a_person_decides(bench: Bench) -> None:
    lose(bench, arrives=False)
    change = await bench.fix(reply="Dear Ann")
    (outcome,) = await bench.push()
    assert outcome.state == "uncertain"
    assert "may mail somebody" in (outcome.error or "")
    assert await bench.push(force=True) == []
    assert texts(bench) == []
    bench.retry(change)
    await bench.push()
    assert (texts(bench), bench.state(change)) == (["Dear Ann"], "confirmed")


async def test_a_reply_that_arrived_is_found_even_when_asked_to_send_again(bench: Bench) -> None:
    """It turned up after the settling time; the person says "again" without having looked."""
    late: list[Step] = []

    def hook(step: Step) -> None:
        bench.psa.before = None
        late.append(step)
        raise LOST

    bench.psa.before = hook
    change = await bench.fix(reply="Dear Ann")
    await bench.push()
    assert bench.state(change) == "uncertain"
    bench.psa.carry_out(late.pop())
    bench.retry(change)
    await bench.push()
    assert (texts(bench), bench.state(change)) == (["Dear Ann"], "confirmed")


async def test_an_uncertain_one_can_be_dropped(bench: Bench) -> None:
    lose(bench, arrives=False)
    change = await bench.fix(reply="Dear Ann")
    await bench.push()
    bench.drop(change)
    assert await bench.push(force=True) == []
    assert texts(bench) == []


async def test_an_older_note_with_the_same_text_is_not_taken_for_ours(bench: Bench) -> None:
    bench.psa.note("1", "hello", public=False)
    lose(bench, arrives=False)
    await bench.fix(note="hello")
    await bench.push()
    assert texts(bench) == ["hello", "hello"]


async def test_two_identical_texts_claim_one_note_each(bench: Bench) -> None:
    lose(bench, arrives=True, times=2)
    changes = [await bench.fix(note="same") for _ in range(2)]
    await bench.push()
    assert texts(bench) == ["same", "same"]
    assert len({bench.entry(change).steps[0].created_id for change in changes}) == 2


async def test_what_another_change_has_made_is_taken(bench: Bench) -> None:
    """Whatever the baseline says: one note is never the proof of two changes."""
    await bench.fix(note="same")
    await bench.push()
    second = await bench.fix(note="same")
    with bench.databases.journal.begin() as db:
        set_step(db, second, 0, state="unknown", attempts=1, baseline="{}")
        move(db, second, ("queued",), state="sending")
    await bench.push()
    assert (texts(bench), bench.state(second)) == (["same", "same"], "confirmed")


async def test_a_colleagues_identical_note_is_not_ours(bench: Bench) -> None:
    await bench.fix(note="first")
    await bench.push()
    await bench.sync()  # now it is established under whose name our notes appear

    def hook(_: Step) -> None:
        bench.psa.before = None
        bench.psa.note("1", "done", public=False, author="asmith")
        raise LOST

    bench.psa.before = hook
    change = await bench.fix(note="done")
    await bench.push()
    assert bench.state(change) == "confirmed"
    assert [note.author for note in bench.psa.notes["1"] if note.text == "done"] == ["asmith", "jdoe"]


async def test_where_our_name_is_not_established_an_identical_note_stops_it(bench: Bench) -> None:
    """With a key of an API member, our own note may stand there under that member's name."""

    def hook(step: Step) -> None:
        bench.psa.before = None
        bench.psa.note("1", step.text or "", public=False, author="asmith")
        raise LOST

    bench.psa.before = hook
    change = await bench.fix(note="done")
    await bench.push()
    assert bench.state(change) == "uncertain"
    assert texts(bench) == ["done"]


async def test_a_customers_identical_words_are_not_our_reply(bench: Bench) -> None:
    def hook(_: Step) -> None:
        bench.psa.before = None
        bench.psa.customer("1", "ok")
        raise LOST

    bench.psa.before = hook
    change = await bench.fix(reply="ok")
    await bench.push()
    assert bench.state(change) == "uncertain"


async def test_time_that_arrived_unheard_is_found_by_hours_text_and_member(bench: Bench) -> None:
    lose(bench, arrives=True)
    change = await bench.fix(time=0.75, note="On site", billing_code="3")
    await bench.push()
    assert [(one.hours, one.text) for one in bench.psa.time["1"]] == [(0.75, "On site")]
    assert bench.state(change) == "confirmed"


async def test_a_colleagues_time_is_not_ours(bench: Bench) -> None:
    def hook(_: Step) -> None:
        bench.psa.before = None
        bench.psa.entry("1", 0.75, member="asmith", text="On site")
        raise LOST

    bench.psa.before = hook
    await bench.fix(time=0.75, note="On site")
    await bench.push()
    assert [one.member for one in bench.psa.time["1"]] == ["asmith", "jdoe"]


async def test_a_psa_that_does_not_tell_the_new_id_is_looked_at(bench: Bench) -> None:
    bench.psa.tells_id = False
    change = await bench.fix(note="hello")
    await bench.push()
    assert bench.state(change) == "confirmed"
    assert bench.entry(change).steps[0].created_id == bench.psa.notes["1"][0].note_id


async def test_yes_without_an_entry_is_uncertain(bench: Bench) -> None:
    bench.psa.tells_id = False
    bench.psa.deaf = True
    change = await bench.fix(note="hello")
    (outcome,) = await bench.push()
    assert outcome.state == "uncertain"
    assert "nothing like it can be found" in (outcome.error or "")
    bench.psa.deaf = False
    bench.retry(change)
    await bench.push()
    assert texts(bench) == ["hello"]


async def test_an_update_with_an_unknown_outcome_is_compared_and_sent_again(bench: Bench) -> None:
    lose(bench, arrives=False)
    change = await bench.fix(billing_code="3")
    await bench.push()
    assert (bench.state(change), len(bench.psa.writes)) == ("confirmed", 1)


async def test_an_update_that_arrived_unheard_is_ours_and_can_be_undone(bench: Bench) -> None:
    lose(bench, arrives=True)
    change = await bench.fix(billing_code="3")
    await bench.push()
    assert (bench.state(change), len(bench.psa.writes), bench.entry(change).wrote) == ("confirmed", 1, True)
    bench.undo(change)
    await bench.push()
    assert bench.psa.rows["1"].billing_code is None


async def test_while_nothing_can_be_looked_up_it_waits_and_is_neither_sent_nor_withdrawn(
    bench: Bench,
) -> None:
    def hook(_: Step) -> None:
        bench.psa.after = None
        bench.psa.errors = {"conversation": Unreachable("no route", sent=False)}
        raise LOST

    bench.psa.after = hook
    change = await bench.fix(note="hello")
    (outcome,) = await bench.push()
    assert outcome.state == "sending"
    assert "not known whether it arrived" in (outcome.error or "")
    assert bench.entry(change).steps[0].state == "unknown"
    await bench.push(force=True)
    assert bench.state(change) == "sending"
    bench.psa.errors = {}
    await bench.push(force=True)
    assert (texts(bench), bench.state(change)) == (["hello"], "confirmed")


async def test_a_server_that_loses_everything_gets_at_most_two_in_one_push(bench: Bench) -> None:
    lose(bench, arrives=False, times=99)
    change = await bench.fix(note="hello")
    (outcome,) = await bench.push()
    assert (outcome.state, bench.psa.asked["apply"]) == ("sending", 2)
    bench.psa.before = None
    await bench.push(force=True)
    assert (texts(bench), bench.state(change)) == (["hello"], "confirmed")


class TestCompound:
    async def test_a_crash_between_steps_goes_on_where_it_was(self, bench: Bench) -> None:
        """Our own earlier steps have changed the ticket: that is no conflict with ourselves."""
        bench.psa.customer("1", "broken?")
        await bench.sync()

        def die(step: Step) -> None:
            if step.creates == "note":
                raise ZeroDivisionError

        bench.psa.after = die
        change = await bench.fix(billing_code="3", reply="Fixed.", status="17")
        with pytest.raises(ZeroDivisionError):
            await bench.push()
        entry = bench.entry(change)
        assert (entry.state, [step.state for step in entry.steps]) == (
            "sending",
            ["done", "sending", "waiting"],
        )
        bench.psa.after = None
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert texts(bench) == ["broken?", "Fixed."]
        row = bench.psa.rows["1"]
        assert (row.billing_code, row.status, row.customer_flag) == ("Remote Support", "In Progress", False)

    @pytest.mark.parametrize("conditional", [True, False])
    async def test_a_status_that_the_psas_rules_set_after_a_text_is_no_conflict(
        self, databases: Databases, conditional: bool
    ) -> None:
        """Known from the settings; with conditional writes nobody else can have set it."""
        connection = msgspec.structs.replace(
            CONNECTION, reaction_statuses=() if conditional else ("waiting customer",)
        )
        bench = Bench(databases, psa_with_ticket(), Settings(connections={"acme": connection}))
        bench.psa.capabilities = msgspec.structs.replace(
            bench.psa.capabilities, conditional_write=conditional
        )
        bench.psa.customer("1", "broken?")
        await bench.sync()

        def workflow(step: Step) -> None:
            if step.creates == "note":
                bench.psa.put("1", "status", Ref("18", "Waiting Customer"), by="jdoe")

        bench.psa.after = workflow
        change = await bench.fix(reply="Fixed.", status="17")
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert bench.psa.rows["1"].status == "In Progress"

    async def test_a_colleagues_status_in_the_moment_before_our_text_is_a_conflict(
        self, bench: Bench
    ) -> None:
        """Our note comes after it, so that the ticket does not say who it was: nobody is named."""

        def colleague(step: Step) -> None:
            if step.creates == "note":
                bench.psa.put("1", "status", Ref("18", "Waiting Customer"), by="asmith")

        bench.psa.before = colleague
        bench.psa.after = lambda step: bench.psa.change("1", updated_by="jdoe") if step.creates else None
        change = await bench.fix(reply="Fixed.", status="17")
        await bench.push()
        entry = bench.entry(change)
        assert entry.state == "conflict"
        assert "reaction_statuses" in (entry.hint or "")
        (field,) = msgspec.json.decode(entry.detail, type=ConflictDetail).fields
        assert (field.theirs, field.who) == (Ref("18", "Waiting Customer"), None)
        assert bench.psa.rows["1"].status == "Waiting Customer"
        bench.retry(change)
        await bench.push()
        assert (bench.state(change), bench.psa.rows["1"].status) == ("confirmed", "In Progress")
        assert texts(bench).count("Fixed.") == 1

    async def test_it_stops_visibly_at_the_step_that_fails(self, bench: Bench) -> None:
        def refuse(step: Step) -> None:
            if "status" in step.sets:
                raise Rejected("closing needs a type")

        bench.psa.before = refuse
        change = await bench.fix(note="Rebooted.", status="17")
        (outcome,) = await bench.push()
        assert (outcome.state, outcome.error) == ("rejected", "closing needs a type")
        assert [step.state for step in bench.entry(change).steps] == ["done", "waiting"]
        bench.psa.before = None
        bench.retry(change)
        await bench.push()
        assert (texts(bench), bench.psa.rows["1"].status) == (["Rebooted."], "In Progress")


async def test_the_baseline_is_in_the_journal_before_the_request_goes_out(bench: Bench) -> None:
    old = bench.psa.note("1", "old")
    seen: list[Any] = []

    def hook(step: Step) -> None:
        (pending,) = bench.entry(change).steps
        seen.append((bench.state(change), pending.state, pending.baseline))

    bench.psa.before = hook
    change = await bench.fix(note="new")
    await bench.push()
    assert seen == [("sending", "sending", f'{{"notes":["{old}"],"times":[]}}')]


class TestFresh:
    """What is compared must not be old when the request goes out."""

    async def test_after_slow_reads_it_is_compared_again(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The colleague was faster, although the first comparison did not see it."""
        monkeypatch.setattr(sender_step, "FRESH", -1.0)
        reads = 0
        fetch = bench.psa.fetch

        async def slow(ids: Any) -> Any:
            nonlocal reads
            answer = await fetch(ids)
            reads += 1
            if reads == 1:
                bench.psa.put("1", "billing_code", Ref("4", "On-site"))
            return answer

        monkeypatch.setattr(bench.psa, "fetch", slow)
        change = await bench.fix(billing_code="3")
        await bench.push()
        assert (bench.state(change), bench.psa.writes) == ("conflict", [])

    async def test_a_psa_that_is_always_slow_is_written_to_all_the_same(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sender_step, "FRESH", -1.0)
        before = bench.psa.requests
        change = await bench.fix(billing_code="3")
        await bench.push()
        assert bench.state(change) == "confirmed"
        assert bench.psa.requests - before <= 2 + sender_step.READ_AGAIN


class TestUpdateWithUnknownOutcome:
    async def test_it_has_its_time_before_it_is_compared_and_sent_again(self, bench: Bench) -> None:
        """A PATCH that arrives late must not come after the second one, nor after a colleague's change."""

        def lost(step: Step) -> None:
            bench.psa.before = None
            raise Unreachable("gone", sent=True)

        bench.psa.before = lost
        bench.on_sleep = lambda: bench.psa.put("1", "billing_code", Ref("3", "Remote Support"), by="jdoe")
        change = await bench.fix(billing_code="3")
        await bench.push()
        assert bench.slept == [bench.psa.capabilities.settling]
        assert bench.psa.writes == [], "it arrived while we waited"
        assert bench.state(change) == "confirmed"
        assert bench.entry(change).wrote
