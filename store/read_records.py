"""What screens and commands get to read: plain frozen records, no database behind them.

Foreign text in them (summaries, names, notes) is as the PSA gave it: `connectors.text.clean` it where it
leaves for a terminal or a file. Sentences (`Reason.text`) are clean already. Times are UTC seconds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.contract import Capabilities, TicketRecord
from store.asked import Asked
from store.promise import Promise
from store.rules.catalogue import PANES, pane_of, title_of

ALL_OPEN = "open"
"""Instead of a kind: all open tickets in the scope (pane 0)."""

Found = tuple[str | None, str, str, int, int, int]
"""Which row stands somewhere: kind, connection, ticket, since, gate, psa_only. What it shows is read apart."""


def pane_number(kind: str | None) -> int:
    """The number of a kind's pane; 0 for "all open" and for a ticket that is just a ticket."""
    return 0 if kind in (None, ALL_OPEN) else pane_of(kind)


def pane_title(kind: str) -> str:
    """What a kind is called in the list of panes; those of one pane are its sections."""
    return PANES[0] if kind == ALL_OPEN else title_of(kind)


class Reason(msgspec.Struct, frozen=True):
    """Why a row is here."""

    code: str
    text: str
    """A sentence with the field, the value and the time in the technician's zone; harmless to show."""
    field: str | None = None
    time_entry_id: str | None = None
    hours: float | None = None
    gate: bool = False
    since: int = 0


class Words(msgspec.Struct, frozen=True):
    """The newest customer's note of a ticket."""

    note_id: str
    who: str
    speaker: str
    """`customer` or `unknown`."""
    at: int
    text: str
    files: tuple[str, ...] = ()
    """Names of the files sent with it, where it has no text: they are what was said."""


class Parent(msgspec.Struct, frozen=True):
    """The other end of a parent link."""

    ticket_id: str
    number: str
    summary: str = ""
    status: str = ""
    state: str = "unknown"
    """`open`, `closed`, `deleted`, `merged`, `not_visible`, or `unknown`: the PSA has not been asked."""
    closed_at: int | None = None
    closed_by: str | None = None
    owner: str | None = None
    url: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list: a ticket under one kind, or (kind `None`) just a ticket."""

    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None
    company_id: str | None
    board: str | None
    board_id: str | None
    status: str
    owner: str | None
    contact: str | None
    priority: str | None
    hours: float | None
    """Hours on the ticket; where the reasons name time entries, theirs are in the reasons."""
    parent_id: str | None
    closed: bool
    url: str | None
    kind: str | None
    since: int
    """Since when it is an exception; without a kind, since when the ticket exists."""
    gate: bool = False
    psa_only: bool = False
    reasons: tuple[Reason, ...] = ()
    also: tuple[str, ...] = ()
    """The other kinds that this ticket is in."""
    last_words: Words | None = None
    parent: Parent | None = None
    pending: bool = False
    """An open change of ours is laid over this ticket."""
    asked: Asked | None = None
    """A question to billing about its code, and how it stands."""
    promise: Promise | None = None
    """What one key would do to it, where something is sure enough."""

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What a cursor and marks hold on to."""
        return (self.connection, self.ticket_id, self.kind)

    @property
    def found(self) -> Found:
        """What it is made of once more."""
        return (self.kind, self.connection, self.ticket_id, self.since, self.gate, self.psa_only)


class PaneCount(msgspec.Struct, frozen=True):
    """One kind's two numbers. `pane` 0 is "all open": its number stands under `later`."""

    kind: str
    title: str
    pane: int
    must: int
    later: int
    psa_only: int = 0
    """How many of `later` are gate reasons that only the PSA itself can clear."""
    hidden: int = 0
    """How many more there are that somebody has hidden for a while; in neither number."""


FILES_PROBLEM = -1
"""The `place` of a row of `file` that is no file but the sentence that says why they could not be listed."""


class FileView(msgspec.Struct, frozen=True):
    """A file that is in the PSA: with a note, or (with a time of its own) on the ticket."""

    name: str
    size: int | None = None
    """In bytes, where the PSA says."""
    at: int | None = None
    by: str = ""


class NoteView(msgspec.Struct, frozen=True):
    """One note as the conversation shows it."""

    note_id: str
    at: int
    author: str
    speaker: str
    public: bool
    text: str
    seen: bool = False
    time_id: str | None = None
    ours: bool = False
    """Not in the PSA yet: an open change adds it."""
    files: tuple[FileView, ...] = ()


class TimeView(msgspec.Struct, frozen=True):
    """One time entry."""

    time_id: str
    member: str | None
    started_at: int | None
    ended_at: int | None
    hours: float
    billing_code_id: str | None
    billing_code: str | None
    billable: str | None
    locked: bool
    text: str
    mine: bool
    """Entered by the technician of this connection."""


class AgreementView(msgspec.Struct, frozen=True):
    """The ticket's agreement, as far as it is known."""

    id: str | None
    name: str
    state: str
    """`active`, `cancelled`, `ended`, `not_begun` or `unknown`."""
    starts_on: str | None = None
    ends_on: str | None = None


class HistoryView(msgspec.Struct, frozen=True):
    """An exception of this ticket, open or cleared."""

    kind: str
    since: int
    opened_at: int
    cleared_at: int | None
    cleared_by: str | None
    """The change that cleared it; `None`: it went by itself or in the PSA."""


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the outbox."""

    change: str
    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None
    verb: str
    values: dict[str, Any]
    was: dict[str, Any]
    state: str
    attempts: int
    error: str | None
    hint: str | None
    detail: dict[str, Any]
    created_at: int
    due_at: int | None
    next_try_at: int | None
    sent_at: int | None
    confirmed_at: int | None
    wrote: bool
    because: str | None
    undo_of: str | None
    undone_by: str | None
    batch: str | None = None
    """Changes that were made together and are taken back together share it."""

    @property
    def asks(self) -> bool:
        """It is late and does not leave before somebody says so (`store.stale`)."""
        return self.state == "held" and self.due_at is None


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one ticket."""

    connection: str
    record: TicketRecord
    """The ticket with our open changes laid over it."""
    row: Row
    """The ticket as a row without a kind."""
    exceptions: tuple[Row, ...]
    """In the panes' order, with their reasons."""
    not_known: bool = False
    """Not all of the kinds that are looked for can be known at this PSA."""
    closed: bool
    child: bool
    presence: str
    in_scope: bool
    read_at: int
    notes_read_at: int | None
    time_read_at: int | None
    agreement: AgreementView | None
    notes: tuple[NoteView, ...]
    """In the order of EXCEPTIONS: a seen note stands after the note it covers."""
    files: tuple[FileView, ...]
    """Files on the ticket that the PSA ties to no note, oldest first."""
    files_problem: str
    """Why they could not be listed, or nothing."""
    files_due: bool = False
    """They were not asked for when the conversation was last read: `files` is of an earlier listing, or empty."""
    last_words: Words | None
    """The newest customer's note: what `read_up_to` names."""
    time: tuple[TimeView, ...]
    parents: tuple[Parent, ...]
    children: tuple[Parent, ...]
    changes: tuple[ChangeView, ...]
    history: tuple[HistoryView, ...]
    can: Capabilities | None = None
    """What its PSA can tell and do; `None`: not known before the first sync."""


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """How a configured connection is doing. All `None` and zero: never tried."""

    connection: str
    psa: str
    title: str = ""
    scope: str = ""
    member: str | None = None
    read_only: bool = False
    tried_at: int | None = None
    synced_at: int | None = None
    generation: int = 0
    error_kind: str | None = None
    error: str | None = None
    hint: str | None = None
    since_down: int | None = None
    requests: int = 0
    usual_requests: int | None = None
    """What an ordinary round takes while little changes; `None`: there was none yet."""
    count_confirmed: bool = False
    why: tuple[str, ...] = ()
    """What keeps this connection from being known, in sentences."""
    remarks: tuple[str, ...] = ()
    """What is worth saying although all is known."""
    missing_fields: tuple[str, ...] = ()
    clock_ahead: float = 0.0
    capabilities: Capabilities | None = None


class QuarantineView(msgspec.Struct, frozen=True):
    """One record that could not be read."""

    connection: str
    stream: str
    record_id: str
    path: str
    problem: str
    ticket_id: str | None
    seen_at: int
    may_be_in_scope: bool


class CodeCount(msgspec.Struct, frozen=True):
    """How often a billing code was used."""

    id: str | None
    name: str
    times: int
