"""Colours: dark and light. Nothing rests on colour alone; with NO_COLOR there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

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
        "frame": "#3b4458",
        "frame-title": "#a9b4cc",
        "quiet": "#737d93",
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
        "frame": "#b4b8c2",
        "frame-title": "#4a5062",
        "quiet": "#6b7080",
        "cursor": "#d6e2fa",
        "must": "#b34700",
        "public": "#b34700",
        "internal": "#00695c",
        "customer": "#005f87",
    },
)


def light_terminal() -> bool:
    """Whether the terminal says that its background is light (`COLORFGBG`, set by rxvt, konsole and others)."""
    last = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return last in {"7", "15"}


def use(app: App[Any]) -> None:
    """Registers both themes and takes the one that fits the terminal. `TEXTUAL_THEME` names another."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
    if not os.environ.get("TEXTUAL_THEME"):
        app.theme = (LIGHT if light_terminal() else DARK).name
