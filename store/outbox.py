"""The outbox: a fix is committed to the journal before the screen shows it done.

States: held -> queued -> sending -> confirmed, or conflict, rejected, uncertain, undone, dropped. Every move
is one transaction in `journal.db` (`synchronous=FULL`); what follows from it in the cache comes after and can
be made again. Sending is `store.sender`, taking back `store.undo`, deciding `store.outbox_decide`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from connectors.text import clean
from store import audit
from store.changes import OutboxRefused, new_change_id, to_json
from store.database import CannotWrite, Databases
from store.fixes import Prepared
from store.journal_models import Change, StepRow
from store.outbox_rows import Entry, load, load_one, move
from store.overlay import rebuild_overlay
from store.rules.evaluate import evaluate
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
    committed: Callable[[], object] = lambda: None,
) -> str:
    """Commits the fix to the journal and lays it over the ticket; gives the change's id.

    A fix with a step that cannot be undone is held for `outbox.hold` unless `immediately`. On a `read_only`
    connection nothing is written at all and `NOT_SENT` is returned. The same `Prepared` again changes
    nothing: it is one fix. `committed` is called between the two: from then on it is not lost. `now`: UTC seconds.
    """
    if connection.read_only:
        return NOT_SENT
    with databases.journal.begin() as db:
        held = prepared.held and not immediately and settings.hold > 0
        due_at = now + settings.hold if held else None
        change = _commit(db, connection, prepared, now=now, due_at=due_at, undo_of=undo_of, batch=batch)
    committed()
    lay(databases, settings, connection.name, [prepared.ticket.ticket_id], now)
    return change


def submit_together(
    databases: Databases,
    settings: Settings,
    prepared: Sequence[Prepared],
    *,
    now: int,
    committed: Callable[[], object] = lambda: None,
) -> list[str]:
    """One fix of several tickets: all of it enters the journal or nothing, and is taken back as one.

    `committed` as in `submit`. Gives the changes' ids in the order given; `NOT_SENT` for those of a `read_only`
    connection. Raises `OutboxRefused` for a fix that must be made ticket by ticket (a text, time, a close:
    docs/write-back.md).
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
    if any(change != NOT_SENT for change in changes):
        committed()
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
