"""From words to a prepared fix: names, the company fence, the guards, what is planned and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connectors.contract import Capabilities, Choice, ConnectorError, Ref, Step, Unreachable
from store.changes import same_value
from store.database import Databases
from store.fixes import FixRefused, Intent, Prepared, prepare
from store.outbox import NOT_SENT, submit
from store.settings import Settings
from tests.store.memory_psa import CONNECTION, Bench, psa_with_ticket

REMOTE = Ref("3", "Remote Support")


async def bench_with(databases: Databases, **fields: Any) -> Bench:
    bench = Bench(databases, psa_with_ticket(**fields))
    await bench.sync()
    return bench


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    return await bench_with(databases)


def sets(prepared: Prepared) -> dict[str, Any]:
    return {
        field: value for step in prepared.steps for field, value in step.sets.items() if not step.entry_id
    }


class TestNames:
    async def test_a_name_is_found_whatever_its_case_and_an_id_too(self, bench: Bench) -> None:
        for said in ("remote support", "REMOTE Support", "3"):
            assert (await bench.prepare(billing_code=said)).fix.fields["billing_code"] == REMOTE

    async def test_an_unknown_name_lists_the_candidates_and_leaves_inactive_ones_out(
        self, bench: Bench
    ) -> None:
        with pytest.raises(FixRefused, match='no billing code "Remot"') as refused:
            await bench.prepare(billing_code="Remot")
        assert refused.value.candidates == ("On-site (4)", "Remote Support (3)")

    async def test_an_ambiguous_name_lists_both(self, bench: Bench) -> None:
        with pytest.raises(FixRefused, match="more than one contact") as refused:
            await bench.prepare(set={"contact": "pat"})
        assert refused.value.candidates == ("Pat (78)", "Pat (79)")

    async def test_an_inactive_one_is_refused_by_name(self, bench: Bench) -> None:
        with pytest.raises(FixRefused, match=r"Old \(5\) is not active"):
            await bench.prepare(billing_code="old")

    async def test_a_contact_of_another_company_is_refused(self, bench: Bench) -> None:
        for said in ("Bo Chen", "90"):
            with pytest.raises(FixRefused, match="belongs to another company"):
                await bench.prepare(set={"contact": said})

    async def test_a_member_is_found_by_full_name(self, bench: Bench) -> None:
        assert (await bench.prepare(owner="a. smith")).fix.fields["owner"] == Ref("13", "asmith")

    async def test_offline_the_cached_choices_do(self, bench: Bench) -> None:
        await bench.prepare(billing_code="3")
        bench.psa.errors = {"choices:billing_code": Unreachable("offline", sent=False)}
        assert (await bench.prepare(billing_code="On-site")).fix.fields["billing_code"] == Ref("4", "On-site")
        with pytest.raises(FixRefused, match="no billing code"):
            await bench.prepare(billing_code="nonsense")

    async def test_choices_that_nobody_has_read_and_nobody_can_read_say_so(self, bench: Bench) -> None:
        bench.psa.errors = {"choices:priority": Unreachable("offline", sent=False)}
        with pytest.raises(ConnectorError, match="offline"):
            await bench.prepare(set={"priority": "High"})

    async def test_an_unknown_ticket_and_an_unknown_field_are_refused(self, bench: Bench) -> None:
        with pytest.raises(FixRefused, match='no ticket "99"'):
            await bench.prepare("99", note="x")
        with pytest.raises(FixRefused, match='no field "colour"'):
            await bench.prepare(set={"colour": "red"})


class TestBillingCode:
    async def test_the_empty_ticket_and_own_uncoded_unlocked_entries_are_one_fix(self, bench: Bench) -> None:
        psa = bench.psa
        mine = psa.entry("1", 0.5)
        psa.entry("1", 0.5, locked=True)
        psa.entry("1", 0.5, code=Ref("4", "On-site"))
        psa.entry("1", 0.5, member="asmith")
        await bench.sync()
        fix = (await bench.prepare(billing_code="3")).fix
        assert fix.fields == {"billing_code": REMOTE}
        assert fix.entries == {mine: REMOTE}
        assert fix.entries_was == {mine: None}

    async def test_a_ticket_that_has_a_code_keeps_it_while_an_entry_lacks_one(
        self, databases: Databases
    ) -> None:
        bench = await bench_with(databases, billing_code_id="4", billing_code="On-site")
        mine = bench.psa.entry("1", 0.5)
        await bench.sync()
        fix = (await bench.prepare(billing_code="3")).fix
        assert (fix.fields, set(fix.entries)) == ({}, {mine})

    async def test_where_nothing_lacks_a_code_the_tickets_own_is_replaced(self, databases: Databases) -> None:
        bench = await bench_with(databases, billing_code_id="4", billing_code="On-site")
        prepared = await bench.prepare(billing_code="3")
        assert [(line.field, line.was, line.becomes) for line in prepared.preview] == [
            ("billing_code", "On-site", "Remote Support")
        ]

    async def test_one_entry_can_be_named_and_a_locked_or_unknown_one_is_refused(self, bench: Bench) -> None:
        one = bench.psa.entry("1", 0.5)
        bench.psa.entry("1", 0.25)
        locked = bench.psa.entry("1", 1.0, locked=True)
        await bench.sync()
        fix = (await bench.prepare(billing_code="3", entry=one)).fix
        assert (fix.fields, fix.entries) == ({}, {one: REMOTE})
        with pytest.raises(FixRefused, match="invoiced or approved"):
            await bench.prepare(billing_code="3", entry=locked)
        with pytest.raises(FixRefused, match='no time entry "7"'):
            await bench.prepare(billing_code="3", entry="7")

    async def test_with_time_the_code_goes_on_the_new_entry_and_on_an_uncoded_ticket(
        self, bench: Bench
    ) -> None:
        bench.psa.entry("1", 0.5)
        await bench.sync()
        fix = (await bench.prepare(billing_code="3", time=0.25, note="looked at it")).fix
        assert fix.time is not None
        assert (fix.time.code, fix.time.hours, fix.time.text) == (REMOTE, 0.25, "looked at it")
        assert (fix.note, fix.entries, fix.fields) == (None, {}, {"billing_code": REMOTE})


class TestWords:
    async def test_a_reply_clears_the_flag_and_a_responded_status(self, databases: Databases) -> None:
        bench = await bench_with(databases, customer_flag=True, status_id="19", status="Customer Responded")
        bench.psa.customer("1", "still broken")
        await bench.sync()
        prepared = await bench.prepare(reply="Fixed.")
        assert sets(prepared) == {"customer_flag": False, "status": Ref("18", "Waiting Customer")}
        assert prepared.mails == ("ann@acme.test",)
        assert prepared.held

    async def test_an_answered_status_that_the_board_lacks_is_said_and_left(
        self, databases: Databases
    ) -> None:
        bench = await bench_with(databases, status_id="19", status="Customer Responded")
        bench.psa.customer("1", "still broken")
        connection = msgspec.structs.replace(CONNECTION, answered_status="Answered")
        bench.settings = Settings(connections={"acme": connection})
        await bench.sync()
        prepared = await bench.prepare(reply="Fixed.")
        assert "status" not in prepared.fix.fields
        assert 'no status "Answered"' in prepared.remarks[0]

    async def test_what_was_read_is_the_newest_customers_note_in_the_cache(self, bench: Bench) -> None:
        bench.psa.customer("1", "one")
        newest = bench.psa.customer("1", "two")
        bench.psa.note("1", "mine")
        await bench.sync()
        fix = (await bench.prepare(reply="x")).fix
        assert fix.read_up_to_id == newest
        assert fix.read_up_to == next(n.created_at for n in bench.psa.notes["1"] if n.note_id == newest)

    async def test_a_screen_says_itself_what_was_read(self, bench: Bench) -> None:
        bench.psa.customer("1", "one")
        await bench.sync()
        assert (await bench.prepare(read_up_to=None, reply="x")).fix.read_up_to is None

    async def test_a_seen_note_names_the_note_it_covers(self, bench: Bench) -> None:
        bench.psa.customer("1", "thanks!")
        await bench.sync()
        fix = (await bench.prepare(seen="thanks only")).fix
        assert fix.note is not None
        assert fix.note.startswith("Seen, no answer needed: thanks only (up to 20")
        assert fix.fields == {"customer_flag": False}

    async def test_seen_needs_something_that_waits_for_an_answer(self, bench: Bench) -> None:
        bench.psa.customer("1", "hello?")
        bench.psa.note("1", "Hello.")
        bench.psa.change("1", customer_flag=False)
        await bench.sync()
        with pytest.raises(FixRefused, match="no customer's note that waits"):
            await bench.prepare(seen="done")

    async def test_a_flag_alone_is_cleared_only_after_staffs_word(self, bench: Bench) -> None:
        bench.psa.customer("1", "hello?")
        await bench.sync()
        with pytest.raises(FixRefused, match="customer has the last word"):
            await bench.prepare(clear_flag=True)
        bench.psa.note("1", "Hello.")
        await bench.sync()
        assert (await bench.prepare(clear_flag=True)).fix.fields == {"customer_flag": False}

    async def test_an_internal_note_of_staff_is_no_answer(self, bench: Bench) -> None:
        bench.psa.customer("1", "hello?")
        bench.psa.note("1", "will look", public=False)
        await bench.sync()
        with pytest.raises(FixRefused, match="customer has the last word"):
            await bench.prepare(clear_flag=True)

    @pytest.mark.parametrize(
        ("intent", "words"),
        [
            ({"reply": "  "}, "--reply is empty"),
            ({"reply": "a", "seen": "b"}, "not both"),
            ({"seen": "a", "note": "b"}, "internal note itself"),
            ({"parent": "2", "no_parent": True}, "exclude each other"),
            ({"close": True, "status": "Completed"}, "not both"),
            ({"entry": "5"}, "give both"),
            ({"time": 0}, "more than 0"),
            ({"time": 24.5}, "at most 24"),
            ({"time": float("nan")}, "more than 0"),
            ({}, "Nothing to change"),
        ],
    )
    async def test_what_makes_no_sense_is_refused(
        self, bench: Bench, intent: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(FixRefused, match=words):
            await bench.prepare(**intent)


class TestFields:
    async def test_texts_times_and_custom_fields_are_set_and_emptied(self, bench: Bench) -> None:
        fix = (
            await bench.prepare(
                set={
                    "contact_phone": " 555 0102 ",
                    "due_at": "2026-11-20 14:30",
                    "custom:Asset": "PC-7",
                    "contact_email": "",
                }
            )
        ).fix
        assert fix.fields == {
            "contact_phone": "555 0102",
            "due_at": 1_795_185_000,
            "custom:Asset": "PC-7",
            "contact_email": None,
        }
        assert fix.was["contact_email"] == "ann@acme.test"

    async def test_a_time_that_is_none_is_refused(self, bench: Bench) -> None:
        with pytest.raises(FixRefused, match="is no time"):
            await bench.prepare(set={"due_at": "tomorrow"})

    async def test_what_the_api_does_not_offer_is_refused_with_the_reason(self, bench: Bench) -> None:
        can = bench.psa.capabilities
        bench.psa.capabilities = msgspec.structs.replace(
            can, writes=can.writes - {"detach"}, absent={"detach": "Do it in the PSA."}
        )
        bench.psa.put("1", "parent", Ref("2", "2"))
        await bench.sync()
        with pytest.raises(FixRefused, match="Memory PSA: detach is not offered") as refused:
            await bench.prepare(no_parent=True)
        assert refused.value.hint == "Do it in the PSA."


class TestParent:
    async def test_an_open_ticket_of_the_company_becomes_the_parent(self, bench: Bench) -> None:
        bench.psa.add("2", company_id="250", company="Acme", owner="asmith", owner_id="13")
        assert (await bench.prepare(parent="#2")).fix.fields == {"parent": Ref("2", "2")}

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ({"company_id": "251", "company": "Contoso"}, "belongs to Contoso"),
            ({"company_id": "250", "status": "Completed", "status_id": "20", "closed": True}, "is closed"),
        ],
    )
    async def test_another_company_or_a_closed_one_needs_a_reason(
        self, bench: Bench, other: dict[str, Any], words: str
    ) -> None:
        bench.psa.add("2", **other)
        await bench.sync()
        with pytest.raises(FixRefused, match=words):
            await bench.prepare(parent="2")
        assert (await bench.prepare(parent="2", because="same outage")).fix.fields["parent"] == Ref("2", "2")

    async def test_itself_its_child_and_an_unknown_one_are_refused(self, bench: Bench) -> None:
        bench.psa.add("2", company_id="250", parent_ids=("1",))
        await bench.sync()
        for said, words in (("1", "its own parent"), ("2", "a child of #1 already"), ("77", "no ticket #77")):
            with pytest.raises(FixRefused, match=words):
                await bench.prepare(parent=said)

    async def test_without_one_there_is_none_to_take_away(self, bench: Bench) -> None:
        with pytest.raises(FixRefused, match="has no parent"):
            await bench.prepare(no_parent=True)


class TestCloseGuard:
    async def test_all_that_is_missing_is_named_and_a_closed_status_has_the_same_guard(
        self, databases: Databases
    ) -> None:
        bench = await bench_with(databases, hours=None)
        bench.psa.add("2", parent_ids=("1",))
        bench.psa.customer("1", "hello?")
        await bench.sync()
        for intent in ({"close": True}, {"status": "completed"}):
            with pytest.raises(FixRefused) as refused:
                await bench.prepare(**intent)
            for words in ("a work type;", "time;", "a text", "an answer", r"#2"):
                assert words in str(refused.value)

    async def test_what_the_fix_brings_is_not_missing(self, databases: Databases) -> None:
        bench = await bench_with(databases, hours=None)
        bench.psa.customer("1", "hello?")
        await bench.sync()
        prepared = await bench.prepare(
            close=True, billing_code="3", time=0.25, note="Rebooted.", seen="by phone"
        )
        assert prepared.fix.fields["status"] == Ref("20", "Completed")
        assert prepared.remarks == ()

    async def test_a_reason_passes_the_guard_and_lives_in_the_psa_as_one_internal_note(
        self, bench: Bench
    ) -> None:
        bench.psa.customer("1", "hello?")
        await bench.sync()
        prepared = await bench.prepare(close=True, because="agreed by phone")
        assert prepared.because == "agreed by phone"
        notes = [step for step in prepared.steps if step.creates == "note"]
        assert [(note.public, note.mails) for note in notes] == [(False, ())]
        assert "an answer to the customer's last note, because: agreed by phone" in (notes[0].text or "")

    async def test_the_reason_joins_a_note_or_a_seen_note(self, bench: Bench) -> None:
        bench.psa.customer("1", "thanks")
        await bench.sync()
        note = (await bench.prepare(close=True, note="Rebooted.", because="no time")).fix.note or ""
        assert note.startswith("Rebooted.")
        assert note.endswith("because: no time")
        seen = (await bench.prepare(close=True, seen="thanks", because="no code yet")).fix.note or ""
        assert seen.startswith("Seen, no answer needed: thanks. Closed without")
        assert seen.endswith("Z)")

    async def test_own_uncoded_time_is_a_missing_code(self, databases: Databases) -> None:
        bench = await bench_with(databases, billing_code_id="3", billing_code="Remote Support")
        bench.psa.entry("1", 0.5, text="Rebooted.")
        await bench.sync()
        with pytest.raises(FixRefused, match="a work type on 1 of your time entries"):
            await bench.prepare(close=True)
        assert (await bench.prepare(close=True, billing_code="3")).fix.entries

    async def test_the_settings_name_which_closing_status_is_picked(self, bench: Bench) -> None:
        connection = msgspec.structs.replace(CONNECTION, closing_statuses=("Cancelled",))
        bench.settings = Settings(connections={"acme": connection})
        fix = (await bench.prepare(close=True, because="test")).fix
        assert fix.fields["status"] == Ref("21", "Cancelled")

    async def test_a_closed_ticket_is_not_closed_again_but_moves_without_guard(
        self, databases: Databases
    ) -> None:
        bench = await bench_with(
            databases, closed=True, status_id="20", status="Completed", closed_at=1_795_000_000
        )
        with pytest.raises(FixRefused, match="closed already"):
            await bench.prepare(close=True)
        assert (await bench.prepare(status="Cancelled")).fix.fields["status"] == Ref("21", "Cancelled")

    async def test_time_in_statuses_that_take_none_is_refused(self, databases: Databases) -> None:
        bench = await bench_with(databases, status_id="21", status="Cancelled")
        with pytest.raises(FixRefused, match='"Cancelled" takes no time'):
            await bench.prepare(time=0.5)
        first, second = (await bench.prepare(time=0.5, status="In Progress")).steps
        assert (list(first.sets), second.creates) == (["status"], "time")


async def test_a_read_only_connection_shows_everything_and_sends_nothing(bench: Bench) -> None:
    pilot = msgspec.structs.replace(CONNECTION, read_only=True)
    bench.settings = Settings(connections={"acme": pilot})
    prepared = await bench.prepare(billing_code="3")
    assert prepared.read_only
    assert prepared.steps[0].request == "PATCH /service/tickets/1"
    assert submit(bench.databases, bench.settings, pilot, prepared, now=bench.now()) == NOT_SENT
    with bench.databases.journal_reads.begin() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM change").scalar() == 0
    assert bench.shown().record.billing_code is None
    assert "billing_code" in bench.kinds()


async def test_a_psa_without_codes_on_tickets_codes_entries_alone(bench: Bench) -> None:
    can = bench.psa.capabilities
    bench.psa.capabilities = msgspec.structs.replace(
        can, code_on_ticket=False, writes=can.writes - {"billing_code"}
    )
    with pytest.raises(FixRefused, match="no time entry of yours that lacks"):
        await bench.prepare(billing_code="3")
    mine = bench.psa.entry("1", 0.5)
    await bench.sync()
    fix = (await bench.prepare(billing_code="3")).fix
    assert (fix.fields, set(fix.entries)) == ({}, {mine})


async def test_a_read_only_psa_refuses_every_verb(bench: Bench) -> None:
    bench.psa.capabilities = Capabilities(
        fields=bench.psa.capabilities.fields,
        flag=True,
        code_on_ticket=True,
        code_on_time=True,
        code_name="work type",
        writes=frozenset(),
        undoable=frozenset(),
    )
    for intent in (
        Intent(billing_code="3"),
        Intent(reply="x"),
        Intent(note="x"),
        Intent(owner="asmith"),
        Intent(status="20"),
        Intent(close=True),
        Intent(time=1.0),
        Intent(set={"contact_phone": "1"}),
        Intent(set={"custom:A": "1"}),
        Intent(parent="2"),
    ):
        with pytest.raises(FixRefused, match="not offered"):
            await prepare(
                bench.databases,
                bench.settings,
                bench.connection,
                bench.psa,
                intent,
                "1",
                now=bench.now(),
                choices=bench.choices,
            )


def test_values_are_compared_as_a_psa_would() -> None:
    assert same_value(None, "  ")
    assert same_value(Ref("3", "a"), Ref("3", "renamed"))
    assert same_value(Ref("", "Open"), Ref("", "open"))
    assert same_value(None, False)
    assert same_value("two  words", "two words")
    assert not same_value(Ref("3", "a"), Ref("4", "a"))
    assert not same_value(None, True)
    assert not same_value(None, 1)
    assert not same_value(Ref("3", "a"), None)


async def test_a_value_that_the_record_has_by_name_alone_can_be_put_back(databases: Databases) -> None:
    bench = await bench_with(databases, source="Phone")
    bench.psa.offered["source"] = (
        Choice(kind="source", id="1", name="Phone"),
        Choice(kind="source", id="2", name="Portal"),
    )
    prepared = await bench.prepare(set={"source": "portal"})
    assert (prepared.fix.fields, prepared.fix.was) == (
        {"source": Ref("2", "Portal")},
        {"source": Ref("1", "Phone")},
    )
    await bench.fix(set={"source": "portal"})
    await bench.push()
    bench.undo()
    await bench.push()
    assert bench.psa.rows["1"].source == "Phone"


async def test_where_the_psa_has_no_list_for_a_field_plain_text_is_taken(bench: Bench) -> None:
    bench.psa.plan = lambda fix, ticket: (  # type: ignore[method-assign]
        Step(action="set", ticket_id="1", request="PUT /1", sets=fix.fields, was=fix.was),
    )
    assert (await bench.prepare(set={"source": "Phone"})).fix.fields == {"source": "Phone"}
