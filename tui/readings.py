"""What the queue asks the databases for, each as one reading in a thread: its rows, and everything around them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from store.not_known import not_known
from store.read import Reader
from store.read_records import Found, PaneCount, Row
from store.shown import ORDERS, Order, Shown
from tui.marks import Key
from tui.pane_list import Pane
from tui.standing import Counts, SavedCount, Standing
from tui.widgets.row_window import FIRST, WHOLE, WINDOW, key_of


class Wanted(NamedTuple):
    """Which rows, in which order. `only`: those of this connection; `shown`: a part of the scope."""

    pane: Pane
    filter: str = ""
    only: str | None = None
    shown: Shown | None = None
    order: Order = ORDERS[0]

    @property
    def text(self) -> str:
        """The pane's own filter and the one that was typed."""
        return f"{self.pane.filter} {self.filter}"


def rows_of(wanted: Wanted, reader: Reader, *, limit: int | None = None) -> list[Row]:
    """A pane's rows, from the first one on."""
    return reader.rows(
        wanted.pane.kinds,
        text=wanted.text,
        connection=wanted.only,
        shown=wanted.shown,
        order=wanted.order,
        limit=limit,
    )


def order_of(wanted: Wanted, reader: Reader) -> list[Found]:
    """Which rows a pane has, in their order."""
    return reader.order(
        wanted.pane.kinds,
        text=wanted.text,
        connection=wanted.only,
        shown=wanted.shown,
        order=wanted.order,
    )


def order_and_rows(
    wanted: Wanted, near: Collection[Key], at: Key | None, reader: Reader
) -> tuple[list[Found], list[Row]]:
    """A pane's order, and those of its rows that are in `near`, about `at`, or all where they are few."""
    with reader.at_one_moment():
        order = order_of(wanted, reader)
        if len(order) <= WHOLE:
            return order, reader.build(order)
        place = next((place for place, one in enumerate(order) if key_of(one) == at), 0)
        some = [
            one
            for there, one in enumerate(order)
            if abs(there - place) <= WINDOW or there < FIRST or key_of(one) in near
        ]
        return order, reader.build(some)


def standing_of(
    only: str | None, shown: Shown | None, panes: tuple[Pane, ...], reader: Reader
) -> tuple[Counts, Standing]:
    """One reading of everything around the list; the panes' numbers are those of the connection `only`, if named, and
    of the part `shown` of the scope."""
    with reader.at_one_moment():
        return _standing(only, shown, panes, reader)


def _standing(
    only: str | None, shown: Shown | None, panes: tuple[Pane, ...], reader: Reader
) -> tuple[Counts, Standing]:
    states, changes = tuple(reader.states()), tuple(reader.changes())
    here = [state for state in states if only in (None, state.connection)]
    lost = frozenset(kind for state in here for kind in not_known(state.capabilities))
    broken = tuple(one for one in reader.rule_problems() if only in (None, one.connection or only))
    lost |= {one.kind for one in broken}
    unsure = bool(lost & set(reader.settings.counted)) or any(one.counts for one in broken)
    whole: tuple[PaneCount, ...] | None = None
    numbers = tuple(reader.panes(only))
    if shown is not None:
        whole, numbers = numbers, tuple(reader.panes(only, shown=shown))
    saved = tuple(
        SavedCount(pane, *reader.numbers(pane.kinds, text=pane.filter, connection=only, shown=shown))
        for pane in panes
        if pane.saved
    )
    built_in = tuple(pane for pane in panes if not pane.saved and pane.id != "0")
    counts = Counts(
        numbers,
        known=True,
        not_known=lost,
        unsure=unsure,
        saved=saved,
        built_in=built_in,
        whole=whole,
    )
    quarantined, budgets = len(reader.quarantine()), reader.budgets()
    return counts, Standing(
        states,
        changes,
        timers=tuple(reader.timers()),
        quarantined=quarantined,
        budgets=budgets,
        unsure=unsure,
        broken=broken,
        only=only,
    )
