"""One round of one connection: pull, compare, parents, conversations, time, choices, rules, publish.

Cost of a round in which nothing changed: resolving the scope, one page of "changed since", the list of open
ids with its count, and the agreements in use; the rest is named where it is read (`reconcile`,
`conversations`, `choices`). Database work is done where this runs: give it a thread with its own event loop.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable

import msgspec

from connectors.contract import Connector, ConnectorError, Identity
from store.cache_notes import reclassify
from store.cache_upkeep import forget, has_roles, mark, marked, says, set_state, store_roles
from store.cache_writes import set_parents
from store.choices import keep_choices, load_choices
from store.contact_tickets import reread
from store.conversations import read_conversations, read_time
from store.database import CacheReplaced, Databases, explained
from store.dirty import dirty
from store.pull import pull
from store.reconcile import compare, read_parents, reread_odd
from store.refresh import refresh_others_of_contact, refresh_ticket, refresh_tickets
from store.retention import tidy
from store.settings import Connection, Settings
from store.sync_round import Progress, Round, SyncReport

__all__ = [
    "Progress",
    "SyncReport",
    "load_choices",
    "refresh_others_of_contact",
    "refresh_ticket",
    "refresh_tickets",
    "sync_connection",
]

log = logging.getLogger(__name__)

DAY = 86400

ADDRESS = ("url", "company", "tenant")
"""Keys of a connection that say where it leads. When one changes, the cache is that of another PSA."""


async def sync_connection(
    databases: Databases,
    connection: Connection,
    connector: Connector,
    settings: Settings,
    *,
    now: Callable[[], int],
    full: bool = False,
    read_all_conversations: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> SyncReport:
    """One round. `now` gives UTC seconds; `read_all_conversations` is what `check` asks for.

    A `ConnectorError` ends the round and is reported (and kept in `connection_state`); what was known before
    stays, and so do the published exceptions. Raises `DatabaseProblem` where a database cannot be used; a
    cache found damaged is replaced and pulled again.
    """

    async def attempt() -> SyncReport:
        databases.follow(now())
        round = Round(
            databases=databases,
            connection=connection,
            connector=connector,
            settings=settings,
            now=now,
            tell=progress or (lambda _: None),
            began=now(),
            thorough=read_all_conversations and connection.scope.kind == "mine",
            renewals=databases.renewals,
            requests_before=connector.requests,
        )
        with explained(databases, round.began):
            return await _round(round, full=full)

    try:
        return await attempt()
    except CacheReplaced as replaced:
        log.warning("%s: %s", connection.name, replaced)
        return await attempt()


async def _round(round: Round, *, full: bool) -> SyncReport:
    started = time.monotonic()
    error: ConnectorError | None = None
    try:
        _begin(round)
        await _know_ourselves(round)
        await pull(round, full=full)
        await reread_odd(round)
        await reread(round)
        await compare(round)
        await read_parents(round)
        await read_conversations(round)
        await read_time(round)
        await keep_choices(round)
        _publish(round)
        if round.full:  # once a day
            tidy(databases=round.databases, connection=round.name, settings=round.settings, now=round.now())
    except ConnectorError as caught:
        log.warning("%s: %s: %s", round.name, caught.kind, caught)
        error = caught
        _failed(round, caught)
    with round.databases.cache_reads.connect() as cache:
        quarantined = cache.exec_driver_sql(
            "SELECT count(*) FROM quarantine WHERE connection = ?", (round.name,)
        ).scalar_one()
    return SyncReport(
        connection=round.name,
        ok=error is None,
        error_kind=None if error is None else error.kind,
        error=None if error is None else str(error),
        hint=None if error is None else error.hint,
        full=round.full,
        new=round.new,
        changed=round.changed,
        gone=round.gone,
        conversations=round.conversations,
        quarantined=quarantined,
        requests=round.requests,
        seconds=time.monotonic() - started,
        why=tuple(round.why),
        remarks=tuple(round.remarks),
    )


# ---------------------------------------------------------------- before the pull


def _begin(round: Round) -> None:
    """Puts the settings where the rules see them. A changed address makes the cached rows worthless.

    Nothing is written where all of it is there already: the moment of the round is written with its end.
    """
    connection = round.connection
    address = json.dumps([connection.psa, *(connection.options.get(key) for key in ADDRESS)])
    patterns = json.dumps(round.settings.rules.auto_reply)
    title = round.connector.title
    with round.databases.cache_reads.connect() as cache:
        known = cache.exec_driver_sql(
            "SELECT psa, title FROM connection_state WHERE connection = ?", (round.name,)
        ).one_or_none()
        if (
            known is not None
            and tuple(known) == (connection.psa, title)
            and says(cache, round.name, "address", address)
            and says(cache, round.name, "auto_reply", patterns)
            and has_roles(cache, connection)
        ):
            return
    with round.databases.cache.begin() as cache:
        before = marked(cache, round.name, "address")
        if before is not None and before[0] != address:
            log.warning("%s: the address has changed; its cache is emptied", round.name)
            forget(cache, round.name)
        mark(cache, round.name, "address", address, round.began)
        store_roles(cache, connection)
        classified = marked(cache, round.name, "auto_reply")
        if classified is not None and classified[0] != patterns:
            reclassify(cache, round.name, round.settings.rules.auto_reply)
        mark(cache, round.name, "auto_reply", patterns, round.began)
        set_state(
            cache,
            round.name,
            psa=connection.psa,
            title=title,
            tried_at=round.began,
        )


async def _know_ourselves(round: Round) -> None:
    """Who we are (asked once a day, or when the settings changed), and the scope, resolved in every round."""
    round.progress("verify", text=f"Asking {round.connector.title}")
    settings = json.dumps(
        [round.connection.psa, round.connection.technician, round.connection.options],
        sort_keys=True,
        default=str,
    )
    fingerprint = hashlib.sha256(settings.encode()).hexdigest()
    with round.databases.cache_reads.connect() as cache:
        known = marked(cache, round.name, "verified")
        saved = cache.exec_driver_sql(
            "SELECT identity FROM connection_state WHERE connection = ?", (round.name,)
        ).scalar_one()
    if known is not None and known[0] == fingerprint and known[1] > round.began - DAY:
        identity = msgspec.json.decode(saved, type=Identity)
    else:
        identity = await round.connector.verify()
        with round.databases.cache.begin() as cache:
            mark(cache, round.name, "verified", fingerprint, round.began)
            set_state(
                cache,
                round.name,
                identity=msgspec.json.encode(identity).decode(),
                member_id=identity.member_id,
                member=identity.member,
            )
    round.clock_ahead = identity.clock_ahead
    round.resolved = await round.connector.resolve(round.connection.scope)
    # Only now are the capabilities complete: some depend on the account's rights (Request Tracker).
    can = msgspec.json.encode(round.connector.capabilities, order="sorted").decode()
    scope = msgspec.json.encode(round.resolved).decode()
    with round.databases.cache_reads.connect() as cache:
        before = cache.exec_driver_sql(
            "SELECT capabilities FROM connection_state WHERE connection = ?", (round.name,)
        ).scalar_one()
        if before == can and says(cache, round.name, "scope", scope):
            return
    with round.databases.cache.begin() as cache:
        mark(cache, round.name, "scope", scope, round.began)
        set_state(cache, round.name, capabilities=can)


# ---------------------------------------------------------------- after the pull


def _publish(round: Round) -> None:
    """The rules, over what has changed, in the transaction that also makes it the newest generation."""
    from store.rules.evaluate import evaluate_changes

    round.progress("rules", text="Looking for exceptions")
    if round.databases.renewals != round.renewals:
        # Another connection's round met the damage; what this one stored before went with the old file.
        raise CacheReplaced(
            "The cache was made anew while it was being filled.", hint="Run `deskzero sync` to fill it."
        )
    with round.databases.cache.begin() as cache:
        if dirty(cache, round.name) != []:  # also what a sender has stored since `read_parents` looked
            set_parents(cache, round.name)
        evaluate_changes(
            cache,
            round.databases.journal,
            round.settings,
            now=round.now(),
            connection=round.name,
            everything=round.full,
        )
        generation, usual = cache.exec_driver_sql(
            "SELECT generation, usual_requests FROM connection_state WHERE connection = ?", (round.name,)
        ).one()
        # Not what a round costs every few minutes: everything read, what a new process asks for once, and nothing
        # (what was read a moment ago still holds).
        if not (round.full or round.thorough) and round.requests_before and round.requests:
            usual = round.requests if usual is None else min(round.requests, usual + 1)
        set_state(
            cache,
            round.name,
            scope=str(round.connection.scope),
            tried_at=round.began,
            synced_at=round.began,
            generation=generation + 1,
            error_kind=None,
            error=None,
            hint=None,
            since_down=None,
            requests=round.requests,
            usual_requests=usual,
            count_confirmed=round.count_confirmed,
            why=json.dumps(round.why, ensure_ascii=False),
            remarks=json.dumps(round.remarks, ensure_ascii=False),
        )


def _failed(round: Round, error: ConnectorError) -> None:
    with round.databases.cache.begin() as cache:
        since = cache.exec_driver_sql(
            "SELECT since_down FROM connection_state WHERE connection = ?", (round.name,)
        ).scalar_one_or_none()
        set_state(
            cache,
            round.name,
            tried_at=round.began,
            error_kind=error.kind,
            error=str(error),
            hint=error.hint,
            since_down=round.began if since is None else since,
            requests=round.requests,
        )
