"""Single tickets read again outside of a round: what was just written to, and what shows the same contact's card."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection as Cache

from connectors.contract import Connector, ConnectorError, Conversation, Resolved
from store.cache_notes import store_conversations
from store.cache_writes import saved_scope, set_presence, store_time
from store.contact_tickets import AT_ONCE, others_open, read_again_later, reread
from store.conversations import AT_ONCE as CONVERSATIONS_AT_ONCE
from store.conversations import PER_REQUEST, reading
from store.database import Databases, explained
from store.not_known import told
from store.note_reading import classifier
from store.reconcile import ask, read_parents
from store.settings import Connection, Settings
from store.sync_round import Round, each


async def refresh_ticket(
    databases: Databases,
    connection: Connection,
    connector: Connector,
    settings: Settings,
    ticket_id: str,
    *,
    now: Callable[[], int],
) -> None:
    """Reads one ticket, its conversation and its time entries again, stores them, and evaluates the rules.

    Raises `ConnectorError`; what was read until then is stored.
    """
    failed = await refresh_tickets(databases, connection, connector, settings, [ticket_id], now=now)
    for error in failed.values():
        raise error


async def refresh_tickets(
    databases: Databases,
    connection: Connection,
    connector: Connector,
    settings: Settings,
    ticket_ids: Sequence[str],
    *,
    now: Callable[[], int],
    evaluates: bool = True,
) -> dict[str, ConnectorError]:
    """Reads tickets again that have just been written to, with their conversations and time, and stores them; gives
    those that could not be read whole, and why.

    Their children are evaluated too: whether they are orphaned may have changed. Without `evaluates` the rules are
    left to the caller, who has more to change first. Raises `ConnectorError` where nothing could be read.

    Cost: one request per batch of ids for the tickets and one for their time, and what each conversation takes.
    """
    ids = list(dict.fromkeys(ticket_ids))
    round = await _small_round(databases, connection, connector, settings, now)
    failed: dict[str, ConnectorError] = {}
    with explained(databases, round.began):
        asked = await ask(round, ids, "tickets")
        found = set(asked.found)
        here = [one for one in ids if one in found]
        with databases.cache.begin() as cache:
            for one in asked.silent:
                set_presence(cache, connection.name, one, "not_visible", read_at=asked.read_at)
        if told(connector.capabilities, "conversations"):
            failed |= await _conversations(round, here)
        if told(connector.capabilities, "time"):
            failed |= await _time(round, here)
        await read_parents(round)
        if evaluates:
            with databases.cache.begin() as cache:
                children = [child for one in ids for child in _children(cache, connection.name, one)]
                _evaluate(cache, databases, settings, now(), connection.name, [*ids, *children])
    return failed


async def _conversations(round: Round, ticket_ids: Sequence[str]) -> dict[str, ConnectorError]:
    """Reads some at once, and stores them in one transaction; those that could not be read."""
    failed: dict[str, ConnectorError] = {}
    read: list[Conversation] = []

    try:
        ask = await reading(round.connector, ticket_ids)
    except ConnectorError as error:
        return dict.fromkeys(ticket_ids, error)

    async def one(ticket_id: str) -> None:
        try:
            read.append(await ask(ticket_id))
        except ConnectorError as error:
            failed[ticket_id] = error

    await each(ticket_ids, one, at_once=CONVERSATIONS_AT_ONCE)
    classify = classifier(round.settings.rules.auto_reply)
    with round.databases.cache.begin() as cache:
        store_conversations(cache, round.name, read, auto_reply=classify)
    return failed


async def _time(round: Round, ticket_ids: Sequence[str]) -> dict[str, ConnectorError]:
    failed: dict[str, ConnectorError] = {}
    for start in range(0, len(ticket_ids), PER_REQUEST):
        ids = ticket_ids[start : start + PER_REQUEST]
        try:
            entries = await round.connector.time_entries(ids)
        except ConnectorError as error:
            failed |= dict.fromkeys(ids, error)
            continue
        with round.databases.cache.begin() as cache:
            store_time(cache, round.name, entries)
    return failed


async def refresh_others_of_contact(
    databases: Databases,
    connection: Connection,
    connector: Connector,
    settings: Settings,
    ticket_id: str,
    *,
    now: Callable[[], int],
) -> None:
    """Reads the open tickets again that have the same contact as this one, whose card was just changed, and evaluates
    the rules for them.

    Of many the first ones, the rest in the next rounds, and so is all of it where this raises `ConnectorError`.
    """
    with explained(databases, now()), databases.cache.begin() as cache:
        contact = cache.exec_driver_sql(
            "SELECT contact_id FROM ticket WHERE connection = ? AND ticket_id = ?",
            (connection.name, ticket_id),
        ).scalar_one_or_none()
        others = others_open(cache, connection.name, contact, ticket_id)
        if others:
            read_again_later(cache, connection.name, others, now())
    if not others:
        return
    round = await _small_round(databases, connection, connector, settings, now)
    with explained(databases, round.began):
        read = await reread(round, AT_ONCE)
        with databases.cache.begin() as cache:
            _evaluate(cache, databases, settings, now(), connection.name, read)


def _evaluate(
    cache: Cache,
    databases: Databases,
    settings: Settings,
    now: int,
    connection: str,
    tickets: Collection[str],
) -> None:
    from store.rules.evaluate import evaluate

    evaluate(cache, databases.journal, settings, now=now, connections=[connection], tickets=tickets)


async def _small_round(
    databases: Databases,
    connection: Connection,
    connector: Connector,
    settings: Settings,
    now: Callable[[], int],
) -> Round:
    """What reads single tickets outside of a round; the scope is that of the last round."""
    with databases.cache_reads.connect() as cache:
        scope: Resolved | None = saved_scope(cache, connection.name)
    return Round(
        databases=databases,
        connection=connection,
        connector=connector,
        settings=settings,
        now=now,
        tell=lambda _: None,
        began=now(),
        requests_before=connector.requests,
        resolved=scope or await connector.resolve(connection.scope),
    )


def _children(cache: Cache, connection: str, ticket_id: str) -> list[str]:
    return list(
        cache.exec_driver_sql(
            "SELECT ticket_id FROM v_parent WHERE connection = ? AND parent_id = ?", (connection, ticket_id)
        ).scalars()
    )
