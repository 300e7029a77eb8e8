"""How a fix becomes requests to ConnectWise PSA: the ordered steps, without the network.

Order: a status that lets time in (on a closed ticket), time, codes and other fields in one PATCH, the parent,
texts, and last the status with the flag in one PATCH: what may be refused goes before what cannot be undone.
PATCH takes whole reference objects; a sub-path gives a false 200 (developer guide).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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
    "owner": "owner",
    "billing_code": "workType",
    "customer_flag": "customerUpdatedFlag",
    "contact": "contact",
    "contact_phone": "contactPhoneNumber",
    "contact_email": "contactEmailAddress",
    "agreement": "agreement",
    "type": "type",
    "subtype": "subType",
    "item": "item",
    "priority": "priority",
    "site": "site",
    "source": "source",
    "team": "team",
    "due_at": "requiredDate",
    "summary": "summary",
}
"""Canonical field -> field of the ticket, case-sensitive and without a slash."""

REFERENCES = frozenset(PATHS) - {"customer_flag", "contact_phone", "contact_email", "due_at", "summary"}

LAST = ("status", "customer_flag")
"""What goes out after a text: both bury a reply if the customer has written since."""


NO_DETACH = (
    "Taking a ticket from its parent is not established in ConnectWise's API: do it in ConnectWise, or set"
    " `detach_parent = true` once it is known to work for your company."
)


def plan(
    fix: Fix, ticket: TicketRecord, *, technician: str, detach: bool, no_time: frozenset[str]
) -> tuple[Step, ...]:
    """The steps of `fix`. `no_time`: ids of statuses known to refuse time. Raises `Unsupported`."""
    fields = dict(fix.fields)
    attach: list[Step] = []
    if fields.get("parent") is not None:
        attach.append(_attach(fix, ticket, fields.pop("parent"), detach=detach))
    elif "parent" in fields and not detach:
        raise Unsupported("ConnectWise: a parent cannot be taken away", hint=NO_DETACH, field="parent")
    for name in fields:
        if name not in PATHS and name != "parent" and not name.startswith("custom:"):
            raise Unsupported(f"ConnectWise: `{name}` cannot be set through the API", field=name)
    first = ["status"] if _status_before_time(fix, ticket, no_time) else []
    has_text = fix.reply is not None or fix.note is not None
    last = [name for name in fields if name not in first and (not has_text or name in LAST)]
    middle = [name for name in fields if name not in first and name not in last]
    steps = _patch(fix, ticket, fields, first)
    if fix.time is not None:
        steps.append(_time(fix, fix.time, ticket, technician))
    steps += [_entry(fix, entry, code) for entry, code in fix.entries.items()]
    steps += _patch(fix, ticket, fields, middle)
    steps += attach
    if fix.note is not None:
        steps.append(_note(fix.note, ticket, public=False))
    if fix.reply is not None:
        steps.append(_note(fix.reply, ticket, public=True))
    return (*steps, *_patch(fix, ticket, fields, last))


def patch_value(name: str, value: Value) -> object:
    """A canonical value in ConnectWise's JSON: a reference by id, a date with `Z`."""
    if isinstance(value, Ref):
        return {"id": number(value.id, name)}
    if value is None:
        return None
    if name in REFERENCES:
        raise Rejected(f"ConnectWise: `{name}` wants one of its choices, not “{value}”", field=name)
    if name == "due_at":
        return stamp(int(value))
    return value


def stamp(when: int) -> str:
    """UTC seconds as ConnectWise writes times."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ}"


def number(one: str, field: str) -> int:
    """An id as the number that ConnectWise wants."""
    if not (one.isascii() and one.isdigit()):
        raise Rejected(f"ConnectWise: “{one}” is no id of a {field}", field=field)
    return int(one)


def _status_before_time(fix: Fix, ticket: TicketRecord, no_time: frozenset[str]) -> bool:
    """Whether the new status has to come first for the time to be taken."""
    status = fix.fields.get("status")
    if fix.time is None or not isinstance(status, Ref) or status.id in no_time:
        return False
    return ticket.closed or (ticket.status_id or "") in no_time


def _patch(fix: Fix, ticket: TicketRecord, fields: dict[str, Value], chosen: list[str]) -> list[Step]:
    """One PATCH that sets the chosen fields, or none when there are none."""
    if not chosen:
        return []
    operations: list[dict[str, Any]] = []
    custom: dict[str, Any] = {}
    for name in chosen:
        if name.startswith("custom:"):
            custom[name.removeprefix("custom:")] = fields[name]
        elif name == "parent":
            operations.append({"op": "replace", "path": "parentTicketId", "value": None})
        else:
            operations.append(
                {"op": "replace", "path": PATHS[name], "value": patch_value(name, fields[name])}
            )
    return [
        Step(
            action="patch",
            ticket_id=ticket.ticket_id,
            request=f"PATCH /service/tickets/{ticket.ticket_id}",
            body={"operations": operations, "custom": custom},
            sets={name: fields[name] for name in chosen},
            was={name: fix.was[name] for name in chosen if name in fix.was},
            guards_reply=any(name in LAST for name in chosen),
        )
    ]


def _entry(fix: Fix, entry: str, code: Ref | None) -> Step:
    operation = {"op": "replace", "path": "workType", "value": patch_value("billing_code", code)}
    return Step(
        action="entry",
        ticket_id=fix.ticket_id,
        request=f"PATCH /time/entries/{number(entry, 'time entry')}",
        body={"operations": [operation]},
        sets={"billing_code": code},
        was={"billing_code": fix.entries_was.get(entry)},
        entry_id=entry,
    )


def _time(fix: Fix, time: NewTime, ticket: TicketRecord, technician: str) -> Step:
    """A time entry that mails nobody and is not shown to the customer."""
    length = round(time.hours * 3600)
    start = fix.decided_at - length if time.started_at is None else time.started_at
    body: dict[str, Any] = {
        "chargeToId": number(ticket.ticket_id, "ticket"),
        "chargeToType": "ServiceTicket",
        "timeStart": stamp(start),
        "timeEnd": stamp(start + length),
        "notes": time.text,
        "addToDetailDescriptionFlag": False,
        "addToInternalAnalysisFlag": bool(time.text),
        "addToResolutionFlag": False,
        "emailContactFlag": False,
        "emailResourceFlag": False,
        "emailCcFlag": False,
    }
    if time.code is not None:
        body["workType"] = {"id": number(time.code.id, "billing code")}
    if time.billable is not None:
        body["billableOption"] = time.billable
    return Step(
        action="time",
        ticket_id=ticket.ticket_id,
        request="POST /time/entries",
        body={"entry": body, "member": technician},
        creates="time",
        text=time.text,
        hours=time.hours,
        repeatable=False,
        undoable=False,
    )


def _note(text: str, ticket: TicketRecord, *, public: bool) -> Step:
    """A note with exactly one of the three flags; `processNotifications` is what mails the contact."""
    flag = "detailDescriptionFlag" if public else "internalAnalysisFlag"
    contact = ticket.contact_email or ticket.contact
    mails = [contact] if contact else []
    mails += [address for address in (ticket.cc or "").split(",") if address]
    return Step(
        action="note",
        ticket_id=ticket.ticket_id,
        request=f"POST /service/tickets/{ticket.ticket_id}/notes",
        body={"note": {"text": text, flag: True, "processNotifications": public}},
        creates="note",
        text=text,
        public=public,
        repeatable=False,
        undoable=False,
        mails=tuple(mails) if public else (),
        guards_reply=buries_reply(text, public=public),
    )


def _attach(fix: Fix, ticket: TicketRecord, parent: Value, *, detach: bool) -> Step:
    """Undoable only where taking a parent away is offered."""
    if not isinstance(parent, Ref):
        raise Rejected(f"ConnectWise: “{parent}” is no ticket", field="parent")
    return Step(
        action="attach",
        ticket_id=ticket.ticket_id,
        request=f"POST /service/tickets/{number(parent.id, 'ticket')}/attachChildren",
        body={"childTicketIds": [number(ticket.ticket_id, "ticket")]},
        sets={"parent": parent},
        was={"parent": fix.was.get("parent")},
        undoable=detach,
    )
