"""The journal's migrations: numbered, each a tuple of SQL statements, never changed once released.

`PRAGMA user_version` holds the number of the last one that ran. A new table or column goes into
`store.models` and into a new entry at the end of `MIGRATIONS`; a test holds the two together.
"""

from __future__ import annotations

FIRST = (
    """CREATE TABLE change (
        change VARCHAR NOT NULL PRIMARY KEY,
        seq INTEGER NOT NULL,
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        number VARCHAR NOT NULL,
        verb VARCHAR NOT NULL,
        fix VARCHAR NOT NULL,
        ticket VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        created_at INTEGER NOT NULL,
        due_at INTEGER,
        next_try_at INTEGER,
        attempts INTEGER NOT NULL,
        sent_at INTEGER,
        confirmed_at INTEGER,
        wrote BOOLEAN NOT NULL,
        error VARCHAR,
        hint VARCHAR,
        detail VARCHAR NOT NULL,
        because VARCHAR,
        undo_of VARCHAR,
        undone_by VARCHAR,
        settled_at INTEGER,
        summary VARCHAR NOT NULL,
        company VARCHAR
    )""",
    "CREATE INDEX ix_change_connection ON change (connection)",
    "CREATE INDEX ix_change_seq ON change (seq)",
    "CREATE INDEX change_by_ticket ON change (connection, ticket_id, seq)",
    """CREATE TABLE step (
        change VARCHAR NOT NULL,
        position INTEGER NOT NULL,
        step VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        baseline VARCHAR,
        attempts INTEGER NOT NULL,
        absent INTEGER NOT NULL,
        looked_at INTEGER,
        created_id VARCHAR,
        said VARCHAR,
        done_at INTEGER,
        PRIMARY KEY (change, position)
    )""",
    """CREATE TABLE first_seen (
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        code VARCHAR NOT NULL,
        field VARCHAR NOT NULL,
        first_seen INTEGER NOT NULL,
        PRIMARY KEY (connection, ticket_id, kind, code, field)
    )""",
    """CREATE TABLE history (
        id INTEGER NOT NULL PRIMARY KEY,
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        since INTEGER NOT NULL,
        opened_at INTEGER NOT NULL,
        cleared_at INTEGER,
        cleared_by VARCHAR
    )""",
    "CREATE INDEX history_by_ticket ON history (connection, ticket_id, kind)",
    "CREATE INDEX history_open ON history (connection, kind, ticket_id) WHERE cleared_at IS NULL",
    """CREATE TABLE draft (
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        side VARCHAR NOT NULL,
        text VARCHAR NOT NULL,
        saved_at INTEGER NOT NULL,
        PRIMARY KEY (connection, ticket_id, side)
    )""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (FIRST,)
