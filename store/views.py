"""The views of the cache: what rules, lists and own rules read, open changes laid over the PSA's rows."""

from __future__ import annotations

from sqlmodel import SQLModel

from store.models import CustomColumns, NoteColumns, ParentColumns, TicketColumns, TimeColumns
from store.queue_sql import CLOSED_ROLE, HAS_ROLE, OPEN_HERE, PLAIN, SOURCES


def _columns(model: type[SQLModel]) -> str:
    return ", ".join(name for name in model.model_fields)


def views() -> dict[str, str]:
    """The documented views: name -> SQL. `v_ticket`, `v_note`, `v_time`, `v_parent`, `v_custom`; and `v_queue`.

    They show open changes laid over the PSA's rows. `v_ticket` adds `is_closed`, `is_child`, `has_child`,
    `has_responded`, `has_closing`, `has_waiting` (0/1) by the settings; it holds tickets outside the scope too
    (parents).
    `v_queue` has the keys of what `v_ticket` calls in scope, here and not closed, by an index alone: the big view makes
    SQLite put together all columns of every ticket in the scope, closed ones too, before it counts them.
    """
    ticket = _columns(TicketColumns)
    roles = ", ".join(
        f"{HAS_ROLE.format(role=role)} AS has_{role}" for role in ("responded", "closing", "waiting")
    )
    over = "NOT EXISTS (SELECT 1 FROM {o} o WHERE o.connection = t.connection AND o.{k} = t.{k})"
    time, parent, custom = _columns(TimeColumns), _columns(ParentColumns), _columns(CustomColumns)
    note = _columns(NoteColumns)
    queued = " UNION ALL ".join(
        "SELECT connection, ticket_id, coalesce(created_at, updated_at, read_at) AS since"
        f" FROM {table} t WHERE {OPEN_HERE}{further}"
        for table, further in SOURCES
    )
    return {
        "v_parent": f"SELECT {parent} FROM ticket_parent t WHERE {PLAIN}"
        f" UNION ALL SELECT {parent} FROM parent_overlay",
        "v_ticket": f"SELECT t.*, (t.closed OR {CLOSED_ROLE}) AS is_closed,"
        f" (t.parent_id IS NOT NULL OR {HAS_ROLE.format(role='child')}) AS is_child,"
        f" {HAS_ROLE.format(role='child')} AS has_child, {roles} FROM"
        f" (SELECT {ticket} FROM ticket t WHERE {PLAIN} UNION ALL SELECT {ticket} FROM ticket_overlay) t",
        "v_queue": queued,
        "v_note": f"SELECT {note} FROM note UNION ALL SELECT {note} FROM note_overlay",
        "v_time": f"SELECT {time} FROM time_entry t WHERE {over.format(o='time_overlay', k='time_id')}"
        f" UNION ALL SELECT {time} FROM time_overlay",
        "v_custom": f"SELECT {custom} FROM ticket_custom t WHERE {PLAIN}"
        f" UNION ALL SELECT {custom} FROM custom_overlay",
    }
