"""What screens and commands read: panes, rows, one ticket, the outbox, how the connections are doing.

Needs the standard library's `sqlite3` and msgspec alone, so that it may be imported before the first
paint. Nothing here writes: both databases are opened read-only, one connection a call, so a `Reader` may be
used from any number of threads. A file that is not there yet reads as empty: "never synced".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.contract import Choice, Ref, TicketRecord
from store import read_around as around
from store.bucket import State
from store.budget import look
from store.not_known import not_known
from store.promise import Part
from store.read_base import CacheUnreadable
from store.read_records import (
    ALL_OPEN,
    AgreementView,
    ChangeView,
    CodeCount,
    ConnectionView,
    Found,
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
from store.read_rows import iso, rows_json
from store.read_rules import Past, past
from store.read_setup import setup_use
from store.read_story import StoryReader
from store.read_ticket import OPEN_STATES, record, ticket_view
from store.setup_records import SetupUse
from store.shown import ORDERS, Load, Order, Shown, loads
from store.suggestions import Like
from store.suggestions_read import cases

__all__ = [
    "ALL_OPEN",
    "OPEN_STATES",
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


class Reader(StoryReader):
    """Reads the databases of one home, for the connections of the settings and no others; see `ReadingBase`."""

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
                return around.panes_shown(
                    self._chosen(db, names), self._whole(db, names), shown, self.settings.kinds
                )
            return around.panes(db, names, self.settings.kinds, gates, self._hidden(db))

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
            found = self._chosen(db, self._names(connection)).numbers(kinds, text, shown).values()
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
        kinds: Sequence[str] | None = None,
        *,
        text: str = "",
        connection: str | None = None,
        shown: Shown | None = None,
        order: Order = ORDERS[0],
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Row]:
        """Rows of these kinds (or `ALL_OPEN`; `None`: all that are looked for) in the panes' order; within one: gate
        rows, then the others, then those that only the PSA can clear; each by `since`, then ticket id. `order`
        comes before all that.

        `text`: a filter as `store.filter_words` reads it; every word must be in number, summary, company, contact
        or status (case ignored), `company:acme` and `status:"in progress"` look there alone. `shown`: a part of
        the scope.
        """
        with self._cache() as db:
            if db is None:
                return []
            lists = self._chosen(db, self._names(connection))
            return lists.rows(self._kinds(kinds), text, offset, limit, shown, order)

    def order(
        self,
        kinds: Sequence[str] | None = None,
        *,
        text: str = "",
        connection: str | None = None,
        shown: Shown | None = None,
        order: Order = ORDERS[0],
    ) -> list[Found]:
        """Which rows `rows` would give, and in which order; `build` makes them. A hundredth of the work."""
        with self._cache() as db:
            if db is None:
                return []
            lists = self._chosen(db, self._names(connection))
            return lists.order(self._kinds(kinds), text, 0, None, shown, order)

    def build(self, found: Sequence[Found]) -> list[Row]:
        """These rows as they are now; without those whose ticket is no longer in the cache."""
        with self._cache() as db:
            return [] if db is None else self._lists(db, self._names(None)).build(found)

    def count(
        self,
        kinds: Sequence[str] | None = None,
        *,
        text: str = "",
        connection: str | None = None,
        shown: Shown | None = None,
    ) -> int:
        """How many rows `rows` would give without a limit."""
        with self._cache() as db:
            if db is None:
                return 0
            return self._chosen(db, self._names(connection)).count(self._kinds(kinds), text, shown)

    def _kinds(self, kinds: Sequence[str] | None) -> Sequence[str]:
        return self.settings.kinds if kinds is None else kinds

    def reasons(self, row: Row) -> tuple[Reason, ...]:
        """The row's reasons as they are now; empty when it is no longer an exception."""
        with self._cache() as db:
            if db is None or row.kind is None:
                return ()
            (now,) = self._lists(db, [row.connection]).build(
                [(row.kind, row.connection, row.ticket_id, row.since, row.gate, row.psa_only)]
            ) or (None,)
            return now.reasons if now else ()

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
            view = ticket_view(
                db,
                journal,
                self._lists(db, [connection]),
                self.settings.connections[connection],
                ticket_id,
                int(self.clock()),
            )
        if view is None:
            return None
        lost = not_known(view.can).keys() & set(self.settings.kinds)
        return msgspec.structs.replace(view, not_known=True) if lost else view

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

    def budgets(self) -> dict[str, State]:
        """What is used of each connection's requests; nothing of one that has sent none lately."""
        found = look(self.home.budget)
        return {name: found[name] for name in self._names(None) if name in found}

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

    def plain(self, keys: Sequence[tuple[str, str]]) -> list[Row]:
        """Rows without a kind for these tickets (connection, ticket id), of those that the cache has."""
        with self._cache() as db:
            return [] if db is None else self._lists(db, self._names(None)).plain(list(keys))

    def past(self) -> Past:
        """When rows of each kind opened and cleared."""
        with self._journal("history") as journal:
            return past(journal, self._names(None))
