"""Every request of the HaloPSA connector against the vendor's OpenAPI file."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from connectors import open_connector
from connectors.contract import ChoiceContext, Fix, NewTime, Ref, Scope
from connectors.simulators import halopsa
from connectors.simulators.serve import DEMO_URL
from connectors.simulators.world import World
from tests.connectors.halo_desk import an_open, options
from tests.connectors.openapi import OpenApi, Recorder, document, needs_specs

pytestmark = needs_specs

KNOWN_ERRORS: dict[str, str] = {}
"""What the file has wrong, with the evidence. Its `bool` for dates (`lastupdatefromdate`) is no type of OpenAPI, so
nothing is compared with it; maintained clients send `YYYY-MM-DDTHH:MM:SS`."""


@pytest.fixture(scope="module")
def seen() -> list[httpx.Request]:
    return asyncio.run(everything())


async def everything() -> list[httpx.Request]:
    """One of everything that the connector can do."""
    world = World(3, 80, speed=0)
    app = halopsa.simulator(world, detach="works")
    recorder = Recorder(httpx.ASGITransport(app=app))
    psa = open_connector(
        "halopsa",
        "demo",
        options(DEMO_URL, detach_parent=True, reply_outcome=16, note_outcome=7),
        halopsa.secrets(),
        transport=recorder,
    )
    await psa.verify()
    for scope in (Scope("mine"), Scope("team", "Service Team"), Scope("all")):
        resolved = await psa.resolve(scope)
        cursor = [page async for page in psa.tickets(resolved, None, int(time.time()) - 86400)][-1].cursor
        assert [page async for page in psa.tickets(resolved, cursor, 0)]
        await psa.ticket_ids(resolved)
    key = an_open(world)
    other = next(t.id for t in world.tickets.values() if t.id != key and not t.parent_id)
    await psa.fetch([str(key), str(other), "999999"])
    (ticket,) = (await psa.fetch([str(key)])).tickets
    await psa.conversation(ticket.ticket_id)
    await psa.time_entries([ticket.ticket_id, str(other)])
    context = ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id)
    kinds = "status billing_code owner agreement contact type priority site source board team"
    for kind in kinds.split():
        assert await psa.choices(kind, context) is not None
    code = Ref("1", "x")
    entry = world.log_time(key, 0.5)
    fields = {
        "owner": Ref("101", ""),
        "billing_code": code,
        "contact": Ref(str(ticket.contact_id), ""),
        "agreement": Ref(str(next(iter(world.agreements))), ""),
        "priority": Ref("2", ""),
        "site": Ref(str(next(iter(world.sites))), ""),
        "team": Ref("Night Shift", "Night Shift"),
        "summary": "New",
        "parent": Ref(str(other), ""),
        "status": Ref("2", ""),
    }
    fixes = [
        {"reply": "Hi", "note": "We"},
        {"time": NewTime(hours=0.5, code=code, text="t", billable="Billable")},
        {"entries": {str(entry.id): code}},
        {"fields": fields},
        {"fields": {"parent": None}},
        {"fields": {"customer_flag": False}},
    ]
    for more in fixes:
        fix = Fix(change="c", ticket_id=str(key), decided_at=int(time.time()), **more)
        for step in psa.plan(fix, ticket):
            await psa.apply(step, None)
    await psa.close()
    return recorder.seen


def test_every_request_is_legal(seen: list[httpx.Request]) -> None:
    api = OpenApi(document("halopsa"), "/api")
    checked = [one for one in seen if one.url.path.startswith("/api/")]
    problems = {problem for one in checked for problem in api.problems(one)}
    assert problems == set(KNOWN_ERRORS)
    assert len(checked) > 60


def test_only_the_token_request_is_not_the_api_s(seen: list[httpx.Request]) -> None:
    """The file describes no authorisation: client credentials as RFC 6749, 4.4 has them."""
    other = [one for one in seen if not one.url.path.startswith("/api/")]
    assert {(one.method, one.url.path) for one in other} == {("POST", "/auth/token")} and len(other) == 1


def test_every_write_went_out(seen: list[httpx.Request]) -> None:
    wrote = {(one.method, one.url.path) for one in seen if one.method != "GET"}
    assert wrote == {("POST", "/auth/token"), ("POST", "/api/Tickets"), ("POST", "/api/Actions")}
