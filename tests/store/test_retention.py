"""What goes by age, from both databases, and that nothing of it can be read in the files afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection as Db
from sqlalchemy import text

from connectors.contract import TicketRecord
from store.database import Databases
from store.database_files import stamp
from store.forget import copies, forget_cache, forget_copies, forget_journal
from store.home import Home
from store.outbox_rows import move
from store.retention import ASIDE, retire_changes, strip_ended, tidy
from store.settings import Connection, Settings
from tests.store.conftest import NOW
from tests.store.sync_bench import Bench

DAY = 86_400
EDGE = NOW - 180 * DAY
MARK = "Zyxomma"
"""Stands in everything that a customer said or is."""
SETTINGS = Settings(connections={"acme": Connection(name="acme", psa="connectwise")})


def change(databases: Databases, name: str, **values: Any) -> None:
    """A row of the journal, old and at its end unless `values` say otherwise, with a step."""
    record = TicketRecord(
        ticket_id="1",
        number="1",
        summary=f"{MARK} wrote",
        contact=MARK,
        contact_email=f"{MARK}@customer.test",
        board_id="7",
        created_at=5,
        custom={"Who": MARK},
    )
    row = {
        "change": name,
        "seq": 1,
        "connection": "acme",
        "ticket_id": "1",
        "number": "1",
        "verb": "note",
        "fix": "{}",
        "ticket": msgspec.json.encode(record).decode(),
        "state": "confirmed",
        "created_at": EDGE - 100,
        "confirmed_at": EDGE - 90,
        "settled_at": EDGE - 80,
        "attempts": 0,
        "wrote": True,
        "detail": "{}",
        "summary": f"{MARK} wrote",
    } | values
    with databases.journal.begin() as db:
        db.execute(
            text(f"INSERT INTO change ({', '.join(row)}) VALUES ({', '.join(f':{key}' for key in row)})"), row
        )
        db.execute(
            text(
                "INSERT INTO step (change, position, step, state, attempts, absent) VALUES (:c, 0, '{}', 'done', 1, 0)"
            ),
            {"c": name},
        )


def journal(databases: Databases, sql: str) -> list[Any]:
    with databases.journal_reads.begin() as db:
        return list(db.exec_driver_sql(sql).scalars())


def test_ended_changes_go_by_age_with_their_steps(databases: Databases) -> None:
    change(databases, "old")
    change(databases, "dropped", state="dropped", confirmed_at=None, settled_at=None)
    change(databases, "young", settled_at=EDGE + 1)
    change(databases, "unsettled", settled_at=None)
    for state in ("held", "queued", "sending", "conflict", "rejected", "uncertain"):
        change(databases, state, state=state, confirmed_at=None, settled_at=None)
    change(databases, "undone", state="undone", undone_by="undoing")
    change(databases, "undoing", state="queued", undo_of="undone", confirmed_at=None, settled_at=None)
    with databases.journal.begin() as db:
        assert retire_changes(db, "acme", EDGE) == 2
    left = {
        "young",
        "unsettled",
        "held",
        "queued",
        "sending",
        "conflict",
        "rejected",
        "uncertain",
        "undone",
        "undoing",
    }
    assert set(journal(databases, "SELECT change FROM change")) == left
    assert set(journal(databases, "SELECT change FROM step")) == left


def test_a_record_loses_its_people_when_the_change_has_ended(databases: Databases) -> None:
    change(databases, "ended", settled_at=NOW)
    change(databases, "open", state="conflict")
    change(databases, "not read back", settled_at=None)
    with databases.journal.begin() as db:
        strip_ended(db, "acme")
    for name in ("open", "not read back"):
        (kept,) = journal(databases, f"SELECT ticket FROM change WHERE change = '{name}'")
        assert MARK in kept
    (bare,) = journal(databases, "SELECT ticket FROM change WHERE change = 'ended'")
    assert MARK not in bare
    record = msgspec.json.decode(bare, type=TicketRecord)
    assert (record.number, record.board_id, record.created_at, record.contact) == ("1", "7", 5, None)


@pytest.mark.parametrize("end", ["confirmed", "undone", "dropped"])
def test_a_change_that_ends_lets_go_of_the_customers_words(databases: Databases, end: str) -> None:
    detail = json.dumps(
        {"fields": [], "note": {"note_id": "1", "created_at": 1, "author": MARK, "text": MARK}}
    )
    change(databases, "c", state="conflict", detail=detail)
    with databases.journal.begin() as db:
        assert move(db, "c", ("conflict",), error="still one")
        assert MARK in db.execute(text("SELECT detail FROM change")).scalar_one()
        assert move(db, "c", ("conflict",), state=end)
        assert db.execute(text("SELECT detail FROM change")).scalar_one() == "{}"


async def test_a_round_a_day_retires_all_of_it_and_no_byte_stays(bench: Bench, home: Home) -> None:
    """A closed ticket with all that hangs on it: the files are searched, free pages and -wal included."""
    psa, databases = bench.psa, bench.databases
    psa.add("1", status="Closed", closed=True, closed_at=psa.clock, summary=f"{MARK} summary", contact=MARK)
    psa.say("1", f"{MARK} said " * 2000)
    psa.log_time("1", 0.5)
    psa.add("2", summary="stays")
    await bench.good()
    change(databases, "c", created_at=psa.clock, confirmed_at=psa.clock, settled_at=psa.clock)
    with databases.journal.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO first_seen VALUES ('acme', '1', 'k', 'c', '', 5), ('acme', '2', 'k', 'c', '', 5)"
        )
        db.exec_driver_sql(
            "INSERT INTO history (connection, ticket_id, kind, since, opened_at, cleared_at)"
            " VALUES ('acme', '1', 'k', 1, 1, 2), ('acme', '1', 'gone', 1, 1, NULL), ('acme', '2', 'stays', 1, 1, NULL)"
        )
        db.exec_driver_sql(f"INSERT INTO draft VALUES ('acme', '1', 'reply', '{MARK}', {psa.clock})")
        what_the_screen_keeps(db, psa.clock)
    with databases.cache.begin() as db:
        for company, read_at in (("9", psa.clock), ("", psa.clock)):
            db.exec_driver_sql(
                "INSERT INTO choice (connection, kind, id, board_id, company_id, name, active, closed, accepts_time,"
                f" cancelled, position, read_at) VALUES ('acme', 'contact', '1', '', '{company}',"
                f" '{MARK if company else 'kept'}', 1, 0, 1, 0, 0, {read_at})"
            )
        db.exec_driver_sql(f"INSERT INTO quarantine VALUES ('acme', 'notes', '5', '{MARK}', 'odd', '1', 5)")
    assert holds(home), "it is there at first"

    psa.tick(181 * DAY)
    psa.change("2", status="In Progress")
    await bench.good(full=True)
    assert bench.rows("SELECT ticket_id FROM ticket") == [("2",)]
    for table in ("note", "time_entry", "quarantine", "ticket_overlay", "note_overlay"):
        assert bench.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert bench.rows("SELECT name FROM choice WHERE kind = 'contact'") == [("kept",)]
    assert journal(databases, "SELECT change FROM change") == []
    assert journal(databases, "SELECT change FROM step") == []
    assert set(journal(databases, "SELECT ticket_id FROM first_seen")) == {"2"}
    assert "gone" not in journal(databases, "SELECT kind FROM history")
    assert "stays" in journal(databases, "SELECT kind FROM history")
    for table in ("draft", "timer", "snooze", "sign_off", "gate_override", "mistake", "audit_sample"):
        assert journal(databases, f"SELECT count(*) FROM {table}") == [0], table
    assert holds(home) == []


def what_the_screen_keeps(db: Db, at: int) -> None:
    """Timers, a hidden row, a signed day of two connections, a mistake and a ticket of a sample."""
    for ended in (at, "NULL"):
        db.exec_driver_sql(
            "INSERT INTO timer (connection, ticket_id, number, summary, company, started_at, seconds, ended_at)"
            f" VALUES ('acme', '1', '1', '{MARK}', '{MARK}', {at}, 60, {ended})"
        )
    db.exec_driver_sql(f"INSERT INTO snooze VALUES ('acme', '1', 'k', '{MARK}', {at}, {at + 60}, 'x')")
    rows = json.dumps([["acme", "1", "k", MARK, MARK], ["other", "2", "k", "asmith", "why"]])
    db.exec_driver_sql(
        "INSERT INTO sign_off (day, at, who, verdict, left_rows, doubts)"
        " VALUES ('2026-11-20', ?, 'jdoe', 'not_zero', ?, ?)",
        (at, rows, json.dumps([MARK])),
    )
    db.exec_driver_sql(
        "INSERT INTO gate_override (at, who, os_user, day, verdict, to_zero, why, reason, approved_by)"
        " VALUES (?, 'jdoe', 'joe', '2026-11-20', 'not_zero', 1, ?, ?, '')",
        (at, json.dumps([MARK]), MARK),
    )
    db.exec_driver_sql(
        "INSERT INTO mistake (at, connection, ticket_id, number, summary, company, what, cause, remedy, shared, words,"
        f" source, who) VALUES ({at}, 'acme', '1', '1', '{MARK}', '{MARK}', '{MARK}', 'people', 'training', 1,"
        f" '{MARK}', 'ticket', '{MARK}')"
    )
    db.exec_driver_sql(
        "INSERT INTO audit_sample (connection, month, ticket_id, number, summary, seed, position, drawn_at, state)"
        f" VALUES ('acme', '2026-10', '1', '1', '{MARK}', '', 0, {at}, 'open')"
    )


def holds(home: Home, *, backups: bool = False) -> list[str]:
    """Names of the files that hold the mark, as bytes."""
    root = home.journal.parent
    files = [path for path in root.rglob("*") if path.is_file()]
    found = [path for path in files if MARK.encode() in path.read_bytes()]
    return sorted(path.name for path in found if backups or path.parent == root)


async def test_a_round_that_is_no_complete_one_leaves_the_journal_alone(bench: Bench) -> None:
    bench.psa.add("2")
    await bench.good()
    change(bench.databases, "c", created_at=1, confirmed_at=1, settled_at=1)
    await bench.good()
    assert journal(bench.databases, "SELECT change FROM change") == ["c"]


def test_what_a_connection_left_behind_ages_too(databases: Databases) -> None:
    change(databases, "old", connection="left", settled_at=None)
    change(databases, "waits", connection="left", state="queued", settled_at=None)
    tidy(databases, "acme", SETTINGS, NOW)
    assert journal(databases, "SELECT change FROM change") == ["waits"]


def test_old_files_go(databases: Databases, home: Home) -> None:
    old, young = (home.cache.with_name(f"cache.db.damaged-{stamp(NOW - ASIDE + by)}") for by in (-1, 1))
    for path in (old, young):
        path.write_text(MARK)
    ancient = home.backups / f"journal-{stamp(NOW - 181 * DAY)}.db"
    ancient.write_text(MARK)
    tidy(databases, "acme", SETTINGS, NOW)
    assert (old.exists(), young.exists(), ancient.exists()) == (False, True, False)


def test_forgetting_a_connection_leaves_no_byte(databases: Databases, home: Home, tmp_path: Path) -> None:
    change(databases, "c", settled_at=None, fix=json.dumps({"reply": MARK * 500}))
    with databases.cache.begin() as db:
        db.exec_driver_sql(f"INSERT INTO status_role VALUES ('acme', '{MARK}', 'x')")
    with databases.journal.begin() as db:
        what_the_screen_keeps(db, NOW)
    home.cache.with_name(f"cache.db.damaged-{stamp(NOW)}").write_text(MARK)
    home.journal.with_name(f"journal.db.replaced-{stamp(NOW)}").write_text(MARK)
    (home.backups / f"journal-{stamp(NOW - DAY)}.db").write_text(MARK)
    forget_cache(databases, "acme")
    forget_journal(databases, "acme")
    aside = f"journal.db.replaced-{stamp(NOW)}"
    assert holds(home) == [aside]
    (left,) = journal(databases, "SELECT left_rows FROM sign_off")
    assert json.loads(left) == [["other", "2", "k", "asmith", "why"]], "another connection's rows stay"
    assert journal(databases, "SELECT day FROM gate_override") == ["2026-11-20"], "that it was passed stays"
    assert sorted(path.name for path in copies(home)) == [
        f"journal-{stamp(NOW - DAY)}.db",
        f"journal-{stamp(NOW)}.db",
        aside,
    ]
    assert forget_copies(databases, NOW + 1) == 3
    assert holds(home, backups=True) == []
    assert [path.name for path in copies(home)] == [f"journal-{stamp(NOW + 1)}.db"]


def test_forgetting_the_cache_alone_takes_the_people_out_of_the_journal(
    databases: Databases, home: Home
) -> None:
    change(databases, "c", summary="Printer", settled_at=None)
    change(
        databases,
        "open",
        summary="Printer",
        state="queued",
        settled_at=None,
        ticket='{"ticket_id":"1","number":"1"}',
    )
    forget_cache(databases, "acme")
    assert holds(home) == []
    assert set(journal(databases, "SELECT change FROM change")) == {"c", "open"}
