"""Homes and simulated shops for the tests of the command line; pictures of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from store.desk import Desk
from tests.tui import small_day
from tests.tui.cli_runner import KEY, Cli
from tests.tui.pictures import title_now
from tests.tui.screen import make_app, press, settle


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


@pytest.fixture
def taken(snap_compare, monkeypatch):
    """Compares an app with its kept picture in this look, after `before(pilot)`."""
    for kind in (Input, TextArea):  # from the start: one that stops later may stop while it is not to be seen
        monkeypatch.setattr(kind.cursor_blink, "_default", False)

    def compare(app, look, before):
        app.theme = look.theme
        export = app.export_screenshot
        monkeypatch.setattr(
            app, "export_screenshot", lambda **more: export(**more | {"title": title_now(app)})
        )
        return snap_compare(app, terminal_size=look.size, run_before=before)

    return compare


class Alone(Desk):
    """A desk whose PSA said just now what the cache holds."""

    async def sync(self, **_):
        return []


@pytest.fixture
def picture(taken, tmp_path):
    """Compares the small day (or what `home` holds) with its kept picture, after some keys and `before(pilot)`."""

    def compare(look, *keys, before=None, settings=small_day.SETTINGS, home=None, **more):
        home = home or small_day.fill(tmp_path)
        more = {"open_desk": lambda: Alone(home, settings, clock=lambda: small_day.NOW)} | more
        app = make_app(home, settings, **more)

        async def ready(pilot):
            await settle(pilot)
            await press(pilot, *keys)
            if before is not None:
                await before(pilot)
            await settle(pilot)

        return taken(app, look, ready)

    return compare
