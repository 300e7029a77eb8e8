"""The definition of what is mixed up (`docs/exceptions.md`, "Mixed up") read out in plain Python.

Written from the text, one ticket at a time, loops and ifs. How alike two summaries are and whether a note was seen are
judgements with tests of their own: the worlds only use texts for which there is no doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WITHIN, CROSSED, WINDOW = 24 * 3600, 5 * 60, 30 * 86400
PUBLIC = ("gmail.com",)

Answer = dict[tuple[str, str], set[tuple[str, int | None]]]
"""(ticket id, kind) -> codes with their `since`; `None`: when first seen."""


@dataclass
class Note:
    note_id: str
    created_at: int
    speaker: str
    public: bool
    text: str
    seen: bool = False
    seen_up_to: int | None = None


@dataclass
class Ticket:
    id: str
    values: dict[str, Any]
    parents: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


@dataclass
class World:
    tickets: list[Ticket]
    cards: list[dict[str, Any]]
    read_up_to: dict[str, list[tuple[str, bool, int | None]]]
    """Ticket id -> our changes: state, with a reply, what had been read."""
    catch_all: tuple[str, ...] = ("catchall",)

    def ticket(self, id: str) -> Ticket | None:
        return next((ticket for ticket in self.tickets if ticket.id == id), None)


def read(world: World, now: int) -> Answer:
    answer: Answer = {}
    for ticket in world.tickets:
        if not ticket.in_scope or ticket.presence != "here":
            continue
        for kind, found in (
            ("possible_duplicate", duplicate(world, ticket)),
            ("wrong_client", wrong_client(world, ticket)),
            ("crossed", crossed(world, ticket, now)),
            ("children_open", children_open(world, ticket)),
        ):
            if found:
                answer[ticket.id, kind] = found
    return answer


def duplicate(world: World, ticket: Ticket) -> set[tuple[str, int | None]]:
    if is_closed(ticket) or ticket.created_at is None:
        return set()
    for other in world.tickets:
        if other is ticket or other.presence != "here" or is_closed(other) or other.created_at is None:
            continue
        if not same(ticket, other, "company") or not same(ticket, other, "contact"):
            continue
        if other.id in ticket.parents or ticket.id in other.parents:
            continue
        if ticket.created_at - other.created_at > WITHIN:
            continue
        older = (other.created_at, len(other.id), other.id) < (ticket.created_at, len(ticket.id), ticket.id)
        if older and subject(other) and subject(other) == subject(ticket):
            return {("similar_open", ticket.created_at)}
    return set()


def is_closed(ticket: Ticket) -> bool:
    return ticket.closed or ticket.status == "Done"


def same(one: Ticket, other: Ticket, what: str) -> bool:
    """Both have the same id; or neither has an id, and both have the same name."""
    ids = [(ticket.values[f"{what}_id"] or "").strip() for ticket in (one, other)]
    names = [(ticket.values[what] or "").strip() for ticket in (one, other)]
    if ids[0] or ids[1]:
        return ids[0] == ids[1]
    return bool(names[0]) and names[0] == names[1]


def subject(ticket: Ticket) -> str:
    """The worlds' summaries differ in nothing but case and what is put before them."""
    return ticket.summary.lower().removeprefix("re: ").removeprefix("re:").removesuffix("!").strip()


def wrong_client(world: World, ticket: Ticket) -> set[tuple[str, int | None]]:
    found: set[tuple[str, int | None]] = set()
    if is_closed(ticket):
        return found
    if (ticket.company or "").strip().lower() in world.catch_all:
        found.add(("catch_all", None))
    if not ticket.company_id:
        return found
    for kind in ("contact", "agreement", "site"):
        cards = [
            card for card in world.cards if card["kind"] == kind and card["id"] == ticket.values[f"{kind}_id"]
        ]
        cards = [card for card in cards if card["active"]] or cards
        companies = {card["company_id"] for card in cards}
        if companies and "" not in companies and ticket.company_id not in companies:
            found.add((f"{kind}_elsewhere", None))
    domain = (ticket.contact_email or "").partition("@")[2].lower()
    if domain and domain not in PUBLIC:
        companies = {
            card["company_id"]
            for card in world.cards
            if card["kind"] == "contact" and (card["email"] or "").lower().endswith("@" + domain)
        } - {""}
        if len(companies) == 1 and ticket.company_id not in companies:
            found.add(("domain_elsewhere", None))
    parents = [world.ticket(id) for id in ticket.parents]
    known = [p.company_id for p in parents if p is not None and p.presence == "here" and p.company_id]
    if known and ticket.company_id not in known:
        found.add(("parent_elsewhere", None))
    return found


def in_order(notes: list[Note]) -> list[Note]:
    def order(note: Note) -> tuple[int, int, int]:
        if note.seen and note.seen_up_to is not None:
            return note.seen_up_to, 1, int(note.note_id)
        return note.created_at, 0, int(note.note_id)

    return sorted(notes, key=order)


def crossed(world: World, ticket: Ticket, now: int) -> set[tuple[str, int | None]]:
    if is_closed(ticket):
        closed_at = ticket.closed_at if ticket.closed_at is not None else ticket.updated_at
        if closed_at is not None and closed_at < now - WINDOW:
            return set()
    theirs: Note | None = None
    answers: list[Note] = []
    for note in in_order(ticket.notes):
        if note.speaker in ("customer", "unknown") and note.public:
            theirs, answers = note, []
        elif note.speaker == "staff" and (note.public or note.seen):
            answers.append(note)
    if theirs is None or not answers:
        return set()
    if any(note.seen for note in answers):
        return set()
    if any(note.created_at > theirs.created_at + CROSSED for note in answers):
        return set()
    for state, has_reply, read_up_to in world.read_up_to.get(ticket.id, []):
        sent = state in ("held", "queued", "sending", "uncertain", "confirmed")
        if sent and has_reply and read_up_to is not None and read_up_to >= theirs.created_at:
            return set()
    if any("inventory" in note.text for note in answers):  # the word that only the customer's notes have
        return set()
    return {("crossed", theirs.created_at)}


def children_open(world: World, ticket: Ticket) -> set[tuple[str, int | None]]:
    children = [other for other in world.tickets if ticket.id in other.parents and other.presence == "here"]
    opened = [child for child in children if not is_closed(child)]
    closing = ticket.status == "Completed"
    if opened and is_closed(ticket):
        return {("closed_with_open_children", ticket.closed_at)}
    if opened and closing:
        return {("closed_with_open_children", None)}
    if children and not opened and not is_closed(ticket) and not closing:
        moments = [child.closed_at for child in children if child.closed_at is not None]
        return {("all_children_closed", max(moments, default=None))}
    return set()
