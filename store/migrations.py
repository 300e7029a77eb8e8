"""The journal's migrations: numbered, each a tuple of SQL statements, never changed once released.

`PRAGMA user_version` holds the number of the last one that ran. A new table or column goes into
`store.journal_models` and into a new entry at the end of `MIGRATIONS`; a test holds the two together.
"""

from __future__ import annotations

import sqlite3

from store import database_files as files

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

WRITE_BACK = (
    "ALTER TABLE change ADD COLUMN who VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE change ADD COLUMN closes BOOLEAN NOT NULL DEFAULT 0",
    "ALTER TABLE change ADD COLUMN batch VARCHAR",
    "ALTER TABLE change ADD COLUMN let_go_at INTEGER",
    """CREATE TABLE audit (
        seq INTEGER NOT NULL PRIMARY KEY,
        at FLOAT NOT NULL,
        who VARCHAR NOT NULL,
        os_user VARCHAR NOT NULL,
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        change VARCHAR NOT NULL,
        event VARCHAR NOT NULL,
        payload VARCHAR,
        payload_hash VARCHAR NOT NULL,
        previous VARCHAR NOT NULL,
        hash VARCHAR NOT NULL
    )""",
    "CREATE INDEX audit_by_change ON audit (change, seq)",
    """CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    # A payload may be purged; its hash stays, so that the chain holds without it.
    """CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit
        WHEN NEW.payload IS NOT NULL OR NEW.seq IS NOT OLD.seq OR NEW.at IS NOT OLD.at OR NEW.who IS NOT OLD.who
            OR NEW.os_user IS NOT OLD.os_user OR NEW.connection IS NOT OLD.connection
            OR NEW.ticket_id IS NOT OLD.ticket_id OR NEW.change IS NOT OLD.change
            OR NEW.event IS NOT OLD.event OR NEW.payload_hash IS NOT OLD.payload_hash
            OR NEW.previous IS NOT OLD.previous OR NEW.hash IS NOT OLD.hash
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
)

SCREEN = (
    """CREATE TABLE timer (
        id INTEGER NOT NULL PRIMARY KEY,
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        number VARCHAR NOT NULL,
        summary VARCHAR NOT NULL,
        company VARCHAR,
        started_at INTEGER NOT NULL,
        running_since INTEGER,
        seconds INTEGER NOT NULL,
        ended_at INTEGER,
        "end" VARCHAR
    )""",
    "CREATE INDEX timer_open ON timer (connection, ticket_id) WHERE ended_at IS NULL",
    """CREATE TABLE snooze (
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        reason VARCHAR NOT NULL,
        at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        stands_for VARCHAR NOT NULL,
        PRIMARY KEY (connection, ticket_id, kind)
    )""",
    """CREATE TABLE sign_off (
        id INTEGER NOT NULL PRIMARY KEY,
        day VARCHAR NOT NULL,
        at INTEGER NOT NULL,
        who VARCHAR NOT NULL,
        verdict VARCHAR NOT NULL,
        left_rows VARCHAR NOT NULL
    )""",
    "CREATE INDEX sign_off_by_day ON sign_off (day)",
    """CREATE TABLE screen_state (
        name VARCHAR NOT NULL PRIMARY KEY,
        value VARCHAR NOT NULL
    )""",
)

DAY_GATE = (
    "ALTER TABLE sign_off ADD COLUMN doubts VARCHAR NOT NULL DEFAULT '[]'",
    """CREATE TABLE gate_override (
        id INTEGER NOT NULL PRIMARY KEY,
        at INTEGER NOT NULL,
        who VARCHAR NOT NULL,
        os_user VARCHAR NOT NULL,
        day VARCHAR NOT NULL,
        verdict VARCHAR NOT NULL,
        to_zero INTEGER NOT NULL,
        why VARCHAR NOT NULL,
        reason VARCHAR NOT NULL,
        approved_by VARCHAR NOT NULL
    )""",
    "CREATE INDEX gate_override_by_time ON gate_override (at)",
)

REOPENINGS = (
    """CREATE TABLE reopening (
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        seen_closed_at INTEGER NOT NULL,
        reopened_at INTEGER NOT NULL,
        PRIMARY KEY (connection, ticket_id, seen_closed_at)
    )""",
)

RECOVERED = (
    """CREATE TABLE recovered (
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        time_entry_id VARCHAR NOT NULL,
        change VARCHAR NOT NULL,
        at INTEGER NOT NULL,
        hours FLOAT NOT NULL,
        amount INTEGER,
        currency VARCHAR NOT NULL,
        PRIMARY KEY (connection, ticket_id, kind, time_entry_id, change)
    )""",
    "CREATE INDEX recovered_by_time ON recovered (connection, at)",
)

SNOOZE_LOG = (
    """CREATE TABLE snooze_log (
        id INTEGER NOT NULL PRIMARY KEY,
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        reason VARCHAR NOT NULL,
        at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        who VARCHAR NOT NULL,
        approver VARCHAR NOT NULL
    )""",
    "CREATE INDEX snooze_log_by_row ON snooze_log (connection, ticket_id, kind)",
)

WHOSE = (
    "ALTER TABLE history ADD COLUMN company VARCHAR",
    "ALTER TABLE history ADD COLUMN board VARCHAR",
    "ALTER TABLE history ADD COLUMN type VARCHAR",
)

LEARNING = (
    """CREATE TABLE mistake (
        id INTEGER NOT NULL PRIMARY KEY,
        at INTEGER NOT NULL,
        connection VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        number VARCHAR NOT NULL,
        summary VARCHAR NOT NULL,
        company VARCHAR,
        kind VARCHAR,
        change VARCHAR,
        what VARCHAR NOT NULL,
        cause VARCHAR NOT NULL,
        remedy VARCHAR NOT NULL,
        shared BOOLEAN NOT NULL,
        words VARCHAR NOT NULL,
        source VARCHAR NOT NULL,
        who VARCHAR NOT NULL
    )""",
    "CREATE INDEX mistake_by_time ON mistake (at)",
    """CREATE TABLE audit_sample (
        connection VARCHAR NOT NULL,
        month VARCHAR NOT NULL,
        ticket_id VARCHAR NOT NULL,
        number VARCHAR NOT NULL,
        summary VARCHAR NOT NULL,
        company VARCHAR,
        seed VARCHAR NOT NULL,
        position INTEGER NOT NULL,
        drawn_at INTEGER NOT NULL,
        state VARCHAR NOT NULL,
        audited_at INTEGER,
        PRIMARY KEY (connection, month, ticket_id)
    )""",
)


MIGRATIONS: tuple[tuple[str, ...], ...] = (
    FIRST,
    WRITE_BACK,
    SCREEN,
    DAY_GATE,
    REOPENINGS,
    RECOVERED,
    SNOOZE_LOG,
    WHOSE,
    LEARNING,
)


def migrate(journal: sqlite3.Connection) -> None:
    """Brings a journal up to date, a migration a transaction; another process may be doing the same."""
    for number, statements in enumerate(MIGRATIONS, 1):
        with files.transaction(journal):
            if files.version(journal) >= number:
                continue
            for statement in statements:
                journal.execute(statement)
            journal.execute(f"PRAGMA user_version = {number}")
