"""The place of an episode: a recorded PSA on a socket, the proxy before it, a technician's home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from store.home import Home
from store.settings_save import save_connection
from tests.torture.actions import CONNECTION
from tests.torture.ledger import Ledger
from tests.torture.odds import Odds
from tests.torture.others import Others
from tests.torture.proxy import Proxy, Timing
from tests.torture.recorder import RecordedWorld, recorded_app
from tests.torture.technician import SETTLING, Orders

if TYPE_CHECKING:
    from tests.torture.rt_shop import RtOthers

HOLD = 1
"""Seconds for which what cannot be undone is held."""


@dataclass
class Shop:
    """What an episode happens in."""

    folder: Path
    home: Home
    ledger: Ledger
    proxy: Proxy
    others: Others | RtOthers
    tickets: tuple[str, ...]
    secrets: dict[str, str]
    psa: str = "connectwise"

    @property
    def shown(self) -> list[str]:
        """The changes that a person was shown as done, in order."""
        path = self.folder / "shown"
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    def orders(self, seed: str, *, drain: bool = False) -> Orders:
        """What a technician's process is told."""
        return Orders(
            home=str(self.folder / "home"),
            seed=seed,
            tickets=self.tickets,
            secrets=self.secrets,
            shown=str(self.folder / "shown"),
            stop=str(self.folder / "stop"),
            drain=drain,
            psa=self.psa,
        )


@contextmanager
def open_shop(
    folder: Path,
    seed: str,
    number: int,
    odds: Odds,
    *,
    tickets: int = 40,
    worst: float = 0.06,
    pause: float = 0.15,
) -> Iterator[Shop]:
    """A simulated ConnectWise with `tickets` tickets; `number` is the world's own seed."""
    world = RecordedWorld(number, tickets)
    assert world.ledger is not None
    home = Home.at(folder / "home")
    home.make()
    with run_in_thread(recorded_app(world)) as url:
        port = urlsplit(url).port or 0
        proxy = Proxy("127.0.0.1", port, odds, f"{seed}/proxy", Timing(settling=SETTLING))
        others = Others(world, f"{seed}/others", worst=worst, pause=pause)
        with proxy.running():
            settings = demo_settings(url=proxy.url) | {"scope": "all", "quota": "none"}
            save_connection(home.config, CONNECTION, settings)
            with home.config.open("a", encoding="utf-8") as file:
                file.write(f'\n[outbox]\nhold = "{HOLD}s"\n')
            kept = tuple(str(ticket) for ticket in world.kept)
            yield Shop(folder, home, world.ledger, proxy, others, kept, demo_secrets())
