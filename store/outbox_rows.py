"""The outbox's rows in the journal: loading a change with its steps, moving it from state to state.

Every move names the states it may come from and says whether it happened, so that two processes (a sender,
a person who takes something back) can never both have their way with one change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection as Db
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from connectors.contract import Fix, Step, TicketRecord
from store import audit
from store.changes import ENDED_STATES, ConflictDetail, OutboxRefused


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
    sent_at: int | None
    closes: bool
    batch: str | None
    let_go_at: int | None
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


def state_of(db: Db, change: str) -> str:
    """The state of a change that is there."""
    return str(db.execute(text("SELECT state FROM change WHERE change = :of"), {"of": change}).scalar_one())


def move(
    db: Db,
    change: str,
    come_from: Sequence[str],
    *,
    event: str | None = None,
    also: Mapping[str, object] | None = None,
    **values: object,
) -> bool:
    """Changes columns of `change` if its state is one of `come_from`; whether that was so.

    A new state is told in the audit log, in the same transaction; so is an error that keeps a change waiting
    (`waits`), and an `event` of the caller's. `also`: what the entry says besides. With its end a change lets go
    of the customer's words that a conflict put into `detail`.
    """
    if values.get("state") in ENDED_STATES:
        values["detail"] = "{}"
    before = db.execute(text("SELECT state FROM change WHERE change = :of"), {"of": change}).scalar()
    if before not in come_from:
        return False
    if values:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        db.execute(text(f"UPDATE change SET {sets} WHERE change = :of"), {**values, "of": change})
    if values.get("state", before) != before:
        event = str(values["state"])
    elif event is None and values.get("error"):
        event = "waits"
    if event is not None:
        audit.append(db, change, event, _told(str(before), values) | dict(also or {}))
    return True


def set_step(
    db: Db,
    change: str,
    position: int,
    *,
    event: str | None = None,
    also: Mapping[str, object] | None = None,
    **values: object,
) -> None:
    """Changes columns of one step; `event` is told in the audit log, with what `also` holds."""
    if values:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        db.execute(
            text(f"UPDATE step SET {sets} WHERE change = :of AND position = :at"),
            {**values, "of": change, "at": position},
        )
    if event is not None:
        audit.append(db, change, event, {"step": position, **dict(also or {})})


def _told(before: str, values: Mapping[str, object]) -> dict[str, object]:
    """What the audit log says of a move: where from, why, until when; a conflict without customers' words."""
    names = ("error", "due_at", "next_try_at", "undone_by", "wrote")
    said = {name: values[name] for name in names if values.get(name) is not None}
    detail = values.get("detail")
    if isinstance(detail, str) and values.get("state") == "conflict":
        found = msgspec.json.decode(detail, type=ConflictDetail)
        said["conflict"] = {
            "fields": [msgspec.to_builtins(field) for field in found.fields],
            "note": None
            if found.note is None
            else {
                "note_id": found.note.note_id,
                "created_at": found.note.created_at,
                "text": audit.digest(found.note.text),
            },
        }
    return {"from": before, **said}


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
        name: row[name] for name in Entry.__struct_fields__ if name not in ("fix", "ticket", "steps")
    }
    plain |= {name: bool(plain[name]) for name in ("wrote", "closes")}
    return Entry(
        **plain,
        fix=msgspec.json.decode(row["fix"], type=Fix),
        ticket=msgspec.json.decode(row["ticket"], type=TicketRecord),
        steps=steps,
    )
