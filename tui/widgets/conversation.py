"""The conversation of a ticket, newest at the bottom; what its marks mean stands in `tui.widgets.talk_lines`."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.message import Message
from textual.strip import Strip

from store.read_records import TicketView
from tui.text import fit
from tui.widgets.frame import FramedScroll
from tui.widgets.talk_lines import NOTHING, WHO, TalkLines


class Conversation(FramedScroll):
    """Shows notes; `show` sets them and scrolls to the newest."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "talk--when", "talk--customer", "talk--staff", "talk--internal", "talk--system", "talk--text",
        "talk--aside", "talk--new",
    }  # fmt: skip
    DEFAULT_CSS = """
    Conversation {
        height: 1fr;
        & > .talk--when { color: $quiet; }
        & > .talk--customer { color: $customer; text-style: bold; }
        & > .talk--staff { color: $foreground; }
        & > .talk--internal { color: $internal; }
        & > .talk--system { color: $quiet; text-style: italic; }
        & > .talk--text { color: $foreground; }
        & > .talk--aside { color: $quiet; }
        & > .talk--new { color: $must; text-style: bold; }
    }
    """

    class Folded(Message):
        """How much of it is folded has changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view: TicketView | None = None
        self._now = 0
        self._zone: tzinfo = UTC
        self._unread_after: int | None = None
        self._not_asked = ""
        self._talk = NOTHING
        self._follow = True
        """The newest line stays in sight, unless somebody has scrolled up."""
        self.unfolded = False
        """Quotes and signatures are shown too."""

    def show(
        self,
        view: TicketView | None,
        *,
        now: int,
        zone: tzinfo,
        unread_after: int | None = None,
        keep: bool = False,
        not_asked: str = "",
    ) -> None:
        """The ticket's conversation. Notes of customers later than `unread_after` are marked `NEW`. `not_asked`: why
        its files were not asked for.

        `keep`: the same ticket read again; whoever unfolded, or scrolled up, stays there with the line at the top.
        """
        stay = keep and not self._follow
        before, top = self._talk, self.scroll_offset.y
        self.unfolded = keep and self.unfolded
        self._view, self._now, self._zone, self._unread_after = view, now, zone, unread_after
        self._not_asked = not_asked
        self._wrap()
        self._follow = not stay
        if stay and (place := self._talk.place_of(top, before)) != top:
            self.scroll_to(y=place, animate=False, force=True)
        self._to_newest()

    @property
    def folded(self) -> int:
        """How many lines stand for folded ones."""
        return self._talk.folded

    def unfold(self, unfolded: bool) -> None:
        """Shows or folds quotes and signatures; the line at the top stays about where it is."""
        if unfolded == self.unfolded:
            return
        before = len(self._talk.lines) - self.scroll_offset.y
        self.unfolded = unfolded
        self._wrap()
        if self._follow:
            self._to_newest()
        else:
            self.scroll_to(y=max(0, len(self._talk.lines) - before), animate=False, force=True)

    def _to_newest(self) -> None:
        if self._follow:
            self.scroll_to(y=len(self._talk.lines), animate=False, force=True)

    def scroll_lines(self, lines: int) -> None:
        """Moves by some lines, without animation: a held key must not lag behind."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)
        self._follow = self.at_end

    @property
    def at_end(self) -> bool:
        """Whether the newest line is in sight."""
        return self.scroll_offset.y + self.size.height >= len(self._talk.lines)

    def on_resize(self) -> None:
        # Not `at_end`: it is asked with the new height, in which the newest line may be out of sight.
        self._wrap()
        self.call_after_refresh(self._to_newest)

    def _wrap(self) -> None:
        self._talk = NOTHING
        if self._view is not None:
            made = TalkLines(
                self._view,
                now=self._now,
                zone=self._zone,
                unread_after=self._unread_after,
                unfolded=self.unfolded,
                not_asked=self._not_asked,
            )
            self._talk = made.lines(self.text_width)
        self.set_length(len(self._talk.lines))
        self.refresh()
        self.post_message(self.Folded())

    def line(self, y: int, width: int) -> Strip:
        if y >= len(self._talk.lines):
            return Strip.blank(width, self.base_look)
        line, stamp = self._talk.lines[y], self._talk.stamp
        style = self.look_of
        if line.style == "about":
            return Strip([Segment(fit(f" {line.text}", width), style("talk--system"))])
        said = {"customer": "text", "staff": "text", "fold": "aside"}.get(line.style, line.style)
        who = "aside" if line.style == "fold" else line.style
        aside = style("talk--new" if line.aside == "NEW" else "talk--aside")
        room = width - (stamp + WHO + 5) - (cell_len(line.aside) + 2 if line.aside else 1)
        return Strip(
            [
                Segment(f" {fit(line.when, stamp)} ", style("talk--when")),
                Segment(f"{fit(line.who, WHO)} {line.mark or ' '} ", style(f"talk--{who}")),
                Segment(fit(line.text, room), style(f"talk--{said}")),
                Segment(f" {line.aside} ", aside) if line.aside else Segment(" ", self.base_look),
            ]
        )
