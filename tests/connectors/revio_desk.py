"""What the tests of the Rev.io connector share: a served simulator, connectors to it, a deskzero home over it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors import open_connector
from connectors.contract import Page, Resolved, TicketRecord
from connectors.revio.connector import Revio
from connectors.simulators import revio as simulated
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World
from store.database import Databases
from store.settings import Connection, Settings
from store.sync import sync_connection

OWN = ("url", "tenant", "technician", "ticket_url")
LIST = "/psac/api/v1/ticket-list"
EXCHANGE = "/api/v1/auth/api-key/exchange"


def options(url: str = "http://127.0.0.1:8100", **more: Any) -> dict[str, Any]:
    table = demo_settings("revio", url)
    return {name: table[name] for name in OWN} | more


def connector(url: str, key: str | None = None, **more: Any) -> Revio:
    secrets = {"api_key": key} if key else demo_secrets("revio")
    found = open_connector("revio", "demo", options(url, **more), secrets)
    assert isinstance(found, Revio)
    return found


@contextmanager
def served(world: World, **switches: Any) -> Iterator[tuple[Any, str]]:
    app = simulated.simulator(world, **switches)
    with run_in_thread(app) as url:
        yield app, url


async def pull(
    psa: Revio, scope: Resolved, since: str | None = None, days: float = 30
) -> tuple[dict[str, TicketRecord], str, list[Page]]:
    """Everything a stream gives by id, its cursor, and its pages."""
    found: dict[str, TicketRecord] = {}
    pages = [page async for page in psa.tickets(scope, since, int(time.time() - days * 86400))]
    for page in pages:
        found |= {ticket.ticket_id: ticket for ticket in page.tickets}
    assert [page.cursor for page in pages[:-1]] == [None] * (len(pages) - 1)
    assert pages[-1].cursor is not None
    return found, pages[-1].cursor, pages


def ours(world: World) -> set[str]:
    """What is open and the technician's, straight from the world."""
    me = world.member(world.technician).id
    return {str(t.id) for t in world.tickets.values() if world.is_open(t) and t.owner_id == me}


def paths(app: Any) -> list[str]:
    """The requests seen, in order, and forgets them."""
    found = [one.path for one in app.state.requests]
    app.state.requests.clear()
    return found


class Office:
    """A deskzero home that reads from a simulated Rev.io behind a socket."""

    def __init__(self, databases: Databases, app: Any, url: str, **more: Any) -> None:
        self.databases, self.app, self.world = databases, app, app.state.world
        table = demo_settings("revio", url)
        self.connection = Connection(
            name="demo",
            psa="revio",
            technician=table["technician"],
            options=options(url, **more),
            child_statuses=tuple(table["child_statuses"]),
            responded_statuses=tuple(table["responded_statuses"]),
            closing_statuses=tuple(table["closing_statuses"]),
        )
        self.settings = Settings(connections={"demo": self.connection})
        self.connector = connector(url, **more)

    def now(self) -> int:
        return int(time.time())

    async def sync(self, **how: bool) -> Any:
        report = await sync_connection(
            self.databases, self.connection, self.connector, self.settings, now=self.now, **how
        )
        assert report.ok, report.error
        return report
