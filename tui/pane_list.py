"""The panes: the four, all open, and those of one's own from the settings."""

from __future__ import annotations

from typing import NamedTuple

from connectors.text import clean
from store.read_records import ALL_OPEN, PANES
from store.saved_panes import OPEN, SavedPane
from store.settings import Settings
from tui.text import fit
from tui.widgets.columns import PANE_KINDS, PANE_NAMES, SHORT_NAMES

SHORTEST = 6
"""Cells of a name in the strip."""


class Pane(NamedTuple):
    """One pane. `id` is its digit; one of one's own without a digit is called by `=` and its name."""

    id: str
    name: str
    short: str
    kinds: tuple[str, ...]
    columns: str
    """The pane of the queue's own whose columns its rows have."""
    filter: str = ""
    saved: bool = False

    @property
    def key(self) -> str:
        """What stands before the name: the digit that goes there, or nothing."""
        return self.id if len(self.id) == 1 else " "

    @property
    def title(self) -> str:
        """`5 VIP`, cleaned."""
        return f"{self.key} {self.name}".strip()


def panes_of(settings: Settings) -> dict[str, Pane]:
    """By id, in the order of Tab: the four, one's own, all open."""
    own = [
        Pane(pane, PANE_NAMES[pane], SHORT_NAMES[pane], PANE_KINDS[pane], columns=pane) for pane in PANE_KINDS
    ]
    return {pane.id: pane for pane in (*own[:-1], *(_saved(one) for one in settings.panes), own[-1])}


def _saved(one: SavedPane) -> Pane:
    kind = ALL_OPEN if one.kind == OPEN else one.kind
    name = clean(one.name)
    return Pane(
        one.key or f"={name}",
        name,
        fit(name, SHORTEST).strip(),
        (kind,),
        columns=str(PANES[kind][0]),
        filter=one.filter,
        saved=True,
    )
