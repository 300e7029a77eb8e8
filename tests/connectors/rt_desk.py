"""Shared by the tests of the Request Tracker connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from connectors import open_connector
from connectors.contract import Applied, Connector, Fix, Page, Scope, TicketRecord
from tests.servers.rt import FIELDS, RtServer

MINE = Scope("mine")


@asynccontextmanager
async def desk(server: RtServer, user: str = "tess", **options: Any) -> AsyncIterator[Connector]:
    """A connector to the real server, as `user`."""
    settings = {"url": server.url, "technician": user, "fields": FIELDS, **options}
    connector = open_connector("rt", "desk", settings, {"token": server.tokens[user]})
    try:
        yield connector
    finally:
        await connector.close()


async def pull(
    connector: Connector, scope: Scope = MINE, since: str | None = None, closed_after: int = 0
) -> tuple[dict[str, TicketRecord], list[Page]]:
    """All tickets of a stream by id, and its pages."""
    resolved = await connector.resolve(scope)
    pages = [page async for page in connector.tickets(resolved, since, closed_after)]
    return {ticket.ticket_id: ticket for page in pages for ticket in page.tickets}, pages


async def one(connector: Connector, ticket_id: str) -> TicketRecord:
    """One ticket with its conflict token."""
    return (await connector.fetch([ticket_id])).tickets[0]


async def carry_out(connector: Connector, ticket_id: str, **what: Any) -> list[Applied]:
    """Plans a fix on the ticket as it is and applies its steps, each on the version just read."""
    ticket = await one(connector, ticket_id)
    done = []
    for step in connector.plan(Fix(change="1", ticket_id=ticket_id, **what), ticket):
        version = (await one(connector, ticket_id)).version
        done.append(await connector.apply(step, version))
    return done
