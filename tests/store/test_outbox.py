"""The outbox: states, order, compare before and after, back-off, refusals, the one sender."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from connectors.contract import (
    Forbidden,
    Ref,
    Rejected,
    Step,
    Throttled,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from store.changes import OutboxRefused, new_change_id
from store.database import Databases
from store.outbox import submit
from store.sender import only_sender, push
from store.settings import Settings
from tests.store.memory_psa import CONNECTION, SETTINGS, Bench, psa_with_ticket

REMOTE = Ref("3", "Remote Support")


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.add("2", company_id="250", company="Acme", hours=1.0)
    await bench.sync()
    return bench


def written(bench: Bench) -> list[str]:
    """What the PSA carried out, each step as its fields or its text."""
    return [step.text or ",".join(step.sets) for step in bench.psa.writes]


def failing(bench: Bench, error: Exception, *, once: bool = True, after: bool = False) -> None:
    """The next write (or every one) ends so, before or after the server carried it out."""

    def hook(_: Step) -> None:
        if once:
            bench.psa.before = bench.psa.after = None
        raise error

    if after:
        bench.psa.after = hook
    else:
        bench.psa.before = hook


class TestStates:
    async def test_a_fix_is_queued_sent_and_confirmed(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        assert bench.state(change) == "queued"
        (outcome,) = await bench.push()
        assert (outcome.change, outcome.state, outcome.wrote) == (change, "confirmed", True)
        assert bench.psa.rows["1"].billing_code == "Remote Support"
        entry = bench.entry(change)
        assert entry.confirmed_at is not None
        assert [step.state for step in entry.steps] == ["done"]

    async def test_what_cannot_be_undone_is_held_and_goes_when_due(self, bench: Bench) -> None:
        change = await bench.fix(note="careful", hold=True)
        assert bench.state(change) == "held"
        bench.psa.tick(SETTINGS.hold - 1)
        assert await bench.push(force=True) == []
        bench.psa.tick(1)
        assert [outcome.state for outcome in await bench.push()] == ["confirmed"]

    async def test_what_is_held_can_be_let_go_at_once(self, bench: Bench) -> None:
        change = await bench.fix(note="careful", hold=True)
        assert bench.release(change) == change
        assert bench.state(change) == "queued"
        with pytest.raises(OutboxRefused, match="is queued, not held"):
            bench.release(change)
        assert [outcome.state for outcome in await bench.push()] == ["confirmed"]
        assert written(bench) == ["careful"]
        with pytest.raises(OutboxRefused, match="is confirmed, not held"):
            bench.release(change)

    async def test_what_was_taken_back_is_not_let_go(self, bench: Bench) -> None:
        change = await bench.fix(note="careful", hold=True)
        bench.undo(change)
        with pytest.raises(OutboxRefused, match="is undone, not held"):
            bench.release(change)
        assert await bench.push(force=True) == []
        assert written(bench) == []

    async def test_what_is_let_go_is_compared_as_before(self, bench: Bench) -> None:
        change = await bench.fix(reply="careful", hold=True)
        bench.psa.customer("1", "Wait!")
        bench.release(change)
        assert [outcome.state for outcome in await bench.push()] == ["conflict"]
        assert written(bench) == []

    async def test_what_can_be_undone_is_not_held(self, bench: Bench) -> None:
        assert bench.state(await bench.fix(billing_code="3", hold=True)) == "queued"

    async def test_the_same_fix_submitted_twice_is_one(self, bench: Bench) -> None:
        prepared = await bench.prepare(note="once")
        changes = [
            submit(
                bench.databases, bench.settings, bench.connection, prepared, now=bench.now(), immediately=True
            )
            for _ in range(2)
        ]
        assert changes[0] == changes[1]
        await bench.push()
        assert written(bench) == ["once"]

    async def test_what_the_psa_already_has_is_confirmed_without_writing(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "billing_code", REMOTE)
        (outcome,) = await bench.push()
        assert (outcome.state, outcome.wrote, bench.psa.writes) == ("confirmed", False, [])
        with pytest.raises(OutboxRefused, match="wrote nothing"):
            bench.undo(change)

    async def test_two_identical_notes_are_two(self, bench: Bench) -> None:
        await bench.fix(note="same")
        await bench.fix(note="same")
        await bench.push()
        assert written(bench) == ["same", "same"]

    async def test_an_answer_without_effect_is_a_refusal(self, bench: Bench) -> None:
        bench.psa.deaf = True
        change = await bench.fix(billing_code="3")
        (outcome,) = await bench.push()
        assert outcome.state == "rejected"
        assert 'billing code is "" and not "Remote Support"' in (outcome.error or "")
        bench.psa.deaf = False
        bench.retry(change)
        assert [one.state for one in await bench.push()] == ["confirmed"]

    async def test_a_refusal_keeps_the_psas_words(self, bench: Bench) -> None:
        failing(bench, Rejected("ticket object is invalid: type is required", hint="Set a type."))
        change = await bench.fix(billing_code="3")
        (outcome,) = await bench.push()
        assert (outcome.state, outcome.error, outcome.hint) == (
            "rejected",
            "ticket object is invalid: type is required",
            "Set a type.",
        )
        assert bench.state(change) == "rejected"
        assert bench.shown().record.billing_code is None

    async def test_a_deleted_ticket_refuses(self, bench: Bench) -> None:
        await bench.fix(billing_code="3")
        bench.psa.merge("1", "2")
        (outcome,) = await bench.push()
        assert outcome.state == "rejected"
        assert "merged into #2" in (outcome.error or "")


class TestOrder:
    async def test_changes_of_one_ticket_go_in_order(self, bench: Bench) -> None:
        for name in ("17", "18", "16"):
            await bench.fix(status=name)
        await bench.push()
        assert [step.sets["status"] for step in bench.psa.writes] == [
            Ref("17", "In Progress"),
            Ref("18", "Waiting Customer"),
            Ref("16", "New"),
        ]

    async def test_one_that_waits_holds_later_ones_of_its_ticket_and_no_others(self, bench: Bench) -> None:
        first = await bench.fix(note="first", hold=True)
        later = await bench.fix(billing_code="3")
        other = await bench.fix("2", billing_code="3")
        assert [outcome.change for outcome in await bench.push()] == [other]
        bench.psa.tick(SETTINGS.hold)
        assert [outcome.change for outcome in await bench.push()] == [first, later]

    async def test_a_refused_one_holds_nothing_up(self, bench: Bench) -> None:
        failing(bench, Rejected("no"))
        await bench.fix(note="first")
        later = await bench.fix(billing_code="3")
        await bench.push()
        assert bench.state(later) == "confirmed"

    async def test_a_conflict_holds_later_ones_until_decided(self, bench: Bench) -> None:
        first = await bench.fix(status="17")
        later = await bench.fix(status="18")
        bench.psa.put("1", "status", Ref("19", "Customer Responded"))
        await bench.push()
        assert (bench.state(first), bench.state(later)) == ("conflict", "queued")
        assert await bench.push(force=True) == []
        bench.drop(first)
        await bench.push()
        # What was decided on the dropped one's value meets what the colleague set.
        assert bench.state(later) == "conflict"

    async def test_a_withdrawn_one_is_no_conflict_for_what_was_decided_after_it(self, bench: Bench) -> None:
        first = await bench.fix(status="17")
        later = await bench.fix(status="18")
        bench.undo(first)
        await bench.push()
        assert bench.state(later) == "confirmed"
        assert bench.psa.rows["1"].status == "Waiting Customer"

    async def test_what_is_handed_over_while_sending_goes_too(self, bench: Bench) -> None:
        prepared = await bench.prepare("2", billing_code="3")

        def hand_over(_: Step) -> None:
            bench.psa.before = None
            submit(bench.databases, bench.settings, bench.connection, prepared, now=bench.now())

        bench.psa.before = hand_over
        await bench.fix(billing_code="3")
        assert [outcome.ticket_id for outcome in await bench.push()] == ["1", "2"]


class TestWaiting:
    async def test_without_network_it_stays_queued_and_backs_off(self, bench: Bench) -> None:
        bench.psa.errors = {"fetch": Unreachable("no route", sent=False)}
        change = await bench.fix(billing_code="3")
        waits = []
        for _ in range(3):
            (outcome,) = await bench.push(force=True)
            assert (outcome.state, outcome.error_kind, outcome.error) == ("queued", "unreachable", "no route")
            waits.append((bench.entry(change).next_try_at or 0) - bench.now())
        assert waits == [5, 10, 20]
        bench.psa.errors = {}
        assert await bench.push() == []
        bench.psa.tick(20)
        assert [outcome.state for outcome in await bench.push()] == ["confirmed"]

    async def test_a_sync_asked_for_by_a_person_ignores_the_back_off(self, bench: Bench) -> None:
        bench.psa.errors = {"fetch": Unreachable("no route", sent=False)}
        await bench.fix(billing_code="3")
        await bench.push()
        bench.psa.errors = {}
        assert [outcome.state for outcome in await bench.push(force=True)] == ["confirmed"]

    async def test_retry_after_wins_for_the_whole_connection(self, bench: Bench) -> None:
        failing(bench, Throttled("slow down", retry_after=90.0), once=False)
        one, two = await bench.fix(billing_code="3"), await bench.fix("2", note="x")
        await bench.push()
        bench.psa.before = None
        for change in (one, two):
            entry = bench.entry(change)
            assert entry.state == "queued"
            assert (entry.next_try_at or 0) >= bench.now() + 80
        bench.psa.tick(91)
        await bench.push()
        assert bench.state(one) == bench.state(two) == "confirmed"
        assert sorted(written(bench)) == ["billing_code", "x"]

    @pytest.mark.parametrize("error", [Unauthorized("keys refused"), Forbidden("not for you")])
    async def test_a_refused_login_stops_the_connection_and_says_so(
        self, bench: Bench, error: Exception
    ) -> None:
        bench.psa.errors = {"fetch": error}  # type: ignore[dict-item]
        for ticket in ("1", "2"):
            await bench.fix(ticket, billing_code="3")
        outcomes = await bench.push()
        assert [(one.state, one.error) for one in outcomes] == [("queued", str(error))] * 2

    async def test_a_write_that_we_may_not_do_is_refused_and_others_go_on(self, bench: Bench) -> None:
        failing(bench, Forbidden("no right to write time"))
        first, other = await bench.fix(time=1.0), await bench.fix("2", billing_code="3")
        await bench.push()
        assert sorted((bench.state(first), bench.state(other))) == ["confirmed", "rejected"]

    async def test_a_ticket_that_changes_all_the_time_is_left_after_some_tries(self, bench: Bench) -> None:
        psa = bench.psa
        psa.capabilities = msgspec.structs.replace(psa.capabilities, conditional_write=True)
        psa.change("1")
        change = await bench.fix(billing_code="3")
        psa.before = lambda _: psa.change("1")
        (outcome,) = await bench.push()
        assert (outcome.state, psa.asked["apply"]) == ("queued", 5)
        psa.before = None
        await bench.push(force=True)
        assert (bench.state(change), len(psa.writes)) == ("confirmed", 1)


class TestOneSender:
    async def test_another_sender_is_waited_for_or_left_alone(self, bench: Bench) -> None:
        change = await bench.fix(note="x")
        async with only_sender(bench.databases.home, 0.0) as alone:
            assert alone
            assert await bench.push() == []
            assert bench.state(change) == "queued"
            waiting = asyncio.create_task(
                push(
                    bench.databases,
                    bench.settings,
                    {"acme": bench.psa},
                    bench.databases.home,
                    now=bench.now,
                    wait=20.0,
                )
            )
            await asyncio.sleep(0.2)
            assert not waiting.done()
        assert [outcome.state for outcome in await waiting] == ["confirmed"]

    async def test_two_pushes_at_once_send_once(self, bench: Bench) -> None:
        await bench.fix(note="x")
        await asyncio.gather(bench.push(), bench.push())
        assert written(bench) == ["x"]


class TestDecide:
    async def test_a_change_being_sent_is_neither_undone_nor_dropped(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        said = []

        def meddle(_: Step) -> None:
            for act in (bench.undo, bench.drop):
                with pytest.raises(OutboxRefused, match="being sent") as refused:
                    act(change)
                said.append(str(refused.value))

        bench.psa.before = meddle
        await bench.push()
        assert len(said) == 2
        assert bench.state(change) == "confirmed"

    async def test_a_change_withdrawn_between_reading_and_sending_is_not_sent(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        fetch = bench.psa.fetch

        async def fetch_and_undo(ids: Any) -> Any:
            answer = await fetch(ids)
            bench.psa.fetch = fetch  # type: ignore[method-assign]
            bench.undo(change)
            return answer

        bench.psa.fetch = fetch_and_undo  # type: ignore[method-assign]
        (outcome,) = await bench.push()
        assert (outcome.state, bench.psa.writes) == ("undone", [])

    async def test_dropped_is_never_sent(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        bench.drop(change)
        assert await bench.push(force=True) == []
        assert bench.state(change) == "dropped"
        with pytest.raises(OutboxRefused, match="is dropped"):
            bench.drop(change)
        with pytest.raises(OutboxRefused, match="nothing to retry"):
            bench.retry(change)

    async def test_a_change_is_named_by_its_beginning_and_an_unknown_one_refused(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        assert bench.entry(change[:10].upper()).change == change
        with pytest.raises(OutboxRefused, match='no change "zzzz"'):
            bench.entry("zzzz")


async def test_a_connection_turned_read_only_sends_nothing_that_waits(bench: Bench) -> None:
    change = await bench.fix(billing_code="3")
    bench.settings = Settings(connections={"acme": msgspec.structs.replace(CONNECTION, read_only=True)})
    assert await bench.push(force=True) == []
    assert bench.state(change) == "queued"


async def test_a_bug_in_one_ticket_does_not_hold_up_another(bench: Bench) -> None:
    def hook(step: Step) -> None:
        if step.ticket_id == "1":
            raise ZeroDivisionError

    bench.psa.before = hook
    one, two = await bench.fix(billing_code="3"), await bench.fix("2", billing_code="3")
    with pytest.raises(ZeroDivisionError):
        await bench.push()
    assert (bench.state(one), bench.state(two)) == ("sending", "confirmed")
    bench.psa.before = None
    await bench.push()
    assert bench.state(one) == "confirmed"


async def test_a_server_that_never_answers_is_left_alone_after_some_tickets(bench: Bench) -> None:
    for ticket in range(3, 20):
        bench.psa.add(str(ticket), hours=1.0)
    await bench.sync()
    for ticket in range(3, 20):
        await bench.fix(str(ticket), billing_code="3")
    bench.psa.errors = {"fetch": Unreachable("timed out", sent=True)}
    asked = bench.psa.asked["fetch"]
    outcomes = await bench.push()
    assert len(outcomes) == 17
    assert bench.psa.asked["fetch"] - asked < 8


async def test_an_unreadable_answer_to_a_read_waits(bench: Bench) -> None:
    bench.psa.errors = {"fetch": Unreadable("HTML instead of JSON")}
    change = await bench.fix(billing_code="3")
    (outcome,) = await bench.push()
    assert (outcome.state, outcome.error) == ("queued", "HTML instead of JSON")
    assert bench.entry(change).steps[0].state == "waiting"


def test_change_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [new_change_id(1_795_000_000 + second) for second in range(200)]
    assert ids == sorted(ids)
    assert len({new_change_id(1_795_000_000) for _ in range(2000)}) == 2000
    assert all(len(one) == 12 for one in ids)


async def test_the_journal_keeps_the_record_of_every_step(bench: Bench) -> None:
    change = await bench.fix(note="hello", billing_code="3")
    await bench.push()
    with bench.databases.journal_reads.begin() as db:
        rows = db.execute(
            text("SELECT state, attempts, created_id, baseline FROM step WHERE change = :c"), {"c": change}
        )
        steps = rows.all()
    assert [(row.state, row.attempts) for row in steps] == [("done", 1)] * 2
    assert steps[1].created_id == bench.psa.notes["1"][-1].note_id
