"""How a fix becomes requests to Autotask: the ordered steps, without the network.

Order: a status that opens a closed ticket (before time), time, codes, the contact's card and other fields in one PATCH
each, texts, and last the status: what may be refused goes before what cannot be undone. A PATCH goes to the collection
with the id in its body (the address of one ticket answers 405); only what is sent changes. Never a PUT, which empties
the rest. Contacts are changed below their company alone: `Contacts` by itself has no PATCH (vendor's Swagger file).
"""

from __future__ import annotations

from typing import Any

from connectors.autotask.api import numbers
from connectors.autotask.records import COMPLETE, EVERYBODY, stamp
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

PATHS = {
    "status": "status",
    "owner": "assignedResourceID",
    "billing_code": "billingCodeID",
    "contact": "contactID",
    "agreement": "contractID",
    "type": "issueType",
    "subtype": "subIssueType",
    "priority": "priority",
    "site": "companyLocationID",
    "source": "source",
    "due_at": "dueDateTime",
    "summary": "title",
    "parent": "problemTicketId",
}
"""Canonical field -> field of the ticket."""
PLAIN = ("due_at", "summary")
LAST = ("status",)
"""What goes out after a text: it buries a reply if the customer has written since."""
INTERNAL = 2
NOTE = 1
"""`noteType` of an ordinary note, as in the vendor's samples."""
LONGEST_TITLE = 100
BILLABLE = {"Billable": False, "NonBillable": True, "DoNotBill": True, "NoCharge": True}


def plan(
    fix: Fix, ticket: TicketRecord, *, technician: str, time_text: str, replies_mail: bool
) -> tuple[Step, ...]:
    """The steps of `fix`. `time_text`: `internal` or `summary`. Raises `Unsupported`, `Rejected`."""
    fields = {name: value for name, value in fix.fields.items() if name not in ON_THE_CARD}
    for name in fields:
        if name not in PATHS and not name.startswith("custom:"):
            raise Unsupported(f"Autotask: `{name}` cannot be set on a ticket through the API", field=name)
    status = fields.get("status")
    reopens = ticket.closed and isinstance(status, Ref) and status.id != str(COMPLETE)
    first = ["status"] if reopens and fix.time is not None else []
    has_text = fix.reply is not None or fix.note is not None
    last = [name for name in fields if name not in first and (not has_text or name in LAST)]
    middle = [name for name in fields if name not in first and name not in last]
    steps = _patch(fix, ticket, fields, first)
    if fix.time is not None:
        steps.append(_time(fix, fix.time, ticket, technician, time_text))
    steps += [_entry(fix, entry, code) for entry, code in fix.entries.items()]
    if len(fields) < len(fix.fields):
        steps.append(_card(fix, ticket))
    steps += _patch(fix, ticket, fields, middle)
    if fix.note is not None:
        steps.append(_note(fix.note, ticket, public=False, mails=False))
    if fix.reply is not None:
        steps.append(_note(fix.reply, ticket, public=True, mails=replies_mail))
    return (*steps, *_patch(fix, ticket, fields, last))


def patch_value(name: str, value: Value) -> object:
    """A canonical value in Autotask's JSON: a reference is its number, a date has its `Z`."""
    if isinstance(value, Ref):
        return number(value.id, name)
    if value is None:
        return None
    if name not in PLAIN:
        raise Rejected(f"Autotask: `{name}` wants one of its choices, not “{value}”", field=name)
    return stamp(int(value)) if name == "due_at" else value


def number(one: str, field: str) -> int:
    """An id as the number that Autotask wants, although its picklists have texts."""
    found = numbers([one])
    if not found:
        raise Rejected(f"Autotask: “{one}” is no id of a {field}", field=field)
    return found[0]


def _patch(fix: Fix, ticket: TicketRecord, fields: dict[str, Value], chosen: list[str]) -> list[Step]:
    """One PATCH that sets the chosen fields, or none when there are none."""
    if not chosen:
        return []
    body: dict[str, Any] = {"id": number(ticket.ticket_id, "ticket")}
    custom: list[dict[str, Any]] = []
    for name in chosen:
        if name.startswith("custom:"):
            custom.append({"name": name.removeprefix("custom:"), "value": fields[name]})
        else:
            body[PATHS[name]] = patch_value(name, fields[name])
    if "owner" in chosen and fields["owner"] is None:
        body["assignedResourceRoleID"] = (
            None  # the two go together; an owner's role is looked up when it is sent
        )
    if custom:
        body["userDefinedFields"] = custom
    return [
        Step(
            action="patch",
            ticket_id=ticket.ticket_id,
            request="PATCH /Tickets",
            body=body,
            sets={name: fields[name] for name in chosen},
            was={name: fix.was[name] for name in chosen if name in fix.was},
            guards_reply=any(name in LAST for name in chosen),
        )
    ]


def _card(fix: Fix, ticket: TicketRecord) -> Step:
    """The contact's card, below the ticket's company."""
    if ticket.company_id is None:
        raise Unsupported("Autotask: contacts are changed below their company, and the ticket has none")
    company = number(ticket.company_id, "company")
    step = card_step(fix, ticket, "Autotask", lambda _: f"PATCH /Companies/{company}/Contacts")
    number(step.body["contact"], "contact")
    return step


def _entry(fix: Fix, entry: str, code: Ref | None) -> Step:
    return Step(
        action="entry",
        ticket_id=fix.ticket_id,
        request="PATCH /TimeEntries",
        body={"id": number(entry, "time entry"), "billingCodeID": patch_value("billing_code", code)},
        sets={"billing_code": code},
        was={"billing_code": fix.entries_was.get(entry)},
        entry_id=entry,
    )


def _time(fix: Fix, time: NewTime, ticket: TicketRecord, technician: str, time_text: str) -> Step:
    """A time entry. Its text is internal unless the settings say that summaries are wanted."""
    if not 0 < time.hours <= 24:
        raise Rejected("Autotask: a time entry has more than 0 and at most 24 hours", field="hours")
    if time.billable is not None and time.billable not in BILLABLE:
        raise Rejected(f"Autotask: “{time.billable}” is not Billable or NonBillable", field="billable")
    length = round(time.hours * 3600)
    start = fix.decided_at - length if time.started_at is None else time.started_at
    body: dict[str, Any] = {
        "ticketID": number(ticket.ticket_id, "ticket"),
        "dateWorked": f"{stamp(start)[:10]}T00:00:00Z",
        "startDateTime": stamp(start),
        "endDateTime": stamp(start + length),
        "hoursWorked": round(time.hours, 4),
        "summaryNotes" if time_text == "summary" else "internalNotes": time.text,
    }
    if time.code is not None:
        body["billingCodeID"] = number(time.code.id, "billing code")
    if time.billable is not None:
        body["isNonBillable"] = BILLABLE[time.billable]
    return Step(
        action="time",
        ticket_id=ticket.ticket_id,
        request="POST /TimeEntries",
        body={"entry": body, "technician": technician},
        creates="time",
        text=time.text,
        hours=time.hours,
        public=time_text == "summary" and bool(time.text),
        repeatable=False,
        undoable=False,
    )


def _note(text: str, ticket: TicketRecord, *, public: bool, mails: bool) -> Step:
    """A note. The API itself mails nobody; `mails` says that the shop's workflow rules are known to."""
    contact = ticket.contact_email or ticket.contact
    first = next((line.strip() for line in text.splitlines() if line.strip()), "Note")
    return Step(
        action="note",
        ticket_id=ticket.ticket_id,
        request=f"POST /Tickets/{number(ticket.ticket_id, 'ticket')}/Notes",
        body={
            "title": first[:LONGEST_TITLE],
            "description": text,
            "noteType": NOTE,
            "publish": EVERYBODY if public else INTERNAL,
        },
        creates="note",
        text=text,
        public=public,
        repeatable=False,
        undoable=False,
        mails=(contact,) if mails and contact else (),
        guards_reply=buries_reply(text, public=public),
    )
