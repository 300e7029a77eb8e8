"""The rule on required fields: `missing_fields`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from connectors.contract import TICKET_FIELDS
from store.rules.exclusions import today
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found
from store.settings import RequiredFor
from store.ticket_fields import value_sql

_CUSTOM = (
    "(SELECT max(c.value) FROM v_custom c WHERE c.connection = {connection}"
    " AND c.ticket_id = t.ticket_id AND c.name = {name})"
)


def absent_fields(asked: Asked) -> tuple[str, ...]:
    """Required fields that this PSA does not have: left out of the rule, named by `doctor`.

    A custom field is one that the PSA has when any ticket of the connection carries it, empty or not.
    """
    lists = [
        asked.rules.required,
        *(entry.required for entry in asked.rules.required_for if _may(entry, asked)),
    ]
    wanted = dict.fromkeys(field for fields in lists for field in fields)
    if asked.capabilities is None:
        return ()
    custom = [field for field in wanted if field.startswith("custom:")]
    known: set[str] = set(asked.capabilities.fields)
    if custom:
        binds = Binds(asked)
        names = binds.all(field.removeprefix("custom:") for field in custom)
        sql = (
            f"SELECT DISTINCT name FROM v_custom WHERE connection = {binds.connection} AND name IN ({names})"
        )
        known |= {f"custom:{row['name']}" for row in asked.rows(sql, binds)}
    return tuple(field for field in wanted if field not in known)


def required_of(asked: Asked) -> tuple[str, ...]:
    """The fields that the one ticket that is asked for has to have, without those that this PSA does not have."""
    binds = Binds(asked)
    absent = absent_fields(asked)
    entries, chosen = _entries(asked, binds)
    sql = f"SELECT {chosen} AS entry FROM v_ticket t WHERE {binds.here('t')}"
    places = [row["entry"] for row in asked.rows(sql, binds)]
    return tuple(field for place in places for field in entries[place] if field not in absent)


def missing_fields(asked: Asked) -> Iterator[Found]:
    """All reasons of the kind."""
    binds = Binds(asked)
    absent = absent_fields(asked)
    entries, chosen = _entries(asked, binds)
    parts = []
    for field in dict.fromkeys(field for fields in entries for field in fields):
        if field in absent or (field not in TICKET_FIELDS and not field.startswith("custom:")):
            continue
        held = ", ".join(str(place) for place, fields in enumerate(entries) if field in fields)
        parts.append(_missing(binds, field, held, asked.rules.placeholders))
        if field == "agreement":
            parts.append(_inactive(asked, binds, held))
    if not parts:
        return
    sql = (
        f"WITH wanted AS (SELECT t.*, {chosen} AS entry FROM v_ticket t"
        f" WHERE {binds.queue()} AND NOT t.is_closed) " + " UNION ALL ".join(parts)
    )
    day = today(asked)
    for row in asked.rows(sql, binds):
        if row["code"] == "missing":
            data = {"value": row["value"]} if row["value"] else {}
            yield Found(
                kind="missing_fields",
                ticket_id=row["ticket_id"],
                code="missing",
                field=row["field"],
                gate=asked.gates("missing_fields"),
                data=data,
            )
            continue
        ends, starts = row["ends_on"], row["starts_on"]
        ended = ends is not None and ends[:10] < day
        state = "ended" if ended else "cancelled" if row["cancelled"] else "not_begun"
        yield Found(
            kind="missing_fields",
            ticket_id=row["ticket_id"],
            code="agreement_inactive",
            field="agreement",
            gate=asked.gates("missing_fields"),
            since=_midnight(ends, asked.connection.timezone) if ended else row["created_at"],
            data={"agreement": row["value"], "state": state, "ends_on": ends, "starts_on": starts},
        )


def _missing(binds: Binds, field: str, held: str, placeholders: tuple[str, ...]) -> str:
    if field.startswith("custom:"):
        name = binds.one(field.removeprefix("custom:"))
        value = _CUSTOM.format(connection=binds.connection, name=name)
    else:
        value = value_sql(field)
    if field == "due_at":
        value, empty = "NULL", "t.due_at IS NULL"
    else:
        empty = binds.empty(value, placeholders)
    shown = "NULL" if value == "NULL" else f"trim({value}, {binds.blank})"
    return (
        f"SELECT 'missing' AS code, t.ticket_id, t.created_at, {binds.one(field)} AS field, {shown} AS value,"
        " NULL AS starts_on, NULL AS ends_on, FALSE AS cancelled"
        f" FROM wanted t WHERE t.entry IN ({held}) AND {empty}"
    )


def _inactive(asked: Asked, binds: Binds, held: str) -> str:
    """There is an agreement, its dates are known, and it is not active today (the connection's calendar day)."""
    value, day = value_sql("agreement"), binds.one(today(asked))
    off = (
        f"({{a}}.cancelled OR substr({{a}}.ends_on, 1, 10) < {day} OR substr({{a}}.starts_on, 1, 10) > {day})"
    )
    off = f"coalesce({off}, FALSE)"  # no dates at all: neither ended nor not begun
    which = "{a}.connection = t.connection AND {a}.kind = 'agreement' AND {a}.id = t.agreement_id"
    return (
        f"SELECT 'agreement_inactive', t.ticket_id, t.created_at, 'agreement', {value},"
        " max(a.starts_on), max(a.ends_on), max(CASE WHEN a.cancelled THEN 1 ELSE 0 END) = 1"
        f" FROM wanted t JOIN choice a ON {which.format(a='a')}"
        f" WHERE t.entry IN ({held}) AND NOT {binds.empty(value, asked.rules.placeholders)}"
        f" AND {off.format(a='a')}"
        f" AND NOT EXISTS (SELECT 1 FROM choice b WHERE {which.format(a='b')} AND NOT {off.format(a='b')})"
        f" GROUP BY t.ticket_id, t.created_at, {value}"
    )


def _entries(asked: Asked, binds: Binds) -> tuple[list[tuple[str, ...]], str]:
    """The lists of required fields, and SQL for which of them holds for a ticket: an index; 0 is the general one.

    Of the entries whose keys all match, the one with the most keys wins, a tie goes to the later one.
    """
    entries: list[tuple[str, ...]] = [asked.rules.required]
    cases = []
    of_us = [(place, entry) for place, entry in enumerate(asked.rules.required_for) if _may(entry, asked)]
    for _, entry in sorted(of_us, key=lambda item: (-_keys(item[1]), -item[0])):
        keys = (("t.board", entry.board), ("t.company", entry.company), ("t.type", entry.type))
        matches = [binds.same(f"coalesce({column}, '')", [name]) for column, name in keys if name is not None]
        cases.append(f"WHEN {' AND '.join(matches) or 'TRUE'} THEN {len(entries)}")
        entries.append(entry.required)
    return entries, f"CASE {' '.join(cases)} ELSE 0 END" if cases else "0"


def _keys(entry: RequiredFor) -> int:
    return sum(key is not None for key in (entry.connection, entry.board, entry.company, entry.type))


def _may(entry: RequiredFor, asked: Asked) -> bool:
    return entry.connection is None or entry.connection.casefold() == asked.connection.name.casefold()


def _midnight(day: str, zone: str) -> int:
    """The beginning of a calendar day in the zone, UTC seconds."""
    return int(datetime.combine(date.fromisoformat(day[:10]), time(), ZoneInfo(zone)).timestamp())


RULES = (Rule(kinds=("missing_fields",), find=missing_fields),)
