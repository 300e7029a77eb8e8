"""The rule on owners who are not there today: `owner_absent`. It rests on what all other rules have found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
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
    if (known := asked.memo.get("signs")) is not None:
        return known  # type: ignore[no-any-return]
    binds = Binds(msgspec.structs.replace(asked, tickets=None))
    sql = _LIFE.format(connection=binds.connection, midnight=binds.one(quiet.midnight))
    found: dict[str, int] = {}
    for row in asked.rows(sql, binds):
        for key in _keys(row["id"], row["name"]):
            found[key] = max(row["at"], found.get(key, 0))
    asked.memo["signs"] = found
    return found


def _owned(asked: Asked, some: Collection[str]) -> list[RowMapping]:
    """Those of these tickets that somebody else owns."""
    if not some:
        return []
    binds = Binds(msgspec.structs.replace(asked, tickets=tuple(sorted(some))))
    sql = f"SELECT t.ticket_id, t.owner_id, t.owner FROM v_ticket t WHERE {binds.queue()}"
    return _of_others(asked, asked.rows(sql, binds))


def _of_others(asked: Asked, rows: Iterable[RowMapping]) -> list[RowMapping]:
    """Those of these tickets that somebody else owns."""
    me = _plain(asked.me)
    found = []
    for row in rows:
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

_GATED = """
SELECT t.ticket_id, t.owner_id, t.owner FROM v_ticket t
 WHERE t.connection = {connection} AND t.ticket_id IN (
       SELECT x.ticket_id FROM exception x
        WHERE x.connection = {connection} AND x.kind IN ({counted}) AND x.gate AND x.kind <> {kind})
"""

_PUBLISHED = """
SELECT r.ticket_id, r.since FROM reason r
 WHERE r.connection = {connection} AND r.kind = {kind} AND r.code = 'owner_quiet'
"""


def _otherwise(asked: Asked) -> Iterator[str]:
    """Tickets that have to be gone and that others own, of whom somebody has been heard of, or nobody for too long:
    those for which that is otherwise than published."""
    binds = Binds(msgspec.structs.replace(asked, tickets=None))
    kind = binds.one(KIND)
    sql = _PUBLISHED.format(connection=binds.connection, kind=kind)
    published: dict[str, int] = {row["ticket_id"]: row["since"] for row in asked.rows(sql, binds)}
    quiet = _quiet(asked)
    if quiet is None:
        yield from published
        return
    signs, away = _signs(asked, quiet), _away(asked)
    opened = asked.connection.hours.ahead(quiet.midnight, 1) - 1
    counted = binds.all(asked.settings.counted)
    sql = _GATED.format(connection=binds.connection, kind=kind, counted=counted)
    me = _plain(asked.me)
    of_owner: dict[tuple[str | None, str | None], int | None] = {}
    for ticket_id, owner_id, owner in asked.db.exec_driver_sql(sql, binds.values):
        if (owner_id, owner) not in of_owner:
            name = _plain(owner)
            nobody = not name and not _plain(owner_id)
            of_owner[owner_id, owner] = (
                _NOT_GUESSED
                if nobody or (name and name == me) or name in away
                else _quiet_since(quiet, signs, owner_id, owner, opened)
            )
        since = of_owner[owner_id, owner]
        if since != _NOT_GUESSED and since != published.get(ticket_id):
            yield ticket_id


_NOT_GUESSED = -1
"""In place of a moment: an owner who is away as the settings say, or oneself, or nobody."""


def _quiet_since(
    quiet: Quiet, signs: dict[str, int], owner_id: str | None, owner: str | None, opened: int
) -> int | None:
    """Since when nobody has heard of the owner; `None`: somebody has, lately enough."""
    last = max((signs[key] for key in _keys(owner_id, owner) if key in signs), default=None)
    if last is None:
        return opened
    return last if last <= quiet.cut else None


RULES = (Rule(kinds=(KIND,), after=owner_absent, otherwise=_otherwise),)
