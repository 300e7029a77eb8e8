"""What every reading of the databases stands on: one home, its two databases opened read-only, one connection a call.

Needs the standard library's `sqlite3` and msgspec alone, so that it may be imported before the first paint.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from zoneinfo import ZoneInfo

from store.home import Home
from store.promises import Promises
from store.read_evidence import EvidenceReader
from store.read_open import CacheUnreadable as CacheUnreadable
from store.read_open import begun as begun
from store.read_rows import Lists
from store.read_select import Selection
from store.settings import Settings
from store.snoozes import Hidden, Snooze, in_force, kept


class ReadingBase(EvidenceReader):
    """Reads the databases of one home, for the connections of the settings and no others.

    `clock` (UTC seconds) is what "today" in sentences and agreements goes by. `suggests`: rows come
    with what one key would do to them, which costs a look at the cache's history after each round. `hides`: lists and
    numbers leave out what was hidden for a while.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        *,
        suggests: bool = False,
        hides: bool = False,
    ) -> None:
        super().__init__(home, settings)
        self.clock = clock
        self._hides = hides
        self._promises = Promises(settings, clock) if suggests else None

    def _lists(self, db: sqlite3.Connection, names: Sequence[str]) -> Lists:
        """For tickets that are known by name: nothing is looked up of what is hidden."""
        return self._lists_of(db, names, ())

    def _chosen(self, db: sqlite3.Connection, names: Sequence[str]) -> Lists:
        """For lists and numbers, without what is hidden for a while."""
        return self._lists_of(db, names, self._hidden(db))

    def _lists_of(self, db: sqlite3.Connection, names: Sequence[str], hidden: Collection[Hidden]) -> Lists:
        zone, now = ZoneInfo(self.settings.timezone), int(self.clock())
        hours = {name: one.hours for name, one in self.settings.connections.items()}
        days = self.settings.billing_overdue_days
        return Lists(db, names, zone, now, self._promises, hidden, hours=hours, overdue_days=days)

    def _whole(self, db: sqlite3.Connection, names: Sequence[str]) -> Selection:
        """What the lists would be chosen from if nothing were hidden."""
        return Selection(db, names, int(self.clock()))

    def _hidden(self, db: sqlite3.Connection | None) -> list[Hidden]:
        if not self._hides or db is None:
            return []
        return [(one.kind, one.connection, one.ticket_id) for one in self._snoozed(db)]

    def _snoozed(self, db: sqlite3.Connection) -> list[Snooze]:
        with self._journal("snooze") as journal:
            return [] if journal is None else in_force(db, kept(journal, now=int(self.clock())))
