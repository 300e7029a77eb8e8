"""`sync`, `fix`, `undo`, `outbox` and `check`: what is written, what waits, and with which exit code."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from connectors.simulators.world import World
from tests.tui.cli_runner import ISO, Cli, first

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
    assert "is in the outbox" in done.error[0]
    assert [change["verb"] for change in cli.run("outbox", "--json").json] == ["note"]


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
    keys = "change connection ticket_id number verb values was state attempts error hint conflict created_at"
    assert set(change) == {*keys.split(), "sent_at", "due_at", "asks"}
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


def test_check_waits_until_the_fixes_of_another_process_are_in_the_psa(own: tuple[Cli, World]) -> None:
    cli, _ = own
    settings = cli.home / "config.toml"  # one's share of the limit is for a day, not for so much in a minute
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("[connections.acme]", "[connections.acme]\nquota_share = 1.0"), encoding="utf-8"
    )
    kinds = ["--gate", "reply_after_close"]
    before = cli.run("check", "--json", *kinds).json["to_zero"]
    assert before > 0
    command = cli.command("check", "--wait", *kinds)
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=cli.environment) as waiting:
        try:
            assert waiting.stdout is not None
            assert f"NOT ZERO, {before} to go" in waiting.stdout.readline()
            for row in cli.run("list", "reply_after_close", "--json").json:
                fixed = cli.run("fix", row["number"], "--seen", "by phone", "--now")
                assert fixed.code == 0, fixed.err
            told, _ = waiting.communicate(timeout=60)
        finally:
            waiting.kill()
    assert waiting.returncode == 0, told
    assert f"to go (was {before})" in told
    assert "\nZERO, synced" in told


def test_check_that_waited_long_enough_says_what_is_left(own: tuple[Cli, World]) -> None:
    cli, _ = own
    done = cli.run("check", "--wait", "--limit", "0.04", "--json")
    assert done.code == 1
    assert done.json["verdict"] == "not_zero"
    for options in (["--wait", "--offline"], ["--every", "60"], ["--limit", "1"], ["--wait", "--every", "5"]):
        done = cli.run("check", *options)
        assert done.code == 2, options
        assert done.error


def test_check_of_a_home_that_never_synced_cannot_tell(shop: tuple[World, str], tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    cli.configure(shop[1])
    assert cli.run("check", "--offline", "--json").json["verdict"] == "cannot_tell"
    done = cli.run("check")  # no secret: not zero is not known either
    assert done.code == 3
    assert "CANNOT TELL" in done.out
