"""Why a figure misses its target, for the page: each with the heading under which its profile stands."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.figures import Figure

WHY = {
    "first paint": (
        "Where the first paint goes",
        "The floor loads Textual and paints a line. Ours loads its own modules besides (the reading of both databases,"
        " its widgets with the styles of each), and reads numbers, rows and ticket meanwhile. What is left is loading:"
        " a first frame without rows or ticket would be quicker, and say less.",
    ),
    "key to paint: cursor down": (
        "Where the time of a key goes",
        "On the edge, from run to run on either side of it: two lines of a dozen styled parts in place of two of one.",
    ),
    "key to paint: page down": (
        "Where the time of a key goes",
        "A page of lines, each of a dozen styled parts; now and then its rows have to be read first.",
    ),
    "key to paint: pane switch": (
        "Where the time of a key goes",
        "One millisecond until the rows are there, two until every part has told that it wants to be painted; the rest"
        " is Textual's painting of a whole list, of its title and of the panes, in one frame.",
    ),
    "filter keystroke": (
        "Where the time of a key goes",
        "Two frames, the letter's and that of its rows. Between them a page of rows is looked for in five fields and"
        " put together with reasons, last words and promises, where the floor has one text.",
    ),
    "accept a suggestion": (
        "Where the time of a key goes",
        "More than half is the 12 ms in which it shows whether more keys come with this one: a paste must accept"
        " nothing. The rest prepares the fix against its guards and makes it durable before the row says so.",
    ),
    "full pull": (
        "What a full pull",
        "Per request the turn in the budget that all processes share, retries, limits and typed errors; per row the"
        " lenient reading, hash and comparison that keep one bad field from losing a ticket.",
    ),
    "unchanged sync, wall, a PSA that answers at once": (
        "What a sync with nothing new takes its processor time for",
        "No PSA answers at once; with one that takes 20 ms the target is met. The rest is the comparison of every id of"
        " the scope with the cache, which finds what left it silently.",
    ),
    "unchanged sync, rows written besides": (
        "What a sync with nothing new writes",
        "The ticket that set the cursor comes again, and when it was read is noted: so nothing was missed.",
    ),
    "evaluation: after a sync": (
        "What a round after",
        "Some 150 small statements, each a fraction of a millisecond of SQLAlchemy and SQLite, on any machine.",
    ),
    "write-back, milliseconds a fix": (
        "What sending takes its processor time for",
        "The thread that sends also keeps the audit log and lays the overlay.",
    ),
    "memory": (
        "Where the memory goes",
        "SQLAlchemy, SQLModel, pydantic and httpx, which writing and syncing need, are most of what is over the floor.",
    ),
    "deskzero check": (
        "Commands that read: where the time goes",
        "Loading msgspec and our own modules; the answer itself takes a few milliseconds.",
    ),
    "deskzero list --json": (
        "Commands that read: where the time goes",
        "The floor prints nothing. The smallest program that prints these rows is a row of its own in the table.",
    ),
}
"""The beginning of a figure's name -> (the beginning of a heading, words)."""


def missed(figures: Iterable[Figure], headings: Iterable[str]) -> str:
    """The figures of the table that miss their target, each with why. One without words says so, and so does one whose
    profile is not on the page."""
    known = list(headings)
    lines: dict[str, list[str]] = {}
    for figure in figures:
        if figure.met is not False or not figure.standard:
            continue
        measured = f"{figure.value:,.0f} {figure.unit}" if figure.ratio is None else f"{figure.ratio:.2f} x"
        lines.setdefault(_why(figure, known), []).append(f"**{figure.what}** {measured}")
    return "\n".join(f"- {', '.join(names)}. {why}" for why, names in lines.items()) + "\n"


def _why(figure: Figure, headings: list[str]) -> str:
    found = next((why for name, why in WHY.items() if figure.what.startswith(name)), None)
    if found is None:
        return "NOT EXPLAINED yet."
    heading = next((one for one in headings if one.startswith(found[0])), None)
    where = "its profile is NOT ON THIS PAGE" if heading is None else f'"{heading}"'
    return f"{found[1]} ({where})"
