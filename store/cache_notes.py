"""Writes what was said on a ticket into the cache: its notes and the files sent with them, one conversation at a time.

As in `store.cache_writes`: inside the transaction that is given, an older reading never in a newer one's place, what is
the same by its hash not written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection as Cache

from connectors.contract import Attachment, Conversation, NoteRecord
from connectors.files import Files
from store.cache_writes import row_hash, upsert
from store.models import NoteColumns
from store.note_reading import Classify, classifier, note_number, reading
from store.read_records import FILES_PROBLEM

_NOTE = tuple(NoteColumns.model_fields)
_NOTE_UPSERT = upsert("note", _NOTE, ("connection", "ticket_id", "note_id"), placed=True)
_FILE = "connection, ticket_id, note_id, place, name, size, added_at, added_by"
_IN = "IN (SELECT value FROM json_each(:ids))"


def store_conversation(
    cache: Cache, connection: str, conversation: Conversation, *, auto_reply: Sequence[str] | Classify
) -> bool:
    """Replaces the notes of one ticket by this complete reading. True if anything is different.

    A reading that began before the one already stored is not stored.
    """
    return bool(store_conversations(cache, connection, [conversation], auto_reply=auto_reply))


def store_conversations(
    cache: Cache,
    connection: str,
    conversations: Sequence[Conversation],
    *,
    auto_reply: Sequence[str] | Classify,
) -> set[str]:
    """`store_conversation` for several tickets, each statement once for all of them. The tickets where anything is
    different."""
    classify = auto_reply if callable(auto_reply) else classifier(auto_reply)
    ids = [one.ticket_id for one in conversations]
    of = {"connection": connection, "ids": json.dumps(ids)}
    last: dict[str, int | None] = {
        row.ticket_id: row.notes_read_at
        for row in cache.exec_driver_sql(
            f"SELECT ticket_id, notes_read_at FROM ticket WHERE connection = :connection AND ticket_id {_IN}",
            of,
        )
    }
    known = {
        (ticket_id, note_id): row_hash
        for ticket_id, note_id, row_hash in cache.exec_driver_sql(
            f"SELECT ticket_id, note_id, row_hash FROM note WHERE connection = :connection AND ticket_id {_IN}",
            of,
        )
    }
    taken: dict[str, Conversation] = {}
    for one in conversations:
        if (last.get(one.ticket_id) or 0) <= one.read_at:
            last[one.ticket_id] = one.read_at
            taken[one.ticket_id] = one
    here: set[tuple[str, str]] = set()
    changed = []
    for one in taken.values():
        for note in one.notes:
            content = row_hash(note)
            here.add((one.ticket_id, note.note_id))
            if known.get((one.ticket_id, note.note_id)) != content:
                changed.append(_note_values(connection, note, content, classify))
    gone = [(connection, *key) for key in known.keys() - here if key[0] in taken]
    if changed:
        cache.exec_driver_sql(_NOTE_UPSERT, changed)
    if gone:
        cache.exec_driver_sql("DELETE FROM note WHERE connection = ? AND ticket_id = ? AND note_id = ?", gone)
    different = {values[1] for values in changed} | {key[1] for key in gone}
    different |= _store_files(cache, connection, list(taken.values()))
    read = [(one.read_at, connection, one.ticket_id) for one in taken.values()]
    if read:
        cache.exec_driver_sql(
            "UPDATE ticket SET notes_read_at = ? WHERE connection = ? AND ticket_id = ?", read
        )
    return different


def _store_files(cache: Cache, connection: str, conversations: Sequence[Conversation]) -> set[str]:
    """Replaces what is known of the tickets' files. The tickets where anything is different.

    Where they were not asked for, those of the ticket itself stay as they were last listed, and are due: a file does
    not vanish from the screen because a round asked for less.
    """
    found: dict[str, set[tuple[object, ...]]] = {}
    due, asked = [], []
    for one in conversations:
        rows = _file_rows(connection, one.ticket_id, {note.note_id: note.attachments for note in one.notes})
        if one.files_asked:
            rows |= _own_rows(connection, one.ticket_id, one.files, one.files_problem)
            asked.append((connection, one.ticket_id))
        else:
            due.append((connection, one.ticket_id))
        found[one.ticket_id] = rows
    if due:
        cache.exec_driver_sql("INSERT OR IGNORE INTO files_due (connection, ticket_id) VALUES (?, ?)", due)
    if asked:
        cache.exec_driver_sql("DELETE FROM files_due WHERE connection = ? AND ticket_id = ?", asked)
    listed = {ticket_id for _, ticket_id in asked}
    known: dict[str, set[tuple[object, ...]]] = {}
    for row in cache.exec_driver_sql(
        f"SELECT {_FILE} FROM file WHERE connection = :connection AND ticket_id {_IN}",
        {"connection": connection, "ids": json.dumps(list(found))},
    ):
        if row.note_id or row.ticket_id in listed:
            known.setdefault(row.ticket_id, set()).add(tuple(row))
    different = {ticket_id for ticket_id in found if found[ticket_id] != known.get(ticket_id, set())}
    for ticket_id in different:
        which = "true" if ticket_id in listed else "note_id <> ''"
        _replace_files(cache, (connection, ticket_id), found[ticket_id], which)
    return different


def store_listed_files(cache: Cache, connection: str, ticket_id: str, listed: Files) -> bool:
    """Replaces the files of the ticket itself, or what kept them from being listed, by a listing of their own; those of
    notes stay. True if anything is different."""
    rows = _own_rows(connection, ticket_id, listed.files, listed.problem)
    return _replace_files(cache, (connection, ticket_id), rows, "note_id = ''")


def _own_rows(
    connection: str, ticket_id: str, files: Sequence[Attachment], problem: str
) -> set[tuple[object, ...]]:
    """The rows of what the PSA ties to no note."""
    rows = _file_rows(connection, ticket_id, {"": files})
    if problem:
        rows.add((connection, ticket_id, "", FILES_PROBLEM, problem, None, None, ""))
    return rows


def _file_rows(
    connection: str, ticket_id: str, owners: Mapping[str, Sequence[Attachment]]
) -> set[tuple[object, ...]]:
    return {
        (connection, ticket_id, note_id, place, file.name, file.size, file.added_at, file.added_by)
        for note_id, files in owners.items()
        for place, file in enumerate(files)
    }


def _replace_files(cache: Cache, of: tuple[str, str], rows: set[tuple[object, ...]], which: str) -> bool:
    """Puts `rows` in the place of the ticket's files that `which` (SQL) names, unless they are the same."""
    where = f"FROM file WHERE connection = ? AND ticket_id = ? AND {which}"
    known: set[tuple[object, ...]] = {
        tuple(row) for row in cache.exec_driver_sql(f"SELECT {_FILE} {where}", of)
    }
    if rows == known:
        return False
    cache.exec_driver_sql(f"DELETE {where}", of)
    if rows:
        cache.exec_driver_sql("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)", list(rows))
    return True


def note_row(connection: str, note: NoteRecord, auto_reply: Sequence[str]) -> dict[str, Any]:
    """The row of a note as `NoteColumns` has it, for whoever lays one over the PSA's."""
    return dict(
        zip(_NOTE, _note_values(connection, note, row_hash(note), classifier(auto_reply)), strict=True)
    )


def _note_values(connection: str, note: NoteRecord, content: str, classify: Classify) -> tuple[Any, ...]:
    """The values of a note's row, in the order of `NoteColumns`."""
    read = reading(note.speaker, note.text, note.public, note.created_at, classify)
    return (
        connection,
        note.ticket_id,
        note.note_id,
        note_number(note.note_id),
        note.created_at,
        note.author,
        note.author_id,
        read["speaker"],
        note.speaker,
        note.public,
        note.text,
        note.time_id,
        read["seen"],
        read["seen_up_to"],
        read["order_at"],
        read["order_rank"],
        content,
    )


def reclassify(cache: Cache, connection: str, auto_reply: Sequence[str]) -> int:
    """Reads the speaker of every stored note again, for changed patterns; how many are different now."""
    classify = classifier(auto_reply)
    changed = []
    for row in cache.exec_driver_sql(
        "SELECT ticket_id, note_id, text, psa_speaker, speaker, public, created_at FROM note"
        " WHERE connection = ?",
        (connection,),
    ):
        now = reading(row.psa_speaker, row.text, bool(row.public), row.created_at, classify)
        if now["speaker"] != row.speaker:
            changed.append(
                {**now, "connection": connection, "ticket_id": row.ticket_id, "note_id": row.note_id}
            )
    if changed:
        cache.exec_driver_sql(
            "UPDATE note SET speaker = :speaker, seen = :seen, seen_up_to = :seen_up_to,"
            " order_at = :order_at, order_rank = :order_rank"
            " WHERE connection = :connection AND ticket_id = :ticket_id AND note_id = :note_id",
            changed,
        )
    return len(changed)
