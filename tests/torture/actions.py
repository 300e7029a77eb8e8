"""What a technician does in the torture: one random action after the other on one desk."""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from typing import Any

from connectors.contract import ConnectorError
from store.changes import DECIDE_STATES, OutboxRefused
from store.desk import Desk
from store.fixes import FixRefused, Intent
from store.outbox import NOT_SENT

CONNECTION = "acme"
TEXTS = ("Done.", "Called the customer.", "Restarted the service.", "Please try again.")
"""Said again and again: identical texts on one ticket are different fixes."""
STATUSES = ("Assigned", "In Progress", "Waiting Customer", "Waiting Vendor", "Completed")
CODES = ("Remote Support", "On-site", "After Hours", "Maintenance", "Consulting")
OWNERS = ("jdoe", "tnguyen", "mkowalska")
PRIORITIES = ("Priority 2 - High", "Priority 3 - Medium", "Priority 4 - Low")

Make = Callable[[random.Random, Any], dict[str, Any]]

VERBS: dict[str, tuple[int, Make]] = {
    "note": (14, lambda rng, desk: {"note": words(rng)}),
    "reply": (10, lambda rng, desk: {"reply": words(rng)}),
    "code": (10, lambda rng, desk: {"billing_code": rng.choice(CODES)}),
    "entry code": (5, lambda rng, desk: {"billing_code": rng.choice(CODES), "entry": "?"}),
    "status": (12, lambda rng, desk: {"status": rng.choice(STATUSES)}),
    "owner": (4, lambda rng, desk: {"owner": rng.choice(OWNERS)}),
    "priority": (6, lambda rng, desk: {"set": {"priority": rng.choice(PRIORITIES)}}),
    "phone": (4, lambda rng, desk: {"set": {"contact_phone": f"555 01{rng.randrange(100):02d}"}}),
    "summary": (2, lambda rng, desk: {"set": {"summary": f"Printer {rng.randrange(10**6)}"}}),
    "attach": (2, lambda rng, desk: {"parent": "?", "because": "It belongs there."}),
    "seen": (7, lambda rng, desk: {"seen": rng.choice(("thanks only", "no question in it"))}),
    "clear flag": (3, lambda rng, desk: {"clear_flag": True}),
    "time": (6, lambda rng, desk: {"time": rng.choice((0.25, 0.5, 1.0)), "note": words(rng)}),
    "reply and status": (6, lambda rng, desk: {"reply": words(rng), "status": rng.choice(STATUSES)}),
    "all at once": (
        5,
        lambda rng, desk: {
            "time": 0.25,
            "billing_code": rng.choice(CODES),
            "note": words(rng),
            "close": True,
            "because": "The customer knows.",
        },
    ),
    "reopen": (3, lambda rng, desk: {"status": "In Progress"}),
}
"""Name -> weight, and the intent's arguments."""

RT_STATUSES = ("open", "stalled")
RT_CODES = ("CONTRACT", "TIME-MAT", "NO-CHARGE")
RT_VERBS: dict[str, tuple[int, Make]] = {
    "note": (14, lambda rng, desk: {"note": words(rng)}),
    "reply": (10, lambda rng, desk: {"reply": words(rng)}),
    "code": (12, lambda rng, desk: {"set": {"billing_code": rng.choice(RT_CODES)}}),
    "status": (10, lambda rng, desk: {"status": rng.choice(RT_STATUSES)}),
    "seen": (6, lambda rng, desk: {"seen": "thanks only"}),
    "time": (6, lambda rng, desk: {"time": rng.choice((0.25, 0.5)), "note": words(rng)}),
    "reply and status": (8, lambda rng, desk: {"reply": words(rng), "status": rng.choice(RT_STATUSES)}),
}
"""The same for Request Tracker."""


def words(rng: random.Random) -> str:
    """A text, often one that was said before."""
    return rng.choice(TEXTS) if rng.random() < 0.7 else f"Checked it, see {rng.randrange(10**9)}."


class Technician:
    """Acts on a desk. `shown` is told each change whose `submit` has returned."""

    def __init__(
        self,
        desk: Desk,
        rng: random.Random,
        tickets: list[str],
        shown: Callable[[str], None],
        *,
        psa: str = "connectwise",
        verbs: tuple[str, ...] = (),
        undo: float = 0.0,
    ) -> None:
        self._desk, self._rng, self._tickets, self._shown = desk, rng, tickets, shown
        self._make = VERBS if psa == "connectwise" else RT_VERBS
        self._verbs = {name: weight for name, (weight, _) in self._make.items() if not verbs or name in verbs}
        self._undo = undo
        self._actions: dict[Callable[[], Awaitable[None]], int] = {
            self.undo: 6,
            self.decide: 10,
            self.release: 4,
            self.drop: 1,
        }

    async def fix(self) -> None:
        """One fix into the outbox."""
        rng = self._rng
        name = rng.choices(list(self._verbs), list(self._verbs.values()))[0]
        ticket = rng.choice(self._tickets)
        intent = self._make[name][1](rng, self._desk)
        if intent.get("entry") == "?":
            view = self._desk.reader.ticket(CONNECTION, ticket)
            entries = [one.time_id for one in view.time if not one.locked] if view else []
            entries = [one for one in entries if not one.startswith("~")]
            if not entries:
                return
            intent["entry"] = rng.choice(entries)
        if intent.get("parent") == "?":
            intent["parent"] = f"id:{rng.choice(self._tickets)}"
        prepared = await self._desk.prepare(CONNECTION, ticket, Intent(**intent))
        change = await self._desk.submit(prepared, immediately=rng.random() < 0.5)
        assert change != NOT_SENT
        self._shown(change)

    async def something_else(self) -> None:
        """Takes back, decides, lets go or gives up."""
        await self._rng.choices(list(self._actions), list(self._actions.values()))[0]()

    async def undo(self) -> None:
        """Takes a change back; taking back one that takes back is redo."""
        rng = self._rng
        known = [one.change for one in self._desk.reader.changes(all=True) if one.undone_by is None]
        change = rng.choice(known[-15:]) if known and rng.random() < 0.7 else None
        undone = await self._desk.undo(change)
        if undone.by is not None:
            self._shown(undone.by)

    async def decide(self) -> None:
        """What a person has to decide: some mine, some theirs, some are left as they are."""
        for one in self._desk.reader.changes():
            if one.state not in DECIDE_STATES:
                continue
            dice = self._rng.random()
            if dice < 0.35:
                await self._desk.retry(one.change)
            elif dice < 0.7:
                await self._desk.drop(one.change)

    async def release(self) -> None:
        """Lets what is held go at once."""
        for one in self._desk.reader.changes():
            if one.state == "held" and self._rng.random() < 0.5:
                await self._desk.release(one.change)

    async def drop(self) -> None:
        """Gives one up that has not gone out."""
        waiting = [
            one.change for one in self._desk.reader.changes() if one.state in ("held", "queued", "sending")
        ]
        if waiting:
            await self._desk.drop(self._rng.choice(waiting))

    async def act(self) -> None:
        """One action; what is refused is refused."""
        try:
            if self._rng.random() < self._undo:
                await self.undo()
            else:
                await (self.fix() if self._rng.random() < 0.85 else self.something_else())
        except (FixRefused, OutboxRefused, ConnectorError):
            return


class Side:
    """A file with a line for each change that a person was shown; on the disk when `__call__` returns."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def __call__(self, change: str) -> None:
        os.write(self._file, f"{change}\n".encode())
        os.fsync(self._file)
