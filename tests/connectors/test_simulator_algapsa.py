"""The simulated AlgaPSA on the wire: its traps are there, so that what avoids them is tried."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from connectors.simulators import algapsa
from connectors.simulators.algapsa.state import number_of, uid
from connectors.simulators.serve import demo_secrets, demo_settings
from connectors.simulators.world import World


@pytest.fixture
def app() -> Any:
    return algapsa.simulator(World(7, 100, speed=0))


@pytest.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-api-key": demo_secrets("algapsa")["api_key"]}
    transport = httpx.ASGITransport(app=app)
    base = "http://127.0.0.1/api/v1"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
        yield client


@pytest.fixture
def world(app: Any) -> World:
    return app.state.world


def mine(world: World, at: int = 0) -> Any:
    me = world.member("jdoe").id
    return [
        t
        for t in world.tickets.values()
        if world.is_open(t)
        and t.owner_id == me
        and t.contact_id
        and t.parent_id is None
        and not any(other.parent_id == t.id for other in world.tickets.values())
    ][at]


def path(ticket: Any, more: str = "") -> str:
    return f"/tickets/{uid('ticket', ticket.id)}{more}"


def said(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    return answer.status_code, error if isinstance(error, str) else error["code"]


def test_its_settings_are_a_connections() -> None:
    table = demo_settings("algapsa", "http://127.0.0.1:9")
    assert table["psa"] == "algapsa" and table["technician"] == "jdoe"


def test_ids_are_stable_and_of_one_kind() -> None:
    assert uid("ticket", 70101) == uid("ticket", 70101) != uid("comment", 70101)
    assert number_of("ticket", uid("ticket", 70101)) == 70101
    assert number_of("ticket", uid("comment", 70101)) is None
    assert number_of("ticket", "70101") is None


class TestReading:
    async def test_the_two_shapes_of_a_401(self, app, http):
        del http.headers["x-api-key"]
        answer = await http.get("/tickets")
        assert answer.json() == {"error": "Unauthorized: API key missing"}
        assert said(await http.get("/tickets", headers={"x-api-key": "x"})) == (401, "UNAUTHORIZED")
        assert (await http.get("/tickets", headers={"Authorization": "Bearer x"})).status_code == 401

    async def test_more_than_100_rows_are_a_400_and_a_filter_it_does_not_know_is_none(self, http, world):
        assert said(await http.get("/tickets", params={"limit": "101"})) == (400, "VALIDATION_ERROR")
        answer = await http.get("/tickets", params={"master_ticket_id": uid("ticket", 1), "is_open": "false"})
        assert answer.json()["pagination"]["total"] == len(world.tickets)
        assert len(answer.json()["data"]) == 25

    @pytest.mark.parametrize("when", ["2026-11-20", "2026-11-20T10:00:00+00:00"])
    async def test_a_date_has_a_time_and_ends_in_z(self, http, when):
        assert said(await http.get("/tickets", params={"updated_from": when})) == (400, "VALIDATION_ERROR")

    async def test_a_wrong_order_is_a_500(self, http):
        assert said(await http.get("/tickets", params={"sort": "nonsense"})) == (
            500,
            "INTERNAL_CONFIGURATION",
        )

    async def test_lists_and_details_differ(self, http, world):
        there = mine(world)
        row = (await http.get("/tickets", params={"ticket_number": f"TIC{there.id}"})).json()["data"][0]
        detail = (await http.get(path(there))).json()["data"]
        assert "board_name" in row and "board_name" not in detail
        assert "subcategory_name" in row and "subcategory_name" not in detail
        assert "contact_email" in detail and "contact_email" not in row

    async def test_a_customers_answer_moves_the_state_alone(self, http, world):
        there = mine(world)
        there.flag = False
        before = (await http.get(path(there))).json()["data"]
        world.customer_replies(there.id, "Hello?")
        after = (await http.get(path(there))).json()["data"]
        assert after["response_state"] == "awaiting_internal" != before["response_state"]
        assert after["updated_at"] == before["updated_at"] and after["status_id"] == before["status_id"]

    async def test_time_is_told_with_what_is_hidden(self, app, http, world):
        there = mine(world)
        world.log_time(there.id, 0.5, member="asmith")
        app.state.switches.hides_others = True
        data = (await http.get(path(there, "/time-entries"))).json()["data"]
        assert data["othersHiddenCount"] >= 1
        assert all(entry["is_own"] for entry in data["entries"])
        assert data["totalMinutes"] > sum(entry["billable_duration"] for entry in data["entries"])

    async def test_limits_are_told_on_lists_and_kept_where_that_is_so(self, app, http):
        answer = await http.get("/tickets")
        assert answer.headers["x-ratelimit-limit"] == "120"
        app.state.switches.enforced = True
        app.state.simulator.left["DemoAlgaKey01"] = (0.0, app.state.world.clock())
        answer = await http.get("/tickets")
        assert said(answer) == (429, "RATE_LIMITED") and answer.headers["retry-after"] == "1"

    async def test_the_other_envelope_and_statuses_without_a_board(self, http):
        assert (await http.get("/contract-lines")).json() == {"success": True, "data": []}
        assert said(await http.get("/statuses", params={"type": "ticket"})) == (400, "VALIDATION_ERROR")


class TestWriting:
    async def test_what_it_does_not_know_is_dropped_with_a_200(self, http, world):
        there = mine(world)
        there.flag = True
        before = there.updated = there.updated - 100
        body = {"response_state": None, "due_date": "2027-01-01T00:00:00.000Z", "titel": "x"}
        answer = await http.put(path(there), json=body)
        assert answer.status_code == 200 and answer.json()["data"]["response_state"] == "awaiting_internal"
        assert there.updated > before, "an empty change moves the date"

    async def test_the_answer_to_a_close_is_stale(self, http, world):
        there = mine(world)
        closed = world.status(there.board_id, ">Closed")
        answer = await http.put(path(there), json={"status_id": uid("status", closed.id)})
        data = answer.json()["data"]
        assert (data["is_closed"], data["closed_at"]) == (False, None) and not world.is_open(there)
        assert "status_name" not in data

    async def test_a_status_of_another_board_is_a_400(self, http, world):
        there = mine(world)
        other = next(s for s in world.statuses.values() if s.board_id != there.board_id)
        answer = await http.put(path(there, "/status"), json={"status_id": uid("status", other.id)})
        assert said(answer) == (400, "VALIDATION_ERROR")

    async def test_null_is_taken_for_few_fields(self, http, world):
        there = mine(world)
        for name in ("category_id", "priority_id", "subcategory_id", "location_id", "assigned_to"):
            assert said(await http.put(path(there), json={name: None})) == (400, "VALIDATION_ERROR"), name
        assert (await http.put(path(there), json={"contact_name_id": None})).status_code == 200
        assert (await http.put(path(there, "/assignment"), json={"assigned_to": None})).status_code == 200
        assert there.contact_id is None and there.owner_id is None

    async def test_tags_are_a_500(self, http, world):
        assert said(await http.put(path(mine(world)), json={"tags": ["x"]})) == (500, "INTERNAL_ERROR")

    async def test_who_is_mailed(self, http, world):
        there = mine(world)
        contact = world.contacts[there.contact_id].email
        await http.post(path(there, "/comments"), json={"comment_text": "A", "is_internal": True})
        quiet = {"comment_text": "B", "suppressContactNotifications": True}
        await http.post(path(there, "/comments"), json=quiet)
        await http.put(path(there), json={"title": "C", "suppressContactNotifications": True})
        assert world.mails == []
        answer = await http.post(path(there, "/comments"), json={"comment_text": "D"})
        assert answer.status_code == 201 and answer.json()["data"]["author_type"] == "unknown"
        assert [mail.to for mail in world.mails] == [(contact,)]
        half = {"comment_text": "E", "suppressInternalNotifications": True}
        assert said(await http.post(path(there, "/comments"), json=half)) == (400, "VALIDATION_ERROR")

    async def test_an_answer_by_key_does_not_clear_the_state_and_moves_the_date(self, http, world):
        there = mine(world)
        there.flag, there.updated = True, there.updated - 1000
        before = there.updated
        await http.post(path(there, "/comments"), json={"comment_text": "Answered."})
        assert there.flag and there.updated > before

    async def test_time_has_its_rules(self, app, http, world):
        there = mine(world)
        body = {
            "work_item_type": "ticket",
            "work_item_id": uid("ticket", there.id),
            "start_time": "2026-01-05T14:00:42Z",
            "end_time": "2026-01-05T14:30:59Z",
            "service_id": uid("service", 1),
        }
        assert said(await http.post("/time-entries", json={**body, "service_id": None})) == (
            400,
            "VALIDATION_ERROR",
        )
        unknown = await http.post("/time-entries", json={**body, "service_id": uid("service", 999)})
        assert unknown.json()["error"]["message"] == "Invalid reference"
        made = (await http.post("/time-entries", json=body)).json()["data"]
        assert (made["start_time"], made["billable_duration"]) == ("2026-01-05T14:00:00.000Z", 30)
        assert said(await http.post("/time-entries", json=body)) == (409, "CONFLICT")
        touching = {**body, "start_time": "2026-01-05T14:30:00Z", "end_time": "2026-01-05T14:45:00Z"}
        assert (await http.post("/time-entries", json=touching)).status_code == 201
        app.state.switches.period = False
        later = {**body, "start_time": "2026-01-06T14:00:00Z", "end_time": "2026-01-06T14:30:00Z"}
        answer = await http.post("/time-entries", json=later)
        assert answer.json()["error"]["message"] == "No time period found for this date"

    async def test_invoiced_time_can_be_changed_and_approved_cannot(self, http, world):
        entry = world.log_time(mine(world).id, 0.5)
        address, body = f"/time-entries/{uid('entry', entry.id)}", {"service_id": uid("service", 1)}
        entry.invoice = "INV-1"
        assert (await http.put(address, json=body)).status_code == 200 and entry.work_type_id == 1
        assert said(await http.put(address, json={"service_id": None})) == (400, "VALIDATION_ERROR")
        entry.invoice, entry.status = None, "ApprovedByTierOne"
        assert said(await http.put(address, json=body)) == (409, "CONFLICT")
        other = world.log_time(mine(world).id, 0.5, member="asmith")
        assert said(await http.put(f"/time-entries/{uid('entry', other.id)}", json=body)) == (
            403,
            "FORBIDDEN",
        )

    async def test_bundles(self, app, http, world):
        master, child, other = (mine(world, at) for at in range(3))
        body = {"child_ticket_ids": [uid("ticket", child.id)]}
        made = await http.post(path(master, "/bundle"), json=body)
        assert made.status_code == 201 and made.json()["data"]["mode"] == "sync_updates"
        assert said(await http.post(path(other, "/bundle"), json=body)) == (409, "CONFLICT")
        nested = {"child_ticket_ids": [uid("ticket", master.id)]}
        assert said(await http.post(path(other, "/bundle"), json=nested)) == (409, "CONFLICT")
        below = {"child_ticket_ids": [uid("ticket", other.id)]}
        assert said(await http.post(path(child, "/bundle"), json=below)) == (400, "VALIDATION_ERROR")
        await http.post(path(master, "/bundle"), json={**below, "mode": "link_only"})
        bundle = (await http.get(path(master, "/bundle"))).json()["data"]
        assert (bundle["role"], bundle["settings"]["mode"]) == ("master", "link_only"), "its mode was changed"
        for one, left in ((child, 1), (other, 0)):
            gone = await http.delete(path(master, f"/bundle/children/{uid('ticket', one.id)}"))
            assert gone.json()["data"]["remainingChildren"] == left
        again = await http.delete(path(master, f"/bundle/children/{uid('ticket', child.id)}"))
        assert said(again) == (400, "VALIDATION_ERROR")

    async def test_close_rules(self, app, http, world):
        app.state.switches.close_rules = frozenset({"time_entry", "resolution_comment"})
        there = mine(world)
        world.time_of[there.id] = []
        closed = uid("status", world.status(there.board_id, ">Closed").id)
        answer = await http.put(path(there, "/status"), json={"status_id": closed})
        error = answer.json()["error"]
        assert error["message"] == "Ticket close rules not satisfied"
        assert [one["rule"] for one in error["details"]] == ["resolution_comment", "time_entry"]
