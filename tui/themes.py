"""Colours: dark, light, high contrast, and those that Textual brings.

Nothing rests on colour alone; with NO_COLOR there is none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from store.toml_table import near
from tui.contrast import FRAME, readable
from tui.problem import WRONG, Problem

if TYPE_CHECKING:
    from textual.app import App

DARK = Theme(
    name="deskzero-dark",
    primary="#7aa2f7",
    secondary="#9aa5ce",
    accent="#7dcfff",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#c8d0e0",
    background="#12151c",
    surface="#171b24",
    panel="#1e2430",
    dark=True,
    variables={
        "frame": "#687087",
        "frame-title": "#a9b4cc",
        "quiet": "#979fb2",
        "cursor": "#26324d",
        "must": "#ff9e64",
        "public": "#ff9e64",
        "internal": "#73daca",
        "customer": "#7dcfff",
    },
)
LIGHT = Theme(
    name="deskzero-light",
    primary="#2e5cb8",
    secondary="#4a5578",
    accent="#006a91",
    warning="#8a5a00",
    error="#b3213f",
    success="#3d6b14",
    foreground="#20242e",
    background="#fbfbf9",
    surface="#f2f2ee",
    panel="#e7e8e4",
    dark=False,
    variables={
        "frame": "#858a96",
        "frame-title": "#4a5062",
        "quiet": "#5c6170",
        "cursor": "#d6e2fa",
        "must": "#a84200",
        "public": "#a84200",
        "internal": "#00695c",
        "customer": "#005f87",
    },
)


CONTRAST = Theme(
    name="deskzero-contrast",
    primary="#6cb6ff",
    secondary="#e0e0e0",
    accent="#5fffff",
    warning="#ffd700",
    error="#ff9c9c",
    success="#7dff7d",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#101010",
    dark=True,
    variables={
        "frame": "#c0c0c0",
        "frame-title": "#ffffff",
        "quiet": "#d0d0d0",
        "cursor": "#003070",
        "must": "#ffb347",
        "public": "#ffb347",
        "internal": "#7fffd4",
        "customer": "#8fe3ff",
    },
)
OURS = (DARK, LIGHT, CONTRAST)


def names() -> tuple[str, ...]:
    """Ours first, then those that Textual brings; without the ones that leave the colours to the terminal."""
    return (
        *(theme.name for theme in OURS),
        *sorted(n for n, theme in BUILTIN_THEMES.items() if not theme.ansi),
    )


def light_terminal() -> bool:
    """Whether the terminal says that its background is light (`COLORFGBG`, set by rxvt, konsole and others)."""
    last = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return last in {"7", "15"}


def use(app: App[Any], wanted: str = "") -> None:
    """Registers ours and takes `wanted`; empty: the one that fits the terminal. `TEXTUAL_THEME` names another."""
    for theme in OURS:
        app.register_theme(theme)
    if not os.environ.get("TEXTUAL_THEME"):
        _begin_with(app, wanted or (LIGHT if light_terminal() else DARK).name)


def _begin_with(app: App[Any], name: str) -> None:
    """What setting `app.theme` does, for an app that does not run yet: nothing has been painted in other colours, so
    its styles need not be read and applied a second time (a fifth of the time from there to the first frame)."""
    theme = app.get_theme(name)
    if theme is None or theme.dark != app.current_theme.dark:  # other colours of the terminal's own, too
        app.theme = name
        return
    app.remove_class(f"-theme-{app.theme}", update=False)
    app.set_reactive(type(app).theme, name)
    app.add_class(f"-theme-{name}", update=False)
    app.stylesheet.set_variables(app.get_css_variables())


def check(name: str, path: Path) -> None:
    """Raises `Problem` for a theme that there is not; `path`: the settings that name it."""
    if name and name not in names():
        close = near(name, names())
        meant = f'Did you mean "{close}"? ' if close else ""
        raise Problem(
            f'{path}: theme: there is no theme "{name}"', f"{meant}There are: {', '.join(names())}.", WRONG
        )


_MADE_OF = ("background", "surface", "panel", "foreground", "primary", "warning", "success", "accent")


def ours_for(theme: Theme) -> dict[str, str]:
    """Our own colours for a theme that does not know them, made of its own and moved until they can be read."""
    generated = theme.to_color_system().generate()
    made = {name: Color.parse(generated[name]) for name in _MADE_OF}
    behind = [made["background"], made["surface"], made["panel"]]
    text = made["foreground"]
    cursor = made["background"].blend(made["primary"], 0.25, alpha=1.0)
    grounds = [*behind, cursor]
    wanted = {
        "frame-title": text.blend(made["background"], 0.15, alpha=1.0),
        "quiet": text.blend(made["background"], 0.4, alpha=1.0),
        "must": made["warning"],
        "public": made["warning"],
        "internal": made["success"],
        "customer": made["accent"],
    }
    found = {name: readable(colour, grounds).hex for name, colour in wanted.items()}
    frame = readable(text.blend(made["background"], 0.65, alpha=1.0), behind, FRAME)
    return found | {"frame": frame.hex, "cursor": cursor.hex}
