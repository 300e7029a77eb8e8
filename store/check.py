"""The end-of-day question, answered once for the screen and for the command: is it zero?

`not_zero` if any gate row is known, whatever else is wrong; `zero` only when it is known; otherwise
`cannot_tell`, with the reasons in sentences (`docs/exceptions.md`, "Zero, honestly").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from connectors.text import clean
from store.not_known import by_connection
from store.read_check import Known
from store.read_evidence import EvidenceReader
from store.read_records import ChangeView, ConnectionView, QuarantineView
from store.read_rules import RuleProblem
from store.saying import iso, when
from store.settings_records import Settings, rules_mark

_WAITS = {
    "held": "held back so that it can be taken back",
    "asks": "written too long ago to leave before somebody says that it still goes",
    "queued": "not sent yet",
    "sending": "being sent",
    "conflict": "in conflict with a change or a note in the PSA",
    "rejected": "refused by the PSA",
    "uncertain": "sent without a known outcome",
}


OUTBOX = "Outbox: "
"""How the sentences about changes that are not in the PSA yet begin."""


class Count(msgspec.Struct, frozen=True):
    """One kind's two numbers."""

    must: int
    later: int


class Verdict(msgspec.Struct, frozen=True):
    """The answer. Times are UTC seconds."""

    verdict: Literal["zero", "not_zero", "cannot_tell"]
    to_zero: int
    """Gate rows: the sum of all `must`."""
    counts: dict[str, Count]
    """By kind, all six."""
    synced_at: int | None
    """When the connection that was read longest ago was read; `None`: one never was."""
    outbox: int
    """Changes that are neither confirmed nor undone nor dropped."""
    quarantined: int
    """Records that could not be read and may be in the scope."""
    aged_out: int
    """Rows past their window that were never resolved."""
    why: tuple[str, ...]
    """Sentences: what keeps zero from being known, then what is worth saying although all is known."""
    doubts: int = 0
    """How many of these, from the first, keep zero from being known."""


def verdict(
    reader: EvidenceReader, settings: Settings, *, now: int, gates: Sequence[str] | None = None, asked: bool
) -> Verdict:
    """The answer at `now` (UTC seconds), from what the databases hold.

    `gates` takes the place of `check.gates`. `asked` says that the PSA has just been asked: it changes no
    verdict, only what a sentence advises.
    """
    # The outbox is read before and after the cache: whatever a change hides from the lists is seen in one.
    before = reader.changes()
    evidence = reader.evidence(now=now, gates=gates)
    after, left_behind = reader.outbox()
    waiting = {change.change: change for change in [*before, *after]}
    counts = {pane.kind: Count(pane.must, pane.later) for pane in evidence.panes}
    to_zero = sum(count.must for count in counts.values())
    counted = settings.counted if gates is None else gates
    doubts = list(_doubts(evidence.connections, settings, now, asked))
    doubts += _not_known([known.state for known in evidence.connections], counted)
    doubts += _own_rules(evidence.rule_problems, gates)
    doubts += _outbox(list(waiting.values()))
    doubts += _left_behind(left_behind)
    doubts += _quarantine(evidence.quarantine)
    doubts = list(dict.fromkeys(doubts))
    remarks = [clean(remark) for known in evidence.connections for remark in known.state.remarks]
    times = [known.state.synced_at for known in evidence.connections]
    answer: Literal["zero", "not_zero", "cannot_tell"] = "cannot_tell" if doubts else "zero"
    return Verdict(
        verdict="not_zero" if to_zero else answer,
        to_zero=to_zero,
        counts=counts,
        synced_at=None if None in times else min((at for at in times if at is not None), default=None),
        outbox=len(waiting) + len(left_behind),
        quarantined=len(evidence.quarantine),
        aged_out=evidence.aged_out,
        why=tuple(dict.fromkeys([*doubts, *remarks])),
        doubts=len(doubts),
    )


def as_json(answer: Verdict) -> dict[str, Any]:
    """What `check --json` prints."""
    return {
        "verdict": answer.verdict,
        "to_zero": answer.to_zero,
        "counts": {kind: {"must": one.must, "later": one.later} for kind, one in answer.counts.items()},
        "synced_at": None if answer.synced_at is None else iso(answer.synced_at),
        "outbox": answer.outbox,
        "quarantined": answer.quarantined,
        "aged_out": answer.aged_out,
        "why": list(answer.why),
    }


# ---------------------------------------------------------------- what keeps zero from being known


def _doubts(connections: Sequence[Known], settings: Settings, now: int, asked: bool) -> Iterator[str]:
    if not connections:
        yield "No connection is configured."
    for known in connections:
        yield from _pull(known, settings, now, asked)
        if known.state.synced_at is None:
            continue
        yield from _conversations(known, settings, asked)
        if not known.any_open and not known.state.count_confirmed:
            yield (
                f"{known.state.connection}: no open ticket is left, and the PSA's own count has not"
                " confirmed that."
            )
        yield from (clean(sentence) for sentence in known.state.why)


def _pull(known: Known, settings: Settings, now: int, asked: bool) -> Iterator[str]:
    """Pulled without error within `check.max_age`, every name of the scope resolved."""
    state, zone = known.state, ZoneInfo(settings.timezone)
    name = state.connection
    if state.error is not None:
        since = state.since_down if state.since_down is not None else state.tried_at
        yield f"{name}: the last sync failed ({clean(state.error)}), since {when(since, zone, now)}."
    if state.synced_at is None:
        if state.error is None:
            yield f"{name} has never been synced."
        return
    wanted = str(settings.connections[name].scope)
    if state.scope and state.scope != wanted:
        yield f"{name}: the scope is now {clean(wanted)}, what is known is of {clean(state.scope)}."
    if known.rules != rules_mark(settings, name):
        yield f"{name}: its exceptions were worked out with other settings; `deskzero sync` does it anew."
    if not -60 <= now - state.synced_at <= settings.max_age:
        advice = "" if asked else "; `deskzero check` without --offline asks the PSA"
        yield (
            f"{name} was last read {when(state.synced_at, zone, now)}, not within the last"
            f" {_duration(settings.max_age)}{advice}."
        )


def _conversations(known: Known, settings: Settings, asked: bool) -> Iterator[str]:
    name, title = known.state.connection, clean(known.state.title) or "The PSA"
    if known.unread:
        yield f"{_conversations_of(known.unread, name)} not read since the last change of the ticket."
    if known.not_lately:
        mine = settings.connections[name].scope.kind == "mine"
        advice = ""
        if not mine:
            advice = "; in another scope than `mine` they are not all read again"
        elif not asked:
            advice = "; `deskzero check` without --offline reads them"
        yield (
            f"{title} does not say when a note arrives, and {_conversations_of(known.not_lately, name)}"
            f" not read within the last {_duration(settings.max_age)}{advice}."
        )


def _not_known(states: Sequence[ConnectionView], gates: Sequence[str]) -> Iterator[str]:
    """Kinds that count and that a PSA does not let be known: no zero of theirs is one."""
    for name, sentences in by_connection(states, gates).items():
        for sentence, kinds in sentences.items():
            named = " and ".join((", ".join(kinds[:-1]), kinds[-1])) if kinds[1:] else kinds[0]
            yield f"{name}: {named} cannot be known. {clean(sentence)}"


def _own_rules(problems: Sequence[RuleProblem], gates: Sequence[str] | None) -> Iterator[str]:
    """The company's own rules that count and do not work: what they would find is not known."""
    for one in problems:
        if one.counts if gates is None else one.kind in gates:
            yield clean(f"{one.sentence} It counts, and what it would find is not known.")


def _outbox(waiting: Sequence[ChangeView]) -> Iterator[str]:
    states = Counter(_waits_as(change) for change in waiting)
    for state, said in _WAITS.items():
        if not states[state]:
            continue
        numbers = sorted({f"#{clean(change.number)}" for change in waiting if _waits_as(change) == state})
        shown = ", ".join(numbers[:5]) + (" …" if len(numbers) > 5 else "")
        be = "is" if states[state] == 1 else "are"
        yield f"{OUTBOX}{_many(states[state], 'change')} {be} {said} ({shown})."


def _waits_as(change: ChangeView) -> str:
    return "asks" if change.asks else change.state


def _left_behind(changes: Sequence[ChangeView]) -> Iterator[str]:
    for name in dict.fromkeys(change.connection for change in changes):
        of_it = [change for change in changes if change.connection == name]
        yield (
            f"{OUTBOX}{_many(len(of_it), 'change')} of the connection {clean(name)}, which is no longer in the"
            f" settings, never ended; `deskzero outbox --drop {of_it[0].change}` gives"
            f" {'it' if len(of_it) == 1 else 'the first'} up."
        )


def _quarantine(records: Sequence[QuarantineView]) -> Iterator[str]:
    names = dict.fromkeys(record.connection for record in records)
    for name in names:
        of_it = [record for record in records if record.connection == name]
        first = of_it[0]
        yield (
            f"{name}: {_many(len(of_it), 'record')} could not be understood and may be in the queue, first"
            f" {clean(first.stream)} {clean(first.record_id)} ({clean(first.path)}: {clean(first.problem)})."
        )


def _conversations_of(count: int, name: str) -> str:
    return f"{_many(count, 'conversation')} of {name} {'was' if count == 1 else 'were'}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _duration(seconds: int) -> str:
    if seconds % 60:
        return f"{seconds} seconds"
    minutes = seconds // 60
    return "minute" if minutes == 1 else f"{minutes} minutes"
