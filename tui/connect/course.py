"""How far the guide has come: what its steps know of each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.home import Home
from store.settings import load
from store.status_meanings import (
    MEANINGS,
    Meaning,
    answered,
    as_settings,
    from_settings,
    guesses,
    settings_key,
)
from tui.connect.draft import Draft
from tui.connect.given import Given, find_spec
from tui.connect.keeping import Unkept, found_out, required_now, sets_status
from tui.connect.proof import Proof

ANSWERED, REQUIRED = "\0answered", "\0required"
"""No status is called so."""


@dataclass(frozen=True)
class Ended:
    """What the guide leaves behind for whoever opened it."""

    name: str
    secrets: Mapping[str, str]
    """The connection's: no keyring may have them."""
    unkept: tuple[Unkept, ...]
    opens_queue: bool

    @property
    def run_secrets(self) -> Mapping[str, Mapping[str, str]] | None:
        """By connection, what has to be handed to whoever goes on in this process; `None`: it finds them itself."""
        return {self.name: self.secrets} if self.unkept else None


@dataclass(frozen=True)
class Proven:
    """What was proven: the answers, the secrets, and what the PSA said to them."""

    table: dict[str, Any]
    secrets: dict[str, str]
    new: frozenset[str]
    """Secrets that no place keeps yet."""
    proof: Proof


@dataclass
class Course:
    """One run of the guide. Nothing is saved before `proven`."""

    home: Home
    given: Given
    name: str | None = None
    """As asked for on the command line."""
    again: str | None = None
    """The saved connection that is connected again."""
    draft: Draft | None = None
    proven: Proven | None = None
    refused: bool = False
    """The last proof failed: some answer has to be another one."""
    meanings: dict[str, Meaning] = field(default_factory=dict)
    """Status -> what it means, as it stands in the table of statuses."""
    guessed: frozenset[str] = frozenset()
    """Those whose meaning only follows from the name."""
    answered: str | None = None
    required: tuple[str, ...] = ()
    touched: set[str] = field(default_factory=set)
    """Statuses (by name), `ANSWERED` and `REQUIRED`, that a person has set here: another proof leaves them."""
    saved: bool = False
    unkept: tuple[Unkept, ...] = ()

    @classmethod
    def begin(cls, home: Home, given: Given, name: str | None, psa: str | None) -> Course:
        """A course from what the command line says. Raises `SettingsError`, `Problem`."""
        course = cls(home, given, name)
        saved = course.names()
        if name in saved:
            course.again = name
            psa = psa or saved[name]
        if psa is not None:
            course.choose(psa, again=course.again)
        return course

    def choose(self, psa: str, *, again: str | None = None) -> None:
        """Begins a draft for this PSA; a new one, or a saved connection `again`. Raises `Problem`."""
        spec = find_spec(psa)
        self.again = again
        name = again or self.name or self.free_name(psa)
        before = self.draft
        if before is not None and (before.spec.psa, before.name) == (spec.psa, name):
            return
        draft = Draft(self.home.config, spec, name, read_only=self.given.read_only)
        draft.commands = dict(self.given.commands)
        self.given.fill(draft)
        self.draft, self.proven = draft, None
        self.touched.clear()

    @property
    def connection(self) -> Draft:
        """The draft, once a PSA has been chosen."""
        if self.draft is None:
            raise LookupError("No PSA has been chosen yet.")
        return self.draft

    @property
    def facts(self) -> Proven:
        """What was proven. Only after the proof."""
        if self.proven is None:
            raise LookupError("Nothing has been proven yet.")
        return self.proven

    def prove_with(self, proven: Proven) -> None:
        """Takes a proof, and presets what follows from it: saved meanings first, given ones, then guesses."""
        self.proven, self.refused = proven, False
        can = proven.proof.capabilities
        statuses = proven.proof.statuses
        saved = self.connection.saved()
        known = from_settings(saved, statuses)
        folded = {name.casefold(): meaning for name, meaning in self.given.meanings.items()}
        known |= {one.name: folded[one.name.casefold()] for one in statuses if one.name.casefold() in folded}
        likely = {} if known else guesses(statuses)
        found = {**(known or likely)}
        for one in statuses:
            if one.name in self.touched:
                likely.pop(one.name, None)
                found.pop(one.name, None)
                if one.name in self.meanings:
                    found[one.name] = self.meanings[one.name]
        self.meanings = {one.name: found[one.name] for one in statuses if one.name in found}
        self.guessed = frozenset(likely)
        wanted = self.given.answered or saved.get("answered_status") or ""
        there = next((one.name for one in statuses if one.name.casefold() == str(wanted).casefold()), None)
        if ANSWERED not in self.touched:
            self.answered = there or (answered(self.meanings) if sets_status(can) else None)
        if REQUIRED not in self.touched:
            self.required = self.given.required or required_now(self.home.config, self.connection.name, can)

    def table(self) -> dict[str, Any]:
        """The connection's table with everything that was found, confirmed and chosen."""
        draft, facts = self.connection, self.facts
        return found_out(draft, facts.table, facts.proof.identity) | self._statuses()

    def _statuses(self) -> dict[str, Any]:
        """What the statuses mean. A saved name that was not among those read keeps its meaning."""
        read = {one.name.casefold() for one in self.facts.proof.statuses}
        saved, keys = self.connection.saved(), as_settings(self.meanings)
        table: dict[str, Any] = {}
        for meaning in MEANINGS:
            key = settings_key(meaning)
            kept = [name for name in saved.get(key, ()) if name.casefold() not in read]
            table[key] = [*keys.get(key, ()), *kept] or None
        before = saved.get("answered_status")
        unread = before if isinstance(before, str) and before.casefold() not in read else None
        return table | {"answered_status": self.answered or unread}

    def free_name(self, psa: str) -> str:
        """A name for a new connection: the PSA's, with a number where that is taken."""
        taken = {name.casefold() for name in self.names()}
        names = [psa, *(f"{psa}{number}" for number in range(2, 100))]
        return next(name for name in names if name.casefold() not in taken)

    def names(self) -> dict[str, str]:
        """The saved connections: name -> PSA. Raises `SettingsError`."""
        return {name: one.psa for name, one in load(self.home.config).connections.items()}
