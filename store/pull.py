"""Pulls the stream of tickets: in full, or what changed since the cursor; one transaction a page."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection as Cache

from connectors.contract import Page, TicketRecord
from store.cache_upkeep import (
    mark,
    marked,
    quarantine,
    release_tickets,
    release_unseen,
    rescope,
    retire,
    says,
)
from store.cache_writes import store_tickets
from store.reopenings import keep
from store.sync_round import Round

DAY = 86400
HOUR = 3600


async def pull(round: Round, *, full: bool) -> None:
    """Brings the cache up to the PSA. The cursor is saved with the rows of the page that carries it.

    In full when asked for, the first time, once a day (one request per page: what "changed since" may have
    missed is found), when the scope or the windows have become others, and, at most hourly, while records
    without a known id are in quarantine. A round cut off between pages begins again where it began.
    """
    reach = json.dumps([str(round.scope.scope), round.scope.id, round.scope.name])
    window = round.settings.rules.largest_window
    with round.databases.cache_reads.connect() as cache:
        cursor = marked(cache, round.name, "tickets")
        last = marked(cache, round.name, "full")
        blind = cache.exec_driver_sql(
            "SELECT count(*) FROM quarantine WHERE connection = ? AND stream LIKE 'ticket%'"
            " AND ticket_id IS NULL",
            (round.name,),
        ).scalar_one()
    first = last is None
    round.full = (
        full
        or last is None
        or cursor is None
        or last[0] != json.dumps([reach, window])
        or last[1] <= round.began - (HOUR if blind else DAY)
    )
    since = None if round.full or cursor is None else cursor[0]
    done = 0
    round.progress("tickets", 0, None, "Reading tickets")
    async for page in round.connector.tickets(round.scope, since, round.began - window):
        with round.databases.cache.begin() as cache:
            _store(cache, round, page, first_sync=first)
        done += len(page.tickets)
        round.progress("tickets", done, page.expected, "Reading tickets")
    if round.full:
        with round.databases.cache.begin() as cache:
            rescope(cache, round.name, round.scope)
            release_unseen(cache, round.name, round.began)
            mark(cache, round.name, "full", json.dumps([reach, window]), round.began)
            retire(cache, round.name, round.settings, round.began)


def _store(cache: Cache, round: Round, page: Page, *, first_sync: bool) -> None:
    wanted = page.tickets if round.full else _ours(cache, round, page.tickets)
    stored = store_tickets(
        cache,
        round.name,
        wanted,
        read_at=page.read_at or round.began,
        scope=round.scope,
        first_sync=first_sync,
    )
    keep(round.databases, round.name, stored.reopened)
    round.new += stored.new
    round.changed += stored.changed
    release_tickets(cache, round.name, [record.ticket_id for record in page.tickets])
    quarantine(cache, round.name, page.odd, round.now())
    round.put_aside |= {odd.ticket_id for odd in page.odd if odd.ticket_id is not None}
    if page.cursor is not None and not says(cache, round.name, "tickets", page.cursor):
        mark(cache, round.name, "tickets", page.cursor, round.began)


def _ours(cache: Cache, round: Round, records: Sequence[TicketRecord]) -> list[TicketRecord]:
    """Of all that changed at the PSA: what is in the scope, cached already, or the parent of such a one."""
    known = set(
        cache.exec_driver_sql(
            "SELECT ticket_id FROM ticket WHERE connection = :connection"
            " AND ticket_id IN (SELECT value FROM json_each(:ids))"
            " UNION SELECT parent_id FROM v_parent WHERE connection = :connection"
            " AND parent_id IN (SELECT value FROM json_each(:ids))",
            {"connection": round.name, "ids": json.dumps([record.ticket_id for record in records])},
        ).scalars()
    )
    return [record for record in records if record.ticket_id in known or round.scope.holds(record)]
