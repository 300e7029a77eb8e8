"""A simulated HaloPSA: the world on the vendor's wire format, as a Starlette application.

Paths and names: the vendor's API documentation; shapes of answers: as seen in maintained clients; the texts of
messages are ours. The traps are in: `pageinate` as the vendor spells it, a POST without an id, empty dates of 1900,
lists that are bare or wrapped, rows without charge rate, unknown fields and parameters that are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.simulators.faults import spoiled
from connectors.simulators.halopsa import rows as made_of
from connectors.simulators.halopsa.door import limited, member_of, token, trouble, wrong
from connectors.simulators.halopsa.state import (
    ACCOUNT,
    Call,
    Refusal,
    Seen,
    Simulator,
    Switches,
    bad,
    respond,
)
from connectors.simulators.halopsa.writes import objects, post_action, post_ticket
from connectors.simulators.world import World

__all__ = ["ACCOUNT", "Switches", "secrets", "settings", "simulator"]

LARGEST = 100
UNPAGED = 50
"""Rows of a list that is not asked for in pages, where `count` says nothing (ours)."""

Handler = Callable[[Call], Response]


def simulator(world: World, **switches: Any) -> Starlette:  # noqa: ANN401 - fields of Switches
    """The application. `.state` has `account`, `world`, `switches`, `faults`, `requests` and `simulator`."""
    made = Simulator(world, switches=Switches(**switches))
    world.note_moves_ticket = made.switches.note_moves_ticket
    routes = [
        Route("/api/authinfo", _anonymous(made, _auth_info)),
        Route("/auth/token", _anonymous(made, _token), methods=["POST"]),
        Route("/api/{area}", _endpoint(made, _area), methods=["GET", "POST"]),
        Route("/api/Agent/me", _endpoint(made, _me)),
        Route("/api/{area}/{key:int}", _endpoint(made, _one)),
    ]
    app = Starlette(routes=routes)
    app.state.simulator = made
    for name in ("world", "account", "switches", "faults", "requests"):
        setattr(app.state, name, getattr(made, name))
    return app


def settings(url: str) -> dict[str, Any]:
    """The keys of a connection that fits the world."""
    return {
        "url": url,
        "client_id": ACCOUNT.client_id,
        "technician": ACCOUNT.technician,
        "scope": "mine",
        "child_statuses": ["Child Ticket"],
        "responded_statuses": ["Updated"],
        "answered_status": "Waiting Customer",
        "closing_statuses": ["Completed"],
        "waiting_statuses": ["Waiting Customer"],
    }


def secrets() -> dict[str, str]:
    """The secrets that belong to `settings`."""
    return {"client_secret": ACCOUNT.client_secret}


# ---------------------------------------------------------------- every request


def _anonymous(
    made: Simulator, handler: Callable[[Simulator, Request, bytes], Response]
) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        path = request.url.path
        with made.world.lock:
            made.requests.append(
                Seen(request.method, path, dict(request.query_params), dict(request.headers), raw)
            )
            fault = made.faults.take(request.method, path)
            response = trouble(fault) or handler(made, request, raw)
            return response if fault is None else spoiled(fault, response, wrong, respond)

    return endpoint


def _endpoint(made: Simulator, handler: Handler) -> Callable[[Request], Any]:
    """Faults, limits, tokens, the world's clock, errors."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        path = request.url.path.removeprefix("/api")
        with made.world.lock:
            made.requests.append(
                Seen(request.method, path, dict(request.query_params), dict(request.headers), raw)
            )
            fault = made.faults.take(request.method, path)
            early = trouble(fault)
            if early is not None:
                return early
            try:
                response = limited(made) or handler(_call(made, request, raw, path))
            except Refusal as refusal:
                response = respond(refusal.body, refusal.status)
            if fault is not None:
                response = spoiled(fault, response, wrong, respond)
            response.headers["date"] = formatdate(made.world.clock() + made.switches.clock_ahead, usegmt=True)
            return response

    return endpoint


def _call(made: Simulator, request: Request, raw: bytes, path: str) -> Call:
    me = member_of(made, request)
    if path.strip("/").split("/")[0].lower() in {one.lower() for one in made.switches.forbidden}:
        raise Refusal(403, {"Message": "You do not have permission."})
    body: object = None
    if request.method == "POST":
        try:
            body = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            raise bad("The request is not JSON") from None
    made.world.catch_up()
    return Call(made, request, int(request.path_params.get("key", 0)), body, me)


def _auth_info(made: Simulator, request: Request, raw: bytes) -> Response:
    own = str(request.base_url).rstrip("/") + "/auth"
    return respond({"auth_url": made.switches.auth_url or own, "tenant_id": "riverside"})


def _token(made: Simulator, request: Request, raw: bytes) -> Response:
    return token(made, raw)


def _me(call: Call) -> Response:
    if not call.simulator.switches.agent:
        raise Refusal(404, "Agent not found")
    return respond({"id": call.me.id, "name": call.me.name, "email": call.me.email, "isdisabled": False})


# ---------------------------------------------------------------- lists


def _area(call: Call) -> Response:
    area = str(call.request.path_params["area"]).lower()
    if call.request.method == "POST":
        return _write(call, area)
    match area:
        case "tickets":
            return _answer(call, "tickets", _tickets(call))
        case "actions":
            return _actions(call)
        case "users" | "site" | "clientcontract":
            name = {"users": "users", "site": "sites", "clientcontract": "contracts"}[area]
            return _answer(call, name, _of_client(call, made_of.paged(call.world, name)))
    number = int(call.asks("lookupid") or 0)
    found = made_of.setup(call.world, area, number)
    if found is None:
        raise Refusal(404, "No HTTP resource was found")
    if area == "agent" and call.asks("includedisabled").lower() != "true":
        found = [row for row in found if not row["isdisabled"]]
    return respond(found)


def _of_client(call: Call, rows: list[made_of.Row]) -> list[made_of.Row]:
    client = call.asks("client_id")
    kept = [row for row in rows if not client or int(row["client_id"]) == int(client)]
    if call.asks("includeinactive").lower() == "true":
        return kept
    return [row for row in kept if not row.get("inactive") and row.get("active", True)]


def _tickets(call: Call) -> list[made_of.Row]:
    """Rows that fit all parameters that are known here; others are ignored."""
    world = call.world
    found = [made_of.ticket_row(world, ticket, whole=False) for ticket in world.tickets.values()]
    if call.asks("open_only").lower() == "true":
        found = [row for row in found if row["status_id"] != made_of.CLOSED]
    if call.asks("closed_only").lower() == "true":
        found = [row for row in found if row["status_id"] == made_of.CLOSED]
    if agent := call.asks("agent_id"):
        found = [row for row in found if row["agent_id"] == int(agent)]
    if team := call.asks("team_name"):
        found = [row for row in found if row["team"].casefold() == team.casefold()]
    if ids := call.asks("ticketids"):
        wanted = {int(one) for one in ids.split(",")}
        found = [row for row in found if row["id"] in wanted]
    if since := call.asks("lastupdatefromdate"):
        when = datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp() + call.simulator.switches.zone
        found = [row for row in found if world.tickets[row["id"]].updated >= when]
    return found


def _answer(call: Call, name: str, found: list[made_of.Row]) -> Response:
    """A wrapped list, in pages only for who asks with the vendor's spelling. Without an order: as it comes."""
    down = call.asks("orderdesc").lower() == "true"
    if call.asks("order") == "id":
        found.sort(key=lambda row: row["id"], reverse=down)
    elif name == "tickets":
        found.sort(key=lambda row: row["last_update"], reverse=True)
    if call.asks("pageinate").lower() == "true":
        size = max(1, min(int(call.asks("page_size") or 50), LARGEST))
        start = (max(int(call.asks("page_no") or 1), 1) - 1) * size
        shown = found[start : start + size]
    else:
        shown = found[: int(call.asks("count") or UNPAGED)]
    return respond({"record_count": len(found), name: shown})


def _actions(call: Call) -> Response:
    key = int(call.asks("ticket_id") or 0)
    if key not in call.world.tickets:
        raise Refusal(404, "Ticket not found")
    found = made_of.actions(
        call.world,
        key,
        with_system=call.asks("excludesys").lower() != "true",
        with_files=call.asks("includeattachments").lower() == "true",
    )
    if call.asks("excludeprivate").lower() == "true":
        found = [row for row in found if not row["hiddenfromuser"]]
    return respond({"record_count": len(found), "actions": found})


def _one(call: Call) -> Response:
    area = str(call.request.path_params["area"]).lower()
    details = call.asks("includedetails").lower() == "true"
    if area == "tickets":
        ticket = call.world.tickets.get(call.key)
        if ticket is None:
            raise Refusal(404, "Ticket not found")
        return respond(made_of.ticket_row(call.world, ticket, whole=details))
    if area == "tickettype" and call.key in made_of.TYPES:
        row: dict[str, Any] = {"id": call.key, "name": made_of.TYPES[call.key]}
        if details:
            row |= {
                "statusafteruserupdate": made_of.UPDATED,
                "statusaftertechupdate": made_of.WAITING,
                "fields": [],
            }
        return respond(row)
    raise Refusal(404, "Not found")


# ---------------------------------------------------------------- writing


def _write(call: Call, area: str) -> Response:
    given = objects(call.body)
    if area == "tickets":
        rows = [post_ticket(call, one) for one in given]
        call.wrote()
        return respond(rows, 201)
    if area == "actions":
        made = [post_action(call, one) for one in given]
        call.wrote(tuple(one for _, mailed in made for one in mailed))
        return respond([row for row, _ in made], 201)
    raise Refusal(404, "No HTTP resource was found")
