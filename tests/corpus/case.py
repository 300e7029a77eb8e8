"""One planted case: a healthy ticket of which one thing is not as it should be, or very nearly so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

NOW = 1_795_618_800
"""2026-11-25 15:00 UTC, a Wednesday; the corpus is in UTC, business hours are Mon-Fri 09:00-17:00."""

MINUTE, HOUR, DAY = 60, 3600, 86400

MAIN = "ticket"
"""The name of a case's own ticket, where another one of it names its parent."""


@dataclass
class Planted:
    """A ticket and all that hangs on it, as columns of the cache's tables by name; what is not given is healthy
    (`tests.corpus.healthy`): open, new today, owned by `jdoe`, of Acme, answered, with time and a code on it."""

    values: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] | None = None
    """Columns of `note`: at least `created_at`, `speaker`, `public`, `text`, `author`, `author_id`. `None`: the healthy
    ones (the customer wrote, staff has answered); empty: nobody has said anything."""
    time: list[dict[str, Any]] | None = None
    """Columns of `time_entry`; `None`: the healthy one."""
    parents: tuple[str, ...] = ()
    """Names of other tickets of the case (`Case.others`); `MAIN` is the case's own."""
    custom: dict[str, str | None] = field(default_factory=dict)
    """Custom fields by the PSA's own names."""
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Further rows by table of the cache or the journal (`{"change": [...]}`): all columns that have no default, but
    for the connection and the ticket, which are filled in."""


@dataclass
class Case:
    """What is planted, and whether it is to be found."""

    kind: str
    name: str
    """What is special about it, in words: "exactly 20 business minutes old"."""
    found: bool
    """It is one of its kind; false: a near miss."""
    ticket: Planted
    others: dict[str, Planted] = field(default_factory=dict)
    """Further tickets that it takes, by a name of their own."""
    choices: list[dict[str, Any]] = field(default_factory=list)
    """Columns of `choice` (agreements, contacts …)."""
    also: frozenset[str] = frozenset()
    """Further kinds that it is in of necessity."""
    others_in: dict[str, frozenset[str]] = field(default_factory=dict)
    """Kinds that the others are in of necessity."""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Limits of kinds that this group of cases needs set for everybody (`{"out_of_scope": {...}}`)."""


class Group(Protocol):
    """A module of cases."""

    def cases(self, random: random.Random) -> Iterator[Case]:
        """The cases of its kinds, names and texts varied by `random`; edges are exact whatever it says."""
