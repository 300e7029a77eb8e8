"""Evaluation: every kind over everything, each kind alone, and a round after a sync that changed 100 tickets."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import event, text

from store.database import Databases
from store.home import Home
from store.rules.catalogue import CATALOGUE, CUSTOM
from store.rules.evaluate import asked_of, evaluate, evaluate_changes
from store.rules.exclusions import without_excluded
from store.rules.registry import RULES
from store.rules.sql import Asked, Found
from store.settings import Settings, load
from tests import large_kinds
from tests.bench.figures import Figure, Note, Row, side_by_side
from tests.bench.floors.counting import count
from tests.bench.run import Bench
from tests.bench.shares import shares, table
from tests.large import NAME

CHANGED = 100
WITHIN = 100.0
"""Milliseconds that a round after a sync that changed 100 tickets may take."""
LONG = 200.0
"""Milliseconds that one kind is measured for, at least; a quick one three times."""
ROUNDS = 9
APART = 300
"""Seconds between two rounds."""


def figures(bench: Bench) -> Iterator[Row]:
    """The rows of evaluation."""
    largest = max(bench.sizes)
    for size in bench.sizes:
        folder = _copy(bench, size)
        with Databases.open(Home.at(folder), now=large_kinds.NOW) as databases:
            settings = load(Home.at(folder).config)
            _round(databases, settings, large_kinds.NOW)  # the first one publishes all
            yield from _whole(bench, databases, settings, size, standard=size == largest)
            if size == largest:
                yield _by_kind(databases, settings)
            yield from _after_changes(bench, databases, settings, size, standard=size == largest)
            if size == largest:
                yield _profile(bench, databases, settings, size)
        shutil.rmtree(folder, ignore_errors=True)


def _copy(bench: Bench, size: int) -> Path:
    """A copy of the home of this size, which the rounds change."""
    kept = bench.homes / f"rules-{size}"
    if not (kept / "made").exists():
        shutil.rmtree(kept, ignore_errors=True)
        large_kinds.make(kept, size)
        (kept / "made").touch()
    return Path(shutil.copytree(kept, bench.scratch / f"rules-{size}"))


def _whole(
    bench: Bench, databases: Databases, settings: Settings, size: int, *, standard: bool
) -> Iterator[Row]:
    """Everything, nothing of which has changed, against the count of what was gone through."""
    with closing(sqlite3.connect(databases.home.cache)) as plain:
        tickets, notes, entries = count(plain)

        def ours() -> float:
            began = time.perf_counter()
            evaluate(databases.cache, databases.journal, settings, now=large_kinds.NOW, connections=[NAME])
            return 1000 * (time.perf_counter() - began)

        def floor() -> float:
            began = time.perf_counter()
            count(plain)
            return 1000 * (time.perf_counter() - began)

        # The one that published all has warmed up what there is to warm up.
        mine, least = side_by_side(ours, floor, rounds=bench.rounds(2), warm_up=0)
    with databases.cache_reads.connect() as cache:
        found = cache.execute(text("SELECT count(*) FROM reason")).scalar()
    yield Figure(
        f"evaluation: all {len(CATALOGUE)} kinds over everything",
        mine,
        least,
        size=size,
        standard=standard,
        note=f"{tickets:,} tickets, {notes:,} notes, {entries:,} time entries; {found:,} reasons;"
        " floor: SELECT count(*) over the three tables",
    )


def _after_changes(
    bench: Bench, databases: Databases, settings: Settings, size: int, *, standard: bool
) -> Iterator[Row]:
    """A round after a sync that changed 100 tickets: conversations, time, statuses, some new, some closed."""
    shop = large_kinds.Shop(size // 10, size - size // 10)
    wall, processor = [], []
    for place in range(bench.rounds(ROUNDS) + 1):
        now = large_kinds.NOW + APART * (place + 1)
        with databases.cache.begin() as cache:
            large_kinds.change(cache, shop, place, now=now, many=CHANGED)
        began = time.process_time()
        wall.append(_round(databases, settings, now))
        processor.append(1000 * (time.process_time() - began))
    yield Figure(
        f"evaluation: after a sync that changed {CHANGED} tickets",
        wall[1:],
        size=size,
        standard=standard,
        target=WITHIN,
        absolute=True,
        note="each with a new note and new time, some with another status, closed or new; with its commits",
    )
    yield Figure(
        "evaluation: the same, processor time",
        processor[1:],
        size=size,
        standard=standard,
        note="what is left of it where other work wants the machine, and without waiting for the disk",
    )


def _profile(bench: Bench, databases: Databases, settings: Settings, size: int) -> Note:
    """What such a round takes its time for, and how many statements it is."""
    asked: list[str] = []

    def count(*given: object) -> None:
        asked.append(str(given[2]))

    shop = large_kinds.Shop(size // 10, size - size // 10)

    def changed(place: int) -> int:
        now = large_kinds.NOW + APART * (place + 1)
        with databases.cache.begin() as cache:
            large_kinds.change(cache, shop, place, now=now, many=CHANGED)
        return now

    place = bench.rounds(ROUNDS) + 1
    now = changed(place)
    event.listen(databases.cache, "before_cursor_execute", count)
    _round(databases, settings, now)
    event.remove(databases.cache, "before_cursor_execute", count)
    found = shares(partial(_round, databases, settings, changed(place + 1)))
    reads = sum(one.lstrip().startswith(("SELECT", "WITH")) for one in asked)
    words = f"{len(asked)} statements, {reads} of which read. "
    return Note(f"What a round after {CHANGED} changes takes its processor time for", words + table(found))


def _round(databases: Databases, settings: Settings, now: int) -> float:
    """Milliseconds of what a sync does at its end, with the commit."""
    began = time.perf_counter()
    with databases.cache.begin() as cache:
        evaluate_changes(cache, databases.journal, settings, now=now, connection=NAME, everything=False)
    return 1000 * (time.perf_counter() - began)


# ---------------------------------------------------------------- each kind alone


def _by_kind(databases: Databases, settings: Settings) -> Note:
    """What finding each kind's reasons takes, alone and over everything; nothing is published."""
    took: list[tuple[float, str, int]] = []
    with databases.cache_reads.connect() as cache, databases.journal_reads.connect() as journal:
        every = _found(asked_of(cache, journal, settings, NAME, large_kinds.NOW))
        for kind in CATALOGUE:
            # What rests on what has to be gone needs to know which kinds count.
            mine = settings if kind.name == "owner_absent" else only(settings, kind.name)
            samples: list[float] = []
            while len(samples) < 3 and sum(samples) < LONG:
                alone = asked_of(cache, journal, mine, NAME, large_kinds.NOW)
                began = time.perf_counter()
                found = [one for one in _found(alone, kind.name, every) if one.kind == kind.name]
                samples.append(1000 * (time.perf_counter() - began))
            took.append((statistics.median(samples), kind.name, len({one.ticket_id for one in found})))
    lines = ["| kind | ms | tickets found |", "| --- | ---: | ---: |"]
    lines += [f"| `{name}` | {ms:,.0f} | {many:,} |" for ms, name, many in sorted(took, reverse=True)]
    told = (
        "\n\nEach alone, over everything, nothing published; `owner_absent` given what the other kinds found."
        " `customer_responded`, `child_reply` and `reply_after_close` come from one statement."
    )
    return Note("Evaluation, kind by kind", "\n".join(lines) + told)


def _found(asked: Asked, kind: str | None = None, others: list[Found] | None = None) -> list[Found]:
    mine = [rule for rule in RULES if kind is None or kind in rule.kinds]
    found = [one for rule in mine if rule.find is not None for one in rule.find(asked)]
    afters = [rule.after for rule in mine if rule.after is not None]
    found += [one for after in afters for one in after(asked, found if others is None else others)]
    return without_excluded(asked, found)


def only(settings: Settings, kind: str) -> Settings:
    """The settings with no other kind switched on."""
    kinds = {
        name: msgspec.structs.replace(rule, on=name == kind) for name, rule in settings.rules.kinds.items()
    }
    assert not any(name.startswith(CUSTOM) for name in settings.kinds)
    return msgspec.structs.replace(settings, rules=msgspec.structs.replace(settings.rules, kinds=kinds))
