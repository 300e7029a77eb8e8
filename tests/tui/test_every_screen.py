"""No screen, dialog or step of the guide without a kept picture in every look: both sizes, dark and light."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from textual.screen import Screen

import tui.connect
import tui.screens
from tests.tui.pictures import DARK, LIGHT, kept_titles, looks, title
from tui.connect.guide import STEPS, Guide
from tui.screens.base import Dialog


def kinds(base: type) -> Iterator[type]:
    """All classes of the app's own that are made of this one."""
    for kind in base.__subclasses__():
        yield from kinds(kind)
        if kind.__module__.startswith("tui."):
            yield kind


def screens() -> set[type]:
    """All that can be opened: every dialog, and the last of each line of other screens."""
    for package in (tui.screens, tui.connect):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    dialogs = set(kinds(Dialog))
    others = {kind for kind in kinds(Screen) if kind is not Dialog and not kind.__subclasses__()}
    return dialogs | others


def test_every_screen_has_its_picture_in_every_look():
    kept = kept_titles()
    shown = {kind.__name__ for kind in screens() - {Guide}} | {step.__name__ for step in STEPS}
    lacking = [title(name, look) for name in sorted(shown) for look in looks(DARK, LIGHT)]
    lacking = [one for one in lacking if one not in kept]
    assert not lacking, f"no test takes these pictures (tests/tui/pictures.py): {lacking}"
