"""A home in which every kind finds something, in numbers as a shop has them: what the rules are measured on.

A tenth of its tickets is open; with the number of tickets grow companies, contacts and technicians. Per ticket there
are five notes and two and a half time entries. Written straight into the tables, as a sync would have stored it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, text

from connectors.contract import TELLS, Capabilities
from connectors.records import Conversation, NoteRecord, Resolved, Scope, TimeEntries, TimeRecord
from connectors.simulators.serve import demo_settings
from store import cached
from store.cache_notes import store_conversation
from store.cache_upkeep import mark
from store.cache_writes import set_parents, store_tickets, store_time
from store.database import Databases
from store.home import Home
from store.models import ChoiceRow, ConnectionState, Note, StatusRole, Ticket, TicketParent, TimeEntry
from store.rules.catalogue import CATALOGUE
from store.settings import Settings, load
from store.settings_save import save_connection
from tests import large
from tests.large import DAY, HOUR, NAME

NOW = int(datetime(2026, 11, 25, 15, 30, tzinfo=UTC).timestamp())
"""A Wednesday on which everybody has worked for hours: what is of today is there."""

FIRST = 70_000
"""The id of the ticket before the first."""

_RULES = """
[check]
gates = ["customer_responded", "child_reply", "reply_after_close", "orphaned", "billing_code"]

[[rules.out_of_scope.agreement]]
name = "Gold"
codes = ["Project Work"]
types = ["Cabling"]
"""
_LIMITS = {
    "owner_absent": 'away = ["tech 3 2026-11-23..2026-11-27"]',
    "wrong_client": 'catch_all = ["Company 0"]',
}
_TYPES = ("Hardware", "Software", "Network", "Account", "Cabling")
_CODES = ("Remote", "Onsite", "Project Work")
_SUBJECTS = (
    "Printer prints only half of every page",
    "Outlook asks for the password again and again",
    "Laptop does not wake up after sleep",
    "VPN drops every few minutes from the hotel",
    "New colleague starts on Monday, please prepare everything",
    "Shared calendar is gone since the update",
    "Scanner to folder does not work any more",
    "Invoice program is slow after lunch",
)
_ASKED = (
    "summary",
    "company_id",
    "company",
    "contact_id",
    "contact",
    "contact_email",
    "site_id",
    "agreement_id",
)
_TALK = "It happened again after lunch, and nobody had touched the printer. "
_WORK = "Replaced the fuser unit and printed several test pages with the user on the phone. "


class Shop(msgspec.Struct, frozen=True):
    """How large it is."""

    open: int
    closed: int

    @property
    def tickets(self) -> int:
        return self.open + self.closed

    @property
    def companies(self) -> int:
        return max(4, self.tickets // 500)

    @property
    def contacts(self) -> int:
        """Of each company."""
        return 15

    @property
    def technicians(self) -> int:
        return max(5, self.open // 250)


def make(folder: Path, tickets: int, *, now: int = NOW) -> tuple[Home, Settings]:
    """Settings with every kind switched on, cache and journal. Nothing is evaluated yet."""
    home = Home.at(folder)
    save_connection(home.config, NAME, demo_settings(url="http://127.0.0.1:9") | {"scope": "all"})
    switched = "".join(
        f"[rules.{kind.name}]\non = true\n{_LIMITS.get(kind.name, '')}\n" for kind in CATALOGUE
    )
    with home.config.open("a", encoding="utf-8") as config:
        config.write(switched + _RULES)
    with Databases.open(home, now=now) as databases:
        fill(databases, Shop(tickets // 10, tickets - tickets // 10), now=now)
    return home, load(home.config)


def fill(databases: Databases, shop: Shop, *, now: int) -> None:
    """The rows of one connection."""
    dice = random.Random(7)
    with databases.cache.begin() as cache:
        cache.execute(insert(StatusRole), list(large._roles()))
        cache.execute(insert(ConnectionState), [_state(now)])
        mark(cache, NAME, "scope", msgspec.json.encode(Resolved(Scope("all"), None, None)).decode(), now)
        _insert(cache, ChoiceRow, _choices(shop))
        tickets = [_ticket(n, shop, dice, now) for n in range(1, shop.tickets + 1)]
        for mine, other in zip(tickets[20::40], tickets[21::40], strict=False):  # the same person asks again
            mine |= {name: other[name] for name in _ASKED}
        _insert(cache, Ticket, tickets)
        _insert(cache, TicketParent, (_link(one) for one in tickets if one["parent_id"]))
        _insert(cache, Note, (note for one in tickets for note in _notes(one, shop, dice, now)))
        _insert(cache, TimeEntry, (time for one in tickets for time in _time(one, shop, dice, now)))
    again = [
        {"c": NAME, "t": one["ticket_id"], "closed": now - at * DAY, "at": now - at * DAY + HOUR}
        for one in tickets[: shop.open : 100]
        for at in (3, 9)
    ]
    with databases.journal.begin() as journal:
        journal.execute(
            text("INSERT INTO reopening (connection, ticket_id, seen_closed_at, reopened_at)"
                 " VALUES (:c, :t, :closed, :at)"), again
        )  # fmt: skip


def _insert(cache: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    every = iter(rows)
    while some := list(islice(every, 5000)):
        names = tuple(some[0])
        sql = f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        whole = _defaults(table)
        missing = {name: value for name, value in whole.items() if name not in names}
        if missing:
            sql = sql.replace(") VALUES (", f", {', '.join(missing)}) VALUES (", 1)
            sql = f"{sql[:-1]}, {', '.join('?' * len(missing))})"
        cache.exec_driver_sql(sql, [(*row.values(), *missing.values()) for row in some])


def _defaults(table: Any) -> dict[str, Any]:
    """What a column has that the rows do not name, where it may not be empty."""
    return {
        name: field.default
        for name, field in table.model_fields.items()
        if not field.is_required() and field.default is not None
    }


def _state(now: int) -> dict[str, Any]:
    state = large._state(now)
    can = msgspec.json.decode(state["capabilities"], type=Capabilities)
    can = msgspec.structs.replace(can, tells=frozenset(TELLS))
    return state | {"scope": "all", "capabilities": msgspec.json.encode(can).decode()}


def _choices(shop: Shop) -> Iterator[dict[str, Any]]:
    row = {"connection": NAME, "company_id": "", "email": None, "position": 0, "ends_on": None}
    for place, name in enumerate(("Priority 1", "Priority 2", "Priority 3", "Priority 4")):
        yield row | {"kind": "priority", "id": str(place + 1), "name": name, "position": place}
    for company in range(shop.companies):
        of = row | {"company_id": str(company)}
        yield of | {"kind": "site", "id": f"s{company}", "name": "Main"}
        ends = "2026-10-31" if company % 40 == 1 else None
        yield of | {"kind": "agreement", "id": f"a{company}", "name": "Gold", "ends_on": ends}
        for place in range(shop.contacts):
            mail = f"p{place}@company{company}.example"
            name = f"Ann Archer {place}"
            yield of | {"kind": "contact", "id": f"{company}-{place}", "name": name, "email": mail}


def _ticket(n: int, shop: Shop, dice: random.Random, now: int) -> dict[str, Any]:
    """Open ones were opened within 40 days; closed ones were closed within 180."""
    closed, child = n > shop.open, n % 20 == 0
    company, person = dice.randrange(shop.companies), dice.randrange(shop.contacts)
    whose = (company + 1) % shop.companies if dice.random() < 0.005 else company  # somebody else's contact
    bare = dice.random() < 0.05
    created = now - 600 - n * 40 * DAY // shop.open
    closed_at = None
    if closed:
        closed_at = now - (n - shop.open) * 180 * DAY // shop.closed
        created = closed_at - dice.randrange(HOUR, 6 * DAY)
        status = "Closed"
    else:
        status = dice.choices(
            ("New", "In Progress", "Waiting Customer", "Customer Responded", "Completed"),
            (20, 44, 28, 4, 4),
        )[0]
        status = "Child Ticket" if child and dice.random() < 0.9 else status
    owner = None if not closed and dice.random() < 0.03 else dice.randrange(shop.technicians)
    planned = {0: None, 1: now - dice.randrange(1, 9 * DAY)}.get(
        dice.randrange(12), now + dice.randrange(20 * DAY)
    )
    parent = None
    if child:  # a tenth of the parents is open and the child closed, or the other way round
        parent = FIRST + (n - 1 if dice.random() < 0.95 else (n + shop.open) % shop.tickets or 1)
    talked = closed_at or max(created, now - int(dice.expovariate(1 / (4 * DAY))))
    return {
        "connection": NAME,
        "ticket_id": str(FIRST + n),
        "number": str(FIRST + n),
        "summary": f"{_SUBJECTS[n % len(_SUBJECTS)]} (floor {dice.randrange(9)})",
        "company_id": str(company),
        "company": f"Company {company}",
        "site_id": f"s{company}",
        "site": "Main",
        "board_id": str(n % 3),
        "board": ("Help Desk", "Projects", "Alerts")[n % 3],
        "status": status,
        "status_key": status.casefold(),
        "closed": closed,
        "closed_at": closed_at,
        "closed_by": "jdoe" if closed else None,
        "owner_id": None if owner is None else str(owner),
        "owner": None if owner is None else _login(owner),
        "priority_id": str(1 + n % 4),
        "priority": f"Priority {1 + n % 4}",
        "priority_rank": n % 4,
        "type": None if bare else _TYPES[dice.randrange(len(_TYPES))],
        "contact_id": None if bare else f"{whose}-{person}",
        "contact": None if bare else f"Ann Archer {person}",
        "contact_phone": None if bare else "555 0101",
        "contact_email": None if bare else f"p{person}@company{whose}.example",
        "agreement_id": f"a{company}",
        "agreement": "Gold",
        "customer_flag": not closed and dice.random() < 0.02,
        "billing_code_id": None if bare or n % 200 == 11 else "3",
        "billing_code": None if bare or n % 200 == 11 else "Remote",
        "hours": 0.0 if n % 50 == 7 else 0.5,
        "parent_id": None if parent is None else str(parent),
        "created_at": created,
        "updated_at": talked,
        "respond_by": created + 4 * HOUR,
        "responded_at": None if not closed and dice.random() < 0.03 else created + HOUR,
        "resolve_by": created + (6 if closed else 44) * DAY,
        "resolved_at": closed_at,
        "scheduled_until": None if closed else planned,
        "resolution": _WORK if closed and n % 50 != 9 and dice.random() < 0.5 else None,
        "in_scope": True,
        "read_at": now - HOUR,
        "notes_read_at": now - HOUR,
        "time_read_at": now - HOUR,
        "first_sync": True,
    }  # fmt: skip


def _login(technician: int) -> str:
    return "jdoe" if technician == 0 else f"tech {technician}"


def _link(ticket: dict[str, Any]) -> dict[str, Any]:
    return {name: ticket[name] for name in ("connection", "ticket_id", "parent_id")}


def _notes(ticket: dict[str, Any], shop: Shop, dice: random.Random, now: int) -> Iterator[dict[str, Any]]:
    """Five, between opening and the last word; the last is staff's in nine of ten."""
    n = int(ticket["ticket_id"]) - FIRST
    first, last = ticket["created_at"], ticket["updated_at"]
    crossed, question, silent = n % 100 == 3, n % 200 == 11, n % 50 == 9
    for place in range(5):
        number, at = 5 * n + place, first + (last - first) * (place + 1) // 5
        staff = place % 2 == 1 or (place == 4 and dice.random() < 0.9)
        said = (_WORK if staff else _TALK) * (
            45 if number % 20 == 0 else 5
        )  # some mails drag their thread along
        if place == 4 and not staff and ticket["closed"]:
            at += 2 * HOUR
        if crossed and place == 4:
            at, staff, said = first + (last - first) * 4 // 5 + 120, True, "Shipping confirmed."
        elif crossed and place == 3:
            staff, said = False, "Actually only the blue scanner smells burnt."
        elif question and place == 3:
            staff, said = True, "Question to billing (Bo): Does the agreement cover this?"
        elif silent and staff:
            said = "done"
        who = ticket["owner_id"] or "1"
        yield {
            "connection": NAME,
            "ticket_id": ticket["ticket_id"],
            "note_id": str(number),
            "note_sort": number,
            "created_at": at,
            "order_at": at,
            "author": _login(int(who)) if staff else ticket["contact"] or "somebody",
            "author_id": who if staff else None,
            "speaker": "staff" if staff else "customer",
            "psa_speaker": "staff" if staff else "customer",
            "public": not (question and place == 3),
            "text": said,
        }


def _time(ticket: dict[str, Any], shop: Shop, dice: random.Random, now: int) -> Iterator[dict[str, Any]]:
    """Two or three, of a few tickets none or five."""
    n = int(ticket["ticket_id"]) - FIRST
    first, last = ticket["created_at"], ticket["updated_at"]
    many = {7: 0, 8: 5}.get(n % 50, 2 + n % 2)
    for place in range(many):
        ended = first + (last - first) * (place + 1) // many
        short, bare, code = dice.random() < 0.05, dice.random() < 0.04, dice.choices(_CODES, (70, 28, 2))[0]
        hours = 0.2 if short else dice.choice((0.25, 0.5, 0.5, 1.0))
        charge = not short and dice.random() < 0.7
        invoiced = charge and ended < now - 28 * DAY and dice.random() < 0.98
        who = dice.randrange(shop.technicians) if n % 5 == 0 else int(ticket["owner_id"] or 1)
        yield {
            "connection": NAME,
            "time_id": str(8 * n + place),
            "ticket_id": ticket["ticket_id"],
            "member_id": str(who),
            "member": _login(who),
            "started_at": ended - int(hours * HOUR),
            "ended_at": ended,
            "hours": hours,
            "billing_code_id": None if bare else str(_CODES.index(code)),
            "billing_code": None if bare else code,
            "billable": "Billable" if charge else "NoCharge",
            "locked": invoiced,
            "charge": charge,
            "invoiced": invoiced,
            "entered_at": min(now, ended + (4 * DAY if dice.random() < 0.01 else 600)),
            "text": _WORK if place == 0 and n % 50 != 9 else "",
        }


# ---------------------------------------------------------------- a round


def change(cache: Connection, shop: Shop, place: int, *, now: int, many: int = 100) -> None:
    """Stores what a sync would that finds so many tickets changed: a new note and new time on each, in ten the status,
    one in twenty closed, one in twenty new. `place` says which round it is: each changes other tickets."""
    dice = random.Random(place)
    scope = Resolved(Scope("all"), None, None)
    step = max(1, shop.open // many)
    old = [FIRST + 1 + (place * 7 + step * at) % shop.open for at in range(many - many // 20)]
    new = [FIRST + shop.tickets + 1 + place * many + at for at in range(many // 20)]
    records = []
    for id in dict.fromkeys((*old, *new)):
        known = cached.ticket(cache, NAME, str(id if id in old else FIRST + 1 + (id * 13) % shop.open))
        assert known is not None
        record = msgspec.structs.replace(known.record, updated_at=now - 60)
        if id in new:
            record = msgspec.structs.replace(
                record, ticket_id=str(id), number=str(id), created_at=now - 300, parent_ids=(), status="New"
            )
        elif dice.random() < 0.1:
            record = msgspec.structs.replace(record, status="In Progress")
        elif dice.random() < 0.05:
            record = msgspec.structs.replace(record, closed=True, closed_at=now - 60, status="Closed")
        records.append(record)
    stored = store_tickets(cache, NAME, records, read_at=now, scope=scope)
    set_parents(cache, NAME)
    for id in stored.ids:
        said = _said(cache, id)
        staff = dice.random() < 0.6
        note = NoteRecord(
            note_id=str(10**9 + int(id) * 100 + place),
            ticket_id=id,
            created_at=now - 120,
            author=_login(int(id) % shop.technicians) if staff else "Ann Archer 1",
            author_id=str(int(id) % shop.technicians) if staff else None,
            speaker="staff" if staff else "customer",
            public=True,
            text=(_WORK if staff else _TALK) * 5,
        )
        store_conversation(cache, NAME, Conversation(id, (*said, note), now), auto_reply=())
    known_time = [entry for id in stored.ids for entry in cached.time_entries(cache, NAME, id)]
    more = [
        TimeRecord(
            time_id=str(10**9 + int(id) * 100 + place),
            ticket_id=id,
            member_id=str(int(id) % shop.technicians),
            member=_login(int(id) % shop.technicians),
            started_at=now - 120 - HOUR // 4,
            ended_at=now - 120,
            hours=0.25,
            billing_code_id="0",
            billing_code="Remote",
            billable="Billable",
            charge=True,
            invoiced=False,
            entered_at=now - 60,
        )
        for id in stored.ids
    ]
    store_time(cache, NAME, TimeEntries(tuple(stored.ids), (*known_time, *more), now))


def _said(cache: Connection, ticket_id: str) -> list[NoteRecord]:
    names = "note_id, ticket_id, created_at, author, author_id, speaker, public, text"
    sql = f"SELECT {names} FROM note WHERE connection = ? AND ticket_id = ? ORDER BY created_at, note_sort"
    rows = cache.exec_driver_sql(sql, (NAME, ticket_id)).mappings()
    return [NoteRecord(**{**row, "public": bool(row["public"])}) for row in rows]
