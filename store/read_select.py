"""Which rows a list holds, as SQL: kinds, the filter, what is shown of the scope, what is hidden for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from store.filter_words import Filter, Subject, add_functions
from store.queue_sql import OPEN_HERE, SOURCES
from store.read_records import ALL_OPEN
from store.shown import ORDERS, Order, Shown
from store.snoozes import Hidden

_OF_TICKET = "FROM exception x WHERE x.connection = t.connection AND x.ticket_id = t.ticket_id"
_EXCEPTION = Subject(
    since="e.since",
    must="e.gate",
    listed="1",
    # What the column shows: the hours of the time entries named, else the ticket's.
    hours="coalesce((SELECT nullif(sum(r.hours), 0) FROM reason r WHERE r.connection = e.connection"
    " AND r.ticket_id = e.ticket_id AND r.kind = e.kind AND coalesce(r.time_entry_id, '') <> ''), t.hours, 0)",
)
_TICKET_ALONE = Subject(
    since="coalesce(t.created_at, t.updated_at, t.read_at)",
    must=f"EXISTS (SELECT 1 {_OF_TICKET} AND x.gate)",
    listed=f"EXISTS (SELECT 1 {_OF_TICKET})",
    hours="coalesce(t.hours, 0)",
)


MANY_ARMS = 60
"""So many selects in one statement and no more: SQLite takes 500."""


class _Arm(NamedTuple):
    """One of the selects that together are what was asked for. `order`: the lists' order, where `kind` and `connection`
    are one each."""

    sql: str
    params: list[Any]
    order: str


class Selection:
    """Chooses rows in one open connection to the cache. `now`: UTC seconds, for ages."""

    def __init__(
        self, db: sqlite3.Connection, connections: Sequence[str], now: int, hidden: Collection[Hidden] = ()
    ) -> None:
        """`hidden`: rows that lists leave out."""
        self.db = db
        self.connections = connections
        self.now = now
        self.hidden = hidden
        add_functions(db)

    def select(
        self, kinds: Sequence[str], text: str, shown: Shown | None = None, order: Order = ORDERS[0]
    ) -> tuple[str, list[Any]]:
        """SQL for `kind, connection, ticket_id, since, gate, psa_only, sorted` of all rows asked for, unordered."""
        wanted = Filter.of(text)
        listed = [kind for kind in kinds if kind != ALL_OPEN]
        arms = self._exceptions(listed, self.connections, wanted, shown, order) if listed else []
        if ALL_OPEN in kinds:
            arms += self._open(self.connections, wanted, shown, order)
        return _together([(arm.sql, arm.params) for arm in arms])

    def select_first(
        self, kinds: Sequence[str], text: str, shown: Shown | None, order: Order, many: int
    ) -> tuple[str, list[Any]]:
        """The same, of the rows that may be among the first `many` in the lists' order.

        Of each kind and connection the first so many, in the order of an index where there is one: SQLite then looks
        at no more rows than it needs (10,000 tickets, a word that many have: 1 ms instead of 40).
        """
        wanted = Filter.of(text)
        listed = list(dict.fromkeys(kind for kind in kinds if kind != ALL_OPEN))
        if (len(listed) + 1) * len(self.connections) > MANY_ARMS:
            return self.select(kinds, text, shown, order)
        arms: list[_Arm] = []
        for connection in self.connections:
            for kind in listed:
                arms += self._exceptions([kind], [connection], wanted, shown, order)
            if ALL_OPEN in kinds:
                arms += self._open([connection], wanted, shown, order)
        first = "sorted, " if order.sql else ""
        return _together(
            [
                (f"SELECT * FROM ({arm.sql} ORDER BY {first}{arm.order} LIMIT ?)", [*arm.params, many])
                for arm in arms
            ]
        )

    def _exceptions(
        self,
        kinds: Sequence[str],
        connections: Sequence[str],
        wanted: Filter,
        shown: Shown | None,
        order: Order,
    ) -> list[_Arm]:
        where, values = self._where(wanted, shown, _EXCEPTION)
        # Without anything asked of the ticket the pane's own table is enough.
        sources = [("exception e", "")]
        if where or order.sql:  # CROSS: the exceptions first, then each one's ticket by its key
            key = "t.connection = e.connection AND t.ticket_id = e.ticket_id"
            sources = [(f"exception e CROSS JOIN {table} t ON {key}", more) for table, more in SOURCES]
        arms = []
        for source, further in sources:
            sql = (
                "SELECT e.kind, e.connection, e.ticket_id, e.since, e.gate, e.psa_only,"
                f" {order.sql or 0} AS sorted FROM {source}"
                f" WHERE e.connection || '' IN ({marks(connections)}) AND e.kind IN ({marks(kinds)}){where}{further}"
            )
            params = [*connections, *kinds, *values]
            if self.hidden:
                sql += f" AND (e.kind, e.connection, e.ticket_id) NOT IN (VALUES {_rows(self.hidden)})"
                params += [piece for row in self.hidden for piece in row]
            in_order = "e.gate DESC, e.psa_only, e.since, length(e.ticket_id), e.ticket_id"
            arms.append(_Arm(sql, params, in_order))
        return arms

    def _open(
        self, connections: Sequence[str], wanted: Filter, shown: Shown | None, order: Order
    ) -> list[_Arm]:
        where, values = self._where(wanted, shown, _TICKET_ALONE)
        since = _TICKET_ALONE.since
        return [
            _Arm(
                f"SELECT '{ALL_OPEN}' AS kind, t.connection, t.ticket_id, {since} AS since, 0 AS gate,"
                f" 0 AS psa_only, {order.sql or 0} AS sorted"
                f" FROM {table} t WHERE t.connection IN ({marks(connections)}) AND {OPEN_HERE}{where}{further}",
                [*connections, *values],
                f"{since}, length(t.ticket_id), t.ticket_id",
            )
            for table, further in SOURCES
        ]

    def _where(self, wanted: Filter, shown: Shown | None, subject: Subject) -> tuple[str, list[Any]]:
        filtered, values = wanted.sql(subject, self.now)
        narrowed, more = shown.sql() if shown is not None else ("", [])
        return "".join(f" AND {part}" for part in (narrowed, filtered) if part), [*more, *values]

    def count(self, kinds: Sequence[str], text: str, shown: Shown | None = None) -> int:
        query, params = self.select(kinds, text, shown)
        if not query:
            return 0
        return int(self.db.execute(f"SELECT count(*) FROM ({query})", params).fetchone()[0])

    def numbers(
        self, kinds: Sequence[str], text: str, shown: Shown | None = None
    ) -> dict[str, tuple[int, int]]:
        """Kind -> (must, later) of the rows that `rows` would give."""
        query, params = self.select(kinds, text, shown)
        if not query:
            return {}
        rows = self.db.execute(f"SELECT kind, sum(gate), sum(NOT gate) FROM ({query}) GROUP BY kind", params)
        return {kind: (int(must), int(later)) for kind, must, later in rows}


def _together(arms: Sequence[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    return " UNION ALL ".join(sql for sql, _ in arms), [one for _, params in arms for one in params]


def _rows(rows: Collection[Hidden]) -> str:
    return ", ".join("(?, ?, ?)" for _ in rows)


def marks(values: Iterable[object]) -> str:
    """As many parameters as there are values."""
    return ", ".join("?" for _ in values)
