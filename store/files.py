"""Lists the files of one ticket that somebody is reading, where its conversation was read without asking for them.

A listing holds until the conversation is read anew: `files_due` has the tickets that wait for one. What was listed
before stays in sight meanwhile and goes with the next listing, or with a conversation that asks for its files itself.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection as Cache

from connectors.contract import (
    Connector,
    ConnectorError,
    ListsFiles,
    Throttled,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from connectors.files import listed
from store.cache_notes import store_listed_files
from store.database import Databases, explained

log = logging.getLogger(__name__)

_WHY = {
    Throttled.kind: "no request is free for it now",
    Unreachable.kind: "the PSA could not be reached",
    Unauthorized.kind: "the PSA does not let us in",
    Unreadable.kind: "the PSA's answer could not be read",
}
"""Error -> why a listing did not come about, in words that stand where files would. None of it asks for a deed: the
connection's own state says what to do."""


async def list_files(
    databases: Databases,
    connection: str,
    opened: Callable[[], Awaitable[Connector | None]],
    ticket_id: str,
    *,
    now: int,
) -> str:
    """Lists and stores the ticket's files if they are due. Why they were not asked for, or nothing.

    A refusal is an answer: it is stored in the files' place (`files_problem`) and not asked for again. `opened` gives
    the connector, `None` where it cannot be opened now. `now`: UTC seconds. Raises `DatabaseProblem`.
    """
    with databases.cache_reads.connect() as cache:
        waits, read_at = _waits(cache, connection, ticket_id)
    if not waits or read_at is None:  # without a time the conversation is about to be read anew
        return ""
    connector = await opened()
    if connector is None:
        return "the connection is not open"
    if not isinstance(connector, ListsFiles):
        return f"{connector.title} does not list them"
    try:
        found = await listed(lambda: connector.files(ticket_id))
    except ConnectorError as error:
        log.info("%s: files of ticket %s were not listed: %s: %s", connection, ticket_id, error.kind, error)
        return _WHY.get(error.kind, str(error))
    with explained(databases, now), databases.cache.begin() as cache:
        still_waits, read_since = _waits(cache, connection, ticket_id)
        if not still_waits:
            return ""  # a conversation that asked for its files, or another process, was faster: its listing is as new
        store_listed_files(cache, connection, ticket_id, found)
        # Read anew meanwhile, it waits on: this listing is of the reading before.
        if read_since == read_at:
            cache.exec_driver_sql(
                "DELETE FROM files_due WHERE connection = ? AND ticket_id = ?", (connection, ticket_id)
            )
    return ""


def _waits(cache: Cache, connection: str, ticket_id: str) -> tuple[bool, int | None]:
    """Whether the ticket's files are due, and when its conversation was read (UTC seconds)."""
    row = cache.exec_driver_sql(
        "SELECT t.notes_read_at FROM files_due d JOIN ticket t USING (connection, ticket_id)"
        " WHERE d.connection = ? AND d.ticket_id = ?",
        (connection, ticket_id),
    ).one_or_none()
    return (False, None) if row is None else (True, row.notes_read_at)
