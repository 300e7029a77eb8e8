"""The audit log: what was decided, sent, answered and became of every change; append-only, each entry chained.

An entry is written in the transaction that makes what it tells of true, so that neither is there without the
other. Each carries the hash of the one before; a payload is chained by its own hash, so that it can be purged
(`forget`) and the chain still holds. Texts that go to or come from people are not in it: their SHA-256 and
length are, so that whoever has the text can prove which one it was. Light: the standard library and msgspec.

A chain cannot tell that its end was cut off. `verify` therefore also holds the journal's changes against it,
and a head (`Verified.head`) that was noted down elsewhere can be looked for later (`expect`).
"""

from __future__ import annotations

import functools
import getpass
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from sqlalchemy import Connection as Db

BEGINNING = "0" * 64
"""What stands for the hash before the first entry."""

STATES = ("held", "queued", "sending", "confirmed", "conflict", "rejected", "uncertain", "undone", "dropped")
"""Events that are a change's new state; the other events are told in `docs/write-back.md`."""

_LAST = (
    "(SELECT seq FROM audit ORDER BY seq DESC LIMIT 1), (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1)"
)
"""Columns: the number and the hash of the last entry."""
_COLUMNS = (
    "seq, at, who, os_user, connection, ticket_id, change, event, payload, payload_hash, previous, hash"
)


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `at`: this machine's clock, UTC seconds with fractions."""

    seq: int
    at: float
    who: str
    """The technician at the PSA, as the settings name him."""
    os_user: str
    """Who runs this process on this machine."""
    connection: str
    ticket_id: str
    change: str
    event: str
    payload: str | None
    """JSON; `None` after a purge."""
    payload_hash: str
    previous: str
    hash: str

    @property
    def data(self) -> dict[str, Any]:
        """The payload, decoded; empty after a purge."""
        return {} if self.payload is None else msgspec.json.decode(self.payload, type=dict[str, Any])


class Verified(msgspec.Struct, frozen=True):
    """What a check of the whole log came to."""

    entries: int
    purged: int
    """Entries whose payload was removed with their connection's journal; their hashes still hold."""
    head: str
    """The last entry's hash: noted down elsewhere, it proves later that nothing up to here was cut off."""
    problems: tuple[str, ...]
    """Sentences, the first broken place first; empty: the log holds."""


def append(db: Db | sqlite3.Connection, change: str, event: str, payload: Mapping[str, object]) -> None:
    """Adds an entry about a change, in the caller's transaction. The change must be in the journal."""
    row = _run(
        db, f"SELECT connection, ticket_id, who, {_LAST} FROM change WHERE change = ?", change
    ).fetchone()
    connection, ticket_id, who, *last = row
    _write(db, event, payload, last=last, connection=connection, ticket_id=ticket_id, change=change, who=who)


def write(
    db: Db | sqlite3.Connection,
    event: str,
    payload: Mapping[str, object],
    *,
    connection: str = "",
    ticket_id: str = "",
    change: str = "",
    who: str = "",
) -> None:
    """Adds an entry, in the caller's transaction; without a change it is about the journal as a whole."""
    last = _run(db, f"SELECT {_LAST}").fetchone()
    _write(db, event, payload, last=last, connection=connection, ticket_id=ticket_id, change=change, who=who)


def _write(
    db: Db | sqlite3.Connection,
    event: str,
    payload: Mapping[str, object],
    *,
    last: Sequence[Any],
    connection: str,
    ticket_id: str,
    change: str,
    who: str,
) -> None:
    """`last`: the number and the hash of the entry before, both `None` where this is the first."""
    seq, previous = (1, BEGINNING) if last[0] is None else (last[0] + 1, last[1])
    words = msgspec.json.encode(payload, order="sorted").decode()
    made = AuditEntry(
        seq=seq,
        at=round(time.time(), 6),
        who=who,
        os_user=os_user(),
        connection=connection,
        ticket_id=ticket_id,
        change=change,
        event=event,
        payload=words,
        payload_hash=_sha256(words),
        previous=previous,
        hash="",
    )
    values = (*msgspec.structs.astuple(made)[:-1], _hash(made))
    _run(db, f"INSERT INTO audit ({_COLUMNS}) VALUES ({', '.join('?' * 12)})", *values)


def _run(db: Db | sqlite3.Connection, sql: str, *values: object) -> Any:  # noqa: ANN401 - either one's cursor
    """SQLAlchemy's connection and sqlite3's own (of a journal that is not in its place yet) alike."""
    return db.execute(sql, values) if isinstance(db, sqlite3.Connection) else db.exec_driver_sql(sql, values)


def forget(db: Db, connection: str) -> int:
    """Removes what the entries of a connection say; that they were there, and when, stays. How many."""
    done = db.exec_driver_sql(
        "UPDATE audit SET payload = NULL WHERE connection = ? AND payload IS NOT NULL", (connection,)
    )
    return done.rowcount


def digest(text: str | None) -> dict[str, object] | None:
    """What stands in the log for a text: its SHA-256 (UTF-8, as it was sent or read) and its length."""
    return None if text is None else {"sha256": _sha256(text), "chars": len(text)}


@functools.cache
def os_user() -> str:
    """The user that this process runs as; `?` where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in a container, no `pwd` on Windows
        return "?"


# ---------------------------------------------------------------- reading


def entries(
    journal: Path, *, connection: str | None = None, change: str | None = None
) -> Iterator[AuditEntry]:
    """The entries in order, of one connection or change where named. Raises `sqlite3.Error`."""
    with closing(_open(journal)) as db:
        yield from _entries(db, connection, change)


def verify(journal: Path, *, expect: str | None = None) -> Verified:
    """Checks the chain, every payload that is still there, and that the journal's changes agree with it.

    `expect`: a head noted down earlier (or the beginning of one), which has to be among the hashes. Raises
    `sqlite3.Error`.
    """
    problems: list[str] = []
    last: dict[str, str] = {}
    previous, count, purged, found = BEGINNING, 0, 0, expect is None
    with closing(_open(journal)) as db:
        db.execute("BEGIN")  # one moment: another process may be writing
        for entry in _entries(db):
            count += 1
            problems += _wrong(entry, count, previous)
            purged += entry.payload is None
            previous = entry.hash
            found = found or entry.hash.startswith((expect or "").lower())
            if entry.event in STATES:
                last[entry.change] = entry.event
        for change, state in db.execute("SELECT change, state FROM change ORDER BY seq"):
            if last.get(change, state) != state:
                problems.append(
                    f"Change {change} is {state} in the journal and {last[change]} in the audit log: entries were"
                    " removed from its end, or the journal was altered by hand."
                )
    if not found:
        problems.append(
            f"No entry has the hash {expect}: what was there when it was noted down is gone or was altered."
        )
    return Verified(count, purged, previous, tuple(problems))


def _wrong(entry: AuditEntry, number: int, previous: str) -> Iterator[str]:
    named = f"Entry {entry.seq}"
    if entry.seq != number:
        yield f"{named} stands where entry {number} should: entries were removed or added."
    if entry.previous != previous:
        yield f"{named} does not follow the entry before it."
    if entry.payload is not None and _sha256(entry.payload) != entry.payload_hash:
        yield f"{named} ({entry.event} of change {entry.change}): what it says was altered."
    if _hash(entry) != entry.hash:
        yield f"{named} ({entry.event} of change {entry.change}): it was altered."


def _entries(
    db: sqlite3.Connection, connection: str | None = None, change: str | None = None
) -> Iterator[AuditEntry]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE (?1 IS NULL OR connection = ?1) AND (?2 IS NULL OR change = ?2)"
        " ORDER BY seq",
        (connection, change),
    )
    names = AuditEntry.__struct_fields__
    for row in rows:
        yield AuditEntry(**dict(zip(names, row, strict=True)))


def _open(journal: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True, timeout=15.0)


def _hash(entry: AuditEntry) -> str:
    said = (
        entry.seq,
        repr(entry.at),
        entry.who,
        entry.os_user,
        entry.connection,
        entry.ticket_id,
        entry.change,
        entry.event,
        entry.payload_hash,
        entry.previous,
    )
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
