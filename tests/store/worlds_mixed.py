"""Generated tickets of few companies and people, and how they get into the cache."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import strategies as st
from sqlalchemy import Connection as Database
from sqlalchemy import insert, text

from store.journal_models import Change
from store.models import ChoiceRow, ConnectionState, Note, StatusRole, Ticket, TicketParent
from store.rules.catalogue import BY_NAME
from store.settings import Connection, KindRule, Rules, Settings
from tests.corpus.healthy import CAPABILITIES
from tests.store import plain_mixed as plain
from tests.store.conftest import NOW

DAY = 86400
KINDS = ("possible_duplicate", "wrong_client", "crossed", "children_open")
IDS = ("1", "2", "3", "4", "10")
SUMMARIES = ("Printer jams", "RE: printer jams!", "Printer jams", "New laptop for Ann", "RE:")
COMPANIES = ("c1", "c1", "c1", "c2", "", None)
MAILS = ("ann@one.example", "bob@TWO.example", "cid@gmail.com", "nobody", None)
UNSEEN, SEEN = "Which router model do you have?", "I will wait for the inventory to end."
LATE = NOW - DAY

SETTINGS = Settings(
    connections={
        "acme": Connection(
            name="acme", psa="connectwise", closed_statuses=("Done",), closing_statuses=("Completed",)
        )
    },
    rules=Rules(
        required=(),
        kinds={
            kind: KindRule(
                on=kind in KINDS,
                limits={limit.key: limit.default for limit in BY_NAME[kind].limits}
                | ({"catch_all": ("CatchAll",)} if kind == "wrong_client" else {}),
            )
            for kind in BY_NAME
        },
    ),
    gates=("children_open", "crossed"),
)
"""Only these four kinds are looked for."""


@st.composite
def notes(draw: st.DrawFn) -> list[plain.Note]:
    moments = st.sampled_from((LATE, LATE, LATE + 1, LATE + 299, LATE + 300, LATE + 301))
    found = []
    for place in range(draw(st.integers(0, 4))):
        seen = draw(st.sampled_from((False, False, False, False, False, True)))
        speaker = (
            "staff" if seen else draw(st.sampled_from(("customer", "staff", "staff", "unknown", "system")))
        )
        said = (
            "The inventory starts tonight."
            if speaker != "staff"
            else draw(st.sampled_from((UNSEEN,) * 3 + (SEEN,)))
        )
        found.append(
            plain.Note(
                note_id=str(draw(st.integers(1, 3)) * 100 + place),
                created_at=draw(moments),
                speaker=speaker,
                public=not seen and draw(st.sampled_from((True, True, True, False))),
                text=said,
                seen=seen,
                seen_up_to=draw(st.none() | st.sampled_from((LATE - 1, LATE, LATE + 299))) if seen else None,
            )
        )
    # What staff takes up has to come from the customer's newest note, not from one before it.
    words = [
        note for note in plain.in_order(found) if note.speaker in ("customer", "unknown") and note.public
    ]
    for place, note in enumerate(words):
        if place < len(words) - 1:
            note.text = "Hello again."
    for note in found:
        if note.speaker == "system" or not note.public:
            note.text = "" if note.speaker != "staff" else UNSEEN
    newest = plain.in_order(found).index(words[-1]) if words else len(found)
    for note in plain.in_order(found)[:newest]:
        if note.speaker == "staff":
            note.text = "On it."
    return found


@st.composite
def tickets(draw: st.DrawFn) -> list[plain.Ticket]:
    found = []
    created = st.sampled_from((NOW - 2 * DAY, NOW - 2 * DAY, NOW - DAY, NOW - DAY + 1, NOW, None))
    closings = st.sampled_from((None, LATE + 300, NOW - 30 * DAY, NOW - 30 * DAY - 1))
    for id in IDS:
        values: dict[str, Any] = {
            "number": f"7{id}",
            "summary": draw(st.sampled_from(SUMMARIES)),
            "status": draw(st.sampled_from(("New", "New", "New", "Completed", "Done"))),
            "closed": draw(st.sampled_from((False, False, False, True))),
            "created_at": draw(created),
            "updated_at": draw(closings),
            "closed_at": draw(closings),
            "in_scope": draw(st.sampled_from((True, True, True, False))),
            "presence": draw(st.sampled_from(("here",) * 6 + ("deleted", "not_visible"))),
            "first_sync": False,
            "company_id": draw(st.sampled_from(COMPANIES)),
            "company": draw(st.sampled_from(("Acme", " catchALL ", None))),
            "contact_id": draw(st.sampled_from(("p1", "p1", "p1", "p2", " ", None))),
            "contact": draw(st.sampled_from(("Ann", "Ann ", " ", None))),
            "contact_email": draw(st.sampled_from(MAILS)),
            "agreement_id": draw(st.sampled_from(("a1", None))),
            "site_id": draw(st.sampled_from(("s1", None))),
        }
        parents = draw(st.lists(st.sampled_from((*IDS, "99")), unique=True, max_size=2))
        kept = tuple(parent for parent in parents if parent != id and draw(st.booleans()))
        found.append(plain.Ticket(id, values, kept, draw(notes())))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> plain.World:
    cards = []
    for kind, id in (
        ("contact", "p1"),
        ("contact", "p2"),
        ("contact", "p9"),
        ("agreement", "a1"),
        ("site", "s1"),
    ):
        for company in ("c1", "c2", "c3", ""):
            if draw(st.sampled_from((True, False, False))):
                mail = draw(st.sampled_from(MAILS)) if kind == "contact" else None
                cards.append(
                    {"kind": kind, "id": id, "name": id, "company_id": company, "email": mail}
                    | {"active": draw(st.sampled_from((True, True, False)))}
                )
    states = st.sampled_from(("confirmed", "confirmed", "held", "uncertain", "dropped", "undone"))
    read_up_to = {}
    for id in IDS:
        if draw(st.sampled_from((True, False, False, False))):
            moment = st.sampled_from((LATE - 1, LATE, LATE + 300, None))
            read_up_to[id] = [(draw(states), draw(st.booleans()), draw(moment))]
    return plain.World(draw(tickets()), cards, read_up_to)


_TABLES = ("ticket", "ticket_parent", "note", "choice", "status_role", "connection_state")


def empty(cache: Database, journal: Database) -> None:
    """Everything of an earlier example goes."""
    for table in (*_TABLES, "exception", "reason", "rule_group"):
        cache.execute(text(f"DELETE FROM {table}"))
    for table in ("first_seen", "history", "change"):
        journal.execute(text(f"DELETE FROM {table}"))


def put(cache: Database, journal: Database, world: plain.World) -> None:
    """This world in place of what is there."""
    for table in _TABLES:
        cache.execute(text(f"DELETE FROM {table}"))
    journal.execute(text("DELETE FROM change"))
    offers = msgspec.json.encode(CAPABILITIES).decode()
    mine = {"connection": "acme"}
    for table, rows in (
        (
            Ticket,
            [mine | {"ticket_id": t.id, "status_key": t.status.casefold()} | t.values for t in world.tickets],
        ),
        (
            TicketParent,
            [mine | {"ticket_id": t.id, "parent_id": p} for t in world.tickets for p in t.parents],
        ),
        (Note, [_note(ticket, note) for ticket in world.tickets for note in ticket.notes]),
        (ChoiceRow, [mine | card for card in world.cards]),
        (
            StatusRole,
            [mine | {"role": r, "status": s} for r, s in (("closed", "done"), ("closing", "completed"))],
        ),
        (ConnectionState, [mine | {"member": "jdoe", "capabilities": offers}]),
    ):
        if rows:
            cache.execute(insert(table), rows)
    if changes := list(_changes(world)):
        journal.execute(insert(Change), changes)


def _note(ticket: plain.Ticket, note: plain.Note) -> dict[str, Any]:
    marked = note.seen and note.seen_up_to is not None
    return {
        "connection": "acme",
        "ticket_id": ticket.id,
        "note_id": note.note_id,
        "note_sort": int(note.note_id),
        "created_at": note.created_at,
        "author": "Ann",
        "speaker": note.speaker,
        "public": note.public,
        "text": note.text,
        "seen": note.seen,
        "seen_up_to": note.seen_up_to,
        "order_at": note.seen_up_to if marked else note.created_at,
        "order_rank": int(marked),
    }


def _changes(world: plain.World) -> list[dict[str, Any]]:
    found = []
    for ticket, changes in world.read_up_to.items():
        for state, has_reply, read_up_to in changes:
            seq = len(found) + 1
            fix = {"change": str(seq), "ticket_id": ticket, "read_up_to": read_up_to}
            fix["reply"] = "On it." if has_reply else None
            found.append(
                {
                    "change": str(seq),
                    "seq": seq,
                    "connection": "acme",
                    "ticket_id": ticket,
                    "number": f"7{ticket}",
                }
                | {
                    "verb": "reply",
                    "fix": json.dumps(fix),
                    "ticket": "{}",
                    "state": state,
                    "created_at": LATE,
                }
            )
    return found
