"""The panes with their two numbers, as a column at the left or, where it is narrow, as one strip."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.visual import Visual

from store.read_records import PaneCount
from tui.keymap import label
from tui.messages import PaneWanted
from tui.pane_list import FOUR, Pane
from tui.pane_names import SHORT_NAMES
from tui.spoken import is_spoken, panes_words
from tui.standing import Counts
from tui.text import fit, wrap
from tui.widgets.painted import Painted


class Panes(Painted):
    """The column. A click on a line asks for its pane. Painted line by line: with another pane two lines are others."""

    DEFAULT_CSS = """
    Panes { width: 27; height: 1fr; border-left: solid $frame; }
    """

    counts: reactive[Counts] = reactive(Counts(), repaint=False)
    pane: reactive[str] = reactive("1", repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[str, Content]] = []

    def watch_counts(self) -> None:
        self._paint_changed()

    def watch_pane(self) -> None:
        self._paint_changed()

    def _paint_changed(self) -> None:
        before, self._shown = self._shown, self._lines()
        if len(before) != len(self._shown):
            self.refresh()
            return
        for y, (was, becomes) in enumerate(zip(before, self._shown, strict=True)):
            if not was[1].is_same(becomes[1]):
                self.refresh(Region(0, y, self.size.width, 1))

    def render(self) -> RenderResult:
        return Content("\n").join(line for _, line in self._shown)

    def render_line(self, y: int) -> Strip:
        if self.text_selection is not None:  # counts lines from the first one
            return super().render_line(y)
        width = self.size.width
        if y >= len(self._shown):
            return Strip.blank(width, self.visual_style.rich_style)
        line = self._shown[y][1]
        return Visual.to_strips(self, line, width, 1, self.visual_style)[0].adjust_cell_length(
            width, self.visual_style.rich_style
        )

    def _lines(self) -> list[tuple[str, Content]]:
        """(pane that a click asks for, line)."""
        lines: list[tuple[str, Content]] = []
        counts = self.counts
        for built in counts.built_in:
            pane = built.id
            sections: Sequence[PaneCount | None] = [one for one in counts.panes if one.kind in built.kinds]
            if built.columns not in FOUR:  # one line each: there may be many kinds
                must, later = counts.of(pane) if sections else (None, None)
                title = fit(built.title, 13).rstrip()
                unknown = counts.may_hide(pane)
                lines.append((pane, self._line(pane, title, must, later, True, unknown=unknown)))
                continue
            for place, one in enumerate(sections or [None]):
                name = f"{pane} {built.name}" if place == 0 else f"  {one.title if one else ''}"
                must, later = (one.must, one.later) if one else (None, None)
                unknown = one is not None and one.kind in counts.not_known
                lines.append((pane, self._line(pane, name, must, later, place == 0, unknown=unknown)))
        rule = Content.styled("   " + "─" * 12 + " ────  ────", "$frame")
        lines.append(("", rule))
        zero = str(counts.to_zero) if counts.known else "…"
        style = "bold $must" if counts.to_zero else "bold $success"
        if counts.unsure and not counts.to_zero:
            zero, style = "?", "bold $warning"
        lines.append(
            (
                "",
                Content("   ")
                + Content.styled("to zero".ljust(12), "bold")
                + Content.styled(f"{zero:>4}", style),
            )
        )
        if counts.whole_to_zero is not None:
            lines[-1] = ("", lines[-1][1] + Content.styled(f"{f'of {counts.whole_to_zero}':>6}", "$warning"))
        lines.append(("", Content("")))
        for saved in counts.saved:  # below the sum: their rows are in it already
            must = None if saved.pane.columns == "0" and not saved.must else saved.must
            title = fit(f"{saved.pane.key} {saved.pane.name}", 13)
            lines.append((saved.pane.id, self._line(saved.pane.id, title, must, saved.later, True)))
        lines.append(("0", self._line("0", "0 All open", None, counts.of("0")[1], True)))
        for key, name, number, tone in (
            ("!", f"{label('queue.trouble')} Trouble", counts.trouble, "bold $error"),
            ("O", f"{label('queue.outbox')} Outbox", counts.outbox, "$accent"),
        ):
            value = Content.styled(f"{number:>6}", tone if number else "$quiet")
            lines.append((key, Content.styled(f" {name:<18}", "" if number else "$quiet") + value))
        return lines

    def _line(
        self,
        pane: str,
        name: str,
        must: int | None,
        later: int | None,
        first: bool,
        *,
        unknown: bool = False,
    ) -> Content:
        """`unknown`: what is not there may all the same be in the PSA."""
        here = pane == self.pane
        bar = Content.styled("▌" if here and first else " ", "bold $primary")
        words = Content.styled(f"{name:<14}", "bold" if here and first else ("" if first else "$frame-title"))
        left = "" if must is None else "?" if unknown and not must else str(must)
        right = "" if later is None or (later == 0 and must is not None) else str(later)
        line = (
            bar
            + words
            + Content.styled(f"{left:>4}", "bold $must" if must else "$quiet")
            + Content.styled(f"{right:>6}", "$foreground" if later else "$quiet")
        )
        return line.stylize("on $cursor") if here and first else line

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self._shown) and self._shown[event.y][0]:
            self.post_message(PaneWanted(self._shown[event.y][0]))


class PaneStrip(Painted):
    """The same numbers in one line, for a narrow screen: `●` stands before what must be gone."""

    DEFAULT_CSS = """
    PaneStrip { height: 1; background: $surface; }
    """

    counts: reactive[Counts] = reactive(Counts())
    pane: reactive[str] = reactive("1")

    def render(self) -> RenderResult:
        if is_spoken(self):
            return Content("\n".join(wrap(panes_words(self.counts, self.pane), max(20, self.size.width))))
        counts = self.counts
        four = [pane for pane in counts.built_in if pane.columns in FOUR]
        more = [pane for pane in counts.built_in if pane.columns not in FOUR]
        more += [one.pane for one in counts.saved]
        shown = self._parts(four, more)
        while shown.cell_length > self.size.width and more:
            # One row has no room for all: the pane that is shown stays, else the first; the last ones go before.
            gone = next((pane for pane in reversed(more) if pane.id != self.pane), None)
            if gone is None or (len(more) == 1 and self.size.width >= 76):
                break
            more.remove(gone)
            shown = self._parts(four, more)
        return shown.truncate(self.size.width)

    def _parts(self, four: Sequence[Pane], more: Sequence[Pane]) -> Content:
        parts = [self._part(pane.id, pane.short) for pane in (*four, *more)]
        parts.append(self._part("0", SHORT_NAMES["0"]))
        if self.counts.trouble:
            parts.append(Content.styled(f" {label('queue.trouble')} {self.counts.trouble} ", "bold $error"))
        return Content.styled("│", "$frame").join(parts)

    def _part(self, pane: str, short: str) -> Content:
        must, later = self.counts.of(pane)
        here = pane == self.pane
        name = f"{pane} {short}" if len(pane) == 1 else short
        numbers = Content("")
        if must:
            numbers += Content.styled(f" {must}●", "bold $must")
        unknown = self.counts.may_hide(pane)
        if unknown and not must:
            numbers += Content.styled(" ?", "$warning")
        if later or (pane == "0"):
            numbers += Content(f" {later}")
        if not must and not later and not unknown and pane != "0":
            numbers += Content.styled(" 0", "$quiet")
        if here:
            edge = Content.styled("▌", "bold $primary"), Content.styled("▐", "bold $primary")
            return (edge[0] + Content.styled(name, "bold") + numbers + edge[1]).stylize("on $cursor")
        return Content(" ") + Content(name) + numbers + Content(" ")
