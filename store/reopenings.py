"""What deskzero has seen of tickets that were closed and came back open: PSAs do not tell what a status was before.

A ticket that is stored as closed, and that a read brings as open, was reopened between the two. It is kept in the
journal, so that it outlives the cache; what happened while deskzero did not look is not known. Changes of ours count
when the PSA's own rows say so, like anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import text

from store.cache_writes import Reopening
from store.database import Databases


def keep(databases: Databases, connection: str, found: Sequence[Reopening]) -> None:
    """Writes them into the journal; to be called within the cache's transaction that stores the same tickets.

    If that is lost after this is kept, the cache still has the ticket as it was last seen closed: the next read finds
    the same reopening, and it is kept once. Raises as every write to the journal does (`CannotWrite`).
    """
    if not found:
        return
    sql = (
        "INSERT INTO reopening (connection, ticket_id, seen_closed_at, reopened_at)"
        " VALUES (:connection, :ticket_id, :seen_closed_at, :reopened_at)"
        " ON CONFLICT (connection, ticket_id, seen_closed_at) DO NOTHING"
    )
    with databases.journal.begin() as journal:
        rows = [msgspec.structs.asdict(one) | {"connection": connection} for one in found]
        journal.execute(text(sql), rows)
