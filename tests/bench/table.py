"""The table, for the terminal and as `docs/benchmarks.md`."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from tests.bench.figures import Figure, Note, NotRun, Row, slope
from tests.bench.missed import missed

VERSIONS = ("textual", "httpx", "msgspec", "sqlalchemy", "sqlmodel", "pydantic")
HEAD = """# Benchmarks

How fast deskzero is, each figure against its floor: a program as small as possible that does the part that cannot be
avoided. Ours and the floor are measured in the same run, in turn, after a warm-up where a sample takes seconds at the
most; what counts is the ratio of their medians. Absolute figures say only where the machine stood. The floors are in
`tests/bench/floors/`, the parts beside them. `python -m tests.bench` measures all of it and writes this page;
with the name of a part, that one.

{machine}.
"""


@dataclass(frozen=True)
class Part:
    """One part's rows, when and by what they were measured."""

    name: str
    rows: list[Row]
    at: datetime
    seconds: float
    command: str


def number(value: float, unit: str) -> str:
    """A figure with three digits that count, and its unit."""
    if unit in ("bytes", "requests", "statements"):
        return f"{value:,.0f} {unit}"
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def verdict(figure: Figure) -> str:
    """The target and whether it is met."""
    if figure.target is None:
        return "reported"
    wanted = f"<= {figure.target:g} {figure.unit}" if figure.absolute else f"<= {figure.target:.4g} x"
    return f"{wanted} {'met' if figure.met else 'MISSED'}"


def printed(row: Row) -> str:
    """One row as the terminal shows it."""
    match row:
        case Figure():
            base = "" if row.base is None else number(row.base, row.unit)
            ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
            what = row.what if row.size is None else f"{row.what} ({row.size:,})"
            return f"  {what:<58}{number(row.value, row.unit):>14}{base:>14}{ratio:>10}   {verdict(row)}\n"
        case NotRun():
            return f"  {row.what:<58}NOT RUN: {row.why}\n"
        case Note():
            return f"  {row.title}\n" + "".join(f"    {line}\n" for line in row.text.splitlines())


def document(parts: Sequence[Part | str], about: Mapping[str, str]) -> str:
    """`docs/benchmarks.md`. A name stands for a part that was not run; `about`: what each is about."""
    told = [HEAD.format(machine=machine())]
    run = [part for part in parts if isinstance(part, Part)]
    rows: list[Row] = [row for part in run for row in part.rows]
    rows += [NotRun(about[part], "not run yet") for part in parts if isinstance(part, str)]
    told.append(
        _table([row for row in rows if isinstance(row, NotRun) or (isinstance(row, Figure) and row.standard)])
    )
    notes = [row for row in rows if isinstance(row, Note)]
    if misses := missed(
        (row for row in rows if isinstance(row, Figure)), (note.title for note in notes)
    ).strip():
        told.append("## What misses its target, and why\n\n" + misses + "\n")
    growing = [row for row in rows if isinstance(row, Figure) and row.size is not None]
    if growing:
        told.append("## Growth\n\n" + _growth(growing))
    told += [f"## {note.title}\n\n{note.text.strip()}\n" for note in notes]
    told.append("## When, and by what\n\n" + _runs(run))
    return "\n".join(told)


def _runs(parts: Sequence[Part]) -> str:
    lines = ["| part | measured | took | by |", "| --- | --- | ---: | --- |"]
    for part in parts:
        at = part.at.strftime("%Y-%m-%d %H:%M UTC")
        lines.append(f"| {part.name} | {at} | {part.seconds:.0f} s | `{part.command}` |")
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Processor, system and versions, on one line."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.release()}, "
        f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {versions}"
    )


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name"))
    return next(names, platform.machine())


def _table(rows: Iterable[Figure | NotRun]) -> str:
    lines = ["| what | ours | floor | ratio | target | |", "| --- | ---: | ---: | ---: | --- | --- |"]
    for row in rows:
        if isinstance(row, NotRun):
            lines.append(f"| {row.what} | NOT RUN | | | | {row.why} |")
            continue
        base = "" if row.base is None else number(row.base, row.unit)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
        lines.append(
            f"| {row.what} | {number(row.value, row.unit)} | {base} | {ratio} | {verdict(row)} | {row.note} |"
        )
    return "\n".join(lines) + "\n"


def _growth(figures: Sequence[Figure]) -> str:
    """Each figure at each size, and the slope: 0 flat, 1 linear."""
    sizes = sorted({figure.size for figure in figures if figure.size is not None})
    lines = [
        f"| what | {' | '.join(f'{size:,}' for size in sizes)} | slope |",
        f"| --- |{' ---: |' * (len(sizes) + 1)}",
    ]
    named = sorted(figures, key=lambda figure: (figure.what, figure.size or 0))
    for what, some in groupby(named, key=lambda figure: figure.what):
        found = {figure.size: figure for figure in some}
        cells = [number(found[size].value, found[size].unit) if size in found else "" for size in sizes]
        points = [(float(size), found[size].value) for size in sizes if size in found]
        rising = [point for point in points if point[1] > 0]
        grows = f"{slope(rising):.2f}" if len(rising) > 1 else ""
        lines.append(f"| {what} | {' | '.join(cells)} | {grows} |")
    return "\n".join(lines) + "\n\nSlope: 0 flat, 1 linear (over the logarithms of size and figure).\n"
