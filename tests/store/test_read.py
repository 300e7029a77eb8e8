"""Reading: rows and their order, filters, one ticket, the outbox, and what is there before anything is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from connectors.contract import Fix, NewTime, Ref
from store.database import Databases
from store.home import Home
from store.journal_models import Change, HistoryRow
from store.models import (
    ChoiceRow,
    ExceptionRow,
    Note,
    NoteOverlay,
    ReasonRow,
    Ticket,
    TicketCustom,
    TicketOverlay,
    TicketParent,
    TimeEntry,
)
from store.read import ALL_OPEN, CacheUnreadable, Reader, rows_json
from store.settings import Connection, Settings
from tests.store.conftest import NOW

SETTINGS = Settings(
    timezone="America/New_York",
    connections={
        "acme": Connection(name="acme", psa="connectwise", technician="JDoe"),
        "desk": Connection(name="desk", psa="rt"),
    },
)


class Shelf:
    """Rows put straight into the databases, and a reader of them."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.reader = Reader(databases.home, SETTINGS, clock=lambda: NOW)

    def put(self, table: Any, *rows: dict[str, Any]) -> None:
        journal = table in (Change, HistoryRow)
        with (self.databases.journal if journal else self.databases.cache).begin() as database:
            for row in rows:
                database.execute(insert(table), [{"connection": "acme"} | row])

    def ticket(self, id: str, **values: Any) -> None:
        usual = {
            "ticket_id": id,
            "number": f"70{id}",
            "summary": "Printer",
            "status": "New",
            "in_scope": True,
        }
        self.put(Ticket, usual | {"status_key": "new", "created_at": NOW - int(id)} | values)

    def exception(self, id: str, kind: str = "orphaned", *, since: int = NOW, **values: Any) -> None:
        row = {"ticket_id": id, "kind": kind, "since": since}
        self.put(ExceptionRow, row | {"gate": False} | values)
        reason = row | {"code": "no_parent", "gate": values.get("gate", False), "data": '{"status":"Child"}'}
        self.put(ReasonRow, {name: value for name, value in (reason | values).items() if name != "psa_only"})

    def change(self, id: str, **values: Any) -> None:
        fix = Fix(
            change=id,
            ticket_id="1",
            fields={"status": Ref("5", "Done"), "contact_phone": "555"},
            was={"status": Ref("1", "New")},
            entries={"t1": Ref("3", "Remote")},
            reply="Fixed.",
            time=NewTime(hours=0.5),
        )
        usual = {"change": id, "seq": int(id[1:]), "ticket_id": "1", "number": "701", "verb": "status"}
        usual |= {"fix": msgspec.json.encode(fix).decode(), "ticket": "{}", "created_at": NOW}
        self.put(Change, usual | values)


@pytest.fixture
def shelf(databases: Databases) -> Shelf:
    return Shelf(databases)


def ids(rows: list[Any]) -> list[str]:
    return [row.ticket_id for row in rows]


# ---------------------------------------------------------------- lists


def test_rows_come_gates_first_then_the_oldest_then_by_number(shelf: Shelf) -> None:
    for id in ("2", "10", "3", "4", "5", "6"):
        shelf.ticket(id)
    shelf.exception("10", gate=True, since=NOW - 9)
    shelf.exception("2", gate=True, since=NOW - 9)
    shelf.exception("3", gate=True, since=NOW - 99)
    shelf.exception("4", since=NOW - 999)
    shelf.exception("5", since=NOW - 9999, psa_only=True)
    shelf.exception("6", "child_reply")
    assert ids(shelf.reader.rows()) == ["6", "3", "2", "10", "4", "5"]
    assert ids(shelf.reader.rows(["orphaned"], offset=1, limit=2)) == ["2", "10"]
    assert shelf.reader.count(["orphaned"]) == 5
    assert shelf.reader.to_zero() == 3
    numbers = {pane.kind: (pane.must, pane.later, pane.psa_only) for pane in shelf.reader.panes()}
    assert numbers["orphaned"] == (3, 2, 1)
    assert numbers["child_reply"] == (0, 1, 0)
    assert numbers[ALL_OPEN] == (0, 6, 0)
    assert [pane.kind for pane in shelf.reader.panes()] == [*SETTINGS.kinds, ALL_OPEN]


def test_all_open_holds_what_is_open_here_and_in_the_scope(shelf: Shelf) -> None:
    shelf.ticket("1")
    shelf.ticket("2", closed=True)
    shelf.ticket("3", in_scope=False)
    shelf.ticket("4", presence="deleted")
    shelf.ticket("5")
    shelf.exception("5", gate=True)
    rows = shelf.reader.rows([ALL_OPEN])
    assert [(row.ticket_id, row.kind, row.also) for row in rows] == [
        ("5", None, ("orphaned",)),
        ("1", None, ()),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["1", "2"]),
        ("printer", ["1", "2"]),
        ("ÜBER acme", ["1"]),
        ("701", ["1"]),
        ("company:acme", ["1"]),
        ("company:printer", []),
        ('status:"waiting cust"', ["2"]),
        ("status:", ["1", "2"]),
        ("connection:acme lee", ["2"]),
        ("connection:north", []),
        ("lee", ["2"]),
        ("%", []),
        ("' OR 1=1 --", []),
    ],
)
def test_every_word_of_a_filter_must_be_there(shelf: Shelf, text: str, found: list[str]) -> None:
    shelf.ticket("1", company="Acme", summary="Drucker über Nacht printer")
    shelf.ticket("2", contact="Ann Lee", status="Waiting Customer")
    shelf.exception("1", since=NOW - 5)
    shelf.exception("2")
    assert ids(shelf.reader.rows(["orphaned"], text=text)) == found
    assert shelf.reader.count(["orphaned"], text=text) == len(found)
    assert sorted(ids(shelf.reader.rows([ALL_OPEN], text=text))) == found


def test_a_connection_that_is_no_longer_configured_is_not_shown(shelf: Shelf) -> None:
    shelf.ticket("1", connection="old")
    shelf.exception("1", connection="old", gate=True)
    shelf.ticket("1", connection="desk")
    shelf.exception("1", connection="desk", gate=True)
    assert [row.connection for row in shelf.reader.rows()] == ["desk"]
    assert shelf.reader.rows(connection="acme") == []
    assert shelf.reader.to_zero() == 1


def test_a_row_has_who_wrote_last_its_parent_and_whether_a_change_is_under_way(shelf: Shelf) -> None:
    shelf.ticket("1", parent_id="9")
    shelf.put(TicketParent, {"ticket_id": "1", "parent_id": "9"})
    shelf.ticket("9", closed=True, closed_at=NOW - 60, closed_by="asmith", in_scope=False)
    said = {"ticket_id": "1", "author": "Ann Lee", "public": True, "text": "Hello?"}
    shelf.put(
        Note, said | {"note_id": "5", "created_at": NOW - 9, "order_at": NOW - 9, "speaker": "customer"}
    )
    shelf.put(Note, said | {"note_id": "6", "created_at": NOW, "order_at": NOW, "speaker": "staff"})
    shelf.exception("1")
    (row,) = shelf.reader.rows()
    assert row.last_words is not None and (row.last_words.who, row.last_words.at) == ("Ann Lee", NOW - 9)
    assert row.parent is not None
    assert (row.parent.number, row.parent.state, row.parent.closed_by) == ("709", "closed", "asmith")
    assert row.pending is False
    shelf.put(TicketOverlay, {"ticket_id": "1", "number": "701", "status": "Done"})
    (row,) = shelf.reader.rows()
    assert (row.pending, row.status) == (True, "Done")


def test_rows_as_json_are_clean_and_name_time_where_they_are_about_time(shelf: Shelf) -> None:
    shelf.ticket("1", summary="Printer \x1b[31mred\u202e", company="Acme")
    shelf.exception("1", "billing_code", gate=True, code="time_without_code", time_entry_id="t1", hours=0.75)
    assert rows_json(shelf.reader.rows()) == [
        {
            "kind": "billing_code",
            "connection": "acme",
            "ticket_id": "1",
            "number": "701",
            "summary": "Printer red\ufffd",
            "company": "Acme",
            "board": None,
            "status": "New",
            "owner": None,
            "parent_id": None,
            "since": "2026-11-20T14:00:00Z",
            "reasons": [
                {
                    "code": "time_without_code",
                    "text": "0.75 h without a billing code.",
                    "field": None,
                    "time_entry_id": "t1",
                    "hours": 0.75,
                }
            ],
            "gate": True,
            "psa_only": False,
            "url": None,
        }
    ]


def test_reasons_are_told_words_first_then_the_psas_mark_and_fields_as_on_the_ticket(shelf: Shelf) -> None:
    shelf.ticket("1")
    row = {"ticket_id": "1", "kind": "missing_fields", "since": NOW, "gate": False}
    shelf.put(ExceptionRow, row, row | {"kind": "customer_responded"})
    for code in ("flag_set", "author_unknown", "last_word_customer"):
        shelf.put(ReasonRow, row | {"kind": "customer_responded", "code": code})
    for field in ("custom:Asset", "agreement", "contact_phone", "contact"):
        shelf.put(ReasonRow, row | {"code": "missing", "field": field})
    talk, fields = shelf.reader.rows()
    assert [reason.code for reason in talk.reasons] == ["last_word_customer", "flag_set", "author_unknown"]
    assert [reason.field for reason in fields.reasons] == [
        "contact",
        "contact_phone",
        "agreement",
        "custom:Asset",
    ]


def test_sentences_speak_in_the_technicians_zone(shelf: Shelf) -> None:
    shelf.ticket("1")
    data = msgspec.json.encode(
        {"who": "Ann [b]Lee[/b]", "first_at": NOW - 86400, "last_at": NOW - 3600}
    ).decode()
    shelf.exception("1", "customer_responded", code="last_word_customer", data=data)
    (row,) = shelf.reader.rows()
    assert row.reasons[0].text == (
        "Ann [b]Lee[/b] wrote Fri 08:00 (first Thu 09:00) and nobody has answered."
    )
    assert shelf.reader.reasons(row) == row.reasons


# ---------------------------------------------------------------- one ticket


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("701", [("acme", "1"), ("desk", "1")]),
        ("#701", [("acme", "1"), ("desk", "1")]),
        ("acme:701", [("acme", "1")]),
        ("desk:id:1", [("desk", "1")]),
        ("id:1", [("acme", "1"), ("desk", "1")]),
        ("1", []),
        ("other:701", []),
        ("id:701", []),
    ],
)
def test_tickets_are_found_by_number_or_by_id(shelf: Shelf, said: str, found: list[tuple[str, str]]) -> None:
    shelf.ticket("1", in_scope=False)
    shelf.ticket("1", connection="desk")
    assert [(row.connection, row.ticket_id) for row in shelf.reader.find(said)] == found


def test_one_ticket_with_everything_around_it(shelf: Shelf) -> None:
    shelf.ticket("1", agreement_id="a1", agreement="Gold", customer_flag=True, parent_id="9")
    shelf.ticket("9")
    shelf.put(TicketParent, {"ticket_id": "1", "parent_id": "9"}, {"ticket_id": "8", "parent_id": "1"})
    shelf.put(TicketCustom, {"ticket_id": "1", "name": "Asset", "value": "PC 7"})
    gold = {"kind": "agreement", "id": "a1", "name": "Gold", "ends_on": "2026-11-19"}
    shelf.put(ChoiceRow, gold)
    for place, order in (("5", NOW - 9), ("6", NOW)):
        words = {"ticket_id": "1", "note_id": place, "created_at": NOW, "text": "x", "public": True}
        shelf.put(Note, words | {"order_at": order, "speaker": "customer", "author": "Ann"})
    ours = {"ticket_id": "1", "note_id": "c1", "created_at": NOW + 1, "order_at": NOW + 1, "speaker": "staff"}
    shelf.put(NoteOverlay, ours | {"text": "Fixed."})
    for id, member in (("t1", "jdoe"), ("t2", "asmith")):
        shelf.put(TimeEntry, {"ticket_id": "1", "time_id": id, "member": member, "started_at": NOW})
    shelf.exception("1", gate=True)
    shelf.change("c1", state="confirmed")
    shelf.put(HistoryRow, {"ticket_id": "1", "kind": "orphaned", "since": NOW, "opened_at": NOW})
    view = shelf.reader.ticket("acme", "1")
    assert view is not None
    assert view.record.custom == {"Asset": "PC 7"} and view.record.parent_ids == ("9",)
    assert view.record.customer_flag is True and view.record.closed is False
    assert view.agreement is not None and view.agreement.state == "ended"
    assert [(note.note_id, note.ours) for note in view.notes] == [("5", False), ("6", False), ("c1", True)]
    assert view.last_words is not None and view.last_words.note_id == "6"
    assert view.last_words == shelf.reader.newest_customer_note("acme", "1")
    assert [(entry.time_id, entry.mine) for entry in view.time] == [("t1", True), ("t2", False)]
    assert [(parent.ticket_id, parent.state) for parent in view.parents] == [("9", "open")]
    assert [(child.ticket_id, child.state) for child in view.children] == [("8", "unknown")]
    assert [row.kind for row in view.exceptions] == ["orphaned"]
    assert [change.change for change in view.changes] == ["c1"]
    assert [row.kind for row in view.history] == ["orphaned"]
    assert shelf.reader.record("acme", "1") == view.record


def test_unknown_tickets_and_connections_are_none(shelf: Shelf) -> None:
    assert shelf.reader.ticket("acme", "1") is None
    assert shelf.reader.ticket("nobody", "1") is None
    assert shelf.reader.newest_customer_note("acme", "1") is None


# ---------------------------------------------------------------- around it


def test_the_outbox_shows_open_changes_and_all_on_request(shelf: Shelf) -> None:
    for id, state in (("c1", "confirmed"), ("c2", "held"), ("c3", "conflict"), ("c4", "dropped")):
        shelf.change(id, state=state)
    assert [change.change for change in shelf.reader.changes()] == ["c2", "c3"]
    assert [change.change for change in shelf.reader.changes(all=True)] == ["c1", "c2", "c3", "c4"]
    change = shelf.reader.changes()[0]
    assert change.values == {
        "status": "Done",
        "contact_phone": "555",
        "entry:t1": "Remote",
        "reply": "Fixed.",
        "time": {"hours": 0.5, "code": None, "text": "", "started_at": None, "billable": None},
    }
    assert change.was == {"status": "New"}


def test_choices_are_those_valid_for_the_board_and_the_company(shelf: Shelf) -> None:
    for id, more in (
        ("1", {}),
        ("2", {"board_id": "b1"}),
        ("3", {"board_id": "b2"}),
        ("4", {"company_id": "c1"}),
        ("5", {"active": False}),
    ):
        shelf.put(ChoiceRow, {"kind": "status", "id": id, "name": f"S{id}"} | more)

    def found(**more: Any) -> list[str]:
        return [choice.id for choice in shelf.reader.choices("acme", "status", **more)]

    assert found() == ["1"]
    assert found(board_id="b1") == ["1", "2"]
    assert found(board_id="b2", company_id="c1", inactive=True) == ["1", "3", "4", "5"]


def test_usual_codes_are_those_used_at_the_company(shelf: Shelf) -> None:
    remote, onsite = ({"billing_code_id": "3", "billing_code": "Remote"}, {"billing_code": "On-site"})
    shelf.ticket("1", company_id="c1", **remote)
    shelf.ticket("2", company_id="c1")
    shelf.ticket("3", company_id="c2", **onsite)
    shelf.put(
        TimeEntry, {"ticket_id": "2", "time_id": "t1"} | remote, {"ticket_id": "3", "time_id": "t2"} | onsite
    )
    found = shelf.reader.usual_codes("acme", "c1")
    assert [(code.name, code.times) for code in found] == [("Remote", 2)]
    assert shelf.reader.usual_codes("acme", None) == []


def test_before_the_first_sync_everything_is_empty_and_nothing_is_created(tmp_path: Path) -> None:
    reader = Reader(Home.at(tmp_path / "home"), SETTINGS)
    assert reader.rows() == [] and reader.count() == 0 and reader.to_zero() == 0
    assert reader.find("1") == [] and reader.ticket("acme", "1") is None
    assert reader.changes() == [] and reader.quarantine() == [] and reader.choices("acme", "status") == []
    assert [(state.connection, state.synced_at) for state in reader.states()] == [
        ("acme", None),
        ("desk", None),
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.cache.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(CacheUnreadable, match="not a database") as caught:
        Reader(home, SETTINGS).rows()
    assert "deskzero sync" in caught.value.hint


def test_a_reader_cannot_write(shelf: Shelf) -> None:
    with shelf.reader._cache() as db:
        assert db is not None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM ticket")


def test_what_is_read_at_one_moment_fits_together(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.ticket("1")
    shelf.exception("1", gate=True)
    opened: list[str] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda at, **more: opened.append(at) or connect(at, **more))

    def elsewhere() -> None:
        found.append(shelf.reader.to_zero())

    found: list[int] = []
    with shelf.reader.at_one_moment():
        assert shelf.reader.to_zero() == 1
        shelf.ticket("2")
        shelf.exception("2", gate=True)
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join()
        assert ids(shelf.reader.rows()) == ["1"], "as the number says"
        with shelf.reader.at_one_moment():  # one in another is the same moment
            assert shelf.reader.to_zero() == 1
        assert shelf.reader.changes() == []
        shelf.change("c1", state="queued")
        assert shelf.reader.changes() == []
    assert found == [2], "another thread reads on its own"
    assert shelf.reader.to_zero() == 2 and len(shelf.reader.changes()) == 1
    at_once = [at for at in opened if "mode=ro" in at]
    assert len(at_once) == 2 + 1 + 2, at_once


def test_a_moment_ends_with_an_error_too(shelf: Shelf) -> None:
    shelf.ticket("1")
    with pytest.raises(LookupError), shelf.reader.at_one_moment():
        assert shelf.reader.count([ALL_OPEN]) == 1
        raise LookupError
    shelf.ticket("2")
    assert shelf.reader.count([ALL_OPEN]) == 2


def test_threads_read_while_another_writes(shelf: Shelf) -> None:
    shelf.ticket("1")
    shelf.exception("1", gate=True)
    wrong: list[object] = []

    def read() -> None:
        for _ in range(20):
            if shelf.reader.to_zero() != 1:
                wrong.append(shelf.reader.panes())

    with shelf.databases.cache.begin() as cache:
        cache.exec_driver_sql("DELETE FROM exception")  # not committed: nobody sees it
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cache.rollback()
    assert wrong == []


def test_reading_needs_neither_sqlalchemy_nor_httpx() -> None:
    heavy = ("sqlalchemy", "sqlmodel", "httpx", "keyring", "pydantic", "textual")
    code = f"import sys, store.read, store.check; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
