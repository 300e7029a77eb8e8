"""Which conversations, time entries and lists of values a round reads, and what it makes of them."""

from __future__ import annotations

import pytest

from connectors.contract import Choice, ChoiceContext, Forbidden, NotThere, Unreachable
from store.choices import load_choices
from store.conversations import TIME_AGE
from store.seen import seen_text
from tests.store.fake_psa import FakePsa
from tests.store.sync_bench import Bench

DAY = 86400


@pytest.fixture
def silent(bench: Bench) -> Bench:
    """A PSA that does not say when a note arrives."""
    bench.psa = FakePsa(note_moves_ticket=None)
    return bench


def notes(bench: Bench) -> list[tuple[object, ...]]:
    return bench.rows("SELECT text, speaker FROM v_note ORDER BY ticket_id, order_at, order_rank, note_sort")


async def test_a_conversation_is_read_once_and_when_its_ticket_moved(bench: Bench) -> None:
    bench.psa.add("1")
    bench.psa.add("2")
    bench.psa.say("1", "help")
    await bench.good()
    assert sorted(bench.psa.conversations_read) == ["1", "2"]
    await bench.good()
    assert bench.psa.conversations_read == []
    bench.psa.say("2", "me too")
    report = await bench.good()
    assert bench.psa.conversations_read == ["2"]
    assert report.conversations == 1
    assert notes(bench) == [("help", "customer"), ("me too", "customer")]


async def test_a_ticket_that_moved_as_it_was_read_is_read_once_more(bench: Bench) -> None:
    bench.psa.add("1")
    await bench.good()
    bench.psa.tick(178)
    bench.psa.add("2")  # a second before the next round reads it
    bench.psa.clock -= 179
    await bench.good()
    bench.psa.conversations_read.clear()
    await bench.good()
    assert bench.psa.conversations_read == ["2"]
    await bench.good()
    assert bench.psa.conversations_read == []


async def test_check_reads_every_conversation_where_the_ticket_does_not_tell(silent: Bench) -> None:
    silent.psa.add("1")
    silent.psa.add("2", closed=True, closed_at=silent.psa.clock)
    silent.psa.add("3", closed=True, closed_at=silent.psa.clock - 20 * DAY, updated_at=1)
    await silent.good()
    assert sorted(silent.psa.conversations_read) == ["1", "2"]
    silent.psa.say("2", "still broken")
    await silent.good()
    assert silent.psa.conversations_read == []
    await silent.good(check=True)
    assert sorted(silent.psa.conversations_read) == ["1", "2"]
    assert notes(silent) == [("still broken", "customer")]


async def test_check_reads_nothing_more_where_the_ticket_tells(bench: Bench) -> None:
    bench.psa.add("1")
    await bench.good()
    await bench.good(check=True)
    assert bench.psa.conversations_read == []


async def test_check_in_a_wide_scope_reads_what_moved_only(silent: Bench) -> None:
    silent.scope("board", "Help Desk")
    silent.psa.add("1")
    await silent.good()
    await silent.good(check=True)
    assert silent.psa.conversations_read == []


async def test_a_conversation_that_cannot_be_read_keeps_the_answer_open(bench: Bench) -> None:
    bench.psa.add("1")
    bench.psa.add("2")
    bench.psa.errors["conversation"] = Forbidden("jdoe may not read notes.")
    report = await bench.good()
    assert report.conversations == 0
    assert "may not read notes.) could not be read, nor that of 1 more." in report.why[0]
    del bench.psa.errors["conversation"]
    report = await bench.good()
    assert (report.conversations, report.why) == (2, ())


async def test_an_unreachable_psa_ends_the_reading_of_conversations(bench: Bench) -> None:
    for number in range(30):
        bench.psa.add(str(number))
    bench.psa.errors["conversation"] = Unreachable("No answer.", sent=True)
    assert (await bench.sync()).error_kind == "unreachable"
    assert bench.psa.asked["conversation"] <= 6


async def test_a_note_that_went_away_at_the_psa_goes_here_too(bench: Bench) -> None:
    bench.psa.add("1")
    bench.psa.say("1", "first")
    bench.psa.say("1", "second")
    await bench.good()
    bench.psa.notes["1"] = bench.psa.notes["1"][:1]
    bench.psa.change("1")
    await bench.good()
    assert notes(bench) == [("first", "customer")]


async def test_automatic_replies_are_the_systems(bench: Bench) -> None:
    bench.psa.add("1")
    bench.psa.say("1", "Automatic reply: on holiday\nback on Monday")
    bench.psa.say("1", "From: ann@acme.test\nSubject: OUT OF OFFICE\n\nI am away")
    bench.psa.say("1", "It says: Automatic reply")
    await bench.good()
    assert [speaker for _, speaker in notes(bench)] == ["system", "system", "customer"]
    bench.set(auto_reply=("^It says",))
    await bench.good()
    assert bench.psa.conversations_read == []
    assert [speaker for _, speaker in notes(bench)] == ["customer", "customer", "system"]


async def test_a_seen_note_stands_after_the_note_that_it_covers(bench: Bench) -> None:
    bench.psa.add("1")
    bench.psa.say("1", "thanks")
    covered = bench.psa.clock
    bench.psa.say("1", "one more thing")
    bench.psa.say("1", seen_text("only thanks", covered), speaker="staff", public=False)
    await bench.good()
    assert [text for text, _ in notes(bench)] == [
        "thanks",
        seen_text("only thanks", covered),
        "one more thing",
    ]
    assert bench.rows("SELECT seen, seen_up_to FROM note WHERE seen") == [(1, covered)]


async def test_only_staff_can_mark_as_seen_and_only_internally(bench: Bench) -> None:
    bench.psa.add("1")
    bench.psa.say("1", seen_text("ha", None), speaker="customer", public=False)
    bench.psa.say("1", seen_text("ha", None), speaker="staff", public=True)
    await bench.good()
    assert bench.rows("SELECT count(*) FROM note WHERE seen") == [(0,)]


# ---------------------------------------------------------------- time


async def test_time_entries_are_read_together_and_again_when_the_ticket_moved(bench: Bench) -> None:
    for number in range(1, 8):
        bench.psa.add(str(number))
    bench.psa.log_time("2", 1.0)
    await bench.good()
    assert bench.psa.asked["time_entries"] == 1
    await bench.good()
    assert bench.psa.asked["time_entries"] == 0
    bench.psa.log_time("2", 0.25, code="Remote")
    bench.psa.time["2"].pop(0)
    await bench.good()
    assert bench.rows("SELECT ticket_id, hours, billing_code FROM time_entry") == [("2", 0.25, "Remote")]


async def test_time_is_read_again_after_a_while_where_the_ticket_does_not_tell(silent: Bench) -> None:
    silent.psa.add("1")
    await silent.good()
    silent.psa.log_time("1", 2.0)
    await silent.good()
    assert silent.rows("SELECT hours FROM time_entry") == []
    silent.psa.tick(TIME_AGE)
    await silent.good()
    assert silent.rows("SELECT hours FROM time_entry") == [(2.0,)]


# ---------------------------------------------------------------- choices


async def test_lists_for_pickers_are_kept_for_a_day_and_agreements_read_every_round(bench: Bench) -> None:
    bench.psa.add("1", agreement_id="5", agreement="Gold", company_id="250")
    bench.psa.offered = {
        "billing_code": (Choice(kind="billing_code", id="3", name="Regular"),),
        "status": (Choice(kind="status", id="16", name="New", board_id="1"),),
        "agreement": (Choice(kind="agreement", id="5", name="Gold", company_id="250", ends_on="2026-10-31"),),
    }
    await bench.good()
    assert bench.rows("SELECT kind, id, board_id, company_id, ends_on FROM choice ORDER BY kind") == [
        ("agreement", "5", "", "250", "2026-10-31"),
        ("billing_code", "3", "", "", None),
        ("status", "16", "1", "", None),
    ]
    await bench.good()
    assert {verb for verb in bench.psa.asked if "choices" in verb} == {"choices:agreement"}
    bench.psa.tick(DAY)
    bench.psa.offered["billing_code"] = (Choice(kind="billing_code", id="4", name="Remote"),)
    await bench.good()
    assert bench.rows("SELECT id, active FROM choice WHERE kind = 'billing_code' ORDER BY id") == [
        ("3", 0),
        ("4", 1),
    ]


async def test_a_list_that_may_not_be_read_is_a_remark_and_not_a_failure(bench: Bench) -> None:
    bench.psa.add("1", agreement_id="5")
    bench.psa.errors["choices:owner"] = Forbidden("jdoe may not list members.")
    report = await bench.good()
    assert report.remarks == ("The owner list of acme could not be read: jdoe may not list members.",)
    await bench.good()
    assert bench.psa.asked["choices:owner"] == 0
    bench.psa.tick(3600)
    await bench.good()
    assert bench.psa.asked["choices:owner"] == 1


async def test_choices_for_one_context_leave_the_others_alone(bench: Bench) -> None:
    def contact(number: str, company: str) -> Choice:
        return Choice(kind="contact", id=number, name=f"Contact {number}", company_id=company)

    async def load(company: str) -> list[Choice]:
        return await load_choices(
            bench.databases, "acme", bench.psa, "contact", ChoiceContext(company_id=company), bench.psa.clock
        )

    bench.psa.offered["contact"] = (contact("1", "250"), contact("2", "250"))
    assert [choice.id for choice in await load("250")] == ["1", "2"]
    bench.psa.offered["contact"] = (contact("3", "251"),)
    await load("251")
    bench.psa.offered["contact"] = (contact("2", "250"),)
    await load("250")
    assert bench.rows("SELECT id, active FROM choice ORDER BY id") == [("1", 0), ("2", 1), ("3", 1)]
    bench.psa.errors["choices:contact"] = NotThere("No such company.")
    with pytest.raises(NotThere):
        await load("250")
    assert bench.rows("SELECT id, active FROM choice ORDER BY id") == [("1", 0), ("2", 1), ("3", 1)]
