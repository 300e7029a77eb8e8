"""The command line as scripts see it: usage, reading, exit codes, JSON, the two lines of an error."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from connectors.simulators.connectwise import ACCOUNT
from connectors.simulators.world import World
from tests.tui.cli_runner import ISO, KEY, Cli, first

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
    assert len(names) == 21
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
    assert "acme" in synced.run("--connection", "other").error[1]
    assert "behind it" in synced.run("--connection", "acme", "list").error[1]


def test_the_queue_and_a_round_of_one_connection_alone(synced: Cli) -> None:
    out = synced.run("--connection", "acme").out
    assert "to zero in acme alone" in out
    assert synced.run("sync", "--connection", "acme").code == 0
    assert synced.run("sync", "--connection", "other").code == 2
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
    # Whoever runs the tests in a shell's background has Ctrl+C ignored, and hands that on to every child.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
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
    signal.signal(signal.SIGINT, before)
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
