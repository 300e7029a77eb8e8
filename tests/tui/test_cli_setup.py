"""`connect`, `doctor`, `disconnect`, `support`, `demo` and `simulate`."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from connectors.simulators.connectwise import ACCOUNT
from connectors.simulators.world import World
from store.settings import load
from store.settings_save import required_of, saved_table
from tests.tui.cli_runner import KEY, Cli, first

# ---------------------------------------------------------------- connect, doctor, disconnect, support


def test_connect_unattended_then_sync(shop: tuple[World, str], empty: Cli) -> None:
    done = empty.run(*_connect(shop[1]), "--no-sync", **KEY)
    assert done.code == 0, done.err
    assert "You are jdoe" in done.out
    text = (empty.home / "config.toml").read_text()
    assert ACCOUNT.private_key not in text
    assert empty.run("sync", **KEY).code == 0


def test_connect_asks_for_what_is_missing(shop: tuple[World, str], empty: Cli) -> None:
    arguments = [word for word in _connect(shop[1]) if word not in ("--technician", "jdoe")]
    done = empty.run(*arguments, "--no-sync", stdin="jdoe\n", **KEY)
    assert done.code == 0, done.err
    assert 'technician = "jdoe"' in (empty.home / "config.toml").read_text()
    other = Cli(empty.home.parent / "other")
    done = other.run(*arguments, "--no-sync", **KEY)
    assert done.code == 2
    assert "--technician" in done.error[1]
    assert not (other.home / "config.toml").exists()


def test_connect_proves_before_it_saves(shop: tuple[World, str], empty: Cli) -> None:
    done = empty.run(*_connect(shop[1]), "--secret", "private_key=wrong-key-4711")
    assert done.code == 3
    assert "4711" not in done.err + done.out
    assert not (empty.home / "config.toml").exists()


def test_connect_without_a_keyring_says_which_variable_to_set(shop: tuple[World, str], empty: Cli) -> None:
    done = empty.run(*_connect(shop[1]), "--secret", f"private_key={ACCOUNT.private_key}")
    assert done.code == 2
    assert "DESKZERO_ACME_PRIVATE_KEY" in done.err
    assert (empty.home / "config.toml").exists()
    assert ACCOUNT.private_key not in done.out + done.err


def test_connect_refuses_a_bad_answer(shop: tuple[World, str], empty: Cli) -> None:
    for extra, says in (
        (["--scope", "bord:x"], "scope"),
        (["--scope", "board:No Such Board"], "No Such Board"),
        (["--set", "nonsense=1"], "nonsense"),
        (["--set", "date_form=utc"], "date_form"),
        (["--timezone", "Mars/Base"], "Mars/Base"),
        (["--secret", "token=x"], "token"),
    ):
        done = empty.run(*_connect(shop[1]), *extra, **KEY)
        assert done.code == 2, done.err
        assert says in done.err
        assert not (empty.home / "config.toml").exists()


def test_connect_guesses_statuses_where_that_is_wanted(shop: tuple[World, str], empty: Cli) -> None:
    done = empty.run(*_connect(shop[1]), "--no-sync", **KEY)
    assert "Not saved, for --guess-statuses was not given: child_statuses = Child Ticket" in done.out
    assert "child_statuses" not in saved_table(empty.home / "config.toml", "acme")
    words = ["--guess-statuses", "--closing-status", "No Such", "--no-sync"]
    done = empty.run(*_connect(shop[1]), *words, **KEY)
    assert done.code == 0, done.err
    assert "no status “No Such”" in done.err
    table = saved_table(empty.home / "config.toml", "acme")
    assert table["child_statuses"] == ["Child Ticket"]
    assert table["closing_statuses"] == ["No Such"]
    assert table["answered_status"] == "Waiting Customer"


def test_connect_takes_required_fields(shop: tuple[World, str], empty: Cli) -> None:
    done = empty.run(*_connect(shop[1]), "--required", "colour", **KEY)
    assert done.code == 2
    assert "no field colour to be required" in done.err
    assert not (empty.home / "config.toml").exists()
    words = ["--required", "contact", "--required", "custom:Asset", "--no-sync"]
    done = empty.run(*_connect(shop[1]), *words, **KEY)
    assert done.code == 0, done.err
    assert required_of(load(empty.home / "config.toml"), "acme") == ("contact", "custom:Asset")


def test_connecting_again_keeps_what_is_not_given(shop: tuple[World, str], empty: Cli) -> None:
    empty.configure(shop[1], note_moves_ticket=True, scope="all")
    done = empty.run(*_connect(shop[1]), "--no-sync", **KEY)
    assert done.code == 0, done.err
    assert "note_moves_ticket = true or false" not in done.out, "the proof is made with the saved keys too"
    table = saved_table(empty.home / "config.toml", "acme")
    assert table["note_moves_ticket"] is True
    assert table["scope"] == "all"
    assert table["child_statuses"] == ["Child Ticket"]


def _connect(url: str) -> list[str]:
    words = ["connect", "acme", "--psa", "connectwise", "--url", url, "--technician", "jdoe"]
    for key in ("company", "client_id", "public_key"):
        words += ["--set", f"{key}={getattr(ACCOUNT, key)}"]
    return words


def test_doctor_looks_at_everything(synced: Cli) -> None:
    done = synced.run("doctor")
    assert done.code == 0
    for words in ("settings", "keyring", "databases", "quota", "clock", "environment", "jdoe"):
        assert words in done.out
    assert "quota: 1000 requests a minute for the company (where throttling is said to begin" in done.out
    assert re.search(r"10 % of it is ours; \d+ % of the 500 that may go at once is used; this took", done.out)
    bad = synced.run("doctor", DESKZERO_ACME_PRIVATE_KEY="")
    assert bad.code == 3
    assert "DESKZERO_ACME_PRIVATE_KEY" in bad.out


def test_doctor_of_broken_settings_goes_on(empty: Cli) -> None:
    empty.home.mkdir()
    empty.append("nonsense = 1\n")
    done = empty.run("doctor")
    assert done.code == 2
    assert "nonsense" in done.out
    assert "databases" in done.out


def test_disconnect_takes_the_cache_and_asks_for_the_journal(own: tuple[Cli, World]) -> None:
    cli, _ = own
    assert cli.run("fix", first(cli, "billing_code"), "--billing-code", "On-site").code == 0
    assert "--yes" in cli.run("disconnect", "acme").error[1]
    done = cli.run("disconnect", "acme", "--yes")
    assert done.code == 0, done.err
    with closing(sqlite3.connect(cli.home / "cache.db")) as db:
        assert db.execute("SELECT count(*) FROM ticket").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM connection_state").fetchone() == (0,)
    with closing(sqlite3.connect(cli.home / "journal.db")) as db:
        assert db.execute("SELECT count(*) FROM change").fetchone() == (1,)
    assert cli.run("list").code == 2
    assert cli.run("disconnect", "acme", "--journal", "--yes").code == 0
    with closing(sqlite3.connect(cli.home / "journal.db")) as db:
        for table in ("change", "step", "first_seen", "history", "draft"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert cli.run("disconnect", "never-was", "--yes").code in (0, 2)


def test_support_holds_no_secret_address_name_or_text(own: tuple[Cli, World], tmp_path: Path) -> None:
    cli, _ = own
    assert cli.run("fix", first(cli, "customer_responded"), "--reply", "hush-hush text", "--now").code == 0
    target = tmp_path / "bundle.zip"
    assert cli.run("support", "--output", str(target)).code == 0
    with zipfile.ZipFile(target) as archive:
        text = "\n".join(archive.read(name).decode() for name in archive.namelist())
    assert "sqlite" in text
    assert '"ticket"' in text
    for word in (
        ACCOUNT.private_key,
        ACCOUNT.public_key,
        ACCOUNT.client_id,
        "127.0.0.1",
        "jdoe",
        "hush-hush",
    ):
        assert word not in text
    for row in cli.run("list", "--json").json:
        assert row["summary"] not in text
        assert row["company"] not in text
    assert cli.run("support", "--output", str(target)).code == 2


# ---------------------------------------------------------------- demo and simulate


def test_the_demo_prints_all_kinds_where_there_is_no_terminal(empty: Cli) -> None:
    done = empty.run("demo")
    assert done.code == 0, done.err
    assert "DEMO" in done.out
    counts = dict(re.findall(r"^\d ([A-Za-z ]+) · (\d+ must, \d+ later)$", done.out, re.MULTILINE))
    assert len(counts) == 6
    assert "0 must, 0 later" not in counts.values()
    assert not empty.home.exists()
    assert empty.run("demo", "--seed", "2", "--tickets", "30").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a program without asking it")
def test_a_demo_that_is_ended_leaves_nothing_behind(empty: Cli, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = empty.command("demo", "--tickets", "2000")
    # It may end in the middle of anything, an import too: the file that was open there is the collector's to close.
    command[3:3] = ["-W", "ignore::ResourceWarning"]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=empty.environment | {"TMPDIR": str(scratch)},
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        assert "pulling" in process.stderr.readline()
        assert list(scratch.iterdir())
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in err
    assert not list(scratch.iterdir())


def test_simulate_says_where_it_is_on_its_first_line(empty: Cli) -> None:
    with subprocess.Popen(
        empty.command("simulate", "connectwise", "--tickets", "20"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=empty.environment,
        encoding="utf-8",
    ) as server:
        try:
            assert server.stdout is not None
            said = json.loads(server.stdout.readline())
            assert {"url", "psa", "company", "public_key", "private_key", "client_id", "technician"} <= set(
                said
            )
            empty.configure(said["url"])
            assert empty.run("sync", **KEY).code == 0
        finally:
            server.terminate()
