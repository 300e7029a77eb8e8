"""What a person decided about a ticket, and the steps that carry it out at the PSA."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Ref(msgspec.Struct, frozen=True, order=True):
    """A thing that the PSA knows by id and people by name: a status, a billing code, a member."""

    id: str
    name: str


Value = Ref | str | float | int | bool | None
"""What a field can be set to. `None` empties it. Times are integers, UTC seconds."""


class NewTime(msgspec.Struct, frozen=True):
    """Time to be logged."""

    hours: float
    code: Ref | None = None
    text: str = ""
    started_at: int | None = None
    """UTC seconds; `None`: the entry ends when the fix was decided."""
    billable: str | None = None


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about one ticket: one change in the journal, carried out in steps."""

    change: str
    """Our own id."""
    ticket_id: str
    fields: dict[str, Value] = msgspec.field(default_factory=dict)
    """Canonical field -> new value: `status`, `owner`, `billing_code`, `parent`, `customer_flag`, `contact`,
    `contact_phone`, `agreement`, … or `custom:<name>`. References are `Ref`."""
    was: dict[str, Value] = msgspec.field(default_factory=dict)
    """The same fields as they were on the screen when it was decided."""
    entries: dict[str, Ref | None] = msgspec.field(default_factory=dict)
    """Time entry id -> its new billing code."""
    entries_was: dict[str, Ref | None] = msgspec.field(default_factory=dict)
    reply: str | None = None
    """A public note that the customer reads."""
    note: str | None = None
    """An internal note. A seen note is one, with its full text."""
    time: NewTime | None = None
    read_up_to: int | None = None
    """Creation time of the newest customer's note that was on the screen; `None`: there was none."""
    read_up_to_id: str | None = None
    decided_at: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One request that carries out part of a fix, planned without the network.

    Steps are journalled as JSON before the first one goes out, and say everything that is needed to carry
    them out, to look them up afterwards and to show them.
    """

    action: str
    """The connector's own name for it; `apply` switches on it."""
    ticket_id: str
    request: str
    """Method and path, for a dry run and the audit: `PATCH /service/tickets/70123`."""
    body: dict[str, Any] = msgspec.field(default_factory=dict)
    """What `apply` needs, in JSON types."""
    sets: dict[str, Value] = msgspec.field(default_factory=dict)
    """The canonical fields that this step sets; compared before and after."""
    was: dict[str, Value] = msgspec.field(default_factory=dict)
    entry_id: str | None = None
    """The time entry whose `billing_code` is set, where it is not the ticket's."""
    creates: Literal["note", "time"] | None = None
    """A POST that makes an entry, looked up by its content when the outcome is unknown."""
    text: str | None = None
    public: bool = False
    """What is created is read by the customer."""
    hours: float | None = None
    repeatable: bool = True
    """May be sent again when the outcome is unknown (an update by id). Never true with `creates`."""
    undoable: bool = True
    mails: tuple[str, ...] = ()
    """Whom this request asks the PSA to mail. The PSA's own rules may mail more."""
    guards_reply: bool = False
    """Buries a reply if the customer has written since: `read_up_to` is checked before it."""


SEEN = "Seen, no answer needed:"
"""How the internal note begins that says so."""


def buries_reply(text: str, *, public: bool) -> bool:
    """Whether a note answers the customer, or says that no answer is needed: `Step.guards_reply`."""
    return public or text.lstrip().startswith(SEEN)
