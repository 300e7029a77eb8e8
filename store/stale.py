"""What the customer reads and has waited too long asks once before it leaves.

A reply that was written before lunch and could not be sent may no longer be true. It is parked: `held` without a
moment at which it leaves (`due_at` is empty), until a person lets it go (`outbox_decide.release`) or takes it back.
"""

from __future__ import annotations

from store.outbox_rows import Entry

OLD = 900
"""Seconds by which a text may leave later than it should have, before it asks."""


def asks_first(entry: Entry, now: int) -> bool:
    """Whether this change may not leave before somebody has said so. `now`: UTC seconds.

    Not when a person has let it go already, and not when some of it has gone out: the rest belongs to it.
    """
    if entry.let_go_at is not None or entry.begun:
        return False
    read_by_the_customer = any(step.step.public or step.step.mails for step in entry.steps)
    return read_by_the_customer and now - max(entry.created_at, entry.due_at or 0) > OLD


def asking(entry: Entry, now: int) -> tuple[str, str]:
    """What it says while it is parked, and what to do."""
    minutes = (now - entry.created_at) // 60
    age = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    return (
        f"It was written {age} ago and has not left yet: is it still right?",
        f"`deskzero outbox --send {entry.change}` sends it, `deskzero undo {entry.change}` takes it back.",
    )
