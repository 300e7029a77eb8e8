"""What the end of day does: handing a row over, signing off, the text for whoever comes next."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.content import Content

from connectors.text import clean
from store import sign_offs
from store.database_problems import DatabaseProblem
from store.read_day import Day, handed_text
from store.read_records import Row
from store.sign_offs import Signed
from tui.asks import Item
from tui.flows import Flows, title
from tui.keymap import label
from tui.picks import choice_item
from tui.screens.picker import Picker
from tui.screens.sign_off import SignOff
from tui.text import say, when

if TYPE_CHECKING:
    from store.check import Verdict
    from tui.app import Deskzero

STAYS = "stays"
REASONS = (
    "Waits for the customer until tomorrow",
    "Out of time today, first thing tomorrow",
    "Needs somebody with more rights or knowledge",
    "Agreed with the customer by phone",
)
"""Why a row is left; another reason can be typed."""


class EndingDay:
    """Flows of the end-of-day screen. Each gives what to say about it, or nothing where nothing was done."""

    def __init__(self, app: Deskzero) -> None:
        self.app = app
        self.flows = Flows(app.queue)

    async def hand_over(self, row: Row) -> str:
        """Who takes it and why: an internal note in the PSA, and the owner where it is somebody else.

        Raises `Refused`, `EngineStopped`, `CacheUnreadable`.
        """
        view = await self.app.read(lambda reader: reader.ticket(row.connection, row.ticket_id))
        if view is None:
            return f"#{clean(row.number)} is no longer in the cache."
        can = self.app.queue.can(row)
        if can is not None and "note" not in can.writes:
            return can.absent.get("note", "This PSA takes no notes: hand it over there.")
        me = next(
            (
                one.member
                for one in await self.app.read(lambda reader: reader.states())
                if one.connection == row.connection
            ),
            None,
        )
        mine = me or self.app.settings.connections[row.connection].technician
        items = [Item(STAYS, f"It stays with me ({clean(mine)})", "the owner stays", "first", value=mine)]
        if can is None or "owner" in can.writes:
            items += [choice_item(one) for one in await self.flows.choices(view, "owner")]
        to = await self.app.push_screen_wait(
            Picker(
                title(view, "Who takes it?"),
                items,
                preview=lambda item: Content("→ ") + say(_who(item), "bold"),
            )
        )
        if to is None:
            return ""
        reasons = [Item(str(n), f"{n} {reason}", value=reason) for n, reason in enumerate(REASONS, 1)]
        why = await self.app.push_screen_wait(
            Picker(
                title(view, f"Why does {clean(_who(to))} take it?"), reasons, free="this is why",
                hint="Written on the ticket as an internal note. The row counts until it is done.",
            )
        )  # fmt: skip
        if why is None:
            return ""
        wanted: dict[str, Any] = {"note": handed_text(_who(to), why.value or why.label)}
        if to.key != STAYS:
            wanted["owner"] = to.key
        if not await self.flows.send(view, wanted):
            return self.app.queue.status.said.text
        return f"#{clean(row.number)} → {clean(_who(to))}: on its way to the PSA as an internal note."

    async def sign_off(self, verdict: Verdict, words: str, rows: Sequence[Row], day: Day) -> str:
        """Signs, after a review; refused while a row has no taker."""
        lacking = [row for row in rows if (row.connection, row.ticket_id) not in day.left]
        if lacking:
            numbers = ", ".join(f"#{clean(row.number)}" for row in lacking[:5])
            more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
            hand_over = label("end_of_day.hand_over")
            return f"Not signed: each row left needs who takes it and why. {hand_over} on {numbers}{more}."
        left = [(row, day.left[row.connection, row.ticket_id]) for row in rows]
        at = when(verdict.synced_at or self.app.now, self.app.now, self.app.zone)
        if await self.app.push_screen_wait(SignOff(words, at, left)) is not True:
            return ""
        who = ", ".join(
            dict.fromkeys(one.technician for one in self.app.settings.connections.values() if one.technician)
        )
        signed = Signed(
            day=self.today, at=self.app.now, who=who, verdict=verdict.verdict,
            rows=tuple((row.connection, row.number, row.kind or "", one.to, one.why) for row, one in left),
            doubts=verdict.why[: verdict.doubts],
        )  # fmt: skip
        try:
            sign_offs.sign(self.app.home, signed)
        except (sqlite3.Error, DatabaseProblem) as error:
            return f"Not signed: {error}"
        return "Signed off. Good night." if not rows else f"Signed off with {len(rows)} handed over."

    @property
    def today(self) -> str:
        """The technician's day."""
        return datetime.fromtimestamp(self.app.now, self.app.zone).strftime("%Y-%m-%d")


def _who(item: Item) -> str:
    return str(item.value) if item.key == STAYS else item.label
