"""How a fix becomes requests to AlgaPSA: the ordered steps, without the network.

Order: time, codes of time entries, the contact's card, the bundle, the owner, other fields in one PUT, texts, and last
the status: what may be refused goes before what cannot be undone. Names: requests tried on a running server.

Mail: the server tells the contact of a public comment, and of changes, as the shop's notifications say. A fix is one
thing a person did, so it asks for one mail: the reply's, else the status's; everything else of it is silent
(`suppressContactNotifications`).
"""

from __future__ import annotations

from typing import Any

from connectors.algapsa.records import BILLABLE, FREE
from connectors.algapsa.wire import is_id, stamp
from connectors.cards import card_step
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
    "status": "status_id",
    "priority": "priority_id",
    "contact": "contact_name_id",
    "type": "category_id",
    "subtype": "subcategory_id",
    "site": "location_id",
    "summary": "title",
}
"""Canonical field -> field of the PUT. Anything else there is dropped with a 200."""
EMPTIED = frozenset({"contact", "owner"})
"""What `null` is taken for; of the rest it is a 400."""
LAST = ("status",)
"""What goes out after a text: it buries a reply if the customer has written since."""
QUIET = {"suppressContactNotifications": True}
LONGEST = 5000
"""Characters of a comment (read in the source)."""
LONGEST_TITLE = 255

ABSENT = {
    "customer_flag": "AlgaPSA's API can read the response state and not set it: an answer in AlgaPSA itself clears it."
    " Here a ticket counts as answered by its newest public comment.",
    "billing_code": "AlgaPSA has no billing code on the ticket: it is the service of each time entry.",
    "contact_email": "AlgaPSA takes another first mail address for a contact only in exchange for one that he has"
    " besides: change it on the contact in AlgaPSA.",
    "due_at": "AlgaPSA's API drops a due date without a word.",
    "custom": "AlgaPSA's API replaces all free attributes at once, the description among them.",
}


ON_THE_CARD = frozenset({"contact_phone"})
"""What a ticket has from its contact's card and can be written there."""
NO_CARDS = "The key may not see contacts (contact: read), on whose cards AlgaPSA has phone numbers."


def plan(fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
    """The steps of `fix`. Raises `Unsupported`, `Rejected`."""
    for name in fix.fields:
        if name not in FIELDS and name not in ("owner", "parent", *ON_THE_CARD):
            verb = "custom" if name.startswith("custom:") else name
            raise Unsupported(
                f"AlgaPSA: `{name}` cannot be set through the API", hint=ABSENT.get(verb, ""), field=name
            )
    for text in (fix.reply, fix.note):
        if text is not None and len(text) > LONGEST:
            raise Rejected(
                f"AlgaPSA takes comments of {LONGEST} characters at most; this one has {len(text)}.",
                hint="Shorten it, or send it in two.",
            )
    has_text = fix.reply is not None or fix.note is not None
    put = [name for name in fix.fields if name in FIELDS]
    last = [name for name in put if not has_text or name in LAST]
    middle = [name for name in put if name not in last]
    steps: list[Step] = []
    if fix.time is not None:
        steps.append(_time(fix, fix.time, ticket))
    steps += [_entry(fix, entry, code) for entry, code in fix.entries.items()]
    if ON_THE_CARD & fix.fields.keys():
        steps.append(card_step(fix, ticket, "AlgaPSA", lambda one: f"PUT /contacts/{key(one, 'contact')}"))
    if "parent" in fix.fields:
        steps += _bundle(fix, ticket)
    if "owner" in fix.fields:
        steps.append(_assign(fix, ticket))
    steps += _put(fix, ticket, middle)
    if fix.note is not None:
        steps.append(_comment(fix.note, ticket, public=False))
    if fix.reply is not None:
        steps.append(_comment(fix.reply, ticket, public=True))
    return (*steps, *_put(fix, ticket, last))


def key(one: str, what: str) -> str:
    """An id that can stand in an address. Raises `Rejected`."""
    if not is_id(one):
        raise Rejected(f"AlgaPSA: “{one}” is no id of a {what}", field=what)
    return one


# ---------------------------------------------------------------- the ticket


def _value(name: str, value: Value) -> object:
    if name == "summary":
        text = "" if value is None else str(value).strip()
        if not 0 < len(text) <= LONGEST_TITLE:
            raise Rejected(f"AlgaPSA: a title has 1 to {LONGEST_TITLE} characters", field=name)
        return text
    if value is None:
        if name in EMPTIED:
            return None
        raise Unsupported(f"AlgaPSA: `{name}` cannot be emptied, only changed", field=name)
    if not isinstance(value, Ref):
        raise Rejected(f"AlgaPSA: `{name}` wants one of its choices, not “{value}”", field=name)
    return key(value.id, name)


def _back(fix: Fix, names: list[str]) -> bool:
    """Whether the values before can be put back: they are known by id, or may be emptied."""
    return all(
        isinstance(was := fix.was.get(name), Ref) or name == "summary" or (was is None and name in EMPTIED)
        for name in names
    )


def _put(fix: Fix, ticket: TicketRecord, chosen: list[str]) -> list[Step]:
    """One PUT that sets the chosen fields, or none when there are none."""
    if not chosen:
        return []
    body = {FIELDS[name]: _value(name, fix.fields[name]) for name in chosen}
    if fix.reply is not None or "status" not in chosen:
        body |= QUIET
    return [
        Step(
            action="put",
            ticket_id=ticket.ticket_id,
            request=f"PUT /tickets/{key(ticket.ticket_id, 'ticket')}",
            body=body,
            sets={name: fix.fields[name] for name in chosen},
            was={name: fix.was[name] for name in chosen if name in fix.was},
            undoable=_back(fix, chosen),
            guards_reply=any(name in LAST for name in chosen),
        )
    ]


def _assign(fix: Fix, ticket: TicketRecord) -> Step:
    """By itself, for only here nobody is taken for an owner."""
    return Step(
        action="assign",
        ticket_id=ticket.ticket_id,
        request=f"PUT /tickets/{key(ticket.ticket_id, 'ticket')}/assignment",
        body={"assigned_to": _value("owner", fix.fields["owner"]), **QUIET},
        sets={"owner": fix.fields["owner"]},
        was={"owner": fix.was["owner"]} if "owner" in fix.was else {},
        undoable=_back(fix, ["owner"]),
    )


def _bundle(fix: Fix, ticket: TicketRecord) -> list[Step]:
    """Out of the bundle it is in, then into the other: a bundled ticket is refused elsewhere (409)."""
    wanted, child = fix.fields["parent"], key(ticket.ticket_id, "ticket")
    was: Value = fix.was.get("parent")
    steps = []
    if ticket.parent_ids:
        master = key(ticket.parent_ids[0], "parent")
        steps.append(
            Step(
                action="detach",
                ticket_id=ticket.ticket_id,
                request=f"DELETE /tickets/{master}/bundle/children/{child}",
                sets={"parent": None},
                was={"parent": was},
            )
        )
    if wanted is None:
        if not steps:
            raise Rejected("AlgaPSA: the ticket is in no bundle", field="parent")
        return steps
    if not isinstance(wanted, Ref):
        raise Rejected(f"AlgaPSA: a parent is a ticket, not “{wanted}”", field="parent")
    steps.append(
        Step(
            action="attach",
            ticket_id=ticket.ticket_id,
            request=f"POST /tickets/{key(wanted.id, 'parent')}/bundle",
            body={"child_ticket_ids": [child], "mode": "link_only"},
            sets={"parent": wanted},
            was={"parent": None if steps else was},
        )
    )
    return steps


# ---------------------------------------------------------------- time and texts


def _entry(fix: Fix, entry: str, code: Ref | None) -> Step:
    if code is None:
        raise Unsupported(
            "AlgaPSA: a time entry's service can be changed and not taken away",
            hint="Give it another service.",
            field="entry_code",
        )
    was = fix.entries_was.get(entry)
    return Step(
        action="entry",
        ticket_id=fix.ticket_id,
        request=f"PUT /time-entries/{key(entry, 'time entry')}",
        body={"service_id": key(code.id, "service")},
        sets={"billing_code": code},
        was={"billing_code": was},
        entry_id=entry,
        undoable=was is not None,
    )


def _time(fix: Fix, time: NewTime, ticket: TicketRecord) -> Step:
    """An entry of the key's user, in whole minutes: the server cuts seconds off."""
    minutes = round(time.hours * 60)
    if minutes < 1:
        raise Unsupported("AlgaPSA counts whole minutes; this is less than one.", field="time")
    if time.code is None:
        raise Rejected(
            "AlgaPSA wants a service (the billing code) with every time entry.",
            hint="Give the billing code in the same fix.",
            field="billing_code",
        )
    if time.billable is not None and time.billable.casefold() not in (BILLABLE, FREE):
        raise Rejected(f"AlgaPSA: time is “{BILLABLE}” or “{FREE}”, not “{time.billable}”", field="time")
    start = fix.decided_at - minutes * 60 if time.started_at is None else time.started_at
    start -= start % 60
    body: dict[str, Any] = {
        "work_item_type": "ticket",
        "work_item_id": key(ticket.ticket_id, "ticket"),
        "start_time": stamp(start),
        "end_time": stamp(start + minutes * 60),
        "service_id": key(time.code.id, "service"),
        "notes": time.text,
        "is_billable": time.billable is None or time.billable.casefold() == BILLABLE,
    }
    return Step(
        action="time",
        ticket_id=ticket.ticket_id,
        request="POST /time-entries",
        body=body,
        creates="time",
        text=time.text,
        hours=minutes / 60,
        repeatable=False,
        undoable=False,
    )


def _comment(text: str, ticket: TicketRecord, *, public: bool) -> Step:
    contact = ticket.contact_email or ticket.contact
    body: dict[str, Any] = {"comment_text": text, "is_internal": not public}
    if not public:
        body |= QUIET
    return Step(
        action="comment",
        ticket_id=ticket.ticket_id,
        request=f"POST /tickets/{key(ticket.ticket_id, 'ticket')}/comments",
        body=body,
        creates="note",
        text=text,
        public=public,
        repeatable=False,
        undoable=False,
        mails=(contact,) if public and contact else (),
        guards_reply=buries_reply(text, public=public),
    )
