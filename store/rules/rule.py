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


class Groups(msgspec.Struct, frozen=True):
    """Tickets that decide about each other."""

    prefix: str
    """What the keys begin with, and those of no other groups."""
    of: Callable[[Asked], Iterable[tuple[str, str]]]
    """(key, ticket id) of the tickets that are asked for: what holds for one may change what holds for all others with
    the same key. It may name further tickets of a key (a parent): those are looked at too."""
    names_others: bool = False
    """It does name further tickets."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Finds some kinds."""

    kinds: tuple[str, ...]
    find: Callable[[Asked], Iterator[Found]] | None = None
    """All reasons of its kinds, of the tickets that are asked for (`Binds.here`, `Binds.queue`)."""
    after: Callable[[Asked, list[Found]], Iterator[Found]] | None = None
    """The same from what all rules have found (`find`), without what is left out: for kinds that rest on other kinds.
    What is left out of its own kinds need not be looked at."""
    groups: Groups | None = None
    """Which tickets decide about each other. Without: a ticket's result rests on the ticket alone (its notes, time,
    custom fields, parents)."""
    otherwise: Callable[[Asked], Iterable[str]] | None = None
    """Ids of tickets for which it would find otherwise than is published, although they have not changed: what decides
    about them is elsewhere. Those that are asked for are the ones that have changed, maybe none. It may keep what it
    needs in tables of its own."""
    due: Callable[[Asked], Iterable[tuple[str, int]]] | None = None
    """(ticket id, moment after now, UTC seconds) of the tickets that are asked for: when the clock alone changes the
    result next. Kept, and looked up by the moment, where that cannot be told by a column (`passed`)."""
    remembers: tuple[str, ...] = ()
    """Marks (table `stream`) by which `otherwise` knows what it last said: a complete evaluation takes them away."""
    marks: tuple[str, ...] = ()
    """Further names in place of its kinds' under which it keeps "first seen" (`Found.seen_as`)."""
    explain: Callable[[Asked, str], Iterable[Condition]] | None = None
    """Kind -> what has to hold for the one ticket that is asked for, in the order in which a person would look.
    Without: what holds for all kinds, then "its own condition"."""
    passed: Callable[[Asked, int], Iterable[str]] | None = None
    """Ids of tickets whose result the clock alone may have changed between a moment (UTC seconds) and `Asked.now`: too
    many do not harm, one too few does. The calendar day need not be looked at: a new one evaluates everything."""
    rests_on: Callable[[Asked], object] | None = None
    """What of the connection as a whole its results rest on, such as the PSA's order of priorities; can be put in JSON.
    When it is not what it was at the last complete evaluation, everything is evaluated."""
