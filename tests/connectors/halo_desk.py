"""What the HaloPSA tests share: a simulator on a socket, a connector to it, and its queue."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from connectors import open_connector
from connectors.contract import Resolved, Scope, TicketRecord
from connectors.halopsa.connector import HaloPSA
from connectors.simulators import halopsa
from connectors.simulators.halopsa.state import Switches
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World

MINE = Scope("mine")


def options(url: str, **more: Any) -> dict[str, Any]:
    settings = halopsa.settings(url)
    return {key: settings[key] for key in ("url", "client_id", "technician")} | more


def opened(url: str, **more: Any) -> HaloPSA:
    found = open_connector("halopsa", "demo", options(url, **more), halopsa.secrets())
    assert isinstance(found, HaloPSA)
    return found


async def pull(
    psa: HaloPSA, scope: Resolved, since: str | None = None
) -> tuple[dict[str, TicketRecord], str]:
    """The tickets of a pull, and the cursor of its last page."""
    found: dict[str, TicketRecord] = {}
    cursor = None
    async for page in psa.tickets(scope, since, int(time.time()) - 30 * 86400):
        found |= {ticket.ticket_id: ticket for ticket in page.tickets}
        assert not page.odd and cursor is None
        cursor = page.cursor
    assert cursor is not None
    return found, cursor


def ours(world: World) -> set[str]:
    """What is open and the technician's, straight from the world."""
    me = world.member("jdoe").id
    return {str(t.id) for t in world.tickets.values() if t.owner_id == me and world.is_open(t)}


def an_open(world: World, **has: Any) -> int:
    """An open ticket of the technician's with a contact, alone in the world."""
    return next(
        t.id
        for t in world.tickets.values()
        if str(t.id) in ours(world)
        and t.contact_id
        and t.contact_email
        and not t.parent_id
        and not world.children.get(t.id)
        and all(getattr(t, name) == value for name, value in has.items())
    )


class Desk:
    """One simulator for a module; each test finds its switches and faults as they were at the start."""

    def __init__(self, world: World, app: Any, url: str) -> None:
        self.world, self.state, self.url = world, app.state, url

    def reset(self) -> None:
        self.state.faults.clear()
        self.state.requests.clear()
        self.state.simulator.tokens.clear()
        fresh = Switches()
        for name in Switches.__dataclass_fields__:
            setattr(self.state.switches, name, getattr(fresh, name))
        self.world.writes.clear()
        self.world.mails.clear()
        self.world.refusals.clear()

    def seen(self, path: str, method: str = "GET") -> list[Any]:
        return [one for one in self.state.requests if one.path == path and one.method == method]


@pytest.fixture(scope="module")
def served() -> Iterator[Desk]:
    world = World(7, 100, speed=0)
    app = halopsa.simulator(world)
    with run_in_thread(app) as url:
        yield Desk(world, app, url)


@pytest.fixture
def desk(served: Desk) -> Desk:
    served.reset()
    return served


@pytest.fixture
def world(desk: Desk) -> World:
    return desk.world


@pytest.fixture
async def psa(desk: Desk) -> AsyncIterator[HaloPSA]:
    found = opened(desk.url)
    yield found
    await found.close()
