"""The outbox: a fix is committed to the journal before the screen shows it done; what waits can be retried
or dropped.

States: held -> queued -> sending -> confirmed, or conflict, rejected, uncertain, undone, dropped. Every move
is one transaction in `journal.db` (`synchronous=FULL`); what follows from it in the cache comes after and can
be made again. Sending is `store.sender`, taking back is `store.undo`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from connectors.contract import Connector, Fix, Ref, Step, Unsupported, Value
from connectors.text import clean
from store import audit, cached
from store.changes import DECIDE_STATES, ConflictDetail, OutboxRefused, new_change_id, to_json
from store.database import CannotWrite, Databases
from store.fixes import Prepared
from store.home import Home
from store.lock import take_lock
from store.models import Change, StepRow
from store.outbox_gone import rebase_later, stands_again
from store.outbox_rows import Entry, load, load_one, move, set_step
from store.overlay import rebuild_overlay
from store.rules import evaluate
from store.seen import parse_seen, seen_text
from store.settings import Connection, Settings

log = logging.getLogger(__name__)

NOT_SENT = "not sent: read_only"
"""What `submit` gives for a `read_only` connection: nothing entered the outbox."""


def submit(
    databases: Databases,
    settings: Settings,
    connection: Connection,
    prepared: Prepared,
    *,
    now: int,
    immediately: bool = False,
    undo_of: str | None = None,
    batch: str | None = None,
) -> str:
    """Commits the fix to the journal and lays it over the ticket; gives the change's id.

    A fix with a step that cannot be undone is held for `outbox.hold` unless `immediately`. On a `read_only`
    connection nothing is written at all and `NOT_SENT` is returned. The same `Prepared` again changes
    nothing: it is one fix. `now`: UTC seconds.
    """
    if connection.read_only:
        return NOT_SENT
    with databases.journal.begin() as db:
        held = prepared.held and not immediately and settings.hold > 0
        due_at = now + settings.hold if held else None
        change = _commit(db, connection, prepared, now=now, due_at=due_at, undo_of=undo_of, batch=batch)
    lay(databases, settings, connection.name, [prepared.ticket.ticket_id], now)
    return change


def submit_together(
    databases: Databases, settings: Settings, prepared: Sequence[Prepared], *, now: int
) -> list[str]:
    """One fix of several tickets: all of it enters the journal or nothing, and is taken back as one.

    Gives the changes' ids in the order given; `NOT_SENT` for those of a `read_only` connection. Raises
    `OutboxRefused` for a fix that must be made ticket by ticket (a text, time, a close: DESIGN, "Writing back").
    """
    for one in prepared:
        if one.held or one.mails or one.closes:
            raise OutboxRefused(
                f"#{clean(one.ticket.number)} {one.verb}: texts, time and closing go ticket by ticket.",
                hint="Fix one ticket after the other.",
            )
    batch = new_change_id(now)
    changes: list[str] = []
    with databases.journal.begin() as db:
        for one in prepared:
            connection = settings.connections[one.connection]
            sent = not connection.read_only
            changes.append(_commit(db, connection, one, now=now, batch=batch) if sent else NOT_SENT)
    for name in dict.fromkeys(one.connection for one in prepared):
        tickets = [one.ticket.ticket_id for one in prepared if one.connection == name]
        lay(databases, settings, name, tickets, now)
    return changes


def _commit(
    db: Db,
    connection: Connection,
    prepared: Prepared,
    *,
    now: int,
    due_at: int | None = None,
    undo_of: str | None = None,
    batch: str | None = None,
) -> str:
    """The change with its steps in the journal, in the caller's transaction; its id."""
    change = prepared.fix.change
    for known in load(db, "change = :change", change=change):
        if known.fix == prepared.fix:
            return change
        change = new_change_id(now)
    row = Change(
        change=change,
        seq=0,
        connection=connection.name,
        ticket_id=prepared.ticket.ticket_id,
        number=prepared.ticket.number,
        verb=prepared.verb,
        fix=to_json(msgspec.structs.replace(prepared.fix, change=change)),
        ticket=to_json(prepared.ticket),
        state="queued" if due_at is None else "held",
        created_at=now,
        due_at=due_at,
        because=prepared.because,
        undo_of=undo_of,
        summary=prepared.ticket.summary,
        company=prepared.ticket.company,
        who=connection.technician,
        closes=prepared.closes,
        batch=batch,
    )
    _insert(db, row, prepared)
    if undo_of is not None:
        _take_back(db, undo_of, change)
    return change


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


def state_of(databases: Databases, change: str) -> Entry:
    """The change as the journal has it now. Raises `OutboxRefused` for an unknown id."""
    with databases.journal_reads.begin() as db:
        return load_one(db, change)


def lay(databases: Databases, settings: Settings, connection: str, tickets: Iterable[str], now: int) -> None:
    """Lays the open changes of these tickets over them again and lets the rules look at once.

    The journal has the change already and everything here follows from it: a cache that cannot be written
    just now is logged, not raised, so that nobody decides the same fix twice.
    """
    wanted = set(tickets)
    try:
        rebuild_overlay(databases, connection, wanted)
        evaluate(
            databases.cache, databases.journal, settings, now=now, connections=[connection], tickets=wanted
        )
    except (DBAPIError, CannotWrite):
        log.exception("The overlay of %s could not be laid; the next sync does it again.", connection)


def _insert(db: Db, row: Change, prepared: Prepared) -> None:
    seq = select(func.coalesce(func.max(Change.seq), 0) + 1).scalar_subquery()
    db.execute(insert(Change).values({**row.model_dump(), "seq": seq}))
    rows = [
        StepRow(change=row.change, position=position, step=to_json(step)).model_dump()
        for position, step in enumerate(prepared.steps)
    ]
    db.execute(insert(StepRow), rows)
    audit.append(db, row.change, "decided", decision(row, prepared))
    audit.append(db, row.change, row.state, {"from": None, "due_at": row.due_at})


def decision(row: Change, prepared: Prepared) -> dict[str, object]:
    """What the audit log says of a fix: from what, to what, on what it was decided; texts by their hash."""
    fix = prepared.fix
    plain: dict[str, object] = msgspec.to_builtins(
        {
            "number": row.number,
            "verb": row.verb,
            "fields": {f: {"was": fix.was.get(f), "becomes": value} for f, value in fix.fields.items()},
            "entries": {
                entry: {"was": fix.entries_was.get(entry), "becomes": code}
                for entry, code in fix.entries.items()
            },
            "reply": audit.digest(fix.reply),
            "note": audit.digest(fix.note),
            "time": None
            if fix.time is None
            else {
                "hours": fix.time.hours,
                "code": fix.time.code,
                "started_at": fix.time.started_at,
                "billable": fix.time.billable,
                "text": audit.digest(fix.time.text),
            },
            "read_up_to": fix.read_up_to,
            "read_up_to_id": fix.read_up_to_id,
            "because": audit.digest(row.because),
            "mails": len(prepared.mails),
            "undo_of": row.undo_of,
            "batch": row.batch,
            "steps": [step.request for step in prepared.steps],
        }
    )
    return plain


def _take_back(db: Db, change: str, by: str) -> None:
    """Marks what `by` puts back. The rest of a change that got stuck halfway is withdrawn for good."""
    taken = move(db, change, ("confirmed",), event="undo begun", undone_by=by) or move(
        db, change, ("queued", "conflict", "rejected"), state="undone", undone_by=by
    )
    if not taken:
        raise OutboxRefused(f"Change {change} is being sent.", hint="Try again when it has arrived.")


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
