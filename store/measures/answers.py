"""How long customers waited for an answer, in business time, and how they were answered.

A wait begins with the first customer's note that nobody has answered yet, and ends with the next public note by staff.
It counts when its answer falls into the span. A seen note ends a wait without an answer: nothing of it is timed.
Notes are taken in the rules' order, automation's are skipped, and who cannot be told counts as a customer
(docs/exceptions.md). Only tickets in the scope, as far back as the cache holds their conversations.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Literal

import msgspec

from store.business_time import Hours
from store.seen import reason_of

Channel = Literal["deskzero", "phone", "not_known"]
"""How an answer went out: a reply sent with deskzero; a seen note whose reason says phone; anything else that staff
wrote to the customer. Whether that went by mail or by the portal, no PSA's note tells."""

CHANNELS: tuple[Channel, ...] = ("deskzero", "phone", "not_known")

_PHONE = ("phone", "call", "voice")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a customer."""

    connection: str
    ticket_id: str
    company: str | None
    board: str | None
    asked_at: int
    """The first customer's note that waited."""
    answered_at: int
    seconds: int
    """Business time between the two."""
    channel: Channel


class Times(msgspec.Struct, frozen=True):
    """Answers in figures; seconds of business time."""

    answers: int
    """Those that are timed: public notes, not answers by phone, of which nobody knows when they were given."""
    median: int | None
    p90: int | None
    """Nine of ten were answered within this (nearest rank)."""
    channels: dict[str, int]
    """Channel -> answers, phone included."""


def answers(
    cache: sqlite3.Connection | None,
    journal: sqlite3.Connection | None,
    hours: Mapping[str, Hours],
    *,
    begins: int,
    ends: int,
) -> list[Answer]:
    """The answers given from `begins` up to `ends` (UTC seconds) on these connections' tickets, oldest first.

    `hours`: each connection's name and business hours.
    """
    if cache is None or not hours:
        return []
    ours = _ours(journal, list(hours))
    found: list[Answer] = []
    for key, notes in groupby(_notes(cache, list(hours), begins), key=lambda row: (row[0], row[1])):
        found += _of_ticket(list(notes), hours[key[0]], ours, begins, ends)
    return sorted(found, key=lambda one: (one.answered_at, one.connection, one.ticket_id))


def _notes(
    cache: sqlite3.Connection, names: Sequence[str], begins: int
) -> Iterator[tuple[str, str, str, int, str, bool, bool, str | None, str | None, str]]:
    """(connection, ticket, note, at, speaker, public, seen, company, board, the seen note's text), in order.

    Tickets and notes are put together here: joined by SQLite, one view would be gone through for each row of the other.
    """
    marks = ", ".join("?" for _ in names)
    of = f"connection IN ({marks})"
    lately = {
        tuple(row)
        for row in cache.execute(
            f"SELECT DISTINCT connection, ticket_id FROM v_note WHERE {of} AND created_at >= ?",
            [*names, begins],
        )
    }
    tickets = {
        (row[0], row[1]): (row[2], row[3])
        for row in cache.execute(
            "SELECT connection, ticket_id, company, board FROM v_ticket"
            f" WHERE {of} AND in_scope AND presence = 'here'",
            list(names),
        )
        if (row[0], row[1]) in lately
    }
    for row in cache.execute(
        "SELECT connection, ticket_id, note_id, created_at, speaker, public, seen, CASE WHEN seen THEN text ELSE '' END"
        f" FROM v_note WHERE {of} AND speaker <> 'system' AND (public OR seen)"
        " ORDER BY connection, ticket_id, order_at, order_rank, note_sort, note_id",
        list(names),
    ):
        if (known := tickets.get((row[0], row[1]))) is not None:
            yield (row[0], row[1], row[2], row[3], row[4], row[5], row[6], *known, row[7])


def _of_ticket(
    notes: Sequence[tuple[str, str, str, int, str, bool, bool, str | None, str | None, str]],
    hours: Hours,
    ours: set[tuple[str, str, str]],
    begins: int,
    ends: int,
) -> list[Answer]:
    found: list[Answer] = []
    asked: int | None = None
    for connection, ticket, note, at, speaker, public, seen, company, board, text in notes:
        if public and speaker in ("customer", "unknown"):
            asked = at if asked is None else asked
            continue
        if asked is None or not (seen or (public and speaker == "staff")):
            continue
        channel: Channel | None = "not_known"
        if seen:
            channel = "phone" if any(word in reason_of(text).casefold() for word in _PHONE) else None
        elif note.startswith("~") or (connection, ticket, note) in ours:
            channel = "deskzero"
        if channel is not None and begins <= at < ends:
            found.append(
                Answer(
                    connection=connection,
                    ticket_id=ticket,
                    company=company,
                    board=board,
                    asked_at=asked,
                    answered_at=at,
                    seconds=hours.between(asked, at) if at > asked else 0,
                    channel=channel,
                )
            )
        asked = None
    return found


def _ours(journal: sqlite3.Connection | None, names: Sequence[str]) -> set[tuple[str, str, str]]:
    """(connection, ticket, note) of the public notes that deskzero wrote."""
    if journal is None:
        return set()
    marks = ", ".join("?" for _ in names)
    rows = journal.execute(
        "SELECT c.connection, c.ticket_id, s.created_id FROM step s JOIN change c ON c.change = s.change"
        " WHERE s.created_id IS NOT NULL AND json_extract(s.step, '$.creates') = 'note'"
        f" AND json_extract(s.step, '$.public') AND c.connection IN ({marks})",
        list(names),
    )
    return {(row[0], row[1], row[2]) for row in rows}


def times(of: Iterable[Answer]) -> Times:
    """The figures of some answers."""
    all_ = list(of)
    timed = sorted(one.seconds for one in all_ if one.channel != "phone")
    counted = Counter(one.channel for one in all_)
    return Times(
        answers=len(timed),
        median=int(median(timed)) if timed else None,
        p90=timed[math.ceil(0.9 * len(timed)) - 1] if timed else None,
        channels={channel: counted[channel] for channel in CHANNELS},
    )


def by(of: Iterable[Answer], what: Literal["company", "board", "connection"]) -> dict[str, Times]:
    """The figures for each company, board or connection; the one that answered most first."""
    groups: dict[str, list[Answer]] = {}
    for one in of:
        groups.setdefault(getattr(one, what) or "", []).append(one)
    return {name: times(groups[name]) for name in sorted(groups, key=lambda one: (-len(groups[one]), one))}
