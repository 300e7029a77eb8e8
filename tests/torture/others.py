"""Colleagues and customers at the PSA itself, who go on working while the technician does."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.torture.actions import CODES, PRIORITIES, STATUSES, TEXTS
from tests.torture.ledger import Tag
from tests.torture.proxy import Exchange, Where
from tests.torture.recorder import RecordedWorld

COLLEAGUES = ("asmith", "mkowalska", "tnguyen")
QUESTIONS = ("It happened again.", "Any news?", "And now the screen is black.", "Thank you.")


class Others:
    """They act on random tickets about every `pause` seconds, and at the worst moments: when a write of the
    technician stands in the proxy, compared already and not yet delivered."""

    def __init__(self, world: RecordedWorld, seed: str, *, pause: float = 0.15, worst: float = 0.06) -> None:
        self._world, self._rng = world, random.Random(seed)
        self._pause, self._worst = pause, worst
        self._stop = threading.Event()
        self._own = threading.Lock()
        self._count = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In a thread of their own while the context lasts."""
        thread = threading.Thread(target=self._run, name="others", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join(10)

    def stop(self) -> None:
        """They go home."""
        self._stop.set()

    def at_write(self, seen: Exchange, where: Where) -> None:
        """A hook of the proxy."""
        tag = Tag.of(seen.tag)
        found = re.search(r"/service/tickets/(\d+)", seen.path)
        if where != "before" or tag is None or found is None or self._stop.is_set():
            return
        with self._own:
            dice = self._rng.random()
            if dice < self._worst:
                self._do(int(found[1]), lambda ticket: self._field(ticket, sorted(tag.sets)))
            elif dice < 2 * self._worst:
                self._do(int(found[1]), self._customer)

    def _run(self) -> None:
        while not self._stop.wait(self._rng.uniform(0.3, 1.7) * self._pause):
            with self._own:
                ticket = self._rng.choice(self._world.kept)
                act: Callable[[int], None] = self._rng.choices(
                    (self._customer, self._field, self._note, self._answer), (5, 8, 4, 1)
                )[0]
                self._do(ticket, act)

    def _do(self, ticket: int, act: Callable[[int], None]) -> None:
        world = self._world
        with world.lock:
            assert world.ledger is not None
            with world.ledger.by_hand():
                act(ticket)

    def _customer(self, ticket: int) -> None:
        self._count += 1
        self._world.customer_replies(ticket, f"{self._rng.choice(QUESTIONS)} ({self._count})")

    def _field(self, ticket: int, among: list[str] | None = None) -> None:
        """A field changes; `among` these where one of them can."""
        rng, world = self._rng, self._world
        by = rng.choice(COLLEAGUES)
        usual = ["status", "owner", "priority", "billing_code"]
        field = rng.choice([name for name in among or () if name in usual] or usual)
        if field == "status":
            world.set_field(ticket, "status", rng.choice(STATUSES), by=by)
        elif field == "owner":
            world.reassign(ticket, rng.choice((*COLLEAGUES, world.technician)), by=by)
        elif field == "priority":
            world.set_field(ticket, "priority", rng.choice(PRIORITIES), by=by)
        else:
            world.set_field(ticket, "billing_code", rng.choice((*CODES, None)), by=by)

    def _note(self, ticket: int) -> None:
        """An internal note, often in the very words of the technician."""
        self._world.staff_note(
            ticket, self._rng.choice(TEXTS), member=self._rng.choice(COLLEAGUES), public=False
        )

    def _answer(self, ticket: int) -> None:
        self._world.staff_note(ticket, "I have this one. Aisha", member="asmith", public=True)
