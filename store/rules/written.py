"""The rules on what was written down: `undocumented` and `unlogged`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from store.rules.own import (
    BY_STAFF,
    in_window,
    is_on_the_work,
    left_window,
    offers,
    own_note,
    technician,
    today,
)
from store.rules.rule import Rule
from store.rules.sql import BLANK, Asked, Binds, Found

EDGES = BLANK + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»„“”‘’‚‹›…–—·•、。"
"""White space and punctuation: what does not count at a text's ends."""

_CLOSED = """
SELECT t.ticket_id, t.closed_at, t.closed_by, t.resolution,
       coalesce(t.closed_at, t.updated_at, t.created_at) AS since
  FROM v_ticket t WHERE {tickets_here} AND {read} AND t.is_closed AND {in_window}
"""
_WORDS = (
    f"SELECT n.ticket_id, n.text, TRUE AS note FROM v_note n WHERE {{notes_here}} AND {BY_STAFF}",
    "SELECT e.ticket_id, e.text, FALSE AS note FROM v_time e WHERE {time_here} AND e.text <> ''",
)


def undocumented(asked: Asked) -> Iterator[Found]:
    """Closed tickets of which no text says how they were solved."""
    kind = "undocumented"
    if kind not in asked.settings.kinds:
        return
    binds = Binds(asked)
    window = in_window(binds, asked, asked.limit(kind, "window"))
    closed = list(
        asked.rows(
            _CLOSED.format(
                tickets_here=binds.queue(), in_window=window, read=binds.read(asked, "conversations", "time")
            ),
            binds,
        )
    )
    least = asked.limit(kind, "least")
    generic = {text.strip(EDGES).lower() for text in asked.limit(kind, "generic")}
    longest = {row["ticket_id"]: (row["resolution"] or "").strip(EDGES) for row in closed}
    fine = {id for id, said in longest.items() if len(said) >= least and said.lower() not in generic}
    for ticket_id, text in _words(asked, [id for id in longest if id not in fine]):
        said = text.strip(EDGES)
        if len(said) >= least and said.lower() not in generic:
            fine.add(ticket_id)
        longest[ticket_id] = max(longest[ticket_id], said, key=lambda one: (len(one), one))
    for row in closed:
        if (ticket_id := row["ticket_id"]) in fine:
            continue
        data = {name: row[name] for name in ("closed_at", "closed_by") if row[name] is not None}
        if said := longest[ticket_id]:
            data["said"] = said[:60]
        yield Found(
            kind=kind,
            ticket_id=ticket_id,
            code="says_nothing" if said else "nothing_written",
            since=row["since"],
            gate=asked.gates(kind),
            data=data,
            clears=offers(asked, "note", "reply", "time"),
        )


def _words(asked: Asked, tickets: list[str]) -> Iterator[tuple[str, str]]:
    """Ticket id and text of the technicians' words on the work of these tickets."""
    for place in range(0, len(tickets), _AT_ONCE):
        some = msgspec.structs.replace(asked, tickets=tuple(tickets[place : place + _AT_ONCE]))
        for sql in _WORDS:
            binds = Binds(some)
            for row in some.rows(sql.format(notes_here=binds.here("n"), time_here=binds.here("e")), binds):
                if not row["note"] or is_on_the_work(row["text"]):
                    yield row["ticket_id"], row["text"]


_AT_ONCE = 500
"""Tickets named in one statement."""

_TODAY = """
SELECT n.ticket_id, n.created_at, n.text FROM v_note n
 WHERE {notes_here} AND n.created_at >= {begins} AND n.created_at < {ends} AND {by_staff} AND {own}
"""
_NO_TIME = """
SELECT t.ticket_id, t.is_closed AND {in_window} AS closed_here, t.closed_at, t.closed_by,
       coalesce(t.closed_at, t.updated_at, t.created_at) AS since
  FROM v_ticket t
 WHERE {tickets_here} AND {read} AND coalesce(t.hours, 0) <= 0
   AND NOT EXISTS (SELECT 1 FROM v_time e WHERE e.connection = t.connection AND e.ticket_id = t.ticket_id)
"""


def unlogged(asked: Asked) -> Iterator[Found]:
    """Tickets that were closed, or worked on today, and have no time."""
    kind = "unlogged"
    if kind not in asked.settings.kinds:
        return
    worked = _worked_today(asked)
    binds = Binds(asked)
    window = in_window(binds, asked, asked.limit(kind, "window"))
    for row in asked.rows(
        _NO_TIME.format(tickets_here=binds.queue(), in_window=window, read=binds.read(asked, "time")), binds
    ):
        found: list[tuple[str, int | None, dict[str, Any]]] = []
        if row["closed_here"]:
            data = {name: row[name] for name in ("closed_at", "closed_by") if row[name] is not None}
            found.append(("closed_without_time", row["since"], data))
        if (at := worked.get(row["ticket_id"])) is not None:
            found.append(("worked_without_time", at, {"at": at}))
        for code, since, data in found:
            yield Found(
                kind=kind,
                ticket_id=row["ticket_id"],
                code=code,
                since=since,
                gate=asked.gates(kind),
                data=data,
                clears=offers(asked, "time"),
            )


def _worked_today(asked: Asked) -> dict[str, int]:
    """Ticket -> the technician's first word on the work of today."""
    begins, ends = today(asked)
    if not asked.windows:  # a row that the day's end took away was not put right by it: it is `aged_out`
        begins = 0
    binds = Binds(asked)
    sql = _TODAY.format(
        notes_here=binds.here("n"),
        begins=binds.one(begins),
        ends=binds.one(ends),
        by_staff=BY_STAFF,
        own=own_note(binds, technician(asked)),
    )
    found: dict[str, int] = {}
    for row in asked.rows(sql, binds):
        if is_on_the_work(row["text"]):
            at = found.get(row["ticket_id"], row["created_at"])
            found[row["ticket_id"]] = min(at, row["created_at"])
    return found


def _find(asked: Asked) -> Iterator[Found]:
    yield from undocumented(asked)
    yield from unlogged(asked)


def _passed(asked: Asked, before: int) -> Iterator[str]:
    for kind in ("undocumented", "unlogged"):
        if kind in asked.settings.kinds:
            yield from left_window(asked, before, asked.limit(kind, "window"))


RULES = (Rule(kinds=("undocumented", "unlogged"), find=_find, passed=_passed),)
