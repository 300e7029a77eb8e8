"""The lists: rows of a pane by page, with their reasons and what the columns show, from the open cache.

Ticket columns are fetched by key in a second query: a join with the `v_ticket` view would make SQLite
materialise all of it (10,000 tickets: 60 ms a page instead of 2 ms).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.text import clean
from store.asked import PREFIX, Asked, Note, standing
from store.business_time import Hours
from store.promise import Promise
from store.promises import Promises
from store.read_records import ALL_OPEN, Found, Parent, Reason, Row, Words
from store.read_select import Selection, marks
from store.reasons import sentence, telling_place
from store.rules.catalogue import place_of
from store.saying import iso as iso
from store.shown import ORDERS, Order, Shown
from store.snoozes import Hidden

Key = tuple[str, str]
"""Connection and ticket id."""

_CHUNK = 400
_TICKET = (
    "connection, ticket_id, number, summary, company, company_id, board, board_id, status, owner, contact,"
    " priority, hours, parent_id, url, is_closed, created_at, updated_at, read_at"
)
_KINDS = "SELECT connection, ticket_id, kind FROM exception INDEXED BY exception_by_ticket WHERE {keys}"
"""The index is named: without statistics SQLite takes the table's key, which leads through all of a connection."""
_FROM_CUSTOMER = "public AND speaker IN ('customer', 'unknown')"
_ORDER = "order_at DESC, order_rank DESC, note_sort DESC, note_id DESC"


class Lists(Selection):
    """Reads lists from one open connection to the cache. `zone` and `now` are for the sentences."""

    def __init__(
        self,
        db: sqlite3.Connection,
        connections: Sequence[str],
        zone: ZoneInfo,
        now: int,
        promises: Promises | None,
        hidden: Collection[Hidden] = (),
        *,
        hours: Mapping[str, Hours],
        overdue_days: int = 2,
    ) -> None:
        """`promises`: makes them, where any are wanted. `hidden`: rows that lists leave out. `overdue_days`: business
        days, by each connection's `hours`, that billing has for an answer."""
        super().__init__(db, connections, now, hidden)
        self.hours, self.overdue_days = hours, overdue_days
        self.promises = promises
        self.zone = zone

    # ------------------------------------------------------------ which

    def rows(
        self,
        kinds: Sequence[str],
        text: str,
        offset: int,
        limit: int | None,
        shown: Shown | None = None,
        order: Order = ORDERS[0],
    ) -> list[Row]:
        return self.build(self.order(kinds, text, offset, limit, shown, order))

    def order(
        self,
        kinds: Sequence[str],
        text: str,
        offset: int,
        limit: int | None,
        shown: Shown | None = None,
        order: Order = ORDERS[0],
    ) -> list[Found]:
        """Which rows stand where, without what they show."""
        if limit is None:
            query, params = self.select(kinds, text, shown, order)
        else:
            query, params = self.select_first(kinds, text, shown, order, offset + limit)
        if not query:
            return []
        inner = [kind for kind in kinds if kind != ALL_OPEN]
        ordered = [*sorted(dict.fromkeys(inner), key=place_of), ALL_OPEN]
        place = " ".join(f"WHEN ? THEN {place}" for place in range(len(ordered)))
        found = self.db.execute(
            f"SELECT kind, connection, ticket_id, since, gate, psa_only FROM ({query})"
            f" ORDER BY sorted, CASE kind {place} END, gate DESC, psa_only, since, length(ticket_id), ticket_id,"
            " connection LIMIT ? OFFSET ?",
            [*params, *ordered, -1 if limit is None else limit, offset],
        )
        return [(None if kind == ALL_OPEN else kind, *rest) for kind, *rest in found]

    # ------------------------------------------------------------ and what they look like

    def build(self, found: Sequence[Found]) -> list[Row]:
        """Full rows for these, in that order."""
        keys = list(dict.fromkeys((connection, ticket_id) for _, connection, ticket_id, *_ in found))
        tickets = {(row["connection"], row["ticket_id"]): row for row in self._tickets(keys)}
        reasons, also = self._reasons(keys), self._kinds(keys)
        words, pending = self.last_words(keys), self._pending(keys)
        parents = self.parents(
            [(key[0], row["parent_id"]) for key, row in tickets.items() if row["parent_id"]]
        )
        promised = self._promises(found, reasons)
        asked = self._asked([(c, t) for kind, c, t, *_ in found if kind == "billing_code"])
        rows = []
        for kind, connection, ticket_id, since, gate, psa_only in found:
            key = (connection, ticket_id)
            if (t := tickets.get(key)) is None:
                continue  # thrown away between two statements of a writer; the next publication corrects it
            rows.append(
                Row(
                    **{name: t[name] for name in _COLUMNS},
                    closed=bool(t["is_closed"]),
                    kind=kind,
                    since=since,
                    gate=bool(gate),
                    psa_only=bool(psa_only),
                    reasons=tuple(reasons.get((*key, kind), ())),
                    also=tuple(other for other in also.get(key, ()) if other != kind),
                    last_words=words.get(key),
                    parent=parents.get((connection, t["parent_id"])),
                    pending=key in pending,
                    asked=asked.get(key) if kind == "billing_code" else None,
                    promise=promised.get((*key, kind or "")),
                )
            )
        return rows

    def _asked(self, keys: Sequence[Key]) -> dict[Key, Asked]:
        """Questions to billing. Most tickets have none: only the notes of those that may have one are read."""
        about = (
            "SELECT DISTINCT connection, ticket_id FROM v_note WHERE {keys} AND NOT public AND text LIKE ?"
        )
        some = [(row[0], row[1]) for row in self._by_key(about, keys, f"{PREFIX.partition(' ')[0]}%")]
        notes: dict[Key, list[Note]] = {}
        query = (
            "SELECT connection, ticket_id, author, created_at, text FROM v_note WHERE {keys} AND speaker = 'staff'"
            " ORDER BY order_at, order_rank, note_sort, note_id"
        )
        for row in self._by_key(query, some):
            notes.setdefault((row[0], row[1]), []).append(Note(row[2], row[3], row[4]))
        found = {
            key: standing(some, now=self.now, hours=self.hours[key[0]], overdue_days=self.overdue_days)
            for key, some in notes.items()
        }
        return {key: asked for key, asked in found.items() if asked is not None}

    def _promises(
        self,
        found: Sequence[Found],
        reasons: dict[tuple[str, str, str | None], list[Reason]],
    ) -> dict[tuple[str, str, str], Promise]:
        if self.promises is None:
            return {}
        needs = []
        for kind, connection, ticket_id, *_ in found:
            if kind is not None:
                named = reasons.get((connection, ticket_id, kind), ())
                fields = kind == "missing_fields"
                about = tuple(one.field or "" if fields else one.code for one in named)
                needs.append((connection, ticket_id, kind, about))
        return self.promises.of(self.db, needs, self._by_key)

    def plain(self, keys: Sequence[Key]) -> list[Row]:
        """Rows without a kind for these tickets."""
        found = []
        for row in self._tickets(keys):
            since = next(
                (row[name] for name in ("created_at", "updated_at", "read_at") if row[name] is not None), 0
            )
            found.append((None, row["connection"], row["ticket_id"], since, 0, 0))
        return self.build(found)

    def _tickets(self, keys: Sequence[Key]) -> list[sqlite3.Row]:
        return list(self._by_key(f"SELECT {_TICKET} FROM v_ticket WHERE {{keys}}", keys))

    def _reasons(self, keys: Sequence[Key]) -> dict[tuple[str, str, str | None], list[Reason]]:
        found: dict[tuple[str, str, str | None], list[Reason]] = {}
        query = (
            "SELECT connection, ticket_id, kind, code, field, time_entry_id, since, gate, hours, data"
            " FROM reason WHERE {keys}"
        )
        for row in self._by_key(query, keys):
            text = sentence(
                row["code"],
                msgspec.json.decode(row["data"]),
                field=row["field"] or None,
                hours=row["hours"],
                zone=self.zone,
                now=self.now,
            )
            found.setdefault((row["connection"], row["ticket_id"], row["kind"]), []).append(
                Reason(
                    code=row["code"],
                    text=text,
                    field=row["field"] or None,
                    time_entry_id=row["time_entry_id"] or None,
                    hours=row["hours"],
                    gate=bool(row["gate"]),
                    since=row["since"],
                )
            )
        for reasons in found.values():
            reasons.sort(key=telling_order)
        return found

    def _kinds(self, keys: Sequence[Key]) -> dict[Key, list[str]]:
        found: dict[Key, list[str]] = {}
        for row in self._by_key(_KINDS, keys):
            found.setdefault((row["connection"], row["ticket_id"]), []).append(row["kind"])
        return {key: sorted(kinds, key=place_of) for key, kinds in found.items()}

    def _pending(self, keys: Sequence[Key]) -> set[Key]:
        query = "SELECT connection, ticket_id FROM ticket_overlay WHERE {keys}"
        return {(row["connection"], row["ticket_id"]) for row in self._by_key(query, keys)}

    def last_words(self, keys: Sequence[Key]) -> dict[Key, Words]:
        """The newest customer's note of each ticket that has one."""
        found: dict[Key, Words] = {}
        query = (
            "SELECT connection, ticket_id, note_id, author, speaker, created_at, text,"
            # Only where there are no words: they stand for them.
            " CASE WHEN trim(n.text, char(32, 9, 10, 13)) = '' THEN (SELECT json_group_array(f.name) FROM file f"
            " WHERE f.connection = n.connection AND f.ticket_id = n.ticket_id AND f.note_id = n.note_id)"
            " ELSE '[]' END AS files FROM v_note n"
            f" WHERE {{keys}} AND {_FROM_CUSTOMER} ORDER BY {_ORDER}"
        )
        for row in self._by_key(query, keys):
            key = (row["connection"], row["ticket_id"])
            if key not in found:
                found[key] = Words(
                    row["note_id"],
                    row["author"],
                    row["speaker"],
                    row["created_at"],
                    row["text"],
                    msgspec.json.decode(row["files"], type=tuple[str, ...]),
                )
        return found

    def parents(self, keys: Sequence[Key]) -> dict[Key, Parent]:
        """What is known about these tickets as parents or children; every key is answered."""
        query = (
            "SELECT connection, ticket_id, number, summary, status, presence, is_closed, closed_at,"
            " closed_by, owner, url FROM v_ticket WHERE {keys}"
        )
        found = {key: Parent(ticket_id=key[1], number=key[1]) for key in keys}
        for row in self._by_key(query, keys):
            state = row["presence"]
            if state == "here":
                state = "closed" if row["is_closed"] else "open"
            found[(row["connection"], row["ticket_id"])] = Parent(
                ticket_id=row["ticket_id"],
                number=row["number"],
                summary=row["summary"],
                status=row["status"],
                state=state,
                closed_at=row["closed_at"] if state == "closed" else None,
                closed_by=row["closed_by"] if state == "closed" else None,
                owner=row["owner"],
                url=row["url"],
            )
        return found

    def _by_key(self, query: str, keys: Sequence[Key], *more: str) -> Iterator[sqlite3.Row]:
        """Runs a query whose `{keys}` stands for "is one of these tickets", some hundreds at a time. `more`: parameters
        that stand behind the keys."""
        by_connection: dict[str, list[str]] = {}
        for connection, ticket_id in dict.fromkeys(keys):
            by_connection.setdefault(connection, []).append(ticket_id)
        for connection, ids in by_connection.items():
            for start in range(0, len(ids), _CHUNK):
                some = ids[start : start + _CHUNK]
                condition = f"connection = ? AND ticket_id IN ({marks(some)})"
                yield from self.db.execute(query.format(keys=condition), [connection, *some, *more])


def telling_order(reason: Reason) -> tuple[int, int, str, int, str]:
    """Where a reason stands among the others of its row."""
    return telling_place(reason.code, reason.field or "", reason.since, reason.time_entry_id or "")


_COLUMNS = tuple(
    name.strip()
    for name in _TICKET.split(",")
    if name.strip() not in ("is_closed", "created_at", "updated_at", "read_at")
)


def rows_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as `list --json` gives them: foreign text cleaned, times as UTC text."""
    return [
        {
            "kind": row.kind,
            "connection": row.connection,
            "ticket_id": row.ticket_id,
            "number": row.number,
            "summary": clean(row.summary),
            "company": _maybe(row.company),
            "board": _maybe(row.board),
            "status": clean(row.status),
            "owner": _maybe(row.owner),
            "parent_id": row.parent_id,
            "since": iso(row.since),
            "reasons": [_reason_json(reason) for reason in row.reasons],
            "gate": row.gate,
            "psa_only": row.psa_only,
            "url": row.url,
        }
        for row in rows
    ]


def _maybe(value: str | None) -> str | None:
    return None if value is None else clean(value)


def _reason_json(reason: Reason) -> dict[str, Any]:
    found: dict[str, Any] = {"code": reason.code, "text": reason.text, "field": reason.field}
    if reason.time_entry_id is not None:
        found |= {"time_entry_id": reason.time_entry_id, "hours": reason.hours}
    return found
