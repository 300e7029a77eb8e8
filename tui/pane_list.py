"""The panes: the four, those of further kinds that are looked for, one's own from the settings, all open."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from connectors.text import clean
from store.read_records import ALL_OPEN, pane_number
from store.rules.catalogue import PANES, pane_of
from store.saved_panes import OPEN, SavedPane
from store.settings import Settings
from tui.pane_names import PANE_NAMES, SHORT_NAMES
from tui.text import fit

FOUR = ("1", "2", "3", "4")
"""Those that are always there."""
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
    """By id, in the order of Tab: the four, those of further kinds, one's own, all open.

    A digit that a pane of one's own asks for is its: then one of further kinds is reached without."""
    taken = {one.key for one in settings.panes if one.key}
    panes = [_own(number, settings, taken) for number in PANES if number]
    every = Pane("0", PANE_NAMES["0"], SHORT_NAMES["0"], (ALL_OPEN,), columns="0")
    shown = [pane for pane in panes if pane.kinds or pane.columns in FOUR]
    return {pane.id: pane for pane in (*shown, *(_saved(one) for one in settings.panes), every)}


def _own(number: int, settings: Settings, taken: Collection[str]) -> Pane:
    digit = str(number)
    kinds = tuple(kind for kind in settings.kinds if pane_of(kind) == number)
    name = PANE_NAMES[digit]
    return Pane(f"={name}" if digit in taken else digit, name, SHORT_NAMES[digit], kinds, columns=digit)


def _saved(one: SavedPane) -> Pane:
    kind = ALL_OPEN if one.kind == OPEN else one.kind
    name = clean(one.name)
    return Pane(
        one.key or f"={name}",
        name,
        fit(name, SHORTEST).strip(),
        (kind,),
        columns=str(pane_number(kind)),
        filter=one.filter,
        saved=True,
    )
