"""The demo's shop, pulled whole: the store finds exactly the exceptions that the shop was made with."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport, run_in_thread
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.rules.catalogue import CATALOGUE
from store.settings import load
from store.settings_save import save_connection
from tests.end_to_end.shop import KEY
from tests.tui.cli_runner import Cli

MARKERS = {"customer_responded/hostile_text", "missing_fields/placeholder", "billing_code/closing_status"}
"""What the world marks besides reasons: tickets that are worth a look for another cause."""

Table = dict[str, set[int]]


def reasons(home: Home) -> Table:
    """The store's reasons as the world names them: `kind/code`, for a missing field `kind/missing:field`."""
    found: Table = {}
    with closing(sqlite3.connect(home.cache)) as cache:
        for kind, code, field, ticket in cache.execute("SELECT kind, code, field, ticket_id FROM reason"):
            name = f"{kind}/{code}:{field}" if code == "missing" else f"{kind}/{code}"
            found.setdefault(name, set()).add(int(ticket))
    return found


def planted(world: World) -> Table:
    return {name: set(tickets) for name, tickets in world.planted.items() if name not in MARKERS}


@pytest.mark.parametrize(("seed", "tickets"), [(1, 120), (2, 120), (3, 500)])
async def test_every_planted_exception_is_found_and_no_other(tmp_path: Path, seed: int, tickets: int) -> None:
    home = Home.at(tmp_path)
    save_connection(home.config, "demo", demo_settings())
    world = World(seed, tickets, speed=0)
    wanted = planted(world)
    async with Desk(
        home,
        load(home.config),
        transports={"demo": demo_transport(world)},
        secrets={"demo": demo_secrets()},
    ) as desk:
        (report,) = await desk.sync()
        assert report.ok, report.error
        assert report.quarantined == 0
        assert reasons(home) == wanted
        assert world.near_misses, "a shop without near misses proves little"
        (again,) = await desk.sync()
        assert (again.new, again.gone) == (0, 0)
        assert reasons(home) == wanted
    assert world.writes == [], "reading changes nothing in the PSA"


def test_the_piped_demo_list_and_csv_are_the_same_queue(tmp_path: Path) -> None:
    """Ticket for ticket what the shop was made with, on three ways out of the program."""
    world = World(1, 66, speed=0)
    wanted: dict[str, set[str]] = {}
    for name, tickets in planted(world).items():
        wanted.setdefault(name.partition("/")[0], set()).update(map(str, tickets))

    cli = Cli(tmp_path / "home", dict(KEY))
    done = cli.run("demo", "--speed", "0", "--seed", "1", "--tickets", "66")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    assert "DEMO" in done.out
    assert panes(done.out) == wanted
    assert not cli.home.exists(), "the demo leaves nothing behind"

    with run_in_thread(simulator(world)) as url:
        cli.configure(url)
        assert cli.run("sync").code == 0
    assert panes(cli.run().out) == wanted
    table = list(csv.DictReader(io.StringIO(cli.run("list", "--csv").out)))
    found: dict[str, set[str]] = {}
    for row in table:
        found.setdefault(row["kind"], set()).add(row["number"])
    assert found == wanted
    assert len(table) == sum(map(len, wanted.values())), "once per kind"
    gates = sum(row["gate"] == "true" for row in table)
    assert f"\n{gates} to zero\n" in done.out


def test_the_demo_looks_for_every_kind_where_it_is_asked_to(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home", dict(KEY))
    few, every = (
        cli.run("demo", "--speed", "0", "--tickets", "66", *more).out for more in ((), ("--every-kind",))
    )
    for kind in CATALOGUE:
        assert f"\n{kind.pane} {kind.title} · " in every, f"{kind.name} is not looked for"
        if kind.on:
            assert re.findall(rf"\n{kind.pane} {kind.title} · .*", every) == re.findall(
                rf"\n{kind.pane} {kind.title} · .*", few
            )
        else:
            assert f"\n{kind.pane} {kind.title} · " not in few
    assert max(int(count) for count in re.findall(r"\n[567] .* · 0 must, (\d+) later", every)) > 0


def panes(text: str) -> dict[str, set[str]]:
    """The ticket numbers under each pane's title; the panes come in the order of the kinds."""
    kinds = iter(
        (
            "customer_responded",
            "child_reply",
            "reply_after_close",
            "missing_fields",
            "orphaned",
            "billing_code",
        )
    )
    found: dict[str, set[str]] = {}
    kind = ""
    for line in text.splitlines():
        if re.match(r"\d .* · \d+ must, \d+ later$", line):
            kind = next(kinds)
            found[kind] = set()
        elif row := re.match(r"  . #(\d+)  ", line):
            found[kind].add(row[1])
    return found
