"""Signs of life: when somebody was last heard of today, kept so that a round need not go through the day's notes.

The table `rule_life` has for each person and ticket the newest note or moment of a time entry of the day, by the
person's id and by their name. It is made anew with the day, and for each ticket that has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from sqlalchemy import text

from store.cache_upkeep import mark, marked
from store.rules.sql import BLANK, Asked, Binds

MARK = "life"
"""Of which day the table is."""

_MOMENTS = ("started_at", "ended_at", "entered_at")

# Not grouped: for that SQLite would go through the notes of all tickets.
_NOTES = "SELECT n.ticket_id, n.author_id AS id, n.author AS name, n.created_at FROM v_note n WHERE {notes}"
_ENTRIES = (
    "SELECT e.ticket_id, e.member_id AS id, e.member AS name, e.started_at, e.ended_at, e.entered_at"
    " FROM v_time e WHERE {time}"
)
_STATEMENTS: dict[bool, list[tuple[str, tuple[str, ...]]]] = {
    # Of all tickets by the indexes of the moments; of some by theirs.
    True: [
        (f"{_NOTES} AND n.created_at + 0 >= {{midnight}} AND n.speaker = 'staff'", ("created_at",)),
        *((f"{_ENTRIES} AND e.{moment} + 0 >= {{midnight}}", _MOMENTS) for moment in _MOMENTS),
    ],
    False: [
        (f"{_NOTES} AND n.created_at >= {{midnight}} AND n.speaker = 'staff'", ("created_at",)),
        (_ENTRIES, _MOMENTS),
    ],
}
"""SQL, and the columns of which the newest counts; by whether all tickets are asked for."""

Sign = tuple[str, str]
"""Whose (a key), and on which ticket."""


def keys(id: str | None, name: str | None) -> Iterator[str]:
    """A person is known by the PSA's id, or by the name as it stands on the ticket."""
    if plain(id):
        yield f"life:{plain(id)}"
    if plain(name):
        yield f"life:@{plain(name)}"


def plain(text: str | None) -> str:
    """A name as it is compared."""
    return (text or "").strip(BLANK).lower()


def read(asked: Asked, midnight: int) -> dict[Sign, int]:
    """The newest sign of today of each person on each of the tickets that are asked for."""
    found: dict[Sign, int] = {}
    for statement, moments in _STATEMENTS[asked.tickets is None]:
        binds = Binds(asked)
        sql = statement.format(notes=binds.here("n"), time=binds.here("e"), midnight=binds.one(midnight))
        for row in asked.rows(sql, binds):
            at = max(row[moment] or 0 for moment in moments)
            for key in keys(row["id"], row["name"]) if at >= midnight else ():
                sign = key, row["ticket_id"]
                found[sign] = max(at, found.get(sign, 0))
    return found


def newest(signs: dict[Sign, int]) -> dict[str, int]:
    """Each person's newest sign."""
    found: dict[str, int] = {}
    for (key, _), at in signs.items():
        found[key] = max(at, found.get(key, 0))
    return found


def kept(asked: Asked, midnight: int) -> dict[str, int]:
    """Each person's newest sign of today, brought up to date for the tickets that are asked for: those that changed."""
    name = asked.connection.name
    known = marked(asked.db, name, MARK)
    if known is None or known[1] != midnight:
        asked = msgspec.structs.replace(asked, tickets=None)
    _keep(asked, read(asked, midnight))
    if asked.tickets is None:
        mark(asked.db, name, MARK, "", midnight)
    sql = text("SELECT who, max(at) FROM rule_life WHERE connection = :c GROUP BY who")
    return {who: at for who, at in asked.db.execute(sql, {"c": name})}  # noqa: C416 (typed rows)


def _keep(asked: Asked, now: dict[Sign, int]) -> None:
    name = asked.connection.name
    sql, values = "SELECT who, ticket_id, at FROM rule_life WHERE connection = :c", {"c": name}
    if asked.tickets is not None:
        sql += " AND ticket_id IN (SELECT value FROM json_each(:some))"
        values["some"] = json.dumps(list(asked.tickets))
    before = {(who, ticket): at for who, ticket, at in asked.db.execute(text(sql), values)}
    if gone := [sign for sign, at in before.items() if now.get(sign) != at]:
        asked.db.execute(
            text("DELETE FROM rule_life WHERE connection = :c AND who = :who AND ticket_id = :ticket"),
            [{"c": name, "who": who, "ticket": ticket} for who, ticket in gone],
        )
    if come := [sign for sign, at in now.items() if before.get(sign) != at]:
        asked.db.execute(
            text("INSERT INTO rule_life (connection, who, ticket_id, at) VALUES (:c, :who, :ticket, :at)"),
            [{"c": name, "who": sign[0], "ticket": sign[1], "at": now[sign]} for sign in come],
        )
