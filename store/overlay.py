"""Open changes laid over the PSA's rows: what the screen shows from the moment a fix is decided.

The overlay follows from the outbox alone and can be made again from it at any time. A confirmed change
stays laid over until a read that began after its confirmation has stored the ticket (`settle`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import insert, text

from connectors.contract import NoteRecord, Ref, TicketRecord, TimeRecord, Value
from store import cached
from store.cache_notes import note_row
from store.cache_writes import saved_scope
from store.changes import BY_NAME_ONLY, PLAIN, SHOWN_STATES
from store.database import Databases
from store.models import CustomOverlay, NoteOverlay, ParentOverlay, TicketOverlay, TimeOverlay
from store.outbox_rows import Entry, load, move

_SHOWN = f"(state IN {SHOWN_STATES!r} OR (state = 'confirmed' AND settled_at IS NULL))"
_TABLES = (TicketOverlay, NoteOverlay, TimeOverlay, ParentOverlay, CustomOverlay)
_LAST = 1 << 62  # a note's number that stands after every real one of its second


class Laid(msgspec.Struct):
    """The overlay rows of one ticket."""

    ticket: dict[str, Any]
    parents: list[str]
    custom: dict[str, str | None]
    notes: list[dict[str, Any]] = []
    time: dict[str, dict[str, Any]] = {}


def rebuild_overlay(databases: Databases, connection: str, tickets: Iterable[str] | None = None) -> set[str]:
    """Makes the overlay of these tickets (of all, without) again from the outbox; the ids that have one.

    The cache's write lock is taken before the journal is read, so that of two processes the one that
    writes last has read last.
    """
    only = None if tickets is None else sorted(set(tickets))
    with databases.cache.begin() as cache:
        with databases.journal_reads.begin() as journal:
            which = "" if only is None else " AND ticket_id IN (SELECT value FROM json_each(:ids))"
            entries = load(
                journal, f"connection = :c AND {_SHOWN}{which}", c=connection, ids=json.dumps(only)
            )
        by_ticket: dict[str, list[Entry]] = {}
        for entry in entries:
            by_ticket.setdefault(entry.ticket_id, []).append(entry)
        _clear(cache, connection, only)
        for ticket_id, changes in by_ticket.items():
            laid = overlay_for(cache, connection, ticket_id, changes)
            if laid is not None:
                _write(cache, connection, ticket_id, laid)
    return set(by_ticket)


def overlay_for(cache: Db, connection: str, ticket_id: str, changes: Sequence[Entry]) -> Laid | None:
    """The ticket's rows with these changes, in their order; `None` where the cache has no such ticket."""
    row = cache.execute(
        text("SELECT * FROM ticket WHERE connection = :c AND ticket_id = :t"),
        {"c": connection, "t": ticket_id},
    ).mappings()
    base = row.one_or_none()
    record = cached.psa_record(cache, connection, ticket_id)
    if base is None or record is None:
        return None
    laid = Laid(ticket=dict(base), parents=list(record.parent_ids), custom=dict(record.custom))
    for entry in changes:
        for field, value in entry.fix.fields.items():
            _field(cache, laid, entry, field, value)
        _entries(cache, laid, entry)
        _words(cache, laid, entry)
    if any("owner" in entry.fix.fields for entry in changes):
        _hand_over(cache, connection, record, laid)
    return laid


def settle(databases: Databases, connection: str, now: int, *, refreshed: Collection[str] = ()) -> set[str]:
    """Ends the overlay of confirmed changes whose ticket (with its notes and time, where the change made
    some) was read after the confirmation. `refreshed`: changes whose ticket was read again by the sender,
    certainly afterwards, even if within the same second. Gives the ids of the tickets concerned, whose overlay the
    caller has to make again (`rebuild_overlay`)."""
    with databases.journal_reads.begin() as journal:
        entries = load(
            journal, "connection = :c AND state = 'confirmed' AND settled_at IS NULL", c=connection
        )
    if not entries:
        return set()
    with databases.cache_reads.begin() as cache:
        rows = cache.execute(
            text(
                "SELECT ticket_id, read_at, notes_read_at, time_read_at FROM ticket WHERE connection = :c"
                " AND presence = 'here' AND ticket_id IN (SELECT value FROM json_each(:ids))"
            ),
            {"c": connection, "ids": json.dumps(sorted({entry.ticket_id for entry in entries}))},
        )
        reads = {row.ticket_id: row for row in rows}
    done = [
        entry for entry in entries if _is_read(reads.get(entry.ticket_id), entry, entry.change in refreshed)
    ]
    with databases.journal.begin() as journal:
        for entry in done:
            move(journal, entry.change, ("confirmed",), settled_at=now)
    return {entry.ticket_id for entry in done}


def _is_read(row: Any, entry: Entry, refreshed: bool) -> bool:  # noqa: ANN401 - the ticket's row
    """`row`: when the ticket's parts were read; `None` where it is gone, and nothing is to be shown over it."""
    if row is None:
        return True
    since = (entry.confirmed_at or 0) - (1 if refreshed else 0)
    reads = [row.read_at]
    if entry.fix.reply is not None or entry.fix.note is not None:
        reads.append(row.notes_read_at)
    if entry.fix.time is not None or entry.fix.entries:
        reads.append(row.time_read_at)
    return all(read is not None and read > since for read in reads)


# ---------------------------------------------------------------- one change over one ticket


def _field(cache: Db, laid: Laid, entry: Entry, field: str, value: Value) -> None:
    row = laid.ticket
    if field.startswith("custom:"):
        laid.custom[field.removeprefix("custom:")] = None if value is None else str(value)
    elif field == "parent":
        _parent(cache, laid, entry.connection, value)
    elif field in BY_NAME_ONLY or field in PLAIN:
        row[field] = value.name if isinstance(value, Ref) else value
    else:
        row[f"{field}_id"] = value.id if isinstance(value, Ref) else None
        row[field] = value.name if isinstance(value, Ref) else value
    if field == "status":
        _status(cache, row, entry)


def _status(cache: Db, row: dict[str, Any], entry: Entry) -> None:
    row["status"] = row["status"] or ""
    row["status_key"] = row["status"].casefold()
    known = cached.choices(cache, entry.connection, "status", board_id=row["board_id"])
    closes = [choice.closed for choice in known if choice.id == row["status_id"]]
    if not closes:
        return
    if closes[0] and not row["closed"]:
        row["closed_at"] = entry.fix.decided_at
        row["closed_by"] = cached.us(cache, entry.connection)[1]
    elif not closes[0]:
        row["closed_at"] = row["closed_by"] = None
    row["closed"] = closes[0]


def _parent(cache: Db, laid: Laid, connection: str, value: Value) -> None:
    laid.parents = [] if value is None else str(value.id if isinstance(value, Ref) else value).split(",")
    found = [cached.ticket(cache, connection, parent) for parent in laid.parents]
    open_ones = [roles.record.ticket_id for roles in found if roles is not None and not roles.closed]
    lowest = sorted(open_ones or laid.parents, key=lambda one: (len(one), one))
    laid.ticket["parent_id"] = lowest[0] if lowest else None


def _hand_over(cache: Db, connection: str, record: TicketRecord, laid: Laid) -> None:
    """Whose the ticket now is, and whether it is still in the queue. That the former owner is not among the
    resources any more is what is expected; the next read says."""
    row = laid.ticket
    if (record.owner or "").casefold() != (row["owner"] or "").casefold():
        former = (record.owner or "").casefold()
        kept = [one for one in (record.resources or "").split(",") if one and one.casefold() != former]
        row["resources"] = ",".join(kept) or None
    scope = saved_scope(cache, connection)
    if scope is not None:
        owned = msgspec.structs.replace(
            record, owner=row["owner"], owner_id=row["owner_id"], resources=row["resources"]
        )
        row["in_scope"] = row["presence"] == "here" and scope.holds(owned)


def _entries(cache: Db, laid: Laid, entry: Entry) -> None:
    """Time entries that the change alters or adds."""
    for time_id, code in entry.fix.entries.items():
        row = laid.time.get(time_id) or _time_row(cache, entry.connection, time_id)
        if row is not None:
            row["billing_code_id"], row["billing_code"] = (code.id, code.name) if code else (None, None)
            laid.time[time_id] = row
    new, at = entry.fix.time, _made(entry, "time")
    if new is None or (at is not None and _time_row(cache, entry.connection, at)):
        return
    member_id, member, _ = cached.us(cache, entry.connection)
    seconds = round(new.hours * 3600)
    started = entry.fix.decided_at - seconds if new.started_at is None else new.started_at
    record = TimeRecord(
        time_id=f"~{entry.change}",
        ticket_id=entry.ticket_id,
        member_id=member_id,
        member=member,
        started_at=started,
        ended_at=started + seconds,
        hours=new.hours,
        billing_code_id=new.code.id if new.code else None,
        billing_code=new.code.name if new.code else None,
        billable=new.billable,
        text=new.text,
    )
    laid.time[record.time_id] = {
        **msgspec.structs.asdict(record),
        "connection": entry.connection,
        "row_hash": "",
    }
    if entry.confirmed_at is None or laid.ticket["read_at"] <= entry.confirmed_at:
        laid.ticket["hours"] = (laid.ticket["hours"] or 0.0) + new.hours


def _words(cache: Db, laid: Laid, entry: Entry) -> None:
    """The notes that the change adds. What answers stands directly after the note that was on the screen,
    whatever our clock says: a note that comes later is not covered by it."""
    made = {step.step.public: step.created_id for step in entry.steps if step.step.creates == "note"}
    member_id, member, name = cached.us(cache, entry.connection)
    fix = entry.fix
    for public, words in ((True, fix.reply), (False, fix.note)):
        if words is None or _has_note(cache, entry, made.get(public)):
            continue
        record = NoteRecord(
            note_id=f"~{entry.change}{'r' if public else 'n'}",
            ticket_id=entry.ticket_id,
            created_at=max(fix.decided_at, fix.read_up_to or 0),
            author=name or member or "",
            author_id=member_id,
            speaker="staff",
            public=public,
            text=words,
        )
        row = note_row(entry.connection, record, ())
        row["note_sort"] = _LAST
        if public and fix.read_up_to is not None:
            row["order_at"], row["order_rank"] = fix.read_up_to, 1
        laid.notes.append(row)


def _made(entry: Entry, what: str) -> str | None:
    return next((step.created_id for step in entry.steps if step.step.creates == what), None)


def _has_note(cache: Db, entry: Entry, note_id: str | None) -> bool:
    if note_id is None:
        return False
    query = text("SELECT 1 FROM note WHERE connection = :c AND ticket_id = :t AND note_id = :n")
    found = cache.execute(query, {"c": entry.connection, "t": entry.ticket_id, "n": note_id})
    return found.first() is not None


def _time_row(cache: Db, connection: str, time_id: str) -> dict[str, Any] | None:
    query = text("SELECT * FROM time_entry WHERE connection = :c AND time_id = :t")
    row = cache.execute(query, {"c": connection, "t": time_id}).mappings().one_or_none()
    return None if row is None else dict(row)


# ---------------------------------------------------------------- rows


def _clear(cache: Db, connection: str, tickets: Sequence[str] | None) -> None:
    for table in _TABLES:
        name = str(table.__tablename__)
        if tickets is None:
            cache.execute(text(f"DELETE FROM {name} WHERE connection = :c"), {"c": connection})
            continue
        cache.execute(
            text(
                f"DELETE FROM {name} WHERE connection = :c AND ticket_id IN (SELECT value FROM json_each(:ids))"
            ),
            {"c": connection, "ids": json.dumps(tickets)},
        )


def _write(cache: Db, connection: str, ticket_id: str, laid: Laid) -> None:
    key = {"connection": connection, "ticket_id": ticket_id}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (TicketOverlay, [laid.ticket]),
        (ParentOverlay, [{**key, "parent_id": parent} for parent in dict.fromkeys(laid.parents)]),
        (CustomOverlay, [{**key, "name": name, "value": value} for name, value in laid.custom.items()]),
        (NoteOverlay, laid.notes),
        (TimeOverlay, list(laid.time.values())),
    ]
    for table, values in rows:
        if values:
            cache.execute(insert(table), values)
