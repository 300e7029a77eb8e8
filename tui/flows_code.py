"""Billing codes: choosing one, or asking billing instead of guessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.content import Content

from connectors.text import clean
from store.asked import question_text
from store.read_records import TicketView
from tui.asks import Item
from tui.picks import change_line, choice_item, code_items
from tui.text import hours, say

if TYPE_CHECKING:
    from tui.flows import Flows

QUESTIONS = (
    "Which work type is this?",
    "Is this covered by the agreement?",
    "Is this billable?",
)
"""What billing is asked most; another question can be typed."""
ASK = "ask"


class Coding:
    """What `b` does."""

    def __init__(self, flows: Flows) -> None:
        self.flows = flows

    async def code(self, view: TicketView) -> bool:
        """`b`: the ticket's empty code and the technician's own uncoded entries, as one fix."""
        choices = await self.flows.choices(view, "billing_code")
        usual = await self.flows.app.read(
            lambda reader: reader.usual_codes(view.connection, view.record.company_id)
        )
        row = next((one for one in view.exceptions if one.kind == "billing_code"), None)
        items = code_items(choices, {one.id or one.name: one.times for one in usual}, row, view)
        open_entries = [one for one in view.time if one.mine and not one.locked and not one.billing_code]
        entries = f" and on {len(open_entries)} of your time entries" if open_entries else ""
        worked = sum(one.hours for one in open_entries)
        entries += f" ({hours(worked)})" if worked else ""

        def preview(item: Item) -> Content:
            if item.key == ASK:
                return Content("Asks a colleague in the PSA; no code is set.")
            return change_line("billing code", clean(view.record.billing_code) or "—", item.label) + Content(
                entries
            )

        can = self.flows.screen.can(view.row)
        if can is None or "note" in can.writes:
            items.append(Item(ASK, "Ask billing …", "an internal note with the question", "not sure?"))
        item = await self.flows.pick(view, "Billing code", items, preview, kind="billing_code")
        if item is not None and item.key == ASK:
            return await self.ask_billing(view)
        return item is not None and await self.flows.send(view, {"billing_code": item.key})

    async def ask_billing(self, view: TicketView) -> bool:
        """Whom and what; an internal note says so in the PSA. The row stays, marked as asked."""
        people = self.flows.app.settings.billing_people
        items = [Item(name, name, "from the settings", "billing") for name in people]
        items += [
            replace(choice_item(one), group="colleagues") for one in await self.flows.choices(view, "owner")
        ]
        whom = (
            items[0]
            if len(people) == 1
            else await self.flows.pick(view, "Whom?", items, _asks, free="ask this person")
        )
        if whom is None:
            return False
        questions = [Item(str(n), f"{n} {text}", value=text) for n, text in enumerate(QUESTIONS, 1)]
        what = await self.flows.pick(
            view, f"Ask {clean(whom.label)}", questions, lambda item: Content(clean(item.value or item.label)),
            free="ask this", hint="An internal note on the ticket; the row stays here, marked as asked.",
        )  # fmt: skip
        return what is not None and await self.flows.send(
            view, {"note": question_text(whom.label, what.value or what.label)}
        )


def _asks(item: Item) -> Content:
    return Content("Asks ") + say(item.label, "bold")
