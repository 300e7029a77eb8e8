"""The exceptions, as SQL over the documented views, published as the tables `exception` and `reason`.

`docs/exceptions.md` is the definition; the modules beside this one hold the kinds. Evaluating some
tickets gives for them what evaluating all would give. The journal (first seen, history) is written first,
then the results in one transaction, so that nobody reads half of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection as Database
from sqlalchemy import Engine, text

from connectors.contract import Capabilities
from store.cache_upkeep import mark, marked
from store.dirty import clean, dirty
from store.measures.recovered import note_recovered
from store.not_known import not_known
from store.rules import custom, groups, moments
from store.rules.exclusions import calendar_day, without_excluded
from store.rules.fields import absent_fields
from store.rules.journal import RowKey, SeenKey, facts_of, first_seen, keep_history, open_rows
from store.rules.plan import MANY, Plan, everything, passed, planned
from store.rules.publishing import Published, Reason, Results, publish
from store.rules.registry import ALWAYS, RULES, WINDOWED, rules_for
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found
from store.settings import Settings, rules_mark

_RESTS = "rests"
"""The mark that holds what of the connection as a whole the last complete evaluation rested on."""


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
    """Makes the exceptions of these connections anew: all, or those of some tickets and of what they decide about.

    `now` is UTC seconds. Engines get transactions of their own; a connection that is handed in is written to
    and left for its owner to commit (the journal's before the cache's).
    """
    some = None if tickets is None else frozenset(tickets)
    if some is not None and not some:
        return
    with _open(cache) as db:
        for name in connections:
            if name in settings.connections:
                _evaluate(db, journal, settings, name, now, some)


def evaluate_changes(
    cache: Database,
    journal: Engine | Database,
    settings: Settings,
    *,
    now: int,
    connection: str,
    everything: bool,
) -> None:
    """Makes the exceptions of a connection anew where something has changed since the last time: tickets, or what the
    clock has changed. It gives what evaluating everything would give.

    Everything is evaluated when asked for, on a new calendar day of the connection's zone, with other settings, and
    with other agreements or contacts.
    """
    if connection not in settings.connections:
        return
    last = marked(cache, connection, "evaluated")
    known = marked(cache, connection, "rules")
    changed = dirty(cache, connection)
    since: int | None = None
    if (
        last is not None
        and known is not None
        and known[0] == rules_mark(settings, connection)
        and changed is not None
        and not everything
        and last[1] <= now
        and _day(settings, connection, last[1]) == _day(settings, connection, now)
    ):
        since = last[1]
    _evaluate(
        cache, journal, settings, connection, now, None if since is None else frozenset(changed or ()), since
    )
    clean(cache, connection)
    mark(cache, connection, "evaluated", "", now)


def _day(settings: Settings, connection: str, at: int) -> str:
    return calendar_day(at, settings.connections[connection].timezone)


def _evaluate(
    db: Database,
    journal: Engine | Database,
    settings: Settings,
    name: str,
    now: int,
    tickets: frozenset[str] | None,
    before: int | None = None,
) -> None:
    """`before`: what the clock has changed since that moment is looked at too."""
    with _open(journal) as book:
        asked = asked_of(db, book, settings, name, now)
        rules = rules_for(settings)
        plan = everything(rules)
        absent = msgspec.json.encode(absent_fields(asked)).decode()
        rests = _rests(asked, rules)
        # A field that came or went for the whole connection concerns every ticket, so does another order of priorities.
        if tickets is not None and absent == _said_absent(asked) and rests == _rested(asked):
            moved = {} if before is None else passed(asked, rules, before)
            plan = planned(asked, rules, tickets, moved)
            if plan.changed is not None and not plan.tickets:
                return
        if plan.changed is not None:
            asked = msgspec.structs.replace(asked, tickets=tuple(sorted(plan.tickets)))
        custom.let_go(asked)
        found = _find(asked, plan)
        about = _about(asked)
        off = custom.unsettled(asked)
        seen = _first_seen(book, asked, plan, found, about, off)
        results = _results(found, seen, settings.gates)
        _history(book, asked, plan, results, about, off)
        note_recovered(
            book,
            asked,
            {(kind, ticket, entry) for kind, ticket, _, _, entry in results.reasons},
            about,
            plan.looked_at,
        )
    publish(asked, results, plan.whole, plan.further)
    _keep(asked, plan)
    if asked.tickets is None:
        mark(db, name, _RESTS, rests, now)
        db.execute(
            text("UPDATE connection_state SET missing_fields = :absent WHERE connection = :c"),
            {"absent": absent, "c": name},
        )
        mark(db, name, "rules", rules_mark(settings, name), now)


def _keep(asked: Asked, plan: Plan) -> None:
    """Writes down what the next evaluation needs to know of this one."""
    for rule in plan.rules:
        if rule.due is not None:
            part = plan.part(asked, rule)
            moments.keep(part, rule, rule.due(part))
    of = groups.of_rules(plan.rules)
    for each in of:
        groups.keep(asked, each, plan.groups.get(each.prefix))
    if asked.tickets is None:
        remembered = [{"c": asked.connection.name, "name": name} for rule in RULES for name in rule.remembers]
        asked.db.execute(text("DELETE FROM stream WHERE connection = :c AND name = :name"), remembered)
        groups.let_go(asked, of)
        moments.let_go(asked, plan.rules)


def _find(asked: Asked, plan: Plan) -> list[Found]:
    """What holds, of the kinds that are looked for, without what the company leaves out."""
    lost = not_known(asked.capabilities)
    # Of the first six some reasons can be found all the same; of the others nothing rests on what is told.
    wanted = {kind for kind in asked.settings.kinds if kind not in lost or kind in ALWAYS}
    found: list[Found] = []
    for rule in plan.rules:
        if rule.find is not None:
            found += (one for one in rule.find(plan.part(asked, rule)) if one.kind in wanted)
    found = without_excluded(asked, found)
    more: list[Found] = []
    for rule in plan.rules:
        if rule.after is not None:
            known = [*found, *_as_published(asked, plan)]
            more += (one for one in rule.after(plan.part(asked, rule), known) if one.kind in wanted)
    return found + without_excluded(asked, more)


def _as_published(asked: Asked, plan: Plan) -> list[Found]:
    """What has to be gone, of the kinds that are not looked for on a ticket now: a reason for each row."""
    if plan.changed is None:
        return []
    binds = Binds(asked)
    sql = f"SELECT x.ticket_id, x.kind FROM exception x WHERE {binds.here('x')} AND x.gate"
    return [
        Found(kind=row["kind"], ticket_id=row["ticket_id"], code="", gate=True, data={})
        for row in asked.rows(sql, binds)
        if not plan.looked_at(row["kind"], row["ticket_id"])
    ]


@contextmanager
def _open(database: Engine | Database) -> Iterator[Database]:
    if isinstance(database, Engine):
        with database.begin() as connection:
            yield connection
    else:
        yield database


# ---------------------------------------------------------------- what is asked


def asked_of(db: Database, journal: Database, settings: Settings, name: str, now: int) -> Asked:
    """What every rule needs to know of one connection, for all of its tickets."""
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


def _rests(asked: Asked, rules: Iterable[Rule]) -> str:
    """What of the connection as a whole the results rest on, as JSON."""
    found = {rule.kinds[0]: rule.rests_on(asked) for rule in rules if rule.rests_on is not None}
    return msgspec.json.encode(found).decode()


def _rested(asked: Asked) -> str:
    """The same at the last full evaluation."""
    known = marked(asked.db, asked.connection.name, _RESTS)
    return "{}" if known is None else known[0]


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
    journal: Database,
    asked: Asked,
    plan: Plan,
    found: list[Found],
    about: dict[str, About],
    off: frozenset[str],
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
        tickets=plan.whole,
        further=plan.further,
        unsettled=off,
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
    plan: Plan,
    results: Results,
    about: dict[str, About],
    off: frozenset[str],
) -> None:
    known = open_rows(journal, asked.connection.name, plan.whole, plan.further)
    gone = {key for key in known if key not in results.rows and key[1] not in off}
    windowed = {key for key in gone if key[1] in WINDOWED}
    gone -= _unresolved(asked, plan.rules, {key for key in windowed if key[0] in about})
    young = {key for key in windowed if known[key] > asked.now - asked.settings.retention}
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
    anew = msgspec.structs.replace(asked, windows=False, tickets=tickets if len(tickets) <= MANY else None)
    windowed = [rule for rule in rules if any(kind in WINDOWED for kind in rule.kinds)]
    return rows & {(one.ticket_id, one.kind) for one in _find(anew, everything(windowed))}


def _forgotten(asked: Asked, rows: set[RowKey]) -> set[RowKey]:
    """Those whose tickets the cache does not have: thrown away with it, and too old to be pulled again."""
    sql = text("SELECT 1 FROM ticket WHERE connection = :c AND ticket_id = :t")
    return {
        key
        for key in rows
        if asked.db.execute(sql, {"c": asked.connection.name, "t": key[0]}).first() is None
    }
