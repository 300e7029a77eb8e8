"""`x` and `X`: wrapping a ticket up in one form and one change, and opening it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.contract import Capabilities
from connectors.text import clean
from store.fix_words import closing_first
from store.read_records import TicketView
from tui import orders
from tui.asks import Item, Side
from tui.picks import change_line
from tui.screens.review import Review
from tui.screens.work_form import NO_ANSWER, NO_MAIL, REPLY, Filled, Offered
from tui.work import Course, offered_work, worked

if TYPE_CHECKING:
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase

DRAFT = "done"
"""The side under which the text is kept while it is not sent: neither a reply's nor a note's."""
NO_ANSWERS = ("Thanks only", "Answered by phone")


class Wrapping:
    """What `x` and `X` do."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    async def wrap_up(self, view: TicketView) -> bool:
        """`x`."""
        course = Course(
            draft=DRAFT,
            guards=lambda wanted: orders.close_guards(self.app.engine, view, wanted),
            question=_question,
            nothing=lambda filled: "" if filled.wanted else "Nothing was filled in, nothing was done.",
            again="queue.wrap_up",
        )
        return await worked(self.screen, view, await self._offered(view), course)

    async def reopen(self, view: TicketView) -> bool:
        """`X`: which open status; then a review, for a capital never writes."""
        if not view.closed:
            self.screen.tell(f"#{clean(view.record.number)} is open.", "info")
            return False
        flows = self.screen.flows
        closed = self._closed(view)
        items = [
            Item(one.id, one.name, value=one)
            for one in await flows.choices(view, "status")
            if not one.closed and one.name.casefold() not in closed
        ]
        was = clean(view.record.status)
        item = await flows.pick(
            view, "Open it again as", items, lambda one: change_line("status", was, one.label), kind="status"
        )
        if item is None:
            return False
        fix = await flows.prepare(view, {"status": item.key})
        if fix is None or await self.app.push_screen_wait(Review(view, fix, what="Open it again?")) != "send":
            return False
        await flows.submit(view, fix)
        return True

    # ------------------------------------------------------------ what the form begins with

    async def _offered(self, view: TicketView) -> Offered:
        flows, record = self.screen.flows, view.record
        can = self.screen.can(view.row)
        statuses = await flows.choices(view, "status")
        closing = closing_first(statuses, self.app.settings.connections[view.connection])
        closes = {one.id for one in closing}
        return Offered(
            title="Wrap up",
            **await offered_work(self.screen, view, DRAFT),
            statuses=[
                Item("", f"{clean(record.status)} (stays)"),
                *(Item(one.id, one.name, "closes" if one.id in closes else "") for one in statuses),
            ],
            status_at=1 + statuses.index(closing[0]) if closing and not view.closed else 0,
            tell=_tell(view, can),
            text_goes="goes on the time entry; without time, into an internal note",
        )

    def _closed(self, view: TicketView) -> set[str]:
        return {name.casefold() for name in self.app.settings.connections[view.connection].closed_statuses}


def _question(filled: Filled) -> tuple[Side, str]:
    if "reply" in filled.wanted:
        return "reply", "Wrap up and send? PUBLIC: the customer reads it"
    return "note", "Wrap up? INTERNAL"


def _tell(view: TicketView, can: Capabilities | None) -> list[Item]:
    """Whether the customer hears of it; without a mail nobody is mailed by us."""
    items = [Item(NO_MAIL, "no mail")]
    waits = any(
        row.kind in ("customer_responded", "child_reply", "reply_after_close") for row in view.exceptions
    )
    if waits and (can is None or "note" in can.writes):
        items += [
            Item(f"{NO_ANSWER}:{reason}", f"no mail, no answer needed: {reason.lower()}", value=reason)
            for reason in NO_ANSWERS
        ]
    if can is None or "reply" in can.writes:
        items.append(Item(REPLY, "a reply with this text", "PUBLIC"))
    return items
