"""The simulated Rev.io by itself: the traps are there, and nothing of the world shows that the vendor does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.simulators.revio import ACCOUNT, simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.connectors.revio_desk import EXCHANGE, LIST


@pytest.fixture
def app() -> Any:
    return simulator(World(3, 150, speed=0))


@pytest.fixture
def http(app: Any) -> Iterator[httpx.Client]:
    with run_in_thread(app) as url, httpx.Client(base_url=url) as client:
        yield client


def headers(http: httpx.Client, **more: str) -> dict[str, str]:
    token = http.post(EXCHANGE, json={"apiKey": ACCOUNT.api_key}).json()["data"]["token"]
    return {"Authorization": f"Bearer {token}", "X-Revio-Host": ACCOUNT.tenant} | more


def rows(http: httpx.Client, **query: str) -> list[dict[str, Any]]:
    return http.get(LIST, params=query, headers=headers(http)).json()["data"]


def test_a_wrong_key_is_refused(http: httpx.Client) -> None:
    for body in ({"apiKey": "no"}, {}):
        assert http.post(EXCHANGE, json=body).status_code == 400
    assert http.post(EXCHANGE, content=b"no json").status_code == 400


def test_a_missing_host_looks_like_a_wrong_token(http: httpx.Client) -> None:
    right = headers(http)
    for wrong in (right | {"X-Revio-Host": "x"}, {"Authorization": right["Authorization"]}, {}):
        answer = http.get(LIST, headers=wrong)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert http.get(LIST, headers=right).status_code == 200


def test_a_token_ends(http: httpx.Client, app: Any) -> None:
    app.state.switches.token_seconds = -1
    assert http.get(LIST, headers=headers(http)).status_code == 401


def test_filters_are_ignored_without_a_word(http: httpx.Client) -> None:
    plain = rows(http, perPage="500")
    assert rows(http, perPage="500", techAssigned="Jordan Doe", modifiedSince="2099-01-01") == plain
    assert len({row["techAssigned"] for row in plain}) > 2


def test_pages_have_no_total_and_end_with_an_empty_one(http: httpx.Client, app: Any) -> None:
    count = len(app.state.world.tickets)
    assert len(rows(http, perPage="7", page="1")) == 7
    assert rows(http, perPage="7", page=str(-(-count // 7) + 1)) == []
    answer = http.get(LIST, headers=headers(http))
    assert set(answer.json()) == {"data"} and len(answer.json()["data"]) == 25
    app.state.switches.page_size = 30
    assert len(rows(http, perPage="500")) == 30


def test_a_row_has_what_is_known_and_no_more(http: httpx.Client) -> None:
    assert set(rows(http)[0]) == {
        "ticketId",
        "ticketDescription",
        "customerId",
        "customerName",
        "ticketStatus",
        "ticketPriority",
        "ticketSeverity",
        "ticketType",
        "techAssigned",
        "createdDate",
        "openedDate",
        "modifiedDate",
        "closedDate",
    }


def test_a_customers_reply_shows_in_the_status_and_the_date_alone(http: httpx.Client, app: Any) -> None:
    world = app.state.world
    ticket = next(
        t
        for t in world.tickets.values()
        if world.is_open(t)
        and world.boards[t.board_id].reply_status
        and not world._is_child(t)
        and world.statuses[t.status_id].name != "Customer Responded"
    )
    ticket.updated -= 3600
    before = next(row for row in rows(http, perPage="500") if row["ticketId"] == ticket.id)
    world.customer_replies(ticket.id, "Still broken.")
    after = next(row for row in rows(http, perPage="500") if row["ticketId"] == ticket.id)
    assert {name for name in after if after[name] != before[name]} == {"ticketStatus", "modifiedDate"}
    assert after["ticketStatus"] == "Customer Responded"


@pytest.mark.parametrize(("detail", "status"), [("works", 200), ("bare", 200), ("404", 404), ("405", 405)])
def test_a_ticket_by_itself_differs_between_tenants(
    http: httpx.Client, app: Any, detail: str, status: int
) -> None:
    app.state.switches.detail = detail
    key = next(iter(app.state.world.tickets))
    answer = http.get(f"/psac/api/v1/ticket/{key}", headers=headers(http))
    assert answer.status_code == status
    if status == 200:
        assert (answer.json() if detail == "bare" else answer.json()["data"])["ticketId"] == key


def test_nothing_else_is_there(http: httpx.Client, app: Any) -> None:
    key = next(iter(app.state.world.tickets))
    for method, path in (("PUT", f"/psac/api/v1/ticket/{key}"), ("GET", f"/psac/api/v1/ticket/{key}/notes")):
        assert http.request(method, path, headers=headers(http)).status_code in (404, 405)
    assert app.state.world.writes == []
