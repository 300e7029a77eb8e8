"""What rules share on the technician and on closed tickets: whose a note or an entry is, windows, a note's words."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec

from store.asked import PREFIX as QUESTION
from store.cached import us
from store.day_time import day_of
from store.read_day import HANDED
from store.rules.sql import BLANK, Asked, Binds


class Me(msgspec.Struct, frozen=True):
    """The technician, as the PSA's records may name him."""

    id: str | None
    login: str
    names: tuple[str, ...]
    """The login and the name for people, those that are known."""


def technician(asked: Asked) -> Me:
    """Who "the technician's own" is about, as the last sync found him; before it, as the settings name him."""
    id, _, name = us(asked.db, asked.connection.name)
    return Me(id, asked.me, tuple(one for one in (asked.me, name) if one))


def own_time(binds: Binds, me: Me, table: str = "e") -> str:
    """The condition that a time entry is the technician's own: by the member's id, or by the login."""
    login = binds.same(f"coalesce({table}.member, '')", [me.login] if me.login else [])
    return login if me.id is None else f"({login} OR {table}.member_id = {binds.one(me.id)})"


def own_note(binds: Binds, me: Me, table: str = "n") -> str:
    """The condition that a note is by the technician: by the author's id where both ids are known, else by the
    author's name (login, or the name for people)."""
    by_name = binds.same(f"{table}.author", me.names)
    if me.id is None:
        return by_name
    return f"(CASE WHEN {table}.author_id IS NULL THEN {by_name} ELSE {table}.author_id = {binds.one(me.id)} END)"


BY_STAFF = "n.speaker = 'staff' AND NOT n.seen"
"""The condition that a note may be a technician's word on the work."""


def is_on_the_work(text: str) -> bool:
    """Whether such a note is one: not when it only says who is to look at the ticket."""
    return not text.lstrip(BLANK).startswith((f"{HANDED} (", f"{QUESTION} ("))


def in_window(binds: Binds, asked: Asked, window: int, table: str = "t") -> str:
    """The condition that a ticket is open, or was closed (without a time: last changed) within the window."""
    closed = f"coalesce({table}.closed_at, {table}.updated_at, {binds.one(asked.now)})"
    return f"(NOT {table}.is_closed OR {closed} >= {binds.one(asked.since(window))})"


def left_window(asked: Asked, before: int, window: int) -> Iterator[str]:
    """Tickets whose closing the window has let go of between `before` and now."""
    binds = Binds(asked)
    closed = "coalesce(t.closed_at, t.updated_at)"  # as the index `ticket_by_end` has it
    between = f"{closed} >= {binds.one(before - window)} AND {closed} < {binds.one(asked.now - window)}"
    yield from _of_tables(asked, binds, between)


def opened(asked: Asked, first: int, last: int) -> Iterator[str]:
    """Tickets that the PSA has open and that were opened between two moments, both included."""
    binds = Binds(asked)
    between = f"t.created_at + 0 >= {binds.one(first)} AND t.created_at + 0 <= {binds.one(last)}"
    yield from _of_tables(asked, binds, f"NOT t.closed AND {between}")


def planned_until(asked: Asked, first: int, last: int) -> Iterator[str]:
    """Tickets that the PSA has open and whose last appointment is over at a moment from `first` up to before `last`."""
    binds = Binds(asked)
    between = f"t.scheduled_until + 0 >= {binds.one(first)} AND t.scheduled_until + 0 < {binds.one(last)}"
    yield from _of_tables(asked, binds, f"NOT t.closed AND t.scheduled_until IS NOT NULL AND {between}")


def _of_tables(asked: Asked, binds: Binds, where: str) -> Iterator[str]:
    """Ids of the tickets for which it holds of the PSA's row, or of the one laid over it: by the tables' own indexes,
    which the view's conditions would keep from being used."""
    for table in ("ticket", "ticket_overlay"):
        sql = f"SELECT t.ticket_id FROM {table} t WHERE {binds.here('t')} AND {where}"
        yield from (row["ticket_id"] for row in asked.rows(sql, binds))


def happened(asked: Asked, first: int, last: int) -> Iterator[str]:
    """Tickets of which a note was written, or an entry's work begun or ended, between two moments, both included."""
    binds = Binds(asked)
    begin, end = binds.one(first), binds.one(last)
    for view, column in (("v_note", "created_at"), ("v_time", "started_at"), ("v_time", "ended_at")):
        sql = (
            f"SELECT t.ticket_id FROM {view} t WHERE {binds.here('t')}"
            f" AND t.{column} + 0 >= {begin} AND t.{column} + 0 <= {end}"
        )
        yield from (row["ticket_id"] for row in asked.rows(sql, binds))


def today(asked: Asked) -> tuple[int, int]:
    """The calendar day in the connection's time zone: its midnight and the next one."""
    return day_of(asked.now, ZoneInfo(asked.connection.timezone))


def offers(asked: Asked, *writes: str) -> bool:
    """The PSA's API takes one of these writes; taken for yes while nothing is known of it."""
    return asked.capabilities is None or any(write in asked.capabilities.writes for write in writes)
