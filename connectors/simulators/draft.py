"""A ticket in the making: clean by itself, with the moves by which `plant.py` breaks it on purpose."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.simulators import talk
from connectors.simulators.model import Note, Ticket, TimeEntry

if TYPE_CHECKING:
    from connectors.simulators.world import World

HOUR = 3600


@dataclass(slots=True)
class Draft:
    """Notes and entries get their ids when all tickets are numbered."""

    ticket: Ticket
    notes: list[Note] = field(default_factory=list)
    entries: list[TimeEntry] = field(default_factory=list)
    parent: Draft | None = None
    merged_into: Draft | None = None
    deleted: bool = False
    plants: list[str] = field(default_factory=list)
    near: list[str] = field(default_factory=list)

    @property
    def last(self) -> int:
        """When something was last said or done on it."""
        return max((n.at for n in self.notes), default=self.ticket.entered)


class Drafts:
    """Makes drafts of one world. Every ticket is clean unless a caller changes it."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng
        self._turn = 0
        self._contacts = {
            c.id: [k for k in world.contacts.values() if k.company_id == c.id and not k.inactive]
            for c in world.companies.values()
        }
        self._companies = list(world.companies)
        self._statuses = {(s.board_id, s.name): s.id for s in world.statuses.values()}
        self._types = {(t.board_id, t.name): t.id for t in world.types.values()}
        self._subtypes = {(t.board_id, t.name): t.id for t in world.subtypes.values()}
        self._items = {(t.board_id, t.name): t.id for t in world.items.values()}
        self._codes = {w.name: w.id for w in world.work_types.values()}
        self._agreements: dict[int, int] = {}
        for agreement in world.agreements.values():
            self._agreements.setdefault(agreement.company_id, agreement.id)
        self._members = {m.identifier: m.id for m in world.members.values()}

    def make(
        self,
        owner: str = "jdoe",
        *,
        board: int = 1,
        status: str = "In Progress",
        days: float | None = None,
        company: int | None = None,
        turns: int | None = None,
        worked: bool = True,
        closed_days: float | None = None,
    ) -> Draft:
        """A clean ticket: answered, complete, coded. `days` ago it was opened, `closed_days` ago closed."""
        rng, world = self.rng, self.world
        topic_at = self._turn % len(talk.TOPICS)
        topic = talk.TOPICS[topic_at]
        self._turn += 1
        company_id = company or self._companies[(self._turn * 5 + self._turn // 12) % len(self._companies)]
        contact = rng.choice(self._contacts[company_id])
        age = days if days is not None else rng.uniform(0.6, 9.0)
        entered = world.start - int(age * 86400)
        source = rng.choice(list(world.sources))
        ticket = Ticket(
            summary=rng.choice(topic.subjects),
            board_id=board,
            status_id=self._statuses[board, status],
            company_id=company_id,
            entered=entered,
            entered_by="Email Connector",
            updated=entered,
            updated_by="Email Connector",
            type_id=self._types[board, topic.type],
            subtype_id=self._subtypes[board, topic.subtype],
            item_id=self._items[board, topic.item],
            site_id=contact.site_id,
            contact_id=contact.id,
            contact_name=contact.name,
            contact_phone=contact.phone,
            contact_email=contact.email,
            agreement_id=self._agreements[company_id],
            owner_id=self._members[owner],
            resources=(owner,),
            priority_id=rng.choice((2, 3, 3, 3, 4)),
            source_id=source,
            team_id=40 + board,
            topic=topic_at,
            required_at=entered + rng.randint(2, 9) * 86400,
            budget=rng.choice((0.0, 0.0, 1.0, 2.0)),
            custom={"Asset Tag": rng.choice(("", "LT-0421", "LT-1187", "PR-0034")), "Change Approved": ""},
        )
        draft = Draft(ticket)
        self._talk(draft, topic, owner, turns, world.start - int((closed_days or 0.0) * 86400))
        if worked:
            self._work(draft, topic, owner)
        if closed_days is not None:
            self.close(draft, closed_days, owner)
        self.settle(draft)
        return draft

    def _talk(self, draft: Draft, topic: talk.Topic, owner: str, turns: int | None, until: int) -> None:
        """The opening, then customer and staff in turns up to `until`; staff has the last word."""
        rng, ticket = self.rng, draft.ticket
        pairs = topic.said[: turns if turns is not None else rng.randint(1, len(topic.said))]
        lines = 2 * len(pairs)
        self._note(draft, ticket.entered, topic.opening, customer=True).issue = True
        room = max(until - ticket.entered - 1200, 60 * (lines + 2))
        at = ticket.entered
        for asked, answer in pairs:
            for text, customer in ((asked, True), (answer, False)):
                at += max(60, int(room / (lines + 1) * rng.uniform(0.5, 1.0)))
                filled = text.replace("{first}", self._first(ticket))
                self._note(draft, at, filled, customer=customer, member=owner)
        if rng.random() < 0.35:
            self._note(draft, at + 40, rng.choice(talk.INTERNAL), member=owner, public=False)

    def _first(self, ticket: Ticket) -> str:
        contact = self.world.contacts.get(ticket.contact_id or 0)
        return contact.first if contact else "there"

    def _work(self, draft: Draft, topic: talk.Topic, owner: str) -> None:
        code = topic.code if self.rng.random() < 0.85 else self.rng.choice(("Remote Support", "On-site"))
        draft.ticket.work_type_id = self._codes[code]
        draft.ticket.work_role_id = 61
        self.entry(
            draft, self.rng.choice((0.25, 0.5, 0.5, 0.75, 1.0, 1.5)), owner, code=code, text=topic.done
        )

    def _note(
        self,
        draft: Draft,
        at: int,
        text: str,
        *,
        customer: bool = False,
        member: str = "jdoe",
        public: bool = True,
    ) -> Note:
        ticket = draft.ticket
        if customer:
            said, files = talk.with_files(text)
            note = Note(0, 0, at, said, ticket.contact_name, contact_id=ticket.contact_id, files=files)
        else:
            note = Note(0, 0, at, text, member, member_id=self._members[member], public=public)
        draft.notes.append(note)
        return note

    # ------------------------------------------------------------ moves

    def customer(
        self, draft: Draft, hours_ago: float, text: str | None = None, *, flag: bool = False
    ) -> Note:
        """The customer writes, `hours_ago`, what belongs to the topic unless told."""
        ticket = draft.ticket
        later = talk.TOPICS[ticket.topic].later
        said = text if text is not None else later[ticket.said % len(later)]
        ticket.said += text is None
        at = max(self.world.start - int(hours_ago * HOUR), draft.last + 30)
        note = self._note(draft, at, said, customer=True)
        ticket.flag = ticket.flag or flag
        self.settle(draft)
        return note

    def staff(
        self, draft: Draft, hours_ago: float, text: str, *, member: str = "jdoe", public: bool = True
    ) -> Note:
        at = max(self.world.start - int(hours_ago * HOUR), draft.last + 30)
        note = self._note(draft, at, text, member=member, public=public)
        self.settle(draft)
        return note

    def entry(
        self,
        draft: Draft,
        hours: float,
        member: str = "jdoe",
        *,
        code: str | None = None,
        text: str = "",
        status: str = "Open",
        invoice: str | None = None,
    ) -> TimeEntry:
        """Time on the ticket, after what was last said; without `code` it has no work type."""
        start = max(draft.last - int(hours * HOUR), draft.ticket.entered)
        entry = TimeEntry(
            0,
            0,
            self._members[member],
            start,
            start + int(hours * HOUR),
            hours,
            text or talk.TOPICS[draft.ticket.topic].done,
            work_type_id=self._codes[code] if code else None,
            work_role_id=61,
            status=status,
            invoice=invoice,
            entered_by=member,
            updated=start,
        )
        draft.entries.append(entry)
        return entry

    def close(self, draft: Draft, days_ago: float, by: str) -> None:
        ticket = draft.ticket
        ticket.status_id = self._statuses[ticket.board_id, ">Closed"]
        ticket.closed_at = max(self.world.start - int(days_ago * 86400), draft.last + 60)
        ticket.closed_by = by

    def status(self, draft: Draft, name: str) -> None:
        draft.ticket.status_id = self._statuses[draft.ticket.board_id, name]

    def child(self, draft: Draft, parent: Draft) -> Draft:
        """Makes it a proper child: status and parent, of the parent's company."""
        self.status(draft, "Child Ticket")
        draft.parent = parent
        return draft

    def settle(self, draft: Draft) -> None:
        """Last-updated follows from what is on the ticket."""
        ticket = draft.ticket
        newest = max(draft.notes, key=lambda n: n.at)
        ticket.updated = max(newest.at, ticket.closed_at or 0)
        ticket.updated_by = newest.created_by if newest.at >= (ticket.closed_at or 0) else ticket.closed_by
