"""What the reader tells of the day: what happened and what came, answers and hand-overs, timers, what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from store.read_base import ReadingBase
from store.read_day import Day, day
from store.read_exceptions import Passed, exclusions, overrides, snoozed
from store.read_log import Happened, Since, happened, since
from store.read_records import Row
from store.snoozes import NotHidden, Snooze, stands_for, times_hidden
from store.timers import Stopwatch, open_ones

if TYPE_CHECKING:
    from store.measures.glance import Glance


class StoryReader(ReadingBase):
    """The part of `store.read.Reader` that is about time passing."""

    def newest_reply(self) -> int:
        """When the newest customer's note came that waits for an answer, UTC seconds; 0: none waits."""
        kinds = ("customer_responded", "child_reply", "reply_after_close")
        names = self._names(None)
        with self._cache() as db:
            if db is None or not names:
                return 0
            row = db.execute(
                "SELECT max(n.created_at) FROM exception e JOIN note n USING (connection, ticket_id)"
                f" WHERE e.kind IN {kinds!r} AND n.public AND n.speaker IN ('customer', 'unknown')"
                f" AND e.connection IN ({', '.join('?' for _ in names)})",
                names,
            ).fetchone()
            return int(row[0] or 0)

    def happened(self, most: int) -> list[Happened]:
        """The newest `most` things that happened: exceptions and fixes, oldest first."""
        with self._cache() as db, self._journal() as journal:
            return happened(db, journal, self._names(None), most=most)

    def since(self, at: int) -> Since:
        """What came since then (UTC seconds)."""
        with self._journal() as journal:
            return since(journal, self._names(None), at)

    def day(self) -> Day:
        """The technician's day so far: answers, hand-overs, time and the gaps in it."""
        settings = self.settings
        with self._cache() as db, self._journal() as journal:
            return day(
                db,
                journal,
                self._names(None),
                now=int(self.clock()),
                zone=ZoneInfo(settings.timezone),
                shift=settings.shift,
                gap=settings.gap,
                hours=settings.hours,
            )

    def glance(self) -> Glance:
        """How it goes: each kind over the last days, and what leaks."""
        from store.measures.glance import glance

        with self._cache() as db, self._journal("recovered") as journal:
            return glance(db, journal, self.settings, self._names(None), now=int(self.clock()))

    def timers(self) -> list[Stopwatch]:
        """Stopwatches that are open, those that run first."""
        names = self._names(None)
        with self._journal("timer") as journal:
            return [] if journal is None else [one for one in open_ones(journal) if one.connection in names]

    def hidden(self, kinds: Sequence[str] | None = None) -> list[tuple[Snooze, Row]]:
        """What is hidden now, and the rows as they would be shown."""
        with self._cache() as db:
            if db is None:
                return []
            snoozes = [one for one in self._snoozed(db) if kinds is None or one.kind in kinds]
            rows = self._lists(db, self._names(None)).build(
                [(one.kind, one.connection, one.ticket_id, one.at, 0, 0) for one in snoozes]
            )
            by_key = {row.key: row for row in rows}
            found = [(one, by_key.get((one.connection, one.ticket_id, one.kind))) for one in snoozes]
            return [(one, row) for one, row in found if row is not None]

    def times_hidden(self, row: Row) -> int:
        """How often this row was hidden before."""
        with self._journal("snooze_log") as journal:
            if journal is None or row.kind is None:
                return 0
            return times_hidden(journal, row.connection, row.ticket_id, row.kind)

    def passed(self) -> list[Passed]:
        """What was let pass: exclusions of the settings, rows hidden now, closings past the guard."""
        hidden = [(one, row.number, row.summary) for one, row in self.hidden()]
        zone = ZoneInfo(self.settings.timezone)
        today = datetime.fromtimestamp(self.clock(), UTC).astimezone(zone).date().isoformat()
        with self._journal() as journal:
            return [
                *exclusions(self.settings, today),
                *snoozed(journal, hidden),
                *overrides(journal, self._names(None)),
            ]

    def stands_for(self, row: Row) -> str:
        """What a snooze of this row would stand for. Raises `NotHidden` for one that must stay in sight."""
        with self._cache() as db:
            if db is None or row.kind is None:
                raise NotHidden("Only exceptions are hidden, and this is none.")
            return stands_for(db, row.connection, row.ticket_id, row.kind)
