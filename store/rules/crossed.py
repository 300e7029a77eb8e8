"""The rule on `crossed`: staff's answer went out right after a customer's note that it does not seem to have seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import text

from connectors.contract import Fix
from store.changes import SHOWN_STATES
from store.not_known import told
from store.rules.note_words import has_seen
from store.rules.own import left_window
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_ASIDE = """
WITH word AS (  -- the customer's notes and the staff's words, in their order
    SELECT n.ticket_id, n.note_id, n.author, n.created_at, n.seen,
           CASE WHEN n.speaker = 'staff' THEN 1 ELSE 0 END AS by_staff,
           row_number() OVER (PARTITION BY n.ticket_id
                              ORDER BY n.order_at, n.order_rank, n.note_sort, n.note_id) AS place
    FROM v_note n
    WHERE {notes_here}
      AND ((n.speaker = 'staff' AND (n.public OR n.seen))
           OR (n.speaker IN ('customer', 'unknown') AND n.public))
),
marked AS (
    SELECT word.*, max(CASE WHEN by_staff = 0 THEN place END) OVER (PARTITION BY ticket_id) AS newest FROM word
)
SELECT ticket_id, max(CASE WHEN place = newest THEN note_id END) AS note_id,
       max(CASE WHEN place = newest THEN author END) AS author,
       max(CASE WHEN place = newest THEN created_at END) AS created_at
  FROM marked WHERE place >= newest
 GROUP BY ticket_id
HAVING max(CASE WHEN place > newest AND seen THEN 1 ELSE 0 END) = 0
   AND max(CASE WHEN place > newest THEN created_at END)
       <= max(CASE WHEN place = newest THEN created_at END) + {within}
"""

_TICKETS = """
SELECT t.ticket_id, t.summary FROM v_ticket t
 WHERE {queue} AND (NOT t.is_closed OR coalesce(t.closed_at, t.updated_at, {now}) >= {oldest})
"""

_TALK = """
SELECT n.ticket_id, n.note_id, n.created_at, n.speaker, n.public, n.author, n.text,
       n.order_at, n.order_rank, n.note_sort
  FROM v_note n WHERE n.connection = {connection}{some}
"""

CLEARED_BY = frozenset({"reply", "note"})
"""A further reply, or a seen note."""

_CHUNK = 200


def crossed(asked: Asked) -> Iterator[Found]:
    """One reason a ticket."""
    if not told(asked.capabilities, "conversations"):
        return
    binds = Binds(asked)
    within = binds.one(asked.limit("crossed", "within"))
    rows = list(asked.rows(_ASIDE.format(notes_here=binds.here("n"), within=within), binds))
    summaries = _summaries(asked) if rows else {}
    rows = [row for row in rows if row["ticket_id"] in summaries]
    offers = asked.capabilities
    read = _read_up_to(asked, [row["ticket_id"] for row in rows]) if rows else {}
    rows = [row for row in rows if read.get(row["ticket_id"], -1) < row["created_at"]]
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        talks = _talks(asked, [row["ticket_id"] for row in some])
        for row in some:
            answer = _unseen(row, summaries[row["ticket_id"]], talks[row["ticket_id"]])
            if answer is not None:
                yield Found(
                    kind="crossed",
                    ticket_id=row["ticket_id"],
                    code="crossed",
                    since=row["created_at"],
                    gate=asked.gates("crossed"),
                    data={
                        "who": row["author"],
                        "wrote_at": row["created_at"],
                        "staff": answer["author"],
                        "staff_at": answer["created_at"],
                    },
                    clears=offers is None or bool(offers.writes & CLEARED_BY),
                )


def _unseen(row: Any, summary: str, talk: list[Any]) -> Any:  # noqa: ANN401 (rows)
    """Staff's last note after the customer's; `None` where one of them shows that it was seen."""
    place = next(at for at, note in enumerate(talk) if note["note_id"] == row["note_id"])
    asked, before, after = talk[place], talk[:place], talk[place + 1 :]
    answers = [note for note in after if note["speaker"] == "staff" and note["public"]]
    people = [note["author"] for note in talk]
    earlier = [summary, *(note["text"] for note in before)]
    if any(has_seen(answer["text"], asked["text"], earlier, people) for answer in answers):
        return None
    return answers[-1]


def _summaries(asked: Asked) -> dict[str, str]:
    """Summaries of the tickets that count: open, or closed within the window."""
    binds = Binds(asked)
    sql = _TICKETS.format(
        queue=binds.queue(),
        now=binds.one(asked.now),
        oldest=binds.one(asked.since(asked.limit("crossed", "window"))),
    )
    return {row["ticket_id"]: row["summary"] for row in asked.rows(sql, binds)}


def _talks(asked: Asked, tickets: list[str]) -> dict[str, list[Any]]:
    binds = Binds(asked)
    some = f" AND n.ticket_id IN ({binds.some(tickets)})"
    found: dict[str, list[Any]] = {}
    for row in asked.rows(_TALK.format(connection=binds.connection, some=some), binds):
        found.setdefault(row["ticket_id"], []).append(row)
    for (
        rows
    ) in found.values():  # SQLite, asked to put them in order, would go through the notes of all tickets
        rows.sort(key=lambda row: (row["order_at"], row["order_rank"], row["note_sort"], row["note_id"]))
    return found


def _read_up_to(asked: Asked, tickets: list[str]) -> dict[str, int]:
    """Ticket -> the newest moment that a reply of ours, sent or under way, had on the screen."""
    states = (*SHOWN_STATES, "confirmed")
    names = {f"s{place}": state for place, state in enumerate(states)}
    sql = (
        "SELECT ticket_id, fix FROM change WHERE connection = :connection"
        f" AND state IN ({', '.join(f':{name}' for name in names)})"
    )
    wanted = set(tickets)
    found: dict[str, int] = {}
    values = {"connection": asked.connection.name, **names}
    for ticket, encoded in asked.journal.execute(text(sql), values):
        if ticket not in wanted:
            continue
        fix = msgspec.json.decode(encoded, type=Fix)
        if fix.reply and fix.read_up_to is not None:
            found[ticket] = max(found.get(ticket, fix.read_up_to), fix.read_up_to)
    return found


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """A closed ticket leaves with its window."""
    yield from left_window(asked, before, asked.limit("crossed", "window"))


RULES = (Rule(kinds=("crossed",), find=crossed, passed=_passed),)
