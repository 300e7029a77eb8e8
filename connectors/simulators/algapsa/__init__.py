"""A simulated AlgaPSA: the world on the vendor's wire format, as a Starlette application.

Behaviour: a running Community Edition and its source, of which nothing is copied; switches where shops and keys differ.
What the vendor leaves out without a word, this leaves out too.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.simulators.algapsa import queries, writes
from connectors.simulators.algapsa.rows import Rows
from connectors.simulators.algapsa.state import (
    ACCOUNT,
    BUCKET,
    COLLEAGUE,
    PER_MINUTE,
    Call,
    Refusal,
    Seen,
    Simulator,
    Switches,
    error,
)
from connectors.simulators.answers import json_response
from connectors.simulators.faults import Kind, instead, spoiled
from connectors.simulators.model import Member
from connectors.simulators.world import World

__all__ = ["ACCOUNT", "COLLEAGUE", "Switches", "secrets", "settings", "simulator"]

Handler = Callable[[Call, Rows], object]
BASE = "/api/v1"


def simulator(world: World, **switches: Any) -> Starlette:  # noqa: ANN401
    """The application. `.state` has `account`, `accounts`, `world`, `switches`, `faults` and `requests`.

    In this world a customer's answer moves nothing but the response state, and time moves nothing at all."""
    world.note_moves_ticket = world.reply_moves_ticket = False
    for board in world.boards.values():
        board.reply_status = None
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
        "scope": "mine",
        "child_statuses": ["Child Ticket"],
        "responded_statuses": ["Customer Responded"],
        "answered_status": "Waiting Customer",
        "closing_statuses": ["Completed"],
        "waiting_statuses": ["Waiting Customer"],
    }


def secrets() -> dict[str, str]:
    """The secrets that belong to `settings`."""
    return {"api_key": ACCOUNT.api_key}


async def _no_route(request: Request, problem: Exception) -> Response:
    """An address that the web server does not know: a page, not JSON."""
    return HTMLResponse(
        "<!DOCTYPE html><html><body><h1>404</h1>This page could not be found.</body></html>", 404
    )


def _routes(made: Simulator, rows: Rows) -> list[BaseRoute]:
    table: tuple[tuple[str, str, Handler, int], ...] = (
        ("GET", "/tickets", queries.tickets, 200),
        ("GET", "/tickets/statuses", queries.statuses, 200),
        ("GET", "/tickets/priorities", queries.priorities, 200),
        ("GET", "/tickets/{id}", lambda call, rows: {"data": rows.detail(call.ticket())}, 200),
        ("PUT", "/tickets/{id}", writes.put_ticket, 200),
        ("PUT", "/tickets/{id}/status", writes.put_status, 200),
        ("PUT", "/tickets/{id}/assignment", writes.put_assignment, 200),
        ("GET", "/tickets/{id}/comments", queries.comments, 200),
        ("POST", "/tickets/{id}/comments", writes.post_comment, 201),
        ("GET", "/tickets/{id}/documents", lambda call, rows: {"data": rows.documents(call.ticket())}, 200),
        ("GET", "/tickets/{id}/time-entries", queries.ticket_time, 200),
        ("GET", "/tickets/{id}/bundle", lambda call, rows: {"data": rows.bundle(call.ticket())}, 200),
        ("POST", "/tickets/{id}/bundle", writes.post_bundle, 201),
        ("POST", "/tickets/{id}/bundle/children", writes.post_children, 200),
        ("DELETE", "/tickets/{id}/bundle/children/{child}", writes.delete_child, 200),
        ("GET", "/time-entries", queries.time_entries, 200),
        ("POST", "/time-entries", writes.post_time, 201),
        ("PUT", "/time-entries/{id}", writes.put_time, 200),
        ("GET", "/users", queries.users, 200),
        ("GET", "/boards", queries.boards, 200),
        ("GET", "/statuses", queries.all_statuses, 200),
        ("GET", "/categories/ticket", queries.categories, 200),
        ("GET", "/services", queries.services, 200),
        ("GET", "/services/{id}", queries.service, 200),
        ("GET", "/contacts", queries.contacts, 200),
        ("GET", "/contacts/{id}", queries.contact, 200),
        ("PUT", "/contacts/{id}", writes.put_contact, 200),
        ("GET", "/clients/{id}/locations", queries.locations, 200),
        ("GET", "/contract-lines", queries.contract_lines, 200),
    )
    return [
        Route(BASE + path, _endpoint(made, rows, handler, status), methods=[method])
        for method, path, handler, status in table
    ]


def _endpoint(made: Simulator, rows: Rows, handler: Handler, status: int) -> Callable[[Request], object]:
    """Everything that holds for every request: faults, the bucket, the key, the world's clock, errors."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        relative = request.url.path.removeprefix(BASE)
        with made.world.lock:
            body = _body(raw)
            made.requests.append(
                Seen(request.method, relative, dict(request.query_params), dict(request.headers), body)
            )
            fault = made.faults.take(request.method, relative)
            response = instead(fault, REFUSALS)
            if response is not None:
                return response
            try:
                me = _member(made, request)
                left = _taken(made, request.headers["x-api-key"])
                response = _handled(Call(made, request, relative, body, me), rows, handler, status)
                if request.method == "GET" and not relative.endswith("/comments"):
                    response.headers["x-ratelimit-limit"] = str(BUCKET)
                    response.headers["x-ratelimit-remaining"] = str(left)
            except Refusal as refusal:
                response = json_response(refusal.body, refusal.status, refusal.headers)
            if fault is not None:
                response = spoiled(fault, response, _wrong)
            response.headers["date"] = formatdate(made.world.clock() + made.switches.clock_ahead, usegmt=True)
            return response

    return endpoint


def _body(raw: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any]) if raw else {}
    except msgspec.DecodeError:
        return {}


def _handled(call: Call, rows: Rows, handler: Handler, status: int) -> Response:
    if call.request.method != "GET" and "write" in call.switches.denied:
        raise error(403, "FORBIDDEN", "Permission denied: Cannot update ticket")
    call.world.catch_up()
    return json_response(handler(call, rows), status)


def _member(made: Simulator, request: Request) -> Member:
    """The key's user. Without any key the error is a mere text."""
    key = request.headers.get("x-api-key")
    if key is None:
        raise Refusal(401, {"error": "Unauthorized: API key missing"})
    for account in made.accounts:
        if key == account.api_key:
            return made.world.member(account.technician)
    raise error(401, "UNAUTHORIZED", "Invalid API key")


def _taken(made: Simulator, key: str) -> int:
    """What is left in the key's bucket after this request. Raises the 429 of an empty one where that is enforced; a
    bucket that keeps nobody waiting is never told to be empty."""
    now = made.world.clock()
    held, since = made.left.get(key, (float(BUCKET), now))
    held = min(float(BUCKET), held + (now - since) * PER_MINUTE / 60)
    if held < 1 and made.switches.enforced:
        made.left[key] = (held, now)
        refusal = error(429, "RATE_LIMITED", "Rate limit exceeded")
        refusal.headers = {"Retry-After": "1", "X-RateLimit-Reset": str(int(now + 1))}
        raise refusal
    held = max(0.0, held - 1)
    made.left[key] = (held, now)
    return int(held) if made.switches.enforced else max(1, int(held))


REFUSALS: dict[Kind, tuple[int, object]] = {
    "500": (500, error(500, "INTERNAL_ERROR", "Internal server error").body),
    "429": (429, error(429, "RATE_LIMITED", "Rate limit exceeded").body),
    "401": (401, error(401, "UNAUTHORIZED", "Invalid API key").body),
    "403": (403, error(403, "FORBIDDEN", "Permission denied").body),
    "404": (404, error(404, "NOT_FOUND", "Ticket not found").body),
}


def _wrong(whole: Any) -> None:  # noqa: ANN401 - JSON
    rows = whole.get("data") if isinstance(whole, dict) else None
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        name = "status_name" if "status_name" in rows[0] else "created_at"
        rows[0][name] = {"not": "a text"}
