"""A home with a large queue: what measurements and tests of speed stand on. Written straight into the tables."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, insert

from connectors.contract import TICKET_FIELDS, Capabilities
from connectors.simulators.serve import demo_settings
from store.database import Databases
from store.home import Home
from store.models import ConnectionState, Note, StatusRole, Ticket, TicketParent, TimeEntry
from store.rules.evaluate import evaluate
from store.settings import Settings, load
from store.settings_save import save_connection

HOUR, DAY = 3600, 86_400
NAME = "acme"


def make(
    folder: Path,
    tickets: int = 10_000,
    *,
    url: str = "http://127.0.0.1:9",
    missing: float = 0.1,
    notes: int = 5,
    closed: int | None = None,
    now: int | None = None,
) -> tuple[Home, Settings]:
    """Settings, cache and journal with so many open tickets in scope and `closed` ones, a tenth as many if not told.

    `missing`: the share of the tickets without contact, type and billing code. The exceptions are published.
    """
    now = int(time.time()) if now is None else now
    home = Home.at(folder)
    save_connection(home.config, NAME, demo_settings(url=url))
    settings = load(home.config)
    with Databases.open(home, now=now) as databases:
        fill(databases, tickets, closed=closed, missing=missing, notes=notes, now=now)
        evaluate(databases.cache, databases.journal, settings, now=now, connections=[NAME])
    return home, settings


def fill(
    databases: Databases, tickets: int, *, missing: float, notes: int, now: int, closed: int | None = None
) -> None:
    """The rows of one connection, as a sync would have stored them."""
    dice = random.Random(7)
    many = tickets + (tickets // 10 if closed is None else closed)
    with databases.cache.begin() as cache:
        cache.execute(insert(StatusRole), list(_roles()))
        cache.execute(insert(ConnectionState), [_state(now)])
        for table, rows in (
            (Ticket, (_ticket(n, n > tickets, dice, missing, now) for n in range(1, many + 1))),
            (TicketParent, (_parent(n) for n in range(1, many + 1) if n % 20 == 0)),
            (Note, chain.from_iterable(_notes(n, notes, dice, now) for n in range(1, many + 1))),
            (TimeEntry, (_time(n, dice, missing, now) for n in range(1, many + 1))),
        ):
            _insert(cache, table, rows)


def _insert(cache: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    every = iter(rows)
    while some := list(islice(every, 5000)):
        cache.execute(insert(table), some)


def _roles() -> Iterator[dict[str, str]]:
    for role, status in (
        ("child", "child ticket"),
        ("responded", "customer responded"),
        ("closing", "completed"),
        ("waiting", "waiting customer"),
    ):
        yield {"connection": NAME, "role": role, "status": status}


def _state(now: int) -> dict[str, Any]:
    offers = Capabilities(
        fields=frozenset(TICKET_FIELDS),
        flag=True,
        code_on_ticket=True,
        code_on_time=True,
        code_name="Work type",
        undoable=frozenset(),
        writes=frozenset({"status", "reply", "note", "billing_code", "entry_code", "customer_flag"}),
    )
    return {
        "connection": NAME,
        "psa": "connectwise",
        "title": "ConnectWise",
        "scope": "mine",
        "member": "jdoe",
        "tried_at": now,
        "synced_at": now,
        "generation": 1,
        "capabilities": msgspec.json.encode(offers).decode(),
    }


def _ticket(n: int, closed: bool, dice: random.Random, missing: float, now: int) -> dict[str, Any]:
    child, company = n % 20 == 0, dice.randrange(200)
    status = "Closed" if closed else "Child Ticket" if child else dice.choice(("New", "In Progress"))
    bare = dice.random() < missing
    return {
        "connection": NAME,
        "ticket_id": str(70_000 + n),
        "number": str(70_000 + n),
        "summary": f"Printer {n} on floor {n % 9} prints only half of every page",
        "company_id": str(company),
        "company": f"Company {company}",
        "board": "Help Desk",
        "status": status,
        "status_key": status.casefold(),
        "closed": closed,
        "closed_at": now - dice.randrange(60 * DAY) if closed else None,
        "owner": "jdoe",
        "priority": "Priority 3",
        "type": None if bare else "Hardware",
        "contact": None if bare else "Ann Archer",
        "contact_phone": "555 0101",
        "contact_email": "ann@company.test",
        "agreement": "Gold",
        "customer_flag": dice.random() < 0.05,
        "billing_code_id": None if bare else "3",
        "billing_code": None if bare else "Remote",
        "hours": 0.5,
        "parent_id": str(70_000 + n - 1) if child else None,
        "created_at": now - n * 60,
        "updated_at": now - n,
        "in_scope": True,
        "read_at": now,
        "notes_read_at": now,
        "time_read_at": now,
        "first_sync": True,
    }


def _parent(n: int) -> dict[str, Any]:
    return {"connection": NAME, "ticket_id": str(70_000 + n), "parent_id": str(70_000 + n - 1)}


def _notes(n: int, many: int, dice: random.Random, now: int) -> Iterator[dict[str, Any]]:
    for place in range(many):
        last = place == many - 1
        staff = dice.random() < 0.9 if last else place % 2 == 1
        number, at = many * n + place, now - n * 30 - (many - place) * HOUR
        yield {
            "connection": NAME,
            "ticket_id": str(70_000 + n),
            "note_id": str(number),
            "note_sort": number,
            "created_at": at,
            "order_at": at,
            "author": "jdoe" if staff else "Ann Archer",
            "speaker": "staff" if staff else "customer",
            "psa_speaker": "staff" if staff else "customer",
            "public": True,
            "text": "It happened again after lunch, and nobody had touched the printer. "
            * (90 if number % 10 == 0 else 5),  # one mail in ten drags its whole thread along
        }


def _time(n: int, dice: random.Random, missing: float, now: int) -> dict[str, Any]:
    bare = dice.random() < missing
    return {
        "connection": NAME,
        "time_id": str(n),
        "ticket_id": str(70_000 + n),
        "member": "jdoe",
        "started_at": now - n * 60,
        "ended_at": now - n * 60 + 1800,
        "hours": 0.5,
        "billing_code_id": None if bare else "3",
        "billing_code": None if bare else "Remote",
        "billable": "Billable",
    }
