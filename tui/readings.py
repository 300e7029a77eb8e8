"""What the queue asks the databases for, each as one reading in a thread: its rows, and everything around them."""

from __future__ import annotations

from store.not_known import not_known
from store.read import Reader
from store.read_records import Row
from tui.widgets.header import Standing
from tui.widgets.panes import Counts


def rows_of(
    kinds: tuple[str, ...],
    text: str,
    only: str | None,
    reader: Reader,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> list[Row]:
    """A pane's rows through the filter; `only`: those of this connection."""
    return reader.rows(kinds, text=text, connection=only, offset=offset, limit=limit)


def standing_of(only: str | None, reader: Reader) -> tuple[Counts, Standing]:
    """One reading of everything around the list; the panes' numbers are those of the connection `only`, if named."""
    states, changes = tuple(reader.states()), tuple(reader.changes())
    shown = [state for state in states if only in (None, state.connection)]
    lost = frozenset(kind for state in shown for kind in not_known(state.capabilities))
    unsure = bool(lost & set(reader.settings.gates))
    counts = Counts(tuple(reader.panes(only)), known=True, not_known=lost, unsure=unsure)
    quarantined, budgets = len(reader.quarantine()), reader.budgets()
    return counts, Standing(
        states,
        changes,
        timers=tuple(reader.timers()),
        quarantined=quarantined,
        budgets=budgets,
        unsure=unsure,
        only=only,
    )
