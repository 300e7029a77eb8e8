"""`deskzero rules` in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tui.commands.out import counted, iso, local

if TYPE_CHECKING:
    from store.home import Home
    from store.read import Reader, Row, TicketView
    from store.read_exceptions import Passed
    from store.rules.explain import Explained
    from store.rules.scratch import Look
    from store.rules.sql import Found
    from store.rules_view import Advice, RuleView, Step
    from store.settings import Exclude, Settings


def rule_lines(view: RuleView, home: Home, zone: str) -> Iterator[str]:
    """One rule: its line, then what belongs to it."""
    state = "off" if not view.on else "counts" if view.gate else "warns"
    yield f"{view.kind:<24} {state:<7} pane {view.pane}  {_rows(view, zone)}".rstrip()
    if view.means:
        yield f"    {view.means}"
    for problem in view.problems:
        place = f"{home.config}, line {problem.line}" if problem.line else str(home.config)
        where = f"at {problem.connection}: " if problem.connection else ""
        yield f"    !! {place}: {where}{problem.problem}. {problem.hint}"
    for name, why in view.not_known.items():
        yield f"    not known at {name}: {why}"
    for limit in view.limits:
        differs = f"   (default {limit.default})" if limit.changed else ""
        yield f"    {'*' if limit.changed else ' '} {limit.key} = {limit.value}{differs}"
    for entry in view.exclude:
        yield f"    leaves out {exclusion_line(entry)}"
    if view.where:
        yield f"    where {' '.join(view.where.split())}"
    if view.sop:
        yield f"    SOP: {view.sop}"
    if view.review_due:
        yield f"    review me: it was to be looked at by {view.review}"
    elif view.review:
        yield f"    to be looked at by {view.review}"


def _rows(view: RuleView, zone: str) -> str:
    if not view.on:
        return ""
    if view.zero_since is not None and not view.not_known:
        return f"0 rows, since {local(view.zero_since, zone)}"
    unknown = view.not_known or view.problems
    if unknown and not view.must and not view.later:
        return "? rows"
    return f"{view.must} must, {view.later} later"


def exclusion_line(entry: Exclude) -> str:
    """What, by whom, why and until when."""
    from store.read_exceptions import exclusion_words

    more = (entry.who and f"by {entry.who}", entry.why, entry.until and f"until {entry.until}")
    told = ", ".join(part for part in more if part)
    return exclusion_words(entry) + (f" ({told})" if told else " (nobody said why)")


def rule_document(view: RuleView, home: Home) -> dict[str, Any]:
    """One rule as JSON."""
    import msgspec

    return {
        "kind": view.kind,
        "own": view.own,
        "means": view.means,
        "pane": view.pane,
        "on": view.on,
        "gate": view.gate,
        "limits": {
            one.key: {"value": one.value, "default": one.default, "differs": one.changed}
            for one in view.limits
        },
        "exclude": [msgspec.to_builtins(entry) for entry in view.exclude],
        "sop": view.sop or None,
        "review": view.review or None,
        "review_due": view.review_due,
        "not_known": view.not_known,
        "problems": [
            {
                "file": str(home.config),
                "line": one.line or None,
                "connection": one.connection or None,
                "problem": one.problem,
                "hint": one.hint,
            }
            for one in view.problems
        ],
        "must": view.must,
        "later": view.later,
        "zero_since": iso(view.zero_since),
        "where": view.where or None,
    }


# ---------------------------------------------------------------- test


def rows_of(reader: Reader, settings: Settings, kind: str, looks: Sequence[Look], now: int) -> list[Row]:
    """What was found as rows, those that would count first. A moment that only the journal would know is now."""
    import msgspec

    of: dict[tuple[str, str], list[Found]] = {}
    for look in looks:
        for one in look.found:
            of.setdefault((look.connection, one.ticket_id), []).append(one)
    rows = []
    for row in reader.plain(list(of)):
        found = of[row.connection, row.ticket_id]
        gating = [one for one in found if one.gate]
        gate = kind in settings.gates and any(one.clears for one in gating)
        rows.append(
            msgspec.structs.replace(
                row,
                kind=kind,
                since=min(one.since if one.since is not None else now for one in found),
                gate=gate,
                psa_only=bool(gating) and not any(one.clears for one in gating),
                reasons=reasons_of(found, settings.timezone, now),
            )
        )
    return sorted(
        rows, key=lambda row: (not row.gate, row.psa_only, row.since, row.connection, row.ticket_id)
    )


def reasons_of(found: Sequence[Found], timezone: str, now: int) -> tuple[Any, ...]:
    """The sentences of reasons that are published nowhere."""
    from zoneinfo import ZoneInfo

    from store.read_records import Reason
    from store.read_rows import telling_order
    from store.reasons import sentence

    zone = ZoneInfo(timezone)
    reasons = [
        Reason(
            one.code,
            sentence(one.code, one.data, field=one.field or None, hours=one.hours, zone=zone, now=now),
            field=one.field or None,
            time_entry_id=one.time_entry_id or None,
            hours=one.hours,
            gate=one.gate,
            since=one.since if one.since is not None else now,
        )
        for one in found
    ]
    return tuple(sorted(reasons, key=telling_order))


# ---------------------------------------------------------------- explain


def explain_lines(found: Sequence[Explained], zone: str, now: int) -> Iterator[str]:
    """First what the ticket is in, then what keeps it out of the others."""
    for one in found:
        if one.holds:
            off = "" if one.on else " (switched off: it would be)"
            yield f"  yes  {one.kind}{off}"
            yield from (f"         {reason.text}" for reason in reasons_of(one.reasons, zone, now))
    for one in found:
        if not one.holds:
            off = "switched off; " if not one.on else ""
            yield f"  no   {one.kind}: {off}{one.failed}"


def explain_document(
    view: TicketView, found: Sequence[Explained], gates: Sequence[str], zone: str, now: int
) -> dict[str, Any]:
    """The same as JSON, with all conditions up to the first that fails."""
    return {
        "connection": view.connection,
        "ticket_id": view.record.ticket_id,
        "number": view.record.number,
        "rules": [
            {
                "kind": one.kind,
                "on": one.on,
                "holds": one.holds,
                "gate": one.kind in gates,
                "reasons": [
                    {"code": reason.code, "text": reason.text, "field": reason.field}
                    for reason in reasons_of(one.reasons, zone, now)
                ],
                "conditions": [{"holds": each.holds, "text": each.text} for each in one.conditions],
                "failed": one.failed or None,
            }
            for one in found
        ],
    }


# ---------------------------------------------------------------- plan


def plan_lines(found: Advice, home: Home, zone: str) -> Iterator[str]:
    """The plan with where each kind stands, then what to write."""
    for number, step in enumerate(found.steps, 1):
        yield f"{number:>3}  {step.kind:<22}{_step(step, found)}"
    if not found.enough:
        since = "has not begun" if found.known_since is None else f"begins {local(found.known_since, zone)}"
        yield f"The history {since}: whether a kind is at zero is told after two weeks of it."
    yield found.why
    if found.waits_for:
        yield f"Waited for: {', '.join(found.waits_for)}."
    if found.lines:
        yield f"Write into {home.config}:"
        yield from (f"    {line}" for line in found.lines)


def _step(step: Step, found: Advice) -> str:
    if step.not_known:
        return "not known from any connected PSA"
    if not step.on:
        return "off, the next" if step.kind == found.next else "off"
    if not found.enough:
        return "on"
    days = f"at zero on {step.zero_days} of the last {counted(step.days, 'business day')}"
    return f"on, {days}" + (": two weeks" if step.steady else "")


def plan_document(found: Advice) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "steps": [
            {
                "kind": step.kind,
                "on": step.on,
                "known": not step.not_known,
                "business_days": step.days,
                "zero_days": step.zero_days,
                "two_weeks_at_zero": step.steady,
            }
            for step in found.steps
        ],
        "history_since": iso(found.known_since),
        "next": found.next,
        "waits_for": list(found.waits_for),
        "why": found.why,
        "lines": list(found.lines),
    }


# ---------------------------------------------------------------- exceptions


def passed_lines(found: Sequence[Passed], zone: str) -> Iterator[str]:
    """One line each: what, then who, why, until when, how often."""
    titles = {
        "exclusion": "Left out by the settings",
        "snooze": "Hidden now",
        "override": "Closed past the guard",
    }
    for sort, title in titles.items():
        of_it = [one for one in found if one.sort == sort]
        if of_it:
            yield title
        for one in of_it:
            kind = f"{one.kind}: " if one.kind else ""
            until = local(one.until, zone) if isinstance(one.until, int) else one.until
            parts = [
                f"by {one.who}" if one.who else "nobody said who",
                f'"{one.why}"' if one.why else "no reason given",
                f"approved by {one.approver}" if one.approver else "",
                f"at {local(one.at, zone)}" if sort == "override" else "",
                f"until {until}" if until else "for good" if sort == "exclusion" else "",
                "over: it leaves nothing out any more" if one.over else "",
                f"{counted(one.times, 'time')}" if one.times else "",
            ]
            yield f"  {kind}{one.what}: {', '.join(part for part in parts if part)}"


def passed_document(one: Passed) -> dict[str, Any]:
    """One of them as JSON; a snooze's `until` is a moment, an exclusion's a day."""
    return {
        "sort": one.sort,
        "kind": one.kind or None,
        "what": one.what,
        "who": one.who or None,
        "why": one.why or None,
        "approver": one.approver or None,
        "at": iso(one.at),
        "until": iso(one.until) if isinstance(one.until, int) else one.until,
        "times": one.times or None,
        "connection": one.connection or None,
        "ticket_id": one.ticket_id or None,
        "over": one.over,
    }
