"""One reading of everything around the list, as plain data: what header, panes and status line show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from store.bucket import State
from store.changes import DECIDE_STATES
from store.read_records import ALL_OPEN, ChangeView, ConnectionView, PaneCount
from store.read_rules import RuleProblem
from store.settings_records import Settings
from store.timers import Stopwatch
from tui.pane_list import Pane, panes_of

_USUAL = tuple(pane for pane in panes_of(Settings()).values() if pane.id != "0")


class SavedCount(NamedTuple):
    """The numbers of a pane of one's own: rows that the four may count too, so never part of a sum."""

    pane: Pane
    must: int
    later: int


class Counts(NamedTuple):
    """All numbers of the panes, from one reading."""

    panes: tuple[PaneCount, ...] = ()
    trouble: int = 0
    outbox: int = 0
    known: bool = False
    not_known: frozenset[str] = frozenset()
    """Kinds that some connection's PSA does not let be known: a zero of theirs is none."""
    unsure: bool = False
    """One of them would count to zero."""

    saved: tuple[SavedCount, ...] = ()
    built_in: tuple[Pane, ...] = _USUAL
    """The panes of kinds, in their order: the four, and those of further kinds that are looked for."""
    whole: tuple[PaneCount, ...] | None = None
    """The numbers of all that the settings say, where `panes` are those of a part of it."""

    @property
    def whole_to_zero(self) -> int | None:
        """What `check` counts, where that is more than what is shown here."""
        return None if self.whole is None else sum(one.must for one in self.whole)

    def outside(self, pane: str) -> int:
        """How many rows a pane has that are not in the part shown."""
        whole = [one for one in self.whole or () if one.kind in self.kinds(pane)]
        return max(0, sum(one.must + one.later for one in whole) - sum(self.of(pane)))

    def of(self, pane: str) -> tuple[int, int]:
        """(must, later) of a whole pane."""
        for one in self.saved:
            if one.pane.id == pane:
                return one.must, one.later
        mine = [one for one in self.panes if one.kind in self.kinds(pane)]
        return sum(one.must for one in mine), sum(one.later for one in mine)

    def hidden(self, pane: str) -> int:
        """How many rows of a pane somebody has hidden for a while."""
        return sum(one.hidden for one in self.panes if one.kind in self.kinds(pane))

    def may_hide(self, pane: str) -> bool:
        """Whether a kind of this pane cannot be known everywhere."""
        return any(one.kind in self.not_known for one in self.panes if one.kind in self.kinds(pane))

    def kinds(self, pane: str) -> tuple[str, ...]:
        """The kinds of a pane that is not one's own."""
        return next((one.kinds for one in self.built_in if one.id == pane), (ALL_OPEN,))

    @property
    def to_zero(self) -> int:
        """The sum of the must column."""
        return sum(one.must for one in self.panes)


class Standing(msgspec.Struct, frozen=True):
    """What header, panes and status line show: one reading of the databases."""

    states: tuple[ConnectionView, ...] = ()
    changes: tuple[ChangeView, ...] = ()
    to_zero: int | None = None
    """`None`: not read yet."""
    syncing: tuple[int, int | None] | None = None
    """Tickets read so far, and how many there will be; `None`: no round runs."""
    quarantined: int = 0
    unsure: bool = False
    """A kind that counts to zero cannot be known from some connection's PSA."""
    broken: tuple[RuleProblem, ...] = ()
    """Rules of the company's own that are switched off because something is wrong with them."""
    timers: tuple[Stopwatch, ...] = ()
    """Stopwatches that are open, those that run first."""
    only: str | None = None
    """The lists and numbers are of this connection alone."""
    shown: str = ""
    """The part of the scope that they are of, in words; empty: all of it."""
    whole: int | None = None
    """What counts to zero in all of the scope, where a part is shown: what `check` and the end of the day say."""
    read_at: int = 0
    titles: tuple[str, ...] = ()
    budgets: Mapping[str, State] = {}
    """What is used of each connection's requests."""

    @property
    def waiting(self) -> int:
        """Changes on their way: the outbox without what is held and without trouble."""
        return sum(change.state in ("queued", "sending") for change in self.changes)

    @property
    def held(self) -> tuple[ChangeView, ...]:
        """What can still be taken back, the next to go first."""
        return tuple(
            sorted(
                (one for one in self.changes if one.state == "held" and not one.asks),
                key=lambda one: (one.due_at or 0, one.change),
            )
        )

    @property
    def stuck(self) -> tuple[ChangeView, ...]:
        """What needs a person."""
        return tuple(one for one in self.changes if one.state in DECIDE_STATES or one.asks)

    @property
    def trouble(self) -> int:
        """The number at `!`: stuck changes, connections in error, rules that failed, records that could not be read."""
        bad = sum(state.error is not None for state in self.states)
        return len(self.stuck) + bad + len(self.broken) + self.quarantined
