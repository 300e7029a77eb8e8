"""Lines with a label in front: what is too long goes on below its own beginning, not below the label."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive

from tui.text import fit
from tui.widgets.painted import Painted

NARROWEST = 12
"""Cells for the labels at least, so that two reviews in a row look alike."""

Labels = tuple[tuple[str, Content], ...]


class Labelled(Painted):
    """Pairs of label and text."""

    DEFAULT_CSS = """
    Labelled { height: auto; }
    """

    pairs: reactive[Labels] = reactive((), layout=True)

    def render(self) -> RenderResult:
        return Content("\n").join(labelled_lines(self.pairs, self.size.width))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(labelled_lines(self.pairs, width)))


def labelled_lines(pairs: Sequence[tuple[str, Content]], width: int) -> list[Content]:
    """The lines for `width` cells."""
    label = max([NARROWEST, *(cell_len(name) + 2 for name, _ in pairs)])
    lines: list[Content] = []
    for name, words in pairs:
        for place, part in enumerate(words.wrap(max(10, width - label))):
            front = fit(f"{name[:1].upper()}{name[1:]}" if place == 0 else "", label)
            lines.append(Content.styled(front, "bold") + part)
    return lines
