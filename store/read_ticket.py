"""One ticket with everything around it, and the outbox, from the open databases."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import TicketRecord
from store.read_changes import OPEN_STATES as OPEN_STATES
from store.read_changes import changes as changes
from store.read_records import (
    FILES_PROBLEM,
    AgreementView,
    FileView,
    HistoryView,
    NoteView,
    TicketView,
    TimeView,
)
from store.read_rows import Lists
from store.read_states import capabilities_of
from store.rules.catalogue import place_of
from store.settings import Connection

_PLAIN = tuple(name for name in TicketRecord.__struct_fields__ if name not in ("custom", "parent_ids"))
_BOOLS = ("closed", "customer_flag")


def record(db: sqlite3.Connection, connection: str, ticket_id: str) -> TicketRecord | None:
    """The ticket as the views show it, open changes included; `None` where the cache has none."""
    key = (connection, ticket_id)
    row = db.execute(
        f"SELECT {', '.join(_PLAIN)} FROM v_ticket WHERE connection = ? AND ticket_id = ?", key
    ).fetchone()
    if row is None:
        return None
    values: dict[str, Any] = dict(zip(_PLAIN, row, strict=True))
    for name in _BOOLS:
        values[name] = None if values[name] is None else bool(values[name])
    custom = db.execute("SELECT name, value FROM v_custom WHERE connection = ? AND ticket_id = ?", key)
    parents = db.execute("SELECT parent_id FROM v_parent WHERE connection = ? AND ticket_id = ?", key)
    return TicketRecord(
        **values,
        custom=dict(custom.fetchall()),
        parent_ids=tuple(sorted((parent for (parent,) in parents), key=lambda id: (len(id), id))),
    )


def ticket_view(
    cache: sqlite3.Connection,
    journal: sqlite3.Connection | None,
    lists: Lists,
    settings: Connection,
    ticket_id: str,
    now: int,
) -> TicketView | None:
    """Everything about one ticket; `None` where the cache does not have it."""
    key = (settings.name, ticket_id)
    found = record(cache, *key)
    if found is None:
        return None
    (row,) = lists.plain([key])
    state = cache.execute(
        "SELECT is_closed, is_child, presence, in_scope, read_at, notes_read_at, time_read_at"
        " FROM v_ticket WHERE connection = ? AND ticket_id = ?",
        key,
    ).fetchone()
    me, offers = cache.execute(
        "SELECT max(member), max(capabilities) FROM connection_state WHERE connection = ?", (settings.name,)
    ).fetchone()
    children = cache.execute("SELECT ticket_id FROM v_parent WHERE connection = ? AND parent_id = ?", key)
    parents = [(settings.name, parent) for parent in found.parent_ids]
    kids = [(settings.name, child) for (child,) in children]
    about = lists.parents([*parents, *kids])
    files, files_problem = _files(cache, key)
    return TicketView(
        connection=settings.name,
        record=found,
        row=row,
        exceptions=_exceptions(cache, lists, key),
        closed=bool(state["is_closed"]),
        child=bool(state["is_child"]),
        presence=state["presence"],
        in_scope=bool(state["in_scope"]),
        read_at=state["read_at"],
        notes_read_at=state["notes_read_at"],
        time_read_at=state["time_read_at"],
        agreement=_agreement(cache, settings, found, now),
        notes=_notes(cache, key, files),
        files=tuple(sorted(files.get("", ()), key=lambda file: file.at or 0)),
        files_problem=files_problem,
        files_due=_files_due(cache, key),
        last_words=row.last_words,
        time=_time(cache, key, me or settings.technician),
        parents=tuple(about[parent] for parent in parents),
        children=tuple(about[kid] for kid in kids),
        changes=changes(journal, [settings.name], everything=True, ticket_id=ticket_id),
        history=_history(journal, key),
        can=capabilities_of(offers),
    )


def _exceptions(db: sqlite3.Connection, lists: Lists, key: tuple[str, str]) -> tuple[Any, ...]:
    found = db.execute(
        "SELECT kind, connection, ticket_id, since, gate, psa_only FROM exception"
        " WHERE connection = ? AND ticket_id = ?",
        key,
    ).fetchall()
    rows: list[Any] = sorted((tuple(row) for row in found), key=lambda row: place_of(row[0]))
    return tuple(lists.build(rows))


def _files(db: sqlite3.Connection, key: tuple[str, str]) -> tuple[dict[str, tuple[FileView, ...]], str]:
    """Note -> its files, under "" those of the ticket itself; and why these could not be listed."""
    found: dict[str, tuple[FileView, ...]] = {}
    problem = ""
    for note_id, place, *file in db.execute(
        "SELECT note_id, place, name, size, added_at, added_by FROM file WHERE connection = ? AND ticket_id = ?"
        " ORDER BY note_id, place",
        key,
    ):
        if place == FILES_PROBLEM:
            problem = file[0]
        else:
            found[note_id] = (*found.get(note_id, ()), FileView(*file))
    return found, problem


def _files_due(db: sqlite3.Connection, key: tuple[str, str]) -> bool:
    """Of a conversation that is about to be read anew nothing is due before that. By the PSA's own row: one that open
    changes lie over keeps the time of when they were made."""
    due = db.execute(
        "SELECT 1 FROM files_due d JOIN ticket t USING (connection, ticket_id)"
        " WHERE d.connection = ? AND d.ticket_id = ? AND t.notes_read_at IS NOT NULL",
        key,
    ).fetchone()
    return due is not None


def _notes(
    db: sqlite3.Connection, key: tuple[str, str], files: dict[str, tuple[FileView, ...]]
) -> tuple[NoteView, ...]:
    rows = db.execute(
        "SELECT note_id, created_at, author, speaker, public, text, seen, time_id,"
        " EXISTS (SELECT 1 FROM note_overlay o WHERE o.connection = n.connection"
        " AND o.ticket_id = n.ticket_id AND o.note_id = n.note_id)"
        " FROM v_note n WHERE connection = ? AND ticket_id = ?"
        " ORDER BY order_at, order_rank, note_sort, note_id",
        key,
    )
    return tuple(
        NoteView(
            note_id,
            at,
            author,
            speaker,
            bool(public),
            text,
            bool(seen),
            time_id,
            bool(ours),
            files.get(note_id, ()),
        )
        for note_id, at, author, speaker, public, text, seen, time_id, ours in rows
    )


def _time(db: sqlite3.Connection, key: tuple[str, str], me: str) -> tuple[TimeView, ...]:
    rows = db.execute(
        "SELECT time_id, member, started_at, ended_at, hours, billing_code_id, billing_code, billable,"
        " locked, text FROM v_time WHERE connection = ? AND ticket_id = ?"
        " ORDER BY coalesce(started_at, ended_at, 0), length(time_id), time_id",
        key,
    )
    return tuple(
        TimeView(
            time_id=row["time_id"],
            member=row["member"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            hours=row["hours"],
            billing_code_id=row["billing_code_id"],
            billing_code=row["billing_code"],
            billable=row["billable"],
            locked=bool(row["locked"]),
            text=row["text"],
            mine=bool(me) and (row["member"] or "").casefold() == me.casefold(),
        )
        for row in rows
    )


def today(now: int, zone: str) -> str:
    """The calendar day in that zone, `YYYY-MM-DD`."""
    return datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def _agreement(
    db: sqlite3.Connection, settings: Connection, found: TicketRecord, now: int
) -> AgreementView | None:
    if not found.agreement_id and not found.agreement:
        return None
    name = found.agreement or found.agreement_id or ""
    rows = db.execute(
        "SELECT starts_on, ends_on, cancelled FROM choice"
        " WHERE connection = ? AND kind = 'agreement' AND id = ?",
        (settings.name, found.agreement_id or ""),
    ).fetchall()
    if not rows:
        return AgreementView(found.agreement_id, name, "unknown")
    day = today(now, settings.timezone)

    def state(row: sqlite3.Row) -> str:
        if row["ends_on"] is not None and row["ends_on"][:10] < day:
            return "ended"
        if row["cancelled"]:
            return "cancelled"
        return "not_begun" if row["starts_on"] is not None and row["starts_on"][:10] > day else "active"

    best = min(rows, key=lambda row: state(row) != "active")
    return AgreementView(found.agreement_id, name, state(best), best["starts_on"], best["ends_on"])


# ---------------------------------------------------------------- the journal


def _history(db: sqlite3.Connection | None, key: tuple[str, str]) -> tuple[HistoryView, ...]:
    if db is None:
        return ()
    rows = db.execute(
        "SELECT kind, since, opened_at, cleared_at, cleared_by FROM history"
        " WHERE connection = ? AND ticket_id = ? ORDER BY opened_at DESC, id DESC",
        key,
    )
    return tuple(HistoryView(*row) for row in rows)
