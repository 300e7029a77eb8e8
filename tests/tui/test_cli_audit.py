"""`audit`, one fix of several tickets, and an old reply that asks first, as scripts see them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing

from connectors.simulators.world import World
from tests.tui.cli_runner import Cli, first


def test_audit_verify_and_export(own: tuple[Cli, World]) -> None:
    cli, _ = own
    number = first(cli, "billing_code")
    assert (
        cli.run("fix", number, "--billing-code", "Remote Support", "--note", "Words of ours", "--now").code
        == 0
    )
    done = cli.run("audit", "verify")
    assert done.code == 0, done.err
    count, head = int(done.out.split()[4]), done.out.split()[-1]
    lines = [json.loads(line) for line in cli.run("audit", "export").out.splitlines()]
    assert len(lines) == count
    assert lines[-1]["hash"] == head
    assert lines[0]["event"] == "decided"
    assert json.loads(lines[0]["payload"])["number"] == number
    assert "Words of ours" not in cli.run("audit", "export").out
    rows = list(csv.DictReader(io.StringIO(cli.run("audit", "export", "--format", "csv").out)))
    assert [row["hash"] for row in rows] == [line["hash"] for line in lines]
    assert cli.run("audit", "verify", "--expect", head[:16], "--json").json["holds"] is True

    file = cli.home.parent / "audit.jsonl"
    assert cli.run("audit", "export", "--output", str(file)).code == 0
    assert len(file.read_text().splitlines()) == count
    assert "exists already" in cli.run("audit", "export", "--output", str(file)).error[0]

    with closing(sqlite3.connect(cli.home / "journal.db")) as db, db:
        db.execute("DROP TRIGGER audit_is_kept")
        db.execute("DELETE FROM audit WHERE seq = 3")
    done = cli.run("audit", "verify")
    assert done.code == 1
    assert "Entry 4" in done.out
    assert "does not hold" in done.error[0]
    assert cli.run("audit", "verify", "--json").json["holds"] is False


def test_audit_of_nothing_and_wrong_words(empty: Cli) -> None:
    assert "no journal" in empty.run("audit", "verify").error[0]
    assert "hexadecimal" in empty.run("audit", "verify", "--expect", "head").error[0]


def test_one_fix_of_several_tickets_is_one_undo(own: tuple[Cli, World]) -> None:
    cli, world = own
    rows = cli.run("list", "--json", "billing_code").json
    numbers = [row["number"] for row in rows if any("ticket" in reason["code"] for reason in row["reasons"])][
        :2
    ]
    assert len(numbers) == 2
    dry = cli.run("fix", *numbers, "--billing-code", "Remote Support", "--dry-run")
    assert all(f"#{number}" in dry.out for number in numbers)
    done = cli.run("fix", *numbers, "--billing-code", "Remote Support")
    assert done.code == 0, done.err
    assert done.out.count("confirmed: ") == 2
    codes = [world.ticket(number).work_type_id for number in numbers]
    assert codes[0] == codes[1] is not None
    change = done.out.split("deskzero undo ")[1].split("`")[0]
    back = cli.run("undo", change)
    assert back.code == 0, back.err
    assert [world.ticket(number).work_type_id for number in numbers] == [None, None]
    for words in (["--reply", "Hello"], ["--note", "x"], ["--time", "1"]):
        refused = cli.run("fix", *numbers, *words)
        assert refused.code == 2
        assert "ticket by ticket" in refused.error[0]


def test_an_old_reply_asks_once(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "customer_responded")
    assert cli.run("fix", number, "--reply", "On my way.", "--later").code == 0
    with closing(sqlite3.connect(cli.home / "journal.db")) as db, db:
        db.execute("UPDATE change SET created_at = created_at - 4000, due_at = due_at - 4000")
    mails = len(world.mails)
    done = cli.run("sync")
    assert done.code == 0
    assert "is it still right?" in done.out
    assert "--send" in done.out
    assert len(world.mails) == mails
    (change,) = cli.run("outbox", "--json").json
    assert (change["state"], change["asks"], change["due_at"]) == ("held", True, None)
    check = cli.run("check", "--json", "--offline").json
    assert any("still goes" in sentence for sentence in check["why"])
    sent = cli.run("outbox", "--send", change["change"])
    assert sent.code == 0, sent.err
    assert sent.out.startswith("confirmed: ")
    assert len(world.mails) == mails + 1
