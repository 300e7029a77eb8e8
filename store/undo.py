"""Takes a change back: what has not gone out never will; what has arrived is put back by a change of its own.

The change that puts back is one like any other: it compares before it writes, so that what a colleague has
changed since is a conflict. Taking such a change back is redo.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection as Db

from connectors.contract import Connector, ConnectorError, Fix, Ref, Value
from connectors.text import clean
from store import cached
from store.changes import (
    OPEN_STATES,
    OutboxRefused,
    PreviewLine,
    new_change_id,
    show_field,
)
from store.database import Databases
from store.fixes import Prepared
from store.outbox import lay, submit
from store.outbox_gone import rebase_later, stands_again
from store.outbox_rows import Entry, StepEntry, load, load_one, move
from store.settings import Settings


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken back, and how."""

    change: str
    """The change that was taken back."""
    by: str | None
    """The change that puts the earlier values back; `None`: nothing had gone out."""
    connection: str
    ticket_id: str
    number: str
    verb: str
    preview: tuple[PreviewLine, ...] = ()
    """Field by field what is put back: as it is now, as it will be."""
    stays: tuple[str, ...] = ()
    """What of it is in the PSA and cannot be taken out: `the reply`, `the time entry`."""
    together: tuple[Undone, ...] = ()
    """The others of a fix that was made on several tickets at once: it is taken back as one."""
    refused: tuple[str, ...] = ()
    """Of these the ones that could not be taken back, each with its reason."""


def undo(
    databases: Databases,
    settings: Settings,
    connectors: Mapping[str, Connector],
    change: str | None = None,
    *,
    now: int,
) -> Undone:
    """Takes back the named change; without a name what is held, else the last one that is not undone.

    A fix of several tickets is taken back on all of them. Of a change that was named, what can be put back is,
    although a text or time of it stays in the PSA (`Undone.stays`); without a name such a change is refused.
    `connectors` is needed for what has gone out. Raises `OutboxRefused` with the reason.
    """
    with databases.journal_reads.begin() as db:
        first = _last(db) if change is None else load_one(db, change)
        others = [one for one in _batch(db, first) if one.change != first.change]
    batch = new_change_id(now) if others else None
    done: list[Undone] = []
    refused: list[OutboxRefused] = []
    for entry in (first, *others):
        try:
            done.append(
                _undo_one(
                    databases, settings, connectors, entry.change, now, partly=change is not None, batch=batch
                )
            )
        except OutboxRefused as error:
            refused.append(error)
    if not done:
        raise refused[0]
    words = tuple(str(error) for error in refused)
    return msgspec.structs.replace(done[0], together=tuple(done[1:]), refused=words)


def _undo_one(
    databases: Databases,
    settings: Settings,
    connectors: Mapping[str, Connector],
    change: str,
    now: int,
    *,
    partly: bool,
    batch: str | None,
) -> Undone:
    with databases.journal.begin() as db:
        entry = load_one(db, change)
        stays = _check(entry, partly=partly)
        wrote = [step for step in entry.steps if _goes_back(step) or _half_done(entry, step)]
        if not wrote:
            if not move(db, entry.change, (*OPEN_STATES,), state="undone", next_try_at=None):
                raise OutboxRefused(f"Change {entry.change} wrote nothing: the PSA had it already.")
            stands_again(db, entry)
            rebase_later(db, entry)
    if wrote:
        by = _put_back(databases, settings, connectors, entry, wrote, now, batch)
        return msgspec.structs.replace(by, stays=stays)
    lay(databases, settings, entry.connection, [entry.ticket_id], now)
    return Undone(
        change=entry.change,
        by=None,
        connection=entry.connection,
        ticket_id=entry.ticket_id,
        number=entry.number,
        verb=entry.verb,
        stays=stays,
    )


def _batch(db: Db, entry: Entry) -> list[Entry]:
    """All changes that were made with this one and are not taken back yet."""
    if entry.batch is None:
        return []
    return load(
        db,
        "batch = :batch AND undone_by IS NULL AND state NOT IN ('undone', 'dropped')",
        batch=entry.batch,
    )


def _last(db: Db) -> Entry:
    """What `undo` without a name means: held first, then the newest; undoing is not itself undone so."""
    held = load(db, "state = 'held'")
    if held:
        return held[-1]
    newest = load(
        db,
        "seq = (SELECT max(seq) FROM change WHERE undo_of IS NULL AND undone_by IS NULL AND"
        " (state IN ('queued', 'sending', 'uncertain', 'conflict', 'rejected')"
        " OR (state = 'confirmed' AND wrote)))",
    )
    if not newest:
        raise OutboxRefused("There is nothing to undo.", hint="`deskzero outbox --all` lists what was done.")
    return newest[0]


def _check(entry: Entry, *, partly: bool) -> tuple[str, ...]:
    """What of it stays in the PSA. Raises `OutboxRefused` where it cannot be taken back; `partly` allows that
    some of it stays."""
    named = f"Change {entry.change} ({entry.verb}, #{clean(entry.number)})"
    if entry.undone_by is not None:
        raise OutboxRefused(
            f"{named} was taken back by {entry.undone_by}.",
            hint=f"`deskzero undo {entry.undone_by}` is redo.",
        )
    if entry.state in ("undone", "dropped"):
        raise OutboxRefused(f"{named} is {entry.state} already.")
    if entry.state == "sending":
        raise OutboxRefused(
            f"{named} is being sent.",
            hint=f"Try again when it has arrived; `deskzero outbox --drop {entry.change}` gives it up.",
        )
    if entry.state == "uncertain":
        raise OutboxRefused(
            f"Nobody knows whether {named} arrived.",
            hint=f"Look in the PSA, then `deskzero outbox --drop {entry.change}` or `--retry {entry.change}`.",
        )
    if entry.state == "confirmed" and not entry.wrote:
        raise OutboxRefused(f"{named} wrote nothing: the PSA had it already.")
    stays = tuple(_named(step) for step in entry.steps if step.state == "done" and not _goes_back(step))
    if stays and not (partly and any(_goes_back(step) for step in entry.steps)):
        raise OutboxRefused(
            f"{named} cannot be taken back: {stays[0]} is in the PSA and stays there.",
            hint="Write another one, or change it in the PSA."
            if not any(_goes_back(step) for step in entry.steps)
            else f"`deskzero undo {entry.change}` puts back what can be.",
        )
    return stays


def _goes_back(step: StepEntry) -> bool:
    """In the PSA, and what was there before can be put back."""
    return step.state == "done" and step.step.undoable and step.step.creates is None


def _named(step: StepEntry) -> str:
    plan = step.step
    if plan.creates == "time":
        return "the time entry"
    if plan.creates == "note":
        return "the reply" if plan.public else "the note"
    return "the new " + ", ".join(field.replace("_", " ") for field in plan.sets)


def _put_back(
    databases: Databases,
    settings: Settings,
    connectors: Mapping[str, Connector],
    entry: Entry,
    wrote: list[StepEntry],
    now: int,
    batch: str | None,
) -> Undone:
    connector, connection = connectors.get(entry.connection), settings.connections.get(entry.connection)
    if connector is None or connection is None:
        raise OutboxRefused(
            f"The connection {entry.connection} is not open.", hint="`deskzero doctor` says why."
        )
    fields, was, entries, entries_was = _reversed(entry, wrote)
    with databases.cache_reads.begin() as cache:
        seen = cached.ticket(cache, entry.connection, entry.ticket_id)
        note = cached.newest_customer_note(cache, entry.connection, entry.ticket_id)
    ticket = entry.ticket if seen is None else seen.record
    if connector.capabilities.on_the_card & fields.keys() and ticket.contact_id != entry.ticket.contact_id:
        raise OutboxRefused(
            f"#{clean(entry.number)} has another contact now: what was changed is on the card of"
            f" {clean(entry.ticket.contact)}.",
            hint="Change it there: on another ticket of this contact, or in the PSA.",
        )
    read_at, read_id = _read_up_to(entry, fields, note)
    fix = Fix(
        change=new_change_id(now),
        ticket_id=entry.ticket_id,
        fields=fields,
        was=was,
        entries=entries,
        entries_was=entries_was,
        read_up_to=read_at,
        read_up_to_id=read_id,
        decided_at=now,
    )
    try:
        steps = connector.plan(fix, ticket)
    except ConnectorError as error:
        raise OutboxRefused(clean(str(error)), hint=error.hint) from error
    prepared = Prepared(
        connection=entry.connection,
        fix=fix,
        ticket=ticket,
        steps=steps,
        verb=f"undo {entry.verb}" if entry.undo_of is None else f"redo {entry.verb.removeprefix('undo ')}",
        preview=_preview(fix),
        mails=(),
        held=False,
        read_only=connection.read_only,
    )
    if connection.read_only:
        raise OutboxRefused(f"The connection {entry.connection} is read_only: nothing is sent.")
    by = submit(databases, settings, connection, prepared, now=now, undo_of=entry.change, batch=batch)
    return Undone(
        change=entry.change,
        by=by,
        connection=entry.connection,
        ticket_id=entry.ticket_id,
        number=entry.number,
        verb=entry.verb,
        preview=prepared.preview,
    )


def _reversed(
    entry: Entry, wrote: list[StepEntry]
) -> tuple[dict[str, Value], dict[str, Value], dict[str, Ref | None], dict[str, Ref | None]]:
    """What the steps set, the other way round: later steps first, the oldest value wins."""
    fields: dict[str, Value] = {}
    was: dict[str, Value] = {}
    entries: dict[str, Ref | None] = {}
    entries_was: dict[str, Ref | None] = {}
    for done in reversed(wrote):
        plan = done.step
        if plan.entry_id is not None:
            before, after = plan.was.get("billing_code"), plan.sets.get("billing_code")
            entries[plan.entry_id] = before if isinstance(before, Ref) else None
            entries_was[plan.entry_id] = after if isinstance(after, Ref) else None
            continue
        for field, value in plan.sets.items():
            fields[field] = plan.was.get(field, entry.fix.was.get(field))
            was.setdefault(field, value)
    return fields, was, entries, entries_was


def _half_done(entry: Entry, step: StepEntry) -> bool:
    """Sent, and answered with something else than was asked: some of its fields may be in the PSA."""
    sent = entry.state == "rejected" and step.attempts > 0 and not step.over
    return sent and step.step.undoable and bool(step.step.sets)


def _read_up_to(
    entry: Entry, fields: dict[str, Value], newest: cached.Said | None
) -> tuple[int | None, str | None]:
    """What counts as read: the newest customer's note in the cache. No close guard stands before an undo:
    where it closes a ticket again or clears the flag, it is what was read when that was decided."""
    closes = "status" in fields and (entry.undo_of is not None or entry.ticket.closed)
    if closes or ("customer_flag" in fields and not fields["customer_flag"]):
        return entry.fix.read_up_to, entry.fix.read_up_to_id
    return (newest.created_at, newest.note_id) if newest else (None, None)


def _preview(fix: Fix) -> tuple[PreviewLine, ...]:
    lines = [
        PreviewLine(field, show_field(field, fix.was.get(field)), show_field(field, value))
        for field, value in fix.fields.items()
    ]
    lines += [
        PreviewLine(f"time entry {one}", show_field("", fix.entries_was.get(one)), show_field("", code))
        for one, code in fix.entries.items()
    ]
    return tuple(lines)
