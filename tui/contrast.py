"""How well one colour is read on another: the ratio of WCAG 2.2, and colours moved until it is enough."""

from __future__ import annotations

from collections.abc import Iterable

from textual.color import BLACK, WHITE, Color

TEXT = 4.5
"""WCAG 2.2, 1.4.3: the least for text."""
FRAME = 3.0
"""WCAG 2.2, 1.4.11: the least for lines and signs."""
_STEPS = 20


def ratio(one: Color, other: Color) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(colour: Color, grounds: Iterable[Color], least: float = TEXT) -> Color:
    """The colour itself where it can be read on all the grounds, else moved towards white or black until it can."""
    behind = list(grounds)
    dark = sum(_luminance(ground) for ground in behind) / len(behind) < 0.18
    goal = WHITE if dark else BLACK
    for step in range(_STEPS + 1):
        moved = colour.blend(goal, step / _STEPS, alpha=1.0)
        if all(ratio(moved, ground) >= least for ground in behind):
            return moved
    return goal


def _luminance(colour: Color) -> float:
    """The relative luminance of WCAG: 0 is black, 1 is white."""
    red, green, blue = (_linear(part / 255) for part in (colour.r, colour.g, colour.b))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
