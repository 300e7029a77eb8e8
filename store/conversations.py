"""Which conversations and time entries a round reads, and the reading of them.

A conversation is read when it never was, or not since the ticket's record changed (storing a changed record
empties `notes_read_at`), and that of a flagged ticket now and then (`FLAG_AGE`). Some PSAs do not move the ticket
when a note arrives; then `check` reads every conversation of the queue anew (EXCEPTIONS: "Zero, honestly").
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from connectors.contract import (
    Connector,
    Conversation,
    Forbidden,
    NotThere,
    ReadsAhead,
    Rejected,
    Unreadable,
)
from store.cache_indexes import ENDED_AT, UNREAD_BY
from store.cache_notes import store_conversations
from store.cache_upkeep import quarantine, release_notes, release_time
from store.cache_writes import store_time
from store.not_known import told
from store.note_reading import classifier
from store.queue_sql import CLOSED_ROLE
from store.sync_round import Round, each

log = logging.getLogger(__name__)

AT_ONCE = 6
"""Conversations under way at the same time, at most; more than the PSA has places for requests would only wait."""

AHEAD = 100
"""Conversations whose common part is read together, where the connector can (`ReadsAhead`)."""

STORED_TOGETHER = 50
"""Conversations in one transaction, at most."""
STORED_AFTER = 1.0
"""Seconds after which a conversation is stored at the latest, once another one has been read."""

PER_REQUEST = 50
"""Tickets whose time entries are asked for together (a connector may split further)."""

TIME_AGE = 1800
"""Seconds after which time entries are read again where the PSA's ticket does not tell of new ones."""

FLAG_AGE = 1800
"""Seconds after which a flagged ticket's conversation is read again where a note does not move the ticket: a customer
who writes once more then changes nothing but the conversation, for the flag is set already."""

SAME_MOMENT = 2
"""Seconds. A ticket that changed this shortly before its conversation was read is read once more: PSAs keep
whole seconds, and a second change within one does not show."""

_CLOSED = f"(t.closed OR {CLOSED_ROLE})"
_RECENT = f"{ENDED_AT} >= :edge"

_QUEUE = (
    "FROM ticket t WHERE t.connection = :connection AND t.in_scope AND t.presence = 'here'"
    f" AND (NOT {_CLOSED} OR {_RECENT} OR coalesce(t.customer_flag, 0))"
)

_CHANGED = (
    f"SELECT ticket_id FROM ticket WHERE connection = :connection AND in_scope AND {UNREAD_BY} >= :ahead"
)
"""Tickets that changed since their conversation or time was read, or of which one never was; by an index."""
_LONG_AGO = " UNION ALL ".join(
    f"SELECT ticket_id FROM ticket WHERE connection = :connection AND in_scope AND {which}"
    for which in (
        "NOT closed AND time_read_at <= :since",
        f"closed AND {ENDED_AT} >= :edge AND time_read_at <= :since",
        "closed AND customer_flag",
    )
)
"""Tickets of the queue whose time was read long ago, and a few more; by indexes."""

_UNREAD_CONVERSATIONS = (
    f"SELECT t.ticket_id {_QUEUE}{{among}} AND (t.notes_read_at IS NULL OR t.notes_read_at <= :since"
    " OR t.updated_at >= t.notes_read_at + :ahead"
    " OR (coalesce(t.customer_flag, 0) AND t.notes_read_at <= :flagged))"
    f" ORDER BY coalesce(t.customer_flag, 0) DESC, {_CLOSED}, t.updated_at DESC, t.ticket_id"
)

_UNREAD_TIME = (
    f"SELECT t.ticket_id {_QUEUE}{{among}} AND (t.time_read_at IS NULL OR t.time_read_at <= :since"
    " OR t.updated_at >= t.time_read_at + :ahead) ORDER BY t.ticket_id"
)


async def read_conversations(round: Round) -> None:
    """Reads and stores the conversations that are due, a few at once.

    What cannot be read for one ticket (it went away meanwhile, a right is missing) becomes a reason for
    "cannot tell" and is tried again next time; an unreachable PSA ends the round. Where the PSA tells none, none
    is read.
    """
    if not told(round.connector.capabilities, "conversations"):
        return
    window, can = round.settings.rules.talk_window(round.settings.kinds), round.connector.capabilities
    since = _since(round)
    flagged = round.began - FLAG_AGE if can.flag and can.note_moves_ticket is False else 0
    among = None if since or flagged else _CHANGED
    due = _due(round, _UNREAD_CONVERSATIONS, window=window, since=since, flagged=flagged, among=among)
    await conversations_of(round, due)


async def conversations_of(round: Round, due: Sequence[str]) -> None:
    """Reads and stores the conversations of these tickets, as `read_conversations` does."""
    store = _Store(round)
    failed: list[str] = []

    connector = round.connector
    ask: Callable[[str], Awaitable[Conversation]] = connector.conversation

    async def read(ticket_id: str) -> None:
        try:
            conversation = await ask(ticket_id)
        except (NotThere, Forbidden, Rejected, Unreadable) as error:
            failed.append(f"{ticket_id} ({error})")
            return
        store.take(conversation)
        round.conversations += 1
        round.progress("conversations", round.conversations, len(due), "Reading conversations")

    at_once = min(AT_ONCE, connector.capabilities.at_once)
    together = AHEAD if isinstance(connector, ReadsAhead) else max(1, len(due))
    try:
        for start in range(0, len(due), together):
            some = due[start : start + together]
            ask = await reading(connector, some)
            await each(some, read, at_once=at_once)
    finally:  # what was read until an error is kept
        store.flush()
    if failed:
        say_unread(round, "conversation", failed)


async def reading(connector: Connector, ids: Sequence[str]) -> Callable[[str], Awaitable[Conversation]]:
    """How these conversations are read: what they share is asked for here, once for all of them (`AHEAD` at most),
    where the connector can; where that is refused, each is read by itself and says why. Raises `ConnectorError`."""
    if not isinstance(connector, ReadsAhead) or len(ids) < 2:
        return connector.conversation
    try:
        ahead = await connector.read_ahead(ids)
    except (NotThere, Forbidden, Rejected, Unreadable) as error:
        log.info("%s: conversations are read one by one: %s", connector.title, error)
        return connector.conversation
    return lambda ticket_id: connector.conversation_with(ticket_id, ahead)


class _Store:
    """Stores conversations a few at a time: a transaction for each would take as long as all the rest of it."""

    def __init__(self, round: Round) -> None:
        self._round = round
        self._classify = classifier(round.settings.rules.auto_reply)
        self._waiting: list[Conversation] = []
        self._since = 0.0

    def take(self, conversation: Conversation) -> None:
        """Stores it now, or soon with those that come after it."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(conversation)
        if len(self._waiting) >= STORED_TOGETHER or time.monotonic() >= self._since + STORED_AFTER:
            self.flush()

    def flush(self) -> None:
        """Stores what waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        round, ids = self._round, [one.ticket_id for one in waiting]
        with round.databases.cache.begin() as cache:
            store_conversations(cache, round.name, waiting, auto_reply=self._classify)
            release_notes(cache, round.name, ids)
            quarantine(cache, round.name, [odd for one in waiting for odd in one.odd], round.now())


async def read_time(round: Round) -> None:
    """Reads and stores the time entries that are due, many tickets a request; none where the PSA tells none."""
    if not told(round.connector.capabilities, "time"):
        return
    since = _since(round, TIME_AGE)
    among: str | None = f"{_CHANGED} UNION ALL {_LONG_AGO}" if since else _CHANGED
    if round.thorough and since:
        among = None
    window = round.settings.rules.largest_window
    await time_of(round, _due(round, _UNREAD_TIME, window=window, since=since, among=among))


async def time_of(round: Round, due: Sequence[str]) -> None:
    """Reads and stores the time entries of these tickets, as `read_time` does."""
    for start in range(0, len(due), PER_REQUEST):
        ids = due[start : start + PER_REQUEST]
        round.progress("time", start, len(due), "Reading time entries")
        try:
            entries = await round.connector.time_entries(ids)
        except (Forbidden, Rejected, Unreadable) as error:
            say_unread(round, "time", [f"{ticket_id} ({error})" for ticket_id in ids])
            continue
        with round.databases.cache.begin() as cache:
            store_time(cache, round.name, entries)
            release_time(cache, round.name, ids)
            quarantine(cache, round.name, entries.odd, round.now())


def _since(round: Round, age: int | None = None) -> int:
    """What was read at that moment or before is read again, although nothing says that it changed; 0: nothing is."""
    if round.counts_notes:
        return 0
    if round.thorough:
        return round.began
    return 0 if age is None else round.began - age


def _due(
    round: Round, sql: str, *, window: int, since: int, flagged: int = 0, among: str | None = None
) -> list[str]:
    """`among`: a quick way to the tickets that can be due at all; without, every ticket is looked at."""
    values = {
        "connection": round.name,
        "edge": round.began - window,
        "since": since,
        "flagged": flagged,
        "ahead": round.clock_ahead - SAME_MOMENT,
    }
    some = "" if among is None else f" AND t.ticket_id IN ({among})"
    with round.databases.cache_reads.connect() as cache:
        return list(cache.exec_driver_sql(sql.format(among=some), values).scalars())


def say_unread(round: Round, what: str, failed: list[str]) -> None:
    """One sentence for all that could not be read, with the first by name."""
    first, more = failed[0], len(failed) - 1
    said = f"The {what} of ticket {first} could not be read" + (
        f", nor that of {more} more." if more else "."
    )
    log.warning("%s: %s", round.name, said)
    round.why.append(said)
