"""What the cache and the journal know of the rules: which of the company's own failed, and how often each kind has
been at zero. Needs the standard library's `sqlite3` alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import msgspec

from store.rules.catalogue import CUSTOM
from store.settings_records import Settings

FIX_FAILED = "Make the condition cheaper, or raise rules.custom_limit; docs/rules.md says how."


class RuleProblem(msgspec.Struct, frozen=True):
    """One of the company's own rules that is switched off because something is wrong with it."""

    kind: str
    problem: str
    hint: str
    counts: bool
    """Its rows would count to zero."""
    line: int = 0
    """Where it stands in the settings; 0: not known."""
    connection: str = ""
    """Where it could not be worked out; empty: it is wrong as it is written."""
    at: int = 0
    """When that was tried, UTC seconds."""

    @property
    def name(self) -> str:
        return self.kind.removeprefix(CUSTOM)

    @property
    def place(self) -> str:
        """`config.toml, line 12`, or as much of it as is known."""
        return f"config.toml, line {self.line}" if self.line else "config.toml"

    @property
    def sentence(self) -> str:
        """What is wrong, with the place."""
        where = f"{self.connection}: " if self.connection else ""
        return f'{where}our rule "{self.name}" ({self.place}) is switched off: {self.problem}.'


def rule_problems(
    db: sqlite3.Connection | None, settings: Settings, names: Collection[str]
) -> list[RuleProblem]:
    """Those that are wrong as written, then those that failed at one of these connections."""
    found = [
        RuleProblem(one.kind, one.problem, one.hint, one.kind in settings.gates, one.line)
        for one in settings.rules.custom_problems
        if not one.off
    ]
    lines = {rule.kind: rule.line for rule in settings.rules.custom if rule.on}
    # A cache of an earlier version has no such table yet.
    there = "SELECT 1 FROM sqlite_master WHERE name = 'rule_problem'"
    if db is None or db.execute(there).fetchone() is None:
        return found
    rows = db.execute("SELECT connection, kind, problem, at FROM rule_problem ORDER BY connection, kind")
    for connection, kind, problem, at in rows.fetchall():
        if connection in names and kind in lines:
            counts = kind in settings.gates
            found.append(RuleProblem(kind, problem, FIX_FAILED, counts, lines[kind], connection, at))
    return found


class Spell(msgspec.Struct, frozen=True):
    """A row of one kind in the history: from `opened_at` to `cleared_at` (`None`: open), UTC seconds."""

    opened_at: int
    cleared_at: int | None


class Past(msgspec.Struct, frozen=True):
    """What the history tells of the configured connections."""

    begins_at: int | None
    """The first row of any kind; `None`: there is no history."""
    spells: dict[str, list[Spell]]
    """By kind, in order."""

    def zero_since(self, kind: str) -> int | None:
        """When its last row went; `None`: one is open, or there never was one."""
        ends = [spell.cleared_at for spell in self.spells.get(kind, ())]
        return None if not ends or None in ends else max(end for end in ends if end is not None)

    def was_zero(self, kind: str, begin: int, end: int) -> bool:
        """Whether there was a moment from `begin` up to `end` at which no row of the kind was open."""
        reached = begin
        for spell in self.spells.get(kind, ()):  # in the order of their opening
            if spell.opened_at > reached:
                break
            if spell.cleared_at is None:
                return False
            reached = max(reached, spell.cleared_at)
        return reached < end


def past(journal: sqlite3.Connection | None, names: Sequence[str]) -> Past:
    """The history of these connections."""
    if journal is None or not names:
        return Past(None, {})
    marks = ", ".join("?" for _ in names)
    spells: dict[str, list[Spell]] = {}
    rows = journal.execute(
        f"SELECT kind, opened_at, cleared_at FROM history WHERE connection IN ({marks}) ORDER BY opened_at",
        list(names),
    )
    begins: int | None = None
    for kind, opened_at, cleared_at in rows:
        begins = opened_at if begins is None else begins
        spells.setdefault(kind, []).append(Spell(opened_at, cleared_at))
    return Past(begins, spells)
