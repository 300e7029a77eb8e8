"""What follows when a change never arrives: the undo it was meant to be, and later changes decided on it."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection as Db

from store.changes import same_value, to_json
from store.outbox_rows import Entry, load, move, set_step

_OPEN = ("held", "queued")


def stands_again(db: Db, undo: Entry) -> None:
    """A change whose undo was given up stands as before; one that had got stuck halfway is stuck again."""
    for entry in load(db, "change = :of AND undone_by = :by", of=undo.undo_of, by=undo.change):
        if entry.state == "undone":
            words = "Part of it is in the PSA; taking that back was given up."
            move(db, entry.change, ("undone",), state="rejected", undone_by=None, error=words)
        else:
            move(db, entry.change, (entry.state,), event="undo given up", undone_by=None)


def rebase_later(db: Db, gone: Entry) -> None:
    """Later open changes that were decided on `gone`, which never arrived.

    Those that expect its values in the PSA are put on what was before it: else they would meet a "conflict"
    with nobody. Those that it made permissible wait for a person: what sets the status or clears the flag
    after an answer that never went out would bury what the customer wrote; what closes after time, a code, a
    text or a child's close that never arrived would pass the close guard with nothing behind it.
    """
    later = load(
        db,
        "connection = :c AND ticket_id = :t AND seq > :seq AND state IN ('held', 'queued')",
        c=gone.connection,
        t=gone.ticket_id,
        seq=gone.seq,
    )
    for entry in later:
        if (lacks := _lacks(gone, entry)) is not None:
            _stop(db, entry, gone, lacks)
        _rebase(db, entry, gone)
    if gone.closes and gone.state != "uncertain":
        for entry in _parents_closes(db, gone):
            _stop(db, entry, gone, "close of its child")


def _rebase(db: Db, entry: Entry, gone: Entry) -> None:
    arrived = {field for step in gone.steps if step.over for field in step.step.sets}
    moved = {
        field: gone.fix.was.get(field)
        for field, was in entry.fix.was.items()
        if field in gone.fix.fields and field not in arrived and same_value(was, gone.fix.fields[field])
    }
    if not moved:
        return
    fix = msgspec.structs.replace(entry.fix, was={**entry.fix.was, **moved})
    said = {"was": msgspec.to_builtins(moved), "because": gone.change}
    move(db, entry.change, (*_OPEN, "conflict"), event="rebased", also=said, fix=to_json(fix))
    for step in entry.steps:
        if step.state == "waiting" and moved.keys() & step.step.sets.keys():
            was = {**step.step.was, **{f: v for f, v in moved.items() if f in step.step.sets}}
            plan = msgspec.structs.replace(step.step, was=was)
            set_step(db, entry.change, step.position, step=to_json(plan))


def _lacks(gone: Entry, entry: Entry) -> str | None:
    """What the later change counted on and will not find, in a word or two.

    An uncertain change that is dropped is there: a person has looked.
    """
    if gone.state == "uncertain":
        return None
    missing = [step.step for step in gone.steps if not step.over]
    if _buries(entry) and any(step.creates and step.guards_reply for step in missing):
        return "reply" if gone.fix.reply is not None else "seen note"
    if not entry.closes or entry.because:
        return None
    own = entry.fix
    if any(step.creates == "time" for step in missing) and own.time is None:
        return "time entry"
    if any(step.creates == "note" for step in missing) and own.reply is None and own.note is None:
        return "text"
    if any("billing_code" in step.sets for step in missing) and "billing_code" not in own.fields:
        return "billing code"
    return None


def _parents_closes(db: Db, gone: Entry) -> list[Entry]:
    """Open changes that close a parent of the ticket whose own close never went out."""
    closes = load(
        db,
        "connection = :c AND closes AND because IS NULL AND seq > :seq AND state IN ('held', 'queued')",
        c=gone.connection,
        seq=gone.seq,
    )
    return [entry for entry in closes if entry.ticket_id in gone.ticket.parent_ids]


def _stop(db: Db, entry: Entry, gone: Entry, lacks: str) -> None:
    if lacks in ("reply", "seen note"):
        look = "See what the customer waits for"
    else:
        look = f"See whether #{entry.number} may be closed without it"
    move(
        db,
        entry.change,
        _OPEN,
        state="conflict",
        error=f"It was decided after a {lacks} (change {gone.change}) that never went out.",
        hint=f"{look}; then `deskzero outbox --retry {entry.change}` or `--drop {entry.change}`.",
        detail="{}",
        next_try_at=None,
        also={"decided_after": gone.change, "lacks": lacks},
    )


def _buries(entry: Entry) -> bool:
    """Takes the ticket out of sight without words of its own to the customer."""
    fields = entry.fix.fields
    clears = "customer_flag" in fields and not fields["customer_flag"]
    answers = any(step.step.creates and step.step.guards_reply for step in entry.steps)
    return not answers and ("status" in fields or clears)
