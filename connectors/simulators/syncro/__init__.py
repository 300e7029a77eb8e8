"""A simulated Syncro: the world on the vendor's wire format, as a Starlette application.

Sources: the vendor's OpenAPI file and a maintained client; switches where its behaviour is not established. What
the vendor leaves out without a word, this leaves out too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.simulators.answers import json_response
from connectors.simulators.faults import Kind, instead, spoiled
from connectors.simulators.model import Member
from connectors.simulators.syncro import writes as writes
from connectors.simulators.syncro.rows import OFFSET, PRIORITIES, Row, Rows
from connectors.simulators.syncro.state import (
    ACCOUNT,
    COLLEAGUE,
    Call,
    Refusal,
    Seen,
    Simulator,
    Switches,
    no_permission,
    not_found,
)
from connectors.simulators.world import World

__all__ = ["ACCOUNT", "COLLEAGUE", "OFFSET", "Switches", "secrets", "settings", "simulator"]

Handler = Callable[[Call, Rows], object]
BASE = "/api/v1"


def simulator(world: World, *, note_moves_ticket: bool = True, **switches: Any) -> Starlette:  # noqa: ANN401
    """The application. `.state` has `account`, `accounts`, `world`, `switches`, `faults` and `requests`."""
    world.note_moves_ticket = note_moves_ticket
    made = Simulator(world, switches=Switches(**switches))
    app = Starlette(routes=list(_routes(made, Rows(made))), exception_handlers={404: _no_route})
    app.state.simulator = made
    for name in ("world", "account", "accounts", "switches", "faults", "requests"):
        setattr(app.state, name, getattr(made, name))
    return app


def settings(url: str) -> dict[str, Any]:
    """The keys of a connection that fits the world."""
    return {
        "url": url,
        "technician": ACCOUNT.technician,
        "labour_category": "Labor",
        "priorities": list(PRIORITIES.values()),
        "system_authors": ["Workflow"],
        "scope": "mine",
        "child_statuses": ["Child Ticket"],
        "responded_statuses": ["Customer Reply"],
        "answered_status": "Waiting on Customer",
        "closing_statuses": ["Completed"],
        "waiting_statuses": ["Waiting on Customer"],
    }


def secrets() -> dict[str, str]:
    """The secrets that belong to `settings`."""
    return {"token": ACCOUNT.token}


async def _no_route(request: Request, problem: Exception) -> Response:
    """An address that the web server does not know: a page, not JSON."""
    return HTMLResponse(
        "<html><body><h1>The page you were looking for doesn't exist.</h1></body></html>", 404
    )


def _routes(made: Simulator, rows: Rows) -> list[BaseRoute]:
    table: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/me", _me),
        ("GET", "/users", lambda call, rows: {"users": rows.users()}),
        ("GET", "/tickets", _tickets),
        ("GET", "/tickets/settings", lambda call, rows: rows.settings()),
        ("GET", "/tickets/{id:int}", lambda call, rows: {"ticket": rows.detail(writes.ticket_of(call))}),
        ("GET", "/tickets/{id:int}/comments", _comments),
        ("GET", "/ticket_timers", _timers),
        ("GET", "/contacts", _contacts),
        ("GET", "/contacts/{id:int}", _contact),
        ("GET", "/contracts", lambda call, rows: _paged(call, "contracts", rows.contracts(), 50)),
        ("GET", "/products", _products),
        ("GET", "/products/{id:int}", _product),
        ("GET", "/products/categories", _categories),
        ("PUT", "/contacts/{id:int}", writes.put_contact),
        ("PUT", "/tickets/{id:int}", writes.put_ticket),
        ("POST", "/tickets/{id:int}/comment", writes.post_comment),
        ("POST", "/tickets/{id:int}/timer_entry", writes.post_timer),
        ("PUT", "/tickets/{id:int}/update_timer_entry", writes.put_timer),
    )
    return [
        Route(BASE + path, _endpoint(made, rows, handler), methods=[method])
        for method, path, handler in sorted(table, key=lambda one: "{" in one[1])
    ]


def _endpoint(made: Simulator, rows: Rows, handler: Handler) -> Callable[[Request], object]:
    """Everything that holds for every request: faults, limits, the token, the world's clock, errors."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        relative = request.url.path.removeprefix(BASE)
        seen = Seen(request.method, relative, dict(request.query_params), dict(request.headers))
        with made.world.lock:
            made.requests.append(seen)
            fault = made.faults.take(request.method, relative)
            response = instead(fault, REFUSALS)
            if response is not None:
                return response
            try:
                response = _limited(made) or _handled(made, rows, handler, request, raw, relative)
            except Refusal as refusal:
                response = json_response(refusal.body, refusal.status)
            if fault is not None:
                response = spoiled(fault, response, _wrong)
            response.headers["date"] = formatdate(made.world.clock() + made.switches.clock_ahead, usegmt=True)
            return response

    return endpoint


def _handled(
    made: Simulator, rows: Rows, handler: Handler, request: Request, raw: bytes, relative: str
) -> Response:
    me = _member(made, request)
    body: dict[str, Any] = {}
    if request.method != "GET":
        if "write" in made.switches.denied:
            raise no_permission()
        try:
            body = msgspec.json.decode(raw, type=dict[str, Any]) if raw else {}
        except msgspec.DecodeError:
            raise Refusal(400, {"error": "the body is not JSON"}) from None
    made.world.catch_up()
    return json_response(handler(Call(made, request, relative, body, me), rows))


def _member(made: Simulator, request: Request) -> Member:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    for account in made.accounts:
        if scheme.lower() == "bearer" and token == account.token:
            return made.world.member(account.user)
    raise Refusal(401, {"error": "Not authorized."})


def _limited(made: Simulator) -> Response | None:
    """429 when the last minute on the world's clock has had its requests; else this one is counted."""
    now = made.world.clock()
    while made.recent and made.recent[0] <= now - 60:
        made.recent.popleft()
    if made.switches.per_minute is not None and len(made.recent) >= made.switches.per_minute:
        return json_response({"error": "Too many requests"}, 429)
    made.recent.append(now)
    return None


REFUSALS: dict[Kind, tuple[int, object]] = {
    "500": (500, {"error": "Internal server error"}),
    "429": (429, {"error": "Too many requests"}),
    "401": (401, {"error": "Not authorized."}),
    "403": (401, no_permission().body),
    "404": (404, not_found().body),
}
"""How requests are refused; the body of a 429 is ours."""


def _wrong(whole: Any) -> None:  # noqa: ANN401 - JSON
    for rows in whole.values() if isinstance(whole, dict) else ():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            name = "status" if "status" in rows[0] else "created_at"
            rows[0][name] = {"not": "a text"}


# ---------------------------------------------------------------- reading


def _paged(call: Call, key: str, rows: list[Row], size: int, *, meta: bool = True) -> Row:
    given = call.request.query_params
    number = given.get("page", "1")
    at = max(1, int(number)) if number.isdecimal() else 1
    shown = rows[(at - 1) * size : at * size]
    if not meta:
        return {key: shown}
    return {key: shown, "meta": {"total_pages": max(1, -(-len(rows) // size)), "page": at}}


def _me(call: Call, rows: Rows) -> Row:
    denied = call.simulator.switches.denied
    return {
        "user_token": "never-to-be-logged",
        "user_email": call.me.email,
        "user_name": call.me.name,
        "user_id": call.me.id,
        "admin": False,
        "subdomain": "riverside",
        "permissions": {
            "ticket": {"read": True, "write": "write" not in denied, "delete": False},
            "customer": {
                "read": "contacts" not in denied,
                "write": "contacts: edit" not in denied,
                "delete": False,
            },
        },
    }


def _tickets(call: Call, rows: Rows) -> Row:
    """Newest first, which the vendor does not say. A filter that is not known is left out without a word."""
    given, world = call.request.query_params, call.world
    found = sorted(world.tickets.values(), key=lambda ticket: ticket.id, reverse=True)
    if given.get("mine") == "true":
        found = [t for t in found if t.owner_id == call.me.id]
    for name, attribute in (("user_id", "owner_id"), ("number", "id"), ("customer_id", "company_id")):
        if name in given:
            found = [t for t in found if str(getattr(t, attribute)) == given[name]]
    if "status" in given:
        every = given["status"] == "Not Closed" and call.simulator.switches.not_closed
        found = [t for t in found if (world.is_open(t) if every else rows.status(t) == given["status"])]
    if "since_updated_at" in given:
        since = _since(call, given["since_updated_at"])
        found = [t for t in found if t.updated > since]
    return _paged(call, "tickets", [rows.listed(t) for t in found], call.simulator.switches.page_size)


def _since(call: Call, text: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return float("-inf")
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    match call.simulator.switches.since:
        case "day":
            return when.replace(hour=0, minute=0, second=0).timestamp() - 1
        case "ignored":
            return float("-inf")
        case "misread":
            return float("inf")
    return when.timestamp()


def _comments(call: Call, rows: Rows) -> Row:
    ticket = writes.ticket_of(call)
    given = call.request.query_params
    notes = [rows.comment(note) for note in call.world.notes[ticket.id]]
    down = given.get("sort_direction", "DESC").upper() == "DESC"
    notes.sort(key=lambda row: (row["created_at"], row["id"]), reverse=down)
    size = given.get("per_page", "10")
    return _paged(call, "comments", notes, min(100, int(size)) if size.isdecimal() and int(size) else 10)


def _timers(call: Call, rows: Rows) -> Row:
    """By creation, not by change."""
    since = _since(call, call.request.query_params.get("created_at_gt", ""))
    found = [rows.timer(e) for e in call.world.time.values() if (e.entered or e.end) > since]
    return _paged(call, "ticket_timers", found, call.simulator.switches.page_size)


def _contacts(call: Call, rows: Rows) -> Row:
    if "contacts" in call.simulator.switches.denied:
        raise no_permission()
    company = call.request.query_params.get("customer_id")
    found = [row for row in rows.contacts() if company is None or str(row["customer_id"]) == company]
    return _paged(call, "contacts", found, 50)


def _contact(call: Call, rows: Rows) -> Row:
    if "contacts" in call.simulator.switches.denied:
        raise no_permission()
    found = call.world.contacts.get(call.number("id"))
    if found is None:
        raise not_found()
    return rows.contact(found)


def _products(call: Call, rows: Rows) -> Row:
    """This list says nothing about its pages."""
    if "products" in call.simulator.switches.denied:
        raise no_permission()
    category = call.request.query_params.get("category_id")
    found = [row for row in rows.products() if category is None or str(row["category"]) == category]
    return _paged(call, "products", found, 25, meta=False)


def _product(call: Call, rows: Rows) -> Row:
    found = next((row for row in rows.products() if row["id"] == call.number("id")), None)
    if found is None:
        raise not_found()
    return {"product": found}


def _categories(call: Call, rows: Rows) -> Row:
    if "products" in call.simulator.switches.denied:
        raise no_permission()
    names = {1: "Root Category", 5: "Labor", 6: "Hardware"}
    return {"categories": [{"id": key, "name": name} for key, name in names.items()]}
