"""A simulated PSA with a clock of its own, a home that has pulled from it, and the screen on top."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tests.tui.screen import make_app, press, settle, until
from tests.tui.small_day import NOW
from tui.screens.picker import Picker
from tui.screens.queue import QueueScreen
from tui.widgets.status_line import StatusLine


class Shop:
    """The PSA (`world`), the technician's `home`, and the clock of both (`now`)."""

    def __init__(
        self, folder: Path, *, now: float = NOW, psa: str = "connectwise", **connection: Any
    ) -> None:
        self.psa = psa
        self.now = float(now)
        self.world = World(3, 60, clock=lambda: self.now, speed=0.0)
        self.home = Home.at(folder)
        self.home.make()
        self.home.config.write_text('timezone = "Europe/Berlin"\n', encoding="utf-8")
        save_connection(self.home.config, "demo", demo_settings(psa) | connection)
        self.settings = load(self.home.config)

    def desk(self) -> Desk:
        """A desk on this home that talks to this PSA."""
        transports = {"demo": demo_transport(self.world, self.psa)}
        secrets = {"demo": demo_secrets(self.psa)}
        return Desk(self.home, self.settings, transports=transports, secrets=secrets, clock=lambda: self.now)

    @property
    def notes(self) -> int:
        """How many notes the PSA holds."""
        return sum(len(notes) for notes in self.world.notes.values())

    def codes(self, ticket_id: str) -> set[int | None]:
        """The work types on the ticket and its time, as the PSA has them."""
        entries = [self.world.time[one] for one in self.world.time_of.get(int(ticket_id), [])]
        return {self.world.ticket(ticket_id).work_type_id, *(one.work_type_id for one in entries)}

    async def pull(self) -> None:
        """One sync."""
        desk = self.desk()
        try:
            (report,) = await desk.sync()
            assert report.ok, report.error
        finally:
            await desk.close()


@asynccontextmanager
async def at_work(
    shop: Shop, pane: str, *, open_desk: Callable[[], Desk] | None = None
) -> AsyncIterator[tuple[Pilot[Any], QueueScreen]]:
    """The screen on this shop with its engine running, in a pane."""
    await shop.pull()
    app = make_app(shop.home, shop.settings, clock=lambda: shop.now, open_desk=open_desk or shop.desk)
    async with app.run_test(size=(120, 30)) as pilot:
        app.engine.start()
        await settle(pilot)
        await press(pilot, pane)
        yield pilot, app.queue


def told(screen: QueueScreen) -> str:
    """The line above the keys."""
    return screen.query_one(StatusLine).said.text


async def opened(pilot: Pilot[Any], kind: type[Screen[Any]]) -> None:
    """Waits for a dialog."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), f"{kind.__name__} opens")
    await settle(pilot)


async def choose(pilot: Pilot[Any], text: str) -> None:
    """Filters the picker down to one and takes it."""
    await opened(pilot, Picker)
    await press(pilot, *("space" if letter == " " else letter for letter in text), "enter")
