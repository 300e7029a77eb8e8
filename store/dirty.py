"""Which tickets have changed since they were last evaluated: kept by triggers, so that no writer can forget it.

The table `rule_dirty` gets a ticket with whatever changes what rules read of it, in the writer's own transaction; a row
without a ticket means everything (agreements, who we are, what the PSA can do). What was evaluated is taken out.
"""

from __future__ import annotations

from sqlalchemy import Connection as Cache

EVERYTHING = ""
"""In place of a ticket's id."""

_OVERLAYS = ("ticket_overlay", "note_overlay", "time_overlay", "parent_overlay", "custom_overlay")
_READ_AS_IT_IS = ("ticket_parent", "ticket_custom")
_CHOICES = "('agreement', 'contact', 'site', 'priority')"
"""Kinds of choices that rules read. Not `active`: each reading takes it away and gives it back."""


def _note(row: str, ticket: str = "ticket_id") -> str:
    named = f"{row}.{ticket}" if ticket else f"'{EVERYTHING}'"
    # No "OR IGNORE": the conflict clause of the statement that fires a trigger takes the place of the trigger's own.
    return (
        f"INSERT INTO rule_dirty (connection, ticket_id) SELECT {row}.connection, {named} WHERE NOT EXISTS"
        f" (SELECT 1 FROM rule_dirty d WHERE d.connection = {row}.connection AND d.ticket_id = {named})"
    )


def _trigger(table: str, event: str, does: str, *, columns: str = "", when: str = "", name: str = "") -> str:
    of = f" OF {columns}" if columns else ""
    name = name or f"dirty_{table}_{event.lower()}"
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} AFTER {event}{of} ON {table}{condition} BEGIN {does}; END"


def _differ(*columns: str) -> str:
    return " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)


def triggers() -> list[str]:
    """The SQL that makes them."""
    found = [
        # What a kind misses counts from when it was read: read, and nothing different in it, is a change too.
        _trigger(
            "ticket",
            "UPDATE",
            _note("NEW"),
            columns=column,
            when=f"(OLD.{column} IS NULL) <> (NEW.{column} IS NULL)",
            name=f"dirty_ticket_{column}",
        )
        for column in ("notes_read_at", "time_read_at")
    ]
    for table, columns in (
        ("ticket", ("row_hash", "in_scope", "presence", "parent_id", "first_sync")),
        ("note", ("row_hash", "speaker", "seen", "seen_up_to")),
        ("time_entry", ("row_hash", "ticket_id")),
        *((table, ()) for table in (*_READ_AS_IT_IS, *_OVERLAYS)),
    ):
        found += [
            _trigger(table, "INSERT", _note("NEW")),
            _trigger(table, "DELETE", _note("OLD")),
            _trigger(
                table,
                "UPDATE",
                f"{_note('OLD')}; {_note('NEW')}",
                columns=", ".join(columns),
                when=_differ(*columns),
            ),
        ]
    read = ("starts_on", "ends_on", "cancelled", "phone", "email", "name", "position")
    found += [
        _trigger("choice", "INSERT", _note("NEW", ""), when=f"NEW.kind IN {_CHOICES}"),
        _trigger("choice", "DELETE", _note("OLD", ""), when=f"OLD.kind IN {_CHOICES}"),
        _trigger(
            "choice",
            "UPDATE",
            _note("NEW", ""),
            columns=", ".join(read),
            when=f"NEW.kind IN {_CHOICES} AND ({_differ(*read)})",
        ),
        _trigger("status_role", "INSERT", _note("NEW", "")),
        _trigger("status_role", "DELETE", _note("OLD", "")),
        _trigger(
            "connection_state",
            "UPDATE",
            _note("NEW", ""),
            columns="capabilities, member, member_id",
            when=_differ("capabilities", "member", "member_id"),
        ),
    ]
    return found


def dirty(cache: Cache, connection: str) -> list[str] | None:
    """The tickets that have changed; `None`: everything has to be looked at."""
    found = list(
        cache.exec_driver_sql(
            "SELECT ticket_id FROM rule_dirty WHERE connection = ? ORDER BY ticket_id", (connection,)
        ).scalars()
    )
    return None if EVERYTHING in found else found


def clean(cache: Cache, connection: str) -> None:
    """All of it has been evaluated, in this transaction."""
    cache.exec_driver_sql("DELETE FROM rule_dirty WHERE connection = ?", (connection,))
