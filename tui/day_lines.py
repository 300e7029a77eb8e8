"""What the end of day says in lines and as a text to hand over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from connectors.text import clean
from store.read_day import Day, Gap
from store.read_records import Row, pane_title
from tui.text import clock, when
from tui.widgets.columns import SECTION


def gate_title(kind: str) -> str:
    """`Responded`, `Responded on children`, `Orphaned`: in the queue the sections stand below "Responded"."""
    title = clean(pane_title(kind))
    return f"{pane_title('customer_responded')} {title}" if kind in SECTION else title


def answered_line(day: Day) -> str:
    """`today 11 answered, median 24 min · 5 without answer (3 thanks only, 2 answered by phone)`."""
    waited = f", median {_minutes(day.median)}" if day.median is not None else ""
    told = f"{day.answered} answered{waited}"
    count = sum(times for _, times in day.seen)
    if count:
        told += (
            f" · {count} without answer ({', '.join(f'{times} {clean(why)}' for why, times in day.seen[:4])})"
        )
    return f"today with deskzero: {told}"


def row_words(row: Row, day: Day, now: int, zone: tzinfo) -> str:
    """What stands behind a row that is left: who has it and why, or that it is due before the next shift."""
    key = row.connection, row.ticket_id
    parts = []
    if (left := day.left.get(key)) is not None:
        parts.append(f"→ {clean(left.to)}: {clean(left.why)}")
    if (due := day.due.get(key)) is not None:
        parts.append(
            f"due {when(due, now, zone)}, before the next shift"
            if due > now
            else f"was due {when(due, now, zone)}"
        )
    return " · ".join(parts)


def time_line(day: Day) -> str:
    """`Time 6.75 h`, or that it is not known."""
    return f"Time {day.hours:.2f} h today" if day.time_known else "Time: not known from this PSA"


def gap_line(gap: Gap, zone: tzinfo) -> str:
    """`gap 13:30-14:15: you touched #70151, #70160`, `overlap 10:00-10:15`."""
    span = f"{clock(gap.begins, zone)}-{clock(gap.ends, zone)}"
    if gap.overlap:
        return f"overlap {span}: two of your entries count the same time"
    numbers = ", ".join(f"#{clean(number)}" for _, _, number in gap.touched[:4])
    return f"gap {span}" + (
        f": you touched {numbers}" if numbers else ": nothing was done with deskzero then"
    )


def handed_over(rows: Sequence[Row], day: Day, *, title: str, now: int, zone: tzinfo) -> str:
    """The whole of it as plain text: for a mail, a chat, a notebook."""
    lines = [title, ""]
    for kind in dict.fromkeys(row.kind for row in rows):
        some = [row for row in rows if row.kind == kind]
        lines.append(f"{gate_title(kind or '')} ({len(some)})")
        for row in some:
            why = clean(row.reasons[0].text) if row.reasons else ""
            words = row_words(row, day, now, zone)
            lines.append(f"- #{clean(row.number)} {clean(row.company)}: {clean(row.summary)}. {why}")
            lines.append(f"  {words}" if words else "  nobody has taken it yet")
        lines.append("")
    if not rows:
        lines += ["Nothing is left.", ""]
    lines += [answered_line(day), time_line(day), *(gap_line(one, zone) for one in day.gaps)]
    return "\n".join(lines) + "\n"


def _minutes(seconds: int) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{seconds / 3600:.1f} h"
