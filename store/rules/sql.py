"""What the rules' SQL is put together from: bound values, "is empty", "is the same name", a reason found.

The SQL keeps to what SQLite and PostgreSQL share (window functions, CTEs, `trim(text, characters)`); every
value is bound. SQLite's `lower` knows ASCII alone, so names with other letters are bound in all their cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection as Database
from sqlalchemy import RowMapping

from connectors.contract import Capabilities
from store.not_known import told
from store.settings import Connection, Rules, Settings

BLANK = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""White space: what Python calls so, and the characters that have no width at all."""

_MOST_CASES = 64


class Found(msgspec.Struct, kw_only=True, gc=False):
    """One reason that holds. `since` is `None` where it is "when first seen"."""

    kind: str
    ticket_id: str
    code: str
    field: str = ""
    time_entry_id: str = ""
    since: int | None = None
    gate: bool = False
    hours: float | None = None
    data: dict[str, Any]
    seen_as: tuple[str, str, str] | None = None
    """Kind, code and field under which "first seen" is kept; `None`: its own."""
    else_created: bool = True
    """"First seen" is the ticket's creation when it came with the first sync."""
    follows: bool = False
    """Its `since` is that of the other reasons of its row."""
    clears: bool = True
    """A fix that this PSA's API offers can clear it."""


class Asked(msgspec.Struct, kw_only=True):
    """One connection's evaluation: what every rule needs to know."""

    db: Database
    journal: Database
    """To read what is kept durably (timers, what was seen before)."""
    connection: Connection
    settings: Settings
    capabilities: Capabilities | None
    """`None`: not known yet; then everything is taken as offered."""
    me: str
    """The technician's identifier at this PSA."""
    now: int
    tickets: tuple[str, ...] | None = None
    """Only these; `None`: all."""
    closed: bool = False
    """Whatever shares a group of the rule with one of `tickets` is among them."""
    memo: dict[str, Any] = msgspec.field(default_factory=dict)
    """What rules have worked out of the connection as a whole, by a name: once an evaluation, not once a rule."""
    windows: bool = True
    """False: also rows past their window, which `aged_out` counts."""

    @property
    def rules(self) -> Rules:
        return self.settings.rules

    def limit(self, kind: str, key: str) -> Any:  # noqa: ANN401 (as its `Limit` says)
        """A threshold of a kind, as the company has set it."""
        return self.settings.rules.of(kind).limits[key]

    def gates(self, kind: str) -> bool:
        """Rows of this kind have to be gone before zero."""
        return kind in self.settings.gates

    def rows(self, sql: str, binds: Binds) -> Iterable[RowMapping]:
        # Straight to the driver, which knows `:p0` itself: SQLAlchemy takes milliseconds to read a long statement.
        return self.db.exec_driver_sql(sql, binds.values).mappings()

    def since(self, window: int) -> int:
        """The oldest moment that a window still holds."""
        return self.now - window if self.windows else 0


class Binds:
    """Values bound to a statement; hands out their placeholders."""

    def __init__(self, asked: Asked) -> None:
        self.values: dict[str, Any] = {}
        self.blank = self.one(BLANK)
        self.connection = self.one(asked.connection.name)
        self._ids = None if asked.tickets is None else self.some(asked.tickets)

    def one(self, value: str | float | None) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def all(self, values: Iterable[str]) -> str:
        return ", ".join([self.one(value) for value in values]) or "NULL"

    def some(self, values: Iterable[str]) -> str:
        """The same for many: one value whatever their number, so that SQLite knows the statement again."""
        return f"SELECT value FROM json_each({self.one(json.dumps(list(values)))})"

    def here(self, table: str) -> str:
        """The condition that a row of this view belongs to the tickets under evaluation."""
        return f"{table}.connection = {self.connection}{self.among(table)}"

    def among(self, table: str, column: str = "ticket_id") -> str:
        """` AND …`: the column names one of the tickets under evaluation; nothing where those are all."""
        return "" if self._ids is None else f" AND {table}.{column} IN ({self._ids})"

    def queue(self, table: str = "t") -> str:
        """The same for `v_ticket`: in the scope, and the PSA has it."""
        # With named tickets their key is the way in: of an index for the whole queue SQLite, which keeps no statistics
        # here, would look through all (`+` takes a column out of its choice).
        plus = "" if self._ids is None else "+"
        return f"{self.here(table)} AND {plus}{table}.in_scope AND {table}.presence = 'here'"

    def read(self, asked: Asked, *what: str, table: str = "t") -> str:
        """What a kind misses on a ticket of `v_ticket` has been read since the ticket last changed (`conversations`,
        `time`, as far as the PSA tells it): a note that was never read is none that is not there."""
        columns = {"conversations": "notes_read_at", "time": "time_read_at"}
        read = [f"{table}.{columns[one]} IS NOT NULL" for one in what if told(asked.capabilities, one)]
        return f"({' AND '.join(read)})" if read else "TRUE"

    def same(self, expression: str, names: Iterable[str]) -> str:
        """The text is one of these names, case and surrounding white space ignored."""
        forms = sorted({form for name in names for form in cases(name.strip(BLANK))})
        return f"(lower(trim({expression}, {self.blank})) IN ({self.all(forms)}))" if forms else "FALSE"

    def empty(self, expression: str, placeholders: Iterable[str] = ()) -> str:
        """The text is null, blank, white space or one of the placeholders."""
        nothing = f"({expression} IS NULL OR trim({expression}, {self.blank}) = '')"
        names = [name for name in placeholders if name.strip(BLANK)]
        return f"({nothing} OR {self.same(expression, names)})" if names else nothing


def cases(name: str) -> set[str]:
    """What `lower` may make of a text that is the same but for case.

    ASCII letters in lower case; other letters in each case, since SQLite leaves them as they are.
    """
    forms = {""}
    for letter in name:
        ways = {letter.lower()} if letter.isascii() else {letter, letter.lower(), letter.upper()}
        if len(forms) * len(ways) > _MOST_CASES:
            return {name.lower(), _ascii_lower(name), _ascii_lower(name.upper())}
        forms = {form + _ascii_lower(way) for form in forms for way in ways}
    return forms


def _ascii_lower(name: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)
