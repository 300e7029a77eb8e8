"""Card Box in the contract suite: `DESKZERO_CONTRACT_HOUSE=cardbox.house:house`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cardbox.simulator import TOKEN, simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.contract.house import WorldHouse


class CardBoxHouse(WorldHouse):
    ticket_path = "/tickets"
    note_path = "/tickets/"

    def settings(self) -> dict[str, Any]:
        return {"psa": "cardbox", "url": self.url, "technician": self.technician, "scope": "mine"}

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def custom(self) -> str | None:
        return None


@contextmanager
def house() -> Iterator[CardBoxHouse]:
    """A small Card Box that stands still but for what the tests do."""
    world = World(3, 30, speed=0.0)
    app = simulator(world)
    with run_in_thread(app) as url:
        yield CardBoxHouse("cardbox", world, app, url)
