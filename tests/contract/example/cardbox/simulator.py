"""A simulated Card Box over deskzero's world, for the contract suite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.simulators.faults import Broken, Faults, page
from connectors.simulators.model import Note, Ticket
from connectors.simulators.world import World

TOKEN = "CardBoxToken01"

Row = dict[str, Any]


class Refused(Exception):
    """The PSA says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def simulator(world: World) -> Starlette:
    """The application; `.state.faults` takes orders for trouble."""
    faults = Faults()

    def route(path: str, handler: Callable[[Request, Row], object], method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            fault = faults.take(request.method, request.url.path)
            kind = fault.kind if fault else ""
            if fault and kind in ("429", "401"):
                return JSONResponse({"error": kind}, int(kind), {"Retry-After": str(fault.retry_after)})
            if kind == "html":
                return page()
            with world.lock:
                try:
                    if request.headers.get("authorization") != f"Bearer {TOKEN}":
                        raise Refused(401, "no such token")
                    body = handler(request, json.loads(raw) if raw else {})
                except Refused as refused:
                    return JSONResponse({"error": str(refused)}, refused.status)
            if kind == "drop-after-commit":
                return Broken()
            if kind == "wrong-type" and isinstance(body, dict) and body.get("rows"):
                body["rows"][0]["status"] = "not an object"
            text = json.dumps(body)
            return Response(text[: len(text) // 2] if kind == "cut" else text, media_type="application/json")

        return Route(path, endpoint, methods=[method])

    def ticket_of(request: Request) -> Ticket:
        found = world.tickets.get(int(request.path_params["id"]))
        if found is None:
            raise Refused(404, "no such ticket")
        return found

    def listed(rows: Iterable[Row]) -> Row:
        return {"rows": list(rows), "now": world.now()}

    def tickets(request: Request, _: Row) -> Row:
        asked = request.query_params
        rows = []
        for ticket in sorted(world.tickets.values(), key=lambda one: one.id):
            if ticket.id <= int(asked["after"]) or (
                asked.get("owner") and not world.assigned(ticket, asked["owner"])
            ):
                continue
            if ticket.updated < int(asked.get("changed_after", 0)):
                continue
            if not world.is_open(ticket) and ticket.updated < int(asked.get("alive_after", 0)):
                continue
            rows.append(_ticket(world, ticket))
        return listed(rows[: int(asked["limit"])])

    def members(_: Request, __: Row) -> Row:
        return listed(
            {"login": m.identifier, "name": m.name, "active": not m.inactive} for m in world.members.values()
        )

    def statuses(_: Request, __: Row) -> Row:
        return listed(_status(world, key) for key in world.statuses)

    def notes(request: Request, _: Row) -> Row:
        found = world.notes[ticket_of(request).id]
        return listed(_note(note) for note in found if not note.issue)

    def time(request: Request, _: Row) -> Row:
        entries = [world.time[key] for key in world.time_of.get(ticket_of(request).id, ())]
        return listed(
            {
                "id": entry.id,
                "ticket": entry.ticket_id,
                "member": world.members[entry.member_id].identifier,
                "start": entry.start,
                "end": entry.end,
                "hours": entry.hours,
                "text": entry.text,
            }
            for entry in entries
        )

    def say(request: Request, said: Row) -> Row:
        me = world.member(world.technician)
        note = Note(
            0,
            ticket_of(request).id,
            world.now(),
            said["text"],
            me.identifier,
            me.id,
            None,
            said["public"],
        )
        return _note(world.add_note(note, moves=True))

    def put(request: Request, given: Row) -> Row:
        ticket = ticket_of(request)
        if "status" in given:
            world.set_status(ticket, world.statuses[int(given["status"])], world.technician)
        if "owner" in given:
            world.reassign(ticket.id, given["owner"], by=world.technician)
        return _ticket(world, ticket)

    def me(_: Request, __: Row) -> Row:
        member = world.member(world.technician)
        return {"login": member.identifier, "name": member.name, "version": "7.1"}

    app = Starlette(
        routes=[
            route("/me", me),
            route("/members", members),
            route("/statuses", statuses),
            route("/tickets", tickets),
            route("/tickets/{id:int}", lambda request, _: _ticket(world, ticket_of(request))),
            route("/tickets/{id:int}", put, "PUT"),
            route("/tickets/{id:int}/notes", notes),
            route("/tickets/{id:int}/notes", say, "POST"),
            route("/tickets/{id:int}/time", time),
        ]
    )
    app.state.faults = faults
    return app


def _status(world: World, key: int) -> Row:
    status = world.statuses[key]
    return {"id": key, "name": status.name, "closed": status.closed, "board": status.board_id}


def _ticket(world: World, ticket: Ticket) -> Row:
    owner = world.members.get(ticket.owner_id or 0)
    return {
        "id": ticket.id,
        "title": ticket.summary,
        "status": _status(world, ticket.status_id),
        "opened": ticket.entered,
        "changed": ticket.updated,
        "changed_by": ticket.updated_by,
        "owner": owner.identifier if owner else None,
        "assigned": list(ticket.resources),
        "company": world.companies[ticket.company_id].name,
        "company_id": ticket.company_id,
        "contact": ticket.contact_name or None,
        "contact_email": ticket.contact_email or None,
        "priority": world.priorities[ticket.priority_id].name,
        "merged_into": ticket.merged_into,
    }


def _note(note: Note) -> Row:
    by = "staff" if note.member_id else "customer" if note.contact_id else "system"
    return {
        "id": note.id,
        "ticket": note.ticket_id,
        "at": note.at,
        "author": note.created_by or "Card Box",
        "by": by,
        "public": note.public,
        "text": note.text,
        "files": [{"name": name, "bytes": size} for name, size in note.files],
    }
