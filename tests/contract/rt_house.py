"""Request Tracker's real server as a house: people act through its API, its database says what it holds.

A real server answers no order for trouble, so that is made on the line, by the transport.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.contract import Choice, Speaker, Value
from tests.contract.house import House, On, Said, Trouble, Worked
from tests.servers.rt import FIELDS, RtServer

PAT = "pat@contoso.test"
TICKETS = 10
STAFF = ("tess", "omar", "nora", "lena")


@dataclass
class Order:
    """Trouble for the next requests of a kind."""

    kind: Trouble
    on: On
    left: int
    retry_after: int


class Line(httpx.AsyncBaseTransport):
    """The network, on which ordered trouble happens."""

    def __init__(self, orders: list[Order]) -> None:
        self.network = httpx.AsyncHTTPTransport()
        self.orders = orders

    async def aclose(self) -> None:
        await self.network.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        order = self._taken(request)
        if order is None:
            return await self.network.handle_async_request(request)
        if order.kind in ("429", "401"):
            headers = {"Retry-After": str(order.retry_after)} if order.kind == "429" else {}
            return httpx.Response(int(order.kind), headers=headers, json={"message": "not now"})
        if order.kind == "html":
            return httpx.Response(200, html="<!DOCTYPE html><html><body>Please sign in.</body></html>")
        answer = await self.network.handle_async_request(request)
        body = await answer.aread()
        await answer.aclose()
        if order.kind == "drop-after-commit":
            raise httpx.ReadError("the connection broke", request=request)
        if order.kind == "cut":
            body = body[: len(body) // 2]
        else:
            rows = json.loads(body)
            rows["items"][0]["Status"] = {"not": "a text"}
            body = json.dumps(rows).encode()
        kept = {name: value for name, value in answer.headers.items() if name.lower() == "content-type"}
        return httpx.Response(answer.status_code, headers=kept, content=body)

    def _taken(self, request: httpx.Request) -> Order | None:
        path = request.url.path
        lists, notes = path.endswith("/tickets"), request.method == "POST" and path.endswith("/comment")
        for order in self.orders:
            if (lists and order.on == "tickets") or (notes and order.on == "notes"):
                order.left -= 1
                if order.left <= 0:
                    self.orders.remove(order)
                return order
        return None


class RtHouse(House):
    """The shop of tess: a few tickets in one queue, with mails, answers and time."""

    psa = "rt"
    technician = "tess"
    empties = ("Nobody",)
    without_list = {
        "company": "The custom field Client takes any text.",
    }

    def __init__(self, server: RtServer) -> None:
        self.server = server
        self.orders: list[Order] = []

    @property
    def transport(self) -> httpx.AsyncBaseTransport:  # type: ignore[override]
        """A line of its own for whoever asks: a session closes what it was given."""
        return Line(self.orders)

    @classmethod
    @contextmanager
    def open(cls, server: RtServer) -> Iterator[RtHouse]:
        """The server with its tickets; they are made once and put back afterwards."""
        kept = server.home / "contract"
        house = cls(server)
        if kept.exists():
            _copy(kept, server.home / "rtdb")
        else:
            server.reset()  # whatever other tests have left there
            house._furnish()
            shutil.copy(server.home / "rtdb", kept)
        yield house

    def _furnish(self) -> None:
        for number in range(TICKETS):
            contract = "Gold" if number % 4 == 1 else "Silver"
            fields = {"Billing Code": "CONTRACT", "Request Type": "Incident", "Contract": contract}
            one = self.server.create_ticket(
                f"Printer {number} offline",
                CustomFields={**(fields if number % 2 else {}), "Client": "Contoso", "Serial": "A-1"},
                Due="2027-01-31 12:00:00",
                Priority="20",
            )
            if number % 3 == 0:
                self.server.mail(PAT, one, "Any news?")
                self.server.reply(one, "We are on it.")
                self.server.comment(one, "Ordered a spare part.", TimeTaken=15)

    def settings(self) -> dict[str, Any]:
        return {"psa": "rt", "url": self.server.url, "technician": "tess", "fields": FIELDS, "scope": "mine"}

    def secrets(self) -> dict[str, str]:
        return {"token": self.server.tokens["tess"]}

    def trouble(self, kind: Trouble, on: On, *, times: int = 1, retry_after: int = 1) -> None:
        self.orders.append(Order(kind, on, times, retry_after))

    def calm(self) -> int:
        left = len(self.orders)
        self.orders.clear()
        return left

    # ------------------------------------------------------------ what people do

    def mine(self) -> list[str]:
        rows = self._rows(
            "SELECT t.id FROM Tickets t JOIN Users u ON u.id = t.Owner WHERE u.Name = 'tess' AND"
            " t.Status IN ('new', 'open', 'stalled') AND t.EffectiveId = t.id ORDER BY t.id"
        )
        return [str(row[0]) for row in rows]

    def customer_writes(self, ticket_id: str, text: str) -> None:
        self.server.mail(PAT, ticket_id, text)

    def customer_sends(self, ticket_id: str, name: str, size: int, *, words: str = "") -> None:
        self.server.mail(PAT, ticket_id, words, file=(name, size))

    def colleague_writes(self, ticket_id: str, text: str, *, public: bool = True) -> None:
        (self.server.reply if public else self.server.comment)(ticket_id, text, user="omar")

    def automation_writes(self, ticket_id: str, text: str) -> bool:
        return False

    def logs_time(self, ticket_id: str, hours: float) -> str | None:
        self.server.comment(ticket_id, f"Worked {hours} h.", TimeTaken=round(hours * 60))
        return None

    def changes(self, ticket_id: str, *, seconds_ago: int = 0) -> None:
        (row,) = self._rows("SELECT Priority FROM Tickets WHERE id = ?", ticket_id)
        self.server.put(ticket_id, {"Priority": int(row[0]) + 1}, user="omar")
        if seconds_ago:
            when = datetime.fromtimestamp(time.time() - seconds_ago, UTC).strftime("%Y-%m-%d %H:%M:%S")
            self.server.sql("UPDATE Tickets SET LastUpdated = ? WHERE id = ?", when, ticket_id)

    def colleague_sets(self, ticket_id: str, field: str, choice: Choice) -> None:
        user = "tess" if field == "owner" else "omar"  # who hands a ticket over
        self.server.put(ticket_id, {field.capitalize(): choice.name}, user=user)

    def raises_flag(self, ticket_id: str) -> None:
        raise AssertionError("Request Tracker has no such flag")

    def closes(self, ticket_id: str) -> None:
        self.server.put(ticket_id, {"Status": "resolved"}, user="omar")

    def deletes(self, ticket_id: str) -> None:
        self.server.put(ticket_id, {"Status": "deleted"})

    def merge_into(self, ticket_id: str, into: str) -> None:
        self.server.put(ticket_id, {"MergeInto": into})

    def adopts(self, child: str, parent: str | None) -> None:
        before = self.held(child, "parent")
        if before is not None:
            self.server.put(child, {"DeleteParent": [int(str(before))]}, user="omar")
        if parent is not None:
            self.server.put(child, {"AddParent": [int(parent)]}, user="omar")

    def family(self) -> tuple[str, str]:
        first, second, *_ = self.mine()
        return first, second

    # ------------------------------------------------------------ what the PSA holds

    def said(self, ticket_id: str) -> list[Said]:
        rows = self._rows(
            "SELECT t.Type, u.Name, a.Content FROM Transactions t JOIN Users u ON u.id = t.Creator"
            " JOIN Attachments a ON a.TransactionId = t.id WHERE t.ObjectType = 'RT::Ticket'"
            " AND t.ObjectId = ? AND t.Type IN ('Correspond', 'Comment') AND a.ContentType = 'text/plain'"
            " ORDER BY t.id",
            ticket_id,
        )
        return [Said(_text(content), _speakers(who), kind == "Correspond") for kind, who, content in rows]

    def worked(self, ticket_id: str) -> list[Worked]:
        rows = self._rows(
            "SELECT t.TimeTaken, u.Name FROM Transactions t JOIN Users u ON u.id = t.Creator"
            " WHERE t.ObjectType = 'RT::Ticket' AND t.ObjectId = ? AND t.TimeTaken <> 0 ORDER BY t.id",
            ticket_id,
        )
        return [Worked(round(minutes / 60, 2), who, None) for minutes, who in rows]

    def held(self, ticket_id: str, field: str) -> object:
        if field == "parent":
            rows = self._rows(
                "SELECT LocalTarget FROM Links WHERE LocalBase = ? AND Type = 'MemberOf'", ticket_id
            )
            return str(rows[0][0]) if rows else None
        name = field.removeprefix("custom:") if field.startswith("custom:") else FIELDS.get(field)
        if name is not None:
            values = self.server.custom(ticket_id, name)
            return values[0] if values else None
        ((status, owner, due),) = self._rows(
            "SELECT t.Status, u.Name, t.Due FROM Tickets t JOIN Users u ON u.id = t.Owner WHERE t.id = ?",
            ticket_id,
        )
        if field == "due_at":
            return int(datetime.fromisoformat(f"{due}+00:00").timestamp()) or None
        return {"status": status, "owner": owner}[field]

    def other(self, ticket_id: str, field: str) -> Value:
        if field == "due_at":
            return 1_806_577_200
        return "Fabrikam" if field == "company" else None

    def custom(self) -> str | None:
        return "Serial"

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        live = sqlite3.connect(self.server.home / "rtdb", timeout=10)
        try:
            return live.execute(query, values).fetchall()
        finally:
            live.close()


def _copy(kept: Any, live: Any) -> None:
    source, target = sqlite3.connect(kept), sqlite3.connect(live, timeout=10)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def _text(content: object) -> str:
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def _speakers(who: str) -> frozenset[Speaker]:
    if who in STAFF:
        return frozenset({"staff"})
    return frozenset({"system", "unknown"}) if who == "RT_System" else frozenset({"customer"})
