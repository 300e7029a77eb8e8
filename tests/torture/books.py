"""What deskzero says it did: journal and audit log of a home, read beside the ledger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from connectors.contract import Fix, Step
from store import audit
from store.home import Home

Key = tuple[int, str]
"""A note's place: creation in UTC seconds, id as a number of the same length."""


def note_key(created_at: int, note_id: str) -> Key:
    """As deskzero orders notes of the same second: by number."""
    return created_at, note_id.zfill(20)


@dataclass
class BookStep:
    """One step and how far it came."""

    position: int
    plan: Step
    state: str
    attempts: int
    created_id: str | None

    @property
    def unknown(self) -> bool:
        """It may be in the PSA; the journal does not say that it is."""
        return self.state not in ("done", "already") and (
            self.attempts > 0 or self.state in ("sending", "unknown")
        )


@dataclass
class Book:
    """One change."""

    change: str
    seq: int
    ticket: str
    verb: str
    state: str
    fix: Fix
    created_at: int
    confirmed_at: int | None
    undone_by: str | None
    steps: list[BookStep] = field(default_factory=list)
    named: list[Key] = field(default_factory=list)
    """Customers' notes that a conflict of this change named, by the audit log: the journal forgets them."""

    def covers(self, created_at: int, note_id: str) -> bool:
        """Whether a person was shown this note with the change: it names it, or was put on it since."""
        place = note_key(created_at, note_id)
        if any(one >= place for one in self.named):
            return True
        fix = self.fix
        return fix.read_up_to is not None and note_key(fix.read_up_to, fix.read_up_to_id or "") >= place


STATES = frozenset(
    {
        "held",
        "queued",
        "sending",
        "confirmed",
        "conflict",
        "rejected",
        "uncertain",
        "undone",
        "dropped",
    }
)


def read_books(home: Home) -> dict[str, Book]:
    """All changes of a home, by id, in the order made."""
    with closing(_open(home.journal)) as db:
        books = {
            row["change"]: Book(
                change=row["change"],
                seq=row["seq"],
                ticket=row["ticket_id"],
                verb=row["verb"],
                state=row["state"],
                fix=msgspec.json.decode(row["fix"], type=Fix),
                created_at=row["created_at"],
                confirmed_at=row["confirmed_at"],
                undone_by=row["undone_by"],
            )
            for row in db.execute("SELECT * FROM change ORDER BY seq")
        }
        for row in db.execute("SELECT * FROM step ORDER BY change, position"):
            books[row["change"]].steps.append(
                BookStep(
                    row["position"],
                    msgspec.json.decode(row["step"], type=Step),
                    row["state"],
                    row["attempts"],
                    row["created_id"],
                )
            )
    for entry in audit.entries(home.journal):
        note = (entry.data.get("conflict") or {}).get("note") if entry.event == "conflict" else None
        if note is not None and entry.change in books:
            books[entry.change].named.append(note_key(note["created_at"], note["note_id"]))
    return books


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    return db
