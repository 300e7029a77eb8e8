"""A simulated Rev.io PSA: the world's tickets on the wire format that is known, as a Starlette application.

What is known is an exchange of keys, two headers, the ticket list and (on some tenants) a ticket by itself; all else
of the world (notes, time, parents, codes, contacts) shows nowhere, as there. Sources: third-party code, the vendor's
developer portal; switches where nothing is established. The texts of refusals are ours. Parameters that are not known
are ignored without a word.
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

from connectors.simulators.answers import json_response
from connectors.simulators.faults import Kind, instead, spoiled
from connectors.simulators.model import Ticket
from connectors.simulators.revio.state import ACCOUNT, Seen, Simulator, Switches
from connectors.simulators.world import World

__all__ = ["ACCOUNT", "Switches", "secrets", "settings", "simulator"]

Row = dict[str, Any]
Handler = Callable[[Simulator, Request, Row], Response]


def simulator(world: World, **switches: Any) -> Starlette:  # noqa: ANN401
    """The application. `.state` has `account`, `world`, `switches`, `faults`, `tokens` and `requests`."""
    made = Simulator(world, switches=Switches(**switches))
    table: tuple[tuple[str, str, Handler], ...] = (
        ("POST", "/api/v1/auth/api-key/exchange", _exchange),
        ("GET", "/psac/api/v1/ticket-list", _tickets),
        ("GET", "/psac/api/v1/ticket/{id:int}", _ticket),
    )
    app = Starlette(
        routes=[Route(path, _endpoint(made, handler), methods=[method]) for method, path, handler in table],
        exception_handlers={404: _no_route, 405: _no_route},
    )
    app.state.simulator = made
    for name in ("world", "account", "switches", "faults", "requests", "tokens"):
        setattr(app.state, name, getattr(made, name))
    return app


def settings(url: str) -> dict[str, Any]:
    """The keys of a connection that fits the world. A simulator may be asked more often than a vendor."""
    return {
        "url": url,
        "tenant": ACCOUNT.tenant,
        "technician": ACCOUNT.technician,
        "ticket_url": f"https://{ACCOUNT.tenant}/ticket/{{id}}",
        "read_every_minutes": 1,
        "scope": "mine",
        "child_statuses": ["Child Ticket"],
        "responded_statuses": ["Customer Responded"],
        "closing_statuses": ["Completed"],
        "waiting_statuses": ["Waiting Customer"],
    }


def secrets() -> dict[str, str]:
    """The secrets that belong to `settings`."""
    return {"api_key": ACCOUNT.api_key}


class _Refused(Exception):
    """The request is answered with this status and these words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


async def _no_route(request: Request, problem: Exception) -> Response:
    return json_response({"message": "Not found"}, getattr(problem, "status_code", 404))


def _endpoint(made: Simulator, handler: Handler) -> Callable[[Request], object]:
    """Everything that holds for every request: faults, limits, the world's clock, errors."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        path = request.url.path
        with made.world.lock:
            made.requests.append(
                Seen(request.method, path, dict(request.query_params), dict(request.headers))
            )
            fault = made.faults.take(request.method, path)
            response = instead(fault, REFUSALS)
            if response is not None:
                return response
            try:
                _count(made)
                made.world.catch_up()
                response = handler(made, request, _body(raw))
            except _Refused as refused:
                response = json_response({"message": str(refused)}, refused.status)
            if fault is not None:
                response = spoiled(fault, response, _wrong)
            response.headers["date"] = formatdate(made.world.clock() + made.switches.clock_ahead, usegmt=True)
            return response

    return endpoint


def _body(raw: bytes) -> Row:
    try:
        return msgspec.json.decode(raw, type=Row) if raw else {}
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise _Refused(400, "The body is not a JSON object.") from None


def _count(made: Simulator) -> None:
    """429 when the last minute on the world's clock has had its requests."""
    now = made.world.clock()
    while made.recent and made.recent[0] <= now - 60:
        made.recent.popleft()
    if made.switches.per_minute is not None and len(made.recent) >= made.switches.per_minute:
        raise _Refused(429, "Too many requests.")
    made.recent.append(now)


REFUSALS: dict[Kind, tuple[int, Row]] = {
    "500": (500, {"message": "Internal server error"}),
    "429": (429, {"message": "Too many requests."}),
    "401": (401, {"message": "Unauthorized"}),
    "403": (403, {"message": "Forbidden"}),
    "404": (404, {"message": "Not found"}),
}


def _wrong(whole: Any) -> None:  # noqa: ANN401 - JSON
    rows = whole.get("data")
    if isinstance(rows, list) and rows:
        name = "ticketStatus" if "ticketStatus" in rows[0] else "ticketState"
        rows[0][name] = {"not": "a text"}


# ---------------------------------------------------------------- what it answers


def _exchange(made: Simulator, request: Request, body: Row) -> Response:
    if body.get("apiKey") != made.account.api_key:
        raise _Refused(400, "Invalid API key.")
    return json_response({"data": {"token": made.new_token()}})


def _let_in(made: Simulator, request: Request) -> None:
    """A missing or wrong X-Revio-Host looks like a token that is not known."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = scheme.lower() == "bearer" and made.tokens.get(token, 0.0) > made.world.clock()
    if not known or request.headers.get("x-revio-host") != made.account.tenant:
        raise _Refused(401, "Unauthorized")
    if made.switches.denied:
        raise _Refused(403, "Forbidden")


def _tickets(made: Simulator, request: Request, body: Row) -> Response:
    """Pages by number, and nothing else is understood."""
    _let_in(made, request)
    world, switches = made.world, made.switches
    found = list(world.tickets.values())
    if switches.open_only:
        found = [ticket for ticket in found if world.is_open(ticket)]
    match switches.order:
        case "number":
            found.sort(key=lambda ticket: ticket.id)
        case "newest":
            found.sort(key=lambda ticket: -ticket.id)
        case "changed":
            found.sort(key=lambda ticket: (-ticket.updated, ticket.id))
    size = min(_number(request, "perPage", 25), switches.page_size)
    number = 1 if switches.page == "ignored" else _number(request, "page", 1)
    if switches.page == "clamped":
        number = min(number, max(1, -(-len(found) // size)))
    shown = found[(number - 1) * size : number * size]
    return json_response({"data": [row(made, ticket) for ticket in shown]})


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and int(text) else default


def _ticket(made: Simulator, request: Request, body: Row) -> Response:
    _let_in(made, request)
    detail = made.switches.detail
    if detail in ("404", "405"):
        raise _Refused(int(detail), "Not found" if detail == "404" else "Method not allowed")
    ticket = made.world.tickets.get(int(request.path_params["id"]))
    if ticket is None:
        raise _Refused(404, "Not found")
    if detail == "other":
        return json_response({"data": {"id": ticket.id, "description": ticket.summary}})
    found = row(made, ticket) | {"workRequested": ticket.summary, "techsAssociated": []}
    return json_response(found if detail == "bare" else {"data": found})


def row(made: Simulator, ticket: Ticket) -> Row:
    """A ticket as the list has it. Names and shape: seen in third-party code."""
    world = made.world
    owner = world.members.get(ticket.owner_id or 0)
    company = world.companies.get(ticket.company_id)
    kind = world.types.get(ticket.type_id or 0)
    priority = world.priorities.get(ticket.priority_id)
    return {
        "ticketId": ticket.id,
        "ticketDescription": ticket.summary,
        "customerId": ticket.company_id,
        "customerName": company.name if company else None,
        made.switches.status_field: world.statuses[ticket.status_id].name,
        "ticketPriority": priority.name if priority else None,
        "ticketSeverity": "Low",
        "ticketType": kind.name if kind else None,
        "techAssigned": owner.name if owner else None,
        "createdDate": _date(made, ticket.entered),
        "openedDate": _date(made, ticket.entered),
        "modifiedDate": _date(made, ticket.updated),
        "closedDate": None if ticket.closed_at is None else _date(made, ticket.closed_at),
    }


def _date(made: Simulator, at: int) -> str:
    end = "Z" if made.switches.zone == "Z" else ""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}{end}"
