"""Which billing code a ticket most likely gets, from those that tickets like it have.

Nothing is learnt beyond counting: "like it" is a group that a person understands (the same company and type, the
same subtype, a word of the summary), and a suggestion says which group it rests on and how many of it agree. Of all
groups the one is taken whose share is surest (the lower end of Wilson's interval, so that 3 of 3 does not beat 40 of
42), the more particular one where two are equally sure. The same history gives the same suggestion. Where no group
is sure enough there is none: a guess that looks like knowledge is worse than an empty place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from math import sqrt
from typing import Literal, NamedTuple

import msgspec

from connectors.contract import Ref

FEWEST = 3
"""Tickets in a group, before it says anything."""
WEAKEST = 0.5
"""Share of a group that has to agree, before it says anything."""
Z = 1.28
"""Of Wilson's interval: in nine of ten groups the true share is above its lower end."""
MOST_WORDS = 12

_WORD = re.compile(r"[^\W\d_]{4,}")

Part = tuple[str, str]
Group = tuple[Part, ...]


class Like(msgspec.Struct, frozen=True):
    """What is known of a ticket that its code may follow from."""

    company: str | None = None
    agreement: str | None = None
    board: str | None = None
    type: str | None = None
    subtype: str | None = None
    item: str | None = None
    summary: str = ""
    member: str | None = None
    """Who works on it: the technician's own habit counts beside the team's."""


class Suggestion(msgspec.Struct, frozen=True):
    """A code, and what it rests on."""

    code: Ref
    agree: int
    """So many of `alike` have it."""
    alike: int
    because: str
    """What "like it" means here: `same company and type`."""
    strength: Literal["strong", "weak"]


class Scored(NamedTuple):
    code: str
    agree: int
    alike: int
    group: Group
    sure: float


class History:
    """Counts of codes by group. `learn` in any order: only the counts matter. Asking changes nothing, so that several
    threads may ask."""

    def __init__(self) -> None:
        self._counts: dict[Group, Counter[str]] = {}
        self._names: dict[str, str] = {}

    def learn(self, like: Like, code: Ref) -> None:
        """One ticket that has its code."""
        self._names[code.id] = code.name
        for group in groups(like):
            self._counts.setdefault(group, Counter())[code.id] += 1

    def ranked(self, like: Like, own: tuple[Like, Ref] | None = None) -> list[Scored]:
        """Codes that groups speak for, the surest first; each once. `own`: what was learnt of this very ticket, whose
        code must not speak for itself."""
        mine = frozenset(groups(own[0])) if own is not None else frozenset()
        best: dict[str, Scored] = {}
        for place, group in enumerate(groups(like)):
            counts = Counter(self._counts.get(group, ()))
            if own is not None and group in mine:
                counts[own[1].id] -= 1
            alike = counts.total()
            if alike < FEWEST:
                continue
            for code, agree in counts.items():
                # Equally sure: the more particular group, which comes first.
                scored = Scored(code, agree, alike, group, sure(agree, alike) - place * 1e-9)
                if code not in best or scored.sure > best[code].sure:
                    best[code] = scored
        return sorted(best.values(), key=lambda one: (-one.sure, self._names[one.code].casefold(), one.code))

    def suggest(
        self, like: Like, own: tuple[Like, Ref] | None = None, *, count: int = 8, share: float = 0.85
    ) -> Suggestion | None:
        """The surest code, or nothing. Strong: at least `count` of the group agree and at least `share` of it, and the
        group is of one sort of work: what a whole company or shop usually gets says little about this ticket."""
        ranked = self.ranked(like, own)
        if not ranked or ranked[0].agree / ranked[0].alike < WEAKEST:
            return None
        top = ranked[0]
        of_one_sort = bool({name for name, _ in top.group} & {"type", "subtype", "word"})
        strong = of_one_sort and top.agree >= count and top.agree / top.alike >= share
        return Suggestion(
            code=Ref(top.code, self._names[top.code]),
            agree=top.agree,
            alike=top.alike,
            because=because(top.group),
            strength="strong" if strong else "weak",
        )

    def most_frequent(self) -> Ref | None:
        """The code that most tickets have, whatever they are: what a suggestion has to beat."""
        counts = self._counts.get(())
        if not counts:
            return None
        code = min(counts, key=lambda one: (-counts[one], one))
        return Ref(code, self._names[code])


def groups(like: Like) -> Iterator[Group]:
    """The groups that a ticket belongs to, the most particular first; `()` is everything."""
    company, agreement = ("company", like.company), ("agreement", like.agreement)
    type_, subtype, item = ("type", like.type), ("subtype", like.subtype), ("item", like.item)
    member, board = ("technician", like.member), ("board", like.board)
    words = [("word", word) for word in words_of(like.summary)]
    shapes: list[tuple[tuple[str, str | None], ...]] = [
        (company, type_, subtype),
        (agreement, type_, subtype),
        (member, type_, subtype),
        (type_, subtype, item),
        *((type_, word) for word in words),
        (type_, subtype),
        (company, type_),
        (agreement, type_),
        (member, type_),
        (type_,),
        (member, board),
        (company,),
    ]
    for shape in shapes:
        group = tuple((name, value) for name, value in shape if value)
        if len(group) == len(shape):
            yield group
    yield ()


def words_of(summary: str) -> list[str]:
    """Words of at least four letters, each once, as they are told apart."""
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(summary)))[:MOST_WORDS]


def sure(agree: int, alike: int) -> float:
    """The lower end of Wilson's interval for a share of `agree` in `alike`."""
    if alike == 0:
        return 0.0
    share, square = agree / alike, Z * Z
    middle = share + square / (2 * alike)
    spread = Z * sqrt(share * (1 - share) / alike + square / (4 * alike * alike))
    return max(0.0, (middle - spread) / (1 + square / alike))


def because(group: Group) -> str:
    """A group in words: `same company and type`, `“printer” in the summary`."""
    words = [f"“{value}” in the summary" for name, value in group if name == "word"]
    names = [name for name, _ in group if name != "word"]
    same = (
        f"same {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}"
        if names
        else ""
    )
    return ", ".join(part for part in (same, *words) if part) or "all tickets"


def learnt(cases: Iterable[tuple[Like, Ref]]) -> History:
    """A history of those."""
    history = History()
    for like, code in cases:
        history.learn(like, code)
    return history
