"""`z`: a row out of sight for a while, with a reason; and back again. It says nothing to the PSA and clears nothing."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from textual.content import Content

from connectors.text import clean
from store import snoozes
from store.database_problems import DatabaseProblem
from store.read_records import Row
from store.snoozes import NotHidden, Snooze
from tui.asks import Item
from tui.keymap import label
from tui.messages import Saved
from tui.screens.picker import Picker
from tui.text import say, when

if TYPE_CHECKING:
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase

REASONS = ("Waits for the customer", "Waits for a part or a vendor", "Scheduled", "Not mine to fix, asked")
MORNING = 9
"""The hour at which what is hidden until another day is back."""


class Snoozing:
    """What `z` does."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    async def snooze(self, row: Row | None) -> None:
        """Asks until when and why; or brings back what is hidden in this pane."""
        kinds = self.screen.all_panes[self.screen.pane].kinds
        away = await self.app.read(lambda reader: reader.hidden(kinds))
        why_not = _why_not(row)
        if why_not and not away:
            self.screen.tell(why_not, "info")
            return
        items = []
        if not why_not:
            for words, at in moments(self.app.now, self.app.zone):
                items.append(Item(str(at), words, when(at, self.app.now, self.app.zone), "hide until"))
        for one, hidden in away:
            until = f"{one.reason}, until {when(one.until, self.app.now, self.app.zone)}"
            key = f"back:{one.connection}:{one.ticket_id}:{one.kind}"
            items.append(Item(key, f"#{hidden.number} {hidden.summary}", until, "bring back", value=one))
        title = Content.styled("Snooze", "bold")
        if row is not None and not why_not:
            title += Content(f" · #{clean(row.number)} · {clean(row.company) or 'no company'} · ") + say(
                row.summary
            )
        hint = (
            why_not
            or "Back sooner if anything changes. Colleagues, the end of day and the PSA see it all the same."
        )
        item = await self.app.push_screen_wait(Picker(title, items, preview=_preview, hint=hint))
        if item is None:
            return
        if isinstance(item.value, Snooze):
            self._bring_back(item.value)
        elif row is not None:
            await self._hide(row, int(item.key))

    async def _hide(self, row: Row, until: int) -> None:
        items = [Item(str(n), f"{n} {reason}", value=reason) for n, reason in enumerate(REASONS, 1)]
        title = Content.styled("Why? · ", "bold") + Content(f"#{clean(row.number)} · ") + say(row.summary)
        why = await self.app.push_screen_wait(Picker(title, items, free="this is why"))
        if why is None:
            return
        reason = why.value or why.label
        try:
            looks = await self.app.read(lambda reader: reader.stands_for(row))
            approver = await self._approver(row)
            if approver is None:
                return
            key = (row.connection, row.ticket_id, row.kind or "")
            settings = self.app.settings
            snoozes.hide(
                self.app.home,
                Snooze(*key, reason, self.app.now, until, looks),
                most=settings.rules.snoozes_before_approval,
                who=settings.connections[row.connection].technician,
                approver=approver,
            )
        except (NotHidden, sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"Not hidden: {error}", "warn")
            return
        self.app.saved.publish(Saved(quiet=False, done=frozenset({(row.connection, row.ticket_id)})))
        at = when(until, self.app.now, self.app.zone)
        back = f"{label('queue.snooze')} brings it back."
        self.screen.tell(
            f"#{clean(row.number)} is hidden here until {at}, or until anything changes. {back}", "info"
        )

    async def _approver(self, row: Row) -> str | None:
        """Whose approval there is; empty where none is asked for, `None`: the dialog was left."""
        most = self.app.settings.rules.snoozes_before_approval
        times = await self.app.read(lambda reader: reader.times_hidden(row)) if most else 0
        if not most or times < most:
            return ""
        title = (
            Content.styled("Who approves? · ", "bold")
            + Content(f"#{clean(row.number)} · ")
            + say(row.summary)
        )
        hint = f"It was hidden {snoozes.often(times)} before. The name is kept: `deskzero rules exceptions` lists it."
        found = await self.app.push_screen_wait(Picker(title, [], hint=hint, free="this person approves"))
        return None if found is None else found.label

    def _bring_back(self, one: Snooze) -> None:
        try:
            snoozes.bring_back(self.app.home, (one.connection, one.ticket_id, one.kind))
        except (sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"Not brought back: {error}", "bad")
            return
        self.app.saved.publish(Saved(quiet=False))
        self.screen.tell("It is in the list again.", "info")


def moments(now: int, zone: tzinfo) -> list[tuple[str, int]]:
    """Until when, in words and UTC seconds, seen from `now` in the technician's zone."""
    here = datetime.fromtimestamp(now, UTC).astimezone(zone)

    def morning(days: int) -> int:
        # Wall-clock time of that day: a night in which the clocks change is not 24 hours.
        then = (here + timedelta(days=days)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
        return int(then.timestamp())

    return [
        ("1 hour", now + 3600),
        ("4 hours", now + 4 * 3600),
        ("tomorrow morning", morning(1)),
        ("Monday morning", morning(7 - here.weekday())),
        ("a week", morning(7)),
    ]


def _why_not(row: Row | None) -> str:
    if row is None:
        return "There is no ticket here."
    if row.kind is None:
        return "Only exceptions are hidden, and this is none."
    if row.gate:
        return f"#{clean(row.number)} counts to zero: what counts is not hidden, only fixed."
    return ""


def _preview(item: Item) -> Content:
    if isinstance(item.value, Snooze):
        return Content("Shown in the list again.")
    return Content(f"Hidden here: {item.label}. Nothing is written to the PSA.")
