"""What has been let pass, and by whom: what the company leaves out of a kind, rows hidden for a while, closings past
the guard. Needs the standard library's `sqlite3` alone.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from store.journal_small import has
from store.settings_records import KINDS, Exclude, Settings
from store.snoozes import Snooze, times_hidden

KEYS = ("statuses", "boards", "types", "companies", "technicians")


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was let pass. Times are UTC seconds."""

    sort: Literal["exclusion", "snooze", "override"]
    kind: str = ""
    """The kind of exception; empty for an override, which is about closing."""
    what: str
    """What is left out, or which ticket."""
    who: str = ""
    why: str = ""
    approver: str = ""
    at: int | None = None
    until: str | int | None = None
    """A day `YYYY-MM-DD` for an exclusion (`None`: for good), a moment for a snooze."""
    times: int = 0
    """How often this ticket was hidden under this kind, or closed past the guard; 0 for an exclusion."""
    connection: str = ""
    ticket_id: str = ""
    over: bool = False
    """An exclusion whose last day is past: it leaves nothing out any more."""


def exclusion_words(entry: Exclude) -> str:
    """What an exclusion leaves out: `companies Acme, Contoso; boards Projects`."""
    parts = [f"{key} {', '.join(getattr(entry, key))}" for key in KEYS if getattr(entry, key)]
    return "; ".join(parts)


def exclusions(settings: Settings, today: str) -> list[Passed]:
    """All of them as the settings have them. `today`: `YYYY-MM-DD`."""
    kinds = (*KINDS, *(rule.kind for rule in settings.rules.custom))
    return [
        Passed(
            sort="exclusion",
            kind=kind,
            what=exclusion_words(entry),
            who=entry.who,
            why=entry.why,
            until=entry.until or None,
            over=bool(entry.until) and entry.until < today,
        )
        for kind in kinds
        for entry in settings.rules.exclusions(kind)
    ]


def snoozed(journal: sqlite3.Connection | None, hidden: Collection[tuple[Snooze, str, str]]) -> list[Passed]:
    """Rows that are hidden now. `hidden`: the snooze, the ticket's number and its summary."""
    found = []
    for one, number, summary in hidden:
        times, who, approver = 1, "", ""
        if journal is not None and has(journal, "snooze_log"):
            key = (one.connection, one.ticket_id, one.kind)
            times = times_hidden(journal, *key)
            last = journal.execute(
                "SELECT who, approver FROM snooze_log WHERE connection = ? AND ticket_id = ? AND kind = ?"
                " ORDER BY id DESC LIMIT 1",
                key,
            ).fetchone()
            who, approver = (last[0], last[1]) if last else ("", "")
        found.append(
            Passed(
                sort="snooze",
                kind=one.kind,
                what=f"#{number} {summary}",
                who=who,
                why=one.reason,
                approver=approver,
                at=one.at,
                until=one.until,
                times=max(times, 1),
                connection=one.connection,
                ticket_id=one.ticket_id,
            )
        )
    return found


def overrides(journal: sqlite3.Connection | None, names: Sequence[str]) -> list[Passed]:
    """Closings that passed the guard with a reason (`--because`), the newest first; not those that were taken back."""
    if journal is None or not names:
        return []
    marks = ", ".join("?" for _ in names)
    rows = journal.execute(
        "SELECT connection, ticket_id, number, summary, who, because, created_at FROM change"
        f" WHERE because IS NOT NULL AND state NOT IN ('undone', 'dropped') AND connection IN ({marks})"
        " ORDER BY seq DESC",
        list(names),
    ).fetchall()
    times = Counter((row[0], row[1]) for row in rows)
    return [
        Passed(
            sort="override",
            what=f"#{number} {summary}",
            who=who,
            why=because,
            at=at,
            times=times[connection, ticket_id],
            connection=connection,
            ticket_id=ticket_id,
        )
        for connection, ticket_id, number, summary, who, because, at in rows
    ]
