"""Evaluates a corpus with every kind on, and holds what is found against what is planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import text

from store.database import Databases
from store.rules.catalogue import CATALOGUE
from store.rules.evaluate import evaluate
from tests.corpus.build import SHARED, Corpus
from tests.corpus.case import MAIN, NOW

JUDGING = ("possible_duplicate", "crossed", "wrong_client")
"""Kinds that judge what people wrote: they may miss some and find some that are none; how many is said."""

_SHOWN = 20
"""So many of one sort are named one by one."""


@dataclass
class Score:
    """One kind's."""

    planted: int = 0
    near: int = 0
    found: int = 0
    """Of the planted ones."""
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    """Rows that are none: near misses, other cases' tickets, healthy ones."""

    @property
    def precision(self) -> float:
        """Without any row 1: nothing wrong was said."""
        rows = self.found + len(self.false)
        return self.found / rows if rows else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0


@dataclass
class Verdict:
    """What came of a corpus."""

    scores: dict[str, Score]
    unlike: list[str]
    """Kinds that a case says it is in besides, and is not."""

    @property
    def good(self) -> bool:
        """Every kind that does not judge texts is exact, and the cases are in the other kinds that they say."""
        wrong = [name for name, of in self.scores.items() if name not in JUDGING and (of.missed or of.false)]
        return not wrong and not self.unlike

    def lines(self, only: str | None = None) -> Iterator[str]:
        """For people. `only`: one kind's, and what is not as said."""
        yield f"{'kind':<22}{'planted':>8}{'near':>6}{'found':>7}{'false':>7}{'precision':>11}{'recall':>8}"
        for name, of in self.scores.items():
            if only in (None, name):
                figures = f"{of.planted:>8}{of.near:>6}{of.found:>7}{len(of.false):>7}"
                yield f"{name:<22}{figures}{of.precision:>11.3f}{of.recall:>8.3f}"
        for name, of in self.scores.items():
            yield from _named(f"{name} missed", of.missed if only in (None, name) else [])
            yield from _named(f"{name} is none", of.false)
        yield from _named("not as the case says", self.unlike)


def judged(databases: Databases, corpus: Corpus) -> Verdict:
    """Evaluates everything, and counts."""
    evaluate(
        databases.cache,
        databases.journal,
        corpus.settings,
        now=NOW,
        connections=list(corpus.settings.connections),
    )
    with databases.cache_reads.connect() as cache:
        sql = text("SELECT e.connection, e.ticket_id, e.kind FROM exception e")
        got = {(row.connection, row.ticket_id, row.kind) for row in cache.execute(sql)}
        sql = text("SELECT connection, ticket_id, summary FROM ticket")
        summaries = {(row.connection, row.ticket_id): row.summary for row in cache.execute(sql)}
    verdict = Verdict({kind.name: Score() for kind in CATALOGUE}, [])
    said: set[tuple[str, str, str]] = set()
    whose: dict[tuple[str, str], str] = {(SHARED, id): "healthy" for id in corpus.healthy}
    names = Counter((case.kind, case.name) for case, _, _ in corpus.cases)
    if twice := [key for key, times in names.items() if times > 1]:
        raise ValueError(f"Two cases of {twice[0][0]} are called {twice[0][1]}.")
    for case, connection, ids in corpus.cases:
        score = verdict.scores[case.kind]
        score.planted += case.found
        score.near += not case.found
        for name, id in ids.items():
            whose[connection, id] = f'{case.kind} "{case.name}"' + (f" ({name})" if name != MAIN else "")
        if case.found:
            one = (connection, ids[MAIN], case.kind)
            said.add(one)
            score.found += one in got
            if one not in got:
                score.missed.append(case.name)
        besides = {MAIN: case.also, **case.others_in}
        for name, kinds in besides.items():
            for kind in sorted(kinds):
                one = (connection, ids[name], kind)
                said.add(one)
                if one not in got:
                    verdict.unlike.append(f"{whose[connection, ids[name]]} is not in {kind}")
    for connection, id, kind in sorted(got - said):
        at = (connection, id)
        verdict.scores[kind].false.append(f"{whose[at]}: {summaries[at]}")
    return verdict


def _named(title: str, what: list[str]) -> Iterator[str]:
    if what:
        yield f"\n{title} ({len(what)}):"
        yield from (f"  {one}" for one in what[:_SHOWN])
        if len(what) > _SHOWN:
            yield f"  and {len(what) - _SHOWN} more"
