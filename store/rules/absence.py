"""The rule on owners who are not there today: `owner_absent`. It rests on what all other rules have found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping

from store.absences import Absence, absence
from store.cache_upkeep import mark, marked
from store.rules import life
from store.rules.exclusions import today
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

KIND = "owner_absent"


class Quiet(msgspec.Struct, frozen=True):
    """From when on a sign of life counts."""

    midnight: int
    """Today's, in the connection's zone."""
    cut: int
    """One after this is a sign of life; one before or then, and no other, is silence."""


def owner_absent(asked: Asked, found: list[Found]) -> Iterator[Found]:
    """Tickets that have to be gone today, of an owner who is away or gives no sign of life."""
    gated = {one.ticket_id for one in found if one.gate and one.clears and one.kind in asked.settings.counted}
    if asked.tickets is not None:
        gated &= set(asked.tickets)
    owned = _owned(asked, gated)
    if not owned:
        return
    away = _away(asked)
    quiet = _quiet(asked)
    signs = {} if quiet is None else _signs(asked, quiet)
    for row in owned:
        entries = away.get(life.plain(row["owner"]), [])
        last = max(
            (signs[key] for key in life.keys(row["owner_id"], row["owner"]) if key in signs), default=None
        )
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
            found.setdefault(life.plain(entry.name), []).append(entry)
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
    known: dict[str, int] | None = asked.memo.get("signs")
    if known is None:
        everywhere = msgspec.structs.replace(asked, tickets=None)
        known = asked.memo["signs"] = life.newest(life.read(everywhere, quiet.midnight))
    return known


def _owned(asked: Asked, some: Collection[str]) -> list[RowMapping]:
    """Those of these tickets that somebody else owns."""
    if not some:
        return []
    binds = Binds(msgspec.structs.replace(asked, tickets=tuple(sorted(some))))
    sql = f"SELECT t.ticket_id, t.owner_id, t.owner FROM v_ticket t WHERE {binds.queue()}"
    return _of_others(asked, asked.rows(sql, binds))


def _of_others(asked: Asked, rows: Iterable[RowMapping]) -> list[RowMapping]:
    """Those of these tickets that somebody else owns."""
    me = life.plain(asked.me)
    found = []
    for row in rows:
        name = life.plain(row["owner"])
        if (name or life.plain(row["owner_id"])) and not (name and name == me):
            found.append(row)
    return found


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


_MARK = "quiet"


def _otherwise(asked: Asked) -> Iterator[str]:
    """Tickets that have to be gone and that others own, of whom somebody has been heard of, or nobody for too long:
    those for which that is otherwise than published."""
    quiet = _quiet(asked)
    signs: dict[str, int] = {}
    state: dict[str, int] = {}
    if quiet is not None:
        signs = asked.memo["signs"] = life.kept(asked, quiet.midnight)
        state = {"": quiet.midnight} | {who: at if at <= quiet.cut else 0 for who, at in signs.items()}
    known = marked(asked.db, asked.connection.name, _MARK)
    before: dict[str, int] = {} if known is None else msgspec.json.decode(known[0])
    others = {who for who in {*state, *before} if state.get(who) != before.get(who)}
    if not others:  # everybody is heard of, or quiet, as they were
        return
    mark(asked.db, asked.connection.name, _MARK, msgspec.json.encode(state).decode(), asked.now)
    yield from _differing(asked, quiet, signs)


def _differing(asked: Asked, quiet: Quiet | None, signs: dict[str, int]) -> Iterator[str]:
    binds = Binds(msgspec.structs.replace(asked, tickets=None))
    kind = binds.one(KIND)
    sql = _PUBLISHED.format(connection=binds.connection, kind=kind)
    published: dict[str, int] = {row["ticket_id"]: row["since"] for row in asked.rows(sql, binds)}
    if quiet is None:
        yield from published
        return
    away = _away(asked)
    opened = asked.connection.hours.ahead(quiet.midnight, 1) - 1
    counted = binds.all(asked.settings.counted)
    sql = _GATED.format(connection=binds.connection, kind=kind, counted=counted)
    me = life.plain(asked.me)
    of_owner: dict[tuple[str | None, str | None], int | None] = {}
    for ticket_id, owner_id, owner in asked.db.exec_driver_sql(sql, binds.values):
        if (owner_id, owner) not in of_owner:
            name = life.plain(owner)
            nobody = not name and not life.plain(owner_id)
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
    last = max((signs[key] for key in life.keys(owner_id, owner) if key in signs), default=None)
    if last is None:
        return opened
    return last if last <= quiet.cut else None


RULES = (Rule(kinds=(KIND,), after=owner_absent, otherwise=_otherwise, remembers=(_MARK, life.MARK)),)
