"""What "changed since" never tells: tickets that vanished from the queue, and parents, asked for by id.

Absence is not deletion. A ticket that is no longer listed is asked for by id, and the PSA's own word counts.
A few ids without a word leave the queue and are named; if more than a fifth of the queue and more than 20 go
without a word at once, nothing is removed and the answer to "is it zero?" is "cannot tell".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection as Cache

from connectors.contract import Fetched
from store.cache_upkeep import mark, marked, quarantine, release_tickets
from store.cache_writes import set_parents, set_presence, store_tickets
from store.dirty import dirty
from store.queue_sql import OPEN_HERE, PLAIN
from store.reopenings import keep
from store.sync_round import Round

log = logging.getLogger(__name__)

PER_FETCH = 100
"""Ids that one `fetch` is given."""

FEW = 20
SHARE = 5
"""More than `FEW` ids and more than one in `SHARE` without a word: nothing is removed."""

PARENT_AGE = 1800
"""Seconds after which a parent outside the list of open ids is asked for again. One that changed comes with
"changed since" in any round; only deletion, merging and lost visibility show by asking. Cost: ceil(parents /
ids per request) every half hour, and in every `check`."""

NAMED_FOR = 86400
"""Seconds for which a ticket that went without a word stays named."""

_OURS = "SELECT ticket_id FROM ticket WHERE connection = ? AND in_scope AND presence = 'here' AND NOT closed"


class Asked(msgspec.Struct):
    """What became of ids that were asked for."""

    silent: list[str] = []
    """Not there or not allowed, without saying which."""
    read_at: int = 0
    found: list[str] = []
    """Here, and stored."""
    odd: list[str] = []
    """Here, and not to be read."""


async def compare(round: Round) -> None:
    """Holds our open tickets in scope against the PSA's list of ids, and asks for every difference.

    Cost: the list of ids, and one request per batch of differing ids.
    """
    round.progress("compare", text="Comparing the list of open tickets")
    with round.databases.cache_reads.connect() as cache:
        # Past SQLAlchemy, which looks at each of ten thousand rows for itself.
        driver = cache.connection.driver_connection
        assert driver is not None
        before = {ticket_id for (ticket_id,) in driver.execute(_OURS, (round.name,))}
    listed = await round.connector.ticket_ids(round.scope)
    title = round.connector.title
    round.count_confirmed = bool(listed.ids) or listed.count == 0
    if not round.count_confirmed:
        round.why.append(
            f"{title} lists no open ticket in {round.scope.scope}, but counts {listed.count} there."
        )
    vanished = await ask(round, sorted(before - listed.ids), "compare")
    unknown = await ask(round, sorted(listed.ids - before), "compare")
    _without_a_word(round, vanished, len(before))
    if unknown.silent:
        round.why.append(
            f"{title} lists {_names(unknown.silent)} as open in {round.scope.scope}, but does not show"
            f" {'it' if len(unknown.silent) == 1 else 'them'}."
        )
    strange = sorted({*unknown.odd, *_out_of_scope(round, unknown.found)})
    if strange:
        round.why.append(
            f"{title} lists {_names(strange)} as open in {round.scope.scope}, but what it says of"
            f" {'it' if len(strange) == 1 else 'them'} cannot be read or says otherwise."
        )


def _out_of_scope(round: Round, ids: Sequence[str]) -> list[str]:
    """Those whose own record says that they are open and not ours."""
    with round.databases.cache_reads.connect() as cache:
        return list(
            cache.exec_driver_sql(
                "SELECT ticket_id FROM ticket WHERE connection = ? AND NOT in_scope AND NOT closed"
                " AND presence = 'here' AND ticket_id IN (SELECT value FROM json_each(?))",
                (round.name, json.dumps(list(ids))),
            ).scalars()
        )


def _without_a_word(round: Round, vanished: Asked, before: int) -> None:
    silent = vanished.silent
    if len(silent) > FEW and len(silent) * SHARE > before:
        round.why.append(
            f"{len(silent)} of {before} open tickets are no longer listed by {round.connector.title}, and it"
            " does not say what became of them; none was removed. Was a right taken away, or a board hidden?"
        )
        log.warning("%s: %d ids vanished without a word, nothing removed", round.name, len(silent))
        silent = []
    with round.databases.cache_reads.connect() as cache:
        nothing = not silent and (not (saved := marked(cache, round.name, "vanished")) or saved[0] == "{}")
    if nothing:
        return
    with round.databases.cache.begin() as cache:
        for ticket_id in silent:
            round.gone += set_presence(cache, round.name, ticket_id, "not_visible", read_at=vanished.read_at)
        named = _still_named(cache, round, silent)
    if named:
        round.remarks.append(
            f"{_names(named)} left the queue of {round.name}: no longer listed, and {round.connector.title}"
            " answers neither with the ticket nor with what became of it."
        )


def _still_named(cache: Cache, round: Round, silent: Iterable[str]) -> list[str]:
    """Ids gone without a word within the last day that have not come back."""
    saved = marked(cache, round.name, "vanished")
    since: dict[str, int] = {} if saved is None else msgspec.json.decode(saved[0], type=dict[str, int])
    since |= dict.fromkeys(silent, round.began)
    absent = set(
        cache.exec_driver_sql(
            "SELECT ticket_id FROM ticket WHERE connection = ? AND presence = 'not_visible'"
            " AND ticket_id IN (SELECT value FROM json_each(?))",
            (round.name, json.dumps(list(since))),
        ).scalars()
    )
    named = {one: at for one, at in since.items() if one in absent and at > round.began - NAMED_FOR}
    mark(cache, round.name, "vanished", json.dumps(named), round.began)
    return sorted(named)


def _names(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:10]) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")
    return f"{'Ticket' if len(ids) == 1 else 'Tickets'} {shown}"


async def read_parents(round: Round) -> None:
    """Asks by id for the parents of open tickets in scope and of tickets with open changes, whoever owns them.

    Asked for are those unknown, and those outside the queue that were not read for `PARENT_AGE` (in a
    thorough round: since it began).
    """
    edge = round.began if round.thorough else round.began - PARENT_AGE
    with round.databases.cache_reads.connect() as cache:
        due = list(
            cache.exec_driver_sql(
                f"""
                SELECT DISTINCT l.parent_id FROM (
                    SELECT l.connection, l.parent_id FROM ticket_parent l
                    JOIN ticket t ON t.connection = l.connection AND t.ticket_id = l.ticket_id
                    WHERE l.connection = :connection AND (NOT {PLAIN} OR ({OPEN_HERE}))
                    UNION SELECT connection, parent_id FROM parent_overlay WHERE connection = :connection
                ) l
                LEFT JOIN ticket p ON p.connection = l.connection AND p.ticket_id = l.parent_id
                WHERE p.ticket_id IS NULL OR (p.read_at < :edge
                    AND NOT (p.in_scope AND p.presence = 'here' AND NOT p.closed))
                ORDER BY l.parent_id
                """,
                {"connection": round.name, "edge": edge},
            ).scalars()
        )
    parents = await ask(round, due, "parents")
    with round.databases.cache_reads.connect() as cache:
        unchanged = not parents.silent and dirty(cache, round.name) == []
    if unchanged:
        return  # `parent_id` follows from links, tickets and roles, and whatever changes one of them is noted there
    with round.databases.cache.begin() as cache:
        for ticket_id in parents.silent:
            set_presence(cache, round.name, ticket_id, "not_visible", read_at=parents.read_at)
        set_parents(cache, round.name)


async def reread_odd(round: Round) -> None:
    """Asks again for the tickets in quarantine whose ids are known, but for those that this round has just read;
    what reads fine leaves it. Of many, those that were seen longest ago."""
    with round.databases.cache_reads.connect() as cache:
        due = list(
            cache.exec_driver_sql(
                "SELECT ticket_id FROM quarantine WHERE connection = ? AND stream LIKE 'ticket%'"
                " AND ticket_id IS NOT NULL AND ticket_id NOT IN (SELECT value FROM json_each(?))"
                " GROUP BY ticket_id ORDER BY min(seen_at), ticket_id LIMIT ?",
                (round.name, json.dumps(sorted(round.put_aside)), PER_FETCH),
            ).scalars()
        )
    if not due:
        return
    asked = await ask(round, due, "tickets")
    with round.databases.cache.begin() as cache:
        release_tickets(cache, round.name, asked.silent)


async def ask(round: Round, ids: Sequence[str], phase: str) -> Asked:
    """Fetches ids in batches and stores the PSA's word on each; those it is silent on are given back."""
    asked = Asked()
    for start in range(0, len(ids), PER_FETCH):
        batch = ids[start : start + PER_FETCH]
        round.progress(phase, start, len(ids), "Asking for tickets by id")
        fetched = await round.connector.fetch(batch)
        asked.read_at = fetched.read_at
        with round.databases.cache.begin() as cache:
            take(cache, round, fetched)
        asked.found += [record.ticket_id for record in fetched.tickets]
        spoken = set(asked.found)
        spoken |= {tombstone.ticket_id for tombstone in fetched.gone}
        unread = {odd.ticket_id or odd.record_id for odd in fetched.odd}
        asked.odd += sorted(unread - spoken)
        spoken |= unread
        asked.silent += [one for one in batch if one not in spoken]
    return asked


def take(cache: Cache, round: Round, fetched: Fetched) -> None:
    """Stores what a fetch brought, but for the ids it is silent on."""
    stored = store_tickets(cache, round.name, fetched.tickets, read_at=fetched.read_at, scope=round.scope)
    keep(round.databases, round.name, stored.reopened)
    round.new += stored.new
    round.changed += stored.changed
    release_tickets(cache, round.name, [record.ticket_id for record in fetched.tickets])
    quarantine(cache, round.name, fetched.odd, round.now())
    for tombstone in fetched.gone:
        round.gone += set_presence(
            cache,
            round.name,
            tombstone.ticket_id,
            tombstone.why,
            read_at=fetched.read_at,
            merged_into=tombstone.merged_into,
        )
    release_tickets(cache, round.name, [tombstone.ticket_id for tombstone in fetched.gone])
