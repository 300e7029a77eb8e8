"""How a fix becomes requests to Syncro: the ordered steps, without the network.

Order: time, codes of timers, the contact's card, other fields in one PUT, texts, and last the status: what may be
refused goes before what cannot be undone.
A PUT with `comments_attributes` would be a second comment, with mail: texts go by themselves.
Names: the vendor's OpenAPI file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.cards import ON_THE_CARD, card_step
from connectors.contract import (
    Fix,
    NewTime,
    Ref,
    Rejected,
    Step,
    TicketRecord,
    Unsupported,
    Value,
    buries_reply,
)

FIELDS = {
    "status": "status",
    "owner": "user_id",
    "contact": "contact_id",
    "type": "ticket_type_id",
    "subtype": "problem_type",
    "priority": "priority",
    "summary": "subject",
}
"""Canonical field -> field of the PUT."""
NUMBERS = frozenset({"owner", "contact", "type"})
LAST = ("status",)
"""What goes out after a text: it buries a reply if the customer has written since."""
SUBJECT = "Update"
"""Every comment needs a subject (seen in a maintained client)."""

NOT_IN_API = "is not among what Syncro's API takes for a ticket: do it in Syncro."
ABSENT = {
    "customer_flag": "How Syncro takes away its “customer reply” mark is not established and the API cannot set it:"
    " a reply or a status may do it.",
    "attach": f"The parent {NOT_IN_API}",
    "detach": f"The parent {NOT_IN_API}",
    "agreement": f"The contract {NOT_IN_API}",
    "billing_code": "Syncro has no billing code on the ticket: it is the labour product of each timer.",
    "due_at": "Syncro's API takes a due date as a whole day only, and which zone's is not established.",
    "site": "Syncro's API does not list the locations.",
}
NO_CARDS = (
    "The token may not see contacts (Customers - View Detail), on whose cards Syncro has phone and mail."
)
NO_PRIORITIES = "Syncro's API does not list the priorities: name them in `priorities` of the connection."


def plan(fix: Fix, ticket: TicketRecord, *, clear_code: bool) -> tuple[Step, ...]:
    """The steps of `fix`. Raises `Unsupported`, `Rejected`."""
    for name in fix.fields:
        if name not in FIELDS and name not in ON_THE_CARD and not name.startswith("custom:"):
            verb = "attach" if name == "parent" else name
            raise Unsupported(
                f"Syncro: `{name}` cannot be set through the API", hint=ABSENT.get(verb, ""), field=name
            )
    has_text = fix.reply is not None or fix.note is not None
    own = [name for name in fix.fields if name not in ON_THE_CARD]
    last = [name for name in own if not has_text or name in LAST]
    middle = [name for name in own if name not in last]
    steps: list[Step] = []
    if fix.time is not None:
        steps.append(_time(fix, fix.time, ticket))
    steps += [_entry(fix, entry, code, clear_code=clear_code) for entry, code in fix.entries.items()]
    if len(own) < len(fix.fields):
        steps.append(card_step(fix, ticket, "Syncro", lambda one: f"PUT /contacts/{number(one, 'contact')}"))
    steps += _put(fix, ticket, middle)
    if fix.note is not None:
        steps.append(_comment(fix.note, ticket, public=False))
    if fix.reply is not None:
        steps.append(_comment(fix.reply, ticket, public=True))
    return (*steps, *_put(fix, ticket, last))


def number(one: str, field: str) -> int:
    """An id as the number that Syncro wants."""
    if not (one.isascii() and one.isdecimal()):
        raise Rejected(f"Syncro: “{one}” is no id of a {field}", field=field)
    return int(one)


def _value(name: str, value: Value) -> object:
    if name in NUMBERS:
        if value is None:
            return None
        if not isinstance(value, Ref):
            raise Rejected(f"Syncro: `{name}` wants one of its choices, not “{value}”", field=name)
        return number(value.id, name)
    if name == "status" and (value is None or value == ""):
        raise Rejected("Syncro: a ticket has a status", field=name)
    return value.name if isinstance(value, Ref) else value


def _put(fix: Fix, ticket: TicketRecord, chosen: list[str]) -> list[Step]:
    """One PUT that sets the chosen fields, or none when there are none."""
    if not chosen:
        return []
    fields = {FIELDS[name]: _value(name, fix.fields[name]) for name in chosen if name in FIELDS}
    custom = {
        name.removeprefix("custom:"): fix.fields[name] or "" for name in chosen if name.startswith("custom:")
    }
    return [
        Step(
            action="put",
            ticket_id=ticket.ticket_id,
            request=f"PUT /tickets/{number(ticket.ticket_id, 'ticket')}",
            body={"fields": fields, "custom": custom},
            sets={name: fix.fields[name] for name in chosen},
            was={name: fix.was[name] for name in chosen if name in fix.was},
            guards_reply=any(name in LAST for name in chosen),
        )
    ]


def _entry(fix: Fix, entry: str, code: Ref | None, *, clear_code: bool) -> Step:
    if code is None and not clear_code:
        raise Unsupported(
            "Syncro: taking a timer's product away is not established",
            hint="Set `clear_code = true` in the connection once it is known to work, or do it in Syncro.",
            field="entry_code",
        )
    was = fix.entries_was.get(entry)
    return Step(
        action="timer",
        ticket_id=fix.ticket_id,
        request=f"PUT /tickets/{number(fix.ticket_id, 'ticket')}/update_timer_entry",
        body={
            "timer_entry_id": number(entry, "timer"),
            "product_id": None if code is None else number(code.id, "labour product"),
        },
        sets={"billing_code": code},
        was={"billing_code": was},
        entry_id=entry,
        undoable=was is not None or clear_code,
    )


def _time(fix: Fix, time: NewTime, ticket: TicketRecord) -> Step:
    """A timer of the token's user. Whole minutes; whether it is billable the shop's own settings decide."""
    minutes = round(time.hours * 60)
    if minutes < 1:
        raise Unsupported("Syncro counts whole minutes; this is less than one.", field="time")
    if time.billable is not None:
        raise Unsupported(
            "Syncro: whether time is billable cannot be said together with it",
            hint="Leave it out; Syncro's own settings decide, and its timer screen changes it.",
            field="time",
        )
    start = fix.decided_at - minutes * 60 if time.started_at is None else time.started_at
    body: dict[str, Any] = {
        "start_at": f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "duration_minutes": minutes,
        "notes": time.text,
    }
    if time.code is not None:
        body["product_id"] = number(time.code.id, "labour product")
    return Step(
        action="time",
        ticket_id=ticket.ticket_id,
        request=f"POST /tickets/{number(ticket.ticket_id, 'ticket')}/timer_entry",
        body=body,
        creates="time",
        text=time.text,
        hours=minutes / 60,
        repeatable=False,
        undoable=False,
    )


def _comment(text: str, ticket: TicketRecord, *, public: bool) -> Step:
    """`hidden` is internal; without `do_not_email` a public one is mailed."""
    contact = ticket.contact_email or ticket.contact
    return Step(
        action="comment",
        ticket_id=ticket.ticket_id,
        request=f"POST /tickets/{number(ticket.ticket_id, 'ticket')}/comment",
        body={"subject": SUBJECT, "body": text, "hidden": not public, "do_not_email": not public},
        creates="note",
        text=text,
        public=public,
        repeatable=False,
        undoable=False,
        mails=(contact,) if public and contact else (),
        guards_reply=buries_reply(text, public=public),
    )
