"""What the tests of a connector share where its simulator is served: options, connectors, a deskzero home over it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

import connectors
from connectors.contract import ChoiceContext, Connector, ConnectorError, Page, Resolved, TicketRecord
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread, simulator_of
from connectors.simulators.world import World
from store.choices import load_choices
from store.database import Databases
from store.fixes import Intent, prepare
from store.outbox import state_of, submit
from store.sender import push
from store.settings import Connection, Settings
from store.sync import refresh_others_of_contact, refresh_tickets, sync_connection
from store.undo import undo


def options(psa: str, url: str = "http://127.0.0.1:8100", **more: Any) -> dict[str, Any]:
    """The connection's own keys as they fit the simulator. `None` takes away what the demo sets for its own sake."""
    own = {field.encode_name for field in msgspec.structs.fields(connectors.spec(psa).options)}
    table = {key: value for key, value in demo_settings(psa, url).items() if key in own} | more
    return {key: value for key, value in table.items() if value is not None}


def opened(psa: str, url: str, secret: str | None = None, transport: Any = None, **more: Any) -> Connector:
    """A connector; `secret` in place of the one that lets us in."""
    (name,) = secrets = demo_secrets(psa)
    if secret is not None:
        secrets = {name: secret}
    return connectors.open_connector(psa, "demo", options(psa, url, **more), secrets, transport=transport)


@contextmanager
def served(psa: str, world: World, **switches: Any) -> Iterator[tuple[Any, str]]:
    """The simulator and its address."""
    app = simulator_of(psa).simulator(world, **switches)
    with run_in_thread(app) as url:
        yield app, url


async def pull(
    psa: Connector, scope: Resolved, since: str | None = None, days: float = 30
) -> tuple[dict[str, TicketRecord], str, list[Page]]:
    """Everything a stream gives by id (the last of several), its cursor, and its pages."""
    found: dict[str, TicketRecord] = {}
    pages = [page async for page in psa.tickets(scope, since, int(time.time() - days * 86400))]
    for page in pages:
        found |= {ticket.ticket_id: ticket for ticket in page.tickets}
    assert [page.cursor for page in pages[:-1]] == [None] * (len(pages) - 1)
    assert pages[-1].cursor is not None
    return found, pages[-1].cursor, pages


def mine(world: World) -> list[int]:
    """What is open and the technician's, straight from the world."""
    me = world.member(world.technician).id
    return [t.id for t in world.tickets.values() if world.is_open(t) and t.owner_id == me]


class Office:
    """A deskzero home that works with a simulated PSA behind a socket."""

    psa: str

    def __init__(self, databases: Databases, app: Any, url: str, **more: Any) -> None:
        self.databases, self.app, self.world = databases, app, app.state.world
        table = demo_settings(self.psa, url)
        self.connection = Connection(
            name="demo",
            psa=self.psa,
            technician=table["technician"],
            options=options(self.psa, url, **more),
            child_statuses=tuple(table["child_statuses"]),
            responded_statuses=tuple(table["responded_statuses"]),
            answered_status=table.get("answered_status"),
            closing_statuses=tuple(table["closing_statuses"]),
        )
        self.settings = Settings(connections={"demo": self.connection})
        self.connector = opened(self.psa, url, **more)

    def now(self) -> int:
        return int(time.time())

    async def sync(self, **how: bool) -> Any:
        report = await sync_connection(
            self.databases, self.connection, self.connector, self.settings, now=self.now, **how
        )
        assert report.ok, report.error
        return report

    async def fix(self, ticket_id: str, **intent: Any) -> str:
        async def choices(kind: str, context: ChoiceContext) -> Any:
            return await load_choices(self.databases, "demo", self.connector, kind, context, self.now())

        prepared = await prepare(
            self.databases,
            self.settings,
            self.connection,
            self.connector,
            Intent(**intent),
            ticket_id,
            now=self.now(),
            choices=choices,
        )
        return submit(
            self.databases, self.settings, self.connection, prepared, now=self.now(), immediately=True
        )

    async def push(self) -> None:
        async def skip(_: float) -> None:
            return None

        async def refresh(_: str, ticket_ids: Sequence[str]) -> Mapping[str, ConnectorError]:
            return await refresh_tickets(
                self.databases, self.connection, self.connector, self.settings, ticket_ids, now=self.now
            )

        async def others(_: str, ticket_id: str) -> None:
            await refresh_others_of_contact(
                self.databases, self.connection, self.connector, self.settings, ticket_id, now=self.now
            )

        await push(
            self.databases,
            self.settings,
            {"demo": self.connector},
            self.databases.home,
            now=self.now,
            force=True,
            wait=0.0,
            refresh=refresh,
            others=others,
            sleep=skip,
        )

    def state(self, change: str) -> str:
        return state_of(self.databases, change).state

    async def put_back(self, change: str) -> str:
        """Undoes a change; the state of what put it back."""
        undone = undo(self.databases, self.settings, {"demo": self.connector}, change, now=self.now())
        await self.push()
        return self.state(undone.by or change)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.databases.cache_reads.connect() as cache:
            return [tuple(row) for row in cache.exec_driver_sql(sql)]
