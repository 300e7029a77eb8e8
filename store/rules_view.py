"""The rules as `deskzero rules list` and `rules plan` tell them: how each is set, where it stands, what comes next.

Needs msgspec and the standard library alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from store.not_known import not_known
from store.read import Reader
from store.read_rules import Past, RuleProblem
from store.rules.catalogue import BY_NAME, CATALOGUE, Of, pane_of
from store.settings import Exclude, Rules, Settings

PLAN: tuple[str, ...] = (
    "customer_responded",
    "billing_code",
    "reply_after_close",
    "child_reply",
    "orphaned",
    "missing_fields",
    "unassigned",
    "undocumented",
    "unlogged",
    "waiting_too_long",
    "stale",
    "sla",
    "children_open",
    "billing_question",
    "abandoned",
    "unbilled",
    "out_of_scope",
    "wrong_client",
    "possible_duplicate",
    "reopened",
    "too_old",
    "time_gap",
    "owner_absent",
    "crossed",
    "project_in_disguise",
    "repeated_fix",
)
"""In this order kinds are taken up: first what customers wait for and what is paid, last what needs judgement."""

FIRST = 2
"""With so many of them a company begins."""

DAYS = 14
"""So many calendar days a kind should have been brought to zero before the next one is taken up."""


class LimitView(msgspec.Struct, frozen=True):
    """One threshold."""

    key: str
    value: str
    """As it is written in the settings."""
    default: str
    means: str

    @property
    def changed(self) -> bool:
        return self.value != self.default


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One kind, or one rule of the company's own."""

    kind: str
    means: str
    pane: int
    on: bool
    gate: bool
    limits: tuple[LimitView, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    sop: str = ""
    review: str = ""
    review_due: bool = False
    """The review day has passed."""
    not_known: dict[str, str] = {}
    """Connection -> why it cannot be known there."""
    problems: tuple[RuleProblem, ...] = ()
    must: int = 0
    later: int = 0
    zero_since: int | None = None
    """Since when there is no row (UTC seconds); `None`: there is one, it is off, or the history does not tell."""
    where: str = ""
    line: int = 0
    own: bool = False


def rule_views(reader: Reader, settings: Settings, now: int) -> list[RuleView]:
    """Every kind in the panes' order, then the company's own rules as they stand in the file."""
    states, past, problems = reader.states(), reader.past(), reader.rule_problems()
    lost = {state.connection: not_known(state.capabilities) for state in states}
    counts = {pane.kind: (pane.must, pane.later) for pane in reader.panes()}
    day = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(settings.timezone)).date().isoformat()

    def view(kind: str, **more: Any) -> RuleView:  # noqa: ANN401 (fields of one record)
        must, later = counts.get(kind, (0, 0))
        of_it = tuple(one for one in problems if one.kind == kind)
        nothing = more["on"] and not must and not later and not of_it
        return RuleView(
            kind=kind,
            pane=pane_of(kind),
            gate=kind in settings.gates,
            must=must,
            later=later,
            zero_since=past.zero_since(kind) if nothing else None,
            not_known={name: kinds[kind] for name, kinds in lost.items() if kind in kinds},
            problems=of_it,
            review_due=bool(more.get("review")) and more["review"] < day,
            **more,
        )

    found = []
    for kind in CATALOGUE:
        of = settings.rules.of(kind.name)
        found.append(
            view(
                kind.name,
                means=kind.means,
                on=of.on,
                limits=limits(settings.rules, kind.name),
                exclude=of.exclude,
                sop=of.sop,
                review=of.review,
            )
        )
    for rule in settings.rules.custom:
        found.append(
            view(
                rule.kind,
                means=rule.means,
                on=rule.on,
                exclude=rule.exclude,
                sop=rule.sop,
                review=rule.review,
                where=rule.where,
                line=rule.line,
                own=True,
            )
        )
    for wrong in settings.rules.custom_problems:
        one = view(wrong.kind, means="", on=False, line=wrong.line, own=True)
        if not one.problems:  # switched off anyway: still wrong
            said = RuleProblem(wrong.kind, wrong.problem, wrong.hint, False, wrong.line)
            one = msgspec.structs.replace(one, problems=(said,))
        found.append(one)
    return found


# ---------------------------------------------------------------- thresholds


def limits(rules: Rules, kind: str) -> tuple[LimitView, ...]:
    """The thresholds of a kind as they are set, and their defaults."""
    of = rules.of(kind)
    found = [
        LimitView(
            limit.key, written(limit.of, of.limits[limit.key]), written(limit.of, limit.default), limit.means
        )
        for limit in BY_NAME[kind].limits
    ]
    return (*_own_table(rules, kind), *found)


def _own_table(rules: Rules, kind: str) -> list[LimitView]:
    """Keys that some of the first six kinds have of their own."""
    default = Rules()
    of: dict[str, list[tuple[str, Of | None, str, str]]] = {
        "customer_responded": [("auto_reply", "texts", "auto_reply", "patterns of automatic replies")],
        "reply_after_close": [
            ("window", "duration", "reply_after_close_window", "closed tickets count for so long")
        ],
        "missing_fields": [
            ("required", "texts", "required", "fields that no ticket may lack"),
            ("placeholders", "texts", "placeholders", "texts that stand for nothing"),
        ],
        "billing_code": [
            ("when", None, "billing_when", "which tickets need a code"),
            ("window", "duration", "billing_window", "closed tickets count for so long"),
        ],
    }
    return [
        LimitView(key, written(how, getattr(rules, field)), written(how, getattr(default, field)), means)
        for key, how, field, means in of.get(kind, [])
    ]


def written(of: Of | None, value: Any) -> str:  # noqa: ANN401 (as `of` says)
    """A threshold as TOML has it."""
    if of == "duration":
        for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
            if value and value % size == 0:
                return f'"{value // size}{letter}"'
        return f'"{value}s"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(f'"{text}"' for text in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


# ---------------------------------------------------------------- a few things first


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One kind in the plan."""

    kind: str
    on: bool
    days: int = 0
    """Business days of the last two weeks that are known and over."""
    zero_days: int = 0
    """On so many of them there was a moment without a row."""
    not_known: bool = False
    """No connected PSA lets it be known."""

    @property
    def steady(self) -> bool:
        """Brought to zero on each of them, and two weeks are known."""
        return self.on and self.days > 0 and self.zero_days == self.days


class Advice(msgspec.Struct, frozen=True):
    """Where a company stands in the plan, and what it could write next."""

    steps: tuple[Step, ...]
    known_since: int | None
    """Since when there is a history, UTC seconds."""
    enough: bool
    """The history goes back two weeks."""
    next: str | None
    """The kind to take up now; `None`: not yet, or all are on."""
    waits_for: tuple[str, ...]
    """Kinds that are not steady yet."""
    lines: tuple[str, ...]
    """What to write into the settings."""
    why: str


def advice(settings: Settings, past: Past, lost: dict[str, dict[str, str]], now: int) -> Advice:
    """The plan. `lost`: connection -> kind -> why it cannot be known there. Changes nothing."""
    order = (*PLAN, *(kind.name for kind in CATALOGUE if kind.name not in PLAN))
    days = business_days(settings, now)
    enough = past.begins_at is not None and bool(days) and past.begins_at <= days[0][0]
    steps = []
    for kind in order:
        on = settings.rules.of(kind).on
        nowhere = bool(lost) and all(kind in kinds for kinds in lost.values())
        known = days if enough and on and not nowhere else []
        zero = sum(past.was_zero(kind, begin, end) for begin, end in known)
        steps.append(Step(kind=kind, on=on, days=len(known), zero_days=zero, not_known=nowhere))
    able = [step for step in steps if not step.not_known]
    begin, rest = able[:FIRST], able[FIRST:]
    lacks = [step.kind for step in begin if not step.on]
    waits = tuple(step.kind for step in able if step.on and not step.steady)
    coming = next((step.kind for step in rest if not step.on), None)
    if lacks:
        why = f"The plan begins with {' and '.join(step.kind for step in begin)}."
        return Advice(tuple(steps), past.begins_at, enough, lacks[0], waits, _switch(lacks, on=True), why)
    more = [step.kind for step in rest if step.on]
    if waits and more and not all(step.steady for step in begin):
        why = (
            f"{len(more) + len(begin)} kinds are on, and the first {len(begin)} are not at zero day by day yet: with"
            " fewer it is easier to begin."
        )
        return Advice(tuple(steps), past.begins_at, enough, None, waits, _switch(more, on=False), why)
    if waits:
        why = "Not yet: what is on should be at zero on every business day of two weeks first."
        return Advice(tuple(steps), past.begins_at, enough, None, waits, (), why)
    if coming is None:
        return Advice(
            tuple(steps), past.begins_at, enough, None, (), (), "Every kind that can be known is on."
        )
    why = f"What is on was at zero on every business day of the last {DAYS} days: {coming} can come."
    lines = (*_switch([coming], on=True), *_defaults(settings.rules, coming))
    return Advice(tuple(steps), past.begins_at, enough, coming, (), lines, why)


def _switch(kinds: Sequence[str], *, on: bool) -> tuple[str, ...]:
    found = []
    for kind in kinds:
        found += [f"[rules.{kind}]", f"on = {'true' if on else 'false'}"]
    return tuple(found)


def _defaults(rules: Rules, kind: str) -> list[str]:
    """Its thresholds as comments, so that one sees what can be set."""
    return [f"# {limit.key} = {limit.value}   # {limit.means}" for limit in limits(rules, kind)]


def business_days(settings: Settings, now: int) -> list[tuple[int, int]]:
    """Begin and end (UTC seconds) of the business days of the last two weeks that are over, by `[hours]`."""
    zone = ZoneInfo(settings.timezone)
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    found = []
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        if settings.hours.opens(day) is not None:
            found.append((_midnight(day, zone), _midnight(day + timedelta(days=1), zone)))
    return found


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
