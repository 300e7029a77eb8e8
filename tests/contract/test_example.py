"""The example of `docs/connectors.md`, installed and used as a person would: connect, sync, list, fix."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import ROOT, Cli


def test_a_connector_from_a_package_is_connected_read_and_written(example: Path, tmp_path: Path) -> None:
    from cardbox.simulator import TOKEN, simulator

    world = World(3, 30, speed=0.0)
    path = os.pathsep.join((str(ROOT), str(example)))
    cli = Cli(tmp_path / "home", {"PYTHONPATH": path, "DESKZERO_BOX_TOKEN": TOKEN})
    with run_in_thread(simulator(world)) as url:
        words = ["connect", "box", "--psa", "cardbox", "--url", url, "--technician", "jdoe", "--no-sync"]
        done = cli.run(*words)
        assert done.code == 0, done.err
        assert "You are jdoe" in done.out
        done = cli.run("sync")
        assert done.code == 0, done.err
        done = cli.run("list", "--json")
        assert done.code == 0, done.err
        ticket = done.json["items"][0] if isinstance(done.json, dict) else done.json[0]
        number = str(ticket["number"])
        done = cli.run("fix", number, "--note", "Written through the example.", "--now")
        assert done.code == 0, done.err
        done = cli.run("fix", number, "--time", "0.5")
        assert done.code != 0
        assert "Card Box's API reads time and takes none." in done.err
    assert [n.text for n in world.notes[int(number)]].count("Written through the example.") == 1


def test_without_the_package_nobody_knows_it() -> None:
    code = "import connectors; raise SystemExit('cardbox' in connectors.known())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0
