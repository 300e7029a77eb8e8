"""ConnectWise's appointments: read with the schedule that is read anyway, and kept true between changes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from connectors import open_connector
from connectors.connectwise.connector import ConnectWise
from connectors.contract import Scope, TicketRecord
from connectors.simulators.connectwise import simulator
from connectors.simulators.model import Ticket
from connectors.simulators.serve import demo_secrets, demo_settings
from connectors.simulators.world import World

MINE = Scope("mine")


@pytest.fixture
def world() -> World:
    return World(7, 60, speed=0)


@pytest.fixture
async def psa(world: World) -> AsyncIterator[ConnectWise]:
    connector = opened(simulator(world))
    yield connector
    await connector.close()


def opened(app: object) -> ConnectWise:
    table = demo_settings()
    options = {key: table[key] for key in ("url", "company", "client_id", "public_key", "technician")}
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return open_connector("connectwise", "demo", options, demo_secrets(), transport=transport)


async def pull(
    psa: ConnectWise, since: str | None = None, scope: Scope = MINE
) -> tuple[dict[str, TicketRecord], str]:
    resolved = await psa.resolve(scope)
    pages = [page async for page in psa.tickets(resolved, since, int(time.time()) - 86400)]
    return {ticket.ticket_id: ticket for page in pages for ticket in page.tickets}, pages[-1].cursor or ""


def owned(world: World) -> Ticket:
    """An old ticket of mine without an appointment: no round reads it because of its date."""
    return min(
        (t for t in world.tickets.values() if t.owner_id == 101 and world.is_open(t) and not t.appointment),
        key=lambda ticket: ticket.updated,
    )


async def test_an_appointment_that_moves_brings_the_ticket_though_its_date_stays(psa, world) -> None:
    ticket = owned(world)
    key = str(ticket.id)
    tickets, cursor = await pull(psa)
    assert tickets[key].scheduled_until is None
    for appointment in ((world.start + 3600, world.start + 7200), (world.start + 3600, world.start + 9000)):
        ticket.appointment = appointment
        found, cursor = await pull(psa, cursor)
        assert found[key].scheduled_until == appointment[1]
        again, cursor = await pull(psa, cursor)
        assert key not in again, "once"
    ticket.appointment = None
    found, cursor = await pull(psa, cursor)
    assert found[key].scheduled_until is None
    assert key not in (await pull(psa, cursor))[0]


async def test_an_appointment_of_a_ticket_that_is_gone_is_asked_for_once(psa, world) -> None:
    ticket = owned(world)
    ticket.appointment = (world.start, world.start + 3600)
    _, cursor = await pull(psa)
    world.delete(ticket.id)
    _, cursor = await pull(psa, cursor)
    before = psa.requests
    _, cursor = await pull(psa, cursor)
    quiet = psa.requests - before
    _, cursor = await pull(psa, cursor)
    assert psa.requests - before == 2 * quiet
    assert quiet == 3  # the member, the schedule, what changed


async def test_what_is_no_longer_mine_is_not_delivered_by_a_full_pull_for_its_appointment(psa, world) -> None:
    ticket = owned(world)
    ticket.appointment = (world.start, world.start + 3600)
    await pull(psa)
    world.reassign(ticket.id, "asmith")
    found, _ = await pull(psa)
    assert str(ticket.id) not in found


async def test_an_entry_without_an_end_counts_by_its_beginning(world) -> None:
    ticket = owned(world)
    ticket.appointment = (world.start, world.start + 3600)
    app = simulator(world)

    class Cut(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            if not request.url.path.endswith("/schedule/entries"):
                return answer
            body = (await answer.aread()).replace(b'"dateEnd"', b'"dateEndX"')
            return httpx.Response(200, content=body, headers={"content-type": "application/json"})

    table = demo_settings()
    options = {key: table[key] for key in ("url", "company", "client_id", "public_key", "technician")}
    psa = open_connector("connectwise", "demo", options, demo_secrets(), transport=Cut(app=app))
    tickets, _ = await pull(psa)
    assert tickets[str(ticket.id)].scheduled_until == world.start
    await psa.close()


async def test_only_a_technicians_schedule_is_told(psa, world) -> None:
    tickets, _ = await pull(psa)
    assert "schedule" in psa.capabilities.tells
    assert any(ticket.scheduled_until for ticket in tickets.values())
    tickets, _ = await pull(psa, scope=Scope("all"))
    assert "schedule" not in psa.capabilities.tells
    assert {ticket.scheduled_until for ticket in tickets.values()} == {None}
    await psa.resolve(Scope("owner", "asmith"))
    assert "schedule" in psa.capabilities.tells


async def test_a_server_that_does_not_know_the_targets_is_asked_without_them(world) -> None:
    app = simulator(world)
    app.state.switches.knows_goals = False
    psa = opened(app)
    tickets, cursor = await pull(psa)
    assert tickets and {ticket.respond_by for ticket in tickets.values()} == {None}
    assert (await psa.fetch([next(iter(tickets)), "9999999"])).tickets
    before = psa.requests
    await pull(psa, cursor)
    assert psa.requests - before == 3, "asked without them from then on"
    assert "sla" not in psa.capabilities.tells
    await psa.close()
