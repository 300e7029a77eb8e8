"""A row of numbers as text: block characters in eight heights, or words where blocks say nothing.

Textual's own `Sparkline` is a widget, and its renderable paints segments with a colour each; lists, Markdown and files
need plain text, and eight characters are no reason for a library.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BARS = "▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int | None], *, width: int | None = None) -> str:
    """One character a number, the highest the full block; `None` (not known) is a gap.

    Nothing is the lowest block and something is always higher. More numbers than `width` are put together, each
    group by its highest. Raises `ValueError` for a number below zero.
    """
    shown = list(counts)
    if any(one is not None and one < 0 for one in shown):
        raise ValueError("counts are not below zero")
    if width is not None and 0 < width < len(shown):
        edges = [place * len(shown) // width for place in range(width + 1)]
        groups = [shown[first:last] for first, last in pairwise(edges)]
        shown = [max((one for one in group if one is not None), default=None) for group in groups]
    most = max((one for one in shown if one is not None), default=0)
    return "".join(" " if one is None else BARS[_level(one, most)] for one in shown)


def _level(one: int, most: int) -> int:
    return 0 if one == 0 else 1 + (one * 6) // most


def spoken_trend(counts: Sequence[int | None], *, unit: str = "days") -> str:
    """The same in words, for a screen reader: `from 3 to 8 in 7 days, highest 9`."""
    known = [one for one in counts if one is not None]
    if not known:
        return "not known"
    first, last, most, least = known[0], known[-1], max(known), min(known)
    span = f"{len(counts)} {unit.removesuffix('s') if len(counts) == 1 else unit}"
    if least == most:
        return f"{first} all the time, {span}"
    words = f"from {first} to {last} in {span}" if first != last else f"{first} at both ends of {span}"
    if most > max(first, last):
        words += f", highest {most}"
    if least < min(first, last):
        words += f", lowest {least}"
    return words
