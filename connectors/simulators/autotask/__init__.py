"""A simulated Autotask PSA: the world on the vendor's REST v1.0 wire format, as a Starlette application.

What the vendor silently ignores is silently ignored; errors come in HTTP 500; a fourth request to one entity at
a time is refused; from half of the hourly threshold on answers can be made to take longer. Sources: the
vendor's documentation and Swagger file, maintained clients. The texts of messages are ours.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.simulators.answers import json_response
from connectors.simulators.autotask import queries, writes
from connectors.simulators.autotask.picklists import fields
from connectors.simulators.autotask.rows import Rows
from connectors.simulators.autotask.state import (
    ACCOUNT,
    API_MEMBER,
    Call,
    Refusal,
    Seen,
    Simulator,
    Switches,
)
from connectors.simulators.faults import Kind, instead, spoiled
from connectors.simulators.model import Member
from connectors.simulators.world import World

__all__ = ["ACCOUNT", "Switches", "secrets", "settings", "simulator"]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
THREADS = 3
STEPS = ((0.75, 1.0), (0.5, 0.5))
"""From that part of the threshold on, so many seconds more; how many is ours, that it grows is the vendor's."""


def simulator(world: World) -> Starlette:
    """The application. `.state` has `account`, `world`, `switches`, `faults` and `requests`."""
    made = Simulator(world)
    rows = Rows(made)

    async def endpoint(request: Request) -> Response:
        return await _answer(made, rows, request)

    app = Starlette(routes=[Route("/{path:path}", endpoint, methods=METHODS)])
    app.state.simulator = made
    for name in ("world", "account", "switches", "faults", "requests"):
        setattr(app.state, name, getattr(made, name))
    return app


def settings(url: str) -> dict[str, Any]:
    """The keys of a connection that fits the world."""
    return {
        "url": url,
        "username": ACCOUNT.username,
        "integration_code": ACCOUNT.integration_code,
        "technician": ACCOUNT.technician,
        "impersonate": True,
        "replies_mail": True,
        "scope": "mine",
        "closed_statuses": ["Cancelled"],
        "child_statuses": ["Child Ticket"],
        "responded_statuses": ["Customer Note Added"],
        "answered_status": "Waiting Customer",
        "closing_statuses": ["Completed"],
        "waiting_statuses": ["Waiting Customer"],
    }


def secrets() -> dict[str, str]:
    """The secrets that belong to `settings`."""
    return {"secret": ACCOUNT.secret}


# ---------------------------------------------------------------- every request


async def _answer(made: Simulator, rows: Rows, request: Request) -> Response:
    raw = await request.body()
    first, _, rest = request.url.path.lstrip("/").partition("/")
    version, _, below = rest.partition("/")
    relative = f"/{below}"
    if version.lower() != "v1.0":
        return json_response({"Message": "No HTTP resource was found."}, 404)
    body = _body(raw)
    if relative.lower() == "/zoneinformation":
        with made.world.lock:
            return _zone(made, request)
    entity = below.partition("/")[0]
    made.under_way[entity] += 1
    try:
        with made.world.lock:
            made.recent.append(made.world.clock())
            made.requests.append(Seen(request.method, relative, body, dict(request.headers)))
        await asyncio.sleep(_latency(made))
        if made.under_way[entity] > THREADS:
            return json_response({"errors": ["Itgenatr005: thread threshold exceeded for this object."]}, 500)
        with made.world.lock:
            response = _served(made, rows, request, first, relative, body)
            if not made.switches.no_date:
                response.headers["date"] = formatdate(made.world.clock(), usegmt=True)
            return response
    finally:
        made.under_way[entity] -= 1


def _served(
    made: Simulator, rows: Rows, request: Request, first: str, relative: str, body: object
) -> Response:
    fault = made.faults.take(request.method, relative)
    early = instead(fault, REFUSALS)
    if early is not None:
        return early
    try:
        if first.lower() != made.switches.zone.lower():
            raise Refusal("The database is in another zone.", status=401)
        _checked(made, request)
        made.world.catch_up()
        call = Call(made, request.method, relative, body, _me(made, request))
        response = _handled(call, rows, request)
    except Refusal as refusal:
        response = json_response({"errors": refusal.errors}, refusal.status)
    return response if fault is None else spoiled(fault, response, _wrong)


def _body(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError:
        return None


def _zone(made: Simulator, request: Request) -> Response:
    """No credentials; an unknown user is a 500."""
    early = instead(made.faults.take("GET", "/zoneInformation"), REFUSALS)
    if early is not None:
        return early
    if request.query_params.get("user", "").casefold() != made.account.username.casefold():
        return json_response({"errors": ["Zone information could not be determined."]}, 500)
    origin = f"{request.url.scheme}://{request.url.netloc}"
    return json_response(
        {
            "zoneName": "Simulated Zone",
            "url": made.switches.zone_url or f"{origin}/{made.switches.zone}/",
            "webUrl": f"{origin}/",
            "ci": 123,
        }
    )


def _checked(made: Simulator, request: Request) -> None:
    """Credentials, then the hour's threshold."""
    given = request.headers
    right = made.account
    if (
        given.get("username", "").casefold() != right.username
        or given.get("secret") != right.secret
        or given.get("apiintegrationcode") != right.integration_code
    ):
        raise Refusal("The logged in Resource does not have the adequate permissions.", status=401)
    if _used(made) > made.switches.threshold:
        raise Refusal("The request threshold has been exceeded for this hour.", status=429)


def _used(made: Simulator) -> int:
    """Requests in the last hour, those of others included."""
    now = made.world.clock()
    while made.recent and made.recent[0] <= now - 3600:
        made.recent.popleft()
    return made.switches.used + len(made.recent)


def _latency(made: Simulator) -> float:
    if not made.switches.slow:
        return 0.0
    share = _used(made) / made.switches.threshold
    return next((seconds for least, seconds in STEPS if share >= least), 0.0)


def _me(made: Simulator, request: Request) -> Member:
    """The API user, or the resource in whose name a write is."""
    wanted = request.headers.get("impersonationresourceid")
    if wanted is None or request.method == "GET":
        return Member(API_MEMBER, "api", "API", "User", "")
    found = made.world.members.get(int(wanted) if wanted.isdigit() else 0)
    if found is None or found.inactive or not made.switches.impersonation:
        raise Refusal("The impersonated resource does not have permission for this.")
    return found


# ---------------------------------------------------------------- what is asked


def _handled(call: Call, rows: Rows, request: Request) -> Response:
    parts = [part for part in call.relative.split("/") if part]
    entity = next((name for name in rows.entities if name.lower() == parts[0].lower()), None)
    below = [part.lower() for part in parts[1:]]
    method = call.method
    if parts[0].lower() == "thresholdinformation" and method == "GET":
        return json_response(
            {
                "externalRequestThreshold": call.made.switches.threshold,
                "requestThresholdTimeframe": 60,
                "currentTimeframeRequestCount": _used(call.made),
            }
        )
    if entity is None:
        raise Refusal(f"{parts[0]} is not an entity.", status=404)
    match method, below:
        case "POST", ["query"]:
            some = rows.of(entity, queries.tickets_of(call.body))
            found = queries.matching(entity, some, call.body)
            return json_response(queries.page(entity, found, call.body, str(request.url)))
        case "GET", ["query"]:
            search = msgspec.json.decode(request.query_params.get("search", "{}"))
            found = queries.matching(entity, rows.of(entity), search)
            return json_response(queries.page(entity, found, search, str(request.url)))
        case "POST", ["query", "count"]:
            return json_response({"queryCount": len(queries.matching(entity, rows.of(entity), call.body))})
        case "GET", ["entityinformation", "fields"]:
            known = next(iter(rows.entities[entity]()), {"id": 0})
            return json_response({"fields": fields(call.made.world, entity, list(known))})
        case "GET", [key] if key.isdigit():
            return json_response({"item": next((r for r in rows.of(entity) if r["id"] == int(key)), None)})
        case _, [key] if key.isdigit() and method in ("PATCH", "PUT"):
            raise Refusal("The requested resource does not support this method.", status=405)
    return _written(call, rows, entity, below)


def _written(call: Call, rows: Rows, entity: str, below: list[str]) -> Response:
    match call.method, entity, below:
        case "PATCH", "Tickets", []:
            return json_response({"itemId": writes.patch_ticket(call)})
        case "PATCH", "Companies", [key, "contacts"] if key.isdigit():
            return json_response({"itemId": writes.patch_contact(call, rows, int(key))})
        case "PUT", "Tickets", []:
            return json_response({"itemId": writes.put_ticket(call)})
        case "POST", "Tickets", [key, "notes"] if key.isdigit():
            return json_response({"itemId": writes.post_note(call, int(key))})
        case "GET", "Tickets", [key, "notes"] if key.isdigit():
            found = [row for row in rows.of("TicketNotes") if row["ticketID"] == int(key)]
            return json_response({"items": found})
        case "POST", "TimeEntries", []:
            return json_response({"itemId": writes.post_time(call)})
        case "PATCH", "TimeEntries", []:
            return json_response({"itemId": writes.patch_time(call)})
    raise Refusal("The requested resource was not found.", status=404)


# ---------------------------------------------------------------- faults

REFUSALS: dict[Kind, tuple[int, object]] = {
    "500": (500, {"errors": ["An unexpected error has occurred."]}),
    "429": (429, {"errors": ["Too many requests."]}),
    "401": (401, {"errors": ["Refused with 401."]}),
    "403": (403, {"errors": ["Refused with 403."]}),
    "404": (404, {"errors": ["Refused with 404."]}),
}


def _wrong(whole: Any) -> None:  # noqa: ANN401 - JSON
    for row in whole.get("items", []) if isinstance(whole, dict) else []:
        for name in ("status", "ticketID", "resourceID"):
            if name in row:
                row[name] = "not a number"
                return
