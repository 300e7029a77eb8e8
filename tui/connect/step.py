"""What every step of the guide has: its name, its keys, what it does when it is shown and when Enter goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Vertical
from textual.content import Content

from connectors.text import clean
from tui.text import wrap
from tui.widgets.key_bar import Entry

if TYPE_CHECKING:
    from tui.connect.course import Course
    from tui.connect.guide import Guide

MARKS = {
    "fine": ("✓", "bold $success"),
    "missing": ("✗", "bold $warning"),
    "wants": ("!", "bold $warning"),
    "note": ("·", "$quiet"),
}
GO_ON: Entry = ("Enter", "go on")
BACK: Entry = ("Esc", "one step back")


def marked(kind: str, text: str, width: int) -> list[Content]:
    """A sentence with its mark in front, what is too long below its own beginning."""
    mark, style = MARKS[kind]
    lines = wrap(clean(text), max(20, width - 2))
    return [
        Content.assemble((mark if place == 0 else " ", style), f" {line}") for place, line in enumerate(lines)
    ]


class Step(Vertical):
    """One step. The guide shows one at a time and keeps the others as they were left."""

    label: ClassVar[str] = ""
    short: ClassVar[str] = ""
    """The label where 80 columns have to hold all of them."""

    DEFAULT_CSS = """
    Step { height: 1fr; padding: 0 1; }
    """

    @property
    def guide(self) -> Guide:
        return cast("Guide", self.screen)

    @property
    def course(self) -> Course:
        return self.guide.course

    @property
    def keys(self) -> tuple[Entry, ...]:
        """What the last line says; the last entry always has its place."""
        return (BACK, GO_ON)

    @property
    def room(self) -> int:
        """Cells for a line of text, a scroll bar left aside."""
        return self.size.width - 4

    async def enter(self) -> None:
        """The step is shown, for the first time or again."""

    def leave(self) -> None:
        """The step is left backwards."""

    async def go_on(self) -> None:
        """Enter: what this step asks has been answered, or what is wrong is said."""
        await self.guide.next()
