"""Small things that the screen remembers about itself, by name: when it was left, that the guide was seen."""

from __future__ import annotations

from typing import Any

import msgspec

from store.home import Home
from store.journal_small import reading, writing

LEFT = "left_at"
"""When somebody last sat at the screen, UTC seconds."""


def recall(home: Home, name: str) -> Any:  # noqa: ANN401  # whatever was remembered
    """What was remembered under this name; `None`: nothing, or no journal yet. Raises `sqlite3.Error`."""
    with reading(home, "screen_state") as journal:
        if journal is None:
            return None
        found = journal.execute("SELECT value FROM screen_state WHERE name = ?", (name,)).fetchone()
    return None if found is None else msgspec.json.decode(found[0])


def remember(home: Home, name: str, value: object) -> None:
    """Keeps a value that JSON can say. Raises `CannotWrite` (a full disk) or `sqlite3.Error`."""
    with writing(home) as journal:
        journal.execute(
            "INSERT INTO screen_state (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, msgspec.json.encode(value).decode()),
        )
