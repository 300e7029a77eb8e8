"""Homes and simulated shops for the tests of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import KEY, Cli


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[World, str]]:
    """A simulated shop that stands still: what it holds changes only by what the tests do."""
    world = World(1, 25, speed=0.0)
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
    world = World(1, 25, speed=0.0)
    cli = Cli(tmp_path / "home", dict(KEY))
    with run_in_thread(simulator(world)) as url:
        cli.configure(url)
        assert cli.run("sync").code == 0
        yield cli, world


@pytest.fixture
def empty(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")
