"""The queue as it is painted: panes, list, detail and the lines around them."""

from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen

from connectors.contract import Capabilities
from connectors.text import clean
from store.not_known import told
from store.read_records import ChangeView, Row, TicketView
from store.shown import ORDERS, Shown
from tui.offers import offered, offered_marked
from tui.pane_cache import PaneCache
from tui.pane_list import FOUR, Pane, panes_of
from tui.readings import Wanted
from tui.standing import Counts, Standing
from tui.text import say
from tui.watch import Watch
from tui.widgets.announce import Announce
from tui.widgets.columns import Look
from tui.widgets.conversation import Conversation
from tui.widgets.empty import empty_words
from tui.widgets.facts import Facts
from tui.widgets.filter_line import FilterLine
from tui.widgets.frame import Rule
from tui.widgets.header import Header
from tui.widgets.key_bar import KeyBar
from tui.widgets.list_title import ListTitle
from tui.widgets.marked import Marked
from tui.widgets.panes import Panes, PaneStrip
from tui.widgets.status_line import Said, StatusLine, Tone
from tui.widgets.ticket_list import TicketList

if TYPE_CHECKING:
    from tui.app import Deskzero

WIDE = 100
"""Cells from which on the panes stand in a column of their own."""


class QueuePaint(Screen[None]):
    """Paints what it was given. What is read, and when, is in `tui.screens.queue_view`."""

    def __init__(self) -> None:
        super().__init__()
        # Held by name, not looked up: what is read may arrive while the screen is being taken down.
        self.header, self.status, self.bar = Header(), StatusLine(), KeyBar()
        self.panes, self.strip = Panes(), PaneStrip()
        self.announce = Announce()
        self.list_top, self.list = Rule(("┬", "┐"), id="list-top"), TicketList(id="list")
        self.filter_line = FilterLine()
        self.detail_top, self.facts = Rule(("├", "┤"), id="detail-top"), Facts(id="facts")
        self.marked = Marked(id="marked")
        self.talk_top, self.talk = Rule(("├", "┤"), id="talk-top"), Conversation(id="talk")
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.pane = "1"
        self.filter = ""
        self.shown: Shown | None = None
        """The part of the scope that lists and numbers are of; `None`: all that the settings say."""
        self.order = ORDERS[0]
        self.view: TicketView | None = None
        """The ticket whose detail is on the screen."""
        self.standing = Standing()
        self.counts = Counts()
        self.not_asked = ""
        """Why the files of the ticket whose detail is shown were not asked for."""
        self.mine = Watch()
        self._pane_chosen = False
        self._first_view = False
        """The ticket under the cursor was read with the first rows."""
        self._fresh = asyncio.Event()
        """Set while the list shows the rows of `pane` and `filter`, and not those before."""
        self._fresh.set()
        self.more_to_come = False
        """The list holds its first page; the others are on their way."""
        self._told_new = 0
        """New rows of the list that its title tells of."""
        self.typed_at = 0.0
        """When a key came last, by the monotonic clock."""
        self._reading: asyncio.Future[list[Row]] | None = None
        """The rows that a thread is reading; it goes on when nobody wants them any more."""
        self._at: tuple[str, str, str | None] | None = None
        """The row that the cursor goes to with the next fresh reading."""
        self._done: set[tuple[str, str]] = set()
        """Tickets that a person has dealt with here and whose rows are still in the list."""

    @cached_property
    def kept(self) -> PaneCache:
        """First pages of panes that were read before."""
        return PaneCache(self.deskzero.home)

    @cached_property
    def all_panes(self) -> dict[str, Pane]:
        """By id, in the order of Tab."""
        return panes_of(self.deskzero.settings)

    @property
    def wanted(self) -> Wanted:
        """Which rows the list is asked to show."""
        pane = self.all_panes[self.pane]
        return Wanted(pane, self.filter, self.deskzero.only, self.shown, self.order)

    @property
    def look(self) -> Look:
        """How the rows are laid out: with their owner where they may be several people's."""
        group = self.order.group
        kinds = {one.scope.kind for one in self.deskzero.settings.connections.values()}
        several = not self.shown.one_owner if self.shown is not None else bool(kinds - {"mine", "owner"})
        more: Literal["", "owner", "board"] = "owner" if several else ""
        if group in ("owner", "board"):
            more = group
        pane = self.all_panes[self.pane]
        return Look(pane.columns, more, group, "" if pane.id in (*FOUR, "0") else pane.name)

    @property
    def deskzero(self) -> Deskzero:
        return cast("Deskzero", self.app)

    def compose(self) -> ComposeResult:
        # Textual adds it after the first layout, and then styles everything a second time.
        self.add_class("-wide" if self.app.size.width >= WIDE else "-narrow", update=False)
        yield self.announce
        yield self.header
        yield self.strip
        with Horizontal(id="body"):
            with Vertical(id="left"):
                heading = Rule(("┌", ""), tail=" ")
                heading.aside = Content.styled("must later", "$frame-title")
                yield heading
                yield self.panes
                yield Rule(("└", ""), id="left-end")
            with Vertical(id="right"):
                yield self.list_top
                yield self.filter_line
                yield self.list
                yield self.detail_top
                with Vertical(id="detail"):
                    yield self.facts
                    yield self.talk_top
                    yield self.talk
                    yield self.marked
                yield Rule(("┴", "┘"), id="right-end")
        yield self.status
        yield self.bar

    # ------------------------------------------------------------ parts

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.list.row

    def can(self, row: Row | ChangeView | None) -> Capabilities | None:
        """What the PSA of a row or a change can do; `None`: not known yet."""
        if row is None:
            return None
        return next(
            (one.capabilities for one in self.standing.states if one.connection == row.connection), None
        )

    # ------------------------------------------------------------ painting

    def _paint_standing(self) -> None:
        self.header.standing = self.standing
        for panes in (self.panes, self.strip):
            panes.counts = self.counts._replace(
                trouble=self.standing.trouble, outbox=len(self.standing.changes)
            )
            panes.pane = self.pane
        self.status.held = self.standing.held
        self._paint_list()
        self._paint_keys()

    async def parts_told(self) -> None:
        """Until the parts around the list have told the screen that they want to be painted. Each has a message queue
        of its own; the list's would be painted first, and they a frame later."""
        waits = []
        for part in (self.panes, self.strip, self.list_top):
            told = asyncio.Event()
            if part.call_later(told.set):
                waits.append(told.wait())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.gather(*waits)

    def _paint_list(self) -> None:
        pane = self.all_panes[self.list.pane]  # not the one whose rows are still being read
        title = ListTitle(
            pane,
            self.counts,
            self.order,
            self.shown,
            self.filter,
            f"{len(self.list)}{'+' if self.more_to_come else ''}",
            self.list.new_rows,
        )
        self.list_top.title, self.list_top.aside = title.title, title.aside
        if not len(self.list):
            self.list.empties(
                empty_words(pane, self.filter, self.shown, self.standing, self.counts, self.deskzero)
            )
        self._told_new = self.list.new_rows
        self._announce()

    def _announce(self) -> None:
        if self.announce.display:
            self.announce.say(self.list.words())

    def _paint_detail(self, *, keep: bool) -> None:
        if self.list.marks:
            self._paint_marks()
            self._paint_keys()
            return
        app, view = self.deskzero, self.view
        rule = self.detail_top
        if view is None:
            rule.title = rule.aside = Content("")
        else:
            record = view.record
            named = f"#{clean(record.number)} · {clean(record.company) or 'no company'} · "
            if len(app.settings.connections) > 1:
                named = f"{clean(view.connection)} {named}"
            rule.title = Content.styled(named, "bold $accent") + say(record.summary, "bold $foreground")
            parts = [
                clean(record.status),
                f"priority {clean(record.priority)}"
                if (record.priority or "").isdigit()
                else clean(record.priority),
                "change on its way" if view.row.pending else "",
            ]
            rule.aside = Content(" · ").join(Content(part) for part in parts if part).stylize("$frame-title")
        self.facts.show(view, self.row, now=app.now, zone=app.zone)
        talk = self.talk_top
        count = len(view.notes) if view else 0
        told_here = view is None or told(view.can, "conversations")
        talk.title = (
            Content.styled(f"Conversation · {count if told_here else '?'}", "$quiet") if view else Content("")
        )
        self.talk.show(view, now=app.now, zone=app.zone, keep=keep, not_asked=self.not_asked)
        self._paint_keys()

    def _paint_marks(self) -> None:
        """The marked rows in the detail's place (`tui.screens.queue_marks`)."""

    def _paint_keys(self) -> None:
        undo = self.mine.can_undo
        if self.list.marks:
            self.bar.entries = offered_marked(self.list.marks.rows, self.again, undo=undo)
            return
        row, ghost = self.row, self.list.is_ghost
        self.bar.entries = offered(row, self.can(row), ghost=ghost, undo=undo, again=self.again)

    @property
    def again(self) -> str:
        """What the bar paints behind `. →`; empty where it would do nothing."""
        return ""

    def detail_read(self) -> None:
        """The detail shows the ticket as it was just read (`tui.screens.queue_files`)."""

    def tell_since_left(self) -> None:
        """What came since the screen was left (`tui.screens.queue_story`)."""

    def say(self, said: Said) -> None:
        """A line above the keys."""
        self.status.said = said

    def tell(self, text: str, tone: Tone = "warn", key: str = "") -> None:
        """The same, in words."""
        self.say(Said(text, tone, key))
