"""The rule on the technician's own entries of today: `time_gap`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from store.day_time import Stretch, Worked, shift_of, stretches
from store.rules.own import offers, own_time, technician, today
from store.rules.rule import Groups, Rule
from store.rules.sql import Asked, Binds, Found

KIND = "time_gap"

_OWN = """
SELECT e.ticket_id, e.time_id, e.started_at, e.ended_at, e.entered_at, e.hours, e.locked FROM v_time e
 WHERE {here} AND {moment} >= {begins} AND {moment} < {ends} AND {own}
"""


def _entries(asked: Asked, moment: str, *, of_all: bool) -> list[RowMapping]:
    """The technician's own entries with this moment today; of all tickets, or of those that are asked for."""
    known = asked.memo.get(f"own {moment}")
    if known is not None:
        some = None if of_all or asked.tickets is None else set(asked.tickets)
        return [row for row in known if some is None or row["ticket_id"] in some]
    binds = Binds(asked)
    begins, ends = today(asked)
    sql = _OWN.format(
        here=f"e.connection = {binds.connection}" if of_all else binds.here("e"),
        # Of all by the index of the moment; of some tickets by theirs.
        moment=f"e.{moment} + 0" if of_all or asked.tickets is None else f"e.{moment}",
        begins=binds.one(begins),
        ends=binds.one(ends),
        own=own_time(binds, technician(asked)),
    )
    rows = list(asked.rows(sql, binds))
    if of_all:
        asked.memo[f"own {moment}"] = rows
    return rows


def time_gaps(asked: Asked) -> Iterator[Found]:
    """Overlaps, gaps and late entries. Every entry of the day is looked at, whatever tickets are asked for."""
    if KIND not in asked.settings.kinds:
        return
    todays = _entries(asked, "started_at", of_all=True)
    late = list(_late(asked))
    here = _in_queue(asked, {row["ticket_id"] for row in (*todays, *late)})
    wanted = here if asked.tickets is None else here & set(asked.tickets)
    for row in late:
        if row["ticket_id"] in wanted:
            yield _found(
                asked,
                "entered_late",
                row["ticket_id"],
                row["time_id"],
                row["started_at"],
                {"at": row["started_at"], "entered_at": row["entered_at"]},
                row["hours"],
            )
    for stretch in _stretches(asked, todays):
        anchor = _anchor(stretch, here)
        if anchor is not None and anchor.ticket[1] in wanted:
            yield _of(asked, stretch, anchor)


def _stretches(asked: Asked, rows: list[RowMapping]) -> list[Stretch]:
    name = asked.connection.name
    worked = [
        Worked(row["started_at"], row["ended_at"], (name, row["ticket_id"]), row["time_id"])
        for row in rows
        if row["ended_at"] is not None
    ]
    if not worked:
        return []
    found = stretches(worked, _shift(asked), asked.now, asked.settings.gap)
    # An entry without an end may fill any gap.
    return found if len(worked) == len(rows) else [one for one in found if one.overlap]


def _shift(asked: Asked) -> tuple[int, int] | None:
    """Today's shift, on a business day of the connection."""
    zone = ZoneInfo(asked.settings.timezone)
    here = datetime.fromtimestamp(asked.now, UTC).astimezone(ZoneInfo(asked.connection.timezone))
    if asked.connection.hours.opens(here.date()) is None:
        return None
    return shift_of(asked.now, zone, asked.settings.shift)


def _late(asked: Asked) -> Iterator[RowMapping]:
    days = asked.limit(KIND, "late_days")
    for row in _entries(asked, "entered_at", of_all=False):
        worked = row["started_at"] if row["ended_at"] is None else row["ended_at"]
        if worked is not None and row["entered_at"] > asked.connection.hours.days_ahead(worked, days):
            yield row


def _anchor(stretch: Stretch, here: set[str]) -> Worked | None:
    """The entry on whose ticket the row stands: one in the queue."""
    either = (stretch.after, stretch.before) if stretch.overlap else (stretch.before, stretch.after)
    return next((one for one in either if one is not None and one.ticket[1] in here), None)


def _of(asked: Asked, stretch: Stretch, anchor: Worked) -> Found:
    gap = "gap_after" if anchor is stretch.before else "gap_before"
    code = "overlap" if stretch.overlap else gap
    data = {"begins": stretch.begins, "ends": stretch.ends}
    if stretch.lasts:  # what lasts is told by its begin alone: its end is another one at every look
        del data["ends"]
    hours = None if stretch.lasts else round((stretch.ends - stretch.begins) / 3600, 6)
    return _found(asked, code, anchor.ticket[1], anchor.time_id, stretch.begins, data, hours)


def _found(
    asked: Asked,
    code: str,
    ticket_id: str,
    time_id: str,
    since: int | None,
    data: dict[str, int],
    hours: float | None,
) -> Found:
    return Found(
        kind=KIND,
        ticket_id=ticket_id,
        code=code,
        time_entry_id=time_id,
        since=since,
        gate=asked.gates(KIND),
        hours=hours,
        data=data,
        seen_as=(KIND, code, time_id),
        # Time that is added fills a gap; no fix moves or takes away an entry.
        clears=code in ("gap_after", "gap_before") and offers(asked, "time"),
    )


def _in_queue(asked: Asked, tickets: set[str]) -> set[str]:
    if not tickets:
        return set()
    binds = Binds(asked)
    sql = (
        f"SELECT t.ticket_id FROM v_ticket t WHERE t.connection = {binds.connection} AND +t.in_scope"
        f" AND t.presence = 'here' AND t.ticket_id IN ({binds.some(sorted(tickets))})"
    )
    return {row["ticket_id"] for row in asked.rows(sql, binds)}


def _day(asked: Asked) -> Iterator[tuple[str, str]]:
    """All tickets with an entry of the technician's day decide about each other."""
    if KIND in asked.settings.kinds:
        for row in _entries(asked, "started_at", of_all=False):
            yield "my day", row["ticket_id"]


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """A gap grows with the clock: the few tickets of the day are looked at again."""
    if KIND in asked.settings.kinds and asked.now > before:
        yield from {row["ticket_id"] for row in _entries(asked, "started_at", of_all=True)}


RULES = (Rule(kinds=(KIND,), find=time_gaps, groups=Groups("my day", _day), passed=_passed),)
