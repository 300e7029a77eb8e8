"""The outbox's words: states of a change, its id, what is compared, how a conflict is written down.

Light (msgspec alone), so that screens may read a conflict's detail with the same types that wrote it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec

from connectors.contract import Ref, TicketRecord, Value
from connectors.text import same_text

OPEN_STATES = ("held", "queued", "sending", "conflict", "rejected", "uncertain")
"""Not at an end: something will happen or a person has to decide. Anything of these is no zero."""
ENDED_STATES = ("confirmed", "undone", "dropped")
"""At an end."""
DECIDE_STATES = ("conflict", "rejected", "uncertain")
"""A person has to decide: retry or drop."""
BLOCKING_STATES = ("held", "queued", "sending", "uncertain", "conflict")
"""Later changes of the same ticket wait for one in such a state. A refused one holds nothing up: what was
decided after it is compared for itself."""
SHOWN_STATES = ("held", "queued", "sending", "uncertain")
"""Laid over the PSA's rows (besides what is confirmed and not yet read back)."""

BY_NAME_ONLY = ("subtype", "item", "source")
"""Ticket fields whose record holds a name and no id."""
PLAIN = ("summary", "contact_phone", "contact_email", "cc", "due_at", "customer_flag", "hours")
"""Ticket fields that hold a value of their own."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_EPOCH = 1_704_067_200  # 2024-01-01: 30 bits of seconds last until 2058


class FieldConflict(msgspec.Struct, frozen=True, kw_only=True):
    """A field that somebody else has changed since the fix was decided."""

    field: str
    mine: Value
    theirs: Value
    was: Value
    who: str | None = None
    when: int | None = None
    """Of the ticket's last change, UTC seconds; few PSAs say it per field."""
    entry_id: str | None = None
    """The time entry, where the field is not the ticket's."""


class NoteConflict(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's note that was not on the screen when the fix was decided."""

    note_id: str
    created_at: int
    author: str
    text: str


class ConflictDetail(msgspec.Struct, frozen=True, kw_only=True):
    """`change.detail` of a change in state `conflict`."""

    fields: tuple[FieldConflict, ...] = ()
    note: NoteConflict | None = None
    """The newest one; where there are several, its `text` holds all of them, oldest first."""


class PreviewLine(msgspec.Struct, frozen=True):
    """One field of a fix, as people read it. Foreign text: clean it where it is shown."""

    field: str
    was: str
    becomes: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change in one push."""

    change: str
    connection: str
    ticket_id: str
    number: str
    verb: str
    state: str
    wrote: bool = False
    error: str | None = None
    hint: str | None = None
    error_kind: str | None = None
    """The connector error's `kind`, where one kept the change waiting: `unreachable`, `unauthorized` …"""


class OutboxRefused(Exception):
    """Something that cannot be done with this change. `str()` says what, `hint` what to do instead."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def new_change_id(now: int) -> str:
    """A new id: short, unique, and sorting by time (`now`, UTC seconds) to the second."""
    chance = int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF  # `secrets` loads OpenSSL, for the same bits
    number = (max(0, now - _EPOCH) & 0x3FFFFFFF) << 30 | chance
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(55, -1, -5))


def value_of(ticket: TicketRecord, field: str) -> Value:
    """A canonical field's value in a record, as a fix writes it: references are `Ref`, times UTC seconds.

    `parent` is a `Ref` whose id lists all parents (several only in Request Tracker). Raises `KeyError` for a
    field that no ticket has.
    """
    if field.startswith("custom:"):
        return ticket.custom.get(field.removeprefix("custom:"))
    if field == "parent":
        ids = ",".join(sorted(ticket.parent_ids))
        return Ref(ids, ids) if ids else None
    if field in BY_NAME_ONLY or field in PLAIN:
        value: Value = getattr(ticket, field)
        return value
    if field not in TicketRecord.__struct_fields__:
        raise KeyError(field)
    name = getattr(ticket, field)
    number = getattr(ticket, f"{field}_id", None)
    if not name and not number:
        return None
    return Ref(number or "", name or "")


def same_value(left: Value, right: Value) -> bool:
    """Whether two values are the same to the PSA: by id where both have one, else by name; empty is empty."""
    left, right = _empty(left), _empty(right)
    if left is None or right is None:
        # A flag that the PSA leaves out is not set.
        return left is right or {left, right} == {None, False}
    if isinstance(left, Ref) and isinstance(right, Ref):
        if left.id and right.id:
            return left.id == right.id
        return left.name.casefold() == right.name.casefold()
    if isinstance(left, Ref) or isinstance(right, Ref):
        ref, other = (left, right) if isinstance(left, Ref) else (right, left)
        assert isinstance(ref, Ref)
        return str(other).casefold() in (ref.id.casefold(), ref.name.casefold())
    if isinstance(left, str) or isinstance(right, str):
        return same_text(str(left), str(right))
    return abs(float(left) - float(right)) < 0.005


def as_wanted(ticket: TicketRecord, field: str, wanted: Value) -> bool:
    """Whether the ticket already has what a fix asks for. A parent wanted is among its parents."""
    if field == "parent" and isinstance(wanted, Ref):
        return bool(wanted.id) and set(wanted.id.split(",")) <= set(ticket.parent_ids)
    return same_value(value_of(ticket, field), wanted)


def show_value(value: Value) -> str:
    """A value for people; an empty one is an empty text. Foreign: clean it where it is shown."""
    if value is None:
        return ""
    if isinstance(value, Ref):
        return value.name or value.id
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def show_field(field: str, value: Value) -> str:
    """As `show_value`; a time is a UTC time in ISO form."""
    if field.endswith("_at") and isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return show_value(value)


def to_json(value: object) -> str:
    """A struct or plain value as JSON text, for a journal column."""
    return msgspec.json.encode(value).decode()


def _empty(value: Value) -> Value:
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, Ref) and not value.id and not value.name:
        return None
    return value
