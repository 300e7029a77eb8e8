"""A simulated Autotask and its connector, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors import open_connector
from connectors.autotask.connector import Autotask
from connectors.contract import Fetched, Page, Resolved, TicketRecord
from connectors.simulators.autotask import secrets, settings, simulator
from connectors.simulators.serve import DEMO_URL
from connectors.simulators.world import World

OWN = ("url", "username", "integration_code", "technician", "impersonate", "replies_mail")


@asynccontextmanager
async def desk(world: World, app: Starlette | None = None, **options: Any) -> AsyncIterator[Autotask]:
    """A connector to a simulator in this process."""
    inner = httpx.ASGITransport(app=app or simulator(world))
    table = settings(DEMO_URL)
    own = {key: table[key] for key in OWN} | options
    found = open_connector("autotask", "demo", own, secrets(), transport=inner)
    assert isinstance(found, Autotask)
    try:
        yield found
    finally:
        await found.close()


async def pull(
    psa: Autotask, scope: Resolved, since: str | None = None, closed_after: int = 0
) -> tuple[dict[str, TicketRecord], str]:
    """All tickets of a pull by id, and its cursor."""
    pages: list[Page] = [page async for page in psa.tickets(scope, since, closed_after)]
    assert pages[-1].cursor is not None and all(page.cursor is None for page in pages[:-1])
    return {ticket.ticket_id: ticket for page in pages for ticket in page.tickets}, pages[-1].cursor


async def one(psa: Autotask, ticket_id: int | str) -> TicketRecord:
    """The ticket as it now is."""
    found: Fetched = await psa.fetch([str(ticket_id)])
    return found.tickets[0]


def mine(world: World) -> list[int]:
    """Open tickets that the technician has first, no children and without any."""
    return [
        t.id
        for t in world.tickets.values()
        if world.is_open(t)
        and t.owner_id == world.member(world.technician).id
        and t.contact_email.strip()
        and t.parent_id is None
        and not t.flag
        and not world.children.get(t.id)
    ]
