"""Marked rows: which they are, in the order of the list, and the range that follows the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from store.read_records import Row

Key = tuple[str, str, str | None]
"""Connection, ticket, kind: what a cursor and marks hold on to."""


class Marks:
    """The marked rows, as they were last read."""

    def __init__(self) -> None:
        self._rows: dict[Key, Row] = {}
        self._before: dict[Key, Row] = {}
        self.anchor: Key | None = None
        """Where a range began that still follows the cursor."""

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> list[Row]:
        """The rows, in the order they were marked."""
        return list(self._rows.values())

    def toggle(self, row: Row) -> None:
        """Marks a row, or lets go of it."""
        self.end_range()
        if self._rows.pop(row.key, None) is None:
            self._rows[row.key] = row

    def add(self, rows: Iterable[Row]) -> None:
        self.end_range()
        self._rows |= {row.key: row for row in rows}

    def begin_range(self, row: Row) -> None:
        self._before = dict(self._rows)
        self._rows[row.key] = row
        self.anchor = row.key

    def end_range(self) -> None:
        """The range stops following; its marks stay."""
        self.anchor = None

    def extend(self, order: Sequence[Key], place: int, rows: Mapping[Key, Row]) -> bool:
        """The cursor went to `place`: the range follows. Gives whether it did: while rows of it are being read it stays
        as it was."""
        if self.anchor is None or self.anchor not in rows:
            return False
        first, last = sorted((order.index(self.anchor), place))
        within = order[first : last + 1]
        if any(key not in rows for key in within):
            return False
        self._rows = self._before | {key: rows[key] for key in within}
        return True

    def refresh(self, rows: Mapping[Key, Row]) -> None:
        """Newer readings of marked rows."""
        for key in self._rows:
            if key in rows:
                self._rows[key] = rows[key]

    def let_go(self) -> None:
        self._rows.clear()
        self.anchor = None
