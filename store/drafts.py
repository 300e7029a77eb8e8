"""Texts that were begun and not sent, kept in the journal so that a crash, a quit or an Esc loses none."""

from __future__ import annotations

from dataclasses import dataclass

from store.home import Home
from store.journal_small import reading, writing


@dataclass(frozen=True, slots=True)
class Draft:
    """One text in the making."""

    connection: str
    ticket_id: str
    side: str
    """`reply` or `note`; a text never changes sides."""
    text: str
    saved_at: int


def save(home: Home, connection: str, ticket_id: str, side: str, text: str, *, now: int) -> None:
    """Keeps the text as it is now; an empty one is no draft.

    Raises `CannotWrite` (a full disk) or `sqlite3.Error` when it could not be kept.
    """
    if not text.strip():
        drop(home, connection, ticket_id, side)
        return
    with writing(home) as journal:
        journal.execute(
            "INSERT INTO draft (connection, ticket_id, side, text, saved_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (connection, ticket_id, side) DO UPDATE SET text = excluded.text,"
            " saved_at = excluded.saved_at WHERE text <> excluded.text",
            (connection, ticket_id, side, text, now),
        )


def load(home: Home, connection: str, ticket_id: str, side: str) -> str:
    """The text kept for this ticket and side; empty when there is none."""
    found = [d for d in every(home) if (d.connection, d.ticket_id, d.side) == (connection, ticket_id, side)]
    return found[0].text if found else ""


def drop(home: Home, connection: str, ticket_id: str, side: str) -> None:
    """Forgets the draft: it was sent, or the person said so. Raises as `save` does."""
    if home.journal.exists():
        with writing(home) as journal:
            journal.execute(
                "DELETE FROM draft WHERE connection = ? AND ticket_id = ? AND side = ?",
                (connection, ticket_id, side),
            )


def every(home: Home) -> list[Draft]:
    """All drafts, the newest first."""
    with reading(home, "draft") as journal:
        if journal is None:
            return []
        rows = journal.execute(
            "SELECT connection, ticket_id, side, text, saved_at FROM draft ORDER BY saved_at DESC"
        )
        return [Draft(*row) for row in rows]
