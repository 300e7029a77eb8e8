"""A technician's process, to be killed: a desk on the home, over the proxy, random work until the end."""

from __future__ import annotations

import asyncio
import importlib
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from connectors.connectwise import api
from connectors.contract import Connector
from store.desk import Desk
from store.home import Home
from store.settings import Connection, load
from tests.torture import tagging
from tests.torture.actions import CONNECTION, Side, Technician

SETTLING = 1.0
"""Seconds, a fifth of the connector's own, so that a run is short. Whole ones: deskzero's clock counts so."""
TIMEOUT = {"connectwise": 2.0, "rt": 8.0}
"""Seconds: a simulator is fast, a real RT under this load is not."""
PAGE_SIZE = 17
"""Rows of a page, instead of 1,000: so that rows move between pages."""


@dataclass(frozen=True)
class Orders:
    """What a process is told; it goes through a pickle."""

    home: str
    seed: str
    tickets: tuple[str, ...]
    secrets: dict[str, str]
    shown: str
    """The file for what a person was shown."""
    stop: str
    """When this file exists, the process ends by itself."""
    planted: str = ""
    """The bug to be planted, by its name in `tests.torture.planted`."""
    verbs: tuple[str, ...] = ()
    undo: float = 0.0
    psa: str = "connectwise"
    drain: bool = False
    """Not random work: sends and reads until nothing moves."""


class FastDesk(Desk):
    """A desk whose connectors settle and give up soon."""

    async def _open(self, connection: Connection) -> Connector:
        connector = await super()._open(connection)
        fast: Any = connector
        fast.capabilities = msgspec.structs.replace(connector.capabilities, settling=SETTLING)
        sessions = (
            [fast._api.session, fast._api._finder] if connector.psa == "connectwise" else [fast._session]
        )
        for session in sessions:
            session._timeout = TIMEOUT[connector.psa]
            session._retry_for = 1.5 * TIMEOUT[connector.psa]
        return connector


def main(orders: Orders) -> None:
    """The process."""
    # httpcore asks for it in each request; that it is not there takes a walk along the path each time.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
    tagging.install(orders.psa)
    api.PAGE_SIZE = PAGE_SIZE
    if orders.planted:
        importlib.import_module("tests.torture.planted").plant(orders.planted)
    asyncio.run(_drain(orders) if orders.drain else _work(orders))


def open_desk(orders: Orders) -> FastDesk:
    home = Home.at(orders.home)
    return FastDesk(home, load(home.config), secrets={CONNECTION: orders.secrets})


async def _work(orders: Orders) -> None:
    rng = random.Random(orders.seed)
    async with open_desk(orders) as desk:
        person = Technician(
            desk,
            rng,
            list(orders.tickets),
            Side(orders.shown),
            psa=orders.psa,
            verbs=orders.verbs,
            undo=orders.undo,
        )
        if rng.random() < 0.15:
            await desk.sync(force=True)
        stop = Path(orders.stop)
        while not stop.exists():  # noqa: ASYNC240 - a look, and nobody else is in this loop
            for _ in range(rng.randint(1, 8)):
                await person.act()
            dice = rng.random()
            if dice < 0.8:
                await desk.push(force=rng.random() < 0.5, wait=rng.choice((0.0, 0.3)))
            if dice < 0.07:
                await desk.sync(force=True)


async def _drain(orders: Orders) -> None:
    """Until two rounds have changed nothing."""
    async with open_desk(orders) as desk:
        before: list[tuple[str, str]] = []
        until = time.monotonic() + 60
        while time.monotonic() < until:
            await desk.sync(force=True)
            now = [(one.change, one.state) for one in desk.reader.changes(all=True)]
            waits = any(state == "held" for _, state in now)
            if now == before and not waits:
                return
            before = now
            await asyncio.sleep(1.1 if waits else 0.05)
        raise AssertionError("it goes on and on")
