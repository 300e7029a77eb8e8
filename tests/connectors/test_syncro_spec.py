"""Every request of the Syncro connector against the vendor's OpenAPI file."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from connectors import open_connector
from connectors.contract import ChoiceContext, Fix, NewTime, Ref, Scope
from connectors.simulators.serve import demo_secrets
from connectors.simulators.syncro import simulator
from connectors.simulators.world import World
from tests.connectors.openapi import OpenApi, Recorder, document, needs_specs
from tests.connectors.syncro_desk import key, options

pytestmark = needs_specs

CARD = {"contact_phone": "555 0199", "contact_email": "ann@card.test"}


@pytest.fixture
async def seen() -> list[httpx.Request]:
    """One of everything that the connector can do."""
    world = World(3, 80, speed=0)
    recorder = Recorder(httpx.ASGITransport(app=simulator(world, clear_code="works")))
    psa = open_connector(
        "syncro", "demo", options(clear_code=True), demo_secrets("syncro"), transport=recorder
    )
    await psa.verify()
    kind = next(iter(world.types.values())).name
    for scope in (Scope("mine"), Scope("owner", "Aisha Smith"), Scope("board", kind), Scope("all")):
        resolved = await psa.resolve(scope)
        cursor = [page async for page in psa.tickets(resolved, None, int(time.time()) - 86400)][-1].cursor
        assert [page async for page in psa.tickets(resolved, cursor, 0)]
        await psa.ticket_ids(resolved)
    there = next(t for t in world.tickets.values() if t.owner_id == 101 and world.is_open(t) and t.contact_id)
    there.custom = {"PO": ""}
    entry = world.log_time(there.id, 0.5, work_type="On-site")
    ticket = (await psa.fetch([key(there.id), "9999999"])).tickets[0]
    await psa.conversation(ticket.ticket_id)
    await psa.time_entries([ticket.ticket_id])
    for name in [
        "status",
        "billing_code",
        "owner",
        "agreement",
        "contact",
        "type",
        "priority",
        "board",
        "team",
    ]:
        await psa.choices(name, ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id))
    await psa.choices("billing_code", ChoiceContext(ids=("9001",)))
    now = int(time.time())
    fixes = [
        Fix(change="1", ticket_id=ticket.ticket_id, decided_at=now, reply="Hi", note="We"),
        Fix(
            change="2",
            ticket_id=ticket.ticket_id,
            decided_at=now,
            time=NewTime(hours=0.5, code=Ref("1", "x"), text="Cable"),
        ),
        Fix(change="3", ticket_id=ticket.ticket_id, entries={str(entry.id): Ref("1", "x")}),
        Fix(change="4", ticket_id=ticket.ticket_id, entries={str(entry.id): None}),
        Fix(
            change="5",
            ticket_id=ticket.ticket_id,
            fields={
                "status": Ref("In Progress", "In Progress"),
                "owner": Ref("101", "Jordan Doe"),
                "contact": Ref(ticket.contact_id or "", ""),
                "type": Ref(ticket.type_id or "", ""),
                "subtype": "Hardware",
                "priority": Ref("3 Low", "3 Low"),
                "summary": "Shorter",
                "custom:PO": "4711",
            },
        ),
        Fix(change="6", ticket_id=ticket.ticket_id, fields=CARD),
        Fix(change="7", ticket_id=ticket.ticket_id, fields={"contact_phone": None}),
    ]
    for fix in fixes:
        for step in psa.plan(fix, ticket):
            await psa.apply(step, None)
    await psa.close()
    return recorder.seen


async def test_every_request_is_legal(seen):
    vendor = OpenApi(document("syncro"), "/api/v1")
    assert {problem for request in seen for problem in vendor.problems(request)} == set()
    assert len(seen) > 50


async def test_every_write_went_out(seen):
    wrote = {
        (r.method, re.sub(r"/\d+", "/{id}", r.url.path.removeprefix("/api/v1")))
        for r in seen
        if r.method != "GET"
    }
    assert wrote == {
        ("PUT", "/contacts/{id}"),
        ("PUT", "/tickets/{id}"),
        ("POST", "/tickets/{id}/comment"),
        ("POST", "/tickets/{id}/timer_entry"),
        ("PUT", "/tickets/{id}/update_timer_entry"),
    }
