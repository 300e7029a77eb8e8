"""The definition of the exceptions on time and money (`docs/exceptions.md`) read out in plain Python.

Written from the text, not from the SQL: one ticket, one entry at a time. The property tests hold the rules against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Capabilities
from store.asked import parse_question
from store.settings import Connection, Settings
from tests.store.plain_reading import INVISIBLE, is_one_of

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»„“”‘’‚‹›…–—·•、。"
NOT_THE_WORK = ("Seen, no answer needed:", "Hand-over (", "Question to billing (")


@dataclass
class Note:
    note_id: str
    created_at: int
    speaker: str = "staff"
    public: bool = False
    text: str = ""
    author: str = ""
    author_id: str | None = None


@dataclass
class Time:
    time_id: str
    started_at: int | None
    ended_at: int | None
    hours: float
    member: str | None = None
    member_id: str | None = None
    code: str | None = None
    locked: bool = False
    charge: bool | None = None
    invoiced: bool | None = None
    entered_at: int | None = None
    rate: float | None = None
    text: str = ""


@dataclass
class Ticket:
    id: str
    values: dict[str, Any]
    notes: list[Note] = field(default_factory=list)
    time: list[Time] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class World:
    settings: Settings
    capabilities: Capabilities | None
    member: str | None
    member_id: str | None
    name: str | None
    tickets: list[Ticket]

    @property
    def connection(self) -> Connection:
        return self.settings.connections["acme"]


Reason = tuple[int | None, float | None, bool]
"""since (None: when first seen), hours, whether a fix clears it."""

Answer = dict[tuple[str, str], dict[tuple[str, str], Reason]]
"""(ticket id, kind) -> (code, time entry id) -> reason."""


def read(world: World, now: int) -> Answer:
    answer: Answer = {}
    for kind in world.settings.kinds:
        if kind in READERS:
            for ticket, code, entry, reason in READERS[kind](world, now):
                answer.setdefault((ticket, kind), {})[code, entry] = reason
    return answer


Rows = Iterator[tuple[str, str, str, Reason]]
"""Ticket id, code, time entry id, reason."""


def queue(world: World) -> list[Ticket]:
    return [ticket for ticket in world.tickets if ticket.in_scope and ticket.presence == "here"]


def limit(world: World, kind: str, key: str) -> Any:
    return world.settings.rules.of(kind).limits[key]


def can(world: World, *writes: str) -> bool:
    return world.capabilities is None or any(write in world.capabilities.writes for write in writes)


def blank(text: str | None) -> bool:
    return text is None or bare(text, "") == ""


def bare(text: str, more: str = PUNCTUATION) -> str:
    while text and (text[0].isspace() or text[0] in INVISIBLE + more):
        text = text[1:]
    while text and (text[-1].isspace() or text[-1] in INVISIBLE + more):
        text = text[:-1]
    return text


def is_closed(world: World, ticket: Ticket) -> bool:
    return ticket.closed or is_one_of(ticket.status, world.connection.closed_statuses)


def closing(ticket: Ticket) -> int | None:
    return ticket.closed_at if ticket.closed_at is not None else ticket.updated_at


def counts(world: World, ticket: Ticket, kind: str, now: int) -> bool:
    """Open, or closed within the kind's window."""
    if not is_closed(world, ticket):
        return True
    at = closing(ticket)
    return at is None or now - at <= limit(world, kind, "window")


def about_the_work(note: Note) -> bool:
    begin = bare(note.text, "")
    return note.speaker == "staff" and not any(begin.startswith(mark) for mark in NOT_THE_WORK)


def day(world: World, now: int) -> tuple[int, int]:
    zone = ZoneInfo(world.connection.timezone)
    here = datetime.fromtimestamp(now, UTC).astimezone(zone)
    first = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return int(first.timestamp()), int((first + timedelta(days=1)).timestamp())


# ---------------------------------------------------------------- what was written down


def undocumented(world: World, now: int) -> Rows:
    kind = "undocumented"
    generic = [bare(text).lower() for text in limit(world, kind, "generic")]
    for ticket in queue(world):
        if not is_closed(world, ticket) or not counts(world, ticket, kind, now):
            continue
        texts = [ticket.resolution or ""]
        texts += [note.text for note in ticket.notes if about_the_work(note)]
        texts += [entry.text for entry in ticket.time]
        said = [bare(text) for text in texts]
        if any(len(text) >= limit(world, kind, "least") and text.lower() not in generic for text in said):
            continue
        code = "says_nothing" if any(said) else "nothing_written"
        since = closing(ticket) if closing(ticket) is not None else ticket.created_at
        yield ticket.id, code, "", (since, None, can(world, "note", "reply", "time"))


def unlogged(world: World, now: int) -> Rows:
    begins, ends = day(world, now)
    for ticket in queue(world):
        if ticket.time or (ticket.hours or 0) > 0:
            continue
        fixable = can(world, "time")
        if is_closed(world, ticket) and counts(world, ticket, "unlogged", now):
            since = closing(ticket) if closing(ticket) is not None else ticket.created_at
            yield ticket.id, "closed_without_time", "", (since, None, fixable)
        mine = [note.created_at for note in ticket.notes if about_the_work(note) and wrote(world, note)]
        today = [at for at in mine if begins <= at < ends]
        if today:
            yield ticket.id, "worked_without_time", "", (min(today), None, fixable)


def wrote(world: World, note: Note) -> bool:
    if world.member_id is not None and note.author_id is not None:
        return note.author_id == world.member_id
    login = world.member or world.connection.technician
    return is_one_of(note.author, tuple(name for name in (login, world.name) if name))


# ---------------------------------------------------------------- money


def work_at(entry: Time) -> int | None:
    for at in (entry.started_at, entry.ended_at, entry.entered_at):
        if at is not None:
            return at
    return None


def unbilled(world: World, now: int) -> Rows:
    for ticket in queue(world):
        if not counts(world, ticket, "unbilled", now):
            continue
        for entry in ticket.time:
            at = work_at(entry)
            if entry.charge is not True or entry.invoiced is not False or entry.hours <= 0 or at is None:
                continue
            if now - at >= limit(world, "unbilled", "after"):
                yield ticket.id, "not_invoiced", entry.time_id, (at, entry.hours, False)


def out_of_scope(world: World, now: int) -> Rows:
    for ticket in queue(world):
        if not counts(world, ticket, "out_of_scope", now):
            continue
        if blank(ticket.agreement) and blank(ticket.agreement_id):
            continue
        for entry in ticket.time:
            if entry.charge is True or entry.invoiced is True or entry.hours <= 0:
                continue
            code = ticket.billing_code if blank(entry.code) else entry.code
            of_agreement = [
                scope
                for scope in world.settings.rules.agreements
                if scope.name == "*" or is_one_of(ticket.agreement, (scope.name,))
            ]
            if any(is_one_of(code, scope.codes) for scope in of_agreement):
                fix = "billing_code" if blank(entry.code) else "entry_code"
            elif any(is_one_of(ticket.board, scope.boards) for scope in of_agreement):
                fix = "board"
            elif any(is_one_of(ticket.type, scope.types) for scope in of_agreement):
                fix = "type"
            else:
                continue
            fixable = not entry.locked and can(world, fix)
            yield ticket.id, "not_covered", entry.time_id, (work_at(entry), entry.hours, fixable)


# ---------------------------------------------------------------- how much work


def project_in_disguise(world: World, now: int) -> Rows:
    for ticket in queue(world):
        if is_closed(world, ticket) or ticket.project is True:
            continue
        work = [entry for entry in ticket.time if entry.hours > 0]
        hours = max(ticket.hours or 0, sum(entry.hours for entry in work))
        people = set()
        for entry in work:
            if entry.member_id is not None:
                people.add(("id", entry.member_id))
            elif not blank(entry.member):
                people.add(("name", bare(entry.member, "").lower()))
        fixable = can(world, "status")
        if hours >= limit(world, "project_in_disguise", "hours") - 0.000001:
            yield ticket.id, "many_hours", "", (None, hours, fixable)
        if len(people) >= limit(world, "project_in_disguise", "technicians"):
            yield ticket.id, "many_technicians", "", (None, None, fixable)
        if len(work) >= limit(world, "project_in_disguise", "entries"):
            yield ticket.id, "many_entries", "", (None, None, fixable)


def repeated_fix(world: World, now: int) -> Rows:
    kind = "repeated_fix"
    alike: dict[tuple[str, str], list[tuple[int, str, str, float]]] = {}
    for ticket in queue(world):
        if blank(ticket.type) or (ticket.company_id is None and blank(ticket.company)):
            continue
        company = ticket.company_id if ticket.company_id is not None else bare(ticket.company, "")
        for entry in ticket.time:
            at = entry.started_at if entry.started_at is not None else entry.ended_at
            if at is None or now - at > limit(world, kind, "within"):
                continue
            if entry.charge is True or entry.invoiced is True:
                continue
            if 0 < entry.hours * 3600 <= limit(world, kind, "longest") + 0.5:
                one = (at, entry.time_id, ticket.id, entry.hours)
                alike.setdefault((company, bare(ticket.type, "")), []).append(one)
    for entries in alike.values():
        entries.sort()
        least = limit(world, kind, "entries")
        if len(entries) >= least:
            hours = round(sum(hours for *_, hours in entries), 6)
            yield entries[-1][2], "again_and_again", "", (entries[least - 1][0], hours, False)


# ---------------------------------------------------------------- the technician's day


def is_own(world: World, entry: Time) -> bool:
    if world.member_id is not None and entry.member_id == world.member_id:
        return True
    login = world.member or world.connection.technician
    return bool(login) and is_one_of(entry.member, (login,))


def time_gap(world: World, now: int) -> Rows:
    begins, ends = day(world, now)
    here = {ticket.id for ticket in queue(world)}
    own = [(ticket, entry) for ticket in world.tickets for entry in ticket.time if is_own(world, entry)]
    for ticket, entry in own:
        worked = entry.ended_at if entry.ended_at is not None else entry.started_at
        if ticket.id not in here or worked is None or entry.entered_at is None:
            continue
        due = world.connection.hours.days_ahead(worked, limit(world, "time_gap", "late_days"))
        if begins <= entry.entered_at < ends and entry.entered_at > due:
            yield ticket.id, "entered_late", entry.time_id, (entry.started_at, entry.hours, False)
    todays = [one for one in own if one[1].started_at is not None and begins <= one[1].started_at < ends]
    placed = sorted(
        (entry.started_at, entry.ended_at, ticket.id, entry.time_id)
        for ticket, entry in todays
        if entry.ended_at is not None
    )
    if not placed:
        return
    for place, (begin, end, ticket, entry) in enumerate(placed):
        earlier = placed[:place]
        if not earlier:
            continue
        reaching = max(earlier, key=lambda one: one[1])
        if min(end, reaching[1]) - begin >= 60:
            for id, of in ((ticket, entry), (reaching[2], reaching[3])):
                if id in here:
                    hours = round((min(end, reaching[1]) - begin) / 3600, 6)
                    yield id, "overlap", of, (begin, hours, False)
                    break
    if len(placed) == len(todays):
        yield from gaps(world, now, placed, here)


def gaps(world: World, now: int, placed: list[tuple[int, int, str, str]], here: set[str]) -> Rows:
    """Minutes of the span that no entry covers, put together to stretches."""
    first, last = shift(world, now) or (placed[0][0], max(end for _, end, _, _ in placed))
    last = min(last, now)
    edges = sorted({first, last, *(at for one in placed for at in one[:2] if first <= at <= last)})
    free: list[list[int]] = []
    for begin, end in pairwise(edges):
        if any(one[0] <= begin and end <= one[1] for one in placed):
            continue
        # An entry of no length between two stretches parts them.
        parted = any(one[0] == one[1] == begin for one in placed)
        if free and free[-1][1] == begin and not parted:
            free[-1][1] = end
        else:
            free.append([begin, end])
    for begin, end in free:
        if end - begin < world.settings.gap:
            continue
        lasts = end == now and not any(one[0] == now for one in placed)
        before = [one for one in placed if one[0] < end and one[1] <= begin]
        after = [one for one in placed if one[0] >= end]
        hours = None if lasts else round((end - begin) / 3600, 6)
        if before and (one := max(before, key=lambda one: one[1]))[2] in here:
            yield one[2], "gap_after", one[3], (begin, hours, can(world, "time"))
        elif after and after[0][2] in here:
            yield after[0][2], "gap_before", after[0][3], (begin, hours, can(world, "time"))


def shift(world: World, now: int) -> tuple[int, int] | None:
    today = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(world.connection.timezone)).date()
    if world.settings.shift is None or today.weekday() >= 5:
        return None
    here = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(world.settings.timezone))
    moments = [
        here.replace(hour=at // 60, minute=at % 60, second=0, microsecond=0).timestamp()
        for at in world.settings.shift
    ]
    return int(moments[0]), int(moments[1])


# ---------------------------------------------------------------- questions to billing


def billing_question(world: World, now: int) -> Rows:
    on_ticket = world.capabilities is None or world.capabilities.code_on_ticket
    for ticket in queue(world):
        coded = not blank(ticket.billing_code)
        if not on_ticket:
            coded = bool(ticket.time) and not any(blank(entry.code) for entry in ticket.time)
        asked: Note | None = None
        for note in sorted(ticket.notes, key=lambda note: (note.created_at, int(note.note_id))):
            if note.speaker != "staff":
                continue
            if parse_question(note.text) is not None:
                asked = note
            elif asked is not None and note.author.casefold() != asked.author.casefold():
                asked = None
        if asked is None or coded:
            continue
        days = world.settings.billing_overdue_days
        if now >= world.connection.hours.days_ahead(asked.created_at, days):
            fixable = can(world, "billing_code" if on_ticket else "entry_code")
            yield ticket.id, "not_answered", "", (asked.created_at, None, fixable)


READERS = {
    "undocumented": undocumented,
    "unlogged": unlogged,
    "unbilled": unbilled,
    "out_of_scope": out_of_scope,
    "project_in_disguise": project_in_disguise,
    "repeated_fix": repeated_fix,
    "time_gap": time_gap,
    "billing_question": billing_question,
}
