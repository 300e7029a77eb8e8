"""What screens and commands read: panes, rows, one ticket, the outbox, how the connections are doing.

Needs the standard library's `sqlite3` and msgspec alone, so that it may be imported before the first
paint. Nothing here writes: both databases are opened read-only, one connection a call, so a `Reader` may be
used from any number of threads. A file that is not there yet reads as empty: "never synced".
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.contract import Choice, Ref, TicketRecord
from store import read_around as around
from store import timers
from store.bucket import State
from store.budget import look
from store.database_problems import is_environment
from store.home import Home
from store.promise import Part
from store.promises import Promises
from store.read_check import Evidence, aged_out, known
from store.read_day import Day, day
from store.read_log import Happened, Since, happened, since
from store.read_records import (
    ALL_OPEN,
    PANES,
    AgreementView,
    ChangeView,
    CodeCount,
    ConnectionView,
    HistoryView,
    NoteView,
    PaneCount,
    Parent,
    QuarantineView,
    Reason,
    Row,
    TicketView,
    TimeView,
    Words,
)
from store.read_rows import Lists, iso, rows_json
from store.read_select import Selection
from store.read_setup import setup_use
from store.read_ticket import OPEN_STATES, changes, record, ticket_view
from store.settings import KINDS, Settings
from store.setup_records import SetupUse
from store.shown import ORDERS, Load, Order, Shown, loads
from store.snoozes import Hidden, NotHidden, Snooze, in_force, kept, stands_for
from store.suggestions import Like
from store.suggestions_read import cases
from store.timers import Stopwatch

__all__ = [
    "ALL_OPEN",
    "OPEN_STATES",
    "PANES",
    "AgreementView",
    "CacheUnreadable",
    "ChangeView",
    "CodeCount",
    "ConnectionView",
    "HistoryView",
    "NoteView",
    "PaneCount",
    "Parent",
    "QuarantineView",
    "Reader",
    "Reason",
    "Row",
    "TicketView",
    "TimeView",
    "Words",
    "iso",
    "rows_json",
]


class CacheUnreadable(Exception):
    """A database is there and cannot be read. `hint` says what to do."""

    def __init__(self, path: Path, error: sqlite3.Error) -> None:
        super().__init__(f"{path}: {error}")
        self.hint = "Run `deskzero sync`: a damaged cache is set aside and pulled again, the journal is kept."
        if is_environment(error):
            self.hint = "Check free space and rights there, and whether another program holds the file."
        elif path.name == "journal.db":
            self.hint = (
                "It may hold changes not yet sent and is left as it is: `deskzero restore` lists its backups."
            )


class Reader:
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
        self.home = home
        self.settings = settings
        self.clock = clock
        self._hides = hides
        self._promises = Promises(settings, clock) if suggests else None

    # ------------------------------------------------------------ lists

    def panes(
        self,
        connection: str | None = None,
        gates: Sequence[str] | None = None,
        *,
        shown: Shown | None = None,
    ) -> list[PaneCount]:
        """All kinds with their two numbers, then "all open". `gates` in place of `check.gates` (not with `shown`)."""
        with self._cache() as db:
            names = self._names(connection)
            if db is not None and shown is not None:
                return around.panes_shown(self._lists(db, names), self._whole(db, names), shown)
            return around.panes(db, names, gates, self._hidden(db))

    def numbers(
        self,
        kinds: Sequence[str],
        *,
        text: str = "",
        connection: str | None = None,
        shown: Shown | None = None,
    ) -> tuple[int, int]:
        """(must, later) of the rows that `rows` would give without a limit."""
        with self._cache() as db:
            if db is None:
                return 0, 0
            found = self._lists(db, self._names(connection)).numbers(kinds, text, shown).values()
            return sum(must for must, _ in found), sum(later for _, later in found)

    def loads(self, connection: str | None = None) -> list[Load]:
        """How much each owner, board and team has of what the cache holds of the scope; the fullest first."""
        with self._cache() as db:
            return [] if db is None else loads(db, self._names(connection))

    def to_zero(self) -> int:
        """The number of gate rows: what the "must" column sums to."""
        return sum(pane.must for pane in self.panes())

    def rows(
        self,
        kinds: Sequence[str] = KINDS,
        *,
        text: str = "",
        connection: str | None = None,
        shown: Shown | None = None,
        order: Order = ORDERS[0],
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Row]:
        """Rows of these kinds (or `ALL_OPEN`) in the panes' order; within one: gate rows, then the others,
        then those that only the PSA can clear; each by `since`, then ticket id. `order` comes before all that.

        `text`: a filter as `store.filter_words` reads it; every word must be in number, summary, company, contact
        or status (case ignored), `company:acme` and `status:"in progress"` look there alone. `shown`: a part of
        the scope.
        """
        with self._cache() as db:
            if db is None:
                return []
            return self._lists(db, self._names(connection)).rows(kinds, text, offset, limit, shown, order)

    def count(
        self,
        kinds: Sequence[str] = KINDS,
        *,
        text: str = "",
        connection: str | None = None,
        shown: Shown | None = None,
    ) -> int:
        """How many rows `rows` would give without a limit."""
        with self._cache() as db:
            return 0 if db is None else self._lists(db, self._names(connection)).count(kinds, text, shown)

    def reasons(self, row: Row) -> tuple[Reason, ...]:
        """The row's reasons as they are now; empty when it is no longer an exception."""
        with self._cache() as db:
            if db is None or row.kind is None:
                return ()
            (now,) = self._lists(db, [row.connection]).build(
                [(row.kind, row.connection, row.ticket_id, row.since, row.gate, row.psa_only)]
            ) or (None,)
            return now.reasons if now else ()

    def hidden(self, kinds: Sequence[str] = KINDS) -> list[tuple[Snooze, Row]]:
        """What is hidden now, and the rows as they would be shown."""
        with self._cache() as db:
            if db is None:
                return []
            snoozes = [one for one in self._snoozed(db) if one.kind in kinds]
            lists = Lists(db, self._names(None), ZoneInfo(self.settings.timezone), int(self.clock()), None)
            rows = lists.build([(one.kind, one.connection, one.ticket_id, one.at, 0, 0) for one in snoozes])
            by_key = {row.key: row for row in rows}
            found = [(one, by_key.get((one.connection, one.ticket_id, one.kind))) for one in snoozes]
            return [(one, row) for one, row in found if row is not None]

    def stands_for(self, row: Row) -> str:
        """What a snooze of this row would stand for. Raises `NotHidden` for one that must stay in sight."""
        with self._cache() as db:
            if db is None or row.kind is None:
                raise NotHidden("Only exceptions are hidden, and this is none.")
            return stands_for(db, row.connection, row.ticket_id, row.kind)

    def find(self, text: str) -> list[Row]:
        """Tickets by the number shown, `id:` and the PSA's id, either with `CONNECTION:` in front.

        Finds every ticket in the cache, in the scope or not. More than one: the caller asks which.
        """
        text = text.strip()
        name, colon, rest = text.partition(":")
        names = self._names(None)
        if colon and name != "id" and name in names:
            names, text = [name], rest.strip()
        column = "number"
        if text.startswith("id:"):
            column, text = "ticket_id", text.removeprefix("id:").strip()
        text = text.removeprefix("#") if column == "number" else text
        with self._cache() as db:
            if db is None or not names:
                return []
            marks = ", ".join("?" for _ in names)
            keys = db.execute(
                f"SELECT connection, ticket_id FROM v_ticket WHERE {column} = ? AND connection IN ({marks})"
                " ORDER BY connection, length(ticket_id), ticket_id",
                [text, *names],
            ).fetchall()
            return self._lists(db, names).plain([(row[0], row[1]) for row in keys])

    # ------------------------------------------------------------ one ticket

    def ticket(self, connection: str, ticket_id: str) -> TicketView | None:
        """Everything about one ticket; `None` where the cache does not have it."""
        if connection not in self.settings.connections:
            return None
        with self._cache() as db, self._journal() as journal:
            if db is None:
                return None
            return ticket_view(
                db,
                journal,
                self._lists(db, [connection]),
                self.settings.connections[connection],
                ticket_id,
                int(self.clock()),
            )

    def record(self, connection: str, ticket_id: str) -> TicketRecord | None:
        """The ticket alone, with open changes laid over it."""
        with self._cache() as db:
            return None if db is None else record(db, connection, ticket_id)

    def newest_customer_note(self, connection: str, ticket_id: str) -> Words | None:
        """What `read_up_to` of a fix names: the newest customer's note in the cache."""
        with self._cache() as db:
            if db is None:
                return None
            key = (connection, ticket_id)
            return self._lists(db, [connection]).last_words([key]).get(key)

    # ------------------------------------------------------------ around it

    def states(self) -> list[ConnectionView]:
        """Every configured connection, in the order of the settings, also one that never synced."""
        with self._cache() as db:
            return around.states(db, self.settings)

    def budgets(self) -> dict[str, State]:
        """What is used of each connection's requests; nothing of one that has sent none lately."""
        found = look(self.home.budget)
        return {name: found[name] for name in self._names(None) if name in found}

    def changes(self, all: bool = False) -> list[ChangeView]:
        """The outbox in the order made: open changes, or with `all` every one."""
        with self._journal() as db:
            return list(changes(db, self._names(None), everything=all))

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
            )

    def timers(self) -> list[Stopwatch]:
        """Stopwatches that are open, those that run first."""
        return timers.kept(self.home, self._names(None))

    def left_behind(self, all: bool = False) -> list[ChangeView]:
        """Open changes (`all`: every one) of connections no longer in the settings: nobody sends them."""
        with self._journal() as db:
            return list(changes(db, self._names(None), everything=all, others=True))

    def choices(
        self,
        connection: str,
        kind: str,
        *,
        board_id: str | None = None,
        company_id: str | None = None,
        inactive: bool = False,
    ) -> list[Choice]:
        """Cached values of a field that are valid on this board and for this company, in the PSA's order."""
        with self._cache() as db:
            if db is None:
                return []
            return around.choices(
                db, connection, kind, board_id=board_id, company_id=company_id, inactive=inactive
            )

    def choices_read_at(
        self, connection: str, kind: str, *, board_id: str | None = None, company_id: str | None = None
    ) -> int | None:
        """When the values that `choices` gives were read, UTC seconds; of several the oldest."""
        with self._cache() as db:
            if db is None:
                return None
            return around.choices_read_at(db, connection, kind, board_id=board_id, company_id=company_id)

    def suggested_code(self, connection: str, ticket_id: str) -> Part | None:
        """The billing code that tickets like this one have, whether or not it lacks one now."""
        with self._cache() as db:
            if db is None or self._promises is None:
                return None
            return self._promises.code_of(db, connection, ticket_id)

    def usual_codes(self, connection: str, company_id: str | None) -> list[CodeCount]:
        """Billing codes on the company's tickets and their time entries, the most used first."""
        with self._cache() as db:
            return [] if db is None or company_id is None else around.usual_codes(db, connection, company_id)

    def setup_use(self, connection: str) -> SetupUse:
        """How the connection is used, for `doctor`: boards, statuses, owners, fields that nobody fills."""
        with self._cache() as db:
            return SetupUse() if db is None else setup_use(db, connection)

    def code_cases(self, connection: str) -> list[tuple[str, Like, Ref]]:
        """(ticket id, what it is like, its billing code) of every ticket whose code is known, oldest first."""
        with self._cache() as db:
            return [] if db is None else list(cases(db, connection))

    def quarantine(self) -> list[QuarantineView]:
        """Records that could not be read, of the configured connections."""
        with self._cache() as db:
            return [] if db is None else around.quarantine(db, self._names(None))

    def evidence(self, *, now: int, gates: Sequence[str] | None = None) -> Evidence:
        """What `store.check` judges, all of the cache as of one moment. `gates` in place of `check.gates`."""
        names = self._names(None)
        window, max_age = self.settings.rules.reply_after_close_window, self.settings.max_age
        with self._cache() as db, self._journal() as journal:
            return Evidence(
                panes=tuple(around.panes(db, names, gates)),
                connections=tuple(
                    known(db, state, now=now, window=window, max_age=max_age)
                    for state in around.states(db, self.settings)
                ),
                quarantine=tuple(
                    one for one in (around.quarantine(db, names) if db else ()) if one.may_be_in_scope
                ),
                aged_out=aged_out(db, journal, names),
            )

    # ------------------------------------------------------------ within

    def _names(self, connection: str | None) -> list[str]:
        names = list(self.settings.connections)
        return names if connection is None else [name for name in names if name == connection]

    def _lists(self, db: sqlite3.Connection, names: Sequence[str]) -> Lists:
        zone, now = ZoneInfo(self.settings.timezone), int(self.clock())
        days = self.settings.billing_overdue_days
        return Lists(db, names, zone, now, self._promises, self._hidden(db), days)

    def _whole(self, db: sqlite3.Connection, names: Sequence[str]) -> Selection:
        """What the lists would be chosen from if nothing were hidden."""
        return Selection(db, names, int(self.clock()))

    def _hidden(self, db: sqlite3.Connection | None) -> list[Hidden]:
        if not self._hides or db is None:
            return []
        return [(one.kind, one.connection, one.ticket_id) for one in self._snoozed(db)]

    def _snoozed(self, db: sqlite3.Connection) -> list[Snooze]:
        return in_force(db, kept(self.home, now=int(self.clock())))

    @contextmanager
    def _cache(self) -> Iterator[sqlite3.Connection | None]:
        with _opened(self.home.cache, "exception") as db:
            yield db

    @contextmanager
    def _journal(self) -> Iterator[sqlite3.Connection | None]:
        with _opened(self.home.journal, "change") as db:
            yield db


@contextmanager
def _opened(path: Path, needed: str) -> Iterator[sqlite3.Connection | None]:
    """The database in one read transaction, or `None` where it (or its tables) is not there yet."""
    if not path.exists():
        yield None
        return
    try:
        with closing(_begun(path)) as db:
            there = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (needed,)).fetchone()
            yield db if there else None
    except sqlite3.DatabaseError as error:
        raise CacheUnreadable(path, error) from error


def _begun(path: Path) -> sqlite3.Connection:
    """A read transaction. On a disk that is full or read-only SQLite cannot make the -shm file that reading
    needs; where no -wal holds anything, nobody is writing and the file alone is all there is to read."""
    try:
        # `mode=ro` never creates the file; a writer in another process does not hold us up (WAL).
        return _begin(f"{path.as_uri()}?mode=ro")
    except sqlite3.OperationalError as error:
        wal = path.with_name(f"{path.name}-wal")
        if not is_environment(error) or (wal.exists() and wal.stat().st_size):
            raise
        return _begin(f"{path.as_uri()}?mode=ro&immutable=1")


def _begin(address: str) -> sqlite3.Connection:
    db = sqlite3.connect(address, uri=True, timeout=10.0, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        db.close()
        raise
    return db
