"""Writes what was said on a ticket into the cache: its notes and the files sent with them, one conversation at a time.

As in `store.cache_writes`: inside the transaction that is given, an older reading never in a newer one's place, what is
the same by its hash not written again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection as Cache

from connectors.contract import Attachment, Conversation, NoteRecord
from connectors.files import Files
from store.cache_writes import row_hash, upsert
from store.models import NoteColumns
from store.note_reading import Classify, classifier, note_number, reading
from store.read_records import FILES_PROBLEM

_NOTE = tuple(NoteColumns.model_fields)
_NOTE_UPSERT = upsert("note", _NOTE, ("connection", "ticket_id", "note_id"))


def store_conversation(
    cache: Cache, connection: str, conversation: Conversation, *, auto_reply: Sequence[str] | Classify
) -> bool:
    """Replaces the notes of one ticket by this complete reading. True if anything is different.

    A reading that began before the one already stored is not stored.
    """
    classify = auto_reply if callable(auto_reply) else classifier(auto_reply)
    of = (connection, conversation.ticket_id)
    last = cache.exec_driver_sql(
        "SELECT notes_read_at FROM ticket WHERE connection = ? AND ticket_id = ?", of
    ).scalar_one_or_none()
    if last is not None and last > conversation.read_at:
        return False
    known = {
        row.note_id: row.row_hash
        for row in cache.exec_driver_sql(
            "SELECT note_id, row_hash FROM note WHERE connection = ? AND ticket_id = ?", of
        )
    }
    rows = [_note_row(connection, note, classify) for note in conversation.notes]
    changed = [row for row in rows if known.get(row["note_id"]) != row["row_hash"]]
    gone = [(*of, note_id) for note_id in known.keys() - {row["note_id"] for row in rows}]
    if changed:
        cache.exec_driver_sql(_NOTE_UPSERT, changed)
    if gone:
        cache.exec_driver_sql("DELETE FROM note WHERE connection = ? AND ticket_id = ? AND note_id = ?", gone)
    files = _store_files(cache, connection, conversation)
    cache.exec_driver_sql(
        "UPDATE ticket SET notes_read_at = ? WHERE connection = ? AND ticket_id = ?",
        (conversation.read_at, *of),
    )
    return bool(changed or gone or files)


def _store_files(cache: Cache, connection: str, conversation: Conversation) -> bool:
    """Replaces what is known of the ticket's files. True if anything is different.

    Where they were not asked for, those of the ticket itself stay as they were last listed, and are due: a file does
    not vanish from the screen because a round asked for less.
    """
    of = (connection, conversation.ticket_id)
    rows = _file_rows(*of, {note.note_id: note.attachments for note in conversation.notes})
    if not conversation.files_asked:
        cache.exec_driver_sql("INSERT OR IGNORE INTO files_due (connection, ticket_id) VALUES (?, ?)", of)
        return _replace_files(cache, of, rows, "note_id <> ''")
    cache.exec_driver_sql("DELETE FROM files_due WHERE connection = ? AND ticket_id = ?", of)
    rows |= _own_rows(*of, conversation.files, conversation.files_problem)
    return _replace_files(cache, of, rows, "true")


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
        tuple(row)
        for row in cache.exec_driver_sql(
            f"SELECT connection, ticket_id, note_id, place, name, size, added_at, added_by {where}", of
        )
    }
    if rows == known:
        return False
    cache.exec_driver_sql(f"DELETE {where}", of)
    if rows:
        cache.exec_driver_sql("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)", list(rows))
    return True


def note_row(connection: str, note: NoteRecord, auto_reply: Sequence[str]) -> dict[str, Any]:
    """The row of a note as `NoteColumns` has it, for whoever lays one over the PSA's."""
    return _note_row(connection, note, classifier(auto_reply))


def _note_row(connection: str, note: NoteRecord, classify: Classify) -> dict[str, Any]:
    row = msgspec.structs.asdict(note)
    row.update(
        connection=connection,
        note_sort=note_number(note.note_id),
        psa_speaker=note.speaker,
        row_hash=row_hash(note),
        **reading(note.speaker, note.text, note.public, note.created_at, classify),
    )
    return row


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
