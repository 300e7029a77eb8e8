"""The list of tickets: a virtual list whose order stands still under the cursor.

Rows are held by key (connection, ticket, kind); of a long list those around the cursor (`tui.widgets.row_window`). A
new reading is merged: known rows are replaced where they stand, new ones come at the end, and one that is gone stays as
a ghost while the cursor is on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import tzinfo

import msgspec
from textual import events

from store.read_records import Found, Row
from tui.marks import Key
from tui.messages import MarksChanged, RowsMissing, RowUnderCursor, RowWanted
from tui.pane_names import PANE_NAMES
from tui.spoken import place_words, row_words
from tui.widgets.columns import Look
from tui.widgets.row_painting import RowPainting
from tui.widgets.row_window import key_of


class TicketList(RowPainting, can_focus=True):
    """Shows rows, keeps the cursor by ticket. It reads nothing itself."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pane = "1"
        self.new_rows = 0
        self.reading = 0
        """Which reading its rows are of: what was asked for before the last one is no longer put in."""
        self.here = asyncio.Event()
        """Set while the row under the cursor is there, or the list is empty."""
        self.here.set()
        self._marks_all = False
        """All are to be marked, once they are there."""

    # ------------------------------------------------------------ rows

    @property
    def row(self) -> Row | None:
        """The row under the cursor, ghosts included; `None` also while it is being read."""
        return self._rows.get(self._order[self.cursor]) if 0 <= self.cursor < len(self._order) else None

    @property
    def is_ghost(self) -> bool:
        """Whether the row under the cursor has left the pane."""
        row = self.row
        return row is not None and row.key in self._ghosts

    @property
    def keys(self) -> Sequence[Key]:
        """The order as it stands."""
        return self._order

    def __len__(self) -> int:
        return len(self._order)

    def show(
        self,
        pane: str,
        rows: Iterable[Row],
        *,
        now: int,
        zone: tzinfo,
        at: Key | None = None,
        look: Look | None = None,
        order: Sequence[Found] | None = None,
    ) -> None:
        """Another pane, or the same in a fresh order; the cursor goes to `at` or the first row.

        `order`: of all rows, where `rows` are not all of them. Marks end with their pane; a filter leaves them, also
        those that it hides.
        """
        if pane != self.pane:
            self.marks.let_go()
        self.pane, self.now, self.zone = pane, now, zone
        self.look = look or Look(pane)
        self._window.show(rows, order)
        self._next_reading()
        self.marks.refresh(self._rows)
        self._ghosts.clear()
        self.new_rows = 0
        place = self._order.index(at) if at is not None and self._known(at) else 0
        self._changed()
        self._put_cursor(place)

    def _known(self, key: Key | None) -> bool:
        return key in self._window.rows or key in self._window.unread

    def _next_reading(self) -> None:
        self.reading += 1
        self._asked = False

    def further(self, order: Iterable[Found]) -> None:
        """The whole order of the reading whose first page `show` has shown."""
        self._window.further(order)
        self.set_length(len(self._order))
        self.refresh()
        self._look_around(self.cursor)

    @property
    def near(self) -> Collection[Key]:
        """The rows that a reading to be merged has to bring; others are read when somebody comes to them."""
        if self.marks.anchor or self._marks_all:
            return self._order
        return self._window.near(self.cursor) | set(self.marks)

    def fill(self, asked: Sequence[Found], rows: Iterable[Row], reading: int) -> None:
        """The rows that `RowsMissing` asked for. Those that are gone meanwhile leave the list."""
        if reading != self.reading:
            return
        self._asked = False
        was_here = self.row is not None
        gone = set(self._window.fill(asked, rows))
        place = self.cursor
        if gone:
            place -= sum(key in gone for key in self._order[:place])
            self._window.order = [key for key in self._order if key not in gone]
        if not self.marks and not self._marks_all:
            self._window.let_go(place, self._ghosts)
        self._changed()
        if self._marks_all and not self._window.unread:
            self.mark_all()
        if gone or not was_here or self.marks.anchor:
            self._put_cursor(place)
        else:
            self._look_around(place)

    def _look_around(self, place: int) -> None:
        """Asks for the rows around this place, where they are not there."""
        self.here.set() if not self._order or self.row is not None else self.here.clear()
        if self._asked:
            return
        if self._marks_all:
            found = self._window.between(0, len(self._order))
        elif self.marks.anchor in self._rows:
            first, last = sorted((self._order.index(self.marks.anchor), place))
            found = self._window.between(first, last) or self._window.missing(place)
        else:
            found = self._window.missing(place)
        if found:
            self._asked = True
            self.post_message(RowsMissing(found, self.reading))

    def merge(
        self,
        rows: Iterable[Row],
        *,
        now: int,
        done: Collection[tuple[str, str]] = (),
        order: Sequence[Found] | None = None,
    ) -> Key | None:
        """A new reading of the same pane. Gives the key of a row that became a ghost just now.

        `done`: (connection, ticket) that a person has just fixed: their rows leave at once, without a ghost. `order`:
        of all rows, where `rows` are not all of them.
        """
        self.now = now
        read = {row.key: row for row in rows}
        found = {key_of(one): one for one in order} if order is not None else {}
        fresh: Collection[Key] = found if order is not None else read
        under = self._order[self.cursor] if self.cursor < len(self._order) else None
        line = self.cursor - self.scroll_offset.y
        ghost = None
        keep: list[Key] = []
        before = 0
        for place, key in enumerate(self._order):
            stays = key in fresh
            seen = key in self._rows and (key == under or key in self.marks)
            if not stays and seen and key[:2] not in done:
                if key not in self._ghosts:
                    ghost = key
                    self._ghosts[key] = ""
                stays = True
            elif stays:
                self._ghosts.pop(key, None)
            if stays:
                keep.append(key)
                before += place < self.cursor
        new = [key for key in fresh if not self._known(key)]
        if self._order:  # into an empty list they come in order: nothing is below somebody's cursor
            self.new_rows += len(new)
        stay = {key: self._rows[key] for key in keep if key in self._ghosts}
        self._window.rows = stay | {key: row for key, row in read.items() if key in fresh}
        self._window.unread = {key: one for key, one in found.items() if key not in self._rows}
        self._window.order = [*keep, *new]
        self.marks.refresh(read)
        self._next_reading()
        self._changed()
        self.scroll_to(y=max(0, before - line), animate=False, force=True)
        self._put_cursor(before)
        if self._marks_all:
            self.mark_all()
        return ghost

    def explain_ghost(self, key: Key, words: str) -> None:
        """Says in the ghost's row why it left."""
        if key in self._ghosts:
            self._ghosts[key] = words
            self._changed()

    def on_its_way(self, tickets: Collection[tuple[str, str]]) -> None:
        """Marks the rows of these tickets as having a change on its way, until they are read again."""
        for key, row in self._rows.items():
            if key[:2] in tickets and not row.pending:
                self._rows[key] = msgspec.structs.replace(row, pending=True)
                self.refresh_lines(self._order.index(key), 1)

    def words(self) -> str:
        """The row under the cursor as a sentence, and where it stands; of an empty list what is said there."""
        row = self.row
        if row is None:
            return " ".join(self.empty) if not self._order else ""
        here = row_words(row, self.now, ghost=self._ghosts.get(row.key), marked=row.key in self.marks)
        return f"{place_words(self.cursor, len(self._order), self.look.name or PANE_NAMES[self.pane])} {here}"

    def find(self, connection: str, ticket_id: str) -> int | None:
        """Where a ticket stands in this list."""
        for place, key in enumerate(self._order):
            if key[:2] == (connection, ticket_id):
                return place
        return None

    # ------------------------------------------------------------ marks

    def mark(self) -> None:
        """Marks the row under the cursor, or lets go of it, and moves down."""
        row = self.row
        if row is None or (self.is_ghost and row.key not in self.marks):
            return
        self.marks.toggle(row)
        self._marked()
        self.move(1)

    def mark_range(self) -> None:
        """Begins a range here that follows the cursor; a second time ends it. The marks stay."""
        row = self.row
        if row is not None:
            self.marks.end_range() if self.marks.anchor else self.marks.begin_range(row)
            self._marked()

    def mark_all(self) -> None:
        """Marks all rows shown; lets go of all where all are marked."""
        self._marks_all = bool(self._window.unread)
        if self._marks_all:
            self._look_around(self.cursor)
            return
        rows = [self._rows[key] for key in self._order if key not in self._ghosts]
        if rows and all(row.key in self.marks for row in rows):
            self.marks.let_go()
        else:
            self.marks.add(rows)
        self._marked()

    def let_go(self) -> None:
        """No marks any more; ghosts that stood only for them go."""
        self.marks.let_go()
        self._marks_all = False
        here = self.row
        for key in [key for key in self._ghosts if here is None or key != here.key]:
            del self._rows[key], self._ghosts[key]
        place = self.cursor - sum(not self._known(key) for key in self._order[: self.cursor])
        self._window.order = [key for key in self._order if self._known(key)]
        self._marked()
        self._put_cursor(place)

    @property
    def hidden_marks(self) -> int:
        """Marked rows that the filter hides."""
        return sum(not self._known(key) for key in self.marks)

    def left(self, key: Key) -> bool:
        """Whether a row has left this list and stands only as a ghost."""
        return key in self._ghosts

    def _marked(self) -> None:
        self._changed()
        self.post_message(MarksChanged())

    # ------------------------------------------------------------ cursor

    def move(self, step: int) -> None:
        self._put_cursor(self.cursor + step)

    def move_page(self, step: int) -> None:
        self._put_cursor(self.cursor + step * max(1, self.size.height - 1))

    def move_end(self, end: int) -> None:
        self._put_cursor(len(self._order) - 1 if end > 0 else 0)

    def go(self, place: int) -> None:
        self._put_cursor(place)

    def _put_cursor(self, place: int) -> None:
        place = max(0, min(place, len(self._order) - 1))
        left = self._order[self.cursor] if self.cursor < len(self._order) else None
        if left is not None and left in self._ghosts and left not in self.marks and place != self.cursor:
            gone = self.cursor
            del self._order[gone], self._rows[left], self._ghosts[left]
            place -= place > gone
            self._changed()
        if self.new_rows and place >= len(self._order) - self.new_rows:
            self.new_rows = len(self._order) - 1 - place
        was = self.cursor
        self.set_reactive(RowPainting.cursor, place)
        self._look_around(place)
        if self.marks.extend(self._order, place, self._rows):
            self.post_message(MarksChanged())
        self._show_cursor(was)
        self.post_message(RowUnderCursor(self.row))

    def _show_cursor(self, was: int | None = None) -> None:
        """Scrolls to it where it is out of sight; else the line that it left (`was`) and its own are painted."""
        height, top = self.size.height, self.scroll_offset.y
        if not height:
            return
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)
        elif was is not None and not self.marks.anchor:
            self.refresh_lines(was, 1)
            self.refresh_lines(self.cursor, 1)
        else:
            self.refresh()

    def on_resize(self) -> None:
        self._changed()
        self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        place = self.scroll_offset.y + event.y
        if place >= len(self._order):
            return
        if place == self.cursor and event.chain > 1 and self.row is not None:
            self.post_message(RowWanted(self.row))
        else:
            self._put_cursor(place)

    def ghosts(self) -> Mapping[Key, str]:
        """Rows that left while the cursor was on them."""
        return dict(self._ghosts)
