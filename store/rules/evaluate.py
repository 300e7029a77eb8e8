"""The exceptions, as SQL over the documented views, published as the tables `exception` and `reason`.

`docs/exceptions.md` is the definition; the modules beside this one hold the kinds. Evaluating some
tickets gives for them what evaluating all would give. The journal (first seen, history) is written first,
then the results in one transaction, so that nobody reads half of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection as Database
from sqlalchemy import Engine, text

from connectors.contract import Capabilities
from store.cache_upkeep import mark
from store.not_known import not_known
from store.rules import codes, conversations, fields, groups, parents
from store.rules.catalogue import BY_NAME, CATALOGUE
from store.rules.exclusions import without_excluded
from store.rules.fields import absent_fields
from store.rules.journal import RowKey, SeenKey, facts_of, first_seen, keep_history, open_rows
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found
from store.settings import Settings, rules_mark

RULES: tuple[Rule, ...] = (*conversations.RULES, *fields.RULES, *parents.RULES, *codes.RULES)

ALWAYS = tuple(kind.name for kind in CATALOGUE if kind.on)
"""Kinds that know themselves what of them can be found where a PSA does not tell everything."""

WINDOWED = (
    "reply_after_close",
    "billing_code",
    *(name for name, kind in BY_NAME.items() if any(limit.key == "window" for limit in kind.limits)),
)
"""Kinds whose rows a window ends. What goes unresolved then stays open in the history: it is `aged_out`."""

_MANY = 500
"""More tickets than this are not named one by one: everything is evaluated."""

ReasonKey = tuple[str, str, str, str, str]
"""Kind, ticket id, code, field, time entry id."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """What is stored of a reason besides its key."""

    since: int
    gate: bool
    hours: float | None
    data: str


class Published(msgspec.Struct, frozen=True, gc=False):
    """What is stored of a row besides its key."""

    since: int
    gate: bool
    psa_only: bool


class Results(msgspec.Struct):
    """One connection's results."""

    rows: dict[RowKey, Published]
    reasons: dict[ReasonKey, Reason]


class About(msgspec.Struct, frozen=True, gc=False):
    """What first seen needs to know of a ticket under evaluation."""

    created_at: int | None
    first_sync: bool
    laid_over: bool


def evaluate(
    cache: Engine | Database,
    journal: Engine | Database,
    settings: Settings,
    *,
    now: int,
    connections: Iterable[str],
    tickets: Iterable[str] | None = None,
) -> None:
    """Makes the exceptions of these connections anew: all, or those of some tickets and of their children.

    `now` is UTC seconds. Engines get transactions of their own; a connection that is handed in is written to
    and left for its owner to commit (the journal's before the cache's).
    """
    some = None if tickets is None else sorted(set(tickets))
    if some == []:
        return
    with _open(cache) as db:
        for name in connections:
            if name in settings.connections:
                _evaluate(db, journal, settings, name, now, some)


def _evaluate(
    db: Database,
    journal: Engine | Database,
    settings: Settings,
    name: str,
    now: int,
    tickets: list[str] | None,
) -> None:
    with _open(journal) as book:
        asked = _asked(db, book, settings, name, now)
        rules = [rule for rule in RULES if any(kind in settings.kinds for kind in rule.kinds)]
        absent = msgspec.json.encode(absent_fields(asked)).decode()
        # A field that came or went for the whole connection concerns every ticket.
        if tickets is not None and absent == _said_absent(asked):
            some = groups.touched(asked, rules, tickets)
            asked = msgspec.structs.replace(asked, tickets=some if len(some) <= _MANY else None)
        found = _find(asked, rules)
        about = _about(asked)
        seen = _first_seen(book, asked, found, about)
        results = _results(found, seen, settings.gates)
        _history(book, asked, rules, results, about, settings.retention)
    groups.keep(asked, groups.members(asked, rules))
    _publish(asked, results)
    if asked.tickets is None:
        db.execute(
            text("UPDATE connection_state SET missing_fields = :absent WHERE connection = :c"),
            {"absent": absent, "c": name},
        )
        mark(db, name, "rules", rules_mark(settings, name), now)


def _find(asked: Asked, rules: Iterable[Rule]) -> list[Found]:
    """What holds, of the kinds that are looked for, without what the company leaves out."""
    lost = not_known(asked.capabilities)
    # Of the first six some reasons can be found all the same; of the others nothing rests on what is told.
    wanted = {kind for kind in asked.settings.kinds if kind not in lost or kind in ALWAYS}
    found = [one for rule in rules for one in rule.find(asked) if one.kind in wanted]
    return without_excluded(asked, found)


@contextmanager
def _open(database: Engine | Database) -> Iterator[Database]:
    if isinstance(database, Engine):
        with database.begin() as connection:
            yield connection
    else:
        yield database


# ---------------------------------------------------------------- what is asked


def _asked(db: Database, journal: Database, settings: Settings, name: str, now: int) -> Asked:
    row = db.execute(
        text("SELECT member, capabilities FROM connection_state WHERE connection = :c"), {"c": name}
    ).one_or_none()
    member, offers = (None, "{}") if row is None else (row.member, row.capabilities)
    return Asked(
        db=db,
        journal=journal,
        connection=settings.connections[name],
        settings=settings,
        capabilities=None if offers == "{}" else msgspec.json.decode(offers, type=Capabilities),
        me=member or settings.connections[name].technician,
        now=now,
    )


def _said_absent(asked: Asked) -> str:
    """The required fields that the PSA did not have at the last full evaluation, as JSON."""
    sql = text("SELECT missing_fields FROM connection_state WHERE connection = :c")
    return asked.db.execute(sql, {"c": asked.connection.name}).scalar() or "[]"


def _about(asked: Asked) -> dict[str, About]:
    """The tickets in the queue that are under evaluation."""
    binds = Binds(asked)
    sql = (
        "SELECT t.ticket_id, t.created_at, t.first_sync, EXISTS (SELECT 1 FROM ticket_overlay o"
        " WHERE o.connection = t.connection AND o.ticket_id = t.ticket_id) AS laid_over"
        f" FROM v_ticket t WHERE {binds.queue()}"
    )
    return {
        row["ticket_id"]: About(row["created_at"], bool(row["first_sync"]), bool(row["laid_over"]))
        for row in asked.rows(sql, binds)
    }


# ---------------------------------------------------------------- results


def _seen_key(one: Found) -> SeenKey:
    return (one.ticket_id, *(one.seen_as or (one.kind, one.code, one.field)))


def _first_seen(
    journal: Database, asked: Asked, found: list[Found], about: dict[str, About]
) -> dict[SeenKey, int]:
    wanted: dict[SeenKey, int] = {}
    for one in found:
        if one.since is None and not one.follows:
            created = about[one.ticket_id].created_at if one.else_created else None
            wanted[_seen_key(one)] = asked.now if created is None else created
    return first_seen(
        journal,
        asked.connection.name,
        wanted,
        came_first=[ticket for ticket, known in about.items() if known.first_sync],
        settled=[ticket for ticket, known in about.items() if not known.laid_over],
        tickets=asked.tickets,
        now=asked.now,
    )


def _results(found: list[Found], seen: dict[SeenKey, int], gates: Iterable[str]) -> Results:
    groups: dict[RowKey, list[Found]] = {}
    for one in found:
        groups.setdefault((one.ticket_id, one.kind), []).append(one)
    results = Results(rows={}, reasons={})
    for (ticket, kind), group in groups.items():
        since = {
            id(one): seen[_seen_key(one)] if one.since is None else one.since
            for one in group
            if not one.follows
        }
        earliest = min(since.values())
        gating = [one for one in group if one.gate]
        clears = any(one.clears for one in gating)
        results.rows[ticket, kind] = Published(
            since=earliest, gate=clears and kind in gates, psa_only=bool(gating) and not clears
        )
        for one in group:
            if one.gate and not one.clears:
                one.data["psa_only"] = True
            key = (kind, ticket, one.code, one.field, one.time_entry_id)
            results.reasons[key] = Reason(
                since=since.get(id(one), earliest),
                gate=one.gate,
                hours=one.hours,
                data=msgspec.json.encode(one.data).decode(),
            )
    return results


def _history(
    journal: Database,
    asked: Asked,
    rules: Iterable[Rule],
    results: Results,
    about: dict[str, About],
    retention: int,
) -> None:
    known = open_rows(journal, asked.connection.name, asked.tickets)
    gone = {key for key in known if key not in results.rows}
    windowed = {key for key in gone if key[1] in WINDOWED}
    gone -= _unresolved(asked, rules, {key for key in windowed if key[0] in about})
    young = {key for key in windowed if known[key] > asked.now - retention}
    gone -= _forgotten(asked, {key for key in young if key[0] not in about})
    opened = {key: row.since for key, row in results.rows.items() if key not in known}
    keep_history(
        journal,
        asked.connection.name,
        opened=opened,
        cleared=gone,
        now=asked.now,
        facts=facts_of(asked.db, asked.connection.name, {ticket for ticket, _ in (*opened, *gone)}),
        on_the_card=asked.capabilities.on_the_card if asked.capabilities else (),
    )


def _unresolved(asked: Asked, rules: Iterable[Rule], rows: set[RowKey]) -> set[RowKey]:
    """Those of these rows that only their window ended."""
    if not rows:
        return set()
    tickets = tuple(sorted({ticket for ticket, _ in rows}))
    anew = msgspec.structs.replace(asked, windows=False, tickets=tickets if len(tickets) <= _MANY else None)
    windowed = [rule for rule in rules if any(kind in WINDOWED for kind in rule.kinds)]
    return rows & {(one.ticket_id, one.kind) for one in _find(anew, windowed)}


def _forgotten(asked: Asked, rows: set[RowKey]) -> set[RowKey]:
    """Those whose tickets the cache does not have: thrown away with it, and too old to be pulled again."""
    sql = text("SELECT 1 FROM ticket WHERE connection = :c AND ticket_id = :t")
    return {
        key
        for key in rows
        if asked.db.execute(sql, {"c": asked.connection.name, "t": key[0]}).first() is None
    }


# ---------------------------------------------------------------- publishing


def _publish(asked: Asked, results: Results) -> None:
    """Writes what differs from what is published."""
    name = asked.connection.name
    rows = {
        (ticket, kind): Published(since, bool(gate), bool(psa_only))
        for ticket, kind, since, gate, psa_only in _published(
            asked, "exception", "ticket_id, kind, since, gate, psa_only"
        )
    }
    reasons = {
        (kind, ticket, code, field, entry): Reason(since, bool(gate), hours, data)
        for kind, ticket, code, field, entry, since, gate, hours, data in _published(
            asked, "reason", "kind, ticket_id, code, field, time_entry_id, since, gate, hours, data"
        )
    }
    _write(asked.db, "exception", ("ticket_id", "kind"), name, rows, results.rows)
    _write(
        asked.db,
        "reason",
        ("kind", "ticket_id", "code", "field", "time_entry_id"),
        name,
        reasons,
        results.reasons,
    )


def _published(asked: Asked, table: str, columns: str) -> Iterable[Any]:
    """Tuples, not mappings: there may be a hundred thousand."""
    binds = Binds(asked)
    return asked.db.execute(text(f"SELECT {columns} FROM {table} t WHERE {binds.here('t')}"), binds.values)


def _write(
    db: Database,
    table: str,
    keys: tuple[str, ...],
    name: str,
    old: dict[Any, Any],
    new: dict[Any, Any],
) -> None:
    gone = [key for key in old if new.get(key) != old[key]]
    come = [key for key in new if old.get(key) != new[key]]
    if gone:
        where = " AND ".join(f"{key} = :{key}" for key in keys)
        db.execute(
            text(f"DELETE FROM {table} WHERE connection = :connection AND {where}"),
            [{"connection": name, **dict(zip(keys, key, strict=True))} for key in gone],
        )
    if come:
        columns = ("connection", *keys, *new[come[0]].__struct_fields__)
        values = ", ".join(f":{column}" for column in columns)
        db.execute(
            text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"),
            [
                {"connection": name, **dict(zip(keys, key, strict=True)), **msgspec.structs.asdict(new[key])}
                for key in come
            ],
        )
