"""Generated shops in which tickets are late in every way, and how they get into the databases."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from sqlalchemy import Connection as Database
from sqlalchemy import insert, text

from connectors.contract import Capabilities, Scope
from store.business_time import Hours
from store.journal_models import ReopeningRow, Timer
from store.models import ChoiceRow, ConnectionState, Note, StatusRole, Ticket, TimeEntry
from store.rules.catalogue import BY_NAME, CATALOGUE
from store.settings import Connection, Exclude, KindRule, Rules, Settings
from tests.store import plain_late as plain
from tests.store import worlds
from tests.store.conftest import NOW
from tests.store.worlds import DAY, HOUR

EIGHT_TO_SIX = ((8 * 60, 12 * 60), (13 * 60, 18 * 60))
CALENDARS = (
    Hours(),
    Hours(zone="America/New_York", week=(EIGHT_TO_SIX,) * 5 + (((9 * 60, 12 * 60),), ())),
    Hours(week=(((0, 24 * 60),),) * 7, holidays=("2026-11-19",)),
)
STATUSES = ("New", "In Progress", "WORKING", "Waiting", "Customer Responded", "Done")
PRIORITIES = (("1", "High"), ("2", "Medium"), ("3", "Low"), ("9", "Retired"))
OWNERS = (
    (None, None),
    ("7", "asmith"),
    ("8", "Bob Lee"),
    (None, "Bob Lee"),
    ("5", "JDoe"),
    ("", " "),
    ("6", None),
)
PEOPLE = (
    ("7", "Anna Smith"),
    (None, "bob lee"),
    ("8", "Bob Lee"),
    ("99", "asmith"),
    ("5", "jdoe"),
    (None, None),
)
WRITES = ("reply", "note", "status", "owner", "time")
LATER = (1, 60, HOUR, 4 * HOUR, 8 * HOUR)
"""How long after `NOW` the clock is looked at again; the same day in every zone used."""


@lru_cache
def edges(hours: Hours) -> list[int]:
    """Moments just before, at and after each of the definition's cut-offs, now and later."""
    cuts = []
    for now in (NOW, *(NOW + more for more in LATER)):
        cuts += [hours.back(now, 20 * 60), hours.back(now, 4 * HOUR)]
        cuts += [hours.days_back(now, days) for days in (1, 2, 3)]
        cuts += [now - 48 * HOUR, now - 7 * DAY, now - 14 * DAY]
    return sorted({at + more for at in cuts for more in (-1, 0, 1)})


def worlds_late(size: int = 5) -> st.SearchStrategy[plain.World]:
    """A shop from a number: what is drawn is one number, so that thousands of edges stay quick to go through."""
    return st.integers(0, 1 << 48).map(lambda seed: world(random.Random(seed), size))


def world(draw: random.Random, size: int) -> plain.World:
    hours = draw.choice(CALENDARS)
    near = [NOW + more for more in (-2, -1, 0, 1, -60, -1800, -3 * HOUR, -DAY)]
    moments = [*(near * 4), *edges(hours), *([NOW - 20 * DAY] * 20)]
    settings = settings_late(draw, hours)
    ids = [str(id) for id in range(1, size + 1)]
    return plain.World(
        settings=settings,
        connection=settings.connections["acme"],
        capabilities=draw.choice((None, capabilities(draw))),
        tickets=[ticket(draw, id, hours, moments) for id in ids],
        priorities=draw.choice(ORDERS),
        timed=set(draw.sample(ids, draw.randrange(3))),
        reopenings=reopenings(draw, size),
    )


def mostly(draw: random.Random, usual: Any, *others: Any) -> Any:
    """The usual value eight times of ten."""
    return usual if draw.random() < 0.8 else draw.choice(others)


def maybe(draw: random.Random, moments: list[int]) -> int | None:
    return draw.choice(moments) if draw.random() < 0.5 else None


def _listed(*positions: int) -> list[plain.Priority]:
    return [
        plain.Priority(id, name, position, active=id != "9")
        for (id, name), position in zip(PRIORITIES, positions, strict=True)
    ]


ORDERS: list[list[plain.Priority]] = [[], _listed(10, 20, 30, 15), _listed(0, 0, 0, 0), _listed(1, 1, 2, 0)]


def ticket(draw: random.Random, id: str, hours: Hours, moments: list[int]) -> plain.Ticket:
    created = mostly(draw, draw.choice(moments), None)
    owner_id, owner = draw.choice(OWNERS)
    priority = draw.choice((*PRIORITIES, (None, "high"), (None, None)))
    values: dict[str, Any] = {
        "number": f"7{id}",
        "status": draw.choice(STATUSES),
        "closed": mostly(draw, False, True),
        "board": draw.choice(("Help Desk", "Projects", None)),
        "priority_id": priority[0],
        "priority": priority[1],
        "priority_rank": draw.choice((None, 1, 2, 3, 4)),
        "owner_id": owner_id,
        "owner": owner,
        "customer_flag": draw.choice((None, False, True)),
        "created_at": created,
        "scheduled_until": maybe(draw, moments),
        "project": draw.choice((None, False, True)),
        "sla_waits": draw.choice((None, False, True)),
        "responded_at": draw.choice((None, None, NOW - DAY)),
        "resolved_at": draw.choice((None, None, NOW - DAY)),
        "respond_by": target(draw, created, hours, moments),
        "resolve_by": target(draw, created, hours, moments),
        "in_scope": mostly(draw, True, False),
        "presence": mostly(draw, "here", "deleted", "not_visible"),
        "first_sync": draw.choice((False, True)),
    }
    return plain.Ticket(id, values, notes(draw, moments), times(draw, id, moments))


def target(draw: random.Random, created: int | None, hours: Hours, moments: list[int]) -> int | None:
    """None, a moment, or one of which 80 % of the time is gone about now."""
    if created is None or draw.random() < 0.5:
        return maybe(draw, moments)
    gone = hours.between(created, NOW)
    return hours.ahead(created, gone * 5 // 4 + draw.choice((-1, 0, 1, 2, 3600)))


def notes(draw: random.Random, moments: list[int]) -> list[plain.Note]:
    found = []
    for place in range(draw.choice((0, 0, 1, 1, 2, 3))):
        id, name = draw.choice(PEOPLE)
        seen = draw.random() < 0.25
        speaker = draw.choice(("customer", "staff", "staff", "system", "unknown"))
        found.append(
            plain.Note(
                note_id=str(draw.randrange(1, 4) * 100 + place),
                created_at=draw.choice(moments),
                speaker="staff" if seen else speaker,
                public=not seen and draw.random() < 0.5,
                seen=seen,
                seen_up_to=maybe(draw, moments) if seen else None,
                author=name or "",
                author_id=id,
            )
        )
    return found


def times(draw: random.Random, ticket: str, moments: list[int]) -> list[plain.Time]:
    found = []
    for place in range(draw.choice((0, 0, 1))):
        id, name = draw.choice(PEOPLE)
        found.append(plain.Time(f"{ticket}-{place}", name, id, *(maybe(draw, moments) for _ in range(3))))
    return found


def reopenings(draw: random.Random, size: int) -> list[tuple[str, int, int]]:
    ages = [30 * DAY + more - later for later in (0, *LATER) for more in (-1, 0, 1)] + [0, DAY] * 3
    found = {}
    for _ in range(draw.randrange(2 * size)):
        at = NOW - draw.choice(ages)
        found[str(draw.randrange(1, 4)), at - 10] = at
    return [(ticket, closed, opened) for (ticket, closed), opened in found.items()]


def settings_late(draw: random.Random, hours: Hours) -> Settings:
    connection = Connection(
        name="acme",
        psa="connectwise",
        technician="jdoe",
        scope=draw.choice((Scope("all"), Scope("all"), Scope("team", "Desk"), Scope("mine"))),
        timezone=hours.zone,
        hours=hours,
        closed_statuses=draw.choice(((), ("done",))),
        responded_statuses=draw.choice(((), ("customer responded",))),
        waiting_statuses=draw.choice(((), ("waiting",), ("Waiting", "working"))),
    )
    chosen: dict[str, dict[str, Any]] = {
        "sla": {"warn_at": mostly(draw, 0.8, 0.55, 1.0)},
        "stale": {
            "days": draw.choice((2, 3)),
            "high_priorities": draw.choice(((), (), ("HIGH", "medium"))),
        },
        "waiting_too_long": {"stale": mostly(draw, 7 * DAY, DAY)},
        "owner_absent": {
            "away": draw.choice(((), (), ("ASmith",), AWAY, ("Bob Lee 2026-11-18..2026-11-20",))),
            "quiet_for": mostly(draw, 4 * HOUR, 0, 20 * 60),
        },
    }
    kinds = {kind.name: KindRule(on=False) for kind in CATALOGUE if kind.on}
    for kind in plain.KINDS:
        limits = {limit.key: limit.default for limit in BY_NAME[kind].limits} | chosen.get(kind, {})
        exclude = (Exclude(boards=("projects",)),) if draw.random() < 0.2 else ()
        kinds[kind] = KindRule(on=mostly(draw, True, False), limits=limits, exclude=exclude)
    gates = tuple(kind for kind in plain.KINDS if draw.random() < 0.4)
    return Settings(connections={"acme": connection}, rules=Rules(kinds=kinds), gates=gates)


AWAY = ("asmith 2026-11-20", "asmith 2026-11-19..2026-11-30", "Bob Lee 2026-11-21..2026-12-01")


def capabilities(draw: random.Random) -> Capabilities:
    return Capabilities(
        fields=frozenset(),
        flag=True,
        code_on_ticket=False,
        code_on_time=False,
        code_name="Work type",
        writes=frozenset(write for write in WRITES if draw.random() < 0.5),
        undoable=frozenset(),
        tells=frozenset(("sla", "schedule")),
    )


# ---------------------------------------------------------------- into the databases


def put(cache: Database, journal: Database, world: plain.World) -> None:
    """The rows of this world in place of what is there."""
    for table in ("ticket", "note", "time_entry", "choice", "status_role", "connection_state"):
        cache.execute(text(f"DELETE FROM {table}"))
    for table in ("timer", "reopening"):
        journal.execute(text(f"DELETE FROM {table}"))
    for model, rows in (
        (Ticket, [_ticket(one) for one in world.tickets]),
        (Note, [_note(one, note) for one in world.tickets for note in one.notes]),
        (TimeEntry, [_of(one.id, **vars(entry)) for one in world.tickets for entry in one.time]),
        (ChoiceRow, [{"connection": "acme", "kind": "priority", **vars(one)} for one in world.priorities]),
    ):
        if rows:  # each with all columns that one of them has
            empty = dict.fromkeys(name for row in rows for name in row)
            cache.execute(insert(model), [empty | row for row in rows])
    if roles := worlds._roles(world.connection):
        cache.execute(insert(StatusRole), roles)
    offers = "{}" if world.capabilities is None else msgspec.json.encode(world.capabilities).decode()
    cache.execute(insert(ConnectionState), [{"connection": "acme", "capabilities": offers}])
    if world.timed or world.ended:
        timer = {"number": "", "summary": "", "started_at": NOW, "running_since": None, "seconds": 0}
        journal.execute(
            insert(Timer),
            [
                _of(id, **timer, ended_at=None if id in world.timed else NOW)
                for id in sorted(world.timed | world.ended)
            ],
        )
    if world.reopenings:
        names = ("ticket_id", "seen_closed_at", "reopened_at")
        rows = [{"connection": "acme", **dict(zip(names, one, strict=True))} for one in world.reopenings]
        journal.execute(insert(ReopeningRow), rows)


def _of(ticket: str, **values: Any) -> dict[str, Any]:
    return {"connection": "acme", "ticket_id": ticket, **values}


def _ticket(ticket: plain.Ticket) -> dict[str, Any]:
    read = {"notes_read_at": NOW, "time_read_at": NOW}
    return _of(ticket.id, status_key=ticket.status.casefold(), **(read | ticket.values))


def _note(ticket: plain.Ticket, note: plain.Note) -> dict[str, Any]:
    marked = note.seen and note.seen_up_to is not None
    order = note.seen_up_to if marked else note.created_at
    more = {"note_sort": int(note.note_id), "order_at": order, "order_rank": int(marked)}
    return _of(ticket.id, **vars(note), **more)
