"""`deskzero doctor` as a technician runs it: lines to read, one JSON document, and a PSA that is not there."""

from __future__ import annotations

import sys

import pytest

from connectors.simulators.connectwise import ACCOUNT
from connectors.simulators.serve import demo_settings
from connectors.simulators.world import World
from store.settings_save import save_connection
from tests.servers.rt import RtServer
from tests.tui.cli_runner import Cli

CHILD = "the child status “Child Ticket” runs the SLA clock"


def plant_child_clock(world: World) -> None:
    for status in world.statuses.values():
        if status.name == "Child Ticket":
            status.clock = "runs"


def test_a_finding_is_what_why_and_what_to_do(own: tuple[Cli, World]) -> None:
    cli, world = own
    before = cli.run("doctor")
    assert CHILD not in before.out
    plant_child_clock(world)
    done = cli.run("doctor")
    assert (done.code, done.err) == (0, ""), "a set-up that could be better is no failure"
    lines = done.out.splitlines()
    (at,) = [place for place, line in enumerate(lines) if CHILD in line]
    assert lines[at].startswith("!! acme: the child status “Child Ticket” runs the SLA clock on ")
    assert lines[at + 1].startswith("    Why: A child waits for its parent.")
    assert lines[at + 2].startswith("    Do: ConnectWise PSA, System > Setup Tables")
    assert len([line for line in lines if line.startswith("!!")]) == int(lines[-1].split()[0])


def test_json_is_one_document_of_all_of_it(own: tuple[Cli, World]) -> None:
    cli, world = own
    plant_child_clock(world)
    done = cli.run("doctor", "--json", "--team", "4")
    assert (done.code, done.err) == (0, "")
    document = done.json
    assert list(document) == ["findings", "unknown", "notes", "fine", "requests"]
    (child,) = [one for one in document["findings"] if one["code"] == "child_clock"]
    assert list(child) == ["code", "what", "why", "do", "connection"]
    assert child["connection"] == "acme" and CHILD in child["what"]
    assert [one["code"] for one in document["unknown"]] == ["notes_move"], (
        "in this shop a note does move its ticket"
    )
    assert 0 < document["requests"]["acme"] < 30
    assert any("clock " in one["text"] for one in document["fine"])
    assert any(one["about"] == "acme" for one in document["notes"])


def test_a_psa_that_is_not_there_does_not_stop_the_rest(own: tuple[Cli, World]) -> None:
    cli, world = own
    plant_child_clock(world)
    save_connection(
        cli.home / "config.toml", "away", demo_settings(url="http://127.0.0.1:9") | {"timezone": "UTC"}
    )
    variables = {"DESKZERO_AWAY_PRIVATE_KEY": ACCOUNT.private_key}
    done = cli.run("doctor", **variables)
    assert done.code == 3
    assert "!! away: " in done.out and "could not be reached" in done.out
    assert CHILD in done.out
    found = cli.run("doctor", "--json", **variables)
    assert found.code == 3
    assert [one["code"] for one in found.json["findings"] if one["connection"] == "away"] == [
        "connection_unreachable"
    ]


def test_broken_settings_are_a_finding_in_json_too(empty: Cli) -> None:
    empty.home.mkdir()
    empty.append("nonsense = 1\n")
    done = empty.run("doctor", "--json")
    assert done.code == 2
    assert "settings" in [one["code"] for one in done.json["findings"]]


def test_a_key_of_somebody_else_is_refused_where_the_psa_tells(rt_server: RtServer, empty: Cli) -> None:
    cli = Cli(empty.home, {"DESKZERO_DESK_TOKEN": rt_server.tokens["tess"]})
    save_connection(
        cli.home / "config.toml", "desk", {"psa": "rt", "url": rt_server.url, "technician": "root"}
    )
    done = cli.run("doctor", "--json")
    assert done.code == 3
    (refused,) = [one for one in done.json["findings"] if one["connection"] == "desk"]
    assert refused["code"] == "connection_unauthorized"
    assert "The token belongs to tess and not to root" in refused["what"]


def test_request_tracker_has_no_list_of_statuses_so_doctor_is_not_certain(
    rt_server: RtServer, empty: Cli
) -> None:
    """`stalled` is there, but the only ticket is new and is not offered it."""
    rt_server.create_ticket("Printer offline")
    cli = Cli(empty.home, {"DESKZERO_DESK_TOKEN": rt_server.tokens["tess"]})
    table = {"psa": "rt", "url": rt_server.url, "technician": "tess", "waiting_statuses": ["open", "stalled"]}
    save_connection(cli.home / "config.toml", "desk", table)
    assert cli.run("sync").code == 0
    document = cli.run("doctor", "--json").json
    assert "status_unknown" not in [one["code"] for one in document["findings"]]
    named, clock = document["unknown"]
    assert named["code"] == "status_unknown" and "“stalled”" in named["what"]
    assert clock["code"] == "clock_unknown" and "“open”" in clock["what"]


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_on_a_terminal_lines_are_wrapped(own: tuple[Cli, World]) -> None:
    from tests.tui.terminal import Terminal

    cli, world = own
    plant_child_clock(world)
    terminal = Terminal(cli.command("doctor"), cli.environment, columns=80, lines=100)
    try:
        terminal.until("findings.")
        lines = terminal.raw.decode().splitlines()
        mine = lines[
            next(place for place, line in enumerate(lines) if "acme: " in line and "/" not in line) :
        ]
        assert max(map(len, mine)) <= 80, "only a path may be longer than the line"
        at = next(place for place, line in enumerate(mine) if line.startswith("!! acme: the child"))
        assert mine[at + 1].startswith("    ")
        assert "Setup Tables" in " ".join(mine[at : at + 12])
    finally:
        terminal.kill()
