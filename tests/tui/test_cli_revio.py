"""The command line against a simulated Rev.io: connect unattended, sync, list, show, fix, check, doctor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.simulators.revio import ACCOUNT, simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.connectors.revio_desk import ours
from tests.tui.cli_runner import Cli


@pytest.fixture
def world() -> World:
    return World(1, 40, speed=0.0)


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with run_in_thread(simulator(world)) as found:
        yield found


def connect(cli: Cli, url: str, **more: str):
    given = {"tenant": ACCOUNT.tenant, "ticket_url": "https://acme.psarev.io/ticket/{id}"} | more
    technician = given.pop("technician", ACCOUNT.technician)
    words = ["connect", "desk", "--psa", "revio", "--url", url, "--technician", technician]
    for key, value in given.items():
        words += ["--set", f"{key}={value}"]
    return cli.run(*words, "--responded-status", "Customer Responded", "--no-sync")


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Cli:
    cli = Cli(tmp_path / "home", {"DESKZERO_DESK_API_KEY": ACCOUNT.api_key})
    done = connect(cli, url)
    assert done.code == 0, done.err
    assert "names technicians by name alone" in done.out and "read-only" in done.out
    return cli


def test_a_day_at_a_psa_that_only_tells(desk: Cli, world: World) -> None:
    done = desk.run("sync")
    assert done.code == 0, done.err
    assert "but of desk not all can be known" in done.out
    listed = desk.run("list")
    assert "desk: orphaned not known, which is no zero." in listed.out
    assert "not known" not in desk.run("list", "missing_fields").out
    one = sorted(ours(world))[0]
    shown = desk.run("show", one)
    assert "not known: Rev.io PSA: its API as known does not tell what is said on a ticket" in shown.out
    for words in (
        ["--reply", "x"],
        ["--status", "New"],
        ["--billing-code", "x"],
        ["--seen", "x"],
        ["--close"],
    ):
        fixed = desk.run("fix", one, *words)
        assert fixed.code == 2, words
        assert fixed.error[1] == "Rev.io PSA: not offered by its API as known; `o` opens the ticket there."
    assert desk.run("outbox", "--all", "--json").json == []
    checked = desk.run("check", "--json")
    assert checked.code == 3 and checked.json["verdict"] == "cannot_tell"
    assert [why.split(" cannot")[0] for why in checked.json["why"]][-1] == "desk: billing_code"
    doctor = desk.run("doctor")
    assert "required fields that Rev.io PSA does not have: contact" in doctor.out
    assert "60 requests a minute for these credentials (prudent; nothing is published)" in doctor.out
    assert ACCOUNT.api_key not in doctor.out


def test_a_wrong_answer_says_what_to_do(url: str, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home", {"DESKZERO_DESK_API_KEY": ACCOUNT.api_key})
    done = connect(cli, url, technician="Jordan")
    assert done.code != 0 and "“Jordan Doe”" in done.err
    done = connect(cli, url, tenant="other.psarev.io")
    assert done.code != 0 and "The API key itself was taken. Check `tenant`" in done.err
    wrong = Cli(tmp_path / "other", {"DESKZERO_DESK_API_KEY": "wrong-4711-key"})
    done = connect(wrong, url)
    assert done.code != 0 and "API Management" in done.err and "4711" not in done.err
    done = connect(cli, url, ticket_url="acme.psarev.io")
    assert done.code == 2 and "ticket_url" in done.err
