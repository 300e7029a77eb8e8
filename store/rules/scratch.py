"""What the rules would find now, without publishing or writing anything: neither the cache nor the journal can be
written through what is opened here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
from sqlalchemy import Connection as Database
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from store.database import cache_version
from store.home import Home
from store.not_known import not_known
from store.read_base import begun
from store.rules import custom
from store.rules.evaluate import asked_of
from store.rules.exclusions import without_excluded
from store.rules.registry import ALWAYS, RULES
from store.rules.sql import Asked, Found
from store.settings import CustomRule, Settings

Ask = Callable[[str], Asked]
"""Connection -> what its rules need to know."""


class NothingYet(Exception):
    """There is nothing to look at. `hint` says what to do."""

    hint = "Run `deskzero sync` first."


class Look(msgspec.Struct, frozen=True):
    """What one kind would show at one connection."""

    connection: str
    found: tuple[Found, ...]
    seconds: float
    """How long it took."""
    problem: str = ""
    """Why it cannot be known there, or could not be worked out."""


@contextmanager
def scratch(home: Home, settings: Settings, now: int) -> Iterator[Ask]:
    """Both databases, opened so that nothing can be written. Raises `NothingYet`."""
    if not home.cache.exists() or not home.journal.exists():
        raise NothingYet(f"nothing has been synced into {home.cache.parent} yet")
    with _opened(home.cache) as cache, _opened(home.journal) as journal:
        if cache.exec_driver_sql("PRAGMA user_version").scalar() != cache_version():
            raise NothingYet("the cache was made by another version of deskzero")
        yield lambda name: asked_of(cache, journal, settings, name, now)


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    with closing(begun(path)) as raw:
        raw.row_factory = None
        # `begun` has begun a transaction that only reads; the file is opened so that it cannot be written.
        engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
        with engine.connect() as connection:
            yield connection


def looks(
    home: Home, settings: Settings, kind: str, *, now: int, rule: CustomRule | None = None
) -> list[Look]:
    """What a kind, or a rule of the company's own that need not be in the settings, would show at each connection.

    Whether it is switched on makes no difference; what the company leaves out of it is left out. Raises `NothingYet`.
    """
    found = []
    with scratch(home, settings, now) as ask:
        for name in settings.connections:
            asked = ask(name)
            began = time.monotonic()
            try:
                rows, problem = reasons(asked, kind, rule), _not_known(asked, kind)
            except custom.RuleFailed as failed:
                rows, problem = [], str(failed)
            found.append(Look(name, tuple(rows), time.monotonic() - began, problem))
    return found


def reasons(asked: Asked, kind: str, rule: CustomRule | None = None) -> list[Found]:
    """The kind's reasons, of the tickets that are asked for. Raises `custom.RuleFailed`."""
    if rule is not None:
        return without_excluded(asked, custom.holding(asked, rule))
    if _not_known(asked, kind) and kind not in ALWAYS:
        return []
    mine = [each for each in RULES if kind in each.kinds]
    found = [one for each in mine if each.find is not None for one in each.find(asked)]
    if afters := [each.after for each in mine if each.after is not None]:  # it rests on the other kinds
        all_found = without_excluded(asked, _of_others(asked))
        found += [one for after in afters for one in after(asked, all_found)]
    return without_excluded(asked, [one for one in found if one.kind == kind])


def _of_others(asked: Asked) -> list[Found]:
    """What the kinds that are looked for find. Rules of the company's own are asked without their bookkeeping, which
    writes; one that fails finds nothing here."""
    on = set(asked.settings.kinds)
    found = [
        one
        for each in RULES
        if each.find is not None and on.intersection(each.kinds)
        for one in each.find(asked)
        if one.kind in on
    ]
    for rule in asked.settings.rules.custom:
        if rule.on:
            with suppress(custom.RuleFailed):
                found += custom.holding(asked, rule)
    return found


def _not_known(asked: Asked, kind: str) -> str:
    return not_known(asked.capabilities).get(kind, "")
