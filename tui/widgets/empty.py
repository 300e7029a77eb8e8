"""What an empty pane says: what zero means there, when that was so, and what is next. A filter's is never "zero"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.text import clean
from store.filter_words import Filter
from store.not_known import by_connection
from store.rules.catalogue import title_of
from store.shown import Shown
from tui.keymap import label
from tui.pane_list import FOUR, Pane
from tui.standing import Counts, Standing
from tui.text import when, wrap
from tui.widgets.list_title import shown_words

if TYPE_CHECKING:
    from tui.app import Deskzero

WIDTH = 64
"""Cells of a line that explains."""

_MEANS = {
    "1": "No customer waits for a word from us.",
    "2": "Every open ticket has its required fields.",
    "3": "Every child has an open parent.",
    "4": "Nothing worked on lacks a billing code.",
    "0": "There is no open ticket in the scope.",
}


def empty_words(
    pane: Pane, text: str, shown: Shown | None, standing: Standing, counts: Counts, app: Deskzero
) -> list[str]:
    """The lines in the middle of an empty list. `shown`: the part of the scope that it is of."""
    if not counts.known:
        return ["Reading …"]
    if text:
        behind = sum(counts.of(pane.id))
        tickets = "ticket is" if behind == 1 else "tickets are"
        return [
            f"Nothing here matches “{text}”.",
            f"{behind} {tickets} behind the filter. {label('queue.back')} lets go of it.",
            *(f"Left out: {problem}" for problem in Filter.of(text).problems),
        ]
    if not app.settings.connections:
        return ["No PSA is connected yet.", "`deskzero connect` connects one, `deskzero demo` shows around."]
    times = [state.synced_at for state in standing.states]
    bad = [state for state in standing.states if state.error is not None]
    if any(at is None for at in times):
        first = bad[0] if bad else None
        if first is not None:
            return [
                "Not known: the PSA has not been read yet.",
                first.error or "",
                first.hint or f"{label('queue.trouble')} shows what is wrong.",
            ]
        return ["The PSA is being asked for the first time …"]
    read = when(min(at for at in times if at is not None), app.now, app.zone)
    since = (
        f"So it was at {read}."
        if not bad
        else f"So it was at {read}; since then the PSA could not be asked ({label('queue.trouble')})."
    )
    others = [one for one in counts.built_in if one.id != pane.id]
    following = next((one for one in others if counts.of(one.id)[0]), None)
    next_line = f"{label('queue.end_of_day')} asks whether the day is done."
    if following is not None:
        next_line = f"Next: {following.title}, {counts.of(following.id)[0]} to zero."
    elif any(counts.of(one.id)[1] for one in others):
        rest = f"{label('queue.next_pane')} goes on to the rest."
        next_line = (
            f"Nothing else counts to zero: {label('queue.end_of_day')} asks whether the day is done, {rest}"
        )
    if unknown := _not_known(pane, standing):
        return [*unknown, next_line]
    if away := counts.hidden(pane.id):
        rows = "1 row is" if away == 1 else f"{away} rows are"
        return [
            f"Nothing in sight: {rows} hidden for a while, {label('queue.snooze')} brings them back.",
            since,
            next_line,
        ]
    if shown is not None:
        left = counts.outside(pane.id)
        where = f"in the rest of the scope: {label('queue.scope')} shows it."
        more = [f"{left} {'is' if left == 1 else 'are'} {where}"] if left else []
        return [f"Nothing of {shown_words(shown)} is here.", *more, since, next_line]
    if pane.saved:
        return [f"Nothing matches this pane's filter: {clean(pane.filter)}", since, next_line]
    return [*_means(pane), since, next_line]


def _not_known(pane: Pane, standing: Standing) -> list[str]:
    """What cannot be known here and why; of a pane with several kinds also what is known to be zero."""
    lost = by_connection(standing.states, pane.kinds)
    broken = [one for one in standing.broken if pane.columns == "8" or one.kind in pane.kinds]
    if not lost and not broken:
        return []
    several = len(standing.states) > 1
    kinds = {kind for of in lost.values() for some in of.values() for kind in some}
    kinds |= {one.kind for one in broken}
    known = [clean(title_of(kind)) for kind in pane.kinds if kind not in kinds]
    if pane.columns in FOUR and not known:
        lines = ["Nothing is known of this kind here; that is no zero."]
    else:
        lines = wrap(f"Nothing of what can be known here: {', '.join(known)}.", WIDTH) if known else []
        lines.append("Not known, which is no zero:")
    for name, sentences in lost.items():
        for sentence, some in sentences.items():
            named = "" if pane.columns in FOUR else f"{', '.join(clean(title_of(kind)) for kind in some)}: "
            lines += wrap(f"{f'{clean(name)}: ' if several else ''}{named}{clean(sentence)}", WIDTH)
    for one in broken:
        lines += wrap(clean(one.sentence), WIDTH)
    return lines


def _means(pane: Pane) -> list[str]:
    """What zero means here; of further kinds each is named, so that a zero says what it is about."""
    if pane.columns in _MEANS:
        return [_MEANS[pane.columns]]
    looked_for = ", ".join(clean(title_of(kind)) for kind in pane.kinds)
    return wrap(f"Nothing of what is looked for here: {looked_for}.", WIDTH)
