"""The definition of exceptions (`docs/exceptions.md`) read out in plain Python, sentence by sentence.

Written from the text, not from the SQL: one ticket at a time, loops and ifs. The property tests hold the
rules against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Capabilities
from store.settings import Connection, RequiredFor, Settings

INVISIBLE = "\u200b\u2060\ufeff"


@dataclass
class Note:
    note_id: str
    created_at: int
    speaker: str
    public: bool
    seen: bool = False
    seen_up_to: int | None = None
    author: str = "Ann"


@dataclass
class Time:
    time_id: str
    member: str | None
    started_at: int | None
    ended_at: int | None
    hours: float
    code: str | None
    locked: bool


@dataclass
class Ticket:
    """A ticket with all that hangs on it; `values` are the columns by name."""

    id: str
    values: dict[str, Any]
    custom: dict[str, str | None] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)
    time: list[Time] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True)
class Agreement:
    id: str
    starts_on: str | None
    ends_on: str | None
    cancelled: bool


@dataclass
class World:
    settings: Settings
    connection: Connection
    capabilities: Capabilities | None
    member: str | None
    tickets: list[Ticket]
    agreements: list[Agreement]

    def ticket(self, id: str) -> Ticket | None:
        return next((ticket for ticket in self.tickets if ticket.id == id), None)


@dataclass
class Why:
    since: int | None
    gate: bool
    fixable: bool
    memory: tuple[str, str, str] | None = None
    """Kind, code, field under which "first seen" is remembered, where `since` is that."""
    creation_first: bool = True


@dataclass
class Memory:
    """What is kept durably between evaluations."""

    seen: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)


Reasons = dict[tuple[str, str, str], Why]
"""Code, field, time entry id."""

Answer = dict[tuple[str, str], tuple[int, bool, bool, dict[tuple[str, str, str], tuple[int, bool]]]]
"""(ticket id, kind) -> since, gate, psa_only, reasons with since and gate."""


def read(world: World, now: int, memory: Memory) -> Answer:
    answer: Answer = {}
    for ticket in world.tickets:
        if not ticket.in_scope or ticket.presence != "here":
            continue
        kinds: dict[str, Reasons] = {}
        for kind, reasons in (
            conversation(world, ticket, now),
            ("missing_fields", missing(world, ticket, now)),
            ("orphaned", orphaned(world, ticket)),
            ("billing_code", billing(world, ticket, now)),
        ):
            if reasons and kind in world.settings.kinds and not left_out(world, ticket, kind, now):
                kinds[kind] = reasons
        remember(ticket, kinds, now, memory)
        for kind, reasons in kinds.items():
            since = min(why.since for why in reasons.values() if why.since is not None)
            gating = [why for why in reasons.values() if why.gate]
            fixable = any(why.fixable for why in gating)
            answer[ticket.id, kind] = (
                since,
                bool(gating) and fixable and kind in world.settings.gates,
                bool(gating) and not fixable,
                {key: (since if why.since is None else why.since, why.gate) for key, why in reasons.items()},
            )
    return answer


def left_out(world: World, ticket: Ticket, kind: str, now: int) -> bool:
    """The company leaves it out of the kind."""
    today = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(world.connection.timezone)).date()
    return any(
        is_one_of(ticket.board, out.boards)
        or is_one_of(ticket.status, out.statuses)
        or is_one_of(ticket.type, out.types)
        or is_one_of(ticket.company, out.companies)
        or is_one_of(ticket.owner, out.technicians)
        for out in world.settings.rules.exclusions(kind)
        if not out.until or date.fromisoformat(out.until) >= today
    )


def remember(ticket: Ticket, kinds: dict[str, Reasons], now: int, memory: Memory) -> None:
    """ "When first seen, at the first sync the ticket's creation", kept durably until it no longer holds."""
    at_first_sync = ticket.first_sync and ticket.id not in memory.looked_at
    held = set()
    for reasons in kinds.values():
        for why in reasons.values():
            if why.memory is None:
                continue
            key = (ticket.id, *why.memory)
            held.add(key)
            if key not in memory.seen:
                at = now
                if at_first_sync and why.creation_first and ticket.created_at is not None:
                    at = ticket.created_at
                memory.seen[key] = at
            why.since = memory.seen[key]
    for key in [key for key in memory.seen if key[0] == ticket.id and key not in held]:
        del memory.seen[key]
    if ticket.first_sync:
        memory.looked_at.add(ticket.id)


# ---------------------------------------------------------------- words


def is_one_of(text: str | None, names: tuple[str, ...]) -> bool:
    return text is not None and plain(text).lower() in {plain(name).lower() for name in names}


def plain(text: str) -> str:
    """Without surrounding white space, visible or of no width at all."""
    before = None
    while before != text:
        before, text = text, text.strip().strip(INVISIBLE)
    return text


def is_closed(world: World, ticket: Ticket) -> bool:
    return ticket.closed or is_one_of(ticket.status, world.connection.closed_statuses)


def is_child(world: World, ticket: Ticket) -> bool:
    return ticket.parent_id is not None or is_one_of(ticket.status, world.connection.child_statuses)


def in_order(notes: list[Note]) -> list[Note]:
    """By (created, id); a seen note with the mark stands directly after the note that it covers."""
    placed = sorted(
        (note for note in notes if not (note.seen and note.seen_up_to is not None)),
        key=lambda note: (note.created_at, int(note.note_id)),
    )
    marked = [note for note in notes if note.seen and note.seen_up_to is not None]
    for mark in sorted(marked, key=lambda note: int(note.note_id), reverse=True):
        before = [
            place
            for place, note in enumerate(placed)
            if note not in marked and note.created_at <= mark.seen_up_to
        ]
        placed.insert(before[-1] + 1 if before else 0, mark)
    return placed


def can(world: World, *verbs: str) -> bool:
    return world.capabilities is None or any(verb in world.capabilities.writes for verb in verbs)


# ---------------------------------------------------------------- conversations


def conversation(world: World, ticket: Ticket, now: int) -> tuple[str, Reasons]:
    words = [
        note
        for note in in_order(ticket.notes)
        if (note.speaker == "staff" and (note.public or note.seen))
        or (note.speaker in ("customer", "unknown") and note.public)
    ]
    customers = [note for note in words if note.speaker != "staff"]
    run: list[Note] = []  # the customer's notes after the newest staff's word
    for note in words:
        run = [] if note.speaker == "staff" else [*run, note]
    flag = bool(ticket.customer_flag)
    by_status = is_one_of(ticket.status, world.connection.responded_statuses)
    signal = flag or by_status
    has_signal = ticket.customer_flag is not None or bool(world.connection.responded_statuses)
    signal_fixable = (not flag or can(world, "customer_flag")) and (not by_status or can(world, "status"))
    answer_fixable = can(world, "reply", "note")
    of_flag = Why(
        since=customers[-1].created_at if customers else None,
        gate=True,
        fixable=signal_fixable,
        memory=None if customers else ("signal", "flag", ""),
        creation_first=False,
    )

    def of_words() -> Why:
        return Why(since=run[0].created_at, gate=True, fixable=answer_fixable)

    reasons: Reasons = {}
    if is_closed(world, ticket):
        if run:
            newest = run[-1].created_at
            after = ticket.closed_at is None or newest > ticket.closed_at
            if after and now - newest <= world.settings.rules.reply_after_close_window:
                reasons["replied_after_close", "", ""] = of_words()
        kind = "reply_after_close"
        last_word_counts = bool(reasons)
        if signal:
            reasons["flag_set", "", ""] = of_flag
    else:
        kind = "child_reply" if is_child(world, ticket) else "customer_responded"
        last_word_counts = bool(run)
        if signal and run:
            reasons["flag_set", "", ""] = of_flag
            reasons["last_word_customer", "", ""] = of_words()
        elif run:
            reasons["flag_not_set" if has_signal else "last_word_customer", "", ""] = of_words()
        elif signal and words:  # staff has the last word
            reasons["flag_set_answered", "", ""] = of_flag
        elif signal:
            reasons["flag_set", "", ""] = of_flag
    if last_word_counts and any(note.speaker == "unknown" for note in run):
        reasons["author_unknown", "", ""] = of_words()
    return kind, reasons


# ---------------------------------------------------------------- fields


def missing(world: World, ticket: Ticket, now: int) -> Reasons:
    if is_closed(world, ticket):
        return {}
    gate = "missing_fields" in world.settings.gates
    reasons: Reasons = {}
    for name in required(world, ticket):
        if not the_psa_has(world, name):
            continue
        if is_empty(world, ticket, name):
            memory = ("missing_fields", "missing", name)
            reasons["missing", name, ""] = Why(None, gate, fixable=True, memory=memory)
        elif name == "agreement" and (why := inactive(world, ticket, now)):
            reasons["agreement_inactive", name, ""] = why
    return reasons


def required(world: World, ticket: Ticket) -> tuple[str, ...]:
    best, most = world.settings.rules.required, -1
    for entry in world.settings.rules.required_for:
        keys = matching_keys(world, ticket, entry)
        if keys is not None and keys >= most:
            best, most = entry.required, keys
    return best


def matching_keys(world: World, ticket: Ticket, entry: RequiredFor) -> int | None:
    pairs = [
        (world.connection.name, entry.connection),
        (ticket.board or "", entry.board),
        (ticket.company or "", entry.company),
        (ticket.type or "", entry.type),
    ]
    wanted = [(have, want) for have, want in pairs if want is not None]
    return len(wanted) if all(is_one_of(have, (want,)) for have, want in wanted) else None


def the_psa_has(world: World, name: str) -> bool:
    if world.capabilities is None or name in world.capabilities.fields:
        return True
    return any(f"custom:{custom}" == name for ticket in world.tickets for custom in ticket.custom)


def is_empty(world: World, ticket: Ticket, name: str) -> bool:
    if name == "due_at":
        return ticket.due_at is None
    if name.startswith("custom:"):
        value = ticket.custom.get(name.removeprefix("custom:"))
    else:
        value = ticket.values[name]
        if value is None:
            value = ticket.values.get(f"{name}_id")
    return value is None or plain(value) == "" or is_one_of(value, world.settings.rules.placeholders)


def inactive(world: World, ticket: Ticket, now: int) -> Why | None:
    zone = ZoneInfo(world.connection.timezone)
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    gate = "missing_fields" in world.settings.gates
    for agreement in world.agreements:
        if agreement.id != ticket.agreement_id:
            continue
        if agreement.ends_on is not None and date.fromisoformat(agreement.ends_on) < today:
            ended = date.fromisoformat(agreement.ends_on)
            start = datetime(ended.year, ended.month, ended.day, tzinfo=zone)
            return Why(int(start.timestamp()), gate, fixable=True)
        not_begun = agreement.starts_on is not None and date.fromisoformat(agreement.starts_on) > today
        if agreement.cancelled or not_begun:
            if ticket.created_at is None:
                memory = ("missing_fields", "agreement_inactive", "agreement")
                return Why(None, gate, fixable=True, memory=memory)
            return Why(ticket.created_at, gate, fixable=True)
    return None


# ---------------------------------------------------------------- parents


def orphaned(world: World, ticket: Ticket) -> Reasons:
    if is_closed(world, ticket):
        return {}
    reasons: Reasons = {}

    def add(code: str, gate: bool, *fixes: str, since: int | None = None) -> None:
        memory = ("orphaned", code, "") if since is None else None
        reasons[code, "", ""] = Why(since, gate, can(world, *fixes), memory)

    child_status = is_one_of(ticket.status, world.connection.child_statuses)
    if ticket.parent_id is None:
        if child_status:
            add("no_parent", True, "attach", "status")
        return reasons
    if world.connection.child_statuses and not child_status:
        add("not_child_status", True, "status", "detach")
    states = [state_of(world, parent) for parent in ticket.parents]
    if "open" in states or "not asked" in states:
        return reasons
    moved = ("attach", "detach", "status")
    if "closed" in states:
        closed = [world.ticket(parent) for parent in ticket.parents if state_of(world, parent) == "closed"]
        times = [parent.closed_at for parent in closed if parent is not None and parent.closed_at is not None]
        add("parent_closed", True, *moved, since=max(times, default=None))
    if "gone" in states:
        add("parent_missing", True, *moved)
    if "not visible" in states:
        add("parent_not_visible", False, *moved)
    return reasons


def state_of(world: World, id: str) -> str:
    parent = world.ticket(id)
    if parent is None:
        return "not asked"
    if parent.presence in ("deleted", "merged"):
        return "gone"
    if parent.presence == "not_visible":
        return "not visible"
    return "closed" if is_closed(world, parent) else "open"


# ---------------------------------------------------------------- billing codes


def billing(world: World, ticket: Ticket, now: int) -> Reasons:
    rules, offers = world.settings.rules, world.capabilities
    closed = is_closed(world, ticket)
    closing = closed or is_one_of(ticket.status, world.connection.closing_statuses)
    if closed:
        closing_time = ticket.closed_at if ticket.closed_at is not None else ticket.updated_at
        if closing_time is not None and now - closing_time > rules.billing_window:
            return {}
    worked = closed or (ticket.hours or 0) > 0 or bool(ticket.time)
    if not {"always": True, "closing": closing, "worked": worked}[rules.billing_when]:
        return {}
    reasons: Reasons = {}
    if (offers is None or offers.code_on_ticket) and plain(ticket.billing_code_id or "") == "":
        code = "closed_without_code" if closed else "ticket_without_code"
        times = [first(entry) for entry in ticket.time]
        first_time = min((at for at in times if at is not None), default=None)
        since = ticket.closed_at if closed else None
        since = first_time if since is None else since
        since = ticket.created_at if since is None else since
        reasons[code, "", ""] = Why(
            since, closing, can(world, "billing_code"), ("billing_code", code, "") if since is None else None
        )
    me = world.member or world.connection.technician
    locked = []
    for entry in ticket.time:
        mine = bool(me) and is_one_of(entry.member, (me,))
        if not mine or plain(entry.code or "") or not (offers is None or offers.code_on_time):
            continue
        if entry.locked:
            locked.append(entry)
            continue
        since = first(entry)
        memory = ("billing_code", "time_without_code", entry.time_id) if since is None else None
        reasons["time_without_code", "", entry.time_id] = Why(
            since, closing, can(world, "entry_code"), memory
        )
    if reasons:
        for entry in locked:  # named on a row that is here for another reason; its since is the row's
            reasons["locked", "", entry.time_id] = Why(None, gate=False, fixable=True)
    return reasons


def first(entry: Time) -> int | None:
    return entry.started_at if entry.started_at is not None else entry.ended_at
