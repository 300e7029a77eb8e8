"""What a person decides about a change: send it again or mine, let it go, give it up or theirs.

Every decision is one transaction in the journal, told in the audit log, and says what was decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import insert, text

from connectors.contract import Connector, Fix, Ref, Step, Unsupported, Value
from store import audit, cached
from store.changes import DECIDE_STATES, ConflictDetail, OutboxRefused, to_json
from store.database import Databases
from store.home import Home
from store.journal_models import StepRow
from store.lock import take_lock
from store.outbox import lay
from store.outbox_gone import rebase_later, stands_again
from store.outbox_rows import Entry, load_one, move, set_step
from store.seen import parse_seen, seen_text
from store.settings import Settings


def retry(
    databases: Databases,
    settings: Settings,
    connectors: Mapping[str, Connector],
    change: str,
    *,
    now: int,
) -> str:
    """Queues a change again that a person has to decide about, or one that waits after a failure; its id.

    A conflict: mine. The fix is put on what is there now, and on the newest customer's note that the
    conflict shows; what has changed since then is a conflict again. A change with an unknown outcome is
    looked up once more before it is sent. Raises `OutboxRefused`.
    """
    with databases.journal.begin() as db:
        entry = load_one(db, change)
        if entry.state in ("queued", "sending"):
            move(
                db, entry.change, ("queued", "sending"), event="asked again", next_try_at=None, let_go_at=now
            )
            return entry.change
        if entry.state not in DECIDE_STATES:
            raise OutboxRefused(f"Change {entry.change} is {entry.state}: there is nothing to retry.")
        if entry.undone_by is not None:
            raise OutboxRefused(f"Change {entry.change} is being undone by {entry.undone_by}.")
        if entry.state == "conflict":
            _rebase(databases, db, entry, connectors.get(entry.connection))
        for step in load_one(db, entry.change).steps:
            if not step.over:
                # What may have gone out keeps `attempts`: it is looked up before it goes again.
                set_step(db, entry.change, step.position, state="waiting", absent=0)
        fresh: dict[str, Any] = {
            "error": None,
            "hint": None,
            "detail": "{}",
            "attempts": 0,
            "next_try_at": None,
        }
        decision = {"decision": "mine" if entry.state == "conflict" else "again"}
        move(db, entry.change, DECIDE_STATES, also=decision, state="queued", let_go_at=now, **fresh)
    lay(databases, settings, entry.connection, [entry.ticket_id], now)
    return entry.change


def release(databases: Databases, settings: Settings, change: str, *, now: int) -> str:
    """Lets a held change go at once, also an old one that asks first (`store.stale`); its id.

    It is queued, and compared before it is written like any other. Raises `OutboxRefused` for a change in
    any other state, also when it has been taken back or sent in between. `now`: UTC seconds.
    """
    with databases.journal.begin() as db:
        entry = load_one(db, change)
        word = {"decision": "let go"}
        fresh: dict[str, Any] = {"due_at": now, "let_go_at": now, "error": None, "hint": None}
        if not move(db, entry.change, ("held",), also=word, state="queued", **fresh):
            raise OutboxRefused(
                f"Change {entry.change} is {entry.state}, not held: there is nothing to let go."
            )
    return entry.change


def drop(databases: Databases, settings: Settings, change: str, *, now: int) -> str:
    """Gives a change up that is not at its end: what has not gone out never will; its id.

    What arrived of it stays in the PSA. A change in `sending` that nobody is sending (its outcome cannot be
    found out) can be given up too. Raises `OutboxRefused`, also while it is being sent.
    """
    with nobody_sends(databases.home) as idle, databases.journal.begin() as db:
        states = ("held", "queued", *DECIDE_STATES, *(("sending",) if idle else ()))
        entry = load_one(db, change)
        word = {"decision": "theirs" if entry.state == "conflict" else "given up"}
        if not move(db, entry.change, states, also=word, state="dropped", next_try_at=None):
            doing = "is being sent" if entry.state == "sending" else f"is {entry.state}"
            raise OutboxRefused(f"Change {entry.change} {doing}: it cannot be dropped.")
        stands_again(db, entry)
        rebase_later(db, entry)
    lay(databases, settings, entry.connection, [entry.ticket_id], now)
    return entry.change


@contextmanager
def nobody_sends(home: Home) -> Iterator[bool]:
    """Whether no process is sending; while the block runs none begins to."""
    lock = take_lock(home)
    if lock is None:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _rebase(databases: Databases, db: Db, entry: Entry, connector: Connector | None) -> None:
    """Puts a conflicting change on what the person has now been shown."""
    detail = msgspec.json.decode(entry.detail, type=ConflictDetail)
    fix = entry.fix
    theirs = {conflict.field: conflict.theirs for conflict in detail.fields if conflict.entry_id is None}
    codes = {
        one.entry_id: one.theirs if isinstance(one.theirs, Ref) else None
        for one in detail.fields
        if one.entry_id is not None
    }
    fix = msgspec.structs.replace(fix, was={**fix.was, **theirs}, entries_was={**fix.entries_was, **codes})
    if detail.note is not None and detail.note.created_at >= (fix.read_up_to or 0):
        fix = msgspec.structs.replace(
            fix,
            read_up_to=detail.note.created_at,
            read_up_to_id=detail.note.note_id,
            note=_seen_again(fix, detail),
        )
    steps = None if entry.begun else _planned_again(databases, entry, fix, connector)
    if steps is not None:
        db.execute(text("DELETE FROM step WHERE change = :of"), {"of": entry.change})
        rows = [
            StepRow(change=entry.change, position=position, step=to_json(step)).model_dump()
            for position, step in enumerate(steps)
        ]
        db.execute(insert(StepRow), rows)
    else:
        fix = msgspec.structs.replace(fix, note=entry.fix.note)
        for step in entry.steps:
            plan = step.step
            moved: dict[str, Value] = {f: v for f, v in theirs.items() if f in plan.sets}
            if plan.entry_id in codes:
                moved["billing_code"] = codes[plan.entry_id]
            if not step.over and moved:
                plan = msgspec.structs.replace(plan, was={**plan.was, **moved})
                set_step(db, entry.change, step.position, step=to_json(plan))
    said = {
        "was": msgspec.to_builtins(
            {**theirs, **{f"entry {entry_id}": code for entry_id, code in codes.items()}}
        ),
        "read_up_to": fix.read_up_to,
        "read_up_to_id": fix.read_up_to_id,
        "note": audit.digest(fix.note),  # a seen note names what it covers, and now covers more
    }
    move(db, entry.change, DECIDE_STATES, event="rebased", also=said, fix=to_json(fix))


def _seen_again(fix: Fix, detail: ConflictDetail) -> str | None:
    """A seen note covers the note that was shown with the conflict too, and says so."""
    if fix.note is None or detail.note is None or not parse_seen(fix.note)[0]:
        return fix.note
    head = fix.note.removeprefix(seen_text("", None)).rsplit("(up to ", 1)[0]
    return seen_text(head, detail.note.created_at)


def _planned_again(
    databases: Databases, entry: Entry, fix: Fix, connector: Connector | None
) -> tuple[Step, ...] | None:
    """The steps on the ticket as the PSA has it now: a request may hold more than the field (whole lists)."""
    if connector is None:
        return None
    with databases.cache_reads.begin() as cache:
        ticket = cached.psa_record(cache, entry.connection, entry.ticket_id)
    try:
        return connector.plan(fix, ticket or entry.ticket) or None
    except Unsupported:
        return None  # what was planned before stays as it is
