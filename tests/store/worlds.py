"""Generated tickets with all that hangs on them, and how they get into the cache."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from sqlalchemy import Connection as Database
from sqlalchemy import insert, text

from connectors.contract import TICKET_FIELDS, Capabilities
from store.models import (
    ChoiceRow,
    ConnectionState,
    Note,
    StatusRole,
    Ticket,
    TicketCustom,
    TicketParent,
    TimeEntry,
)
from store.settings import KINDS, Connection, Exclude, KindRule, RequiredFor, Rules, Settings
from tests.store import plain_reading as plain
from tests.store.conftest import NOW

HOUR, DAY = 3600, 86400
STATUSES = ("New", "Child Ticket", "Customer Responded", "Completed", "Done", "Über")
BOARDS = ("Help Desk", "Projects", "Übergabe", None)
COMPANIES = ("Acme", "Contoso Ltd", None)
TYPES = ("Hardware", " Network ", None)
TEXTS = (None, "", "  ", "\t\u00a0\n", "\u200b", "n/a", " N/A ", "Unbekannt", "ÜBRIG", "Ann Lee", "555 0100")
FIELDS = (*TICKET_FIELDS, "custom:Asset", "custom:Nowhere")
WRITES = ("customer_flag", "status", "reply", "note", "attach", "detach", "billing_code", "entry_code")

ages = st.sampled_from(
    (0, 1, HOUR, DAY, 14 * DAY - 1, 14 * DAY, 14 * DAY + 1, 30 * DAY, 30 * DAY + 1, 90 * DAY)
)
moments = ages.map(lambda age: NOW - age)
maybe = st.none() | moments
texts = st.sampled_from(TEXTS)


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value eight times of ten."""
    return st.integers(0, 9).flatmap(lambda n: st.just(usual) if n < 8 else st.sampled_from(others))


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=3).map(tuple)


@st.composite
def notes(draw: st.DrawFn) -> list[plain.Note]:
    found = []
    few = st.sampled_from(draw(st.lists(moments, min_size=1, max_size=3)))  # so that moments meet
    for place in range(draw(st.integers(0, 5))):
        seen = draw(st.sampled_from((False, False, False, True)))
        found.append(
            plain.Note(
                note_id=str(draw(st.integers(1, 3)) * 100 + place),
                created_at=draw(few),
                speaker="staff"
                if seen
                else draw(st.sampled_from(("customer", "staff", "system", "unknown"))),
                public=not seen and draw(st.booleans()),
                seen=seen,
                seen_up_to=draw(st.none() | few) if seen else None,
            )
        )
    return found


@st.composite
def times(draw: st.DrawFn, ticket_id: str) -> list[plain.Time]:
    return [
        plain.Time(
            time_id=f"{ticket_id}-{place}",
            member=draw(st.sampled_from(("jdoe", "JDoe", "jdoerr", None))),
            started_at=draw(maybe),
            ended_at=draw(maybe),
            hours=draw(st.sampled_from((0.0, 0.25, 1.5))),
            code=draw(st.sampled_from((None, "", "3"))),
            locked=draw(st.booleans()),
        )
        for place in range(draw(st.integers(0, 2)))
    ]


@st.composite
def tickets(draw: st.DrawFn, ids: tuple[str, ...]) -> list[plain.Ticket]:
    found = []
    for id in ids:
        agreement = draw(st.sampled_from(("a1", "a2", "a3", None)))
        values: dict[str, Any] = {
            "number": f"7{id}",
            "status": draw(st.sampled_from(STATUSES)),
            "closed": draw(st.sampled_from((False, False, True))),
            "board": draw(st.sampled_from(BOARDS)),
            "company": draw(st.sampled_from(COMPANIES)),
            "type": draw(st.sampled_from(TYPES)),
            "agreement_id": agreement,
            "agreement": draw(texts) if agreement is None else draw(st.sampled_from((None, "Gold", "n/a"))),
            "customer_flag": draw(st.sampled_from((None, None, False, True))),
            "billing_code_id": draw(st.sampled_from((None, " ", "3"))),
            "hours": draw(st.sampled_from((None, 0.0, 0.5))),
            "due_at": draw(maybe),
            "created_at": draw(st.sampled_from((None, NOW - 100 * DAY, NOW - DAY))),
            "updated_at": draw(maybe),
            "closed_at": draw(maybe),
            "in_scope": draw(mostly(True, False)),
            "presence": draw(mostly("here", "deleted", "merged", "not_visible")),
            "first_sync": draw(st.booleans()),
            "contact_id": draw(st.sampled_from((None, "77"))),
        }
        for name in ("contact", "contact_phone", "subtype", "site", "owner"):
            values[name] = draw(texts)
        for name in ("contact_email", "item", "priority", "source"):
            values[name] = draw(st.sampled_from((None, "x")))
        custom = {"Asset": draw(texts)} if draw(st.booleans()) else {}
        related = draw(st.booleans())
        parents = (
            draw(st.lists(st.sampled_from((*ids, *ELSEWHERE, "99")), unique=True, max_size=2))
            if related
            else ()
        )
        found.append(
            plain.Ticket(
                id,
                values,
                custom,
                tuple(parent for parent in parents if parent != id),
                draw(notes()),
                draw(times(id)),
            )
        )
    return [*found, *(elsewhere(id) for id in ELSEWHERE if id not in ids)]


ELSEWHERE = ("95", "96", "97", "98")
"""Parents that belong to somebody else: open, closed, deleted, not visible. "99" has not been asked for."""


def elsewhere(id: str) -> plain.Ticket:
    values: dict[str, Any] = dict.fromkeys(
        (
            "board",
            "company",
            "type",
            "agreement",
            "agreement_id",
            "customer_flag",
            "billing_code_id",
            "hours",
            "due_at",
            "created_at",
            "updated_at",
            "contact",
            "contact_id",
            "contact_phone",
            "contact_email",
            "subtype",
            "site",
            "owner",
            "item",
            "priority",
            "source",
        )
    )
    values |= {
        "number": f"7{id}",
        "status": "New",
        "closed": id == "96",
        "closed_at": NOW - 2 * DAY if id == "96" else None,
        "in_scope": False,
        "presence": {"97": "deleted", "98": "not_visible"}.get(id, "here"),
        "first_sync": False,
    }
    return plain.Ticket(id, values)


@st.composite
def exclusions(draw: st.DrawFn) -> Exclude:
    return Exclude(
        statuses=draw(st.sampled_from(((), ("über",)))),
        boards=draw(st.sampled_from(((), ("PROJECTS",)))),
        types=draw(st.sampled_from(((), ("network",)))),
    )


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    entries = st.builds(
        RequiredFor,
        required=some(FIELDS),
        connection=st.sampled_from((None, "ACME", "other")),
        board=st.sampled_from((None, "help desk", "ÜBERGABE")),
        company=st.sampled_from((None, "acme ")),
        type=st.sampled_from((None, "NETWORK")),
    )
    connection = Connection(
        name="acme",
        psa="connectwise",
        technician="jdoe",
        timezone=draw(st.sampled_from(("UTC", "America/New_York", "Asia/Tokyo"))),
        closed_statuses=draw(st.sampled_from(((), ("done",)))),
        child_statuses=draw(st.sampled_from(((), ("child ticket",), ("Child Ticket", "ÜBER")))),
        responded_statuses=draw(st.sampled_from(((), (), ("customer responded",)))),
        closing_statuses=draw(st.sampled_from(((), ("Completed",)))),
    )
    rules = Rules(
        required=("agreement", *draw(some(FIELDS))),
        placeholders=draw(st.sampled_from(((), ("n/a",), ("n/a", "UNBEKANNT", "übrig")))),
        required_for=tuple(draw(st.lists(entries, max_size=3))),
        billing_when=draw(st.sampled_from(("worked", "always", "closing"))),
        kinds={"billing_code": KindRule(on=True, exclude=(draw(exclusions()),))},
    )
    gates = draw(st.lists(st.sampled_from(KINDS), unique=True))
    return Settings(connections={"acme": connection}, rules=rules, gates=tuple(gates))


@st.composite
def capabilities(draw: st.DrawFn) -> Capabilities | None:
    if draw(st.booleans()):
        return None  # not known yet
    return Capabilities(
        fields=frozenset(draw(st.sets(st.sampled_from(TICKET_FIELDS), min_size=8))),
        flag=True,
        code_on_ticket=draw(st.booleans()),
        code_on_time=draw(st.booleans()),
        code_name="Work type",
        writes=frozenset(draw(st.sets(st.sampled_from(WRITES)))),
        undoable=frozenset(),
    )


days = st.sampled_from((None, "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"))


@st.composite
def worlds(draw: st.DrawFn, size: int = 6) -> plain.World:
    chosen = draw(settings())
    world = plain.World(
        settings=chosen,
        connection=chosen.connections["acme"],
        capabilities=draw(capabilities()),
        member=draw(st.sampled_from((None, "JDOE"))),
        tickets=draw(tickets(tuple(str(id) for id in range(1, size + 1)))),
        agreements=[plain.Agreement(id, draw(days), draw(days), draw(st.booleans())) for id in ("a1", "a2")],
    )
    choose_parents(world)
    return world


def choose_parents(world: plain.World) -> None:
    """`parent_id`: the lowest open parent, else the lowest."""
    for ticket in world.tickets:
        opened = [parent for parent in ticket.parents if plain.state_of(world, parent) == "open"]
        ticket.values["parent_id"] = min(opened or ticket.parents, default=None, key=lambda id: (len(id), id))


# ---------------------------------------------------------------- into the cache

_TABLES = (
    "ticket",
    "ticket_parent",
    "ticket_custom",
    "note",
    "time_entry",
    "choice",
    "status_role",
    "connection_state",
)


def empty(cache: Database, journal: Database) -> None:
    """Everything of an earlier example goes."""
    for table in (*_TABLES, "exception", "reason", "rule_group", "stream"):
        cache.execute(text(f"DELETE FROM {table}"))
    for table in ("first_seen", "history", "change"):
        journal.execute(text(f"DELETE FROM {table}"))


def put(cache: Database, world: plain.World) -> None:
    """The PSA's rows of this world in place of what is there."""
    missing = cache.execute(text("SELECT missing_fields FROM connection_state")).scalar()
    for table in _TABLES:
        cache.execute(text(f"DELETE FROM {table}"))
    for table, rows in (
        (Ticket, [_ticket_row(ticket) for ticket in world.tickets]),
        (TicketParent, [_of(ticket, parent_id=id) for ticket in world.tickets for id in ticket.parents]),
        (
            TicketCustom,
            [_of(ticket, name=n, value=v) for ticket in world.tickets for n, v in ticket.custom.items()],
        ),
        (Note, [_note_row(ticket, note) for ticket in world.tickets for note in ticket.notes]),
        (TimeEntry, [_time_row(ticket, entry) for ticket in world.tickets for entry in ticket.time]),
        (ChoiceRow, [_agreement_row(agreement) for agreement in world.agreements]),
        (StatusRole, _roles(world.connection)),
        (ConnectionState, [_state_row(world, missing or "[]")]),
    ):
        if rows:
            cache.execute(insert(table), rows)


def _of(ticket: plain.Ticket, **values: Any) -> dict[str, Any]:
    return {"connection": "acme", "ticket_id": ticket.id, **values}


def _ticket_row(ticket: plain.Ticket) -> dict[str, Any]:
    return _of(ticket, status_key=ticket.status.casefold(), **ticket.values)


def _note_row(ticket: plain.Ticket, note: plain.Note) -> dict[str, Any]:
    marked = note.seen and note.seen_up_to is not None
    return _of(
        ticket,
        note_id=note.note_id,
        note_sort=int(note.note_id),
        created_at=note.created_at,
        author=note.author,
        speaker=note.speaker,
        public=note.public,
        seen=note.seen,
        seen_up_to=note.seen_up_to,
        order_at=note.seen_up_to if marked else note.created_at,
        order_rank=int(marked),
    )


def _time_row(ticket: plain.Ticket, entry: plain.Time) -> dict[str, Any]:
    return _of(
        ticket,
        time_id=entry.time_id,
        member=entry.member,
        started_at=entry.started_at,
        ended_at=entry.ended_at,
        hours=entry.hours,
        billing_code_id=entry.code,
        locked=entry.locked,
    )


def _agreement_row(agreement: plain.Agreement) -> dict[str, Any]:
    return {
        "connection": "acme",
        "kind": "agreement",
        "id": agreement.id,
        "name": agreement.id,
        "starts_on": agreement.starts_on,
        "ends_on": agreement.ends_on,
        "cancelled": agreement.cancelled,
    }


def _roles(connection: Connection) -> list[dict[str, Any]]:
    return [
        {"connection": "acme", "role": role, "status": status.casefold()}
        for role in ("closed", "child", "responded", "closing", "waiting")
        for status in getattr(connection, f"{role}_statuses")
    ]


def _state_row(world: plain.World, missing: str) -> dict[str, Any]:
    offers = "{}" if world.capabilities is None else msgspec.json.encode(world.capabilities).decode()
    return {"connection": "acme", "member": world.member, "capabilities": offers, "missing_fields": missing}
