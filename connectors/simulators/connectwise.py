"""A simulated ConnectWise PSA: the world on the vendor's wire format, as a Starlette application.

Strict where the vendor is known to be, with switches where its behaviour is not established. Sources:
ConnectWise developer guide, the vendor's spec as seen in generated clients, maintained clients. The texts of
messages are ours; code, shape and status are the vendor's as far as known.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal
from urllib.parse import urlencode

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.simulators import connectwise_lists as lists
from connectors.simulators import connectwise_writes as writes
from connectors.simulators.connectwise_answers import Account, Refusal, json_response, not_found, too_many
from connectors.simulators.connectwise_patch import patch_ticket
from connectors.simulators.connectwise_rows import Rows
from connectors.simulators.faults import Broken, Fault, Faults, page
from connectors.simulators.model import Member, Write
from connectors.simulators.world import World

LONGEST_QUERY = 2048
"""The vendor's guide asks for less than 2000 characters of URL; its web server refuses longer queries."""

ACCOUNT = Account(
    "riverside", "DemoPublicKey01", "DemoPrivateKey01", "5f1d0c2e-0000-4000-8000-00000000d0e5", "jdoe"
)
COLLEAGUE = Account(
    "riverside", "DemoPublicKey02", "DemoPrivateKey02", "5f1d0c2e-0000-4000-8000-00000000d0e5", "asmith"
)


@dataclass(slots=True)
class Switches:
    """What the vendor does not say, or what differs between tenants; may be changed while it runs."""

    cloud: bool = False
    """Wrong keys look like 404 (developer guide)."""
    codebase: str = "v2025_1/"
    date_forms: tuple[str, ...] = ("utc-z", "naive", "date-only")
    """Forms of a date in conditions that are understood; others match nothing."""
    detach: Literal["ignored", "works", "refused"] = "ignored"
    """What a PATCH of `parentTicketId` does."""
    deletes: bool = True
    """Whether notes and time entries may be deleted (403 otherwise)."""
    per_minute: int | None = None
    """Requests per minute before 429."""
    clock_ahead: float = 0.0
    """Seconds by which the `Date` header is ahead of the world's clock."""


@dataclass(slots=True, frozen=True)
class Seen:
    """A request as it came, for tests."""

    method: str
    path: str
    """Below the API's base: `/service/tickets`."""
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(slots=True)
class Simulator:
    """The application's state: `app.state.simulator`, its parts also directly on `app.state`."""

    world: World
    account: Account = ACCOUNT
    accounts: tuple[Account, ...] = (ACCOUNT, COLLEAGUE)
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=5000))
    recent: deque[float] = field(default_factory=deque)


@dataclass(slots=True)
class Call:
    """One request in the hands of its handler, under the world's lock."""

    simulator: Simulator
    rows: Rows
    request: Request
    path: dict[str, int]
    relative: str
    body: object
    me: Member

    def wrote(self, mailed: tuple[str, ...] = ()) -> None:
        world = self.simulator.world
        world.writes.append(
            Write(world.now(), self.me.identifier, self.request.method, self.relative, self.body, mailed)
        )


Handler = Callable[[Call], Response]


def simulator(
    world: World,
    *,
    note_moves_ticket: bool = True,
    note_clears_flag: bool = False,
    cloud: bool = False,
    detach: Literal["ignored", "works", "refused"] = "ignored",
    date_forms: tuple[str, ...] = ("utc-z", "naive", "date-only"),
) -> Starlette:
    """The application. `.state` has `account`, `accounts`, `world`, `switches`, `faults` and `requests`."""
    world.note_moves_ticket = note_moves_ticket
    world.note_clears_flag = note_clears_flag
    made = Simulator(world, switches=Switches(cloud=cloud, detach=detach, date_forms=date_forms))
    rows = Rows(world)
    app = Starlette(routes=list(_routes(made, rows)), exception_handlers={404: _no_route})
    app.state.simulator = made
    for name in ("world", "account", "accounts", "switches", "faults", "requests"):
        setattr(app.state, name, getattr(made, name))
    return app


async def _no_route(request: Request, problem: Exception) -> Response:
    """An address that the web server does not know: a page, not JSON."""
    return HTMLResponse("<html><body><h2>404 - File or directory not found.</h2></body></html>", 404)


# ---------------------------------------------------------------- routes


def _routes(made: Simulator, rows: Rows) -> list[BaseRoute]:
    base = "/{codebase}/apis/3.0/"
    routes: list[BaseRoute] = [
        Route("/login/companyinfo/{company}", _company_info(made)),
        Route(f"{base}system/info", _endpoint(made, rows, _system_info, anonymous=True)),
        Route(f"{base}service/tickets/search", _endpoint(made, rows, _search), methods=["POST"]),
        Route(f"{base}service/tickets/{{id:int}}", _endpoint(made, rows, _patch_ticket), methods=["PATCH"]),
        Route(
            f"{base}service/tickets/{{parent:int}}/attachChildren",
            _endpoint(made, rows, _attach),
            methods=["POST"],
        ),
        Route(
            f"{base}service/tickets/{{parent:int}}/notes", _endpoint(made, rows, _post_note), methods=["POST"]
        ),
        Route(
            f"{base}service/tickets/{{parent:int}}/notes/{{id:int}}",
            _endpoint(made, rows, _delete_note),
            methods=["DELETE"],
        ),
        Route(f"{base}time/entries", _endpoint(made, rows, _post_time), methods=["POST"]),
        Route(f"{base}time/entries/{{id:int}}", _endpoint(made, rows, _patch_time), methods=["PATCH"]),
        Route(f"{base}time/entries/{{id:int}}", _endpoint(made, rows, _delete_time), methods=["DELETE"]),
    ]
    for listing in lists.LISTINGS:
        path = base + listing.path
        routes.append(Route(path, _endpoint(made, rows, _list(listing))))
        routes.append(Route(f"{path}/count", _endpoint(made, rows, _count(listing))))
        routes.append(Route(f"{path}/{{id:int}}", _endpoint(made, rows, _one(listing))))
    return routes


def _company_info(made: Simulator) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        company = request.path_params["company"]
        if company.casefold() != made.account.company.casefold():
            return json_response(None)
        codebase = made.switches.codebase
        return json_response(
            {
                "CompanyName": "Riverside IT",
                "Codebase": codebase,
                "VersionCode": codebase.strip("/").replace("_", "."),
                "CompanyID": made.account.company,
                "IsCloud": made.switches.cloud,
            }
        )

    return endpoint


def _endpoint(
    made: Simulator, rows: Rows, handler: Handler, *, anonymous: bool = False
) -> Callable[[Request], object]:
    """Everything that holds for every request: faults, limits, credentials, the world's clock, errors."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        relative = request.url.path.split("/apis/3.0", 1)[1]
        seen = Seen(request.method, relative, dict(request.query_params), dict(request.headers))
        with made.world.lock:
            made.requests.append(seen)
            fault = made.faults.take(request.method, relative)
            early = _trouble(fault)
            if early is not None:
                return early
            try:
                response = _handled(made, rows, handler, request, raw, relative, anonymous)
            except Refusal as refusal:
                response = json_response(refusal.body, refusal.status)
            if fault is not None:
                response = _spoiled(fault, response)
            response.headers["date"] = formatdate(made.world.clock() + made.switches.clock_ahead, usegmt=True)
            return response

    return endpoint


def _handled(
    made: Simulator,
    rows: Rows,
    handler: Handler,
    request: Request,
    raw: bytes,
    relative: str,
    anonymous: bool,
) -> Response:
    world = made.world
    if request.path_params["codebase"] not in ("v4_6_release", made.switches.codebase.strip("/")):
        return HTMLResponse("<html><body>404 - no such version</body></html>", 404)
    limited = _limited(made)
    if limited is not None:
        return limited
    if len(request.url.query) > LONGEST_QUERY:
        return HTMLResponse("<html><body>The request URL is too long.</body></html>", 414)
    me = world.member(made.account.technician) if anonymous else _member(made, request)
    body: object = None
    if raw and request.method in ("POST", "PATCH"):
        try:
            body = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            raise Refusal(400, "InvalidObject", "the body is not JSON") from None
    world.catch_up()
    path = {name: value for name, value in request.path_params.items() if isinstance(value, int)}
    return handler(Call(made, rows, request, path, relative, body, me))


def _limited(made: Simulator) -> Response | None:
    now = made.world.clock()
    while made.recent and made.recent[0] <= now - 60:
        made.recent.popleft()
    if made.switches.per_minute is not None and len(made.recent) >= made.switches.per_minute:
        return too_many(max(1, int(made.recent[0] + 60 - now)))
    made.recent.append(now)
    return None


def _member(made: Simulator, request: Request) -> Member:
    """Whose keys these are; 401 (404 on cloud) for wrong ones, 403 without a client id."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        plain = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        plain = ""
    for account in made.accounts:
        right = f"{account.company}+{account.public_key}:{account.private_key}"
        if scheme.lower() == "basic" and plain == right:
            break
    else:
        if made.switches.cloud:
            raise Refusal(404, "NotFound", "The requested resource was not found")
        raise Refusal(401, "Unauthorized", "You do not have access to this API.")
    if request.headers.get("clientid", "").casefold() != account.client_id.casefold():
        raise Refusal(403, "Security", "A valid clientId header is required.")
    return made.world.member(account.technician)


# ---------------------------------------------------------------- faults


def _trouble(fault: Fault | None) -> Response | None:
    """The answer of a fault that keeps the request from being carried out."""
    match fault.kind if fault else None:
        case "500":
            return json_response(
                {"code": "ServerError", "message": "Internal server error", "errors": None}, 500
            )
        case "429":
            return too_many(fault.retry_after if fault else 1)
        case "401":
            return json_response({"code": "Unauthorized", "message": "Key expired.", "errors": None}, 401)
        case "403":
            return json_response({"code": "Security", "message": "Not permitted.", "errors": None}, 403)
        case "404":
            return json_response({"code": "NotFound", "message": "Not found.", "errors": None}, 404)
        case "html":
            return page()
        case "drop":
            return Broken()
    return None


def _spoiled(fault: Fault, response: Response) -> Response:
    """What a fault makes of an answer to a request that was carried out."""
    if fault.kind == "drop-after-commit":
        return Broken()
    body = bytes(response.body)
    if fault.kind == "cut":
        return Response(body[: len(body) // 2], response.status_code, media_type="application/json")
    if fault.kind == "wrong-type":
        rows = msgspec.json.decode(body)
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row, dict) and "status" in row:
                row["status"] = "not an object"
                break
        return json_response(rows, response.status_code)
    return response


# ---------------------------------------------------------------- reading


def _query(call: Call) -> lists.Query:
    forward_only = call.request.headers.get("pagination-type", "") == "forward-only"
    return lists.Query.of(dict(call.request.query_params), forward_only=forward_only)


def _answer(call: Call, listing: lists.Listing, query: lists.Query) -> Response:
    forms = call.simulator.switches.date_forms
    found = lists.matching(listing, listing.rows(call.rows, call.path), query, forms)
    shown, more = lists.cut(found, query)
    headers = {}
    if more:
        parameters = dict(call.request.query_params)
        if query.after is not None:
            parameters["pageId"] = str(shown[-1]["id"] if shown else query.after)
        else:
            parameters = {k: v for k, v in parameters.items() if k.lower() != "page"}
            parameters["page"] = str(query.page + 1)
        url = call.request.url.replace(query=urlencode(parameters))
        headers["Link"] = f'<{url}>; rel="next"'
    return json_response(lists.projected(shown, query.fields), 200, headers)


def _list(listing: lists.Listing) -> Handler:
    return lambda call: _answer(call, listing, _query(call))


def _count(listing: lists.Listing) -> Handler:
    def handler(call: Call) -> Response:
        forms = call.simulator.switches.date_forms
        found = lists.matching(listing, listing.rows(call.rows, call.path), _query(call), forms)
        return json_response({"count": len(found)})

    return handler


def _one(listing: lists.Listing) -> Handler:
    def handler(call: Call) -> Response:
        key = call.path["id"]
        if listing.path == "service/tickets":
            ticket = call.simulator.world.tickets.get(key)
            row = None if ticket is None else call.rows.ticket(ticket)
        else:
            row = next((r for r in listing.rows(call.rows, call.path) if r["id"] == key), None)
        if row is None:
            raise not_found(f"{listing.path.rsplit('/', 1)[-1]} {key}")
        return json_response(lists.projected([row], _query(call).fields)[0])

    return handler


def _search(call: Call) -> Response:
    """`POST …/search`: the conditions in the body, the rest in the query."""
    given = call.body if isinstance(call.body, dict) else {}
    query = _query(call)
    listing = lists.LISTINGS[0]
    query = lists.Query(
        str(given.get("conditions") or ""),
        str(given.get("childConditions") or ""),
        str(given.get("customFieldConditions") or ""),
        str(given.get("orderBy") or query.order_by),
        query.fields,
        query.page,
        query.page_size,
        query.after,
    )
    return _answer(call, listing, query)


def _system_info(call: Call) -> Response:
    switches = call.simulator.switches
    return json_response(
        {"version": switches.codebase.strip("/"), "isCloud": switches.cloud, "serverTimeZone": "UTC"}
    )


# ---------------------------------------------------------------- writing


def _patch_ticket(call: Call) -> Response:
    world = call.simulator.world
    ticket = world.tickets.get(call.path["id"])
    if ticket is None:
        raise not_found(f"Ticket {call.path['id']}")
    patch_ticket(world, ticket, call.body, call.me.identifier, call.simulator.switches.detach)
    call.wrote()
    return json_response(call.rows.ticket(ticket))


def _attach(call: Call) -> Response:
    answer = writes.attach(call.rows, call.path["parent"], call.body, call.me)
    call.wrote()
    return json_response(answer)


def _post_note(call: Call) -> Response:
    row, mailed = writes.post_note(call.rows, call.path["parent"], call.body, call.me)
    call.wrote(mailed)
    return json_response(row, 201)


def _post_time(call: Call) -> Response:
    row, mailed = writes.post_time(call.rows, call.body, call.me)
    call.wrote(mailed)
    return json_response(row, 201)


def _patch_time(call: Call) -> Response:
    row = writes.patch_time(call.rows, call.path["id"], call.body, call.me)
    call.wrote()
    return json_response(row)


def _may_delete(call: Call) -> None:
    if not call.simulator.switches.deletes:
        raise Refusal(403, "Security", "You do not have permission to delete this record.")


def _delete_time(call: Call) -> Response:
    _may_delete(call)
    writes.delete_time(call.rows, call.path["id"], call.me)
    call.wrote()
    return Response(status_code=204)


def _delete_note(call: Call) -> Response:
    _may_delete(call)
    writes.delete_note(call.rows, call.path["parent"], call.path["id"], call.me)
    call.wrote()
    return Response(status_code=204)
