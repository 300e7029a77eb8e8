"""The write-back against a real Request Tracker server: conditional writes, lost answers, a customer's mail."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx
import pytest

from connectors import open_connector
from connectors.contract import ChoiceContext, ConnectorError
from store.choices import load_choices
from store.database import Databases
from store.fixes import FixRefused, Intent, prepare
from store.outbox import state_of, submit
from store.outbox_decide import retry
from store.sender import push
from store.settings import Connection, Settings
from store.sync import refresh_tickets, sync_connection
from store.undo import undo
from tests.servers.rt import FIELDS, RtServer


class Lossy(httpx.AsyncBaseTransport):
    """The network, which loses the answers to the next `lose` requests that are no reads."""

    def __init__(self) -> None:
        self.network = httpx.AsyncHTTPTransport()
        self.lose = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.network.handle_async_request(request)
        if request.method != "GET" and self.lose:
            self.lose -= 1
            await answer.aread()
            await answer.aclose()
            raise httpx.ReadTimeout("timed out", request=request)
        return answer

    async def aclose(self) -> None:
        await self.network.aclose()


class Desk:
    def __init__(self, databases: Databases, server: RtServer) -> None:
        self.databases, self.server = databases, server
        self.connection = Connection(name="desk", psa="rt", technician="tess")
        self.settings = Settings(connections={"desk": self.connection})
        self.transport = Lossy()
        options = {"url": server.url, "technician": "tess", "fields": FIELDS}
        self.connector = open_connector(
            "rt", "desk", options, {"token": server.tokens["tess"]}, transport=self.transport
        )

    def now(self) -> int:
        return int(time.time())

    async def sync(self) -> None:
        report = await sync_connection(
            self.databases,
            self.connection,
            self.connector,
            self.settings,
            now=self.now,
            read_all_conversations=True,
        )
        assert report.ok, report.error

    async def fix(self, ticket_id: str, **intent: Any) -> str:
        async def choices(kind: str, context: ChoiceContext) -> Any:
            return await load_choices(self.databases, "desk", self.connector, kind, context, self.now())

        prepared = await prepare(
            self.databases,
            self.settings,
            self.connection,
            self.connector,
            Intent(**intent),
            ticket_id,
            now=self.now(),
            choices=choices,
        )
        return submit(
            self.databases, self.settings, self.connection, prepared, now=self.now(), immediately=True
        )

    async def push(self) -> None:
        async def refresh(_: str, ticket_ids: Sequence[str]) -> Mapping[str, ConnectorError]:
            return await refresh_tickets(
                self.databases, self.connection, self.connector, self.settings, ticket_ids, now=self.now
            )

        async def skip(_: float) -> None:
            """RT commits before it answers: nothing to wait for."""

        await push(
            self.databases,
            self.settings,
            {"desk": self.connector},
            self.databases.home,
            now=self.now,
            force=True,
            refresh=refresh,
            sleep=skip,
        )

    def undo(self, change: str) -> None:
        undo(self.databases, self.settings, {"desk": self.connector}, change, now=self.now())

    def state(self, change: str) -> str:
        entry = state_of(self.databases, change)
        return entry.state if entry.error is None else f"{entry.state}: {entry.error}"

    def kinds(self, ticket_id: str) -> set[str]:
        with self.databases.cache_reads.begin() as db:
            query = "SELECT kind FROM exception WHERE ticket_id = ?"
            return set(db.exec_driver_sql(query, (ticket_id,)).scalars())


@pytest.fixture
async def desk(databases: Databases, rt_server: RtServer) -> AsyncIterator[Desk]:
    desk = Desk(databases, rt_server)
    yield desk
    await desk.connector.close()


async def test_a_code_and_a_reply_arrive_once_and_leave_their_panes(desk: Desk) -> None:
    closed, answered = desk.server.create_ticket("Closed"), desk.server.create_ticket("Waiting")
    desk.server.put(closed, {"Status": "resolved"})
    desk.server.mail("pat@contoso.test", answered, "Still broken")
    await desk.sync()
    assert "billing_code" in desk.kinds(closed)
    assert "customer_responded" in desk.kinds(answered)
    changes = [
        await desk.fix(closed, billing_code="contract"),
        await desk.fix(answered, reply="It is fixed.", billing_code="CONTRACT"),
    ]
    await desk.push()
    assert [desk.state(change) for change in changes] == ["confirmed"] * 2
    assert desk.server.custom(closed, "Billing Code") == ["CONTRACT"]
    assert len(desk.server.notes(answered)) == 2
    assert desk.kinds(closed) & {"billing_code"} == set()
    assert desk.kinds(answered) & {"customer_responded", "billing_code"} == set()


async def test_a_code_is_put_back(desk: Desk) -> None:
    ticket_id = desk.server.create_ticket()
    await desk.sync()
    change = await desk.fix(ticket_id, billing_code="CONTRACT")
    await desk.push()
    desk.undo(change)
    await desk.push()
    assert desk.server.custom(ticket_id, "Billing Code") == []


async def test_a_customers_mail_between_reading_and_sending_stops_the_reply(desk: Desk) -> None:
    ticket_id = desk.server.create_ticket()
    desk.server.mail("pat@contoso.test", ticket_id, "Still broken")
    await desk.sync()
    change = await desk.fix(ticket_id, reply="Is it better?", billing_code="CONTRACT")
    desk.server.mail("pat@contoso.test", ticket_id, "And the scanner too")
    await desk.push()
    assert desk.state(change).startswith("conflict")
    assert "And the scanner too" in state_of(desk.databases, change).detail
    assert len(desk.server.notes(ticket_id)) == 2
    assert desk.server.custom(ticket_id, "Billing Code") == []
    retry(desk.databases, desk.settings, {"desk": desk.connector}, change, now=desk.now())
    await desk.push()
    assert desk.state(change) == "confirmed"
    assert len(desk.server.notes(ticket_id)) == 3


async def test_a_lost_answer_makes_no_second_entry(desk: Desk) -> None:
    ticket_id = desk.server.create_ticket()
    await desk.sync()
    for intent in ({"note": "internal"}, {"reply": "public"}, {"time": 0.25, "note": "worked"}):
        desk.transport.lose = 1
        change = await desk.fix(ticket_id, **intent)
        await desk.push()
        assert desk.state(change) == "confirmed"
        assert desk.transport.lose == 0
    assert len(desk.server.notes(ticket_id, "Comment")) == 2
    assert len(desk.server.notes(ticket_id, "Correspond")) == 1
    assert desk.server.get(f"/ticket/{ticket_id}")["TimeWorked"] == "15"


async def test_an_invalid_value_is_a_refusal(desk: Desk) -> None:
    ticket_id = desk.server.create_ticket()
    await desk.sync()
    with pytest.raises(FixRefused, match='no billing code "NONSENSE"'):
        await desk.fix(ticket_id, billing_code="NONSENSE")


async def test_a_close_with_all_it_needs_arrives_whole(desk: Desk) -> None:
    ticket_id = desk.server.create_ticket()
    desk.server.mail("pat@contoso.test", ticket_id, "Thanks!")
    await desk.sync()
    change = await desk.fix(
        ticket_id, close=True, time=0.5, note="Replaced the cable.", billing_code="TIME-MAT", seen="thanks"
    )
    await desk.push()
    assert desk.state(change) == "confirmed"
    ticket = desk.server.get(f"/ticket/{ticket_id}")
    assert (ticket["Status"], ticket["TimeWorked"]) == ("resolved", "30")
    assert desk.kinds(ticket_id) == set()


async def test_a_child_finds_another_parent_and_back(desk: Desk) -> None:
    first, second = desk.server.create_ticket("First"), desk.server.create_ticket("Second")
    child = desk.server.create_ticket("Child", MemberOf=first)
    await desk.sync()
    change = await desk.fix(child, parent=second)
    await desk.push()
    assert desk.state(change) == "confirmed"
    (ticket,) = (await desk.connector.fetch([child])).tickets
    assert ticket.parent_ids == (second,)
    desk.undo(change)
    await desk.push()
    (ticket,) = (await desk.connector.fetch([child])).tickets
    assert ticket.parent_ids == (first,)


async def test_a_ticket_given_to_nobody_is_confirmed_and_comes_back(desk: Desk) -> None:
    """Nobody is a choice of RT's, and no owner when the ticket is read back."""
    ticket_id = desk.server.create_ticket()
    await desk.sync()
    change = await desk.fix(ticket_id, owner="Nobody")
    await desk.push()
    assert desk.state(change) == "confirmed"
    (ticket,) = (await desk.connector.fetch([ticket_id])).tickets
    assert ticket.owner is None
    desk.undo(change)
    await desk.push()
    (ticket,) = (await desk.connector.fetch([ticket_id])).tickets
    assert ticket.owner == "tess"
