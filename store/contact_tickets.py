"""Tickets of one contact, which show the same card: counted for a review, and read again after the card was changed.

A change of a card moves no ticket's date, so that "changed since" never tells of it. Which tickets are to be read again
is kept in the cache until they are: what a failure or an end of the process leaves over, the next rounds read.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection as Cache

from store.cache_upkeep import mark, marked
from store.queue_sql import CLOSED_ROLE
from store.reconcile import PER_FETCH, ask
from store.sync_round import Round

AT_ONCE = 20
"""Tickets that are read again while somebody waits for his change; the rest is left to the next rounds."""
_MARK = "shows a changed card"

_OPEN = (
    "FROM ticket t WHERE t.connection = ? AND t.contact_id = ? AND t.ticket_id <> ? AND t.presence = 'here'"
    f" AND NOT t.closed AND NOT {CLOSED_ROLE}"
)


def others_open(cache: Cache, connection: str, contact_id: str | None, but: str) -> list[str]:
    """Ids of the contact's open tickets that the cache has, but for one; ours first."""
    if contact_id is None:
        return []
    found = cache.exec_driver_sql(
        f"SELECT t.ticket_id {_OPEN} ORDER BY t.in_scope DESC, t.ticket_id", (connection, contact_id, but)
    )
    return list(found.scalars())


def read_again_later(cache: Cache, connection: str, ids: Sequence[str], now: int) -> None:
    """Keeps ids of tickets that show another card than the PSA has. `now`: UTC seconds."""
    both = list(dict.fromkeys([*ids, *_kept(cache, connection)]))
    mark(cache, connection, _MARK, msgspec.json.encode(both).decode(), now)


async def reread(round: Round, most: int = PER_FETCH) -> list[str]:
    """Reads kept tickets again, `most` of them; gives their ids. Raises `ConnectorError`, and keeps them then.

    Cost: one request per batch of ids, in a round that follows a change of a card alone.
    """
    with round.databases.cache_reads.connect() as cache:
        due = _kept(cache, round.name)[:most]
    if not due:
        return []
    await ask(round, due, "tickets")
    with round.databases.cache.begin() as cache:
        left = [one for one in _kept(cache, round.name) if one not in set(due)]
        mark(cache, round.name, _MARK, msgspec.json.encode(left).decode(), round.began)
    return due


def _kept(cache: Cache, connection: str) -> list[str]:
    saved = marked(cache, connection, _MARK)
    return [] if saved is None else msgspec.json.decode(saved[0], type=list[str])
