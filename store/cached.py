"""What the write-back reads from the cache: a ticket as a record, its notes, time, children, choices.

Everything here reads the documented views (open changes laid over) unless it says "the PSA's own".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from connectors.contract import Choice, TicketRecord, TimeRecord
from store.note_reading import note_number

_TICKET = tuple(name for name in TicketRecord.__struct_fields__ if name not in ("parent_ids", "custom"))
_TICKET_BOOLS = ("closed", "customer_flag", "sla_waits", "project")
_TIME_BOOLS = ("locked", "charge", "invoiced")
_CHOICE_BOOLS = ("active", "closed", "accepts_time", "cancelled")


class Said(msgspec.Struct, frozen=True):
    """A customer's note: who wrote it and when."""

    note_id: str
    created_at: int
    author: str
    text: str


class Roles(msgspec.Struct, frozen=True):
    """A ticket's record together with what the settings make of its status."""

    record: TicketRecord
    closed: bool
    responded: bool
    presence: str
    in_scope: bool
    notes_read_at: int | None


def note_key(created_at: int, note_id: str) -> tuple[int, int, str]:
    """The order of notes within a conversation: by creation, then by id."""
    return (created_at, note_number(note_id), note_id)


def ticket(db: Db, connection: str, ticket_id: str) -> Roles | None:
    """The ticket as the screen shows it, or `None` where the cache does not know it."""
    row = _row(db, "SELECT * FROM v_ticket WHERE connection = :c AND ticket_id = :t", connection, ticket_id)
    if row is None:
        return None
    return Roles(
        record=_record(db, row, "v_parent", "v_custom"),
        closed=bool(row["is_closed"]),
        responded=bool(row["has_responded"]),
        presence=row["presence"],
        in_scope=bool(row["in_scope"]),
        notes_read_at=row["notes_read_at"],
    )


def psa_record(db: Db, connection: str, ticket_id: str) -> TicketRecord | None:
    """The PSA's own record, without open changes."""
    row = _row(db, "SELECT * FROM ticket WHERE connection = :c AND ticket_id = :t", connection, ticket_id)
    return None if row is None else _record(db, row, "ticket_parent", "ticket_custom")


def newest_customer_note(db: Db, connection: str, ticket_id: str) -> Said | None:
    """The PSA's newest customer's note in the cache (unknown authors count as customers)."""
    rows = _rows(
        db,
        "SELECT note_id, created_at, author, text FROM note WHERE connection = :c AND ticket_id = :t"
        " AND public AND speaker IN ('customer', 'unknown')",
        connection,
        ticket_id,
    )
    notes = [Said(row["note_id"], row["created_at"], row["author"], row["text"]) for row in rows]
    return max(notes, key=lambda note: note_key(note.created_at, note.note_id), default=None)


def last_word_is_customers(db: Db, connection: str, ticket_id: str) -> bool | None:
    """Who has the last word (EXCEPTIONS, "Words"): the customer, staff (`False`), or nobody yet (`None`)."""
    row = _row(
        db,
        "SELECT speaker FROM v_note WHERE connection = :c AND ticket_id = :t AND"
        " ((public AND speaker IN ('customer', 'unknown', 'staff')) OR seen)"
        " ORDER BY order_at DESC, order_rank DESC, note_sort DESC, note_id DESC LIMIT 1",
        connection,
        ticket_id,
    )
    return None if row is None else row["speaker"] != "staff"


def staff_has_written(db: Db, connection: str, ticket_id: str) -> bool:
    """Whether some note of staff or some time entry says what was done (a seen note does not)."""
    return (
        _row(
            db,
            "SELECT 1 FROM v_note WHERE connection = :c AND ticket_id = :t AND speaker = 'staff'"
            " AND NOT seen AND trim(text) <> ''"
            " UNION ALL SELECT 1 FROM v_time WHERE connection = :c AND ticket_id = :t AND trim(text) <> ''"
            " LIMIT 1",
            connection,
            ticket_id,
        )
        is not None
    )


def authors(db: Db, connection: str, note_ids: list[str]) -> list[tuple[str | None, str]]:
    """(author's id, author's name) of those of the notes that are in the cache."""
    query = (
        "SELECT author_id, author FROM note WHERE connection = :c"
        " AND note_id IN (SELECT value FROM json_each(:t))"
    )
    rows = _rows(db, query, connection, msgspec.json.encode(note_ids).decode())
    return [(row["author_id"], row["author"]) for row in rows]


def time_entries(db: Db, connection: str, ticket_id: str) -> list[TimeRecord]:
    """The ticket's time entries, oldest first."""
    rows = _rows(
        db,
        "SELECT * FROM v_time WHERE connection = :c AND ticket_id = :t ORDER BY started_at, time_id",
        connection,
        ticket_id,
    )
    return [TimeRecord(**_values(row, TimeRecord.__struct_fields__, _TIME_BOOLS)) for row in rows]


def open_children(db: Db, connection: str, ticket_id: str) -> list[str]:
    """The numbers of open tickets under this one, as far as the cache knows."""
    rows = _rows(
        db,
        "SELECT t.number FROM v_parent p JOIN v_ticket t ON t.connection = p.connection"
        " AND t.ticket_id = p.ticket_id WHERE p.connection = :c AND p.parent_id = :t"
        " AND NOT t.is_closed AND t.presence = 'here' ORDER BY t.ticket_id",
        connection,
        ticket_id,
    )
    return [row["number"] for row in rows]


def quarantined(db: Db, connection: str, ticket_id: str) -> set[str]:
    """Ids of the ticket's records that could not be read and that trouble (`!`) already lists."""
    query = "SELECT record_id FROM quarantine WHERE connection = :c AND (ticket_id = :t OR ticket_id IS NULL)"
    return {row["record_id"] for row in _rows(db, query, connection, ticket_id)}


def descendants(db: Db, connection: str, ticket_id: str) -> set[str]:
    """The ids of all tickets under this one, as far as the cache knows."""
    rows = _rows(
        db,
        "WITH RECURSIVE below(id) AS (SELECT ticket_id FROM v_parent WHERE connection = :c AND parent_id = :t"
        " UNION SELECT p.ticket_id FROM v_parent p JOIN below b ON p.parent_id = b.id"
        " WHERE p.connection = :c)"
        " SELECT id FROM below",
        connection,
        ticket_id,
    )
    return {row["id"] for row in rows}


def find_ticket(db: Db, connection: str, said: str) -> list[str]:
    """Ids of the tickets that `said` names: a number as on the screen (`#` allowed), or `id:` and an id."""
    wanted = said.strip().removeprefix("#")
    if wanted.startswith("id:"):
        query = "SELECT ticket_id FROM v_ticket WHERE connection = :c AND ticket_id = :t"
        wanted = wanted.removeprefix("id:")
    else:
        query = "SELECT ticket_id FROM v_ticket WHERE connection = :c AND (number = :t OR ticket_id = :t)"
    return sorted({row["ticket_id"] for row in _rows(db, query, connection, wanted)})


def choices(
    db: Db, connection: str, kind: str, *, board_id: str | None = None, company_id: str | None = None
) -> list[Choice]:
    """Cached choices of a kind that hold for the board and the company; `None` leaves that open."""
    query = "SELECT * FROM choice WHERE connection = :c AND kind = :t"
    rows = _rows(db, query + " ORDER BY position, name, id", connection, kind)
    found = [_choice(row) for row in rows]
    return [
        choice
        for choice in found
        if (board_id is None or choice.board_id in (None, board_id))
        and (company_id is None or choice.company_id in (None, company_id))
    ]


def us(db: Db, connection: str) -> tuple[str | None, str | None, str | None]:
    """Who we are at the PSA, as the last sync found: id, identifier, name."""
    row = _row(
        db, "SELECT member_id, member, identity FROM connection_state WHERE connection = :c", connection, ""
    )
    if row is None:
        return None, None, None
    identity: dict[str, Any] = msgspec.json.decode(row["identity"] or "{}")
    name = identity.get("name")
    return row["member_id"], row["member"], str(name) if name else None


def _record(db: Db, row: RowMapping, parents: str, custom: str) -> TicketRecord:
    key = (row["connection"], row["ticket_id"])
    ids = _rows(
        db,
        f"SELECT parent_id FROM {parents} WHERE connection = :c AND ticket_id = :t ORDER BY parent_id",
        *key,
    )
    fields = _rows(db, f"SELECT name, value FROM {custom} WHERE connection = :c AND ticket_id = :t", *key)
    return TicketRecord(
        **_values(row, _TICKET, _TICKET_BOOLS),
        parent_ids=tuple(parent["parent_id"] for parent in ids),
        custom={field["name"]: field["value"] for field in fields},
    )


def _choice(row: RowMapping) -> Choice:
    values = _values(row, Choice.__struct_fields__, _CHOICE_BOOLS)
    values["board_id"] = row["board_id"] or None
    values["company_id"] = row["company_id"] or None
    return Choice(**values)


def _values(row: RowMapping, names: Iterable[str], bools: Collection[str]) -> dict[str, Any]:
    """Columns by name; SQLite has numbers for yes and no."""
    return {name: bool(row[name]) if name in bools and row[name] is not None else row[name] for name in names}


def _rows(db: Db, query: str, connection: str, ticket_id: str) -> list[RowMapping]:
    values = {"c": connection, "t": ticket_id}
    return list(db.execute(text(query), values).mappings())


def _row(db: Db, query: str, connection: str, ticket_id: str) -> RowMapping | None:
    rows = _rows(db, query, connection, ticket_id)
    return rows[0] if rows else None
