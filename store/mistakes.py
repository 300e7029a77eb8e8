"""The mistake log: what slipped, why, and what is done so that it does not again. Kept in the journal.

It is about the work, not about people: who wrote an entry down is kept for an audit and given only where somebody asks
for names. Needs the standard library's `sqlite3` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from store.home import Home
from store.journal_small import reading, writing
from store.read_records import ChangeView, TicketView

Cause = Literal["process", "technology", "people"]
Remedy = Literal["automation", "training", "documentation"]
Source = Literal["ticket", "fix", "dispute", "audit"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
REMEDIES: tuple[Remedy, ...] = get_args(Remedy)
SOURCES: tuple[Source, ...] = get_args(Source)

DRAFT = "mistake"
"""The side under which what was written is kept while it is not in the log."""
LESSON = "Lesson"
"""What the internal note in the PSA begins with."""
_COLUMNS = (
    "at, connection, ticket_id, number, summary, company, kind, change, what, cause, remedy, shared, words,"
    " source, who"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One entry of the log."""

    at: int
    """When it was written down, UTC seconds."""
    connection: str
    ticket_id: str
    number: str
    summary: str
    company: str | None
    what: str
    """What slipped, in the words of whoever wrote it down."""
    cause: Cause
    remedy: Remedy
    shared: bool = False
    """The client is told."""
    words: str = ""
    """What may be said to the client; nothing sends it."""
    source: Source = "ticket"
    kind: str | None = None
    """The kind of exception that it was seen as, if from a row."""
    change: str | None = None
    """The fix that it is about, if any."""
    who: str = ""
    """Who wrote it down; empty unless names were asked for."""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """How often a cause and a remedy came together, the numbers of the newest tickets first."""

    cause: Cause
    remedy: Remedy
    times: int
    numbers: tuple[str, ...]


def about(
    view: TicketView,
    *,
    at: int,
    what: str,
    cause: Cause,
    remedy: Remedy,
    shared: bool = False,
    words: str = "",
    source: Source = "ticket",
    kind: str | None = None,
    change: ChangeView | None = None,
    who: str = "",
) -> Mistake:
    """An entry about a ticket, or about a `change` of it. White space of `what` does not matter."""
    record = view.record
    return Mistake(
        at=at,
        connection=view.connection,
        ticket_id=record.ticket_id,
        number=record.number,
        summary=record.summary,
        company=record.company,
        what=" ".join(what.split()),
        cause=cause,
        remedy=remedy,
        shared=shared,
        words=words.strip(),
        source="fix" if change is not None and source == "ticket" else source,
        kind=kind,
        change=None if change is None else change.change,
        who=who,
    )


def keep(home: Home, one: Mistake) -> int:
    """Keeps an entry; its id. Raises `ValueError` for one that says nothing, and as `journal_small.writing` does."""
    if not one.what.strip():
        raise ValueError("what slipped is not said")
    with writing(home) as journal:
        marks = ", ".join("?" for _ in _COLUMNS.split(","))
        done = journal.execute(
            f"INSERT INTO mistake ({_COLUMNS}) VALUES ({marks})",
            [getattr(one, name.strip()) for name in _COLUMNS.split(",")],
        )
        assert done.lastrowid is not None
        return done.lastrowid


def since(
    home: Home, at: int, *, connections: Sequence[str] | None = None, names: bool = False
) -> list[Mistake]:
    """What was written down at or after `at` (UTC seconds), oldest first. `connections`: of these alone.

    Without `names` nobody is named: `who` is empty.
    """
    with reading(home, "mistake") as journal:
        if journal is None:
            return []
        rows = journal.execute(
            f"SELECT id, {_COLUMNS} FROM mistake WHERE at >= ? ORDER BY at, id", (at,)
        ).fetchall()
    columns = ["id", *(name.strip() for name in _COLUMNS.split(","))]
    found = []
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        values["shared"] = bool(values["shared"])
        if not names:
            values["who"] = ""
        found.append(Mistake(**values))
    return [one for one in found if connections is None or one.connection in connections]


def patterns(mistakes: Sequence[Mistake]) -> list[Pattern]:
    """Causes and remedies that came together, the most frequent first."""
    counts = Counter((one.cause, one.remedy) for one in mistakes)
    newest = sorted(mistakes, key=lambda one: one.at, reverse=True)
    return [
        Pattern(
            cause,
            remedy,
            times,
            tuple(dict.fromkeys(one.number for one in newest if (one.cause, one.remedy) == (cause, remedy))),
        )
        for (cause, remedy), times in sorted(
            counts.items(),
            key=lambda pair: (-pair[1], CAUSES.index(pair[0][0]), REMEDIES.index(pair[0][1])),
        )
    ]


def lesson_text(what: str, cause: Cause, remedy: Remedy) -> str:
    """The internal note that keeps it in the PSA too. It names nobody and holds nothing that is for the client."""
    said = " ".join(what.split())
    stop = "" if said.endswith((".", "!", "?")) else "."
    return f"{LESSON}: {said}{stop} Cause: {cause}. Remedy: {remedy}."


def is_lesson(text: str) -> bool:
    """Whether a note is one that `lesson_text` made; PSAs change white space, which does not matter."""
    plain = " ".join(text.split())
    return plain.startswith(f"{LESSON}: ") and any(f" Cause: {cause}. Remedy: " in plain for cause in CAUSES)
