"""AlgaPSA's lists: filters, order, pages. A filter that it does not know it leaves out without a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors.simulators.algapsa.rows import Row, Rows, stamp
from connectors.simulators.algapsa.state import Call, error, invalid, number_of, uid
from connectors.simulators.model import Ticket

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DATES = ("updated_from", "updated_to", "entered_from", "entered_to", "closed_from", "closed_to")
_SAME = {
    "assigned_to": ("user", "owner_id"),
    "board_id": ("board", "board_id"),
    "client_id": ("client", "company_id"),
    "contact_name_id": ("contact", "contact_id"),
    "status_id": ("status", "status_id"),
    "priority_id": ("priority", "priority_id"),
}
_COLUMNS: dict[str, Callable[[Ticket], tuple[bool, int]]] = {
    # What has no date comes last.
    "entered_at": lambda t: (False, t.entered),
    "updated_at": lambda t: (t.updated <= t.entered, t.updated),
    "closed_at": lambda t: (t.closed_at is None, t.closed_at or 0),
}


def tickets(call: Call, rows: Rows) -> Row:
    """`GET /tickets`."""
    given, world = call.request.query_params, call.world
    moments = {name: _moment(name, given[name]) for name in _DATES if name in given}
    found = [t for t in world.tickets.values() if _fits(call, given, t) and _in_time(t, moments)]
    if given.get("is_open") == "true":
        found = [t for t in found if world.is_open(t)]
    if given.get("is_closed") == "true":
        found = [t for t in found if not world.is_open(t)]
    column = _COLUMNS.get(given.get("sort", "entered_at"))
    if column is None:
        raise error(500, "INTERNAL_CONFIGURATION", "Database configuration error")
    found.sort(key=column, reverse=given.get("order", "desc") == "desc")
    answer = paged(call, [t.id for t in found])
    answer["data"] = [
        _spoiled(call, t, rows.listed(t)) for t in (world.tickets[one] for one in answer["data"])
    ]
    return answer


def _spoiled(call: Call, t: Ticket, row: Row) -> Row:
    return {**row, "status_name": {"not": "a text"}} if t.id in call.switches.spoiled else row


def _fits(call: Call, given: Mapping[str, str], t: Ticket) -> bool:
    for name, (kind, attribute) in _SAME.items():
        if name in given and number_of(kind, given[name]) != getattr(t, attribute):
            return False
    return given.get("ticket_number", "").casefold() in f"tic{t.id}"


def _in_time(t: Ticket, moments: Mapping[str, float]) -> bool:
    values = {"entered": t.entered, "updated": t.updated, "closed": t.closed_at}
    for name, edge in moments.items():
        what, _, side = name.partition("_")
        value = values[what]
        if value is None or (value < edge if side == "from" else value > edge):
            return False
    return True


def _moment(name: str, text: str) -> float:
    if not _MOMENT.fullmatch(text):
        invalid(name, "Invalid datetime")
    return datetime.fromisoformat(text).timestamp()


def paged(call: Call, rows: list[Any]) -> dict[str, Any]:
    """A page, 25 rows unless asked for more; above 100 it is a 400."""
    page, limit = _number(call, "page", 1, None), _number(call, "limit", 25, 100)
    total = len(rows)
    pages = -(-total // limit)
    return {
        "data": rows[(page - 1) * limit : page * limit],
        "pagination": {
            "page": page,
            "limit": limit,
            "total": total,
            "totalPages": pages,
            "hasNext": page < pages,
            "hasPrev": page > 1,
        },
        "meta": {"sort": call.request.query_params.get("sort", "created_at")},
    }


def _number(call: Call, name: str, otherwise: int, most: int | None) -> int:
    text = call.request.query_params.get(name, str(otherwise))
    if not text.isdecimal() or int(text) < 1:
        invalid(name, "Number must be greater than or equal to 1")
    if most is not None and int(text) > most:
        invalid(name, f"Number must be less than or equal to {most}")
    return int(text)


# ---------------------------------------------------------------- on a ticket


def comments(call: Call, rows: Rows) -> Row:
    """A bare list; without a limit all of them."""
    found = rows.comments(call.ticket())
    given = call.request.query_params
    if given.get("order", "asc") == "desc":
        found.reverse()
    offset = int(given.get("offset", "0"))
    limit = _number(call, "limit", 200, 200) if "limit" in given else len(found)
    return {"data": found[offset : offset + limit]}


def ticket_time(call: Call, rows: Rows) -> Row:
    """The ticket's time; others' may be hidden, and is counted all the same."""
    call.need("timeentry")
    world, ticket = call.world, call.ticket()
    every = [world.time[one] for one in world.time_of.get(ticket.id, ())]
    shown = [e for e in every if e.member_id == call.me.id or not call.switches.hides_others]
    hidden = [e for e in every if e not in shown]
    return {
        "data": {
            "entries": [rows.entry(e, call.me) for e in sorted(shown, key=lambda e: e.start, reverse=True)],
            "totalMinutes": sum(rows.billed(e) for e in every),
            "othersHiddenCount": len(hidden),
            "othersHiddenMinutes": sum(rows.billed(e) for e in hidden),
        }
    }


def time_entries(call: Call, rows: Rows) -> Row:
    """`GET /time-entries`; `updated_from` is taken and ignored."""
    call.need("timeentry")
    given, world = call.request.query_params, call.world
    found = [
        e
        for e in world.time.values()
        if given.get("user_id", uid("user", e.member_id)) == uid("user", e.member_id)
        and given.get("work_item_id", uid("ticket", e.ticket_id)) == uid("ticket", e.ticket_id)
    ]
    if "start_time_from" in given:
        edge = _moment("start_time_from", given["start_time_from"])
        found = [e for e in found if e.start >= edge]
    found.sort(key=lambda e: e.start, reverse=given.get("order", "desc") == "desc")
    return paged(call, [rows.time(e) for e in found])


# ---------------------------------------------------------------- setup lists


def users(call: Call, rows: Rows) -> Row:
    call.need("user")
    return paged(call, rows.users())


def boards(call: Call, rows: Rows) -> Row:
    return paged(
        call,
        [
            {"board_id": uid("board", b.id), "board_name": b.name, "is_inactive": False}
            for b in call.world.boards.values()
        ],
    )


def statuses(call: Call, rows: Rows) -> Row:
    """A bare list, of one board if one is named."""
    board = call.request.query_params.get("board_id")
    return {
        "data": [
            {
                "status_id": uid("status", s.id),
                "board_id": uid("board", s.board_id),
                "name": s.name,
                "is_closed": s.closed,
                "is_default": s.position == 0,
                "order_number": s.position,
            }
            for s in call.world.statuses.values()
            if board in (None, uid("board", s.board_id)) and not s.inactive
        ]
    }


def all_statuses(call: Call, rows: Rows) -> Row:
    """`GET /statuses?type=ticket` wants a board."""
    if "board_id" not in call.request.query_params:
        invalid("board_id", "board_id is required for ticket statuses")
    return statuses(call, rows)


def priorities(call: Call, rows: Rows) -> Row:
    found = sorted(call.world.priorities.values(), key=lambda one: one.name)
    return {
        "data": [{"priority_id": uid("priority", p.id), "priority_name": p.name} for p in found],
    }


def categories(call: Call, rows: Rows) -> Row:
    call.need("ticket_settings")
    board = call.request.query_params.get("board_id")
    return paged(call, [row for row in rows.categories() if board in (None, row["board_id"])])


def services(call: Call, rows: Rows) -> Row:
    call.need("service")
    active = call.request.query_params.get("is_active")
    return paged(
        call, [row for row in rows.services() if active in (None, "true" if row["is_active"] else "false")]
    )


def service(call: Call, rows: Rows) -> Row:
    call.need("service")
    found = next((r for r in rows.services() if r["service_id"] == call.request.path_params["id"]), None)
    if found is None:
        raise error(404, "NOT_FOUND", "Service not found")
    return {"data": found}


def contacts(call: Call, rows: Rows) -> Row:
    call.need("contact")
    client = call.request.query_params.get("client_id")
    found = [rows.contact(c) for c in call.world.contacts.values()]
    return paged(call, [row for row in found if client in (None, row["client_id"])])


def contact(call: Call, rows: Rows) -> Row:
    call.need("contact")
    found = call.world.contacts.get(number_of("contact", call.request.path_params["id"]) or 0)
    if found is None:
        raise error(404, "NOT_FOUND", "Contact not found")
    return {"data": rows.contact(found)}


def locations(call: Call, rows: Rows) -> Row:
    """A bare list."""
    call.need("client")
    client = number_of("client", call.request.path_params["id"])
    if client not in call.world.companies:
        raise error(404, "NOT_FOUND", "Client not found")
    return {
        "data": [
            {
                "location_id": uid("location", s.id),
                "location_name": s.name,
                "city": s.city,
                "is_active": True,
                "created_at": stamp(call.world.start),
            }
            for s in call.world.sites.values()
            if s.company_id == client
        ]
    }


def contract_lines(call: Call, rows: Rows) -> Row:
    """The other envelope."""
    return {"success": True, "data": []}
