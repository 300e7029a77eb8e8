"""Writes what the PSA said into the cache: tickets and time entries, each read in bulk.

Every function works inside the transaction of the connection it is given. A record whose read began before
the one already stored is not stored: an old answer never takes a newer one's place. Rows whose content is
the same (by hash) are not written again, only the moment of reading is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection as Cache

from connectors.contract import Resolved, TicketRecord, TimeEntries
from store.models import TicketColumns, TimeColumns

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_IN = "IN (SELECT value FROM json_each(:ids))"


class Reopening(msgspec.Struct, frozen=True):
    """One ticket that was stored as closed and came in open. Times are UTC seconds."""

    ticket_id: str
    seen_closed_at: int
    """When the read began that last found it closed."""
    reopened_at: int
    """When the read began that found it open."""


class Stored(msgspec.Struct):
    """What storing came to; `+=` adds up."""

    new: int = 0
    changed: int = 0
    ids: list[str] = []
    """The ids that are new or changed."""
    reopened: list[Reopening] = []
    """Of those, what was stored as closed and is open: whoever stores keeps it (`store.reopenings`)."""

    def __iadd__(self, other: Stored) -> Stored:
        self.new += other.new
        self.changed += other.changed
        self.ids = [*self.ids, *other.ids]
        self.reopened = [*self.reopened, *other.reopened]
        return self


def upsert(
    table: str, columns: Sequence[str], key: Sequence[str], keep: Iterable[str] = (), *, placed: bool = False
) -> str:
    """An upsert for `executemany`; the columns in `keep` are set on insert alone. `placed`: its values are tuples in
    the order of the columns, which SQLite's driver binds in half the time of names."""
    sets = [name for name in columns if name not in {*key, *keep}]
    values = [f"?{place}" if placed else f":{name}" for place, name in enumerate(columns, 1)]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in sets)
    )


def row_hash(record: msgspec.Struct) -> str:
    """Content in short. A ticket's `version` is left out: some PSAs tell it in some answers only."""
    if isinstance(record, TicketRecord) and record.version is not None:
        record = msgspec.structs.replace(record, version=None)
    return hashlib.blake2b(_ENCODER.encode(record), digest_size=12).hexdigest()


# ---------------------------------------------------------------- tickets

_TICKET = tuple(TicketColumns.model_fields)
_TICKET_UPSERT = (
    upsert(
        "ticket",
        _TICKET,
        ("connection", "ticket_id"),
        keep=("first_sync", "parent_id", "notes_read_at", "time_read_at"),
        placed=True,
    )
    # What hangs on the ticket is read again, unless it was read after this record (whole seconds: `>`).
    + "".join(
        f", {name} = CASE WHEN ?{len(_TICKET) + 1} AND {name} <= excluded.read_at THEN NULL ELSE {name} END"
        for name in ("notes_read_at", "time_read_at")
    )
    + " WHERE excluded.read_at >= ticket.read_at"
)


def store_tickets(
    cache: Cache,
    connection: str,
    records: Sequence[TicketRecord],
    *,
    read_at: int,
    scope: Resolved,
    first_sync: bool = False,
) -> Stored:
    """Upserts tickets and their links and custom fields. `read_at`: when the read began (UTC seconds)."""
    known = {
        row.ticket_id: row
        for row in cache.exec_driver_sql(
            "SELECT ticket_id, row_hash, read_at, in_scope, presence, closed, status_key FROM ticket"
            f" WHERE connection = :connection AND ticket_id {_IN}",
            {"connection": connection, "ids": json.dumps([record.ticket_id for record in records])},
        )
    }
    closing = _closing(cache, connection)
    stored = Stored()
    rows: dict[str, tuple[tuple[Any, ...], TicketRecord]] = {}
    same: list[dict[str, Any]] = []
    for record in records:
        row = _ticket_row(connection, record, read_at, scope, first_sync)
        old = known.get(record.ticket_id)
        if old is not None and old.read_at > read_at:
            continue
        state = (row["row_hash"], row["in_scope"], row["presence"])
        if old is not None and state == (old.row_hash, bool(old.in_scope), old.presence):
            same.append({name: row[name] for name in ("connection", "ticket_id", "read_at", "version")})
            continue
        moved = old is None or old.row_hash != row["row_hash"]
        rows[record.ticket_id] = ((*map(row.__getitem__, _TICKET), moved), record)
        stored.new += old is None
        stored.changed += old is not None
        was_closed = old is not None and (old.closed or old.status_key in closing)
        if old is not None and was_closed and not (record.closed or row["status_key"] in closing):
            stored.reopened.append(Reopening(record.ticket_id, old.read_at, read_at))
    stored.ids = list(rows)
    if same:
        cache.exec_driver_sql(
            "UPDATE ticket SET read_at = :read_at, version = coalesce(:version, version)"
            " WHERE connection = :connection AND ticket_id = :ticket_id",
            same,
        )
    if rows:
        cache.exec_driver_sql(_TICKET_UPSERT, [row for row, _ in rows.values()])
        _store_links(cache, connection, [record for _, record in rows.values()])
    return stored


def store_ticket(cache: Cache, connection: str, record: TicketRecord, *, read_at: int) -> bool:
    """One ticket, for whoever has just read or written it; the scope is that of the last round.

    True if it was new or different. Before the first round a ticket counts as outside the scope.
    """
    scope = saved_scope(cache, connection)
    if scope is None:
        raise LookupError(f"Connection {connection} was never synced, so its scope is not known.")
    stored = store_tickets(cache, connection, [record], read_at=read_at, scope=scope)
    set_parents(cache, connection)
    return bool(stored.ids)


def _closing(cache: Cache, connection: str) -> frozenset[str]:
    """The statuses that count as closed although the PSA does not close, case-folded."""
    sql = "SELECT status FROM status_role WHERE connection = ? AND role = 'closed'"
    return frozenset(cache.exec_driver_sql(sql, (connection,)).scalars())


def _ticket_row(
    connection: str, record: TicketRecord, read_at: int, scope: Resolved, first_sync: bool
) -> dict[str, Any]:
    row = msgspec.structs.asdict(record)
    parents = row.pop("parent_ids")
    del row["custom"]
    row.update(
        connection=connection,
        status_key=record.status.casefold(),
        parent_id=min(parents, key=_numerically) if parents else None,
        in_scope=record.merged_into is None and scope.holds(record),
        presence="here" if record.merged_into is None else "merged",
        read_at=read_at,
        notes_read_at=None,
        time_read_at=None,
        first_sync=first_sync,
        row_hash=row_hash(record),
    )
    return row


def _numerically(identifier: str) -> tuple[int, str]:
    return (int(identifier) if identifier.isdecimal() else 1 << 62, identifier)


def _store_links(cache: Cache, connection: str, records: Sequence[TicketRecord]) -> None:
    of = {"connection": connection, "ids": json.dumps([record.ticket_id for record in records])}
    for table in ("ticket_parent", "ticket_custom"):
        cache.exec_driver_sql(f"DELETE FROM {table} WHERE connection = :connection AND ticket_id {_IN}", of)
    parents = [
        (connection, record.ticket_id, parent)
        for record in records
        for parent in dict.fromkeys(record.parent_ids)
    ]
    customs = [
        (connection, record.ticket_id, name, value)
        for record in records
        for name, value in record.custom.items()
    ]
    if parents:
        cache.exec_driver_sql("INSERT INTO ticket_parent VALUES (?, ?, ?)", parents)
    if customs:
        cache.exec_driver_sql("INSERT INTO ticket_custom VALUES (?, ?, ?, ?)", customs)


def set_parents(cache: Cache, connection: str) -> None:
    """`parent_id` of every ticket: the lowest parent known to be open, else the lowest."""
    wanted: dict[str, tuple[bool, tuple[int, str]]] = {}
    for row in cache.exec_driver_sql(
        "SELECT l.ticket_id, l.parent_id, coalesce(p.presence = 'here' AND NOT p.closed AND NOT EXISTS ("
        " SELECT 1 FROM status_role r WHERE r.connection = p.connection AND r.role = 'closed'"
        " AND r.status = p.status_key), 0) AS open FROM ticket_parent l LEFT JOIN ticket p"
        " ON p.connection = l.connection AND p.ticket_id = l.parent_id WHERE l.connection = ?",
        (connection,),
    ):
        rank = (not row.open, _numerically(row.parent_id))
        wanted[row.ticket_id] = min(rank, wanted.get(row.ticket_id, rank))
    links = {ticket_id: rank[1][1] for ticket_id, rank in wanted.items()}
    is_now: dict[str, str] = {
        row.ticket_id: row.parent_id
        for row in cache.exec_driver_sql(
            "SELECT ticket_id, parent_id FROM ticket WHERE connection = ? AND parent_id IS NOT NULL",
            (connection,),
        )
    }
    changed = [
        (links.get(ticket_id), connection, ticket_id)
        for ticket_id in {*links, *is_now}
        if links.get(ticket_id) != is_now.get(ticket_id)
    ]
    if changed:
        cache.exec_driver_sql(
            "UPDATE ticket SET parent_id = ? WHERE connection = ? AND ticket_id = ?", changed
        )


def set_presence(
    cache: Cache,
    connection: str,
    ticket_id: str,
    presence: str,
    *,
    read_at: int,
    merged_into: str | None = None,
) -> bool:
    """Notes that a ticket is `deleted`, `merged` or `not_visible`; it leaves the queue, its row stays.

    A ticket never seen before (a parent) gets a row that holds nothing else. True if it was in the queue.
    """
    same = cache.exec_driver_sql(
        "SELECT in_scope, read_at FROM ticket WHERE connection = ? AND ticket_id = ?", (connection, ticket_id)
    ).one_or_none()
    if same is not None and same.read_at > read_at:
        return False
    values = {"connection": connection, "ticket_id": ticket_id, "presence": presence}
    if same is None:
        empty = TicketRecord(ticket_id=ticket_id, number=ticket_id, merged_into=merged_into)
        row = msgspec.structs.asdict(empty)
        row = {name: row.get(name) for name in _TICKET} | values
        row.update(status_key="", in_scope=False, read_at=read_at, first_sync=False, row_hash="")
        cache.exec_driver_sql(upsert("ticket", _TICKET, ("connection", "ticket_id")), row)
        return False
    cache.exec_driver_sql(
        # Without the hash whatever comes back is stored as a change.
        "UPDATE ticket SET presence = :presence, in_scope = 0, row_hash = '', read_at = :read_at,"
        " merged_into = coalesce(:merged_into, merged_into)"
        " WHERE connection = :connection AND ticket_id = :ticket_id",
        {**values, "read_at": read_at, "merged_into": merged_into},
    )
    return bool(same.in_scope)


def saved_scope(cache: Cache, connection: str) -> Resolved | None:
    """The scope as the last round resolved it."""
    saved = cache.exec_driver_sql(
        "SELECT cursor FROM stream WHERE connection = ? AND name = 'scope'", (connection,)
    ).scalar_one_or_none()
    return None if saved is None else msgspec.json.decode(saved, type=Resolved)


# ---------------------------------------------------------------- time entries

_TIME = tuple(TimeColumns.model_fields)
_TIME_UPSERT = upsert("time_entry", _TIME, ("connection", "time_id"), placed=True)


def store_time(cache: Cache, connection: str, time: TimeEntries) -> bool:
    """Replaces the time entries of those tickets by this complete reading. True if anything is different."""
    of = {"connection": connection, "ids": json.dumps(time.ticket_ids), "read_at": time.read_at}
    newer = set(
        cache.exec_driver_sql(
            "SELECT ticket_id FROM ticket WHERE connection = :connection AND time_read_at > :read_at"
            f" AND ticket_id {_IN}",
            of,
        ).scalars()
    )
    known = {
        time_id: row_hash
        for time_id, ticket_id, row_hash in cache.exec_driver_sql(
            "SELECT time_id, ticket_id, row_hash FROM time_entry"
            f" WHERE connection = :connection AND ticket_id {_IN}",
            of,
        )
        if ticket_id not in newer
    }
    here: set[str] = set()
    changed: dict[str, tuple[Any, ...]] = {}
    for entry in time.entries:
        if entry.ticket_id in newer:
            continue
        content = row_hash(entry)
        here.add(entry.time_id)
        if known.get(entry.time_id) != content:
            values = msgspec.structs.asdict(entry) | {"connection": connection, "row_hash": content}
            changed[entry.time_id] = tuple(map(values.__getitem__, _TIME))
    gone = [(connection, time_id) for time_id in known.keys() - here]
    if changed:
        cache.exec_driver_sql(_TIME_UPSERT, list(changed.values()))
    if gone:
        cache.exec_driver_sql("DELETE FROM time_entry WHERE connection = ? AND time_id = ?", gone)
    cache.exec_driver_sql(
        "UPDATE ticket SET time_read_at = :read_at WHERE connection = :connection"
        f" AND ticket_id {_IN} AND (time_read_at IS NULL OR time_read_at <= :read_at)",
        of,
    )
    return bool(changed or gone)
