"""What the screen shows from the moment a fix is decided, and until when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from connectors.contract import Ref, Rejected, Step
from store.database import Databases
from store.outbox import lay
from store.overlay import rebuild_overlay, settle
from store.views import views
from tests.store.memory_psa import Bench, psa_with_ticket


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    await bench.sync()
    return bench


def view(bench: Bench) -> dict[str, Any]:
    """Everything that the views show."""
    return {name: sorted(map(repr, bench.rows(f"SELECT * FROM {name}"))) for name in views()}


def laid(bench: Bench) -> int:
    tables = ("ticket_overlay", "note_overlay", "time_overlay", "parent_overlay", "custom_overlay")
    return sum(bench.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables)


class TestShownAtOnce:
    async def test_a_code_leaves_its_pane(self, bench: Bench) -> None:
        bench.psa.entry("1", 0.5)
        await bench.sync()
        assert "billing_code" in bench.kinds()
        await bench.fix(billing_code="3")
        assert "billing_code" not in bench.kinds()
        assert [row.billing_code for row in bench.rows("SELECT billing_code FROM v_time")] == [
            "Remote Support"
        ]
        assert [row.billing_code for row in bench.rows("SELECT billing_code FROM time_entry")] == [None]

    async def test_a_reply_and_a_seen_note_leave_theirs(self, bench: Bench) -> None:
        for intent in ({"reply": "Fixed."}, {"seen": "thanks"}):
            bench.psa.customer("1", "hello?")
            await bench.sync()
            assert "customer_responded" in bench.kinds()
            change = await bench.fix(**intent)
            assert "customer_responded" not in bench.kinds()
            bench.undo(change)
            assert "customer_responded" in bench.kinds()

    async def test_a_note_that_comes_after_the_reply_was_decided_brings_it_back(self, bench: Bench) -> None:
        bench.psa.customer("1", "hello?")
        await bench.sync()
        await bench.fix(reply="Fixed.", hold=True)
        # The server's clock is behind ours: by its time the new note is older than our reply.
        newer = bench.psa.customer("1", "wait")
        notes = bench.psa.notes["1"]
        bench.psa.notes["1"] = [
            n if n.note_id != newer else type(n)(**{**as_dict(n), "created_at": notes[0].created_at + 1})
            for n in notes
        ]
        await bench.sync()
        assert "customer_responded" in bench.kinds()

    async def test_a_reply_counts_even_where_our_clock_is_behind(self, bench: Bench) -> None:
        bench.psa.customer("1", "hello?")
        await bench.sync()
        bench.psa.clock -= 3600
        await bench.fix(reply="Fixed.", hold=True)
        assert "customer_responded" not in bench.kinds()

    async def test_a_closing_status_closes_and_time_adds_up(self, bench: Bench) -> None:
        await bench.fix(close=True, time=0.5, note="Rebooted.", billing_code="3")
        shown = bench.shown()
        assert (shown.closed, shown.record.status, shown.record.hours) == (True, "Completed", 1.5)
        assert shown.record.closed_at == bench.now()
        (entry,) = bench.rows("SELECT hours, billing_code, member, text FROM v_time")
        assert tuple(entry) == (0.5, "Remote Support", "jdoe", "Rebooted.")

    async def test_a_parent_is_shown_and_taken_away(self, bench: Bench) -> None:
        bench.psa.add("2", company_id="250", status="Completed", closed=True, status_id="20")
        bench.psa.put("1", "parent", Ref("2", "2"))
        await bench.sync()
        assert "orphaned" in bench.kinds()
        await bench.fix(no_parent=True)
        assert bench.shown().record.parent_ids == ()
        assert "orphaned" not in bench.kinds()

    async def test_closing_a_parent_shows_its_orphans(self, bench: Bench) -> None:
        bench.psa.add("2", parent_ids=("1",), status="Child Ticket")
        await bench.sync()
        assert "orphaned" not in bench.kinds("2")
        await bench.fix(close=True, because="test")
        assert "orphaned" in bench.kinds("2")

    async def test_given_to_a_colleague_it_leaves_the_queue(self, bench: Bench) -> None:
        await bench.fix(owner="asmith")
        assert not bench.shown().in_scope
        assert bench.kinds() == set()

    async def test_custom_fields_and_the_others_beside_them_are_shown(self, bench: Bench) -> None:
        bench.psa.change("1", custom={"Asset": "PC-1", "Site": "B"})
        await bench.sync()
        await bench.fix(set={"custom:asset": "PC-7"})
        assert bench.shown().record.custom == {"Asset": "PC-7", "Site": "B"}

    async def test_several_changes_lie_over_each_other_in_order(self, bench: Bench) -> None:
        await bench.fix(status="17")
        last = await bench.fix(status="18")
        assert bench.shown().record.status == "Waiting Customer"
        bench.undo(last)
        assert bench.shown().record.status == "In Progress"


class TestUntil:
    async def test_a_confirmed_change_stays_until_it_was_read(self, bench: Bench) -> None:
        before = bench.now()
        await bench.fix(billing_code="3")
        await bench.push()
        assert laid(bench)
        assert bench.shown().record.billing_code == "Remote Support"
        # A read that began before the confirmation is stored late: the overlay stays.
        assert bench.rows("SELECT read_at FROM ticket")[0].read_at <= before
        assert settle(bench.databases, "acme", bench.now()) == set()
        assert bench.shown().record.billing_code == "Remote Support"
        await bench.sync()
        assert laid(bench) == 0
        assert bench.shown().record.billing_code == "Remote Support"

    async def test_the_sender_reads_it_again_at_once(self, bench: Bench) -> None:
        await bench.fix(billing_code="3", note="x", time=0.5)
        await bench.push(refresh=True)
        assert laid(bench) == 0
        assert bench.shown().record.billing_code == "Remote Support"
        assert bench.rows("SELECT count(*) FROM v_time")[0][0] == 1

    async def test_a_note_is_never_shown_twice(self, bench: Bench) -> None:
        await bench.fix(note="once", time=None)
        await bench.push()
        bench.psa.tick()
        await bench.refresh("acme", "1")
        rebuild_overlay(bench.databases, "acme")
        assert [row.text for row in bench.rows("SELECT text FROM v_note")] == ["once"]

    async def test_a_refused_or_conflicting_change_is_not_shown(self, bench: Bench) -> None:
        def refuse(_: Step) -> None:
            raise Rejected("no")

        bench.psa.before = refuse
        await bench.fix(billing_code="3")
        await bench.push()
        assert laid(bench) == 0
        assert "billing_code" in bench.kinds()

    async def test_a_pull_in_between_does_not_undo_what_is_shown(self, bench: Bench) -> None:
        await bench.fix(billing_code="3")
        bench.psa.put("1", "summary", "New words")
        await bench.sync()
        lay(bench.databases, bench.settings, "acme", ["1"], bench.now())
        record = bench.shown().record
        assert (record.billing_code, record.summary) == ("Remote Support", "New words")

    async def test_a_ticket_that_is_gone_settles(self, bench: Bench) -> None:
        change = await bench.fix(billing_code="3")
        await bench.push()
        bench.psa.delete("1")
        await bench.sync()
        assert bench.entry(change).settled_at is not None
        assert laid(bench) == 0


async def test_the_overlay_can_be_made_again_from_the_outbox_alone(bench: Bench) -> None:
    bench.psa.add("2", company_id="250")
    bench.psa.customer("1", "hello?")
    await bench.sync()
    await bench.fix(reply="Fixed.", time=0.5, status="17", hold=True)
    await bench.fix(parent="2", billing_code="3", set={"custom:Asset": "PC-7"})
    shown = view(bench)
    for table in ("ticket_overlay", "note_overlay", "time_overlay", "parent_overlay", "custom_overlay"):
        with bench.databases.cache.begin() as db:
            db.exec_driver_sql(f"DELETE FROM {table}")
    assert view(bench) != shown
    assert rebuild_overlay(bench.databases, "acme") == {"1"}
    assert view(bench) == shown


async def test_all_taken_back_shows_exactly_what_was(bench: Bench) -> None:
    bench.psa.customer("1", "hello?")
    await bench.sync()
    shown = view(bench)
    changes = [
        await bench.fix(reply="Fixed.", hold=True),
        await bench.fix(billing_code="3"),
        await bench.fix(time=0.5),
        await bench.fix(owner="asmith"),
    ]
    for change in reversed(changes):
        bench.undo(change)
    assert view(bench) == shown
    assert laid(bench) == 0


def as_dict(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


_ACTS: list[dict[str, Any]] = [
    {"billing_code": "3"},
    {"billing_code": "4"},
    {"status": "17"},
    {"status": "18"},
    {"owner": "asmith"},
    {"note": "a note"},
    {"time": 0.25, "note": "worked"},
    {"set": {"contact_phone": "1"}},
]


class TestWhatIsShownIsWhatArrives:
    @given(acts=st.lists(st.sampled_from(_ACTS), min_size=1, max_size=4))
    @budget(max_examples=15, deadline=None)
    async def test_for_any_fixes_in_any_order(
        self, acts: list[dict[str, Any]], tmp_path_factory: Any
    ) -> None:
        from store.home import Home

        with Databases.open(Home.at(tmp_path_factory.mktemp("home"))) as databases:
            bench = Bench(databases, psa_with_ticket())
            await bench.sync()
            for act in acts:
                await bench.fix(**act)
            promised = bench.shown().record
            await bench.push(refresh=True)
            row = bench.psa.rows["1"]
            for field in ("billing_code", "status", "owner", "contact_phone", "hours", "closed"):
                assert getattr(row, field) == getattr(promised, field)
            assert laid(bench) == 0
