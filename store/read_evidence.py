"""The part of the reader that the answer "zero" stands on, and no more: `deskzero check --offline` loads only this."""

from __future__ import annotations

from collections.abc import Sequence

from store.read_changes import changes
from store.read_check import Evidence, aged_out, known
from store.read_open import Opened
from store.read_records import ChangeView, ConnectionView, QuarantineView
from store.read_rules import RuleProblem, rule_problems
from store.read_states import kind_counts, quarantine, states


class EvidenceReader(Opened):
    """The part of `store.read.Reader` that `store.check` judges."""

    def states(self) -> list[ConnectionView]:
        """Every configured connection, in the order of the settings, also one that never synced."""
        with self._cache() as db:
            return states(db, self.settings)

    def changes(self, all: bool = False) -> list[ChangeView]:
        """The outbox in the order made: open changes, or with `all` every one."""
        with self._journal() as db:
            return list(changes(db, self._names(None), everything=all))

    def left_behind(self, all: bool = False) -> list[ChangeView]:
        """Open changes (`all`: every one) of connections no longer in the settings: nobody sends them."""
        with self._journal() as db:
            return list(changes(db, self._names(None), everything=all, others=True))

    def outbox(self) -> tuple[list[ChangeView], list[ChangeView]]:
        """`changes` and `left_behind` as of one moment."""
        with self._journal() as db:
            names = self._names(None)
            return list(changes(db, names)), list(changes(db, names, others=True))

    def quarantine(self) -> list[QuarantineView]:
        """Records that could not be read, of the configured connections."""
        with self._cache() as db:
            return [] if db is None else quarantine(db, self._names(None))

    def evidence(self, *, now: int, gates: Sequence[str] | None = None) -> Evidence:
        """What `store.check` judges, all of the cache as of one moment. `gates` in place of `check.gates`."""
        names = self._names(None)
        window = self.settings.rules.talk_window(self.settings.counted if gates is None else gates)
        max_age = self.settings.max_age
        with self._cache() as db, self._journal() as journal:
            return Evidence(
                panes=tuple(kind_counts(db, names, self.settings.kinds, gates)),
                connections=tuple(
                    known(db, state, now=now, window=window, max_age=max_age)
                    for state in states(db, self.settings)
                ),
                quarantine=tuple(one for one in (quarantine(db, names) if db else ()) if one.may_be_in_scope),
                aged_out=aged_out(db, journal, names),
                rule_problems=tuple(rule_problems(db, self.settings, names)),
            )

    def rule_problems(self) -> list[RuleProblem]:
        """The company's own rules that are switched off because something is wrong with them."""
        with self._cache() as db:
            return rule_problems(db, self.settings, self._names(None))
