"""What `h`, `L` and the line after a pause say, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from textual.content import Content

from connectors.text import clean
from store.read_log import Happened, Since
from store.read_records import ChangeView, HistoryView
from tui.keymap import label
from tui.text import age, say, when
from tui.watch import STATE_WORDS, named, what
from tui.widgets.columns import SECTION, pane_words


def kind_words(kind: str) -> str:
    """`Responded (child)`."""
    section = f" ({SECTION[kind]})" if kind in SECTION else ""
    return f"{pane_words(kind)}{section}"


def ticket_story(
    history: Iterable[HistoryView], changes: Iterable[ChangeView], now: int, zone: tzinfo
) -> list[Content]:
    """Everything that was wrong with a ticket and what was done about it, newest last."""
    verbs = {change.change: what(change) for change in changes}
    lines: list[tuple[int, Content]] = []
    for one in history:
        kind = kind_words(one.kind)
        opened = Content.styled("● ", "$must") + Content(f"{kind}, since {when(one.since, now, zone)}")
        lines.append((one.opened_at, opened))
        if one.cleared_at is not None:
            by = f"by {verbs.get(one.cleared_by, 'a fix')}" if one.cleared_by else "by itself, or in the PSA"
            took = age(max(0, one.cleared_at - one.since))
            cleared = Content.styled("✓ ", "$success") + Content(f"{kind} cleared {by}, after {took}")
            lines.append((one.cleared_at, cleared))
    for change in changes:
        error = f": {clean(change.error)}" if change.error else ""
        because = f", because {clean(change.because)}" if change.because else ""
        words = f"{what(change)} · {STATE_WORDS[change.state]}{error}{because}"
        lines.append((change.created_at, Content.styled("↑ ", "$accent") + say(words)))
    return _dated(lines, now, zone)


def whole_story(
    some: Iterable[Happened],
    said: Iterable[tuple[int, str]],
    now: int,
    zone: tzinfo,
    changes: Iterable[ChangeView],
) -> list[Content]:
    """What happened here: exceptions, fixes, and what the screen has said in this session; newest last."""
    by_id = {change.change: change for change in changes}
    lines: list[tuple[int, Content]] = [
        (at, Content.styled("· ", "$quiet") + say(text, "$quiet")) for at, text in said
    ]
    for one in some:
        number = f"#{clean(one.number)} "
        match one.what:
            case "opened":
                line = Content.styled("● ", "$must") + Content(f"{number}{kind_words(one.kind)}: new here")
            case "cleared":
                line = Content.styled("✓ ", "$success") + Content(
                    f"{number}{kind_words(one.kind)}: gone by itself, or in the PSA"
                )
            case "fixed":
                line = Content.styled("✓ ", "$success") + Content(f"{number}{kind_words(one.kind)}: fixed")
            case _:
                change = by_id.get(one.change)
                words = named(change) if change is not None else f"{number}{clean(one.verb)}"
                line = Content.styled("↑ ", "$accent") + say(
                    f"{words} · {STATE_WORDS.get(one.state, one.state)}"
                )
        lines.append((one.at, line))
    return _dated(lines, now, zone)


def since_words(since: Since, now: int, zone: tzinfo) -> str:
    """`Since Thu 17:02: 3 new (Responded 2, Orphaned 1), 4 gone by themselves, 2 fixes arrived`; empty for nothing."""
    parts = []
    if since.new:
        counted = ", ".join(f"{kind_words(kind)} {count}" for kind, count in since.new.items())
        parts.append(f"{sum(since.new.values())} new ({counted})")
    if since.gone:
        parts.append(f"{since.gone} gone by themselves")
    if since.sent:
        parts.append(f"{since.sent} of your fixes arrived")
    if since.stuck:
        parts.append(f"{since.stuck} wait for a decision ({label('queue.trouble')})")
    tells = f"{label('queue.log')} tells all"
    return f"Since {when(since.at, now, zone)}: {', '.join(parts)}. {tells}" if parts else ""


def _dated(lines: list[tuple[int, Content]], now: int, zone: tzinfo) -> list[Content]:
    lines.sort(key=lambda pair: pair[0])
    return [Content.styled(f"{when(at, now, zone):<13}", "$quiet") + line for at, line in lines]
