"""The rule on owners who are not there today: `owner_absent`. It rests on what all other rules have found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping

from store.absences import Absence, absence
from store.rules.exclusions import today
from store.rules.rule import Rule
from store.rules.sql import BLANK, Asked, Binds, Found

KIND = "owner_absent"
_FEW = 500

_LIFE = """
SELECT n.author_id AS id, n.author AS name, max(n.created_at) AS at FROM v_note n
 WHERE n.connection = {connection} AND n.created_at + 0 >= {midnight} AND n.speaker = 'staff' GROUP BY 1, 2
UNION ALL
SELECT e.member_id, e.member, max(e.started_at) FROM v_time e
 WHERE e.connection = {connection} AND e.started_at + 0 >= {midnight} GROUP BY 1, 2
UNION ALL
SELECT e.member_id, e.member, max(e.ended_at) FROM v_time e
 WHERE e.connection = {connection} AND e.ended_at + 0 >= {midnight} GROUP BY 1, 2
UNION ALL
SELECT e.member_id, e.member, max(e.entered_at) FROM v_time e
 WHERE e.connection = {connection} AND e.entered_at + 0 >= {midnight} GROUP BY 1, 2
"""

_SIGNED = """
SELECT n.ticket_id, n.author_id AS id, n.author AS name FROM v_note n
 WHERE {notes_here} AND n.created_at >= {midnight} AND n.speaker = 'staff'
UNION
SELECT e.ticket_id, e.member_id, e.member FROM v_time e WHERE {time_here} AND e.started_at >= {midnight}
UNION
SELECT e.ticket_id, e.member_id, e.member FROM v_time e WHERE {time_here} AND e.ended_at >= {midnight}
UNION
SELECT e.ticket_id, e.member_id, e.member FROM v_time e WHERE {time_here} AND e.entered_at >= {midnight}
"""


class Quiet(msgspec.Struct, frozen=True):
    """From when on a sign of life counts."""

    midnight: int
    """Today's, in the connection's zone."""
    cut: int
    """One after this is a sign of life; one before or then, and no other, is silence."""


def owner_absent(asked: Asked, found: list[Found]) -> Iterator[Found]:
    """Tickets that have to be gone today, of an owner who is away or gives no sign of life."""
    gated = {one.ticket_id for one in found if one.gate and one.clears and one.kind in asked.settings.counted}
    owned = _owned(asked, gated)
    if not owned:
        return
    away = _away(asked)
    quiet = _quiet(asked)
    signs = {} if quiet is None else _signs(asked, quiet)
    for row in owned:
        entries = away.get(_plain(row["owner"]), [])
        last = max((signs[key] for key in _keys(row["owner_id"], row["owner"]) if key in signs), default=None)
        if entries:
            yield _found(asked, row, "owner_away", *_away_since(asked, entries))
        elif quiet is not None and (last is None or last <= quiet.cut):
            # The first second of the day that is open; whatever was done before is yesterday's.
            opened = asked.connection.hours.ahead(quiet.midnight, 1) - 1
            data = {"from": opened} if last is None else {"last_at": last}
            yield _found(asked, row, "owner_quiet", opened if last is None else last, data)


def _found(asked: Asked, row: RowMapping, code: str, since: int | None, data: dict[str, Any]) -> Found:
    return Found(
        kind=KIND,
        ticket_id=row["ticket_id"],
        code=code,
        since=since,
        gate=asked.gates(KIND),
        data={"owner": row["owner"] or row["owner_id"], **data},
        else_created=False,
        # Whatever takes away the row that has to be gone takes away this one.
    )


# ---------------------------------------------------------------- away, as the settings say


def _away(asked: Asked) -> dict[str, list[Absence]]:
    """Owner's name -> the entries that hold today."""
    day = today(asked)
    found: dict[str, list[Absence]] = {}
    for entry in map(absence, asked.limit(KIND, "away")):
        if entry.holds(day):
            found.setdefault(_plain(entry.name), []).append(entry)
    return found


def _away_since(asked: Asked, entries: list[Absence]) -> tuple[int | None, dict[str, Any]]:
    """The first day's beginning, where days are given; else when it was first seen."""
    dated = [entry for entry in entries if entry.first]
    if not dated:
        return None, {}
    return _midnight(asked, min(entry.first for entry in dated)), {
        "until": max(entry.last for entry in dated)
    }


def _midnight(asked: Asked, day: str) -> int:
    begin = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(asked.connection.timezone))
    return int(begin.astimezone(UTC).timestamp())


# ---------------------------------------------------------------- no sign of life


def _quiet(asked: Asked) -> Quiet | None:
    """`None` where nothing is guessed: not wanted, not open for long enough yet today, or in the scope `mine`: what
    others do elsewhere is not read there."""
    wanted = asked.limit(KIND, "quiet_for")
    if not wanted or asked.connection.scope.kind == "mine":
        return None
    midnight = _midnight(asked, today(asked))
    hours = asked.connection.hours
    if hours.between(midnight, asked.now) < wanted:
        return None
    return Quiet(midnight, hours.back(asked.now, wanted))


def _signs(asked: Asked, quiet: Quiet) -> dict[str, int]:
    """Key of a person -> their newest sign of life today, in all tickets that are cached."""
    binds = Binds(msgspec.structs.replace(asked, tickets=None))
    sql = _LIFE.format(connection=binds.connection, midnight=binds.one(quiet.midnight))
    found: dict[str, int] = {}
    for row in asked.rows(sql, binds):
        for key in _keys(row["id"], row["name"]):
            found[key] = max(row["at"], found.get(key, 0))
    return found


def _owned(asked: Asked, some: Collection[str]) -> list[RowMapping]:
    """Those of these tickets that somebody else owns."""
    if not some:
        return []
    # A few are asked for by id; of many, all are gone through.
    binds = Binds(msgspec.structs.replace(asked, tickets=tuple(sorted(some))) if len(some) <= _FEW else asked)
    rows = asked.rows(f"SELECT t.ticket_id, t.owner_id, t.owner FROM v_ticket t WHERE {binds.queue()}", binds)
    me = _plain(asked.me)
    found = []
    for row in rows:
        if row["ticket_id"] in some:
            name = _plain(row["owner"])
            if (name or _plain(row["owner_id"])) and not (name and name == me):
                found.append(row)
    return found


def _keys(id: str | None, name: str | None) -> Iterator[str]:
    """A person is known by the PSA's id, or by the name as it stands on the ticket."""
    if _plain(id):
        yield f"life:{_plain(id)}"
    if _plain(name):
        yield f"life:@{_plain(name)}"


def _plain(text: str | None) -> str:
    return (text or "").strip(BLANK).lower()


# ---------------------------------------------------------------- whom it concerns


def _lives(asked: Asked) -> Iterator[tuple[str, str]]:
    """An owner's tickets that have to be gone, and those that show today that they are at work."""
    if not asked.limit(KIND, "quiet_for") or asked.connection.scope.kind == "mine":
        return
    binds = Binds(asked)
    midnight = binds.one(_midnight(asked, today(asked)))
    sql = _SIGNED.format(notes_here=binds.here("n"), time_here=binds.here("e"), midnight=midnight)
    for row in asked.rows(sql, binds):
        for key in _keys(row["id"], row["name"]):
            yield key, row["ticket_id"]
    for row in _gated(asked):
        for key in _keys(row["owner_id"], row["owner"]):
            yield key, row["ticket_id"]


def _gated(asked: Asked) -> list[RowMapping]:
    """The tickets that somebody else owns and that have to be gone, as published."""
    binds = Binds(asked)
    sql = (
        f"SELECT DISTINCT x.ticket_id FROM exception x WHERE {binds.here('x')} AND x.gate"
        f" AND x.kind <> {binds.one(KIND)}"
    )
    return _owned(asked, {row["ticket_id"] for row in asked.rows(sql, binds)})


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """Whoever was heard of lately may have become quiet."""
    if _quiet(asked) is not None and asked.connection.hours.between(before, asked.now):
        yield from (row["ticket_id"] for row in _gated(asked))


RULES = (Rule(kinds=(KIND,), after=owner_absent, groups=_lives, passed=_passed),)
