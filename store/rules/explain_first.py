"""What the first six kinds ask of a ticket, one condition after the other (`docs/exceptions.md`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from store.reasons import label
from store.rules.fields import required_of
from store.rules.rule import Condition
from store.rules.sql import Asked, Binds
from store.saying import when

Ticket = Mapping[str, Any]

_LAST_WORD = """
SELECT n.author, n.speaker, n.created_at FROM v_note n
 WHERE {here} AND ((n.speaker = 'staff' AND (n.public OR n.seen))
                   OR (n.speaker IN ('customer', 'unknown') AND n.public))
 ORDER BY n.order_at DESC, n.order_rank DESC, n.note_sort DESC, n.note_id DESC LIMIT 1
"""


def is_open(ticket: Ticket) -> Condition:
    """It has to be open."""
    if not ticket["is_closed"]:
        return Condition(True, f'It is open (status "{ticket["status"]}").')
    return Condition(False, f'It is closed (status "{ticket["status"]}").')


def is_closed(ticket: Ticket) -> Condition:
    """It has to be closed."""
    found = is_open(ticket)
    return Condition(not found.holds, found.text)


def _ticket(asked: Asked) -> Ticket:
    return _first(asked, "SELECT t.* FROM v_ticket t WHERE {here}", "t") or {}


def _first(asked: Asked, sql: str, table: str) -> Ticket | None:
    binds = Binds(asked)
    return next((dict(row) for row in asked.rows(sql.format(here=binds.here(table)), binds)), None)


def _at(asked: Asked, at: int | None) -> str:
    return when(at, ZoneInfo(asked.connection.timezone), asked.now)


# ---------------------------------------------------------------- conversations


def _responded(asked: Asked, kind: str) -> Iterator[Condition]:
    ticket = _ticket(asked)
    yield is_open(ticket)
    child = bool(ticket["is_child"])
    word = "It is a child" if child else "It is no child"
    other = {"customer_responded": "child_reply", "child_reply": "customer_responded"}[kind]
    fits = child == (kind == "child_reply")
    yield Condition(fits, f"{word}." if fits else f"{word}: {other} is the kind for it.")
    yield from _waits(asked, ticket)


def _waits(asked: Asked, ticket: Ticket) -> Iterator[Condition]:
    if ticket["customer_flag"] or ticket["has_responded"]:
        yield Condition(True, "The PSA's signal is set.")
        return
    word = _first(asked, _LAST_WORD, "n")
    if word is None:
        yield Condition(False, "The PSA's signal is not set, and nobody has said anything yet.")
        return
    who = f"{word['author'] or 'somebody'}, {_at(asked, word['created_at'])}"
    if word["speaker"] == "staff":
        yield Condition(False, f"The PSA's signal is not set, and staff has the last word ({who}).")
    else:
        yield Condition(True, f"The customer has the last word ({who}).")


def _after_close(asked: Asked, _: str) -> Iterator[Condition]:
    ticket = _ticket(asked)
    yield is_closed(ticket)
    said = list(_waits(asked, ticket))
    yield from said
    word = _first(asked, _LAST_WORD, "n")
    if ticket["customer_flag"] or ticket["has_responded"] or word is None:
        return
    closed, wrote = ticket["closed_at"], word["created_at"]
    if closed is not None and wrote <= closed:
        yield Condition(
            False, f"The customer wrote {_at(asked, wrote)}, before it was closed ({_at(asked, closed)})."
        )
    days = asked.rules.reply_after_close_window // 86400
    if wrote < asked.since(asked.rules.reply_after_close_window):
        yield Condition(
            False, f"The customer wrote {_at(asked, wrote)}, longer ago than the window of {days} days."
        )


# ---------------------------------------------------------------- fields, parents, codes


def _fields(asked: Asked, _: str) -> Iterator[Condition]:
    yield is_open(_ticket(asked))
    wanted = required_of(asked)
    if not wanted:
        yield Condition(False, "No field that this PSA has is required of it.")
        return
    yield Condition(False, f"Every required field is filled: {', '.join(label(name) for name in wanted)}.")


def _orphan(asked: Asked, _: str) -> Iterator[Condition]:
    ticket = _ticket(asked)
    yield is_open(ticket)
    if ticket["parent_id"] is None:
        status = f'and its status "{ticket["status"]}" is none of a child'
        yield Condition(bool(ticket["has_child"]), f"It has no parent, {status}.")
        return
    binds = Binds(asked)
    rows = asked.rows(
        "SELECT v.parent_id, p.number, p.is_closed, p.presence FROM v_parent v LEFT JOIN v_ticket p"
        f" ON p.connection = v.connection AND p.ticket_id = v.parent_id WHERE {binds.here('v')}"
        " ORDER BY length(v.parent_id), v.parent_id",
        binds,
    )
    for row in rows:
        name = f"#{row['number'] or row['parent_id']}"
        if row["presence"] is None:
            yield Condition(False, f"Its parent {name} has not been read yet.")
        elif row["presence"] == "here" and not row["is_closed"]:
            yield Condition(False, f"Its parent {name} is open.")


def _code(asked: Asked, _: str) -> Iterator[Condition]:
    ticket, rules = _ticket(asked), asked.rules
    entries = _first(
        asked,
        "SELECT count(*) AS number, coalesce(sum(e.locked), 0) AS locked FROM v_time e WHERE {here}",
        "e",
    )
    worked = bool((ticket["hours"] or 0) > 0 or (entries and entries["number"]))
    if rules.billing_when == "worked" and not ticket["is_closed"]:
        yield Condition(worked, "Somebody has worked on it." if worked else "Nobody has worked on it yet.")
    if rules.billing_when == "closing" and not ticket["is_closed"]:
        closing = bool(ticket["has_closing"])
        said = "one of" if closing else "none of"
        yield Condition(closing, f'Its status "{ticket["status"]}" is {said} `closing_statuses`.')
    ended = ticket["closed_at"] if ticket["closed_at"] is not None else ticket["updated_at"]
    if ticket["is_closed"] and ended is not None and ended < asked.since(rules.billing_window):
        days = rules.billing_window // 86400
        yield Condition(
            False, f"It was closed {_at(asked, ended)}, longer ago than the window of {days} days."
        )
    name = ticket["billing_code"] or ticket["billing_code_id"]
    has = f'The ticket has the code "{name}"' if name else "This PSA has no code on tickets"
    yield Condition(False, f"{has}, and no time entry of yours that may still change lacks one.")


EXPLAINS: dict[str, Callable[[Asked, str], Iterable[Condition]]] = {
    "customer_responded": _responded,
    "child_reply": _responded,
    "reply_after_close": _after_close,
    "missing_fields": _fields,
    "orphaned": _orphan,
    "billing_code": _code,
}
"""Kind -> its conditions, of a ticket for which they do not all hold: the last one says what is in the way."""
