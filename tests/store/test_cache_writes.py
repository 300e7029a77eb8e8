"""Writing into the cache: older answers never win, unchanged rows are left, seen notes are recognised."""

from __future__ import annotations

import sys
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from connectors.contract import (
    Attachment,
    Conversation,
    NoteRecord,
    Resolved,
    Scope,
    TicketRecord,
    TimeEntries,
    TimeRecord,
)
from store.cache_notes import store_conversation
from store.cache_upkeep import mark, retire, set_state
from store.cache_writes import (
    Stored,
    set_parents,
    set_presence,
    store_ticket,
    store_tickets,
    store_time,
)
from store.database import Databases
from store.note_reading import note_number
from store.read_records import FILES_PROBLEM
from store.seen import PREFIX, note_order, parse_seen, seen_text
from store.settings import Settings

MINE = Resolved(Scope("mine"), "12", "jdoe")
TICKET = TicketRecord(ticket_id="1", number="1", summary="Printer", owner_id="12", updated_at=100)


def put(databases: Databases, *records: TicketRecord, read_at: int) -> Stored:
    with databases.cache.begin() as cache:
        return store_tickets(cache, "acme", records, read_at=read_at, scope=MINE)


def one(databases: Databases, column: str, ticket_id: str = "1") -> object:
    with databases.cache_reads.connect() as cache:
        return cache.execute(
            text(f"SELECT {column} FROM ticket WHERE ticket_id = :t"), {"t": ticket_id}
        ).scalar_one()


def test_an_answer_to_an_older_question_is_not_stored(databases: Databases) -> None:
    put(databases, TICKET, read_at=1000)
    confirmed = msgspec.structs.replace(TICKET, summary="Fixed", parent_ids=("5",))
    assert put(databases, confirmed, read_at=1010).changed == 1
    assert put(databases, TICKET, read_at=1005).ids == []
    assert one(databases, "summary") == "Fixed"
    assert one(databases, "read_at") == 1010
    with databases.cache_reads.connect() as cache:
        assert cache.execute(text("SELECT parent_id FROM ticket_parent")).scalar_one() == "5"


def test_an_unchanged_row_only_gets_its_moment_of_reading(databases: Databases) -> None:
    assert put(databases, TICKET, read_at=1000).new == 1
    again = put(databases, msgspec.structs.replace(TICKET, version="73"), read_at=1001)
    assert (again.new, again.changed, again.ids) == (0, 0, [])
    assert one(databases, "read_at") == 1001
    assert one(databases, "version") == "73"
    put(databases, TICKET, read_at=1002)
    assert one(databases, "version") == "73", "an answer without a version does not take it away"


def test_a_changed_record_asks_for_its_conversation_unless_that_is_newer(databases: Databases) -> None:
    put(databases, TICKET, read_at=1000)
    with databases.cache.begin() as cache:
        store_conversation(cache, "acme", Conversation("1", (), 1001), auto_reply=())
        store_time(cache, "acme", TimeEntries(("1",), (), 1001))
    put(databases, TICKET, read_at=1005)
    assert one(databases, "notes_read_at") == 1001
    put(databases, msgspec.structs.replace(TICKET, updated_at=110), read_at=1006)
    assert one(databases, "notes_read_at") is None
    assert one(databases, "time_read_at") is None
    with databases.cache.begin() as cache:
        store_conversation(cache, "acme", Conversation("1", (), 1010), auto_reply=())
    put(databases, msgspec.structs.replace(TICKET, updated_at=120), read_at=1008)
    assert one(databases, "notes_read_at") == 1010


def test_an_older_reading_of_notes_or_time_is_not_stored(databases: Databases) -> None:
    put(databases, TICKET, read_at=1000)
    note = NoteRecord(
        note_id="7", ticket_id="1", created_at=999, author="Ann", speaker="customer", public=True
    )
    entry = TimeRecord(time_id="8", ticket_id="1", hours=1.0)
    with databases.cache.begin() as cache:
        assert store_conversation(cache, "acme", Conversation("1", (note,), 1001), auto_reply=())
        assert not store_conversation(cache, "acme", Conversation("1", (note,), 1002), auto_reply=())
        assert not store_conversation(cache, "acme", Conversation("1", (), 1000), auto_reply=())
        assert store_time(cache, "acme", TimeEntries(("1",), (entry,), 1001))
        assert not store_time(cache, "acme", TimeEntries(("1",), (), 1000))
        assert cache.execute(text("SELECT count(*) FROM note")).scalar_one() == 1
        assert cache.execute(text("SELECT count(*) FROM time_entry")).scalar_one() == 1


def test_files_are_replaced_with_their_conversation(databases: Databases) -> None:
    put(databases, TICKET, read_at=1000)
    picture = Attachment("screen.png", 51_234)
    note = NoteRecord(note_id="7", ticket_id="1", created_at=999, author="Ann", attachments=(picture,))
    of_ticket = Attachment("list.xlsx", None, 998, "Ann")

    def stored(conversation: Conversation) -> tuple[bool, list[tuple[object, ...]]]:
        with databases.cache.begin() as cache:
            changed = store_conversation(cache, "acme", conversation, auto_reply=())
            rows = cache.execute(text("SELECT note_id, place, name, size, added_at FROM file ORDER BY 1, 2"))
            return changed, [tuple(row) for row in rows]

    both = [("", 0, "list.xlsx", None, 998), ("7", 0, "screen.png", 51_234, None)]
    assert stored(Conversation("1", (note,), 1001, files=(of_ticket,))) == (True, both)
    assert stored(Conversation("1", (note,), 1002, files=(of_ticket,))) == (False, both)
    refused = Conversation("1", (note,), 1003, files_problem="Not for you.")
    assert stored(refused) == (True, [("", FILES_PROBLEM, "Not for you.", None, None), both[1]])
    assert stored(Conversation("1", (), 1004)) == (True, [])


def test_time_that_moved_to_another_ticket_is_there_once(databases: Databases) -> None:
    put(databases, TICKET, msgspec.structs.replace(TICKET, ticket_id="2", number="2"), read_at=1000)
    entry = TimeRecord(time_id="8", ticket_id="1", hours=1.0)
    with databases.cache.begin() as cache:
        store_time(cache, "acme", TimeEntries(("1", "2"), (entry,), 1001))
        moved = msgspec.structs.replace(entry, ticket_id="2")
        store_time(cache, "acme", TimeEntries(("2",), (moved,), 1002))
        store_time(cache, "acme", TimeEntries(("1",), (), 1003))
        found = cache.execute(text("SELECT ticket_id, time_id FROM time_entry")).all()
    assert [tuple(row) for row in found] == [("2", "8")]


def test_a_single_ticket_is_stored_with_the_scope_of_the_last_round(databases: Databases) -> None:
    with databases.cache.begin() as cache:
        with pytest.raises(LookupError, match="never synced"):
            store_ticket(cache, "acme", TICKET, read_at=1000)
        mark(cache, "acme", "scope", msgspec.json.encode(MINE).decode(), 1000)
        assert store_ticket(cache, "acme", TICKET, read_at=1000)
        assert not store_ticket(cache, "acme", TICKET, read_at=1001)
    assert one(databases, "in_scope") == 1


def test_a_tombstone_that_was_asked_for_earlier_than_the_row_does_not_count(databases: Databases) -> None:
    put(databases, TICKET, read_at=1000)
    with databases.cache.begin() as cache:
        assert not set_presence(cache, "acme", "1", "deleted", read_at=999)
        assert set_presence(cache, "acme", "1", "deleted", read_at=1001)
        assert not set_presence(cache, "acme", "1", "deleted", read_at=1002)
        assert not set_presence(cache, "acme", "77", "not_visible", read_at=1002)
    assert (one(databases, "presence"), one(databases, "in_scope")) == ("deleted", 0)
    assert one(databases, "presence", "77") == "not_visible"
    put(databases, TICKET, read_at=1003)
    assert (one(databases, "presence"), one(databases, "in_scope")) == ("here", 1)


def test_a_record_that_says_it_was_merged_away_is_not_in_the_queue(databases: Databases) -> None:
    put(databases, msgspec.structs.replace(TICKET, merged_into="9"), read_at=1000)
    assert (one(databases, "presence"), one(databases, "in_scope")) == ("merged", 0)


def test_custom_fields_follow_the_record(databases: Databases) -> None:
    def stored() -> dict[str, str | None]:
        with databases.cache_reads.connect() as cache:
            found = cache.execute(text("SELECT name, value FROM v_custom")).all()
            return {row.name: row.value for row in found}

    put(databases, msgspec.structs.replace(TICKET, custom={"Asset": "PC-7", "Van": None}), read_at=1000)
    assert stored() == {"Asset": "PC-7", "Van": None}
    put(databases, msgspec.structs.replace(TICKET, custom={"Asset": "PC-8"}), read_at=1001)
    assert stored() == {"Asset": "PC-8"}


def test_hostile_text_is_stored_as_it_came(databases: Databases) -> None:
    summary = "[@click=app.quit]x[/] \x1b]0;t\x07 \u202e'); DROP TABLE ticket; --"
    put(databases, msgspec.structs.replace(TICKET, summary=summary), read_at=1000)
    assert one(databases, "summary") == summary


@pytest.mark.parametrize(
    ("note_id", "number"), [("12", 12), ("t-0045", 45), ("n3/77", 77), ("none", 0), ("9" * 40, 1 << 62)]
)
def test_note_ids_have_an_order(note_id: str, number: int) -> None:
    assert note_number(note_id) == number


# ---------------------------------------------------------------- seen notes


@given(st.text(), st.integers(0, 4_000_000_000))
def test_a_seen_note_reads_back(reason: str, up_to: int) -> None:
    assert parse_seen(seen_text(reason, up_to)) == (True, up_to)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (f"{PREFIX} thanks (up to 2026-11-20T14:05:10Z)", (True, 1795183510)),
        (f"  {PREFIX} thanks\n (up\u00a0to 2026-11-20 14:05:10 UTC) ", (True, 1795183510)),
        (f"{PREFIX} thanks", (True, None)),
        (f"{PREFIX} (up to 2026-02-31T14:05:10Z)", (True, None)),
        (f"{PREFIX} (up to 2026-11-20T14:05:10Z) and more words", (True, None)),
        (f"I wrote: {PREFIX} thanks", (False, None)),
        ("", (False, None)),
    ],
)
def test_what_counts_as_a_seen_note(said: str, read: tuple[bool, int | None]) -> None:
    assert parse_seen(said) == read


def test_a_mark_of_later_than_the_note_itself_covers_nothing_more() -> None:
    assert note_order(1000, 990) == (990, 1)
    assert note_order(1000, None) == (1000, 0)
    assert note_order(1000, 2000) == (1000, 0)


# ---------------------------------------------------------------- size


def test_fifty_thousand_tickets_are_stored_in_seconds(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        TicketRecord(
            ticket_id=str(number),
            number=str(number),
            summary=f"Something is broken at desk {number}",
            status="New",
            board_id="1",
            board="Help Desk",
            company_id=str(number % 300),
            company=f"Company {number % 300}",
            owner_id="12",
            owner="jdoe",
            updated_at=1_795_000_000 + number,
            parent_ids=(str(number - 1),) if number % 10 == 0 else (),
            custom={"Asset": "PC-7"} if number % 5 == 0 else {},
        )
        for number in range(1, 50_001)
    ]

    def round_of_pages(read_at: int) -> float:
        began = time.perf_counter()
        for start in range(0, len(records), 1000):
            put(databases, *records[start : start + 1000], read_at=read_at)
        with databases.cache.begin() as cache:
            set_parents(cache, "acme")
        return time.perf_counter() - began

    first, unchanged = round_of_pages(1000), round_of_pages(2000)
    with capsys.disabled():
        sys.stdout.write(f"\n50,000 tickets stored: new {first:.2f} s, unchanged {unchanged:.2f} s\n")
    with databases.cache_reads.connect() as cache:
        assert cache.execute(text("SELECT count(*) FROM v_ticket")).scalar_one() == 50_000
        assert cache.execute(text("SELECT count(*) FROM v_ticket WHERE is_child")).scalar_one() == 5_000
    assert first < 30
    assert unchanged < 30
    with databases.cache.begin() as cache:
        set_state(cache, "acme", psa="fake")
        assert retire(cache, "acme", Settings(), 1_795_000_000) == 0
