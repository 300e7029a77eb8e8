"""The screen in words, for screen readers: what is otherwise said by a place, a sign or a colour, as a sentence.

A reader reads what changes in the terminal, and the line that the terminal's cursor stands in. So in this mode nothing
changes by itself but by news (no seconds that count down), and what is under the cursor stands in the first lines.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from connectors.text import clean
from store.read_records import ChangeView, Row
from tui.keymap import label
from tui.pane_names import PANE_NAMES
from tui.text import age

if TYPE_CHECKING:
    from tui.standing import Counts, Standing

SIGNS = str.maketrans(
    {"▸": ">", "◂": "<", "│": " ", "┃": " ", "▌": " ", "●": "*", "·": ",", "┌": " ", "└": " "}
)
"""Signs of the conversation and the facts that a reader would spell out -> what it passes over or reads shortly."""
TONES = {"done": "Done", "wait": "On its way", "info": "Note", "warn": "Warning", "bad": "Failed"}
AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def is_spoken(widget: Widget) -> bool:
    """Whether this app shows words in place of frames and columns."""
    return bool(getattr(widget.app, "spoken", False))


def row_words(row: Row, now: int, *, ghost: str | None = None, marked: bool = False) -> str:
    """A row as a sentence: `Marked. Must. #70123 Acme: Printer offline. 2 days. …. Suggested: Remote Support.`"""
    parts = ["Marked"] if marked else []
    ticket = f"#{clean(row.number)} {clean(row.company) or 'no company'}: {clean(row.summary)}"
    if ghost is not None:
        return _sentence([*parts, f"Not here any more, {clean(ghost) or 'it has left this list'}", ticket])
    if row.pending:
        parts.append("A change is on its way")
    parts += ["Must" if row.gate else "Later" if row.kind else "Open", ticket, age_words(now - row.since)]
    parts += [clean(reason.text) for reason in row.reasons]
    if row.asked is not None:
        parts.append(f"{row.asked.state} {clean(row.asked.to)}")
    if row.promise is not None:
        what = clean(row.promise.label)
        parts.append(
            f"{label('queue.accept')} would set: {what}" if row.promise.strong else f"Perhaps: {what}"
        )
    return _sentence(parts)


def place_words(place: int, count: int, name: str) -> str:
    """Where the cursor is, in the pane of this name: `2 of 14 in Responded.`"""
    return f"{place + 1} of {count} in {name}."


def panes_words(counts: Counts, here: str) -> str:
    """All panes with their numbers: `In 1 Responded: 14 must. 2 Missing: 0 must, 8 later. …`"""
    parts = []
    for pane, name in (*((one.id, one.title) for one in counts.built_in), ("0", f"0 {PANE_NAMES['0']}")):
        must, later = counts.of(pane)
        sure = "not known" if counts.may_hide(pane) and not must else f"{must} must"
        numbers = str(later) if pane == "0" else sure + (f", {later} later" if later else "")
        parts.append(f"{'In ' if pane == here else ''}{name}: {numbers}")
    for one in counts.saved:  # behind the sum: their rows are in the four already
        numbers = f"{one.must} must, {one.later} later" if one.pane.columns != "0" else str(one.later)
        parts.append(f"{'In ' if one.pane.id == here else ''}{one.pane.title}: {numbers}")
    if counts.trouble:
        parts.append(f"{label('queue.trouble')} Trouble: {counts.trouble}")
    if counts.outbox:
        parts.append(f"{label('queue.outbox')} Outbox: {counts.outbox}")
    return _sentence(parts)


def header_words(standing: Standing, places: list[str], sync: Content, *, demo: bool) -> str:
    """The first line in words, without the clock: a reader would read it out each minute.

    `places` and `sync` as the header has them.
    """
    zero = "reading" if standing.to_zero is None else f"{standing.to_zero} to zero"
    if standing.whole is not None:
        zero = f"{standing.to_zero} of {standing.whole} to zero"
    elif standing.unsure and not standing.to_zero:
        zero = "nothing known to zero, and not all can be known"
    state = "syncing" if standing.syncing is not None else sync.plain.strip()
    parts = ["DEMO" if demo else "", zero, state]
    parts.append(f"{standing.waiting} waiting to be sent" if standing.waiting else "")
    parts.append(f"{len(standing.held)} held" if standing.held else "")
    running = [one for one in standing.timers if one.runs]
    parts.append(f"A timer runs on #{clean(running[0].number)}" if running else "")
    return _sentence(["deskzero", *parts, places[0].replace(" · ", ", ")])


def held_words(held: tuple[ChangeView, ...], zone: tzinfo) -> str:
    """What is held and when it leaves, as a time of day: seconds that count down would be read out one by one."""
    if not held:
        return ""
    last = max(held, key=lambda one: (one.created_at, one.change))
    what = f"{clean(last.verb)} #{clean(last.number)} {clean(last.company)}".rstrip()
    more = f" and {len(held) - 1} more" if len(held) > 1 else ""
    at = "" if last.due_at is None else f" at {datetime.fromtimestamp(last.due_at, zone):%H:%M:%S}"
    return f"Held: {what}{more}, leaves{at}. {label('queue.undo')} takes it back."


def age_words(seconds: int) -> str:
    """`2 days`, `1 hour`."""
    short = age(seconds)
    number, unit = short[:-1], AGES[short[-1]]
    return f"{number} {unit[:-1] if number == '1' else unit}"


def _sentence(parts: list[str]) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)
