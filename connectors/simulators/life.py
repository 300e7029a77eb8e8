"""What goes on in the world by itself: customers reply, answer the technician, and colleagues change things.

Everything has its own moment on the world's clock, and is made to happen when somebody asks later. It follows
from the seed, the clock and what was written before.
"""

from __future__ import annotations

import heapq
import random
from typing import TYPE_CHECKING

from connectors.simulators import talk

if TYPE_CHECKING:
    from connectors.simulators.model import Ticket
    from connectors.simulators.world import World

REPLY_EVERY = 40.0
"""Seconds between customers' replies at speed 1, on average."""
COLLEAGUE_EVERY = 170.0
MOST_WAITING = 3
"""So many unanswered tickets of the world's own making are enough: the technician must be able to win."""
CAUGHT_UP_AT_MOST = 3600.0
"""After a long sleep only the last hour happens."""


class Life:
    """The moments that are still to come. `speed` multiplies; 0 stops everything."""

    def __init__(self, world: World, speed: float) -> None:
        self.world = world
        self.speed = speed
        self._rng = random.Random(f"{world.seed}/life")
        self._reply_at = world.start + self._gap(REPLY_EVERY * 0.6)
        self._colleague_at = world.start + self._gap(COLLEAGUE_EVERY)
        self._due: list[tuple[float, int]] = []
        self._waiting: set[int] = set()
        self._answers: dict[int, int] = {}

    def _gap(self, seconds: float) -> float:
        return seconds * self._rng.uniform(0.6, 1.4) / (self.speed or 1.0)

    def catch_up(self, now: float) -> int:
        """Makes everything happen whose moment is not after `now`, in order; returns how much it was."""
        if self.speed <= 0:
            return 0
        earliest = now - CAUGHT_UP_AT_MOST
        self._reply_at = max(self._reply_at, earliest)
        self._colleague_at = max(self._colleague_at, earliest)
        happened = 0
        while True:
            answer_at = self._due[0][0] if self._due else float("inf")
            at = min(self._reply_at, self._colleague_at, answer_at)
            if at > now:
                return happened
            if at == answer_at:
                happened += self._answer(int(at), heapq.heappop(self._due)[1])
            elif at == self._reply_at:
                happened += self._reply(int(at))
                self._reply_at = at + self._gap(REPLY_EVERY)
            else:
                happened += self._colleague(int(at))
                self._colleague_at = at + self._gap(COLLEAGUE_EVERY)

    def technician_wrote(self, ticket_id: int, at: int) -> None:
        """A public note went out: the customer may answer after a while, twice per ticket at most."""
        if self.speed <= 0 or self._answers.get(ticket_id, 0) >= 2 or self._rng.random() > 0.6:
            return
        self._answers[ticket_id] = self._answers.get(ticket_id, 0) + 1
        heapq.heappush(self._due, (at + self._gap(75.0), ticket_id))

    def _mine(self) -> list[Ticket]:
        world = self.world
        return [t for t in world.tickets.values() if world.is_open(t) and world.assigned(t, world.technician)]

    def _full(self) -> bool:
        world = self.world
        self._waiting = {
            i
            for i in self._waiting
            if i in world.tickets and world.is_open(world.tickets[i]) and not world.answered(i)
        }
        return len(self._waiting) >= MOST_WAITING

    def _says(self, ticket: Ticket) -> str:
        later = talk.TOPICS[ticket.topic].later
        if ticket.said < len(later):
            ticket.said += 1
            return later[ticket.said - 1]
        return self._rng.choice(talk.NUDGES)

    def _reply(self, at: int) -> int:
        if self._full():
            return 0
        candidates = [t for t in self._mine() if self.world.answered(t.id) and t.contact_id is not None]
        if not candidates:
            return 0
        ticket = self._rng.choice(candidates)
        text, files = talk.with_files(self._says(ticket))
        self.world.customer_replies(ticket.id, text, at=at, files=files)
        self._waiting.add(ticket.id)
        return 1

    def _answer(self, at: int, ticket_id: int) -> int:
        ticket = self.world.tickets.get(ticket_id)
        if ticket is None or self._full():
            return 0
        lines = talk.THANKS if self._rng.random() < 0.6 else talk.QUESTIONS
        self.world.customer_replies(ticket_id, self._rng.choice(lines), at=at)
        self._waiting.add(ticket_id)
        return 1

    def _colleague(self, at: int) -> int:
        """Mostly a note for colleagues; now and then a priority, a hand-over or an answer in our place."""
        world, rng = self.world, self._rng
        mine = [t for t in self._mine() if world.answered(t.id)]
        if not mine:
            return 0
        ticket = rng.choice(mine)
        what = rng.random()
        if what < 0.55:
            world.staff_note(ticket.id, rng.choice(talk.INTERNAL), public=False, at=at)
        elif what < 0.8:
            ticket.priority_id = rng.choice((1, 2, 3, 4))
            world.touch(ticket, "mkowalska", at)
        elif what < 0.92:
            self._full()  # forgets those that were answered, closed or deleted meanwhile
            if self._waiting:
                world.staff_note(rng.choice(sorted(self._waiting)), "I have this one, done. Aisha", at=at)
        else:
            world.reassign(ticket.id, "asmith", by="mkowalska", at=at)
        return 1
