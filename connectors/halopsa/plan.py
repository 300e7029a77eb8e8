"""How a fix becomes requests to HaloPSA: the ordered steps, without the network.

Order: time, its codes, the ticket's other fields in one POST, texts, and last the status: what may be refused
goes before what cannot be undone. A POST without an id makes a new ticket, so every one here has one.
"""

from __future__ import annotations

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
from connectors.halopsa.wire import stamp

FIELDS = {
    "status": "status_id",
    "owner": "agent_id",
    "billing_code": "chargerate",
    "contact": "user_id",
    "agreement": "contract_id",
    "priority": "priority_id",
    "site": "site_id",
    "parent": "parent_id",
    "team": "team",
    "summary": "summary",
}
"""Canonical field -> field of the ticket (vendor's API documentation)."""
EMPTIED = frozenset({"billing_code", "agreement"})
"""Emptied with 0: inferred, so what is sent is compared with what is there afterwards, as always."""
LAST = ("status", "customer_flag")
NO_DETACH = (
    "Taking a ticket from its parent is not established in Halo's API: do it in Halo, or set"
    " `detach_parent = true` once `parent_id` 0 is known to work."
)
NO_CUSTOM = "How Halo takes custom fields through its API is not established: set them in Halo."
NO_TYPE = "Another ticket type is another workflow with other statuses: change it in Halo."


def plan(fix: Fix, ticket: TicketRecord, *, detach: bool) -> tuple[Step, ...]:
    """The steps of `fix`. Raises `Unsupported`."""
    for name in fix.fields:
        if name not in FIELDS and name != "customer_flag":
            raise Unsupported(f"HaloPSA: `{name}` cannot be set through the API as known", field=name)
    has_text = fix.reply is not None or fix.note is not None
    last = [name for name in fix.fields if name in LAST or not has_text]
    middle = [name for name in fix.fields if name not in last]
    steps: list[Step] = []
    if fix.time is not None:
        steps.append(_time(fix, fix.time, ticket))
    steps += [_entry(fix, ticket, entry, code) for entry, code in fix.entries.items()]
    steps += _set(fix, ticket, middle, detach=detach)
    if fix.note is not None:
        steps.append(_note(fix.note, ticket, public=False))
    if fix.reply is not None:
        steps.append(_note(fix.reply, ticket, public=True))
    return (*steps, *_set(fix, ticket, last, detach=detach))


def number(one: str, field: str) -> int:
    """An id as the number that Halo wants: never 0, which would make something new."""
    if not (one.isascii() and one.isdigit() and int(one) > 0):
        raise Rejected(f"HaloPSA: “{one}” is no id of a {field}", field=field)
    return int(one)


def _value(name: str, value: Value, *, detach: bool) -> object:
    if value is None:
        if name in EMPTIED or (name == "parent" and detach):
            return 0
        if name == "parent":
            raise Unsupported("HaloPSA: a parent cannot be taken away", hint=NO_DETACH, field=name)
        raise Unsupported(f"HaloPSA: how `{name}` is emptied is not established", field=name)
    if name in ("team", "summary"):
        return value.name if isinstance(value, Ref) else str(value)
    if not isinstance(value, Ref):
        raise Rejected(f"HaloPSA: `{name}` wants one of its choices, not “{value}”", field=name)
    return number(value.id, name)


def _set(fix: Fix, ticket: TicketRecord, chosen: list[str], *, detach: bool) -> list[Step]:
    """One POST that sets the chosen fields. The signal is a status: with a new one it follows from that, alone it is
    the status that the ticket's type names, which is looked up when it is carried out."""
    if not chosen:
        return []
    changes: dict[str, Any] = {"id": number(ticket.ticket_id, "ticket")}
    for name in chosen:
        if name != "customer_flag":
            changes[FIELDS[name]] = _value(name, fix.fields[name], detach=detach)
    body: dict[str, Any] = {"ticket": changes}
    if "customer_flag" in chosen and "status" not in fix.fields:
        body["signal"] = {"type": ticket.type_id or "", "set": bool(fix.fields["customer_flag"])}
    was_none = any(fix.was.get(name, "?") is None for name in chosen if name not in EMPTIED)
    return [
        Step(
            action="set",
            ticket_id=ticket.ticket_id,
            request="POST /Tickets",
            body=body,
            sets={name: fix.fields[name] for name in chosen},
            was={name: fix.was[name] for name in chosen if name in fix.was},
            undoable=not was_none or (chosen == ["parent"] and detach),
            guards_reply=any(name in LAST for name in chosen),
        )
    ]


def _entry(fix: Fix, ticket: TicketRecord, entry: str, code: Ref | None) -> Step:
    changes = {
        "id": number(entry, "time entry"),
        "ticket_id": number(ticket.ticket_id, "ticket"),
        "chargerate": _value("billing_code", code, detach=False),
    }
    return Step(
        action="entry",
        ticket_id=fix.ticket_id,
        request="POST /Actions",
        body={"action": changes},
        sets={"billing_code": code},
        was={"billing_code": fix.entries_was.get(entry)},
        entry_id=entry,
    )


def _time(fix: Fix, time: NewTime, ticket: TicketRecord) -> Step:
    """An internal action with hours on it that mails nobody."""
    length = round(time.hours * 3600)
    start = fix.decided_at - length if time.started_at is None else time.started_at
    action: dict[str, Any] = {
        "ticket_id": number(ticket.ticket_id, "ticket"),
        "note": time.text,
        "timetaken": time.hours,
        "actionarrivaldate": stamp(start),
        "actioncompletiondate": stamp(start + length),
        "hiddenfromuser": True,
        "sendemail": False,
    }
    if time.code is not None:
        action["chargerate"] = number(time.code.id, "billing code")
    if time.billable is not None:
        action["actisbillable"] = time.billable == "Billable"
    return Step(
        action="time",
        ticket_id=ticket.ticket_id,
        request="POST /Actions",
        body={"action": action},
        creates="time",
        text=time.text,
        hours=time.hours,
        repeatable=False,
        undoable=False,
    )


def _note(text: str, ticket: TicketRecord, *, public: bool) -> Step:
    """A public action asks for a mail with `sendemail`; an internal one is hidden and silent."""
    contact = ticket.contact_email or ticket.contact
    mails = [contact] if contact else []
    mails += [address for address in (ticket.cc or "").split(",") if address]
    action = {
        "ticket_id": number(ticket.ticket_id, "ticket"),
        "note": text,
        "hiddenfromuser": not public,
        "sendemail": public,
    }
    return Step(
        action="reply" if public else "note",
        ticket_id=ticket.ticket_id,
        request="POST /Actions",
        body={"action": action},
        creates="note",
        text=text,
        public=public,
        repeatable=False,
        undoable=False,
        mails=tuple(mails) if public else (),
        guards_reply=buries_reply(text, public=public),
    )
