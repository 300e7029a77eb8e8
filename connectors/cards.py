"""A contact's card, where a ticket shows the phone number and mail address of it: what a write to it means.

A card may have two numbers, of which a ticket shows the first that is there. The first is written and the second never:
it is somebody's mobile, and nobody asked to change it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from connectors.contract import Capabilities, Conflict, Fix, Rejected, Step, TicketRecord, Unsupported, Value
from connectors.text import clean, same_reach

ON_THE_CARD = frozenset({"contact_phone", "contact_email"})
"""Fields that a ticket may have from its contact's card."""


def card_step(fix: Fix, ticket: TicketRecord, title: str, request: Callable[[str], str]) -> Step:
    """The step that sets what of `fix` is on the card of the ticket's contact.

    `request`: method and path for a contact's id. Raises `Unsupported` where there is no contact, or another one to be.
    """
    contact = _whose(fix, ticket, title)
    fields = {name: value for name, value in fix.fields.items() if name in ON_THE_CARD}
    return Step(
        action="card",
        ticket_id=ticket.ticket_id,
        request=request(contact),
        body={"contact": contact, "fields": fields},
        sets=fields,
        was={name: fix.was[name] for name in fields if name in fix.was},
    )


def _whose(fix: Fix, ticket: TicketRecord, title: str) -> str:
    name = next(field for field in fix.fields if field in ON_THE_CARD)
    what = "number" if name == "contact_phone" else "address"
    if "contact" in fix.fields:
        raise Unsupported(
            f"{title}: the {what} is on the contact's card, and the contact changes too.",
            hint="Set the contact first, then what is on the card.",
            field=name,
        )
    if ticket.contact_id is None:
        raise Unsupported(
            f"{title}: the {what} is on the contact's card, and the ticket has no contact.",
            hint="Set the contact first.",
            field=name,
        )
    return ticket.contact_id


def without_cards(can: Capabilities, why: str) -> Capabilities:
    """What is left where contacts may not be seen: an empty field means nothing then, and nothing is written."""
    return msgspec.structs.replace(
        can,
        fields=can.fields - ON_THE_CARD,
        writes=can.writes - can.on_the_card,
        undoable=can.undoable - can.on_the_card,
        on_the_card=frozenset(),
        absent={**can.absent, **dict.fromkeys(sorted(can.on_the_card), why)},
    )


def refuse_changed(step: Step, field: str, shown: str | None) -> None:
    """Raises `Conflict` where the card, read just now, is not as it was when the fix was decided: what was compared
    before may be a moment older."""
    was = step.was.get(field)
    if field in step.was and not same_reach(field, str(was or ""), shown or ""):
        raise Conflict(f"the contact's card was changed: “{clean(shown)}”", field=field)


def first_number(wanted: Value, first: str | None, second: str | None, title: str) -> str | None:
    """What the card's first number becomes so that a ticket shows `wanted`; `None`: none. Raises `Rejected` where the
    second number would be shown in place of none."""
    text = str(wanted or "").strip()
    if not text and (second or "").strip():
        raise Rejected(
            f"{title}: without its number the contact's card shows the second one, {clean(second)}",
            hint=f"Change both in {title}.",
            field="contact_phone",
        )
    if (
        text
        and (first or "").strip()
        and (second or "").strip()
        and same_reach("contact_phone", text, second or "")
    ):
        return None  # the second one is shown again, as before there was a first
    return text or None
