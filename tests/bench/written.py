"""What is written to a home's databases: rows by table, bytes by the growth of the write-ahead logs, commits."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

from sqlalchemy import Engine, event

from store.home import Home


class Rows:
    """Counts the rows that an engine's connections insert, update and delete, by table. Made before any is open."""

    def __init__(self, engine: Engine) -> None:
        self.found: Counter[str] = Counter()
        self.commits = 0

        @event.listens_for(engine, "connect")
        def watch(connection: sqlite3.Connection, _: object) -> None:
            connection.create_function("wrote", 1, self._wrote)
            tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                for verb in ("INSERT", "UPDATE", "DELETE"):
                    connection.execute(
                        f"CREATE TEMP TRIGGER watch_{table}_{verb} AFTER {verb} ON main.{table}"
                        f" BEGIN SELECT wrote('{table}'); END"
                    )

        @event.listens_for(engine, "commit")
        def commit(connection: Any) -> None:
            self.commits += not connection.get_execution_options().get("reads", False)

    def _wrote(self, table: str) -> None:
        self.found[table] += 1

    def clear(self) -> None:
        self.found.clear()
        self.commits = 0


def empty_logs(home: Home) -> None:
    """Brings the write-ahead logs to nothing, so that what comes next can be seen in their size."""
    for path in (home.cache, home.journal, home.budget):
        with closing(sqlite3.connect(path, timeout=5.0)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def log_bytes(home: Home) -> dict[str, int]:
    """Bytes in the write-ahead logs: what was written since `empty_logs`."""
    found = {}
    for path in (home.cache, home.journal, home.budget):
        log = path.with_name(path.name + "-wal")
        found[path.name] = log.stat().st_size if log.exists() else 0
    return found
