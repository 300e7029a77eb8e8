"""The pictures in README and docs, exported by the app itself: `python -m tests.pictures`.

The demo's world with its clock stopped, so that the same code gives the same picture. A test holds what is painted in
them against the files (`tests/test_pictures.py`).
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec
from textual.widgets import Input, TextArea

from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tui.app import Deskzero

DOCS = Path(__file__).parent.parent / "docs"
AT = datetime(2026, 11, 26, 14, 33, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


@dataclass(frozen=True)
class Picture:
    """One picture: its file, the keys that lead to it, how large it is and in which colours."""

    file: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 30)
    theme: str = ""
    waits_for: str = ""
    """Painted when it is complete; empty: the ticket under the cursor."""


PICTURES = (
    Picture("queue.svg"),
    Picture("queue-light.svg", theme="deskzero-light"),
    Picture("marks.svg", ("2", "space", "space", "space"), waits_for="3 MARKED"),
    Picture("wrap-up.svg", ("x",), waits_for="Can close?"),
    Picture("end-of-day.svg", ("E",), size=(120, 36), waits_for="NOT ZERO, "),
)


def clock() -> float:
    return AT


async def painted(folder: Path, picture: Picture) -> str:
    """The picture as SVG."""
    home = Home.at(folder)
    home.make()
    home.config.write_text('timezone = "Europe/Berlin"\n', encoding="utf-8")
    save_connection(home.config, "demo", demo_settings("connectwise"))
    settings = msgspec.structs.replace(load(home.config), theme=picture.theme)
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
    app = Deskzero(home, settings, demo=open_desk, clock=clock, background=False, burst_window=0.0)
    async with app.run_test(size=picture.size) as pilot:
        await _until(pilot, app, "Why here")
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        await _until(pilot, app, picture.waits_for)
        await pilot.pause(0.5)
        for kind in (Input, TextArea):
            for one in app.screen.query(kind):
                one.cursor_blink = False
        await pilot.pause(0.1)
        return app.export_screenshot(title="deskzero demo")


async def _until(pilot: object, app: Deskzero, words: str) -> None:
    for _ in range(200):
        await pilot.pause(0.1)  # type: ignore[attr-defined]
        if words in plain(app.export_screenshot()):
            return
    raise RuntimeError(f"never painted: {words}")


def plain(svg: str) -> str:
    """The words of a picture, line by line, without how they are painted."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)
    return "\n".join(html.unescape(re.sub(r"<[^>]*>", "", text)).replace("\xa0", " ") for text in texts)


def main() -> None:
    for picture in PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            svg = asyncio.run(painted(Path(folder), picture))
        (DOCS / picture.file).write_text(svg, encoding="utf-8")
        click.echo(f"docs/{picture.file}: {len(svg)} bytes")


if __name__ == "__main__":
    sys.exit(main())
