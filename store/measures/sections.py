"""Sections on exceptions: what got fixed, what is still broken, what is next, kinds, patterns."""

from __future__ import annotations

from collections import Counter
from typing import Any

from store.measures.history import DayCount, daily, ways
from store.measures.history import patterns as find_patterns
from store.measures.section import Figure, Material, Section, Table, kind_title
from store.read_records import Reason, Row
from store.reasons import label
from store.rules.catalogue import place_of
from store.saying import when

NEXT = 15
"""So many rows are named as the next ones."""
_PATTERNS = 20


def _counts(material: Material) -> dict[str, tuple[DayCount, ...]]:
    found = daily(material.episodes, begins=material.begins, ends=material.ends, zone=material.zone)
    return {kind: found[kind] for kind in sorted(found, key=place_of)}


def fixed(material: Material) -> Section:
    """What got fixed, with what; by whom only where names are shown."""
    cleared = ways(material.episodes, begins=material.begins, ends=material.ends)
    by_kind: dict[str, Counter[str]] = {}
    people: Counter[str] = Counter()
    for way, times in cleared.items():
        by_kind.setdefault(way.kind, Counter())[way.verb] += times
        if way.verb:
            people[way.who or "not known"] += times
    total = sum(by_kind.values(), Counter[str]())
    itself = total[""]
    fixes = total.total() - itself
    rows = []
    for kind in sorted(by_kind, key=place_of):
        verbs = by_kind[kind]
        told = ", ".join(f"{verb} {times}" for verb, times in verbs.most_common() if verb)
        rows.append((kind_title(kind), str(verbs.total() - verbs[""]), str(verbs[""]), told))
    tables = [
        Table(("Kind", "Fixed here", "In the PSA", "With what"), tuple(rows), numbers=frozenset({1, 2}))
    ]
    if material.open_names and people:
        named = tuple((name, str(people[name])) for name in sorted(people))
        tables.append(Table(("Who", "Fixed here"), named, title="By whom", numbers=frozenset({1})))
    opened = sum(material.begins <= one.opened_at < material.ends for one in material.episodes)
    lines = [] if rows else ["Nothing was cleared in this time."]
    if material.known_from is None:
        lines.append("Nothing was ever recorded in this home.")
    elif material.known_from > material.begins:
        begin = when(material.known_from, material.zone, material.now)
        lines.append(
            f"The records begin {begin}: of the days before nothing is known, and what was there then is new."
        )
    data: dict[str, Any] = {
        "fixed": fixes,
        "by_itself": itself,
        "opened": opened,
        "kinds": [
            {
                "kind": kind,
                "fixed": by_kind[kind].total() - by_kind[kind][""],
                "by_itself": by_kind[kind][""],
                "verbs": {verb: times for verb, times in sorted(by_kind[kind].items()) if verb},
            }
            for kind in sorted(by_kind, key=place_of)
        ],
    }
    if material.open_names:
        data["people"] = dict(sorted(people.items()))
    return Section(
        key="fixed",
        title="What got fixed",
        lines=tuple(lines),
        figures=(
            Figure("fixed with deskzero", str(fixes)),
            Figure("went by itself or in the PSA", str(itself)),
            Figure("newly seen", str(opened)),
        ),
        tables=tuple(tables) if rows else (),
        data=data,
    )


def broken(material: Material) -> Section:
    """What is still broken at the end: as the screen has it where that is now, else as the journal knows it."""
    return _broken_now(material) if material.live else _broken_then(material)


def _broken_now(material: Material) -> Section:
    oldest_of = _oldest(material)
    found = [
        (pane, oldest_of.get(pane.kind))
        for pane in material.reader.panes()
        if pane.pane and (pane.must or pane.later)
    ]
    must = sum(pane.must for pane, _ in found)
    later = sum(pane.later for pane, _ in found)
    rows = tuple(
        (kind_title(pane.kind), str(pane.must), str(pane.later), when(oldest, material.zone, material.now))
        for pane, oldest in found
    )
    lines = ["Nothing is open."] if not rows else []
    if unknown := [view for view in material.reader.states() if view.synced_at is None or view.error_kind]:
        names = ", ".join(view.connection for view in unknown)
        lines.append(f"Not read without error lately, so it may be more: {names}.")
    return Section(
        key="broken",
        title="What is still broken",
        lines=tuple(lines),
        figures=(Figure("to zero", str(must)), Figure("others", str(later))),
        tables=(
            (Table(("Kind", "Count to zero", "Others", "Oldest since"), rows, numbers=frozenset({1, 2})),)
            if rows
            else ()
        ),
        data={
            "live": True,
            "to_zero": must,
            "others": later,
            "kinds": [
                {"kind": pane.kind, "must": pane.must, "later": pane.later, "oldest_at": oldest}
                for pane, oldest in found
            ],
        },
    )


def _oldest(material: Material) -> dict[str, int]:
    """Kind -> since when its oldest row holds."""
    if material.cache is None or not material.names:
        return {}
    marks = ", ".join("?" for _ in material.names)
    sql = f"SELECT kind, min(since) FROM exception WHERE connection IN ({marks}) GROUP BY kind"
    return {row[0]: row[1] for row in material.cache.execute(sql, material.names)}


def _broken_then(material: Material) -> Section:
    open_ = [one for one in material.episodes if one.open_at(material.ends)]
    counts = Counter(one.kind for one in open_)
    oldest = {kind: min(one.since for one in open_ if one.kind == kind) for kind in counts}
    kinds = sorted(counts, key=place_of)
    rows = tuple(
        (kind_title(kind), str(counts[kind]), when(oldest[kind], material.zone, material.now))
        for kind in kinds
    )
    return Section(
        key="broken",
        title="What was still broken",
        lines=("At the end of the last day. Which of them counted to zero then is not kept.",),
        figures=(Figure("open", str(len(open_))),),
        tables=(Table(("Kind", "Open", "Oldest since"), rows, numbers=frozenset({1})),) if rows else (),
        data={
            "live": False,
            "to_zero": None,
            "others": len(open_),
            "kinds": [
                {"kind": kind, "must": None, "later": counts[kind], "oldest_at": oldest[kind]}
                for kind in kinds
            ],
        },
    )


def upcoming(material: Material) -> Section | None:
    """What is next: rows that count to zero first, the oldest of each kind first, and what clears them."""
    if not material.live:
        return None
    kinds = material.settings.kinds
    rows = [row for kind in kinds for row in material.reader.rows([kind], limit=NEXT)]
    first = sorted(rows, key=lambda row: (not row.gate, row.psa_only))[:NEXT]
    left = material.reader.count() - len(first)
    table: tuple[tuple[str, ...], ...] = tuple(
        (
            f"#{row.number}",
            row.company or "",
            kind_title(row.kind or ""),
            _why(row, material),
            _plan(row, material),
        )
        for row in first
    )
    lines = () if rows else ("Nothing is left to do.",)
    if left:
        lines = (f"{left} more: deskzero list shows all of them.",)
    heads: tuple[str, ...] = ("Ticket", "Company", "Kind", "Why", "What to do")
    if not any(row[-1] for row in table):
        heads, table = heads[:-1], tuple(row[:-1] for row in table)
    return Section(
        key="next",
        title="What is next",
        lines=lines,
        tables=(Table(heads, table),) if table else (),
        data={
            "rows": [
                {
                    "connection": row.connection,
                    "ticket_id": row.ticket_id,
                    "number": row.number,
                    "company": row.company,
                    "kind": row.kind,
                    "since_at": row.since,
                    "gate": row.gate,
                    "why": _why(row, material),
                    "plan": _plan(row, material),
                }
                for row in first
            ],
            "more": left,
        },
    )


def _why(row: Row, material: Material) -> str:
    """The reasons' sentences name people: without names it is what holds, in short, and since when."""
    since = f"since {when(row.since, material.zone, material.now)}"
    if material.open_names:
        return " ".join(reason.text for reason in row.reasons) or since
    held = ", ".join(dict.fromkeys(_short(reason) for reason in row.reasons))
    return f"{held}, {since}" if held else since


def _short(reason: Reason) -> str:
    if reason.field:
        return f"{label(reason.field)} {reason.code.replace('_', ' ')}"
    hours = f" ({reason.hours:.2f} h)" if reason.hours else ""
    return f"{reason.code.replace('_', ' ')}{hours}"


def _plan(row: Row, material: Material) -> str:
    """What one key would do, where the reader suggests and is sure; else the company's own instruction for the kind."""
    if row.psa_only:
        return "only in the PSA itself"
    if row.promise is not None and row.promise.strong:
        told = row.promise.label if material.open_names else ""
        return f"one key: {told or ', '.join(part.field.replace('_', ' ') for part in row.promise.parts)}"
    custom = {rule.kind: rule.sop for rule in material.settings.rules.custom}
    kind = row.kind or ""
    return custom[kind] if kind in custom else material.settings.rules.of(kind).sop


def kinds(material: Material) -> Section:
    """Every kind by how often it came, and what it cost where something tells it."""
    counts = _counts(material)
    rows, data = [], []
    order = sorted(counts, key=lambda kind: (-sum(day.opened for day in counts[kind]), place_of(kind)))
    for kind in [*order, *(kind for kind in material.costs if kind not in counts)]:
        days = counts.get(kind, ())
        opened, by_fix = sum(day.opened for day in days), sum(day.by_fix for day in days)
        itself, open_ = sum(day.by_itself for day in days), days[-1].open if days else 0
        cost = material.costs.get(kind)
        row = [kind_title(kind), str(opened), str(by_fix), str(itself), str(open_)]
        if material.costs:
            row.append("" if cost is None or cost.hours is None else f"{cost.hours:.2f} h")
            row.append("" if cost is None or cost.money is None else f"{cost.money:.2f}")
        rows.append(tuple(row))
        data.append(
            {
                "kind": kind,
                "opened": opened,
                "fixed": by_fix,
                "by_itself": itself,
                "open": open_,
                "hours": None if cost is None else cost.hours,
                "money": None if cost is None else cost.money,
            }
        )
    heads: tuple[str, ...] = ("Kind", "Newly seen", "Fixed here", "In the PSA", "Open at the end")
    heads = (*heads, "Hours", "Money") if material.costs else heads
    return Section(
        key="kinds",
        title="Kinds by count and cost" if material.costs else "Kinds by count",
        lines=() if rows else ("No exception was open in this time.",),
        tables=(Table(heads, tuple(rows), numbers=frozenset(range(1, len(heads)))),) if rows else (),
        data={"kinds": data},
    )


def patterns(material: Material) -> Section | None:
    """The same company, type of ticket and kind again and again: worth a rule, or an instruction."""
    found = find_patterns(material.episodes, begins=material.begins, ends=material.ends, least=material.least)
    if not found:
        return None
    known = {
        kind: material.settings.rules.of(kind).sop for kind in material.settings.kinds if ":" not in kind
    }
    rows = tuple(
        (
            one.company or "no company",
            one.type or "no type",
            kind_title(one.kind),
            str(one.times),
            str(one.open),
            "look whether the SOP helps" if known.get(one.kind) else "worth a rule or an SOP",
        )
        for one in found[:_PATTERNS]
    )
    heads = ("Company", "Type", "Kind", "Tickets", "Still open", "What it is worth")
    return Section(
        key="patterns",
        title="Patterns",
        lines=(f"The same kind on {material.least} or more tickets of one company and type.",),
        tables=(Table(heads, rows, numbers=frozenset({3, 4})),),
        data={
            "least": material.least,
            "patterns": [
                {
                    "company": one.company,
                    "type": one.type,
                    "kind": one.kind,
                    "tickets": one.times,
                    "open": one.open,
                }
                for one in found
            ],
        },
    )
