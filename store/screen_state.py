"""Small things that the screen remembers about itself, by name."""

from __future__ import annotations

import json
from typing import Any

from store.home import Home
from store.journal_small import reading, writing

LEFT = "left_at"
"""When somebody last sat at the screen, UTC seconds."""


def keep(home: Home, name: str, value: object) -> None:
    """Raises as `journal_small.writing` does."""
    with writing(home) as journal:
        journal.execute(
            "INSERT INTO screen_state (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )


def kept(home: Home, name: str) -> Any:  # noqa: ANN401 - what was kept
    """What was kept under this name, or `None`."""
    if not home.journal.exists():
        return None
    with reading(home) as journal:
        if not journal.execute("SELECT 1 FROM sqlite_master WHERE name = 'screen_state'").fetchone():
            return None  # a journal of an earlier version that nobody has brought up to date yet
        row = journal.execute("SELECT value FROM screen_state WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])
