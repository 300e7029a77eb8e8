"""What a form about work begins with: the timer's time, the codes, what is billable, in this PSA's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.contract import Capabilities
from connectors.text import clean
from store import timers
from store.read_records import TicketView
from tui.asks import Item
from tui.picks import code_items

if TYPE_CHECKING:
    from tui.screens.queue_base import QueueBase


async def offered_work(screen: QueueBase, view: TicketView, *, text: str) -> dict[str, Any]:
    """The part of `Offered` that is about the work itself."""
    from tui.flows_time import timer_time

    app, flows, record = screen.deskzero, screen.flows, view.record
    can = screen.can(view.row)
    name, ticket_id = view.connection, record.ticket_id
    said = await app.read(lambda reader: reader.suggested_code(name, ticket_id))
    usual = await app.read(lambda reader: reader.usual_codes(name, record.company_id))
    has_codes = can is None or can.code_on_ticket or can.code_on_time
    choices = await flows.choices(view, "billing_code") if has_codes else []
    row = next((one for one in view.exceptions if one.kind == "billing_code"), None)
    codes = code_items(choices, {one.id or one.name: one.times for one in usual}, row, view, said)
    watch = await app.read(lambda _: timers.of_ticket(app.home, name, ticket_id))
    settings = app.settings
    time, words = timer_time(watch, app.now, step=settings.time_round, least=settings.time_least)
    no_time = "" if can is None or "time" in can.writes else absent(can, "time")
    return {
        "time": "" if no_time else time,
        "time_words": words,
        "no_time": no_time,
        "codes": _codes(view, codes, sure=said is not None and said.strength == "strong"),
        "billable": _billable(view, can),
        "text": text,
    }


def absent(can: Capabilities, verb: str) -> str:
    """Why the PSA does not take it, in the connector's words."""
    return can.absent.get(verb, "not offered by this PSA's API as known")


def _codes(view: TicketView, codes: Sequence[Item], *, sure: bool) -> list[Item]:
    """Codes with "as it is" among them: first where the ticket has one, else behind a suggestion that is sure."""
    has = clean(view.record.billing_code)
    stays = Item("", f"{has} (stays)" if has else "none", value=view.record.billing_code_id)
    return [*codes, stays] if sure and not has else [stays, *codes]


def _billable(view: TicketView, can: Capabilities | None) -> list[Item]:
    if can is None or not can.billable:
        return []
    agreement = view.agreement
    rests = (
        f"agreement {clean(agreement.name)}, {agreement.state}" if agreement is not None else "no agreement"
    )
    return [Item("", "as the PSA decides", rests), *(Item(value, value) for value in can.billable)]
