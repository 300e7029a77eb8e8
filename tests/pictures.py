"""The pictures in README and docs, exported by the app itself: `python -m tests.pictures`.

The demo's world with its clock stopped, so that the same code gives the same picture.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tui.app import Deskzero

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "queue.svg"
AT = datetime(2026, 11, 26, 14, 33, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


def clock() -> float:
    return AT


async def queue_picture(folder: Path) -> str:
    """The queue of the demo at 120x30, as SVG."""
    home = Home.at(folder)
    home.make()
    home.config.write_text('timezone = "Europe/Berlin"\n', encoding="utf-8")
    save_connection(home.config, "demo", demo_settings("connectwise"))
    settings = load(home.config)
    world = World(1, 120, clock=clock, speed=0.0)
    transports = {"demo": demo_transport(world, "connectwise")}

    def open_desk() -> Desk:
        return Desk(
            home,
            settings,
            transports=transports,
            secrets={"demo": demo_secrets("connectwise")},
            clock=clock,
        )

    desk = open_desk()
    try:
        (report,) = await desk.sync()
        if not report.ok:
            raise RuntimeError(report.error)
    finally:
        await desk.close()
    app = Deskzero(home, settings, demo=open_desk, clock=clock, background=False)
    async with app.run_test(size=(120, 30)) as pilot:
        for _ in range(50):
            await pilot.pause(0.1)
            if app.queue.row is not None:
                break
        await pilot.pause(0.5)
        return app.export_screenshot(title="deskzero demo")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        svg = asyncio.run(queue_picture(Path(folder)))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg, encoding="utf-8")
    click.echo(f"{PICTURE.relative_to(ROOT)}: {len(svg)} bytes")


if __name__ == "__main__":
    sys.exit(main())
