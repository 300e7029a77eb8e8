"""The rule on questions to billing: `billing_question`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from store.asked import Note, standing
from store.rules.own import offers
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

KIND = "billing_question"

# The words that a question begins with stand in the statement as they are: so the index `note_question` is used.
_MAY_BE_ONE = "NOT {n}.public AND substr({n}.text, 1, 8) = 'Question'"

_ASKED = "SELECT q.ticket_id FROM v_note q WHERE {here} AND " + _MAY_BE_ONE.format(n="q")
_UNCODED = "SELECT t.ticket_id FROM v_ticket t WHERE {tickets_here} AND NOT {coded}"
_NOTES = (
    "SELECT n.ticket_id, n.author, n.created_at, n.text, n.order_at, n.order_rank, n.note_sort, n.note_id"
    " FROM v_note n WHERE {notes_here} AND n.speaker = 'staff'"
)


def questions(asked: Asked) -> Iterator[Found]:
    """Questions that nobody has answered in time."""
    if KIND not in asked.settings.kinds:
        return
    days = asked.settings.billing_overdue_days
    for ticket_id, notes in _conversations(asked).items():
        one = standing(notes, now=asked.now, hours=asked.connection.hours, overdue_days=days)
        if one is not None and one.state == "overdue":
            yield Found(
                kind=KIND,
                ticket_id=ticket_id,
                code="not_answered",
                since=one.at,
                gate=asked.gates(KIND),
                data={"to": one.to, "by": one.by, "at": one.at, "days": days},
                clears=offers(asked, "billing_code" if _on_ticket(asked) else "entry_code"),
            )


def _conversations(asked: Asked) -> dict[str, list[Note]]:
    """What staff said on the tickets on which there may be an open question: few."""
    binds = Binds(asked)
    found = tuple({row["ticket_id"]: None for row in asked.rows(_ASKED.format(here=binds.here("q")), binds)})
    said: dict[str, list[Note]] = {}
    for place in range(0, len(found), _AT_ONCE):
        some = msgspec.structs.replace(asked, tickets=found[place : place + _AT_ONCE])
        binds = Binds(some)
        sql = _UNCODED.format(tickets_here=binds.queue(), coded=_coded(some, binds))
        here = {row["ticket_id"] for row in some.rows(sql, binds)}
        binds = Binds(some)
        notes = list(some.rows(_NOTES.format(notes_here=binds.here("n")), binds))
        # SQLite, asked to put them in order, would go through the notes of all tickets.
        notes.sort(key=lambda row: (row["order_at"], row["order_rank"], row["note_sort"], row["note_id"]))
        for row in notes:
            if row["ticket_id"] in here:
                said.setdefault(row["ticket_id"], []).append(
                    Note(row["author"], row["created_at"], row["text"])
                )
    return said


_AT_ONCE = 500
"""Tickets named in one statement."""


def _on_ticket(asked: Asked) -> bool:
    return asked.capabilities is None or asked.capabilities.code_on_ticket


def _coded(asked: Asked, binds: Binds) -> str:
    """The code that the question was about is set: on the ticket, else on all entries, of which there is one."""
    if _on_ticket(asked):
        return f"NOT ({binds.empty('t.billing_code')} AND {binds.empty('t.billing_code_id')})"
    of_it = "FROM v_time e WHERE e.connection = t.connection AND e.ticket_id = t.ticket_id"
    without = f"({binds.empty('e.billing_code')} AND {binds.empty('e.billing_code_id')})"
    return f"(EXISTS (SELECT 1 {of_it}) AND NOT EXISTS (SELECT 1 {of_it} AND {without}))"


def _passed(asked: Asked, before: int) -> Iterator[str]:
    """Questions whose days have passed."""
    if KIND not in asked.settings.kinds:
        return
    binds = Binds(asked)
    days, hours = asked.settings.billing_overdue_days, asked.connection.hours
    sql = (
        f"SELECT n.ticket_id FROM v_note n WHERE {binds.here('n')} AND {_MAY_BE_ONE.format(n='n')}"
        f" AND n.created_at + 0 > {binds.one(hours.days_back(before, days))}"
        f" AND n.created_at + 0 <= {binds.one(hours.days_back(asked.now, days))}"
    )
    yield from (row["ticket_id"] for row in asked.rows(sql, binds))


RULES = (Rule(kinds=(KIND,), find=questions, passed=_passed),)
