"""A fix as Request Tracker requests, planned without the network.

One field is one PUT: RT carries out several fields of a request one after the other and may refuse some, so
that a request with two fields can half succeed. For the same reason a reply is sent without the status: a
refused status behind a mail that has gone out would invite sending the mail again. RT mails no less when
both are in one request (seen on RT 5.0.3: correspond with Status resolved sends the reply and RT's own
"Resolved" notice, as two requests do). Order: time, codes and other fields, parent, text, status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.contract import Fix, NewTime, Ref, Step, TicketRecord, Unsupported, Value, buries_reply
from connectors.rt.wire import NOBODY


def plan(fix: Fix, ticket: TicketRecord, fields: Mapping[str, str]) -> tuple[Step, ...]:
    """The ordered steps of a fix; `fields` maps canonical fields to custom fields. Raises `Unsupported`."""
    if fix.entries:
        raise Unsupported("Request Tracker has no billing codes on time; the code is on the ticket.")
    steps = [] if fix.time is None else _time(fix, fix.time, ticket)
    for field, value in fix.fields.items():
        if field not in ("status", "parent"):
            steps.append(_set(fix, ticket, field, _body(field, value, fields), "put"))
    if "parent" in fix.fields:
        steps += _parent(fix, ticket, fix.fields["parent"])
    if fix.note is not None and not _note_is_time(fix):
        steps.append(_say(ticket, "comment", fix.note))
    if fix.reply is not None:
        minutes = _minutes(fix.time) if fix.time is not None and _reply_is_time(fix) else 0
        steps.append(_say(ticket, "correspond", fix.reply, minutes))
    if "status" in fix.fields:
        name = word(fix.fields["status"])
        steps.append(_set(fix, ticket, "status", {"Status": name}, "put", guards=True))
    return tuple(steps)


def word(value: Value) -> str | None:
    """A value as RT writes it: things have names there, not ids."""
    if isinstance(value, Ref):
        return value.name or value.id
    return None if value is None or value == "" else str(value)


def wanted_parents(value: Value) -> tuple[str, ...]:
    """The parents that a value of `parent` names: a reference lists several with commas."""
    ids = value.id if isinstance(value, Ref) else (word(value) or "")
    return tuple(one.strip() for one in ids.split(",") if one.strip())


def _set(
    fix: Fix, ticket: TicketRecord, field: str, body: dict[str, Any], action: str, *, guards: bool = False
) -> Step:
    return Step(
        action=action,
        ticket_id=ticket.ticket_id,
        request=f"PUT /ticket/{ticket.ticket_id}",
        body=body,
        sets={field: _as_read(field, fix.fields[field])},
        was={field: fix.was[field]} if field in fix.was else {},
        guards_reply=guards,
    )


def _as_read(field: str, value: Value) -> Value:
    """As a ticket has it when it is read back: who belongs to RT's user Nobody has no owner."""
    return None if field == "owner" and word(value) == NOBODY else value


def _body(field: str, value: Value, fields: Mapping[str, str]) -> dict[str, Any]:
    if field == "owner":
        return {"Owner": word(value) or NOBODY}
    if field == "due_at":
        if value is not None and not isinstance(value, (int, float)):
            raise Unsupported("Request Tracker wants a time as UTC seconds for the due date.", field=field)
        # Written dates are in UTC, without a zone: the form with `Z` is stored as 1970 on SQLite.
        at = 0 if value is None else int(value)
        return {"Due": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")}
    name = field.removeprefix("custom:") if field.startswith("custom:") else fields.get(field)
    if name is None:
        raise Unsupported(
            f"Request Tracker cannot set {field.replace('_', ' ')}.",
            hint=f'If a custom field holds it, name it in the connection\'s `fields`: {field} = "…".',
            field=field,
        )
    return {"CustomFields": {name: word(value)}}


def _parent(fix: Fix, ticket: TicketRecord, value: Value) -> list[Step]:
    """Membership as wanted and no other: what undo puts back is exactly what was."""
    wanted = wanted_parents(value)
    body: dict[str, Any] = {}
    for one in wanted:
        if not one.isdecimal():
            raise Unsupported(f"“{one}” is not the number of a ticket in Request Tracker.", field="parent")
    if add := [int(one) for one in wanted if one not in ticket.parent_ids]:
        body["AddParent"] = add
    if drop := [int(one) for one in ticket.parent_ids if one not in wanted]:
        body["DeleteParent"] = drop
    return [_set(fix, ticket, "parent", body, "parent")] if body else []


def _say(
    ticket: TicketRecord, verb: str, text: str, minutes: int = 0, creates: Literal["note", "time"] = "note"
) -> Step:
    public = verb == "correspond"
    # To RT a text of "0" is no text.
    body: dict[str, Any] = {"Content": text if text != "0" else "0\n", "ContentType": "text/plain"}
    if minutes:
        body["TimeTaken"] = minutes
    mails = (ticket.contact_email, *(ticket.cc or "").split(",")) if public else ()
    return Step(
        action=verb,
        ticket_id=ticket.ticket_id,
        request=f"POST /ticket/{ticket.ticket_id}/{verb}",
        body=body,
        creates=creates,
        text=text,
        public=public,
        hours=minutes / 60 if minutes else None,
        repeatable=False,
        undoable=False,
        mails=tuple(mail.strip() for mail in mails if mail and mail.strip()),
        guards_reply=buries_reply(text, public=public),
    )


def _time(fix: Fix, time: NewTime, ticket: TicketRecord) -> list[Step]:
    """Time is logged with a text: the note's, the reply's (then by the step that sends it), or its own."""
    if time.code is not None:
        raise Unsupported("Request Tracker has no billing codes on time; the code is on the ticket.")
    if _reply_is_time(fix):
        _minutes(time)
        return []
    text = fix.note if _note_is_time(fix) and fix.note is not None else time.text
    text = text or f"Time worked: {_minutes(time)} minutes"
    return [_say(ticket, "comment", text, _minutes(time), "time")]


def _note_is_time(fix: Fix) -> bool:
    """A seen note stays a note of its own: it has to be found by its text."""
    return (
        fix.time is not None
        and fix.note is not None
        and not buries_reply(fix.note, public=False)
        and fix.time.text in ("", fix.note)
    )


def _reply_is_time(fix: Fix) -> bool:
    return fix.time is not None and fix.reply is not None and fix.note is None and not fix.time.text


def _minutes(time: NewTime) -> int:
    minutes = round(time.hours * 60)
    if minutes < 1:
        raise Unsupported("Request Tracker counts whole minutes; this is less than one.", field="time")
    return minutes
