"""The outbox's rows in the journal: loading a change with its steps, moving it from state to state.

Every move names the states it may come from and says whether it happened, so that two processes (a sender,
a person who takes something back) can never both have their way with one change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from connectors.contract import Fix, Step, TicketRecord
from store.changes import ENDED_STATES, OutboxRefused, same_value, to_json


class StepEntry(msgspec.Struct, kw_only=True):
    """One step of a change and how far it has come."""

    position: int
    step: Step
    state: str
    baseline: str | None = None
    attempts: int = 0
    """Requests that may have reached the server; one that certainly did not is not counted."""
    absent: int = 0
    created_id: str | None = None
    said: str | None = None

    @property
    def over(self) -> bool:
        """Nothing is left to do."""
        return self.state in ("done", "already")


class Entry(msgspec.Struct, kw_only=True):
    """One change of the outbox, decoded."""

    change: str
    seq: int
    connection: str
    ticket_id: str
    number: str
    verb: str
    fix: Fix
    ticket: TicketRecord
    state: str
    created_at: int
    due_at: int | None
    next_try_at: int | None
    attempts: int
    confirmed_at: int | None
    wrote: bool
    error: str | None
    hint: str | None
    detail: str
    because: str | None
    undo_of: str | None
    undone_by: str | None
    settled_at: int | None
    summary: str
    company: str | None
    steps: list[StepEntry] = []

    @property
    def begun(self) -> bool:
        """Some step was sent, or may have been."""
        return any(step.attempts or step.state in ("done", "sending", "unknown") for step in self.steps)


def load(db: Db, where: str, **values: object) -> list[Entry]:
    """Changes in the order they were made. `where` is SQL over the columns of `change`."""
    rows = db.execute(text(f"SELECT * FROM change WHERE {where} ORDER BY seq"), values).mappings().all()
    steps: dict[str, list[StepEntry]] = {}
    found = db.execute(
        text(
            f"SELECT * FROM step WHERE change IN (SELECT change FROM change WHERE {where})"
            " ORDER BY change, position"
        ),
        values,
    )
    for row in found.mappings():
        steps.setdefault(row["change"], []).append(_step(row))
    return [_entry(row, steps.get(row["change"], [])) for row in rows]


def load_one(db: Db, change: str) -> Entry:
    """The change with this id (or the beginning of one that is the only such). Raises `OutboxRefused`."""
    found = load(db, "change = :change", change=change.strip().lower())
    if found:
        return found[0]
    begin = change.strip().lower().replace("\\", "").replace("%", "").replace("_", "")
    found = load(db, "change LIKE :begin", begin=f"{begin}%") if len(begin) >= 4 else []
    if len(found) == 1:
        return found[0]
    raise OutboxRefused(f'There is no change "{change}".', hint="`deskzero outbox --all` lists them.")


def move(db: Db, change: str, come_from: Sequence[str], **values: object) -> bool:
    """Changes columns of `change` if its state is one of `come_from`; whether that was so.

    With its end a change lets go of the customer's words that a conflict put into `detail`.
    """
    if values.get("state") in ENDED_STATES:
        values["detail"] = "{}"
    sets = ", ".join(f"{name} = :{name}" for name in values)
    states = ", ".join(f"'{state}'" for state in come_from)
    done = db.execute(
        text(f"UPDATE change SET {sets} WHERE change = :of AND state IN ({states})"), {**values, "of": change}
    )
    return bool(done.rowcount)


def set_step(db: Db, change: str, position: int, **values: object) -> None:
    """Changes columns of one step."""
    sets = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(
        text(f"UPDATE step SET {sets} WHERE change = :of AND position = :at"),
        {**values, "of": change, "at": position},
    )


def claimed(db: Db, connection: str, ticket_id: str, but: tuple[str, int]) -> set[str]:
    """Ids of notes and entries on this ticket that other steps have made."""
    rows = db.execute(
        text(
            "SELECT s.created_id, s.change, s.position FROM step s JOIN change c ON c.change = s.change"
            " WHERE c.connection = :c AND c.ticket_id = :t AND s.created_id IS NOT NULL"
        ),
        {"c": connection, "t": ticket_id},
    )
    return {row.created_id for row in rows if (row.change, row.position) != but}


def made_notes(db: Db, connection: str) -> list[str]:
    """Ids of the notes that the PSA said our steps have made, newest last, at most 100."""
    rows = db.execute(
        text(
            "SELECT s.created_id FROM step s JOIN change c ON c.change = s.change WHERE c.connection = :c"
            " AND s.created_id IS NOT NULL AND json_extract(s.step, '$.creates') = 'note'"
            " ORDER BY c.seq DESC LIMIT 100"
        ),
        {"c": connection},
    )
    return [row.created_id for row in rows][::-1]


def stands_again(db: Db, undo: Entry) -> None:
    """A change whose undo was given up stands as before; one that had got stuck halfway is stuck again."""
    if undo.undo_of is None:
        return
    db.execute(
        text(
            "UPDATE change SET undone_by = NULL,"
            " state = CASE state WHEN 'undone' THEN 'rejected' ELSE state END,"
            " error = CASE state WHEN 'undone' THEN 'Part of it is in the PSA; taking that back was given up.'"
            " ELSE error END WHERE change = :of AND undone_by = :by"
        ),
        {"of": undo.undo_of, "by": undo.change},
    )


def rebase_later(db: Db, gone: Entry) -> None:
    """Later open changes of the ticket that were decided on values of `gone`, which never arrived, are put
    on what was before it: else they would meet a "conflict" with nobody.

    One that sets the status or clears the flag was decided on an answer (or a seen note) that never arrived:
    sent now, it would bury what the customer wrote. It waits for a person.
    """
    later = load(
        db,
        "connection = :c AND ticket_id = :t AND seq > :seq AND state IN ('held', 'queued')",
        c=gone.connection,
        t=gone.ticket_id,
        seq=gone.seq,
    )
    arrived = {field for step in gone.steps if step.over for field in step.step.sets}
    # An uncertain one that is dropped is there: a person has looked.
    unanswered = gone.state != "uncertain" and any(
        step.step.creates and step.step.guards_reply and not step.over for step in gone.steps
    )
    for entry in later:
        if unanswered and _buries(entry):
            words = "reply" if gone.fix.reply is not None else "seen note"
            move(
                db,
                entry.change,
                ("held", "queued"),
                state="conflict",
                error=f"It was decided after a {words} (change {gone.change}) that never went out.",
                hint=f"See what the customer waits for; then `deskzero outbox --retry {entry.change}`"
                f" or `--drop {entry.change}`.",
                detail="{}",
                next_try_at=None,
            )
        moved = {
            field: gone.fix.was.get(field)
            for field, was in entry.fix.was.items()
            if field in gone.fix.fields and field not in arrived and same_value(was, gone.fix.fields[field])
        }
        if not moved:
            continue
        fix = msgspec.structs.replace(entry.fix, was={**entry.fix.was, **moved})
        move(db, entry.change, ("held", "queued"), fix=to_json(fix))
        for step in entry.steps:
            if step.state == "waiting" and moved.keys() & step.step.sets.keys():
                was = {**step.step.was, **{f: v for f, v in moved.items() if f in step.step.sets}}
                plan = msgspec.structs.replace(step.step, was=was)
                set_step(db, entry.change, step.position, step=to_json(plan))


def _buries(entry: Entry) -> bool:
    """Takes the ticket out of sight without words of its own to the customer."""
    fields = entry.fix.fields
    clears = "customer_flag" in fields and not fields["customer_flag"]
    answers = any(step.step.creates and step.step.guards_reply for step in entry.steps)
    return not answers and ("status" in fields or clears)


def _step(row: RowMapping) -> StepEntry:
    return StepEntry(
        position=row["position"],
        step=msgspec.json.decode(row["step"], type=Step),
        state=row["state"],
        baseline=row["baseline"],
        attempts=row["attempts"],
        absent=row["absent"],
        created_id=row["created_id"],
        said=row["said"],
    )


def _entry(row: RowMapping, steps: list[StepEntry]) -> Entry:
    plain: dict[str, Any] = {
        name: row[name] for name in Entry.__struct_fields__ if name not in ("fix", "ticket", "steps", "wrote")
    }
    return Entry(
        **plain,
        fix=msgspec.json.decode(row["fix"], type=Fix),
        ticket=msgspec.json.decode(row["ticket"], type=TicketRecord),
        wrote=bool(row["wrote"]),
        steps=steps,
    )
