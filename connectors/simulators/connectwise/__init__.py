"""A simulated ConnectWise PSA: the world on the vendor's wire format, as a Starlette application.

Strict where the vendor is known to be, with switches where its behaviour is not established. Sources:
ConnectWise developer guide, the vendor's spec as seen in generated clients, maintained clients. The texts of
messages are ours; code, shape and status are the vendor's as far as known.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.simulators.answers import json_response
from connectors.simulators.connectwise import lists as lists
from connectors.simulators.connectwise import writes as writes
from connectors.simulators.connectwise.answers import Refusal, invalid, not_found
from connectors.simulators.connectwise.door import limited, member_of, trouble, wrong
from connectors.simulators.connectwise.patch import patch_ticket
from connectors.simulators.connectwise.rows import Rows
from connectors.simulators.connectwise.state import ACCOUNT, COLLEAGUE, Call, Seen, Simulator, Switches
from connectors.simulators.faults import spoiled
from connectors.simulators.world import World

__all__ = ["ACCOUNT", "COLLEAGUE", "Switches", "secrets", "settings", "simulator"]

LONGEST_QUERY = 2048
"""The vendor's guide asks for less than 2000 characters of URL; its web server refuses longer queries."""

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


def settings(url: str) -> dict[str, Any]:
    """The keys of a connection that fits the world."""
    return {
        "url": url,
        "company": ACCOUNT.company,
        "client_id": ACCOUNT.client_id,
        "public_key": ACCOUNT.public_key,
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
    return {"private_key": ACCOUNT.private_key}


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
        Route(f"{base}system/documents", _endpoint(made, rows, _documents)),
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


def _company_info(made: Simulator) -> Callable[[Request], object]:
    """Where the API is; no credentials. Faults are ordered with the prefix `/login`."""

    async def endpoint(request: Request) -> Response:
        company = request.path_params["company"]
        early = trouble(made.faults.take("GET", request.url.path))
        if early is not None:
            return early
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
            early = trouble(fault)
            if early is not None:
                return early
            try:
                response = _handled(made, rows, handler, request, raw, relative, anonymous)
            except Refusal as refusal:
                response = json_response(refusal.body, refusal.status)
            if fault is not None:
                response = spoiled(fault, response, wrong)
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
    refused = limited(made)
    if refused is not None:
        return refused
    if len(request.url.query) > LONGEST_QUERY:
        return HTMLResponse("<html><body>The request URL is too long.</body></html>", 414)
    me = world.member(made.account.technician) if anonymous else member_of(made, request)
    body: object = None
    if raw and request.method in ("POST", "PATCH"):
        try:
            body = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            raise Refusal(400, "InvalidObject", "the body is not JSON") from None
    world.catch_up()
    path = {name: value for name, value in request.path_params.items() if isinstance(value, int)}
    return handler(Call(made, rows, request, path, relative, body, me))


# ---------------------------------------------------------------- reading


def _query(call: Call) -> lists.Query:
    forward_only = call.request.headers.get("pagination-type", "") == "forward-only"
    if not call.simulator.switches.knows_goals and "GoalUTC" in call.request.query_params.get("fields", ""):
        raise invalid("ticket", "respondByGoalUTC", "Could not find member 'respondByGoalUTC'")
    return lists.Query.of(dict(call.request.query_params), forward_only=forward_only)


def _answer(call: Call, listing: lists.Listing, query: lists.Query) -> Response:
    forms = call.simulator.switches.date_forms
    rows = listing.candidates(call.rows, call.path, query.conditions)
    found = lists.matching(listing, rows, query, forms)
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
        query = _query(call)
        rows = listing.candidates(call.rows, call.path, query.conditions)
        found = lists.matching(listing, rows, query, forms)
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


def _documents(call: Call) -> Response:
    """A record's documents. What comes without a record is not established: it is refused here."""
    given = {name.lower(): value for name, value in call.request.query_params.items()}
    if given.get("recordtype") != "Ticket" or not given.get("recordid", "").isdigit():
        raise Refusal(400, "InvalidObject", "recordType and recordId are required")
    found = call.rows.documents(int(given["recordid"]))
    return json_response(found[: _query(call).page_size])


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
