"""The command line as scripts see it: exit codes, JSON, the two lines of an error."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.simulators.connectwise import ACCOUNT, simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import Cli

KEY = {"DESKZERO_ACME_PRIVATE_KEY": ACCOUNT.private_key}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[World, str]]:
    """A simulated shop that stands still: what it holds changes only by what the tests do."""
    world = World(1, 60, speed=0.0)
    with run_in_thread(simulator(world)) as url:
        yield world, url


@pytest.fixture(scope="module")
def synced(shop: tuple[World, str], tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A home that has synced once; the tests that share it only read."""
    cli = Cli(tmp_path_factory.mktemp("synced") / "home", dict(KEY))
    cli.configure(shop[1])
    done = cli.run("sync")
    assert done.code == 0, done.err
    assert "requests" in done.out
    return cli


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Cli, World]]:
    """A home and a shop of a test's own."""
    world = World(1, 60, speed=0.0)
    cli = Cli(tmp_path / "home", dict(KEY))
    with run_in_thread(simulator(world)) as url:
        cli.configure(url)
        assert cli.run("sync").code == 0
        yield cli, world


@pytest.fixture
def empty(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


def first(cli: Cli, kind: str) -> str:
    return str(cli.run("list", "--json", kind).json[0]["number"])


# ---------------------------------------------------------------- without a connection


@pytest.mark.parametrize(
    "arguments",
    [[], ["sync"], ["list"], ["show", "1"], ["fix", "1", "--close"], ["undo"], ["outbox"], ["check"]],
)
def test_without_a_connection_connect_and_demo_are_named(empty: Cli, arguments: list[str]) -> None:
    done = empty.run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "no connection is configured" in done.error[0]
    assert "deskzero connect" in done.error[1]
    assert "deskzero demo" in done.error[1]


def test_a_broken_settings_file_is_one_error(empty: Cli) -> None:
    empty.home.mkdir()
    empty.append("[check]\nmax_age = '5 minutes'\n")
    for arguments in (["list"], ["check", "--json"], ["connect", "x", "--psa", "rt"]):
        done = empty.run(*arguments)
        assert done.code == 2
        assert done.out == ""
        what, do = done.error
        assert "config.toml" in what
        assert "[check] max_age" in what
        assert do


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lst"], "no such command: lst"),
        (["list", "--nonsense"], "No such option"),
        (["show"], "Missing argument"),
        (["demo", "--tickets", "many"], "not a valid integer"),
        (["demo", "--psa", "nope"], "no simulator for nope"),
        (["simulate", "nope"], "no simulator for nope"),
        (["connect", "x", "--psa", "nope"], "nope"),
        (["outbox", "--retry"], "requires an argument"),
    ],
)
def test_wrong_usage_is_two_lines_and_exit_2(empty: Cli, arguments: list[str], says: str) -> None:
    done = empty.run(*arguments)
    assert done.code == 2
    assert says in done.error[0]


def test_help_is_everywhere(empty: Cli) -> None:
    top = empty.run("--help")
    assert top.code == 0
    names = re.findall(r"^  ([a-z]+)  ", top.out.split("Commands:")[1], re.MULTILINE)
    assert len(names) == 13
    for name in names:
        done = empty.run(name, "--help")
        assert done.code == 0
        assert "--home DIR" in done.out
        assert done.err == ""
    assert empty.run("--version").out.startswith("deskzero")
    assert not empty.home.exists()


def test_home_may_stand_before_or_after_the_command(empty: Cli, tmp_path: Path) -> None:
    for arguments in (["--home", str(tmp_path / "a"), "list"], ["list", "--home", str(tmp_path / "a")]):
        assert str(tmp_path / "a" / "config.toml") in empty.run(*arguments).error[0]


# ---------------------------------------------------------------- reading


def test_list_json_is_what_the_contract_says(synced: Cli) -> None:
    done = synced.run("list", "--json")
    assert done.code == 0
    assert done.err == ""
    rows = done.json
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    assert kinds == [
        kind
        for kind in (
            "customer_responded",
            "child_reply",
            "reply_after_close",
            "missing_fields",
            "orphaned",
            "billing_code",
        )
        if kind in kinds
    ]
    keys = (
        "kind connection ticket_id number summary company board status owner parent_id since reasons gate url"
    )
    for row in rows:
        assert set(keys.split()) <= set(row)
        assert ISO.fullmatch(row["since"])
        assert isinstance(row["gate"], bool)
        assert row["reasons"]
        for reason in row["reasons"]:
            assert {"code", "text", "field"} <= set(reason)
            assert reason["text"]
            assert (reason["field"] is not None) == (row["kind"] == "missing_fields")
            if reason["code"] == "time_without_code":
                assert reason["time_entry_id"]
                assert reason["hours"] > 0
    assert synced.run("list", "--json", "orphaned").json == [row for row in rows if row["kind"] == "orphaned"]
    assert synced.run("list", "--json", "--connection", "acme").json == rows


def test_list_as_text_and_csv_have_the_same_rows(synced: Cli) -> None:
    rows = synced.run("list", "--json").json
    table = list(csv.DictReader(io.StringIO(synced.run("list", "--csv").out)))
    assert [row["number"] for row in table] == [row["number"] for row in rows]
    assert [row["gate"] for row in table] == [str(row["gate"]).lower() for row in rows]
    text = synced.run("list").out
    assert text.count("  #") + text.count(" ● #") >= len(rows)


def test_list_refuses_what_it_does_not_know(synced: Cli) -> None:
    assert "billing_code" in synced.run("list", "billing_cod").error[1]
    assert "acme" in synced.run("list", "--connection", "other").error[1]
    assert synced.run("list", "--csv", "--json").code == 2


def test_the_queue_as_text_where_there_is_no_terminal(synced: Cli) -> None:
    done = synced.run()
    assert done.code == 0
    assert "to zero" in done.out
    for pane in ("1 Responded", "2 Missing", "3 Orphaned", "4 Billing code", "All open"):
        assert pane in done.out
    assert "\x1b" not in done.out


def test_hostile_text_is_harmless_everywhere(synced: Cli) -> None:
    for arguments in ([], ["list"], ["list", "--csv"], ["list", "--json"]):
        out = synced.run(*arguments).out
        assert "[bold]" in out  # shown as it is, not taken as markup
        bad = [letter for letter in out if ord(letter) < 32 and letter != "\n"]
        assert not bad
        assert not set(out) & set("\x7f\x9b\u200b\u202e\ufeff")


def test_show_says_why_and_what_was_said(synced: Cli) -> None:
    number = first(synced, "customer_responded")
    text = synced.run("show", number).out
    assert "Why here" in text
    assert "Conversation" in text
    found = synced.run("show", f"acme:id:{number}", "--json").json
    assert found["ticket"]["number"] == number
    assert found["notes"]
    assert all(ISO.fullmatch(note["at"]) for note in found["notes"])
    assert [row["kind"] for row in found["exceptions"]]
    assert synced.run("show", f"acme:{number}").out == text
    assert synced.run("show", f"#{number}").out == text


def test_an_unknown_ticket_is_exit_2(synced: Cli) -> None:
    for arguments in (["show", "999999"], ["fix", "999999", "--note", "x"]):
        done = synced.run(*arguments)
        assert done.code == 2
        assert "no ticket 999999" in done.error[0]


def test_two_tickets_of_one_number_are_both_named(
    synced: Cli, shop: tuple[World, str], tmp_path: Path
) -> None:
    cli = Cli(tmp_path / "home", {**KEY, "DESKZERO_TWO_PRIVATE_KEY": ACCOUNT.private_key})
    cli.configure(shop[1])
    config = (cli.home / "config.toml").read_text()
    cli.append(config.replace("connections.acme", "connections.two"))
    assert cli.run("sync").code == 0
    number = first(cli, "customer_responded")
    what, do = cli.run("show", number).error
    assert f"acme:{number}" in what
    assert f"two:{number}" in what
    assert "connection" in do
    assert cli.run("show", f"two:{number}").code == 0
    assert {row["connection"] for row in cli.run("list", "--json").json} == {"acme", "two"}


def test_a_reader_that_stops_early_is_no_error(synced: Cli) -> None:
    done = subprocess.run(
        f"{' '.join(map(_quoted, synced.command('list', '--json')))} | head -c 1",
        shell=True,
        capture_output=True,
        env=synced.environment,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "["
    assert done.stderr == ""


def test_a_console_that_cannot_show_every_letter_does_not_crash(synced: Cli) -> None:
    def raw(*arguments: str) -> bytes:
        return subprocess.run(
            synced.command(*arguments),
            env=synced.environment | {"PYTHONIOENCODING": "cp1252"},
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout

    assert "to zero" in raw().decode("cp1252")
    text = raw("list", "--json").decode("ascii")  # JSON loses nothing: it is written in escapes
    assert json.loads(text) == synced.run("list", "--json").json


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full (Linux)"
)
def test_an_output_that_takes_nothing_is_an_error(synced: Cli) -> None:
    for output, code in ((">/dev/full", 2), (">&-", 0)):
        done = subprocess.run(
            f"{' '.join(map(_quoted, synced.command('list')))} {output}",
            shell=True,
            capture_output=True,
            env=synced.environment,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code
        assert len(done.stderr.splitlines()) == code


def test_ctrl_c_ends_without_a_traceback(synced: Cli) -> None:
    with subprocess.Popen(
        synced.command("sync", "--watch", "60"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=synced.environment,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert "requests" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.split() == ["deskzero:", "stopped"]


def test_a_damaged_cache_is_named_and_the_next_sync_pulls_again(own: tuple[Cli, World]) -> None:
    cli, _ = own
    for name in ("cache.db-wal", "cache.db-shm"):
        (cli.home / name).unlink(missing_ok=True)
    (cli.home / "cache.db").write_bytes(b"this is no database" * 500)
    for arguments, code in ((["list"], 2), (["show", "1"], 2), (["check", "--offline"], 3)):
        done = cli.run(*arguments)
        assert done.code == code
        assert "cache.db" in done.error[0]
        assert "deskzero sync" in done.error[1]
    done = cli.run("sync")
    assert done.code == 0, done.err
    assert "set aside" in done.err or "damaged" in done.err
    assert cli.run("list", "--json").json


def test_the_log_holds_no_secret_and_nothing_that_people_wrote(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    assert cli.run("fix", number, "--reply", "A very private answer.", "--now").code == 0
    world.customer_replies(int(number), "A very private question.")
    assert cli.run("fix", number, "--reply", "Another private answer.", "--now").code == 1
    cli.run("sync")
    cli.run("check")
    log = (cli.home / "deskzero.log").read_text(encoding="utf-8")
    assert (cli.home / "deskzero.log").stat().st_mode & 0o077 == 0
    for word in (ACCOUNT.private_key, "private answer", "private question", "Basic "):
        assert word not in log
    for row in cli.run("list", "--json").json:
        assert row["summary"] not in log
        assert row["company"] not in log


# ---------------------------------------------------------------- sync


def test_sync_json(synced: Cli) -> None:
    done = synced.run("sync", "--json")
    assert done.code == 0
    assert done.err == ""
    assert done.json["ok"] is True
    (report,) = done.json["connections"]
    assert report["connection"] == "acme"
    assert report["requests"] > 0


def test_wrong_credentials_are_exit_3_and_the_cache_stays(own: tuple[Cli, World]) -> None:
    cli, _ = own
    rows = cli.run("list", "--json").json
    done = cli.run("sync", DESKZERO_ACME_PRIVATE_KEY="not-the-key")
    assert done.code == 3
    assert "acme" in done.error[0]
    assert "not-the-key" not in done.out + done.err
    assert cli.run("list", "--json").json == rows
    assert "not-the-key" not in (cli.home / "deskzero.log").read_text()


def test_no_secret_names_the_variable(own: tuple[Cli, World]) -> None:
    cli, _ = own
    for arguments in (["sync"], ["fix", first(cli, "billing_code"), "--note", "x"]):
        done = cli.run(*arguments, DESKZERO_ACME_PRIVATE_KEY="")
        assert done.code == 3
        assert "DESKZERO_ACME_PRIVATE_KEY" in done.error[0]
    assert "DESKZERO_ACME_PRIVATE_KEY" in cli.run("list").out


def test_an_address_where_nobody_listens(own: tuple[Cli, World]) -> None:
    cli, _ = own
    rows = cli.run("list", "--json").json
    cli.configure("http://127.0.0.1:9")
    done = cli.run("sync")
    assert done.code == 3
    assert "acme" in done.error[0]
    assert len(rows) > 0


def test_a_technician_who_does_not_exist_is_exit_2(own: tuple[Cli, World]) -> None:
    cli, _ = own
    cli.append("")
    path = cli.home / "config.toml"
    path.write_text(path.read_text().replace('technician = "jdoe"', 'technician = "nobody-here"'))
    done = cli.run("sync")
    assert done.code == 2
    assert "nobody-here" in done.error[0]


def test_one_failing_connection_does_not_hide_the_other(own: tuple[Cli, World]) -> None:
    cli, _ = own
    config = (cli.home / "config.toml").read_text()
    cli.append(config.replace("connections.acme", "connections.two"))
    done = cli.run("sync", DESKZERO_TWO_PRIVATE_KEY="x-key")
    assert done.code == 3
    assert "two" in done.error[0]
    assert "acme: " in done.out
    assert cli.run("list", "--json").json


def test_a_database_from_a_newer_version_is_left_alone(own: tuple[Cli, World]) -> None:
    cli, _ = own
    with closing(sqlite3.connect(cli.home / "journal.db")) as db:
        db.execute("PRAGMA user_version = 9999")
    done = cli.run("sync")
    assert done.code == 2
    assert "newer deskzero" in done.error[0]
    assert cli.run("check").code == 3


# ---------------------------------------------------------------- fix, undo, outbox


def test_fix_a_billing_code_and_take_it_back(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "billing_code")
    writes = len(world.writes)
    dry = cli.run("fix", number, "--billing-code", "remote support", "--dry-run")
    assert dry.code == 0
    assert "Remote Support" in dry.out
    assert "PATCH" in dry.out
    assert "mail" in dry.out
    assert len(world.writes) == writes
    assert cli.run("outbox", "--all", "--json").json == []
    done = cli.run("fix", number, "--billing-code", "remote support")
    assert done.code == 0, done.err
    assert done.out.startswith("confirmed: ")
    assert len(world.writes) > writes
    assert number not in [row["number"] for row in cli.run("list", "--json", "billing_code").json]
    (change,) = cli.run("outbox", "--all", "--json").json
    keys = "change connection ticket_id number verb values was state attempts error created_at sent_at"
    assert set(change) == set(keys.split())
    assert change["state"] == "confirmed"
    assert ISO.fullmatch(change["sent_at"])
    assert cli.run("outbox", "--json").json == []
    assert cli.run("undo").code == 0
    assert number in [row["number"] for row in cli.run("list", "--json", "billing_code").json]
    assert {row["state"] for row in cli.run("outbox", "--all", "--json").json} == {"undone", "confirmed"}


def test_an_unknown_name_lists_the_candidates(own: tuple[Cli, World]) -> None:
    cli, world = own
    writes = len(world.writes)
    done = cli.run("fix", first(cli, "billing_code"), "--billing-code", "nonsense")
    assert done.code == 2
    assert "Remote Support" in done.error[0]
    assert len(world.writes) == writes


def test_a_reply_is_held_and_undo_withdraws_it(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    writes = len(world.writes)
    done = cli.run("fix", number, "--reply", "We are on it.")
    assert done.code == 0
    assert done.out.startswith("held: ")
    assert [change["state"] for change in cli.run("outbox", "--json").json] == ["held"]
    assert cli.run("undo").code == 0
    assert len(world.writes) == writes
    assert cli.run("outbox").out == "The outbox is empty.\n"


def test_a_reply_now_is_sent_once(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    done = cli.run("fix", number, "--reply", "We are on it.", "--now")
    assert done.code == 0, done.err
    assert done.out.startswith("confirmed: ")
    said = [write for write in world.writes if "We are on it." in str(write)]
    assert len(said) == 1
    assert number not in [row["number"] for row in cli.run("list", "--json", "customer_responded").json]


def test_a_customer_who_writes_meanwhile_stops_the_reply(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    world.customer_replies(int(number), "Wait, it burns!")
    done = cli.run("fix", number, "--reply", "All is well.", "--now")
    assert done.code == 1
    assert "conflict" in done.error[0]
    assert "it burns" in done.error[0]
    assert not [write for write in world.writes if "All is well." in str(write)]
    (change,) = cli.run("outbox", "--json").json
    assert change["state"] == "conflict"
    assert "it burns" in cli.run("outbox").out
    again = cli.run("outbox", "--retry", change["change"])
    assert again.code == 0, again.err
    assert [write for write in world.writes if "All is well." in str(write)]


def test_a_conflict_can_be_dropped(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    world.customer_replies(int(number), "One more thing.")
    assert cli.run("fix", number, "--reply", "Done.", "--now").code == 1
    (change,) = cli.run("outbox", "--json").json
    assert cli.run("outbox", "--drop", change["change"]).code == 0
    assert cli.run("outbox", "--json").json == []
    assert cli.run("outbox", "--drop", "no-such").code == 2
    assert cli.run("undo", "no-such").code == 2


def test_later_waits_for_the_next_sync(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "billing_code")
    writes = len(world.writes)
    done = cli.run("fix", number, "--billing-code", "On-site", "--later")
    assert done.code == 0
    assert done.out.startswith("queued: ")
    assert number not in [row["number"] for row in cli.run("list", "--json", "billing_code").json]
    assert len(world.writes) == writes
    done = cli.run("sync")
    assert done.code == 0
    assert "confirmed: " in done.out
    assert len(world.writes) > writes
    assert cli.run("outbox", "--json").json == []


def test_a_fix_while_the_psa_is_away_is_queued_and_goes_out_later(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "billing_code")
    config = (cli.home / "config.toml").read_text()
    (cli.home / "config.toml").write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", config))
    done = cli.run("fix", number, "--billing-code", "On-site")
    assert done.code == 3
    assert "queued" in done.error[0]
    writes = len(world.writes)
    (cli.home / "config.toml").write_text(config)
    assert cli.run("sync").code == 0
    assert len(world.writes) > writes
    assert cli.run("outbox", "--json").json == []


def test_a_read_only_connection_sends_nothing(own: tuple[Cli, World]) -> None:
    cli, world = own
    path = cli.home / "config.toml"
    path.write_text(path.read_text() + "read_only = true\n")
    number = first(cli, "billing_code")
    writes = len(world.writes)
    done = cli.run("fix", number, "--billing-code", "On-site")
    assert done.code == 0
    assert "not sent: read_only" in done.out
    assert len(world.writes) == writes
    assert cli.run("outbox", "--all", "--json").json == []
    assert first(cli, "billing_code") == number


def test_closing_with_something_missing_needs_a_reason(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    writes = len(world.writes)
    done = cli.run("fix", number, "--close")
    assert done.code == 2
    assert "--because" in done.error[1]
    assert len(world.writes) == writes
    assert cli.run("outbox", "--all", "--json").json == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--because", "x"],
        ["--later", "--now", "--note", "x"],
        ["--set", "nonsense"],
        ["--set", "nonsense=1"],
        ["--note", "  "],
        ["--time", "-1"],
        ["--time", "nan"],
        ["--parent", "1", "--no-parent"],
        ["--entry", "12"],
        ["--status", "No Such Status"],
        ["--owner", "nobody-here"],
        ["--set", "due_at=tomorrow-ish"],
    ],
)
def test_fixes_that_make_no_sense_are_exit_2(synced: Cli, options: list[str]) -> None:
    done = synced.run("fix", first(synced, "billing_code"), *options)
    assert done.code == 2, (done.out, done.err)
    assert done.error[1]
    assert synced.run("outbox", "--all", "--json").json == []


# ---------------------------------------------------------------- check


def test_check_asks_and_answers(own: tuple[Cli, World]) -> None:
    cli, _ = own
    done = cli.run("check", "--json")
    assert done.code == 1
    assert done.err == ""
    answer = done.json
    keys = "verdict to_zero counts synced_at outbox quarantined aged_out why"
    assert set(keys.split()) <= set(answer)
    assert answer["verdict"] == "not_zero"
    assert answer["to_zero"] == sum(count["must"] for count in answer["counts"].values()) > 0
    assert ISO.fullmatch(answer["synced_at"])
    text = cli.run("check", "--offline")
    assert text.code == 1
    assert "NOT ZERO" in text.out


def test_check_of_some_kinds_only(own: tuple[Cli, World]) -> None:
    cli, _ = own
    one = cli.run("check", "--json", "--offline", "--gate", "orphaned").json
    all_of_them = cli.run("check", "--json", "--offline").json
    assert 0 < one["to_zero"] < all_of_them["to_zero"]
    assert "billing_code" in cli.run("check", "--gate", "billing").error[1]


def test_check_of_a_home_that_never_synced_cannot_tell(shop: tuple[World, str], tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    cli.configure(shop[1])
    assert cli.run("check", "--offline", "--json").json["verdict"] == "cannot_tell"
    done = cli.run("check")  # no secret: not zero is not known either
    assert done.code == 3
    assert "CANNOT TELL" in done.out


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


def test_a_demo_that_is_ended_leaves_nothing_behind(empty: Cli, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        empty.command("demo", "--tickets", "2000"),
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
