"""Makes the MSP from its seed: setup tables first, then tickets, numbered in the order they were opened."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING

from connectors.simulators import owed, people
from connectors.simulators.model import (
    Agreement,
    Board,
    Company,
    Contact,
    Member,
    Named,
    Site,
    Status,
    TypeRow,
)
from connectors.simulators.plant import Planter
from connectors.simulators.talk import TOPICS

if TYPE_CHECKING:
    from connectors.simulators.draft import Draft
    from connectors.simulators.world import World

DAY = 86400
FIRST_TICKET = 70101
FIRST_NOTE = 480001
FIRST_ENTRY = 310001


def fill(world: World, tickets: int) -> None:
    """Setup tables, people and tickets; at least the planted ones, whatever `tickets` says."""
    rng = random.Random(world.seed)
    _setup(world)
    _customers(world, rng)
    _number(world, Planter(world, rng).drafts(tickets))
    owed.lay_down(world)


def _setup(world: World) -> None:
    for i, (identifier, first, last, title, inactive) in enumerate(people.MEMBERS):
        world.members[101 + i] = Member(101 + i, identifier, first, last, title, inactive)
    for i, (name, project, reply_status) in enumerate(people.BOARDS):
        board = Board(1 + i, name, project, reply_status)
        world.boards[board.id] = board
        for j, (status, closed, no_time) in enumerate(people.STATUSES):
            if project and status == "Customer Responded":
                continue
            clock = people.CLOCKS.get(status, "runs")
            row = Status(500 + 40 * i + j, board.id, status, j, closed, no_time, clock=clock)
            world.statuses[row.id] = row
        old = Status(500 + 40 * i + 30, board.id, "Escalated (old)", 30, inactive=True)
        world.statuses[old.id] = old
        _types(world, board.id)
    for table, names, base in (
        (world.priorities, people.PRIORITIES, 1),
        (world.sources, people.SOURCES, 21),
        (world.work_roles, people.WORK_ROLES, 61),
    ):
        for i, name in enumerate(names):
            table[base + i] = Named(base + i, name, i + 1)
    for i, name in enumerate(people.TEAMS):
        world.teams[41 + i] = Named(41 + i, name, i + 1, board_id=1 + i)
    for i, (name, bill, inactive) in enumerate(people.WORK_TYPES):
        world.work_types[1 + i] = Named(1 + i, name, i + 1, inactive, bill)


def _types(world: World, board_id: int) -> None:
    """Each board has its own copies of types, subtypes and items."""
    for name in dict.fromkeys(t.type for t in TOPICS):
        row = TypeRow(1000 * board_id + len(world.types) + 1, board_id, name)
        world.types[row.id] = row
    of = {t.name: t.id for t in world.types.values() if t.board_id == board_id}
    for topic in {t.subtype: t for t in TOPICS}.values():
        key = 1000 * board_id + 300 + len(world.subtypes) + 1
        world.subtypes[key] = TypeRow(key, board_id, topic.subtype, type_ids=(of[topic.type],))
    for name in dict.fromkeys(t.item for t in TOPICS):
        key = 1000 * board_id + 600 + len(world.items) + 1
        world.items[key] = TypeRow(key, board_id, name)


def _customers(world: World, rng: random.Random) -> None:
    names = list(people.PEOPLE)
    rng.shuffle(names)
    today = world.start - world.start % DAY
    for i, (identifier, name, domain, sites) in enumerate(people.COMPANIES):
        company = Company(250 + i, identifier, name, f"{domain}.test", f"555 01{i:02d}")
        world.companies[company.id] = company
        for site in sites:
            key = 900 + len(world.sites)
            world.sites[key] = Site(
                key, company.id, site, people.CITIES[len(world.sites) % len(people.CITIES)]
            )
        mine = [s.id for s in world.sites.values() if s.company_id == company.id]
        for j in range(3 + (i % 2)):
            first, last = names[(len(world.contacts)) % len(names)]
            key = 700 + len(world.contacts)
            mail = f"{_ascii(first)}.{_ascii(last)}@{company.domain}"
            phone = f"555 01{20 + len(world.contacts):02d}"
            title = people.TITLES[(i + j) % len(people.TITLES)]
            world.contacts[key] = Contact(
                key, company.id, mine[j % len(mine)], first, last, title, phone, mail
            )
        _agreements(world, company.id, i, today)
    list(world.contacts.values())[-1].inactive = True


def _agreements(world: World, company_id: int, i: int, today: int) -> None:
    """One active agreement for each company, and beside it one of every other state somewhere."""

    def add(name: str, type_: str, start: int, end: int | None = None, *, cancelled: bool = False) -> None:
        key = 300 + len(world.agreements)
        at = today - 20 * DAY if cancelled else None
        world.agreements[key] = Agreement(key, company_id, name, type_, start, end, cancelled, at)

    name, type_ = people.AGREEMENTS[i % 2]
    add(name, type_, today - (400 + 30 * i) * DAY)
    match i % 4:
        case 0:
            add("Bronze Support (until last month)", "Support", today - 500 * DAY, today - 30 * DAY)
        case 1:
            add("Backup Only", "Managed", today - 300 * DAY, cancelled=True)
        case 2:
            add("Platinum from next quarter", "Managed", today + 45 * DAY)
        case 3:
            add("Block Hours 20", "Block time", today - 90 * DAY, today + DAY)


def _ascii(name: str) -> str:
    """A name as a mail address would have it."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(str.maketrans("łđıø", "ldio")))
    return "".join(c for c in plain if c.isascii() and c.isalpha())


def _number(world: World, drafts: list[Draft]) -> None:
    """Numbers everything in the order of its time and files it in the world's tables."""
    drafts.sort(key=lambda d: d.ticket.entered)
    note_id, entry_id = FIRST_NOTE, FIRST_ENTRY
    for i, draft in enumerate(drafts):
        draft.ticket.id = FIRST_TICKET + i
    for draft in drafts:
        ticket = draft.ticket
        if draft.deleted:
            continue
        for note in sorted(draft.notes, key=lambda n: n.at):
            note.id, note.ticket_id, note_id = note_id, ticket.id, note_id + 1
        for entry in sorted(draft.entries, key=lambda e: e.start):
            entry.id, entry.ticket_id, entry_id = entry_id, ticket.id, entry_id + 1
            world.time[entry.id] = entry
            world.time_of.setdefault(ticket.id, []).append(entry.id)
        ticket.hours = round(sum(e.hours for e in draft.entries), 2)
        if draft.parent is not None:
            ticket.parent_id = draft.parent.ticket.id
            world.children.setdefault(ticket.parent_id, set()).add(ticket.id)
        if draft.merged_into is not None:
            ticket.merged_into = draft.merged_into.ticket.id
        for key in draft.plants:
            world.planted.setdefault(key, []).append(ticket.id)
        for key in draft.near:
            world.near_misses.setdefault(key, []).append(ticket.id)
        world.tickets[ticket.id] = ticket
        world.notes[ticket.id] = sorted(draft.notes, key=lambda n: (n.at, n.id))
