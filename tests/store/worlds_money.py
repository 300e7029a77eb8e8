"""Generated tickets for the exceptions on time and money, and how they get into the cache."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from sqlalchemy import Connection as Database
from sqlalchemy import insert, text

from connectors.contract import Capabilities
from store.business_time import Hours
from store.models import ConnectionState, Note, StatusRole, Ticket, TimeEntry
from store.rules.catalogue import BY_NAME
from store.seen import parse_seen
from store.settings import Connection, KindRule, Rules, Settings
from store.settings_records import AgreementScope
from tests.store import plain_money as plain
from tests.store.conftest import NOW

MINUTE, HOUR, DAY = 60, 3600, 86400
KINDS = tuple(plain.READERS)
WRITES = ("note", "reply", "time", "status", "billing_code", "entry_code", "type")
QUESTION = "Question to billing (Pat Kim): is it covered?"
LONG = "Replaced the fuser and tested ten pages."
TEXTS = (
    "",
    "  Fixed!! ",
    "fixed......................",
    "\u200b??",
    "No further action",
    "x" * 19,
    "x" * 20,
    f" ({'x' * 19}) ",
    "ISSUE RESOLVED TO THE CUSTOMER'S LIKING.",
    "Ümgebaut",
    LONG,
    QUESTION,
    "Hand-over (Aisha): the customer waits for a call back",
    "Seen, no answer needed: thanks only, nothing to do here",
)
TELLS = frozenset({"charge", "invoices", "entered_at", "rates"})

long_ago = st.sampled_from(
    (0, 1, HOUR, DAY, 30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 180 * DAY, 180 * DAY + 1, 200 * DAY)
)
moments = long_ago.map(lambda age: NOW - age)
maybe = st.none() | moments
todays = st.sampled_from(
    (0, 30, 60, 15 * 60 - 1, 15 * 60, 30 * 60, HOUR, 2 * HOUR, 5 * HOUR, 14 * HOUR, 19 * HOUR)
)


def limits(kind: str, **own: Any) -> dict[str, Any]:
    return {one.key: one.default for one in BY_NAME[kind].limits} | own


@st.composite
def times(draw: st.DrawFn, ticket_id: str, small: bool) -> list[plain.Time]:
    found = []
    for place in range(draw(st.sampled_from((0, 0, 0, 1, 2, 3, 5)))):
        length = draw(st.sampled_from((0, 15 * 60, 15 * 60 + 1, 16 * 60, 20 * 60, HOUR, 2 * HOUR)))
        begins = NOW - draw(todays | long_ago)
        if small:
            length = draw(st.sampled_from((14 * 60, 15 * 60, 15 * 60 + 1)))
        hours = draw(st.sampled_from((length / 3600, length / 3600, 0.0, 0.25, 4.0)))
        found.append(
            plain.Time(
                time_id=f"{ticket_id}-{place}",
                started_at=draw(st.sampled_from((begins, begins, begins, begins, None))),
                ended_at=draw(st.sampled_from((begins + length,) * 6 + (None,))),
                hours=hours,
                member=draw(st.sampled_from(("jdoe", "JDoe ", "jdoerr", "asmith", "pat", " ", None))),
                member_id=draw(st.sampled_from((None, None, None, "7", "8"))),
                code=draw(st.sampled_from((None, " ", "Support", "project work"))),
                locked=draw(st.sampled_from((False, False, True))),
                charge=draw(st.sampled_from((None, None, False, *((True,) * (1 if small else 3))))),
                invoiced=draw(st.sampled_from((None, False, False) if small else (None, False, False, True))),
                entered_at=draw(
                    st.none() | st.sampled_from((NOW, NOW - HOUR, NOW - 14 * HOUR, begins + length))
                ),
                text=draw(st.sampled_from(("",) * 10 + TEXTS[:10])),
            )
        )
    return found


@st.composite
def notes(draw: st.DrawFn) -> list[plain.Note]:
    if draw(st.integers(0, 3)) == 0:  # a question alone, as old as matters
        age = draw(st.sampled_from((2 * DAY - 1, 2 * DAY, 2 * DAY + 1, 5 * DAY)))
        return [plain.Note("99", NOW - age, text=QUESTION, author="jdoe", author_id="7")]
    return [
        plain.Note(
            note_id=str(100 + place),
            created_at=draw(
                st.sampled_from(
                    (NOW, NOW - HOUR, NOW - 14 * HOUR, NOW - 14 * HOUR - 1, NOW - 19 * HOUR, NOW - DAY)
                )
                | st.sampled_from((NOW - 2 * DAY + 1, NOW - 2 * DAY, NOW - 2 * DAY - 1, NOW - 5 * DAY))
            ),
            speaker=draw(st.sampled_from(("staff", "staff", "staff", "customer", "system", "unknown"))),
            public=False,
            text=draw(st.sampled_from((*TEXTS, QUESTION, QUESTION))),
            author=draw(st.sampled_from(("jdoe", "J. Doe", "Ann Smith"))),
            author_id=draw(st.sampled_from((None, "7", "8"))),
        )
        for place in range(draw(st.sampled_from((0, 1, 1, 2, 3))))
    ]


@st.composite
def tickets(draw: st.DrawFn, ids: tuple[str, ...]) -> list[plain.Ticket]:
    found = []
    for id in ids:
        closed = draw(st.booleans())
        values: dict[str, Any] = {
            "number": f"7{id}",
            "status": draw(st.sampled_from(("New", "New", "Done"))),
            "closed": closed,
            "board": draw(st.sampled_from(("Help Desk", "Projects", None))),
            "company_id": draw(st.sampled_from(("1", "1", "2", None))),
            "company": draw(st.sampled_from(("Acme", "Acme", " ", None))),
            "type": draw(st.sampled_from(("Password", "Password ", "Printer", None))),
            "agreement_id": draw(st.sampled_from((None, "a1"))),
            "agreement": draw(st.sampled_from((None, "Gold", "gold ", "Silver"))),
            "billing_code": draw(st.sampled_from((None, None, "Project Work"))),
            "hours": draw(st.sampled_from((None, None, 0.0, 0.5, 4.0))),
            "created_at": draw(st.sampled_from((None, NOW - 100 * DAY, NOW - DAY))),
            "updated_at": draw(maybe),
            "closed_at": draw(maybe) if closed else None,
            "resolution": draw(st.sampled_from((None,) * 5 + TEXTS)),
            "project": draw(st.sampled_from((None, False, True))),
            "in_scope": draw(st.sampled_from((True,) * 7 + (False,))),
            "presence": draw(st.sampled_from(("here",) * 9 + ("deleted",))),
        }
        if small := draw(st.integers(0, 2)) == 0:  # of a fix that is done again and again
            values |= {"company_id": "1", "type": draw(st.sampled_from(("Password", " Password")))}
        found.append(plain.Ticket(id, values, draw(notes()), draw(times(id, small))))
    return found


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    zone = draw(st.sampled_from(("UTC", "America/New_York", "Asia/Tokyo")))
    connection = Connection(
        name="acme",
        psa="connectwise",
        technician="jdoe",
        timezone=zone,
        hours=Hours(zone=zone),
        closed_statuses=draw(st.sampled_from(((), ("done",)))),
    )
    scopes = (
        AgreementScope(name="GOLD", codes=("Project work",), types=("printer",)),
        AgreementScope(name="*", boards=("projects",)),
    )
    fewer = {"repeated_fix": {"entries": 2}, "project_in_disguise": {"technicians": 2, "entries": 4}}
    own = {"generic": ("fixed", "Issue resolved to the customer's liking", "ümgebaut")}
    return Settings(
        timezone=draw(st.sampled_from(("UTC", zone))),
        connections={"acme": connection},
        rules=Rules(
            agreements=draw(st.sampled_from(((), scopes[:1], scopes))),
            kinds={
                kind: KindRule(on=True, limits=limits(kind, **({"undocumented": own} | fewer).get(kind, {})))
                for kind in KINDS
            },
        ),
        shift=draw(st.sampled_from((None, (9 * 60, 17 * 60 + 30)))),
        gates=tuple(draw(st.lists(st.sampled_from(KINDS), unique=True))),
    )


@st.composite
def capabilities(draw: st.DrawFn) -> Capabilities | None:
    if draw(st.booleans()):
        return None
    return Capabilities(
        fields=frozenset(),
        flag=False,
        code_on_ticket=draw(st.booleans()),
        code_on_time=True,
        code_name="Work type",
        writes=frozenset(draw(st.sets(st.sampled_from(WRITES)))),
        undoable=frozenset(),
        tells=TELLS,
    )


@st.composite
def worlds(draw: st.DrawFn, size: int = 5) -> plain.World:
    return plain.World(
        settings=draw(settings()),
        capabilities=draw(capabilities()),
        member=draw(st.sampled_from((None, "JDOE"))),
        member_id=draw(st.sampled_from((None, "7"))),
        name=draw(st.sampled_from((None, "J. Doe"))),
        tickets=draw(tickets(tuple(str(id) for id in range(1, size + 1)))),
    )


# ---------------------------------------------------------------- into the cache

_TABLES = ("ticket", "note", "time_entry", "status_role", "connection_state")


def empty(cache: Database, journal: Database) -> None:
    """Everything of an earlier example goes."""
    for table in (*_TABLES, "exception", "reason", "rule_group"):
        cache.execute(text(f"DELETE FROM {table}"))
    for table in ("first_seen", "history", "change"):
        journal.execute(text(f"DELETE FROM {table}"))


def put(cache: Database, world: plain.World) -> None:
    """The PSA's rows of this world in place of what is there."""
    missing = cache.execute(text("SELECT missing_fields FROM connection_state")).scalar()
    for table in _TABLES:
        cache.execute(text(f"DELETE FROM {table}"))
    for table, rows in (
        (
            Ticket,
            [_of(one, status_key=one.status.casefold(), **(READ | one.values)) for one in world.tickets],
        ),
        (Note, [_note(one, note) for one in world.tickets for note in one.notes]),
        (TimeEntry, [_time(one, entry) for one in world.tickets for entry in one.time]),
        (StatusRole, _roles(world)),
        (ConnectionState, [_state(world, missing or "[]")]),
    ):
        if rows:
            cache.execute(insert(table), rows)


READ = {"notes_read_at": NOW, "time_read_at": NOW}
"""What hangs on a ticket has been read, unless a test says otherwise."""


def _of(ticket: plain.Ticket, **values: Any) -> dict[str, Any]:
    return {"connection": "acme", "ticket_id": ticket.id, **values}


def _note(ticket: plain.Ticket, note: plain.Note) -> dict[str, Any]:
    seen = note.speaker == "staff" and not note.public and parse_seen(note.text)[0]
    place = {"note_sort": int(note.note_id), "order_at": note.created_at, "seen": seen}
    return _of(ticket, **place, **vars(note))


def _time(ticket: plain.Ticket, entry: plain.Time) -> dict[str, Any]:
    values = dict(vars(entry))
    values["billing_code"] = values.pop("code")
    return _of(ticket, **values)


def _roles(world: plain.World) -> list[dict[str, Any]]:
    return [
        {"connection": "acme", "role": "closed", "status": status.casefold()}
        for status in world.connection.closed_statuses
    ]


def _state(world: plain.World, missing: str) -> dict[str, Any]:
    offers = "{}" if world.capabilities is None else msgspec.json.encode(world.capabilities).decode()
    identity = {} if world.name is None else {"name": world.name}
    return {
        "connection": "acme",
        "member": world.member,
        "member_id": world.member_id,
        "identity": msgspec.json.encode(identity).decode(),
        "capabilities": offers,
        "missing_fields": missing,
    }
