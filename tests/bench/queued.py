"""A home with fixes in its outbox, at a simulated PSA that takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from connectors.simulators.serve import demo_secrets, demo_settings
from store.desk import Desk
from store.fixes import Intent
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tests import large
from tests.bench.slowed import slowed

NAME = large.NAME
CODES = ("Remote Support", "On-site")
"""The fixes of one sample set the one, those of the next the other."""


@dataclass(frozen=True)
class Queued:
    """The PSA's address, and the home that knows it."""

    url: str
    home: Home
    own: int

    def desk(self) -> Desk:
        return Desk(self.home, load(self.home.config), secrets={NAME: demo_secrets()})

    def slow(self, milliseconds: int) -> None:
        httpx.get(f"{self.url}/delay/{milliseconds}").raise_for_status()

    async def queue(self, desk: Desk, code: str) -> int:
        """A billing code for every open ticket of the technician, which it does not have yet; how many."""
        sql = (
            "SELECT ticket_id FROM ticket WHERE in_scope AND NOT closed AND billing_code IS NOT ?"
            " ORDER BY CAST(ticket_id AS INTEGER)"
        )
        with desk.databases.cache_reads.connect() as cache:
            tickets = cache.exec_driver_sql(sql, (code,)).scalars().all()
        fixes = [await desk.prepare(NAME, one, Intent(billing_code=code)) for one in tickets]
        await desk.submit_together(fixes)
        return len(fixes)


@contextmanager
def queued(folder: Path, own: int) -> Iterator[Queued]:
    """A synced home with so many open tickets. No limit of the PSA is in the way: requests are counted, none waits."""
    with slowed(max(int(own * 2.4), 150), own) as url:
        home = Home.at(folder)
        save_connection(
            home.config, NAME, demo_settings(url=url) | {"quota": "1000000/1m", "quota_share": 1.0}
        )
        yield Queued(url, home, own)
