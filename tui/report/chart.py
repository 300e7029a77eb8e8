"""A trend as a small line chart in SVG, to stand in an HTML page: no script, nothing from elsewhere.

A library for charts (matplotlib and its kin) would weigh more than all of deskzero; this is a line, two scales and
words for who cannot see it. Colours are the page's.
"""

from __future__ import annotations

from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from store.measures.section import Trend
from tui.sparkline import spoken_trend

WIDTH, HEIGHT = 360, 120
LEFT, RIGHT, TOP, BOTTOM = 34, 26, 12, 22


def chart(trend: Trend, name: str) -> Element:
    """The chart as an element. `name` is unique in the page: title and description are found by it."""
    svg = Element(
        "svg",
        {
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
            "xmlns": "http://www.w3.org/2000/svg",
        },
    )
    SubElement(svg, "title", {"id": f"{name}-title"}).text = trend.title
    SubElement(svg, "desc", {"id": f"{name}-desc"}).text = spoken_trend(trend.counts)
    most = _ceiling(max((one for one in trend.counts if one is not None), default=0))
    for value in dict.fromkeys((0, most // 2 if most % 2 == 0 else 0, most)):
        y = _y(value, most)
        line = {"x1": _n(LEFT), "x2": _n(WIDTH - RIGHT), "y1": _n(y), "y2": _n(y), "class": "grid"}
        SubElement(svg, "line", line)
        _label(svg, LEFT - 6, y + 4, str(value), "end")
    for place, anchor in _marked(len(trend.days)):
        _label(svg, _x(place, len(trend.days)), HEIGHT - 5, trend.days[place][5:], anchor)
    for stretch in _stretches(trend):
        points = " ".join(
            f"{_n(_x(place, len(trend.days)))},{_n(_y(count, most))}" for place, count in stretch
        )
        SubElement(svg, "polyline", {"points": points, "class": "line", "fill": "none"})
    if trend.counts and (last := trend.counts[-1]) is not None:
        x, y = _x(len(trend.days) - 1, len(trend.days)), _y(last, most)
        SubElement(svg, "circle", {"cx": _n(x), "cy": _n(y), "r": "3", "class": "dot"})
        _label(svg, x + 6, y + 4, str(last), "start", "last")
    return svg


def _ceiling(most: int) -> int:
    """The scale's top: 1, 2, 5, 10, 20, 50 …, or four fifths of one where that is enough."""
    top = 1
    while top < most:
        for step in (top * 2, top * 4, top * 5, top * 8):
            if step >= most:
                return step
        top *= 10
    return top


def _x(place: int, days: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (place / (days - 1) if days > 1 else 0.5)


def _y(count: int, most: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / most


def _marked(days: int) -> list[tuple[int, str]]:
    """Which days are named, and how their names are anchored."""
    if days < 3:
        return [(place, "middle") for place in range(days)]
    return [(0, "start"), (days // 2, "middle"), (days - 1, "end")]


def _stretches(trend: Trend) -> list[list[tuple[int, int]]]:
    """Days in a row of which the count is known: a line each. A single one is drawn as a short line."""
    known = [(place, count) for place, count in enumerate(trend.counts) if count is not None]
    found: list[list[tuple[int, int]]] = [[known[0]]] if known else []
    for (before, _), one in pairwise(known):
        if one[0] == before + 1:
            found[-1].append(one)
        else:
            found.append([one])
    return [stretch if len(stretch) > 1 else stretch * 2 for stretch in found]


def _label(svg: Element, x: float, y: float, words: str, anchor: str, more: str = "") -> None:
    attributes = {"x": _n(x), "y": _n(y), "text-anchor": anchor, "class": f"label {more}".strip()}
    SubElement(svg, "text", attributes).text = words


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
