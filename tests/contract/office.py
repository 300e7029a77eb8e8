"""The technician's side: a connector to a house, and a deskzero home that works with it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from connectors.contract import (
    Choice,
    ChoiceContext,
    Connector,
    Fix,
    Page,
    Ref,
    Scope,
    TicketRecord,
    Value,
)
from store.changes import new_change_id, value_of
from store.desk import Desk
from store.fixes import Intent, Prepared
from store.home import Home
from store.opening import open_connection
from store.settings import load
from store.settings_save import save_connection
from store.sync_round import SyncReport
from tests.contract.house import House

NAME = "contract"
CHOSEN = (
    "status",
    "billing_code",
    "owner",
    "agreement",
    "contact",
    "type",
    "subtype",
    "item",
    "priority",
    "site",
    "source",
    "board",
)
"""Fields whose values are choices."""


def opened(house: House, home: Path, **secrets: str) -> Connector:
    """A connector of its own, as the settings describe it; `secrets` instead of the right ones."""
    path = Home.at(home).config
    save_connection(path, NAME, house.settings())
    connection = load(path).connections[NAME]
    return open_connection(connection, {**house.secrets(), **secrets}, transport=house.transport)


async def pull(
    connector: Connector, since: str | None = None, *, scope: Scope | None = None, closed_after: int = 0
) -> tuple[dict[str, TicketRecord], str, list[Page]]:
    """A stream to its end: its tickets, the cursor, the pages."""
    resolved = await connector.resolve(scope or Scope("mine"))
    pages = [page async for page in connector.tickets(resolved, since, closed_after)]
    cursor = pages[-1].cursor
    assert cursor, "a stream ends with a page that has the new cursor"
    return {ticket.ticket_id: ticket for page in pages for ticket in page.tickets}, cursor, pages


def context(ticket: TicketRecord) -> ChoiceContext:
    """Whose choices a ticket has."""
    return ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id, type_id=ticket.type_id)


def usable(choice: Choice, ticket: TicketRecord) -> bool:
    """Whether a person could pick it: valid now, and not closing anything."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return (
        choice.active
        and not choice.closed
        and choice.accepts_time
        and not choice.cancelled
        and (choice.starts_on or "") <= today <= (choice.ends_on or "9999")
        and choice.company_id in (None, ticket.company_id)
        and choice.board_id in (None, ticket.board_id)
    )


class Office:
    """A desk at a house; every fix goes through prepare, submit, push."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        home = Home.at(folder)
        # Without limits of our own: the suite reads a shop several times over within seconds.
        save_connection(home.config, NAME, {**house.settings(), "quota": "none"})
        transports = {} if house.transport is None else {NAME: house.transport}
        self.desk = Desk(home, load(home.config), secrets={NAME: house.secrets()}, transports=transports)

    async def connector(self) -> Connector:
        return await self.desk.connector(NAME)

    async def sync(self, *, read_all: bool = False) -> SyncReport:
        """A round; `read_all`: as `check` asks for it."""
        (report,) = await self.desk.sync(force=True, read_all=read_all)
        return report

    def ask(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        with self.desk.databases.cache_reads.connect() as cache:
            return [tuple(row) for row in cache.execute(text(sql), values)]

    async def prepare(self, ticket_id: str, **intent: Any) -> Prepared:
        return await self.desk.prepare(NAME, ticket_id, Intent(**intent))

    async def submit(self, ticket_id: str, **intent: Any) -> str:
        return await self.desk.submit(await self.prepare(ticket_id, **intent), immediately=True)

    async def submit_plain(self, ticket_id: str, field: str, value: Value) -> str:
        """A field that no command asks for yet, as a change like any other."""
        connector = await self.connector()
        ticket = await self.ticket(ticket_id)
        fix = Fix(
            change=new_change_id(self.desk.now),
            ticket_id=ticket_id,
            fields={field: value},
            was={field: value_of(ticket, field)},
            decided_at=self.desk.now,
        )
        prepared = Prepared(
            connection=NAME,
            fix=fix,
            ticket=ticket,
            steps=connector.plan(fix, ticket),
            verb=field,
            preview=(),
            mails=(),
            held=False,
            read_only=False,
        )
        return await self.desk.submit(prepared, immediately=True)

    async def push(self) -> None:
        await self.desk.push(force=True)

    def state(self, change: str) -> str:
        """The change's state; with its error, so that a failed comparison says why."""
        found = next(view for view in self.desk.reader.changes(all=True) if view.change == change)
        return found.state if not found.error else f"{found.state}: {found.error}"

    async def ticket(self, ticket_id: str) -> TicketRecord:
        """The ticket as the connector now reads it."""
        fetched = await (await self.connector()).fetch([ticket_id])
        assert [ticket.ticket_id for ticket in fetched.tickets] == [ticket_id], fetched
        return fetched.tickets[0]

    async def choices(self, kind: str, ticket: TicketRecord) -> list[Choice]:
        """What a person could pick instead of what the ticket has."""
        found = await (await self.connector()).choices(kind, context(ticket))
        has = value_of(ticket, kind)
        names = {*self.house.empties, *((has.id, has.name) if isinstance(has, Ref) else (has,))}
        return [one for one in found if usable(one, ticket) and not names & {one.id, one.name}]
