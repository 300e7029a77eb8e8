"""Every request of the Autotask connector against the vendor's Swagger file (`DESKZERO_SPECS`).

Besides method, path and body the names in filters and `IncludeFields` are held against the entity's model: a name that
does not exist there would be an error, or a broad and successful search.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import httpx
import pytest

from connectors import open_connector
from connectors.contract import ChoiceContext, Fix, NewTime, Ref, Scope
from connectors.simulators.autotask import secrets, settings, simulator
from connectors.simulators.serve import DEMO_URL
from connectors.simulators.world import World
from tests.connectors.autotask_desk import OWN, mine
from tests.connectors.openapi import OpenApi, Recorder, document, needs_specs

pytestmark = needs_specs

KINDS = (
    *("status", "billing_code", "owner", "agreement", "contact", "type"),
    *("subtype", "priority", "site", "source", "board"),
)
MODELS = {
    "Tickets": "TicketModel",
    "TicketNotes": "TicketNoteModel",
    "TicketAttachments": "TicketAttachmentModel",
    "TimeEntries": "TimeEntryModel",
    "TicketSecondaryResources": "TicketSecondaryResourceModel",
    "Resources": "ResourceModel",
    "ResourceServiceDeskRoles": "ResourceServiceDeskRoleModel",
    "BillingCodes": "BillingCodeModel",
    "Companies": "CompanyModel",
    "CompanyLocations": "CompanyLocationModel",
    "Contacts": "ContactModel",
    "Contracts": "ContractModel",
}

KNOWN_ERRORS = (
    # The file has an object with one property for each type (ElementList, IntegerValue ...); the vendor's own
    # samples and all maintained clients send the plain value.
    r"body\.Filter\[\](\.items\[\])*\.value is (int|str|list), not object",
)


@pytest.fixture(scope="module")
def seen() -> list[httpx.Request]:
    """What was asked; as a loop of its own, for all tests share it."""
    return asyncio.run(everything())


async def everything() -> list[httpx.Request]:
    """One of everything that the connector can do."""
    world = World(3, 80, speed=0)
    recorder = Recorder(httpx.ASGITransport(app=simulator(world)))
    table = settings(DEMO_URL)
    options = {key: table[key] for key in OWN}
    psa = open_connector("autotask", "demo", options, secrets(), transport=recorder)
    await psa.verify()
    for scope in (Scope("mine"), Scope("board", "Help Desk"), Scope("all")):
        resolved = await psa.resolve(scope)
        cursor = [page async for page in psa.tickets(resolved, None, int(time.time()) - 86400)][-1].cursor
        assert [page async for page in psa.tickets(resolved, cursor, 0)]
        await psa.ticket_ids(resolved)
    keys = mine(world)
    ticket = (await psa.fetch([str(keys[0]), "9999999"])).tickets[0]
    world.customer_replies(ticket.ticket_id, "", files=(("screen.png", 9),))
    assert (await psa.conversation(ticket.ticket_id)).files
    await psa.time_entries([ticket.ticket_id])
    context = ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id)
    for kind in KINDS:
        assert await psa.choices(kind, context), kind
        assert await psa.choices(kind, ChoiceContext(ids=("1",))) is not None
    world.ticket(keys[0]).custom["PO"] = "A-1"
    entry, code, now = world.log_time(keys[0], 0.5), Ref("1", "x"), int(time.time())
    tnguyen = Ref(str(world.member("tnguyen").id), "tnguyen")
    changes: list[dict[str, Any]] = [
        {"reply": "Hi", "note": "We", "fields": {"status": Ref("7", "x")}},
        {"time": NewTime(hours=0.5, code=code, text="Did it", billable="NonBillable")},
        {"entries": {str(entry.id): code}},
        {"fields": {"contact_phone": "555 0199", "contact_email": "ann@card.test"}},
        {"fields": {"contact_phone": None, "contact_email": None}},
        {"fields": {"billing_code": code, "custom:PO": "B-2", "due_at": now, "summary": "New"}},
        {"fields": {"owner": tnguyen, "priority": Ref("2", "x"), "source": Ref("22", "x")}},
        {"fields": {"parent": Ref(str(keys[1]), ""), "agreement": None, "contact": None, "site": None}},
        {"fields": {"parent": None, "owner": None, "type": None, "subtype": None}},
    ]
    for number, more in enumerate(changes):
        fix = Fix(change=str(number), ticket_id=ticket.ticket_id, decided_at=now, **more)
        for step in psa.plan(fix, ticket):
            await psa.apply(step, None)
    await psa.close()
    return recorder.seen


@pytest.fixture(scope="module")
def spec() -> OpenApi:
    return OpenApi(document("autotask"), "/ATServicesRest", any_case=True)


def legal_path(request: httpx.Request) -> httpx.Request:
    """The look-up has its base in lower case, as the vendor's documentation has it."""
    url = str(request.url).replace("/atservicesrest/", "/ATServicesRest/")
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    return httpx.Request(request.method, url, headers=headers, content=request.content)


async def test_every_request_is_legal(spec: OpenApi, seen: list[httpx.Request]) -> None:
    problems = {problem for request in seen for problem in spec.problems(legal_path(request))}
    known = [one for one in problems if any(re.search(error, one, re.IGNORECASE) for error in KNOWN_ERRORS)]
    assert not problems - set(known)
    assert known, "the file's error is there no more: take it off the list"
    assert len(seen) > 60


async def test_every_request_has_the_headers_of_the_file(seen: list[httpx.Request]) -> None:
    for request in seen:
        named = {"apiintegrationcode", "username", "secret"} & set(request.headers)
        assert len(named) == (0 if request.url.path.lower().endswith("/zoneinformation") else 3)


async def test_filters_and_fields_name_what_the_entity_has(seen: list[httpx.Request]) -> None:
    checked = 0
    for request in seen:
        match = re.search(r"/v1\.0/(\w+)/query", request.url.path)
        if match is None:
            continue
        model = document("autotask")["definitions"][MODELS[match[1]]]["properties"]
        known = {name.lower() for name in model}
        body = json.loads(request.content)
        for name in (*fields_of(body["Filter"]), *body.get("IncludeFields", ())):
            assert name.lower() in known, f"{match[1]} has no {name}"
            checked += 1
    assert checked > 60


def fields_of(filters: list[dict[str, Any]]) -> list[str]:
    found = []
    for one in filters:
        assert set(one) in ({"op", "field", "value"}, {"op", "items"})
        found += fields_of(one["items"]) if "items" in one else [one["field"]]
    return found


async def test_every_write_went_out(seen: list[httpx.Request]) -> None:
    wrote = {
        (request.method, re.sub(r"\d+", "N", request.url.path.split("/v1.0", 1)[1]))
        for request in seen
        if "/query" not in request.url.path and request.method != "GET"
    }
    assert wrote == {
        ("PATCH", "/Companies/N/Contacts"),
        ("PATCH", "/Tickets"),
        ("POST", "/Tickets/N/Notes"),
        ("POST", "/TimeEntries"),
        ("PATCH", "/TimeEntries"),
    }


def test_rows_are_read_by_the_names_of_the_file() -> None:
    """`createdByContactID` is returned although the file lacks it (maintained clients)."""
    import msgspec

    from connectors.autotask import names, wire

    for shape, entity in (
        (wire.TicketRow, "Tickets"),
        (wire.NoteRow, "TicketNotes"),
        (wire.TimeRow, "TimeEntries"),
        (wire.SecondaryRow, "TicketSecondaryResources"),
        (names.ResourceRow, "Resources"),
        (names.CodeRow, "BillingCodes"),
        (names.CompanyRow, "Companies"),
        (names.SiteRow, "CompanyLocations"),
        (names.ContactRow, "Contacts"),
        (names.ContractRow, "Contracts"),
    ):
        model = document("autotask")["definitions"][MODELS[entity]]["properties"]
        read = {field.encode_name for field in msgspec.structs.fields(shape)}
        assert read - {name.lower() for name in model} <= {"createdbycontactid"}, entity
