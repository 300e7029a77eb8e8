"""`deskzero support`: what a shop, its customers and its people are called stands nowhere in the bundle."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert

from connectors.simulators.serve import demo_settings
from store.database import Databases
from store.home import Home
from store.models import ChoiceRow, ConnectionState, Note, QuarantineRow, Ticket
from store.settings_save import save_connection
from tests.store.conftest import NOW
from tests.tui.cli_runner import Cli

MARKS = {
    "company": "Aldermoor Freight",
    "contact": "Benedikta Quill",
    "contact_phone": "+49 30 5550177",
    "contact_email": "bquill@aldermoor.example",
    "cc": "second@elsewhere.example",
    "summary": "Plotter eats vellum",
    "owner": "Cosmo Tarn",
    "board": "Vellum Desk",
    "site": "Quayside Annex",
    "agreement": "Brasswork Retainer",
    "status": "Awaiting Vellum",
}
TEXT = "the vellum is gone and so is my patience"
AUTHOR = "Dagny Olafsdottir"
CHOICE = "Ephraim Locke"
SECRET = "s3cr3t-Value-9000"
TOKEN = "Bearer abcdefghijklmnop123456"
URL = "https://psa.aldermoor.example/v4"
TECHNICIAN = "ftarnowski"
CONNECTION = "aldermoor-main"
CUSTOM = "Vellum Grade"
USER = "gwendolenpc"
FOLDER = "aldermoor-client-home"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A home in which everything has a name that must not leave it."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    cli = Cli(folder / "home", {"USER": USER, "LOGNAME": USER, "HOME": str(tmp_path / USER)})
    settings = demo_settings(url=URL) | {
        "technician": TECHNICIAN,
        "company": "aldermoorco",
        "child_statuses": ["Vellum Child"],
    }
    save_connection(cli.home / "config.toml", CONNECTION, settings)
    cli.append(
        f'\n[rules.missing_fields]\nrequired = ["contact", "custom:{CUSTOM}"]\nplaceholders = ["vellum?"]\n'
        f'[[rules.missing_fields.for]]\nboard = "Vellum Desk"\nrequired = ["custom:{CUSTOM}"]\n'
        '[rules.customer_responded]\nauto_reply = ["^Vellum robot"]\n'
    )
    with Databases.open(Home.at(cli.home), now=NOW) as databases:
        with databases.cache.begin() as db:
            of = {"connection": CONNECTION, "ticket_id": "1"}
            db.execute(insert(Ticket).values({**Ticket(**of, number="Z-1", **MARKS).model_dump()}))
            note = Note(**of, note_id="1", created_at=5, author=AUTHOR, text=TEXT)
            db.execute(insert(Note).values(note.model_dump()))
            choice = ChoiceRow(connection=CONNECTION, kind="contact", id="1", name=CHOICE)
            db.execute(insert(ChoiceRow).values(choice.model_dump()))
            odd = QuarantineRow(
                connection=CONNECTION,
                stream="tickets",
                record_id="1",
                path=f"[0].{CUSTOM}.{AUTHOR}",
                problem=TEXT,
                seen_at=5,
            )
            db.execute(insert(QuarantineRow).values(odd.model_dump()))
            state = ConnectionState(
                connection=CONNECTION,
                psa="connectwise",
                error_kind="unreachable",
                error=TEXT,
                why=json.dumps([TEXT]),
                missing_fields=json.dumps([f"custom:{CUSTOM}"]),
                capabilities=json.dumps(
                    {
                        "fields": ["summary", f"custom:{CUSTOM}"],
                        "flag": True,
                        "code_on_ticket": True,
                        "code_on_time": True,
                        "code_name": CUSTOM,
                        "undoable": [],
                        "writes": [],
                    }
                ),
            )
            db.execute(insert(ConnectionState).values(state.model_dump()))
        with databases.journal.begin() as db:
            db.exec_driver_sql(f"INSERT INTO draft VALUES ('{CONNECTION}', '1', 'reply', '{TEXT}', 5)")
    lines = [
        f"2026-11-20 14:00:00,000 WARNING store.sync: {mark} could not be read"
        for mark in (
            *MARKS.values(),
            TEXT,
            AUTHOR,
            CHOICE,
            SECRET,
            TOKEN,
            f"{URL}/tickets?x={CUSTOM}",
            TECHNICIAN,
            CONNECTION,
            str(folder / "secret.txt"),
            USER,
            "C:\\\\Users\\\\gwendolenpc\\\\x",
            "10.11.12.13",
            "aldermoorco",
        )
    ]
    lines += ["Traceback (most recent call last):", f'  File "{folder}/site/store/sync.py", line 5, in work']
    (cli.home / "deskzero.log").write_text("\n".join(lines), encoding="utf-8")
    return cli


def bundle(cli: Cli) -> dict[str, str]:
    target = cli.home.parent / "bundle.zip"
    target.unlink(missing_ok=True)
    done = cli.run("support", "--output", str(target), DESKZERO_ALDERMOOR_MAIN_PRIVATE_KEY=SECRET)
    assert done.code == 0, done.err
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def assert_nothing_named(parts: dict[str, str]) -> None:
    words = (
        *MARKS.values(),
        TEXT,
        AUTHOR,
        CHOICE,
        SECRET,
        TOKEN,
        TOKEN.split()[1],
        "aldermoor",
        TECHNICIAN,
        CONNECTION,
        CUSTOM,
        USER,
        FOLDER,
        "vellum",
        "10.11.12.13",
        "Z-1",
    )
    for name, text in parts.items():
        for word in words:
            assert word.casefold() not in text.casefold(), (name, word)


def test_nothing_that_names_anybody_is_in_it(cli: Cli) -> None:
    parts = bundle(cli)
    assert_nothing_named(parts)
    assert "store.sync" in parts["log.txt"], "what is left is of use"
    assert 'sync.py", line 5' in parts["log.txt"]
    counts = json.loads(parts["counts.json"])
    assert counts["cache.db"]["ticket"] == 1
    assert counts["journal.db"]["draft"] == 1
    databases = json.loads(parts["databases.json"])
    assert databases["cache.db"]["check"] == databases["journal.db"]["check"] == "ok"
    assert databases["backups"] == 1
    assert databases["died"] == 0
    (state,) = json.loads(parts["states.json"])
    assert state["quarantine"] == [["tickets", 1]]


@pytest.mark.parametrize("which", ["cache.db", "journal.db"])
def test_nor_where_a_database_is_damaged(cli: Cli, which: str) -> None:
    """Whom the log could name is not known then: only its frame goes out."""
    path = cli.home / which
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 9000)
    parts = bundle(cli)
    assert_nothing_named(parts)
    assert json.loads(parts["databases.json"])[which]["check"] == "damaged"
    assert "WARNING store.sync" in parts["log.txt"]


def test_it_tells_of_a_process_that_died(cli: Cli) -> None:
    (cli.home / "running" / "99-dead").touch()
    with closing(sqlite3.connect(cli.home / "journal.db")) as db:
        db.execute("DELETE FROM draft")
    assert json.loads(bundle(cli)["databases.json"])["died"] == 1
    assert (cli.home / "running" / "99-dead").exists(), "it only looks"
