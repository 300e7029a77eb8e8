"""The simulated Autotask's traps: what the vendor ignores, hides or refuses in its own way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from connectors.simulators.autotask import ACCOUNT, simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World

BASE = "http://psa.test/ATServicesRest/v1.0"
HEADERS = {
    "ApiIntegrationCode": ACCOUNT.integration_code,
    "UserName": ACCOUNT.username,
    "Secret": ACCOUNT.secret,
}
ALL = {"Filter": [{"op": "gt", "field": "id", "value": -1}]}


@pytest.fixture
def world() -> World:
    return World(5, 80, speed=0)


@pytest.fixture
def app(world: World) -> Starlette:
    return simulator(world)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=HEADERS) as found:
        yield found


@pytest.fixture
def key(world: World) -> int:
    return next(t.id for t in world.tickets.values() if world.is_open(t) and not t.flag)


async def query(client: httpx.AsyncClient, entity: str, *filters: Any, **more: Any) -> dict[str, Any]:
    answer = await client.post(f"/{entity}/query", json={"Filter": list(filters) or ALL["Filter"], **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_zone_needs_no_credentials_and_says_500_to_strangers(app: Starlette) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://psa.test"
    ) as anyone:
        path = "/atservicesrest/v1.0/zoneInformation"
        found = await anyone.get(path, params={"user": ACCOUNT.username})
        assert found.json()["url"].startswith("http://psa.test/ATServicesRest/")
        for user in ("", "nobody@x.test"):
            assert (await anyone.get(path, params={"user": user})).status_code == 500
        assert (await anyone.get(f"{BASE}/ThresholdInformation")).status_code == 401


async def test_an_unknown_field_is_a_200_and_nothing_happens(client, world, key) -> None:
    answer = await client.patch("/Tickets", json={"id": key, "ticketStatus": 5, "workTypeID": 1})
    assert (answer.status_code, answer.json()) == (200, {"itemId": key})
    assert world.is_open(world.ticket(key))


async def test_patch_goes_to_the_collection_and_notes_below_the_ticket(client, key) -> None:
    assert (await client.patch(f"/Tickets/{key}", json={"status": 8})).status_code == 405
    note = {"ticketID": key, "title": "x", "description": "y", "noteType": 1, "publish": 1}
    assert (await client.post("/TicketNotes", json=note)).status_code == 404
    made = await client.post(f"/Tickets/{key}/Notes", json=note)
    assert isinstance(made.json()["itemId"], int)


async def test_a_missing_id_is_a_200_with_null(client) -> None:
    answer = await client.get("/Tickets/999999")
    assert (answer.status_code, answer.json()) == (200, {"item": None})


async def test_a_put_empties_what_it_does_not_name(client, world, key) -> None:
    world.set_field(key, "billing_code", "Remote Support")
    await client.put("/Tickets", json={"id": key, "title": "Only this"})
    assert world.ticket(key).work_type_id is None


@pytest.mark.parametrize(
    "body",
    [
        {"status": 999},
        {"status": "8"},
        {"billingCodeID": 900},
        {"assignedResourceID": 102},
        {"contactID": 1},
        {"problemTicketId": 1},
        {"title": ""},
    ],
)
async def test_refusals_are_sentences_in_a_500(client, world, key, body) -> None:
    answer = await client.patch("/Tickets", json={"id": key, **body})
    assert answer.status_code == 500 and answer.json()["errors"] and not world.writes


async def test_a_low_level_sees_nothing_and_is_told_nothing(client, app) -> None:
    app.state.switches.low_level = True
    assert (await query(client, "Tickets"))["items"] == []


async def test_entries_that_are_not_billable_are_left_out_without_the_right(client, app, world) -> None:
    entry = next(iter(world.time.values()))
    entry.billable = "DoNotBill"
    everything = len((await query(client, "TimeEntries"))["items"])
    app.state.switches.non_billable_hidden = True
    assert len((await query(client, "TimeEntries"))["items"]) < everything


async def test_picklists_have_texts_and_rows_numbers(client, key) -> None:
    fields = (await client.get("/Tickets/entityInformation/fields")).json()["fields"]
    status = next(one for one in fields if one["name"] == "status")
    assert all(isinstance(one["value"], str) for one in status["picklistValues"])
    subtype = next(one for one in fields if one["name"] == "subIssueType")
    assert subtype["picklistParentValueField"] == "issueType"
    (row,) = (await query(client, "Tickets", {"op": "eq", "field": "id", "value": key}))["items"]
    assert isinstance(row["status"], int)


async def test_pages_are_by_id_and_end_with_null(client, world) -> None:
    first = await query(client, "Tickets", MaxRecords=10)
    ids = [row["id"] for row in first["items"]]
    assert ids == sorted(ids) and len(ids) == 10
    assert first["pageDetails"]["nextPageUrl"] and first["pageDetails"]["requestCount"] == 10
    everything = await query(client, "Tickets")
    assert everything["pageDetails"]["nextPageUrl"] is None and len(everything["items"]) == len(world.tickets)
    assert everything["pageDetails"]["requestCount"] == 500, "the limit, not the total"


async def test_a_misnamed_filter_is_a_broad_and_successful_search(client, world) -> None:
    wrong = {"Filters": [{"op": "eq", "field": "id", "value": 1}]}
    assert len((await client.post("/Tickets/query", json=wrong)).json()["items"]) == len(world.tickets)


@pytest.mark.parametrize(
    "filters",
    [
        [{"op": "eq", "field": "nosuch", "value": 1}],
        [{"op": "equals", "field": "id", "value": 1}],
        [{"op": "in", "field": "id", "value": list(range(501))}],
        [{"op": "eq", "field": "lastActivityPersonType", "value": 1}],
        [{"op": "or", "items": []}],
        [{"op": "gt", "field": "id", "value": "x"}],
        [{"op": "eq", "field": "id", "value": 1, "udf": True}] * 2,
        [],
    ],
)
async def test_queries_that_are_refused(client, filters) -> None:
    answer = await client.post("/Tickets/query", json={"Filter": filters})
    assert answer.status_code == 500 and answer.json()["errors"]


@pytest.mark.parametrize(
    ("op", "value", "test"),
    [
        ("eq", 5, lambda status: status == 5),
        ("noteq", 5, lambda status: status != 5),
        ("in", [5, 8], lambda status: status in (5, 8)),
        ("notIn", [5, 8], lambda status: status not in (5, 8)),
        ("gte", 8, lambda status: status >= 8),
        ("lt", 8, lambda status: status < 8),
        ("exist", None, lambda status: True),
        ("notExist", None, lambda status: False),
    ],
)
async def test_operators(client, op, value, test) -> None:
    everything = (await query(client, "Tickets"))["items"]
    found = (await query(client, "Tickets", {"op": op, "field": "status", "value": value}))["items"]
    assert [row["id"] for row in found] == [row["id"] for row in everything if test(row["status"])]


async def test_udfs_are_absent_when_none_has_a_value(client, world, key) -> None:
    world.ticket(key).custom.clear()
    wanted = {"op": "eq", "field": "id", "value": key}
    assert "userDefinedFields" not in (await query(client, "Tickets", wanted))["items"][0]
    await client.patch("/Tickets", json={"id": key, "userDefinedFields": [{"name": "PO", "value": "7"}]})
    assert (await query(client, "Tickets", wanted))["items"][0]["userDefinedFields"] == [
        {"name": "PO", "value": "7"}
    ]


async def test_the_fourth_request_to_one_entity_is_refused(client, app) -> None:
    app.state.switches.slow, app.state.switches.used = True, 5000
    answers = await asyncio.gather(*(client.post("/Companies/query", json=ALL) for _ in range(5)))
    refused = [one for one in answers if one.status_code == 500]
    assert refused and all("Itgenatr005" in one.text for one in refused)
    apart = ("Companies", "Contacts", "Contracts", "Resources")
    answers = await asyncio.gather(*(client.post(f"/{one}/query", json=ALL) for one in apart))
    assert all(one.status_code == 200 for one in answers)


async def test_answers_get_slower_and_then_stop(client, app, monkeypatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("connectors.simulators.autotask.asyncio.sleep", sleep)
    app.state.switches.slow = True
    for used in (100, 5000, 7500):
        app.state.switches.used = used
        assert (await client.get("/ThresholdInformation")).json()["currentTimeframeRequestCount"] > used
    assert waited == sorted(waited) and waited[0] == 0.0 and waited[1] < waited[2]
    app.state.switches.used = 10_000
    assert (await client.get("/ThresholdInformation")).status_code == 429


async def test_impersonation_puts_the_technicians_name_on_a_note(client, world, key, app) -> None:
    note = {"title": "x", "description": "y", "noteType": 1, "publish": 2}
    await client.post(f"/Tickets/{key}/Notes", json=note)
    await client.post(f"/Tickets/{key}/Notes", json=note, headers={"ImpersonationResourceId": "101"})
    assert [n.member_id for n in world.notes[key][-2:]] == [199, 101]
    assert not world.mails, "internal"


async def test_a_customers_answer_is_a_status(client, world, key) -> None:
    world.customer_replies(key, "Still broken")
    wanted = {"op": "eq", "field": "id", "value": key}
    (row,) = (await query(client, "Tickets", wanted))["items"]
    (note,) = (
        await query(
            client,
            "TicketNotes",
            {"op": "eq", "field": "ticketID", "value": key},
            {"op": "contains", "field": "description", "value": "still BROKEN"},
        )
    )["items"]
    assert row["status"] == 19 and note["createdByContactID"] and note["creatorResourceID"] is None
    await client.patch("/Tickets", json={"id": key, "status": 7})
    (row,) = (await query(client, "Tickets", wanted))["items"]
    assert row["status"] == 7 and not world.ticket(key).flag


async def test_hours_to_bill_are_ignored_and_the_hours_checked(client, world, key) -> None:
    entry = {
        "ticketID": key,
        "resourceID": 101,
        "roleID": 61,
        "billingCodeID": 1,
        "dateWorked": "2026-11-20T00:00:00Z",
        "startDateTime": "2026-11-20T14:00:00Z",
        "endDateTime": "2026-11-20T14:30:00Z",
        "hoursWorked": 0.5,
        "hoursToBill": 9,
        "summaryNotes": "Done",
    }
    made = (await client.post("/TimeEntries", json=entry)).json()["itemId"]
    wanted = {"op": "eq", "field": "id", "value": made}
    (row,) = (await query(client, "TimeEntries", wanted))["items"]
    assert (row["hoursToBill"], row["summaryNotes"], row["internalNotes"]) == (0.5, "Done", None)
    for wrong in ({"hoursWorked": 25}, {"hoursWorked": 0}, {"roleID": None}, {"billingCodeID": 900}):
        assert (await client.post("/TimeEntries", json=entry | wrong)).status_code == 500


# ---------------------------------------------------------------- somebody else's client

NODE_MODULES = os.environ.get("DESKZERO_NODE_MODULES", "")


@pytest.mark.skipif(
    not NODE_MODULES or shutil.which("node") is None,
    reason="NOT RUN: DESKZERO_NODE_MODULES does not name a folder with `@apigrate/autotask-restapi` 2.0.1 (npm)",
)
def test_an_independent_client_works_unchanged(app: Starlette, world: World, key: int) -> None:
    script = Path(__file__).with_name("autotask_client.cjs")
    account = [ACCOUNT.username, ACCOUNT.integration_code, ACCOUNT.secret]
    with run_in_thread(app) as url:
        done = subprocess.run(
            ["node", str(script), url, *account, str(key)],
            env={**os.environ, "NODE_PATH": NODE_MODULES},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["count"] == len(world.tickets)
    assert told["open"] == sum(world.statuses[t.status_id].name != ">Closed" for t in world.tickets.values())
    assert (told["ticket"]["id"], told["missing"], told["updated"]) == (key, None, {"itemId": key})
    assert world.tickets[key].priority_id == 1
    assert told["notes"][-1] == "Looked into it." == world.notes[key][-1].text
    assert {"id", "ticketNumber", "problemTicketId", "billingCodeID"} <= set(told["fields"])
