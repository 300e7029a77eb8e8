"""What a rule is made of, so that `evaluate` can run it over everything or over what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from store.rules.sql import Asked, Found


class Condition(msgspec.Struct, frozen=True):
    """One thing that has to hold for a ticket to be in a kind."""

    holds: bool
    text: str
    """A sentence that says how it is: `It is closed.`; foreign text in it is not cleaned yet."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Finds some kinds."""

    kinds: tuple[str, ...]
    find: Callable[[Asked], Iterator[Found]]
    """All reasons of its kinds, of the tickets that are asked for (`Binds.here`, `Binds.queue`)."""
    groups: Callable[[Asked], Iterable[tuple[str, str]]] | None = None
    """(key, ticket id) of the tickets that are asked for: what holds for one may change what holds for all others with
    the same key. Without: a ticket's result rests on the ticket alone (its notes, time, custom fields, parents)."""
    explain: Callable[[Asked, str], Iterable[Condition]] | None = None
    """Kind -> what has to hold for the one ticket that is asked for, in the order in which a person would look.
    Without: what holds for all kinds, then "its own condition"."""
    passed: Callable[[Asked, int], Iterable[str]] | None = None
    """Ids of tickets whose result the clock alone may have changed between a moment (UTC seconds) and `Asked.now`: too
    many do not harm, one too few does. The calendar day need not be looked at: a new one evaluates everything."""
