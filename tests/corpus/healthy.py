"""A ticket that is in no kind at all with every kind switched on, and the shop in which it is so."""

from __future__ import annotations

import random as randoms
from pathlib import Path
from typing import Any

import tomlkit

from connectors.contract import TELLS, TICKET_FIELDS, Capabilities, Scope
from store.note_reading import classifier, note_number, reading
from store.rules.catalogue import CATALOGUE
from store.settings import Connection, Settings, parse
from tests.corpus import words
from tests.corpus.case import DAY, HOUR, MINUTE, NOW, Planted

ME = "jdoe"
"""The technician: owner of what is healthy. Notes and time are by a colleague of the ticket's own, so that nobody's day
is made of two tickets."""

STATUSES = {
    "child_statuses": ("Child Ticket",),
    "responded_statuses": ("Customer Responded",),
    "closing_statuses": ("Completed",),
    "waiting_statuses": (
        "Waiting",
        "Waiting Customer",
        "Waiting Client Response",
        "Waiting on Customer",
        "Waiting on Vendor",
    ),
}
"""As the settings have them; "New" is open, a status is closed where `closed` says so."""

REQUIRED = {
    "required": ["type", "due_at"],
    "for": [
        {"board": "Managed Services", "required": ["contact", "contact_phone", "agreement", "custom:Asset"]}
    ],
}
"""Few fields, so that cases which leave one empty for another reason are in no second kind; more on a board of its
own."""

CAPABILITIES = Capabilities(
    fields=frozenset(TICKET_FIELDS),
    flag=True,
    code_on_ticket=True,
    code_on_time=True,
    code_name="Work type",
    writes=frozenset(
        {*TICKET_FIELDS, "status", "customer_flag", "billing_code", "entry_code"}
        | {"reply", "note", "time", "attach", "detach"}
    ),
    undoable=frozenset(),
    tells=frozenset(TELLS),
)
"""A PSA that tells everything and takes everything."""

_PAIRS = ("company", "contact", "site", "agreement", "type", "priority", "owner", "billing_code", "board")
"""Fields with a name and an id."""

OF_A_COMPANY = ("contact", "agreement", "site")


def shop(connections: list[str], limits: dict[str, dict[str, Any]]) -> Settings:
    """Settings with every kind on. `limits`: by kind, as the cases need them set. Raises `SettingsError` for a key that
    a kind does not have."""
    tables: dict[str, Any] = {kind.name: {"on": True} for kind in CATALOGUE}
    tables["missing_fields"] |= REQUIRED
    for kind, wanted in limits.items():
        tables[kind] |= wanted
    known = parse('timezone = "UTC"\n' + tomlkit.dumps({"rules": tables}), Path("corpus.toml"))
    shops = {
        name: Connection(name=name, psa="connectwise", scope=Scope("all"), technician=ME, **STATUSES)
        for name in connections
    }
    return Settings(timezone="UTC", hours=known.hours, rules=known.rules, connections=shops)


def ticket(planted: Planted, number: int, case: int, random: randoms.Random) -> dict[str, Any]:
    """All columns of `ticket` of a planted one but for ids of its connection and its links."""
    given = dict(planted.values)
    for name in _PAIRS:
        if name in given and f"{name}_id" not in given:
            given[f"{name}_id"] = str(given[name]).casefold() if (given[name] or "").strip() else None
    closed = given.get("closed", False)
    end = min(given.get("closed_at") or NOW - HOUR, NOW) if closed else NOW
    created = given.get("created_at", end - 5 * HOUR) or end - 5 * HOUR
    first, last = random.choice(words.FIRST), random.choice(words.LAST)
    company = f"{random.choice(words.COMPANIES)} {case}"
    usual = {
        "ticket_id": str(number),
        "number": str(number),
        "summary": random.choice(words.SUMMARIES).format(place=random.choice(words.PLACES)),
        "board_id": "1",
        "board": "Help Desk",
        "status": "Closed" if closed else "New",
        "closed": closed,
        "type_id": "1",
        "type": "Hardware",
        "priority_id": "3",
        "priority": "Priority 3 - Medium",
        "priority_rank": 3,
        "company_id": "own",
        "company": company,
        "site_id": f"site of {number}",
        "site": "Main",
        "contact_id": f"contact of {number}",
        "contact": f"{first} {last}",
        "contact_phone": f"+1 555 {number % 10000:04}",
        "contact_email": f"person{number}@company{case}.example",
        "agreement_id": f"agreement of {number}",
        "agreement": "Gold",
        "owner_id": ME,
        "owner": ME,
        "resources": ME,
        "customer_flag": False,
        "billing_code_id": "1",
        "billing_code": "Remote support",
        "hours": 0.5,
        "due_at": NOW + 10 * DAY,
        "created_at": created,
        "updated_at": max(created, end - HOUR),
        "closed_at": end if closed else None,
        "closed_by": _colleague(number) if closed else None,
        "respond_by": created + 4 * HOUR,
        "responded_at": min(created + 10 * MINUTE, end),
        "resolve_by": NOW + 10 * DAY + 2 * (NOW - created),
        "resolved_at": end if closed else None,
        "sla_waits": False,
        "scheduled_until": NOW + DAY,
        "project": False,
        "resolution": random.choice(words.RESOLUTIONS) if closed else None,
        "in_scope": True,
        "read_at": NOW,
        "notes_read_at": NOW,
        "time_read_at": NOW,
    }
    row = usual | given
    row["status_key"] = row["status"].casefold()
    return row


def notes(planted: Planted, row: dict[str, Any], random: randoms.Random) -> list[dict[str, Any]]:
    """All columns of `note` of a ticket, in their order, but for the connection."""
    given = planted.notes
    if given is None:
        asked, answered = random.choice(words.TALK)
        begin, end = _span(row)
        customer = {"speaker": "customer", "author": row["contact"] or "A customer", "text": asked}
        staff = {
            "speaker": "staff",
            "author": _colleague(row),
            "author_id": _colleague(row),
            "text": answered,
        }
        given = [customer | {"created_at": begin + 10 * MINUTE}, staff | {"created_at": begin + 40 * MINUTE}]
        if end - begin < HOUR:  # too young for two: what was asked is the opening text
            given = [staff | {"created_at": (begin + end) // 2}]
    classify = classifier(("^Automatic reply", "^Out of office", "^Undeliverable"))
    found = []
    for place, note in enumerate(given, 1):
        id = f"{row['ticket_id']}{place:03}"
        whole = {
            "note_id": id,
            "public": True,
            "text": "",
            "author": "",
            "psa_speaker": note["speaker"],
        } | note
        read = reading(whole["speaker"], whole["text"], whole["public"], whole["created_at"], classify)
        given_too = {key: value for key, value in note.items() if key != "speaker"}
        sort = note_number(whole["note_id"])
        found.append({"ticket_id": row["ticket_id"], "note_sort": sort} | whole | read | given_too)
    return found


def time(planted: Planted, row: dict[str, Any]) -> list[dict[str, Any]]:
    """All columns of `time_entry` of a ticket but for the connection."""
    given = planted.time
    if given is None:
        begin, end = _span(row)
        given = [{"started_at": begin, "ended_at": min(begin + 30 * MINUTE, end)}]
    found = []
    for place, entry in enumerate(given, 1):
        ended = entry.get("ended_at") or entry.get("started_at")
        usual = {
            "time_id": f"{row['ticket_id']}{place:03}",
            "ticket_id": row["ticket_id"],
            "member_id": entry.get("member", _colleague(row)),
            "member": _colleague(row),
            "hours": 0.5,
            "billing_code_id": "1",
            "billing_code": "Remote support",
            "billable": "Billable",
            "charge": True,
            "invoiced": True,
            "entered_at": ended,
            "rate": 120.0,
            "text": "Looked into it with the customer on the phone.",
        }
        found.append(usual | entry)
    return found


def choices(row: dict[str, Any], given: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of the contact, agreement and site that the case leaves to the healthy ticket: of its own company."""
    found = []
    for kind in OF_A_COMPANY:
        id = row[f"{kind}_id"]
        if id is None or f"{kind}_id" in given or row["company_id"] is None:
            continue
        card = {"kind": kind, "id": id, "name": row[kind], "company_id": row["company_id"], "read_at": NOW}
        if kind == "contact":
            # A mail address of the case's own is not on the card: whose it is, the case says.
            email = None if "contact_email" in given else row["contact_email"]
            card |= {"email": email, "phone": row["contact_phone"]}
        found.append(card)
    return found


def _span(row: dict[str, Any]) -> tuple[int, int]:
    """When it was worked on: the five hours before it was closed, or before now."""
    end = min(row["closed_at"] or NOW, NOW) if row["closed"] else NOW
    return max(row["created_at"] or 0, end - 5 * HOUR), end


def _colleague(row: dict[str, Any] | int) -> str:
    return f"tech{row if isinstance(row, int) else row['ticket_id']}"
