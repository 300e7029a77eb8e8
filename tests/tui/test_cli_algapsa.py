"""The command line against a simulated AlgaPSA: connect unattended, sync, list, fix, check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.simulators.algapsa.state import uid
from connectors.simulators.world import World
from tests.connectors.alga_desk import key, served
from tests.tui.cli_runner import Cli


@pytest.fixture
def shop() -> Iterator[tuple[Any, str]]:
    with served(World(3, 40, speed=0)) as found:
        yield found


@pytest.fixture
def desk(shop: tuple[Any, str], tmp_path: Path) -> Cli:
    """A home that `deskzero connect` has made, unattended."""
    cli = Cli(tmp_path / "home", {"DESKZERO_ALGA_API_KEY": "DemoAlgaKey01"})
    words = ["connect", "alga", "--psa", "algapsa", "--url", shop[1], "--technician", "jdoe"]
    words += ["--child-status", "Child Ticket", "--closing-status", "Completed"]
    done = cli.run(*words, "--no-sync")
    assert done.code == 0, done.err
    assert "jdoe (Jordan Doe)" in done.out + done.err
    cli.append('quota = "none"\n')
    return cli


def test_a_day_with_it(shop: tuple[Any, str], desk: Cli) -> None:
    world: World = shop[0].state.world
    me = world.member("jdoe").id
    there = next(
        t
        for t in world.tickets.values()
        if world.is_open(t) and t.owner_id == me and t.contact_id and not t.flag and t.parent_id is None
    )
    done = desk.run("sync")
    assert done.code == 0, done.err
    world.customer_replies(there.id, "Is it ready, 4711?")
    assert desk.run("sync").code == 0
    rows = [row for row in desk.run("list", "--json").json if row["ticket_id"] == key(there.id)]
    assert [row["kind"] for row in rows if row["gate"]] == ["customer_responded"]
    world.mails.clear()
    done = desk.run("fix", f"TIC{there.id}", "--reply", "It is ready.", "--status", "In Progress", "--now")
    assert done.code == 0, done.err
    assert [mail.text for mail in world.mails] == ["It is ready."]
    answer = desk.run("check", "--json")
    assert answer.code == 1 and answer.json["verdict"] == "not_zero"
    rows = [row for row in desk.run("list", "--json").json if row["ticket_id"] == key(there.id)]
    assert [row["gate"] for row in rows if row["kind"] == "customer_responded"] == [False]


def test_a_number_is_set_on_the_card_of_two_tickets_contact_once(shop: tuple[Any, str], desk: Cli) -> None:
    world: World = shop[0].state.world
    me = world.member("jdoe").id
    mine = [t for t in world.tickets.values() if world.is_open(t) and t.owner_id == me and t.contact_id]
    one, other = next(
        (one, other)
        for one in mine
        for other in mine
        if one is not other and one.contact_id == other.contact_id
    )
    contact = world.contacts[one.contact_id or 0]
    world.set_card(contact.id, phone="")
    assert desk.run("sync").code == 0
    asked = ("fix", f"TIC{one.id}", f"TIC{other.id}", "--set", "contact_phone=555 0199")
    done = desk.run(*asked, "--dry-run")
    assert done.code == 0 and contact.phone == "", done.err
    assert f"On the card of {contact.name}: it holds for all tickets of this contact." in done.out
    assert "step 1: PUT /contacts/" in done.out
    done = desk.run(*asked)
    assert done.code == 0, done.err
    assert f"On the card of {contact.name}: it holds for all tickets of this contact." in done.out
    assert done.out.count("is in the PSA") == 1 and done.out.count("was in the PSA already") == 1
    assert contact.phone == "555 0199"
    assert [write.path for write in world.writes if "contacts" in write.path] == [
        f"/contacts/{uid('contact', contact.id)}"
    ]


def test_a_wrong_key_is_said_and_not_shown(desk: Cli) -> None:
    done = desk.run("sync", DESKZERO_ALGA_API_KEY="WrongAlgaKey4711")
    assert done.code == 3
    assert "alga" in done.error[0] and "Invalid API key" in done.error[0]
    assert "4711" not in done.err + done.out
