"""The rows of a list around its cursor: the order is known as a whole, what a row shows is read where it is looked at.

A list may have 100,000 rows. Each is a few hundred bytes of order; only some hundreds of them are held in full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from store.read_records import Found, Row
from tui.marks import Key

WHOLE = 500
"""A list of no more rows is held in full."""
FIRST = 200
"""So many at the top always stay: the widths of the columns are theirs."""
MARGIN, WINDOW = 50, 150
"""Rows in each direction from the cursor that must be there, and that are read when they are not."""
KEPT = 1000
"""Rows held in full at most, while none are marked."""


def key_of(found: Found) -> Key:
    """What a cursor and marks hold on to."""
    return (found[1], found[2], found[0])


class RowWindow:
    """`order`: all rows by key; `rows`: those that are held; `unread`: what the others are made of."""

    def __init__(self) -> None:
        self.order: list[Key] = []
        self.rows: dict[Key, Row] = {}
        self.unread: dict[Key, Found] = {}

    def show(self, rows: Iterable[Row], order: Sequence[Found] | None) -> None:
        """Another list: its first page, or its order and the rows of it that were read."""
        self.rows = {row.key: row for row in rows}
        self.unread = {}
        self.order = list(self.rows)
        if order is not None:
            named = {key_of(one): one for one in order}
            self.order = list(named)
            self.rows = {key: row for key, row in self.rows.items() if key in named}
            self.unread = {key: one for key, one in named.items() if key not in self.rows}

    def further(self, order: Iterable[Found]) -> None:
        """The whole order, after the first page; what is there stays where it stands."""
        for one in order:
            key = key_of(one)
            if key not in self.rows and key not in self.unread:
                self.order.append(key)
                self.unread[key] = one

    def fill(self, asked: Iterable[Found], rows: Iterable[Row]) -> list[Key]:
        """Rows that were asked for. Gives the keys of those that are gone."""
        made = {row.key: row for row in rows}
        gone = []
        for key in map(key_of, asked):
            if self.unread.pop(key, None) is not None:
                if key in made:
                    self.rows[key] = made[key]
                else:
                    gone.append(key)
        return gone

    def missing(self, place: int) -> list[Found]:
        """What is to be read so that the rows around this place are there; empty where they are."""
        if not self.unread:
            return []
        last = len(self.order) - 1
        edges = (max(0, place - MARGIN), min(last, max(0, place)), min(last, place + MARGIN))
        if not any(self.order[edge] in self.unread for edge in edges):
            return []
        return self.between(place - WINDOW, place + WINDOW)

    def between(self, first: int, last: int) -> list[Found]:
        """What is to be read for these places."""
        some = self.order[max(0, first) : last + 1]
        return [self.unread[key] for key in some if key in self.unread]

    def near(self, place: int) -> set[Key]:
        """The rows that are read again when something has changed."""
        if len(self.order) <= WHOLE:
            return set(self.order)
        return {*self.order[:FIRST], *self.order[max(0, place - WINDOW) : place + WINDOW + 1]}

    def let_go(self, place: int, keep: Collection[Key] | Mapping[Key, object]) -> bool:
        """Forgets what rows far from the cursor show, where too many are held. Gives whether any were."""
        if len(self.rows) <= KEPT:
            return False
        stays = self.near(place)
        far = [key for key in self.rows if key not in stays and key not in keep]
        for key in far:
            self.unread[key] = self.rows.pop(key).found
        return bool(far)
