"""The log's lines without whatever could name a shop, a customer or a person, for `deskzero support`.

A word of a message stays if deskzero's own source knows it: what we say is there, what anybody is called is not.
Names that the settings and the cache know go first, so that a person called Will is not left standing.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path

import connectors
import store
from store.home import Home
from store.log import redact
from store.settings import Connection

_WORD = re.compile(r"[^\W\d_]+")
_LONG_NUMBER = re.compile(r"\d{4,}")
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+|\b[\w.+-]+@[\w.-]+\.\w+\b|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"(?:[A-Za-z]:)?[\\/][^\s\"'<>:,;]*[\\/][^\s\"'<>:,;]*|~[\\/][^\s\"'<>:,;]*")
_FRAME = re.compile(r'^  File "(?:.*[\\/])?([\w.-]+[\\/][\w.-]+\.py)", line (\d+), in ([\w<>]+)$')
_LINE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: )(.*)$")

_NAMES = (
    (
        "ticket",
        ("summary", "number", "board", "team", "status", "company", "site", "contact", "contact_phone"),
    ),
    (
        "ticket",
        ("contact_email", "cc", "agreement", "owner", "updated_by", "closed_by", "type", "billing_code"),
    ),
    ("note", ("author",)),
    ("time_entry", ("member",)),
    ("choice", ("name", "phone", "email")),
    ("ticket_custom", ("name", "value")),
    ("file", ("name", "added_by")),
)


def names_of(home: Home, connections: Iterable[Connection]) -> list[str]:
    """What the settings and the cache call somebody or something, the longest first."""
    found: set[str] = set()
    for connection in connections:
        found |= {connection.name, connection.technician or "", connection.scope.name or ""}
        found |= {value for value in connection.options.values() if isinstance(value, str)}
    try:
        with closing(sqlite3.connect(f"{home.cache.as_uri()}?mode=ro", uri=True)) as db:
            for table, columns in _NAMES:
                for column in columns:
                    rows = db.execute(f"SELECT DISTINCT {column} FROM {table} WHERE length({column}) >= 3")
                    found |= {str(row[0]) for row in rows}
    except sqlite3.Error:
        pass  # a damaged cache names nobody; a word that is not ours goes all the same
    return sorted((name for name in found if len(name) >= 3), key=len, reverse=True)


def redacted(line: str, names: Iterable[str]) -> str:
    """One line of the log, or any sentence of ours, harmless for a stranger's eyes."""
    if frame := _FRAME.match(line):
        return '  File "…/{}", line {}, in {}'.format(*frame.groups())
    begin, said = "", line
    if parts := _LINE.match(line):
        begin, said = parts.groups()
    said = _PLACE.sub("[path]", _ADDRESS.sub("[address]", redact(said)))
    lower = said.casefold()
    for name in names:
        if name.casefold() in lower:
            said = re.sub(re.escape(name), "[name]", said, flags=re.IGNORECASE)
            lower = said.casefold()
    said = _LONG_NUMBER.sub("[number]", said)
    return begin + _WORD.sub(lambda word: word[0] if word[0].casefold() in _ours() else "[word]", said)


@cache
def _ours() -> frozenset[str]:
    """Every word in deskzero's own source; the simulated shops are left out, they are full of people."""
    words = {"address", "name", "number", "path", "word", "secret"}
    for package in (connectors, store):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            if "simulators" not in path.parts:
                words |= {word.casefold() for word in _WORD.findall(path.read_text("utf-8"))}
    return frozenset(words)
