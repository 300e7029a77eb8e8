"""Every request of the ConnectWise connector against an OpenAPI description of the API.

`DESKZERO_SPECS` names a folder with `connectwise.json`; without it these tests skip. The description is an
excerpt rebuilt from generated clients: good for names, not complete.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from connectors import open_connector
from connectors.contract import ChoiceContext, Fix, NewTime, Ref, Scope
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings
from connectors.simulators.world import World

FOLDER = os.environ.get("DESKZERO_SPECS", "")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="DESKZERO_SPECS does not name a folder with the vendors' OpenAPI files"
)

NOT_IN_THE_EXCERPT = {"/company/companies/{id}/sites", "/system/documents"}
"""Real paths that the excerpt leaves out (vendor's API reference; of the documents the excerpt's own description of
`/service/tickets/{parentId}/documents` says to use the other path)."""
NEWER_THAN_THE_EXCERPT = {"respondByGoalUTC", "resolutionGoalUTC"}
"""Of a ticket: seen in live answers that public clients keep as their samples."""

CONDITION = re.compile(r"([A-Za-z]\w*)(?:/\w+)?(?:=|!=|<|>| contains | in )")
"""A field in conditions."""


class Recorder(httpx.AsyncBaseTransport):
    """Passes everything on to the simulator and keeps what was asked."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "/apis/3.0/" in request.url.path:
            self.seen.append(request)
        return await self.inner.handle_async_request(request)


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return json.loads((Path(FOLDER) / "connectwise.json").read_text(encoding="utf-8"))


@pytest.fixture
async def seen() -> list[httpx.Request]:
    """One of everything that the connector can do."""
    world = World(3, 80, speed=0)
    recorder = Recorder(httpx.ASGITransport(app=simulator(world, detach="works")))
    table = demo_settings()
    own = ("url", "company", "client_id", "public_key", "technician")
    options = {key: table[key] for key in own} | {"detach_parent": True}
    psa = open_connector("connectwise", "demo", options, demo_secrets(), transport=recorder)
    await psa.verify()
    for scope in (
        Scope("mine"),
        Scope("board", "Help Desk"),
        Scope("team", next(iter(world.teams.values())).name),
    ):
        resolved = await psa.resolve(scope)
        cursor = [page async for page in psa.tickets(resolved, None, int(time.time()) - 86400)][-1].cursor
        assert [page async for page in psa.tickets(resolved, cursor, 0)]
        await psa.ticket_ids(resolved)
    mine = [
        t
        for t in world.tickets.values()
        if t.owner_id == 101 and world.is_open(t) and not world.children.get(t.id)
    ]
    ticket = (await psa.fetch([str(mine[0].id), "9999999"])).tickets[0]
    world.customer_replies(ticket.ticket_id, "", files=(("screen.png", 9),))
    assert (await psa.conversation(ticket.ticket_id)).files
    await psa.time_entries([ticket.ticket_id])
    context = ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id)
    kinds = "status billing_code owner agreement contact type subtype item priority site source board team"
    for kind in kinds.split():
        assert await psa.choices(kind, context) is not None
    code = Ref("1", "x")
    entry = world.log_time(ticket.ticket_id, 0.5)
    mine[0].custom["Asset"] = "A-1"
    fixes = [
        Fix(change="1", ticket_id=ticket.ticket_id, decided_at=int(time.time()), reply="Hi", note="We"),
        Fix(
            change="2",
            ticket_id=ticket.ticket_id,
            decided_at=int(time.time()),
            time=NewTime(hours=0.5, code=code),
        ),
        Fix(change="3", ticket_id=ticket.ticket_id, entries={str(entry.id): code}),
        Fix(
            change="4",
            ticket_id=ticket.ticket_id,
            fields={
                "billing_code": code,
                "customer_flag": False,
                "custom:Asset": "B-2",
                "due_at": 1763632800,
            },
        ),
        Fix(
            change="5",
            ticket_id=ticket.ticket_id,
            fields={"parent": Ref(str(next(t.id for t in mine[1:] if not t.parent_id)), "")},
        ),
        Fix(change="6", ticket_id=ticket.ticket_id, fields={"parent": None}),
    ]
    for fix in fixes:
        for step in psa.plan(fix, ticket):
            await psa.apply(step, None)
    await psa.close()
    return recorder.seen


def template(spec: dict[str, Any], path: str, method: str) -> str | None:
    """The path of the description that fits; the one with the fewest placeholders wins."""
    fitting = [
        known
        for known, operations in spec["paths"].items()
        if method in operations and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", known), path)
    ]
    return min(fitting, key=lambda known: known.count("{"), default=None)


def shape(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The properties of a schema, through lists and references."""
    while True:
        if "$ref" in node:
            node = spec["components"]["schemas"].get(node["$ref"].rsplit("/", 1)[-1], {})
        elif node.get("type") == "array":
            node = node["items"]
        else:
            return node.get("properties", {})


def body_of(operation: dict[str, Any], where: str) -> dict[str, Any]:
    if where == "request":
        return (
            operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        )
    for status in ("200", "201"):
        if status in operation["responses"]:
            return (
                operation["responses"][status]
                .get("content", {})
                .get("application/json", {})
                .get("schema", {})
            )
    return {}


async def test_every_request_is_legal(spec, seen):
    problems: set[str] = set()
    checked, left_out = 0, set()
    for request in seen:
        path = request.url.path.split("/apis/3.0", 1)[1]
        generic = re.sub(r"/\d+(?=/|$)", "/{id}", path)
        if generic in NOT_IN_THE_EXCERPT:
            left_out.add(generic)
            continue
        known = template(spec, path, request.method.lower())
        if known is None:
            problems.add(f"{request.method} {generic}: no such path")
            continue
        checked += 1
        operation = spec["paths"][known][request.method.lower()]
        allowed = {one["name"]: one.get("in") for one in operation.get("parameters", [])}
        asked = parse_qs(request.url.query.decode())
        for name in asked:
            if allowed.get(name) != "query":
                problems.add(f"{request.method} {known}: no parameter {name}")
        for name, where in allowed.items():
            if where == "header" and name.lower() not in request.headers:
                problems.add(f"{request.method} {known}: header {name} is missing")
        answer = shape(spec, body_of(operation, "answer"))
        for name in ",".join(asked.get("fields", [])).split(","):
            if name and answer and name not in answer.keys() | NEWER_THAN_THE_EXCERPT:
                problems.add(f"{request.method} {known}: fields names {name}, which is not there")
        for name in re.findall(
            r"([A-Za-z]\w*)(?:/\w+)?(?:=|!=|<|>| contains | in )", "".join(asked.get("conditions", []))
        ):
            if answer and name not in answer and name != "lastUpdated" and not known.endswith("/count"):
                problems.add(f"{request.method} {known}: conditions name {name}, which is not there")
        problems |= body_problems(spec, operation, request, known)
    assert not problems
    assert checked > 50
    assert left_out == NOT_IN_THE_EXCERPT, "asked for no more: take it off the list"
    assert not [one for one in left_out if template(spec, one, "get")], (
        "the excerpt has it now: take it off the list"
    )


def body_problems(
    spec: dict[str, Any], operation: dict[str, Any], request: httpx.Request, known: str
) -> set[str]:
    """Names in the body that the description does not have; for JSON Patch also its paths."""
    if not request.content:
        return set()
    body = json.loads(request.content)
    names = shape(spec, body_of(operation, "request"))
    found = set()
    for one in body if isinstance(body, list) else [body]:
        found |= {f"{request.method} {known}: body has {name}" for name in one if names and name not in names}
    if request.method == "PATCH":
        target = shape(spec, body_of(operation, "answer"))
        for one in body:
            if one["path"] not in target:
                found.add(f"{known}: path {one['path']} is not a field")
            if one["op"] not in ("add", "replace", "remove"):
                found.add(f"{known}: op {one['op']}")
    return found


async def test_every_write_went_out(seen):
    wrote = {
        (r.method, re.sub(r"/\d+", "/{id}", r.url.path.split("/apis/3.0", 1)[1]))
        for r in seen
        if r.method != "GET"
    }
    assert wrote == {
        ("PATCH", "/service/tickets/{id}"),
        ("POST", "/service/tickets/{id}/notes"),
        ("POST", "/time/entries"),
        ("PATCH", "/time/entries/{id}"),
        ("POST", "/service/tickets/{id}/attachChildren"),
    }
