"""`deskzero demo`: the whole program on a simulated PSA, in a scratch home, without account or network."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.commands.common import home_option
from tui.commands.out import now, say
from tui.commands.queue import on_terminal
from tui.problem import Problem

if TYPE_CHECKING:
    from connectors.simulators.world import World
    from store.desk import Desk
    from store.home import Home
    from store.settings import Settings

NAME = "demo"


@click.command("demo")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same tickets.")
@click.option("--tickets", type=click.IntRange(1, 100_000), default=120, show_default=True)
@click.option("--psa", default="connectwise", show_default=True, help="Whose simulator.")
@click.option(
    "--speed", type=click.FloatRange(0.0, 1000.0), default=1.0, show_default=True, help="Of the customers."
)
@click.option("--plain", is_flag=True, help="For a screen reader: words in place of frames and columns.")
@click.option(
    "--every-kind", is_flag=True, help="Look for every kind of exception, not only for the first six."
)
@home_option
def command(seed: int, tickets: int, psa: str, speed: float, plain: bool, every_kind: bool) -> int:
    """Shows deskzero on a simulated PSA.

    Customers keep replying while it runs; nothing of yours is touched.

    Without a terminal on standard output it prints the queue as text and ends.
    """
    from connectors.simulators.serve import SIMULATED
    from connectors.simulators.world import World

    if psa not in SIMULATED:
        raise Problem(f"no simulator for {psa}", f"There are: {', '.join(SIMULATED)}.")
    from store.home import Home
    from store.log import start_log, stop_log

    _end_tidily()
    with tempfile.TemporaryDirectory(prefix="deskzero-demo-", ignore_cleanup_errors=True) as folder:
        home = Home.at(folder)
        start_log(home.log)
        try:
            world = World(seed, tickets, speed=speed)
            return _run(
                home,
                _settings(psa, home.config, plain=plain, every_kind=every_kind),
                _opener(home, psa, world),
            )
        finally:
            stop_log()


def _end_tidily() -> None:
    """A terminal that is closed ends the program through its `finally`s, so that the scratch home goes too."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)


def _settings(psa: str, path: Path, *, plain: bool, every_kind: bool) -> Settings:
    """The simulated shop's settings, read as everybody's are: from a file."""
    from connectors.simulators.serve import demo_settings
    from store.settings import load
    from store.settings_save import save_connection

    # Often, so that one sees the customers reply; a simulated PSA has no quota.
    text = f'plain = {str(plain).lower()}\n[sync]\nevery = "15s"\n'
    if every_kind:
        from store.rules.catalogue import CATALOGUE

        text += "".join(f"[rules.{kind.name}]\non = true\n" for kind in CATALOGUE)
    path.write_text(text, encoding="utf-8")
    save_connection(path, NAME, demo_settings(psa))
    return load(path)


def _opener(home: Home, psa: str, world: World) -> Callable[[], Desk]:
    """Makes a desk on the simulated PSA; each time with a transport of its own, over the same world."""

    def open_desk() -> Desk:
        from connectors.simulators.serve import demo_secrets, demo_transport
        from store.desk import Desk
        from store.settings import load

        transports = {NAME: demo_transport(world, psa)}
        return Desk(home, load(home.config), transports=transports, secrets={NAME: demo_secrets(psa)})

    return open_desk


def _run(home: Home, settings: Settings, open_desk: Callable[[], Desk]) -> int:
    asyncio.run(_first_sync(open_desk))
    if on_terminal():
        from tui.app import run

        return run(home, settings, demo=open_desk, greets=True)
    from tui.plain import print_queue

    print_queue(home, settings, now=now(), title="deskzero DEMO")
    return 0


async def _first_sync(open_desk: Callable[[], Desk]) -> None:
    from tui.commands.progress import Bar

    say("Making a simulated PSA and pulling from it …", err=True)
    desk = open_desk()
    try:
        with Bar(show=sys.stderr.isatty()) as bar:
            (report,) = await desk.sync(progress=bar.tell)
        if not report.ok:
            raise Problem(
                f"the simulated PSA could not be read: {report.error}", report.hint or "Report this."
            )
    finally:
        await desk.close()
