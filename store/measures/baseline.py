"""What a look back over closed tickets found: kinds with hours and cost, the worst companies and types, what first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from store.measures.baseline_pull import IN_SPAN, looked_for
from store.measures.section import kind_title
from store.not_known import not_known
from store.read import Reader
from store.rules.catalogue import place_of
from store.settings import Settings

WORST = 5


class Finding(msgspec.Struct, frozen=True):
    """One closed ticket under one kind."""

    connection: str
    ticket_id: str
    number: str
    kind: str
    company: str | None
    type: str | None
    hours: float
    """Of the time entries that the reasons name, else all on the ticket."""
    money: float | None
    """What these hours cost the customer, as far as their rates are known."""


class Tally(msgspec.Struct, frozen=True):
    """Findings of one kind, company or type together."""

    name: str
    """The kind's name, or a company's or type's; empty: none."""
    count: int
    hours: float
    money: float | None
    """`None`: no rate is known."""


class Looked(msgspec.Struct, frozen=True):
    """One connection, as far as it was read."""

    connection: str
    closed: int
    unread: int
    not_known: dict[str, str]
    """Kind -> why it cannot be known there."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; UTC seconds."""

    begins: int
    ends: int
    connections: tuple[Looked, ...]
    looked_for: tuple[str, ...]
    closed: int
    tickets: int
    """Closed tickets with any finding."""
    kinds: tuple[Tally, ...]
    """Most hours first, then most tickets."""
    companies: tuple[Tally, ...]
    types: tuple[Tally, ...]
    begin: tuple[str, ...]
    """Where to begin, in sentences with foreign names in them."""


_FOUND = (
    "SELECT e.ticket_id, t.number, e.kind, t.company, t.type, t.hours"
    " FROM v_ticket t JOIN exception e ON e.connection = t.connection AND e.ticket_id = t.ticket_id"
    f" WHERE {IN_SPAN} ORDER BY e.kind, e.ticket_id"
)


class BaselineReader(Reader):
    """Reads what the baseline has pulled; its home is `Home.baseline`."""

    def result(self, names: Sequence[str], begins: int, ends: int) -> Result:
        """What was found on closed tickets of these connections, closed from `begins` up to `ends`."""
        states = {view.connection: view for view in self.states()}
        looked: list[Looked] = []
        found: list[Finding] = []
        with self._cache() as db:
            for name in names:
                can = states[name].capabilities
                lost = {kind: why for kind, why in not_known(can).items() if kind in looked_for()}
                looked.append(Looked(name, *(_counts(db, name, begins, ends)), lost))
                found += [] if db is None else _findings(db, name, begins, ends)
        kinds = tuple(_tallies(found, "kind"))
        return Result(
            begins=begins,
            ends=ends,
            connections=tuple(looked),
            looked_for=looked_for(),
            closed=sum(one.closed for one in looked),
            tickets=len({(one.connection, one.ticket_id) for one in found}),
            kinds=kinds,
            companies=tuple(_tallies(found, "company")[:WORST]),
            types=tuple(_tallies(found, "type")[:WORST]),
            begin=tuple(_begin(found, kinds, self.settings)),
        )


def _counts(db: sqlite3.Connection | None, name: str, begins: int, ends: int) -> tuple[int, int]:
    """(closed, unread): unread is whose conversation was not read, where the PSA tells conversations."""
    if db is None:
        return 0, 0
    values = {"c": name, "begins": begins, "ends": ends}
    row = db.execute(
        "SELECT count(*), coalesce(sum(t.notes_read_at IS NULL AND EXISTS (SELECT 1 FROM connection_state s"
        " WHERE s.connection = t.connection AND json_extract(s.capabilities, '$.not_read.conversations') IS NULL)), 0)"
        f" FROM v_ticket t WHERE {IN_SPAN}",
        values,
    ).fetchone()
    return int(row[0]), int(row[1])


def _findings(db: sqlite3.Connection, name: str, begins: int, ends: int) -> list[Finding]:
    entries: dict[str, list[tuple[str, float, float | None]]] = {}
    for ticket_id, time_id, hours, rate in db.execute(
        "SELECT ticket_id, time_id, hours, rate FROM v_time WHERE connection = ?", (name,)
    ):
        entries.setdefault(ticket_id, []).append((time_id, hours, None if rate is None else hours * rate))
    named: dict[tuple[str, str], set[str]] = {}
    for ticket_id, kind, time_id in db.execute(
        "SELECT ticket_id, kind, time_entry_id FROM reason WHERE connection = ? AND time_entry_id <> ''",
        (name,),
    ):
        named.setdefault((ticket_id, kind), set()).add(time_id)
    found = []
    for ticket_id, number, kind, company, type_, on_ticket in db.execute(
        _FOUND, {"c": name, "begins": begins, "ends": ends}
    ):
        mine = entries.get(ticket_id, [])
        if only := named.get((ticket_id, kind)):
            mine = [entry for entry in mine if entry[0] in only]
        hours = sum(entry[1] for entry in mine) if mine else on_ticket or 0.0
        rated = [entry[2] for entry in mine if entry[2] is not None]
        money = sum(rated) if rated else None
        found.append(Finding(name, ticket_id, number, kind, company, type_, float(hours), money))
    return found


def _tallies(found: Iterable[Finding], what: str) -> list[Tally]:
    groups: dict[str, list[Finding]] = {}
    for one in found:
        groups.setdefault(getattr(one, what) or "", []).append(one)
    made = []
    for name, group in groups.items():
        # A ticket under two kinds is one ticket of its company, and its hours were worked once.
        tickets: dict[tuple[str, str], float] = {}
        rates: dict[tuple[str, str], float] = {}
        for one in group:
            key = (one.connection, one.ticket_id)
            tickets[key] = max(tickets.get(key, 0.0), one.hours)
            if one.money is not None:
                rates[key] = max(rates.get(key, 0.0), one.money)
        made.append(Tally(name, len(tickets), sum(tickets.values()), sum(rates.values()) if rates else None))
    return sorted(made, key=lambda one: (-one.hours, -one.count, place_of(one.name), one.name))


def _begin(found: Sequence[Finding], kinds: Sequence[Tally], settings: Settings) -> Iterable[str]:
    """Sentences: the kind that costs most, the company that has most of it, and what to set."""
    if not kinds:
        return
    worst = kinds[0]
    ours = [one for one in found if one.kind == worst.name]
    title = kind_title(worst.name)
    yield f"{title} has the most hours: {_tickets(worst.count)}, {worst.hours:.1f} h on them."
    company = _tallies(ours, "company")[0]
    if company.count > 1 or worst.count == 1:
        yield f"{company.count} of them are of {company.name or 'no company'}: begin there."
    for tally in kinds:
        if not settings.rules.of(tally.name).on:
            yield (
                f"{kind_title(tally.name)} is not looked for yet: set on = true in [rules.{tally.name}] and deskzero"
                " shows new ones as they come."
            )
    usual = _tallies(ours, "type")[0]
    if usual.name and usual.count >= 3:
        yield f"{usual.count} of them are of the type {usual.name}: an instruction for it (sop) saves most."


def _tickets(count: int) -> str:
    return f"{count} closed ticket{'' if count == 1 else 's'}"


def as_json(result: Result) -> dict[str, Any]:
    """The document of `deskzero baseline --json`; times are still UTC seconds under keys that end in `_at`."""
    document = msgspec.to_builtins(result)
    return {"baseline": 1, "begins_at": document.pop("begins"), "ends_at": document.pop("ends"), **document}
