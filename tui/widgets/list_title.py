"""The line above the list: which pane, its numbers, whose tickets, in which order, through which filter."""

from __future__ import annotations

import msgspec
from textual.content import Content

from connectors.text import clean
from store.filter_words import Filter
from store.shown import Order, Shown
from tui.keymap import label
from tui.pane_list import Pane
from tui.standing import Counts
from tui.text import say


def shown_words(shown: Shown) -> str:
    """`mine`, `asmith's`, `nobody's`, `board Help Desk`: whose tickets, cleaned."""
    name = clean(shown.name)
    match shown.kind:
        case "mine":
            return "mine"
        case "owner":
            return f"{name}'s" if name else "nobody's"
        case kind:
            return f"{kind} {name}"


class ListTitle(msgspec.Struct, frozen=True):
    """What the line tells."""

    pane: Pane
    counts: Counts
    order: Order
    shown: Shown | None = None
    """A part of the scope; `None`: all that the settings say."""
    filter: str = ""
    rows: str = "0"
    """How many the filter leaves; with `+` while more are being read."""
    new_rows: int = 0

    @property
    def title(self) -> Content:
        """Pane and numbers."""
        must, later = self.counts.of(self.pane.id)
        title = Content.styled(self.pane.title, "bold $foreground")
        if self.shown is not None:
            title += Content.styled(f" · {shown_words(self.shown)}", "bold $warning")
        if self.pane.columns == "0":
            return title + Content.styled(f" · {later}", "$frame-title")
        shown = "?" if self.counts.may_hide(self.pane.id) and not must else str(must)
        away = self.counts.hidden(self.pane.id)
        hidden = f", {away} hidden ({label('queue.snooze')})" if away else ""
        return title + Content.styled(f" · {shown} must, {later} later{hidden}", "$frame-title")

    @property
    def aside(self) -> Content:
        """Order or filter, and rows that came meanwhile."""
        aside = Content.styled(self.order.label, "$quiet")
        if self.filter:
            aside = Content("filter ") + say(self.filter, "bold $warning")
            if wrong := len(Filter.of(self.filter).problems):
                aside += Content.styled(f" · {wrong} left out", "bold $error")
            aside += Content.styled(f" · {self.rows} shown · {label('queue.back')} lets go", "$frame-title")
        if self.new_rows:
            new = Content.styled(f"{self.new_rows} new ↓", "bold $accent")
            aside = new + Content.styled(" · ", "$quiet") + aside
        return aside
