"""What `deskzero list` prints: all exceptions of some kinds with their reasons, in as few statements as for one.

The screen's lists (`store.read_rows`) are read by page and know more of each row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.text import clean
from store.read_evidence import EvidenceReader
from store.reasons import sentence, telling_place
from store.rules.catalogue import place_of
from store.saying import iso

_TICKET = ("number", "summary", "company", "board", "status", "owner", "parent_id", "url")


class Why(msgspec.Struct, frozen=True):
    """One reason, as JSON has it: of a time entry's, `Entry`."""

    code: str
    text: str
    """A sentence, harmless to show."""
    field: str | None


class Entry(Why, frozen=True):
    """A reason that lies in a time entry."""

    time_entry_id: str
    hours: float | None


class _Named(msgspec.Struct, frozen=True):
    kind: str
    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None
    board: str | None
    status: str
    owner: str | None
    parent_id: str | None


class Listed(_Named, frozen=True):
    """One exception. Foreign text is as the PSA gave it, but for the reasons' sentences."""

    since: int
    reasons: tuple[Why, ...]
    gate: bool
    psa_only: bool
    url: str | None


class ListReader(EvidenceReader):
    """The part of the reader that `deskzero list` needs."""

    def listed(self, kinds: Sequence[str], connection: str | None, *, now: int) -> list[Listed]:
        """The rows that `Reader.rows` gives for these kinds, in its order. `now` (UTC seconds) is for the sentences."""
        with self._cache() as db:
            names = self._names(connection)
            if db is None or not kinds or not names:
                return []
            db.row_factory = None
            return _listed(db, kinds, names, ZoneInfo(self.settings.timezone), now)


def _listed(
    db: sqlite3.Connection, kinds: Sequence[str], names: Sequence[str], zone: ZoneInfo, now: int
) -> list[Listed]:
    ordered = sorted(dict.fromkeys(kinds), key=place_of)
    rows = db.execute(
        "SELECT e.kind, e.connection, e.ticket_id, e.since, e.gate, e.psa_only, t.ticket_id,"
        f" {', '.join(f't.{name}' for name in _TICKET)} FROM exception e"
        " LEFT JOIN ticket t ON t.connection = e.connection AND t.ticket_id = e.ticket_id"
        f" WHERE e.connection || '' IN ({_marks(names)}) AND e.kind IN ({_marks(ordered)})"
        f" ORDER BY CASE e.kind {' '.join(f'WHEN ? THEN {place}' for place in range(len(ordered)))} END,"
        " e.gate DESC, e.psa_only, e.since, length(e.ticket_id), e.ticket_id, e.connection",
        [*names, *ordered, *ordered],
    ).fetchall()
    # What open changes have laid over a ticket is in a table of its own: a handful beside all the others.
    laid = {
        (connection, ticket_id): rest
        for connection, ticket_id, *rest in db.execute(
            f"SELECT connection, ticket_id, {', '.join(_TICKET)} FROM ticket_overlay"
            f" WHERE connection IN ({_marks(names)})",
            list(names),
        )
    }
    reasons = _reasons(db, ordered, names, zone, now)
    found = []
    for kind, connection, ticket_id, since, gate, psa_only, there, *ticket in rows:
        if laid and (connection, ticket_id) in laid:
            ticket = laid[connection, ticket_id]
        elif there is None:
            continue  # thrown away between two statements of a writer; the next publication corrects it
        number, summary, company, board, status, owner, parent_id, url = ticket
        found.append(
            Listed(
                kind,
                connection,
                ticket_id,
                number,
                summary,
                company,
                board,
                status,
                owner,
                parent_id,
                since,
                tuple(reasons.get((connection, ticket_id, kind), ())),
                bool(gate),
                bool(psa_only),
                url,
            )
        )
    return found


def _reasons(
    db: sqlite3.Connection, kinds: Sequence[str], names: Sequence[str], zone: ZoneInfo, now: int
) -> dict[tuple[str, str, str], list[Why]]:
    """(connection, ticket id, kind) -> its reasons, in the order of telling."""
    found: dict[tuple[str, str, str], list[tuple[tuple[str, str, int, str], Why]]] = {}
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for connection, kind, ticket_id, code, field, entry, since, hours, data in db.execute(
        "SELECT connection, kind, ticket_id, code, field, time_entry_id, since, hours, data FROM reason"
        f" WHERE connection IN ({_marks(names)}) AND kind IN ({_marks(kinds)})",
        [*names, *kinds],
    ):
        text = sentence(code, decode(data), field=field or None, hours=hours, zone=zone, now=now)
        why = Entry(code, text, field or None, entry, hours) if entry else Why(code, text, field or None)
        found.setdefault((connection, ticket_id, kind), []).append(((code, field, since, entry), why))
    for some in found.values():
        if len(some) > 1:
            some.sort(key=lambda one: telling_place(*one[0]))
    return {key: [why for _, why in some] for key, some in found.items()}


def listed_json(rows: Sequence[Listed]) -> bytes:
    """One JSON array, foreign text cleaned, times as UTC text; as `tui.commands.out.harmless` would make it."""
    once, lines = _Cleaned(), _Cleaned(lines=True)
    moment = _Moments()
    return msgspec.json.encode(
        [
            _Json(
                lines[row.kind],
                lines[row.connection],
                lines[row.ticket_id],
                lines[row.number],
                once[row.summary],
                None if row.company is None else once[row.company],
                None if row.board is None else once[row.board],
                once[row.status],
                None if row.owner is None else once[row.owner],
                None if row.parent_id is None else lines[row.parent_id],
                moment[row.since],
                [_why_json(why, lines) for why in row.reasons],
                row.gate,
                row.psa_only,
                None if row.url is None else lines[row.url],
            )
            for row in rows
        ]
    )


class _Json(_Named, frozen=True):
    since: str
    reasons: list[Why]
    gate: bool
    psa_only: bool
    url: str | None


class _EntryJson(Why, frozen=True):
    time_entry_id: str
    hours: msgspec.Raw


def _why_json(why: Why, lines: _Cleaned) -> Why:
    code, text, field = lines[why.code], lines[why.text], None if why.field is None else lines[why.field]
    if isinstance(why, Entry):
        # Very small and very large numbers Python's own JSON writes in another way than msgspec.
        hours = msgspec.Raw(b"null" if why.hours is None else repr(why.hours).encode())
        return _EntryJson(code, text, field, lines[why.time_entry_id], hours)
    same = text is why.text and code is why.code and field is why.field
    return why if same else Why(code, text, field)


class _Cleaned(dict[str, str]):
    """Texts as `clean` leaves them; each is looked at once."""

    def __init__(self, *, lines: bool = False) -> None:
        self.lines = lines

    def __missing__(self, text: str) -> str:
        if (
            text.isascii() and text.isprintable()
        ):  # as `clean` has it, without calling it twice for each of thousands
            found = text if self.lines else " ".join(text.split())
        else:
            # What leaves as one line is cleaned as text of several lines too, which may put it together anew.
            found = clean(text if self.lines else clean(text), lines=True)
        self[text] = found
        return found


class _Moments(dict[int, str]):
    """Times as `iso` tells them, each day put into words once."""

    def __init__(self) -> None:
        self._days: dict[int, str] = {}

    def __missing__(self, at: int) -> str:
        day, seconds = divmod(at, 86_400)
        begins = self._days.get(day)
        if begins is None:
            begins = self._days[day] = iso(day * 86_400).removesuffix("00:00:00Z")
        minutes, seconds = divmod(seconds, 60)
        found = self[at] = f"{begins}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"
        return found


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" for _ in values)
