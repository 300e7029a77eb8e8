"""The command line against a real Request Tracker: connect, sync, fix, check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.rt import RtServer
from tests.tui.cli_runner import Cli


@pytest.fixture
def desk(rt_server: RtServer, tmp_path: Path) -> Cli:
    """A home that `deskzero connect` has made, unattended."""
    cli = Cli(tmp_path / "home", {"DESKZERO_DESK_TOKEN": rt_server.tokens["tess"]})
    words = ["connect", "desk", "--psa", "rt", "--url", rt_server.url, "--technician", "tess"]
    words += ["--set", "fields.billing_code=Billing Code", "--set", "fields.company=Client"]
    done = cli.run(*words, "--no-sync")
    assert done.code == 0, done.err
    # The seed's tickets have no contracts and no types: what is not asked for is no exception.
    cli.append('\n[rules.missing_fields]\nrequired = ["contact_email"]\n')
    return cli


def test_two_exceptions_come_in_are_fixed_and_it_is_zero(rt_server: RtServer, desk: Cli) -> None:
    closed = rt_server.create_ticket("Old laptop")
    rt_server.put(closed, {"Status": "resolved"})
    asked = rt_server.create_ticket("Move printers")
    rt_server.mail("pat@contoso.test", asked, "Still here, still broken.")
    done = desk.run("sync")
    assert done.code == 0, done.err
    rows = {(row["kind"], row["number"]) for row in desk.run("list", "--json").json if row["gate"]}
    assert rows == {("billing_code", closed), ("customer_responded", asked)}
    assert desk.run("check").code == 1

    coded = desk.run("fix", closed, "--billing-code", "contract")
    assert coded.code == 0, coded.err
    assert rt_server.custom(closed, "Billing Code") == ["CONTRACT"]
    replied = desk.run("fix", asked, "--reply", "We come at ten.", "--now")
    assert replied.code == 0, replied.err
    ours = [note for note in rt_server.notes(asked) if note["Creator"]["id"] == "tess"]
    assert len(ours) == 1

    answer = desk.run("check")
    assert answer.code == 0, answer.out
    assert answer.out.startswith("ZERO")


def test_a_customer_who_writes_meanwhile_stops_everything(rt_server: RtServer, desk: Cli) -> None:
    ticket = rt_server.create_ticket("Mailbox full")
    rt_server.mail("pat@contoso.test", ticket, "It is full again.")
    assert desk.run("sync").code == 0
    rt_server.mail("pat@contoso.test", ticket, "Now the server smokes!")
    done = desk.run("fix", ticket, "--reply", "Archived it.", "--now")
    assert done.code == 1
    assert "smokes" in done.error[0]
    assert not [note for note in rt_server.notes(ticket) if note["Creator"]["id"] == "tess"]
    assert desk.run("check").code == 1


def test_a_wrong_token_is_said_in_two_lines(rt_server: RtServer, desk: Cli) -> None:
    done = desk.run("sync", DESKZERO_DESK_TOKEN="1-27-00000000000000000000000000000000")
    assert done.code == 3
    assert "desk" in done.error[0]
    assert "00000000000" not in done.err


def test_a_value_that_rt_refuses_changes_nothing(rt_server: RtServer, desk: Cli) -> None:
    ticket = rt_server.create_ticket("Old laptop")
    rt_server.put(ticket, {"Status": "resolved"})
    assert desk.run("sync").code == 0
    done = desk.run("fix", ticket, "--billing-code", "NO-SUCH-CODE")
    assert done.code == 2
    assert "CONTRACT" in done.error[0]
    assert rt_server.custom(ticket, "Billing Code") == []
