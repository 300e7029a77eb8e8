"""Asking billing instead of guessing: an internal note with the question, and whether it is answered.

The question lives in the PSA, so every deskzero and every colleague sees it. It is answered when somebody else has
written on the ticket after it (a note of staff, public or internal), or when the code is set, which ends the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from store.business_time import Hours

PREFIX = "Question to billing"
_QUESTION = re.compile(rf"{PREFIX} \(([^()]*)\): ?(.*)", re.DOTALL)


class Asked(msgspec.Struct, frozen=True):
    """A question to billing on a ticket, and how it stands."""

    to: str
    """Whom, as it was written: foreign text."""
    question: str
    by: str
    at: int
    state: Literal["asked", "answered", "overdue"]
    answer: str = ""
    answered_by: str = ""
    answered_at: int | None = None


class Note(msgspec.Struct, frozen=True):
    """What is looked at of a staff note, in the order of the conversation."""

    author: str
    at: int
    text: str


def question_text(to: str, question: str) -> str:
    """The note's full text. Brackets in a name would end it early: they become spaces."""
    name = " ".join(re.sub(r"[()]", " ", to).split())
    return f"{PREFIX} ({name}): {' '.join(question.split())}"


def parse_question(text: str) -> tuple[str, str] | None:
    """Whom and what, of a note that is a question to billing; PSAs change white space, which does not matter."""
    found = _QUESTION.match(" ".join(text.split()))
    return None if found is None else (found[1].strip(), found[2].strip())


def standing(notes: Sequence[Note], *, now: int, hours: Hours, overdue_days: int) -> Asked | None:
    """How the newest question stands. `notes`: those of staff, oldest first; days are those of `hours`."""
    asked: Asked | None = None
    for note in notes:
        question = parse_question(note.text)
        if question is not None:
            asked = Asked(*question, by=note.author, at=note.at, state="asked")
        elif asked is not None and asked.state == "asked" and note.author.casefold() != asked.by.casefold():
            asked = msgspec.structs.replace(
                asked, state="answered", answer=note.text, answered_by=note.author, answered_at=note.at
            )
    if asked is not None and asked.state == "asked" and now >= hours.days_ahead(asked.at, overdue_days):
        return msgspec.structs.replace(asked, state="overdue")
    return asked
