"""When a connection is read by itself: some PSAs have to be read whole every time, and are left alone longer."""

from __future__ import annotations

from store.read_records import ConnectionView


def next_reading(state: ConnectionView) -> int | None:
    """The moment (UTC seconds) before which nobody reads this connection unasked; `None`: any time is right.

    One that failed or was never read is tried again at once.
    """
    can = state.capabilities
    if can is None or can.read_every is None or state.synced_at is None or state.error is not None:
        return None
    return state.synced_at + can.read_every


def is_due(state: ConnectionView, now: int) -> bool:
    """Whether a round that nobody asked for reads this connection. A clock that was set back does not delay it."""
    at = next_reading(state)
    return at is None or state.synced_at is None or not state.synced_at <= now < at
