"""What fixes got back: hours that leaked until a change of ours put it right, noted when it did."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection as Database
from sqlalchemy import text

from store.measures.pieces import KINDS, LEAKS, Leaky, pieces
from store.rules.journal import CLEARING
from store.rules.sql import Asked, Binds


class Got(msgspec.Struct, frozen=True):
    """Hours that a change got back."""

    connection: str
    ticket_id: str
    time_entry_id: str
    hours: Decimal
    amount: Decimal | None
    """By the rates of that time; `None`: no rate was set, or in another currency than now."""
    confirmed: bool
    """The PSA has it; false: the change is on its way."""


def note_recovered(
    journal: Database,
    asked: Asked,
    holding: Collection[tuple[str, str, str]],
    here: Collection[str],
    looked_at: Callable[[str, str], bool] = lambda _kind, _ticket: True,
) -> None:
    """Notes what leaked at the last evaluation, does not any more, and was changed by us meanwhile.

    `holding`: (kind, ticket id, time entry id) of the reasons that hold now; `here`: tickets that are still in the
    queue: one that left it was not put right. `looked_at`: whether a kind was looked for on a ticket. Doing it again
    changes nothing.
    """
    binds = Binds(asked)
    sql = (
        f"SELECT t.kind, t.ticket_id, t.time_entry_id FROM reason t WHERE {binds.here('t')}"
        f" AND t.kind IN ({binds.all(KINDS)}) AND t.code IN ({binds.all(LEAKS)})"
    )
    before = {Leaky(row["kind"], row["ticket_id"], row["time_entry_id"]) for row in asked.rows(sql, binds)}
    gone = [
        one
        for one in before
        if (one.kind, one.ticket_id, one.time_entry_id) not in holding
        and one.ticket_id in here
        and looked_at(one.kind, one.ticket_id)
    ]
    changed = {one: change for one in {g.ticket_id for g in gone} if (change := _change(journal, asked, one))}
    gone = [one for one in gone if one.ticket_id in changed]
    if not gone:
        return
    money = asked.settings.money

    def run(sql: str, values: Mapping[str, str]) -> Iterable[Sequence[Any]]:
        return asked.db.execute(text(sql), dict(values))

    rows = [
        {
            "connection": piece.connection,
            "ticket_id": piece.ticket_id,
            "kind": kind,
            "time_entry_id": piece.time_entry_id,
            "change": changed[piece.ticket_id],
            "at": asked.now,
            "hours": float(piece.hours),
            "amount": None if piece.amount is None else int(piece.amount * 100),
            "currency": money.currency,
        }
        for piece in pieces(run, asked.connection.name, gone, money)
        for kind in piece.kinds
    ]
    if rows:
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        insert = f"INSERT INTO recovered ({names}) VALUES ({values}) ON CONFLICT DO NOTHING"
        journal.execute(text(insert), rows)


def _change(journal: Database, asked: Asked, ticket_id: str) -> str | None:
    """The newest change of the ticket that is not settled: as the history has it."""
    sql = (
        "SELECT change FROM change WHERE connection = :c AND ticket_id = :t AND settled_at IS NULL"
        f" AND state IN {CLEARING} ORDER BY seq DESC LIMIT 1"
    )
    found = journal.execute(text(sql), {"c": asked.connection.name, "t": ticket_id}).scalar()
    return None if found is None else str(found)


def recovered(
    journal: sqlite3.Connection, names: Sequence[str], begins: int, ends: int, currency: str
) -> list[Got]:
    """What changes got back between two moments (the second one excluded), each hour once, without what was taken
    back, refused or given up."""
    marks = ", ".join("?" for _ in names)
    rows = journal.execute(
        "SELECT r.connection, r.ticket_id, r.time_entry_id, r.hours, r.amount, r.currency, c.state"
        " FROM recovered r JOIN change c ON c.change = r.change"
        f" WHERE r.connection IN ({marks}) AND r.at >= ? AND r.at < ? AND c.undone_by IS NULL"
        f" AND c.state IN {CLEARING} ORDER BY r.at, c.seq",
        [*names, begins, ends],
    )
    found: dict[tuple[str, str, str], Got] = {}
    for connection, ticket_id, entry, hours, amount, of, state in rows:
        known = None if amount is None or of != currency else Decimal(amount) / 100
        got = Got(connection, ticket_id, entry, Decimal(str(hours)), known, state == "confirmed")
        found[connection, ticket_id, entry] = got
    return list(found.values())
