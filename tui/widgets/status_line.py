"""The line above the keys: what just happened and how to take it back; what is held and when it leaves."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Literal

import msgspec
from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive

from connectors.text import clean
from store.read_records import ChangeView
from tui.keymap import label
from tui.spoken import TONES, held_words, is_spoken
from tui.text import fit, wrap
from tui.widgets.painted import Painted

Tone = Literal["done", "info", "warn", "bad", "wait"]
_SIGNS: dict[Tone, tuple[str, str]] = {
    "done": ("✓", "bold $success"),
    "wait": ("↑", "bold $accent"),
    "info": ("·", "$quiet"),
    "warn": ("!", "bold $warning"),
    "bad": ("✗", "bold $error"),
}


class Said(msgspec.Struct, frozen=True):
    """One line for the user: a sign (so that colour is not needed), words, and perhaps the key that takes it back."""

    text: str = ""
    tone: Tone = "info"
    key: str = ""
    """`u undo`"""


class StatusLine(Painted):
    """Left: what was said last. Right: the held mail with its countdown."""

    DEFAULT_CSS = """
    StatusLine { height: auto; background: $surface; }
    """

    said: reactive[Said] = reactive(Said())
    held: reactive[tuple[ChangeView, ...]] = reactive(())
    now: reactive[int] = reactive(0)
    zone: tzinfo = UTC

    def render(self) -> RenderResult:
        width = self.size.width
        if is_spoken(self):
            return Content("\n".join(wrap(self._words(), max(20, width))[:2]))
        right = held_line(self.held, self.now)
        if right.cell_length > width * 2 // 3:
            right = right.truncate(width * 2 // 3, ellipsis=True)
        room = width - right.cell_length - 1
        left = Content("")
        if self.said.text:
            sign, style = _SIGNS[self.said.tone]
            key = f" · {self.said.key}" if self.said.key else ""
            words = clean(self.said.text)
            if self.two_lines:
                return self._on_two_lines(words, key, right, width)
            if cell_len(words) + 3 + len(key) > room:
                words = fit(words, max(8, room - 3 - len(key))).rstrip()
            left = Content.styled(f" {sign} ", style) + Content(words) + Content.styled(key, "$primary")
        return left + Content(" " * max(0, width - left.cell_length - right.cell_length)) + right

    two_lines: reactive[bool] = reactive(False, layout=True)
    """What was said is too long for one line: the frame's last line gives up its place, so that nothing moves."""

    def watch_said(self) -> None:
        self._measure()

    def watch_held(self) -> None:
        self._measure()

    def on_resize(self) -> None:
        self._measure()

    def _words(self) -> str:
        """What was said and what is held, without a sign and without seconds."""
        said = clean(self.said.text)
        key = f" {self.said.key}." if self.said.key else ""
        words = f"{TONES[self.said.tone]}: {said.rstrip('.')}.{key}" if said else ""
        return f"{words} {held_words(self.held, self.zone)}".strip()

    def _measure(self) -> None:
        if is_spoken(self):
            self.two_lines = True
            return
        width = self.size.width
        right = min(held_line(self.held, self.now).cell_length, width * 2 // 3)
        key = len(self.said.key) + 3 if self.said.key else 0
        self.two_lines = bool(width) and cell_len(clean(self.said.text)) + 3 + key > width - right - 1
        self.screen.set_class(self.two_lines, "-long")

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return 2 if self.two_lines else 1

    def _on_two_lines(self, words: str, key: str, right: Content, width: int) -> Content:
        """The words over both lines; what is held at the end of the second."""
        sign, style = _SIGNS[self.said.tone]
        lines = wrap(words, width - 4)
        first, rest = lines[0], " ".join(lines[1:])
        room = max(8, width - 4 - len(key) - right.cell_length)
        rest = fit(rest, room).rstrip() if cell_len(rest) > room else rest
        below = Content(f"   {rest}") + Content.styled(key, "$primary")
        return (
            Content.styled(f" {sign} ", style)
            + Content(f"{first}\n")
            + below
            + Content(" " * max(0, width - below.cell_length - right.cell_length))
            + right
        )


def held_line(held: tuple[ChangeView, ...], now: int) -> Content:
    """`✉ reply #70101 leaves in 7 s · u takes it back`; the header tells when the first leaves."""
    if not held:
        return Content("")
    last = max(held, key=lambda one: (one.created_at, one.change))  # what `u` takes back: the last one made
    left = max(0, (last.due_at or now) - now)
    more = f" (+{len(held) - 1})" if len(held) > 1 else ""
    goes = f"leaves in {left} s" if left else "leaves now"
    return (
        Content.styled("✉ ", "bold $public")
        + Content(
            f"{clean(last.verb)} #{clean(last.number)} {clean(last.company)} {goes}{more}".replace("  ", " ")
        )
        + Content.styled(f" · {label('queue.undo')} takes it back ", "$primary")
    )
