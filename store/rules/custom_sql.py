"""A company's own condition, looked at before it runs and held in while it runs.

Before: SQLite compiles it against empty tables that have the documented views' names and columns and nothing else, so
whatever else it names is an error in SQLite's own words. While it runs on the cache: an authorizer lets it select and
nothing more, a progress handler ends it after its time. Needs the standard library's `sqlite3` alone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache

import msgspec

from store.business_time import Hours
from store.rules.custom_words import NoCondition, look
from store.rules.documented import COLUMNS, FUNCTIONS, OF_SQLITE, VALUES

_STEPS = 1000
"""SQLite looks at the time after so many steps of its machine: some 10 microseconds."""

_LONGEST_VALUE = 50_000_000
"""Bytes that a value may have: a condition must not fill the memory."""

_ALLOWED = frozenset((*OF_SQLITE, *FUNCTIONS))


class Deadline(msgspec.Struct):
    """When a condition has to be done."""

    at: float
    passed: bool = False

    def over(self) -> bool:
        """Whether it has run too long; `passed` remembers it."""
        self.passed = time.monotonic() > self.at
        return self.passed


def wrapped(where: str) -> str:
    """The condition in brackets of its own; a comment at its end does not swallow the closing one."""
    return f"(\n{where}\n)"


@lru_cache(maxsize=256)
def problem(where: str) -> tuple[str, str] | None:
    """What is wrong with a condition and what to do about it; `None`: it can run."""
    try:
        look(where)
    except NoCondition as error:
        return str(error), error.hint
    said = _compiled(where)
    return (
        None
        if said is None
        else (f"SQLite says: {said}", "docs/rules.md lists views, columns and functions.")
    )


def _compiled(where: str) -> str | None:
    """SQLite's words against it."""
    with closing(sqlite3.connect(":memory:")) as db:
        for view, columns in COLUMNS.items():
            names = ", ".join(f'"{name}"' for name in sorted(columns))
            db.execute(f"CREATE TABLE {view} ({names})")
        _functions(db, lambda a, b: 0, lambda n: 0)
        db.set_authorizer(_documented)
        try:
            values = dict.fromkeys(VALUES, "")
            db.execute(f"EXPLAIN SELECT t.ticket_id FROM v_ticket t WHERE {wrapped(where)}", values)
        except (sqlite3.Error, sqlite3.Warning) as error:
            return str(error)
        except (RecursionError, OverflowError, UnicodeError) as error:
            return str(error)
    return None


def _documented(action: int, one: str | None, two: str | None, _: str | None, __: str | None) -> int:
    """For the empty tables: reads documented columns alone."""
    if action == sqlite3.SQLITE_READ:
        columns = COLUMNS.get(one or "")
        return _answer(columns is not None and (not two or two in columns))
    return _selects(action, one, two, None, None)


def _selects(action: int, _: str | None, two: str | None, __: str | None, ___: str | None) -> int:
    """For the cache, whose names have been looked at before: selects, and nothing else."""
    if action == sqlite3.SQLITE_FUNCTION:
        return _answer((two or "").lower() in _ALLOWED)
    return _answer(action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE))


def _answer(may: bool) -> int:
    return sqlite3.SQLITE_OK if may else sqlite3.SQLITE_DENY


@contextmanager
def held_in(db: sqlite3.Connection, hours: Hours, now: int, limit: float) -> Iterator[Deadline]:
    """What is executed on this connection meanwhile only selects, and ends after `limit` seconds."""
    deadline = Deadline(time.monotonic() + limit)
    longest = db.getlimit(sqlite3.SQLITE_LIMIT_LENGTH)
    _functions(
        db,
        lambda a, b: None if a is None or b is None else hours.between(int(a), int(b)),
        lambda n: None if n is None else hours.days_back(now, int(n)),
    )
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(_LONGEST_VALUE, longest))
    db.set_authorizer(_selects)
    db.set_progress_handler(deadline.over, _STEPS)
    try:
        yield deadline
    finally:
        db.set_progress_handler(None, 0)
        db.set_authorizer(None)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
        # Not in reach of others; a Python before 3.12 cannot take one away, so calling it is an error.
        for name, many in (("business_seconds", 2), ("business_days_ago", 1)):
            db.create_function(name, many, None)


def _functions(db: sqlite3.Connection, seconds: object, days_ago: object) -> None:
    db.create_function("business_seconds", 2, seconds, deterministic=True)  # type: ignore[arg-type]
    db.create_function("business_days_ago", 1, days_ago, deterministic=True)  # type: ignore[arg-type]
