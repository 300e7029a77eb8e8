"""The sentences of the exceptions on time and money."""

from __future__ import annotations

from connectors.text import clean
from store.saying import Say, Sentence, when

DAY = 86400


def _closed(say: Say) -> str:
    if say.data.get("closed_at") is None:
        return f"Closed{say.by('closed_by')}"
    return f"Closed {say.at('closed_at')}{say.by('closed_by')}"


def _says_nothing(say: Say) -> str:
    return f'{_closed(say)}; all that says how it was solved is "{say.word("said", "?")}".'


def _of(say: Say) -> str:
    return f"{say.hours} of {say.at('at')}" if say.data.get("at") is not None else say.hours


def _not_invoiced(say: Say) -> str:
    word = say.word("billable", "")
    marked = f' (the PSA says "{word}")' if word else ""
    return f"{_of(say)} that the customer is to pay for{marked} are on no invoice."


def _not_covered(say: Say) -> str:
    what = {"code": "code", "board": "board", "type": "type"}.get(str(say.data.get("by")), "work")
    agreement = say.word("agreement", "")
    by = f'agreement "{agreement}"' if agreement else "the agreement"
    return f'{_of(say)}: the {what} "{say.word("value", "?")}" is not covered by {by}, and nobody marked it to be paid.'


def _again_and_again(say: Say) -> str:
    days = round(int(say.data.get("within", 0)) / DAY)
    tickets = int(say.data.get("tickets", 0))
    on = "one ticket" if tickets == 1 else f"{tickets} tickets"
    company, type = say.word("company", "this company"), say.word("type", "?")
    many = f"{say.data.get('count')} short entries in {days} {'day' if days == 1 else 'days'}"
    return f'{many} for {company}, type "{type}", on {on}: {say.hours} that nobody pays for.'


def _span(say: Say) -> str:
    begins, ends = say.data.get("begins"), say.data.get("ends")
    if ends is None:
        return f"since {say.at('begins')}"
    return f"{when(begins, say.zone, say.now)} to {when(ends, say.zone, say.now)[-5:]}"


def _gap(say: Say) -> str:
    return f"No time {_span(say)}" + ("" if say.data.get("ends") is None else f", {_minutes(say)}")


def _minutes(say: Say) -> str:
    minutes = (int(say.data["ends"]) - int(say.data["begins"])) // 60
    return f"{minutes} min"


def _overlap(say: Say) -> str:
    return f"Two entries cover the same time, {_span(say)}, {_minutes(say)}."


def _entered_late(say: Say) -> str:
    return f"{say.hours} of {say.at('at')} were put in {say.at('entered_at')}."


def _not_answered(say: Say) -> str:
    days = int(say.data.get("days", 0))
    overdue = f"{days} business {'day' if days == 1 else 'days'}"
    to, by = clean(str(say.data.get("to") or "")), say.by("by")
    return (
        f"Billing{f' ({to})' if to else ''} was asked {say.at('at')}{by} and has not answered in {overdue}."
    )


SENTENCES: dict[str, Sentence] = {
    "nothing_written": lambda say: f"{_closed(say)}; nothing says how it was solved.",
    "says_nothing": _says_nothing,
    "closed_without_time": lambda say: f"{_closed(say)} without any time on it.",
    "worked_without_time": lambda say: f"You wrote on it {say.at('at')}, and there is no time on it.",
    "not_invoiced": _not_invoiced,
    "not_covered": _not_covered,
    "many_hours": lambda say: f"{say.hours} of work on a support ticket.",
    "many_technicians": lambda say: f"{say.data.get('count')} technicians have worked on a support ticket.",
    "many_entries": lambda say: f"{say.data.get('count')} time entries on a support ticket.",
    "again_and_again": _again_and_again,
    "overlap": _overlap,
    "gap_after": lambda say: f"{_gap(say)}, after this entry.",
    "gap_before": lambda say: f"{_gap(say)}, before this entry.",
    "entered_late": _entered_late,
    "not_answered": _not_answered,
}
"""By the reason's code, in the order in which a row's reasons are told."""
