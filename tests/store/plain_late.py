"""The section "Late" of `docs/exceptions.md` read out in plain Python, sentence by sentence.

Written from the text, not from the SQL: one ticket at a time, loops and ifs. The property tests hold the rules against
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Capabilities
from store.settings import Connection, Settings
from tests.store import plain_reading
from tests.store.plain_reading import in_order, is_one_of, plain

KINDS = (
    "sla",
    "unassigned",
    "stale",
    "waiting_too_long",
    "too_old",
    "abandoned",
    "owner_absent",
    "reopened",
)


@dataclass
class Note(plain_reading.Note):
    author_id: str | None = None


@dataclass
class Time:
    time_id: str
    member: str | None = None
    member_id: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    entered_at: int | None = None


@dataclass
class Ticket:
    """A ticket with all that hangs on it; `values` are the columns by name, what is not there is empty."""

    id: str
    values: dict[str, Any]
    notes: list[Note] = field(default_factory=list)
    time: list[Time] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)


@dataclass(frozen=True)
class Priority:
    id: str
    name: str
    position: int
    active: bool = True


@dataclass
class World:
    settings: Settings
    connection: Connection
    capabilities: Capabilities | None
    tickets: list[Ticket]
    priorities: list[Priority] = field(default_factory=list)
    timed: set[str] = field(default_factory=set)
    """Tickets with a timer that runs or is paused."""
    ended: set[str] = field(default_factory=set)
    """Those with one that is done with, just now."""
    reopenings: list[tuple[str, int, int]] = field(default_factory=list)
    """Ticket id, last seen closed, seen open."""

    def limit(self, kind: str, key: str) -> Any:
        return self.settings.rules.of(kind).limits[key]


FIRST_SEEN = None
"""Stands for "when first seen"."""

Reasons = dict[str, int | None]
"""Code -> since."""

Answer = dict[tuple[str, str], tuple[int, bool, bool, dict[str, tuple[int, bool]]]]
"""(ticket id, kind) -> since, gate, psa_only, reasons with since and gate."""


@dataclass
class Memory:
    seen: dict[tuple[str, str, str], int] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)


CLEARED_BY = {
    "respond_breached": ("reply", "status"),
    "respond_soon": ("reply", "status"),
    "resolve_breached": ("status",),
    "resolve_soon": ("status",),
    "too_old": ("status",),
    "nothing_planned": ("status",),
    "planned_in_the_past": ("status",),
    "reopened": ("status",),
    "no_owner": ("owner",),
    "no_activity": ("reply", "note", "time", "status"),
    "follow_up": ("reply", "status"),
    "stale_waiting": ("reply", "status"),
}


def read(world: World, now: int, memory: Memory) -> Answer:
    answer: Answer = {}
    for ticket in world.tickets:
        if not ticket.in_scope or ticket.presence != "here":
            continue
        kinds: dict[str, Reasons] = {}
        if not closed(world, ticket):
            kinds = {
                "sla": sla(world, ticket, now),
                "unassigned": unassigned(world, ticket, now),
                "stale": stale(world, ticket, now),
                "waiting_too_long": waiting(world, ticket, now),
                "too_old": too_old(world, ticket, now),
                "abandoned": abandoned(world, ticket, now),
                "reopened": reopened(world, ticket, now),
            }
        kinds = {kind: why for kind, why in kinds.items() if why and counts(world, ticket, kind)}
        gated = any(
            kind in world.settings.gates and any(fixable(world, code) for code in reasons)
            for kind, reasons in kinds.items()
        )
        if gated and counts(world, ticket, "owner_absent") and (why := absent(world, ticket, now)):
            kinds["owner_absent"] = why
        remember(ticket, kinds, now, memory)
        for kind, reasons in kinds.items():
            gate = kind in world.settings.gates
            can = any(fixable(world, code) for code in reasons)
            sinces = {code: since for code, since in reasons.items() if since is not None}
            assert sinces.keys() == reasons.keys()
            answer[ticket.id, kind] = (
                min(sinces.values()),
                gate and can,
                gate and not can,
                {code: (since, gate) for code, since in sinces.items()},
            )
    return answer


def counts(world: World, ticket: Ticket, kind: str) -> bool:
    """It is looked for, and the company does not leave the ticket out."""
    left_out = any(
        is_one_of(ticket.board, out.boards) or is_one_of(ticket.status, out.statuses)
        for out in world.settings.rules.exclusions(kind)
    )
    return kind in world.settings.kinds and not left_out


def fixable(world: World, code: str) -> bool:
    if world.capabilities is None or code not in CLEARED_BY:
        return True
    return any(write in world.capabilities.writes for write in CLEARED_BY[code])


def remember(ticket: Ticket, kinds: dict[str, Reasons], now: int, memory: Memory) -> None:
    """ "When first seen, at the first sync the ticket's creation", kept until it no longer holds."""
    at_first_sync = ticket.first_sync and ticket.id not in memory.looked_at
    held = set()
    for kind, reasons in kinds.items():
        for code, since in list(reasons.items()):
            if since is not FIRST_SEEN:
                continue
            key = (ticket.id, kind, code)
            held.add(key)
            if key not in memory.seen:
                by_creation = at_first_sync and kind != "owner_absent" and ticket.created_at is not None
                memory.seen[key] = ticket.created_at if by_creation else now
            reasons[code] = memory.seen[key]
    for key in [key for key in memory.seen if key[0] == ticket.id and key not in held]:
        del memory.seen[key]
    if ticket.first_sync:
        memory.looked_at.add(ticket.id)


def closed(world: World, ticket: Ticket) -> bool:
    return bool(ticket.closed) or is_one_of(ticket.status, world.connection.closed_statuses)


def waits(world: World, ticket: Ticket) -> bool:
    return is_one_of(ticket.status, world.connection.waiting_statuses)


# ---------------------------------------------------------------- the kinds


def sla(world: World, ticket: Ticket, now: int) -> Reasons:
    hours = world.connection.hours
    share = Fraction(str(world.limit("sla", "warn_at")))
    reasons: Reasons = {}
    for what, by, met in (
        ("respond", ticket.respond_by, ticket.responded_at),
        ("resolve", ticket.resolve_by, ticket.resolved_at),
    ):
        if by is None or met is not None:
            continue
        if now >= by:
            reasons[f"{what}_breached"] = by
        elif not ticket.sla_waits and ticket.created_at is not None:
            total = hours.between(ticket.created_at, by)
            if total > 0 and hours.between(ticket.created_at, now) >= share * total:
                reasons[f"{what}_soon"] = first_moment(
                    lambda at, total=total: hours.between(ticket.created_at, at) >= share * total,
                    ticket.created_at,
                    now,
                )
    return reasons


def first_moment(holds: Any, early: int, late: int) -> int:
    """The first moment from `early` on at which it holds, which it does at `late`."""
    while early < late:
        middle = (early + late) // 2
        early, late = (early, middle) if holds(middle) else (middle + 1, late)
    return late


def unassigned(world: World, ticket: Ticket, now: int) -> Reasons:
    if plain(ticket.owner or "") or plain(ticket.owner_id or ""):
        return {}
    if ticket.created_at is None:
        return {"no_owner": FIRST_SEEN}
    age = world.connection.hours.between(ticket.created_at, now)
    return {"no_owner": ticket.created_at} if age > world.limit("unassigned", "after") else {}


def stale(world: World, ticket: Ticket, now: int) -> Reasons:
    if waits(world, ticket):
        return {}
    if ticket.scheduled_until is not None and ticket.scheduled_until > now:
        return {}
    moments = [ticket.created_at]
    for note in ticket.notes:
        if note.speaker != "system":
            moments.append(note.created_at)
    for entry in ticket.time:
        moments += [entry.started_at, entry.ended_at]
    known = [at for at in moments if at is not None]
    if not known:
        return {}
    days = world.limit("stale", "high_days" if is_high(world, ticket) else "days")
    last = max(known)
    return {"no_activity": last} if world.connection.hours.days_ahead(last, days) < now else {}


def is_high(world: World, ticket: Ticket) -> bool:
    named = world.limit("stale", "high_priorities")
    if named:
        return is_one_of(ticket.priority, named)
    places = sorted({one.position for one in world.priorities if one.active})
    if len(places) >= 2:
        for one in world.priorities:
            if one.position <= places[1]:
                same_id = ticket.priority_id == one.id
                if same_id or (ticket.priority_id is None and is_one_of(ticket.priority, (one.name,))):
                    return True
        return False
    ranks = sorted({one.priority_rank for one in world.tickets if one.priority_rank is not None})
    return ticket.priority_rank is not None and ticket.priority_rank in ranks[:2]


def waiting(world: World, ticket: Ticket, now: int) -> Reasons:
    if not waits(world, ticket):
        return {}
    notes: list[plain_reading.Note] = list(ticket.notes)
    by_people = [note for note in in_order(notes) if note.speaker != "system"]
    words = [
        note
        for note in by_people
        if (note.speaker == "staff" and (note.public or note.seen))
        or (note.speaker != "staff" and note.public)
    ]
    if words and words[-1].speaker != "staff":
        return {}
    signal = bool(ticket.customer_flag) or is_one_of(ticket.status, world.connection.responded_statuses)
    if not words and signal:
        return {}
    said = [note.created_at for note in words if note.speaker == "staff"]
    last = max(said, default=None)
    if last is None:
        last = max((note.created_at for note in by_people), default=ticket.created_at)
    if last is None:
        return {}
    if now - last >= world.limit("waiting_too_long", "stale"):
        return {"stale_waiting": last}
    if now - last >= world.limit("waiting_too_long", "follow_up"):
        return {"follow_up": last}
    return {}


def too_old(world: World, ticket: Ticket, now: int) -> Reasons:
    if ticket.project or ticket.created_at is None:
        return {}
    return {"too_old": ticket.created_at} if now - ticket.created_at > world.limit("too_old", "after") else {}


def abandoned(world: World, ticket: Ticket, now: int) -> Reasons:
    if waits(world, ticket) or not is_one_of(ticket.status, world.limit("abandoned", "statuses")):
        return {}
    if ticket.scheduled_until is None:
        return {} if ticket.id in world.timed else {"nothing_planned": FIRST_SEEN}
    return {"planned_in_the_past": ticket.scheduled_until} if ticket.scheduled_until < now else {}


def reopened(world: World, ticket: Ticket, now: int) -> Reasons:
    within = world.limit("reopened", "within")
    seen = [at for id, _, at in world.reopenings if id == ticket.id and now - at <= within]
    return {"reopened": max(seen)} if len(seen) >= world.limit("reopened", "times") else {}


# ---------------------------------------------------------------- absent owners


def absent(world: World, ticket: Ticket, now: int) -> Reasons:
    owner, owner_id = plain(ticket.owner or "").lower(), plain(ticket.owner_id or "").lower()
    if not owner and not owner_id:
        return {}
    if owner and is_one_of(owner, (world.connection.technician,)):
        return {}
    zone = ZoneInfo(world.connection.timezone)
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    begins: list[date | None] = []
    for entry in world.limit("owner_absent", "away"):
        name, first, last = away(entry)
        if is_one_of(owner, (name,)) and (first is None or last is None or first <= today <= last):
            begins.append(first)
    if begins:
        days = [day for day in begins if day is not None]
        return {"owner_away": midnight(min(days), zone) if days else FIRST_SEEN}
    return quiet(world, owner, owner_id, midnight(today, zone), now)


def away(entry: str) -> tuple[str, date | None, date | None]:
    words = entry.split(" ")
    if len(words) == 1:
        return entry, None, None
    first, _, last = words[-1].partition("..")
    return " ".join(words[:-1]), date.fromisoformat(first), date.fromisoformat(last or first)


def midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def quiet(world: World, owner: str, owner_id: str, today: int, now: int) -> Reasons:
    hours, wanted = world.connection.hours, world.limit("owner_absent", "quiet_for")
    if not wanted or world.connection.scope.kind == "mine" or hours.between(today, now) < wanted:
        return {}
    signs = []
    for ticket in world.tickets:
        for note in ticket.notes:
            if note.speaker == "staff" and is_them(note.author_id, note.author, owner_id, owner):
                signs.append(note.created_at)
        for entry in ticket.time:
            if is_them(entry.member_id, entry.member, owner_id, owner):
                signs += [entry.started_at, entry.ended_at, entry.entered_at]
    of_today = [at for at in signs if at is not None and at >= today]
    if any(hours.between(at, now) < wanted for at in of_today):
        return {}
    if of_today:
        return {"owner_quiet": max(of_today)}
    return {"owner_quiet": opening(hours, today, now)}


def is_them(id: str | None, name: str | None, owner_id: str, owner: str) -> bool:
    by_id = bool(owner_id) and plain(id or "").lower() == owner_id
    return by_id or (bool(owner) and plain(name or "").lower() == owner)


def opening(hours: Any, today: int, now: int) -> int:
    """The last moment up to which nothing of today was open."""
    return first_moment(lambda at: hours.between(today, at + 1) > 0, today, now)
