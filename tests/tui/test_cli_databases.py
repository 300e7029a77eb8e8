"""The databases from outside: `restore`'s list, `doctor`, `disconnect --backups`, and what a kill leaves to tell."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store.database import Databases
from store.home import Home
from tests.tui.cli_runner import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A home whose PSA does not answer, with a draft."""
    cli = Cli(tmp_path / "home")
    cli.configure("http://127.0.0.1:9")
    with Databases.open(Home.at(cli.home)) as databases, databases.journal.begin() as db:
        db.exec_driver_sql("INSERT INTO draft VALUES ('acme', '1', 'reply', 'dear customer', 5)")
    return cli


def drafts(cli: Cli) -> list[str]:
    with closing(sqlite3.connect(cli.home / "journal.db")) as db:
        return [row[0] for row in db.execute("SELECT text FROM draft")]


def test_restore_lists_and_asks_and_works_without_settings(cli: Cli) -> None:
    (one,) = (cli.home / "backups").iterdir()
    listed = cli.run("restore")
    assert listed.code == 0
    assert listed.out.startswith(f"{one.name} · ")
    assert "0 changes, 0 open · sound" in listed.out
    assert cli.run("restore", one.name).code == 2
    assert drafts(cli) == ["dear customer"]
    (cli.home / "config.toml").write_text("broken = ", encoding="utf-8")
    done = cli.run("restore", one.name, "--yes")
    assert done.code == 0, done.err
    assert drafts(cli) == [], "it was made before there was one"
    wrong = cli.run("restore", "no-such", "--yes")
    assert wrong.code == 2
    assert wrong.err.splitlines()[-1] == "`deskzero restore` lists them."


def test_a_home_without_backups_says_so(tmp_path: Path) -> None:
    done = Cli(tmp_path / "home").run("restore")
    assert done.code == 0
    assert "no backup" in done.out


def test_doctor_tells_how_old_the_newest_backup_is(cli: Cli) -> None:
    assert "backups: 1 backup of the journal, the newest made just now" in cli.run("doctor").out
    for path in (cli.home / "backups").iterdir():
        path.rename(path.with_name("journal-20200101T000000Z.db"))
        os.utime(cli.home / "backups" / "journal-20200101T000000Z.db")
    (cli.home / "journal.db").write_bytes(b"no database" * 900)
    out = cli.run("doctor").out
    assert "journal.db is damaged" in out
    assert "deskzero restore" in out
    assert "days ago" in out


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9: Windows has no SIGKILL")
def test_a_kill_is_told_once_and_doctor_says_what_was_found(cli: Cli) -> None:
    with subprocess.Popen(
        cli.command("sync", "--watch", "60"),
        env=cli.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        marks = lambda: [p for p in (cli.home / "running").iterdir() if p.name != "gate"]  # noqa: E731
        while not marks():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert len(marks()) == 1
    out = cli.run("doctor").out
    assert "did not end as it should" in out
    assert "are sound" in out
    assert "did not end as it should" not in cli.run("doctor").out
    assert marks() == []


def test_disconnect_takes_the_backups_where_that_is_said(cli: Cli) -> None:
    folder = cli.home / "backups"
    kept = cli.run("disconnect", "acme", "--journal", "--keep-settings", "--yes")
    assert kept.code == 0, kept.err
    assert "still hold changes of acme" in kept.out
    assert "--journal --backups" in kept.out
    assert cli.run("disconnect", "acme", "--backups", "--yes").code == 2
    before = {path.name for path in folder.iterdir()}
    gone = cli.run("disconnect", "acme", "--journal", "--backups", "--yes")
    assert gone.code == 0, gone.err
    assert "removed, and one made of what is left" in gone.out
    (left,) = folder.iterdir()
    assert left.name not in before
    assert b"dear customer" not in left.read_bytes()
    assert not any(b"dear customer" in path.read_bytes() for path in cli.home.rglob("*") if path.is_file())
