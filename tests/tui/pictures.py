"""Pictures of the screen: the looks in which they are taken, and what each says that it shows.

A picture's title names the screen that was open when it was taken, its theme and its size. So the pictures that are
kept tell by themselves which screens have been looked at, and in which looks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from textual.app import App

from tests.tui.screen import NARROW, WIDE
from tui.connect.guide import Guide
from tui.spoken import is_spoken

KEPT = Path(__file__).parent / "__snapshots__"
DARK, LIGHT, CONTRAST = "deskzero-dark", "deskzero-light", "deskzero-contrast"


class Look(NamedTuple):
    """Colours and size of one picture."""

    theme: str = DARK
    size: tuple[int, int] = WIDE

    @property
    def measure(self) -> str:
        width, height = self.size
        return f"{width}x{height}"

    def __str__(self) -> str:
        return f"{self.theme}-{self.measure}"


def looks(*themes: str) -> list[Look]:
    """These colours at both sizes."""
    return [Look(theme, size) for theme in themes for size in (WIDE, NARROW)]


def taken_in(some: Iterable[Look], *, ids: Any = str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("look", some, ids=ids)


LOOKS = taken_in(looks(DARK, LIGHT))
"""What every screen and dialog is shown in, in at least one of its states."""
LOOKS_AND_CONTRAST = taken_in(looks(DARK, LIGHT, CONTRAST))
SIZES = taken_in(looks(DARK), ids=lambda look: look.measure)
"""For a further state of what has its picture in every look."""
SMALL = taken_in([Look(size=NARROW)], ids=lambda look: look.measure)
"""For a further state that differs by its words only."""


def title(shown: str, look: Look) -> str:
    return f"{shown} · {look.theme} · {look.measure}"


def title_now(app: App[Any]) -> str:
    """What a picture of this moment shows. One without colours, or in words, is in none of the looks."""
    screen = app.screen
    shown = type(screen.step if isinstance(screen, Guide) else screen).__name__
    extra = [" · without colour"] * app.has_class("-plain") + [" · in words"] * is_spoken(screen)
    width, height = app.size
    return title(shown, Look(app.theme, (width, height))) + "".join(extra)


def kept_titles() -> set[str]:
    """The titles of all pictures that are kept."""
    found = (
        re.search('class="terminal-title"[^>]*>([^<]*)<', path.read_text(encoding="utf-8"))
        for path in KEPT.rglob("*.svg")
    )
    return {html.unescape(one[1]).replace("\xa0", " ") for one in found if one is not None}
