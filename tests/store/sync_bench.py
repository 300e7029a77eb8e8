"""A bench for sync tests: the PSA in memory, both databases, and short ways to ask what the cache says."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import text

from connectors.contract import Scope
from store.database import Databases
from store.settings import Connection, Rules, Settings
from store.sync import Progress, SyncReport, refresh_ticket, sync_connection
from tests.store.fake_psa import FakePsa


class Bench:
    """One connection, `acme`, in scope `mine` of jdoe. The PSA's clock is the only clock."""

    def __init__(self, databases: Databases, psa: FakePsa | None = None, **connection: Any) -> None:
        self.databases = databases
        self.psa = psa or FakePsa()
        self.connection = Connection(
            name="acme",
            psa="fake",
            technician="jdoe",
            child_statuses=("Child Ticket",),
            options={"url": "https://psa.test"},
            **connection,
        )
        self.settings = Settings(connections={"acme": self.connection})
        self.steps: list[Progress] = []

    def set(self, **rules: Any) -> None:
        self.settings = msgspec.structs.replace(self.settings, rules=Rules(**rules))

    def use(self, **values: Any) -> None:
        self.connection = msgspec.structs.replace(self.connection, **values)

    def scope(self, kind: Any, name: str | None = None) -> None:
        self.use(scope=Scope(kind, name))

    async def sync(self, *, full: bool = False, check: bool = False) -> SyncReport:
        self.psa.tick(180)
        self.psa.asked.clear()
        self.psa.conversations_read.clear()
        self.steps.clear()
        return await sync_connection(
            self.databases,
            self.connection,
            self.psa,
            self.settings,
            now=lambda: self.psa.clock,
            full=full,
            read_all_conversations=check,
            progress=self.steps.append,
        )

    async def good(self, *, full: bool = False, check: bool = False) -> SyncReport:
        """A round that has to succeed."""
        report = await self.sync(full=full, check=check)
        assert report.ok, report.error
        return report

    async def refresh(self, ticket_id: str) -> None:
        await refresh_ticket(
            self.databases,
            self.connection,
            self.psa,
            self.settings,
            ticket_id,
            now=lambda: self.psa.clock,
        )

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.databases.cache_reads.connect() as cache:
            return [tuple(row) for row in cache.execute(text(sql), values)]

    def queue(self) -> set[str]:
        """Open tickets that are here and in scope."""
        found = self.rows(
            "SELECT ticket_id FROM v_ticket WHERE in_scope AND presence = 'here' AND NOT is_closed"
        )
        return {row[0] for row in found}

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        with self.databases.cache_reads.connect() as cache:
            found = cache.execute(text("SELECT * FROM v_ticket WHERE ticket_id = :t"), {"t": ticket_id})
            return dict(found.mappings().one())

    def state(self) -> dict[str, Any]:
        with self.databases.cache_reads.connect() as cache:
            found = cache.execute(text("SELECT * FROM connection_state WHERE connection = 'acme'"))
            return dict(found.mappings().one())

    def cursor(self) -> str | None:
        found = self.rows("SELECT cursor FROM stream WHERE name = 'tickets'")
        return found[0][0] if found else None
