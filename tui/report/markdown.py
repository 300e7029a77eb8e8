"""A report as Markdown (CommonMark with tables). What is foreign cannot become a link, a picture, HTML or a mark."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.text import clean
from store.measures.section import Report, Section, Table
from tui.report.heading import made_words, span_title
from tui.sparkline import sparkline, spoken_trend

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&@$])")
_ADDRESS = re.compile(r"(?i)(:(?=//)|(?<=\bwww)\.)")
_BEGINNING = re.compile(r"^(\d{1,9})?([-+=.):])")
WIDTH = 30
"""A line of blocks is at most so long."""


def markdown(report: Report, *, plain: bool = False) -> str:
    """The whole text. `plain`: trends in words, not in blocks."""
    return "\n".join(_lines(report, plain)) + "\n"


def escaped(words: str) -> str:
    """Text that shows as it is in Markdown: marks get a backslash, also what would make a bare address a link.

    For a line, its inside or a cell.
    """
    text = _MARKS.sub(r"\\\1", clean(words).encode("utf-8", "replace").decode("utf-8"))
    text = _ADDRESS.sub(r"\\\1", text)
    return _BEGINNING.sub(lambda found: f"{found[1] or ''}\\{found[2]}", text)


def _lines(report: Report, plain: bool) -> Iterator[str]:
    yield f"# deskzero, {escaped(span_title(report))}"
    yield ""
    yield escaped(made_words(report))
    for section in report.sections:
        yield ""
        yield f"## {escaped(section.title)}"
        yield from _section(section, plain)


def _section(section: Section, plain: bool) -> Iterator[str]:
    if section.figures:
        yield ""
        for figure in section.figures:
            note = f" ({escaped(figure.note)})" if figure.note else ""
            yield f"- {escaped(figure.label)}: **{escaped(figure.value)}**{note}"
    for line in section.lines:
        yield ""
        yield escaped(line)
    for table in section.tables:
        yield from _table(table)
    if section.trends:
        rows = tuple(
            (
                trend.title,
                spoken_trend(trend.counts) if plain else sparkline(trend.counts, width=WIDTH),
                "" if not trend.counts or trend.counts[-1] is None else str(trend.counts[-1]),
                trend.note,
            )
            for trend in section.trends
        )
        yield from _table(Table(("Kind", "Day by day", "Last day", "In all"), rows, numbers=frozenset({2})))


def _table(table: Table) -> Iterator[str]:
    yield ""
    if table.title:
        yield f"**{escaped(table.title)}**"
        yield ""
    yield _row(table.columns)
    yield _row_of(["--:" if column in table.numbers else ":--" for column in range(len(table.columns))])
    for row in table.rows:
        yield _row(row)


def _row(cells: tuple[str, ...]) -> str:
    return _row_of([escaped(cell) for cell in cells])


def _row_of(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
