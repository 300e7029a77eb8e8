"""`x` and `X`: wrapping a ticket up in one form and one change, and opening it again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.contract import Capabilities
from connectors.text import clean
from store import drafts
from store.database_problems import DatabaseProblem
from store.fix_words import closing_first
from store.read_records import TicketView
from tui import orders
from tui.asks import Item, Side
from tui.engine import EngineStopped
from tui.orders import Refused
from tui.picks import change_line, code_items
from tui.screens.review import Review
from tui.screens.wrap_up import NO_ANSWER, NO_MAIL, REPLY, Offered, Wrapped, WrapUp

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
        """Form, review, outbox; back to the form as often as wanted."""
        offered = await self._offered(view)
        before: Wrapped | None = None
        while True:
            wrapped = await self.app.push_screen_wait(
                WrapUp(
                    view,
                    offered,
                    lambda wanted: orders.close_guards(self.app.engine, view, wanted),
                    before=before,
                )
            )
            if wrapped is None:
                return False
            await self._keep(view, wrapped.text)
            if not wrapped.wanted:
                self.screen.tell("Nothing was filled in, nothing was done.", "info")
                return False
            answer = await self._review(view, wrapped)
            if answer == "edit":
                before = wrapped
                continue
            if answer in ("sent", "discard"):
                await self._keep(view, "")
            elif answer == "keep":
                kept = " The text is kept, x goes on." if wrapped.text else ""
                self.screen.tell(f"Nothing was done.{kept}", "info")
            return answer == "sent"

    async def _review(self, view: TicketView, wrapped: Wrapped) -> str:
        flows = self.screen.flows
        side: Side = "reply" if "reply" in wrapped.wanted else "note"
        try:
            fix = await flows.prepare(view, wrapped.wanted)
            if fix is None:
                return "edit"
            what = (
                "Wrap up and send? PUBLIC: the customer reads it" if side == "reply" else "Wrap up? INTERNAL"
            )
            answer = await self.app.push_screen_wait(Review(view, fix, side=side, what=what))
            if answer != "send":
                return answer or "keep"
            await flows.submit(view, fix)
        except (Refused, EngineStopped) as error:
            flows.refused(error)
            return "failed"
        return "sent"

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
        name, ticket_id = view.connection, record.ticket_id
        said = await self.app.read(lambda reader: reader.suggested_code(name, ticket_id))
        usual = await self.app.read(lambda reader: reader.usual_codes(name, record.company_id))
        has_codes = can is None or can.code_on_ticket or can.code_on_time
        choices = await flows.choices(view, "billing_code") if has_codes else []
        row = next((one for one in view.exceptions if one.kind == "billing_code"), None)
        codes = code_items(choices, {one.id or one.name: one.times for one in usual}, row, view, said)
        statuses = await flows.choices(view, "status")
        closing = closing_first(statuses, self.app.settings.connections[name])
        return Offered(
            no_time="" if can is None or "time" in can.writes else _absent(can, "time"),
            codes=_codes(view, codes, sure=said is not None and said.strength == "strong"),
            billable=_billable(view, can),
            statuses=[
                Item("", f"{clean(record.status)} (stays)"),
                *(
                    Item(one.id, one.name, "closes" if one.id in {c.id for c in closing} else "")
                    for one in statuses
                ),
            ],
            status_at=1 + statuses.index(closing[0]) if closing and not view.closed else 0,
            tell=_tell(view, can),
            text_goes="goes on the time entry; without time, into an internal note",
            text=await self.app.read(lambda _: drafts.load(self.app.home, name, ticket_id, DRAFT)),
        )

    def _closed(self, view: TicketView) -> set[str]:
        return {name.casefold() for name in self.app.settings.connections[view.connection].closed_statuses}

    async def _keep(self, view: TicketView, text: str) -> None:
        """The text as a draft; an empty one is none."""
        home, now = self.app.home, self.app.now
        key = (view.connection, view.record.ticket_id, DRAFT)
        try:
            await self.app.read(lambda _: drafts.save(home, *key, text, now=now))
        except (sqlite3.Error, DatabaseProblem) as error:
            self.screen.tell(f"The text could not be kept: {error}", "bad")


def _codes(view: TicketView, codes: Sequence[Item], *, sure: bool) -> list[Item]:
    """Codes with "as it is" among them: first where the ticket has one, else behind a suggestion that is sure."""
    has = clean(view.record.billing_code)
    stays = Item("", f"{has} (stays)" if has else "none", value=view.record.billing_code_id)
    return [*codes, stays] if sure and not has else [stays, *codes]


def _billable(view: TicketView, can: Capabilities | None) -> list[Item]:
    if can is None or not can.billable:
        return []
    agreement = clean(view.agreement.name) if view.agreement is not None else ""
    rests = f"agreement {agreement}, {view.agreement.state}" if view.agreement is not None else "no agreement"
    return [Item("", "as the PSA decides", rests), *(Item(value, value) for value in can.billable)]


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


def _absent(can: Capabilities, verb: str) -> str:
    return can.absent.get(verb, "not offered by this PSA's API as known")
