"""Why a row is gone from under the cursor, in words."""

from __future__ import annotations

from connectors.text import clean
from store.read import Reader
from store.read_records import ALL_OPEN


def why_gone(reader: Reader, key: tuple[str, str, str | None]) -> str:
    """Why a row is gone, in words."""
    connection, ticket_id, kind = key
    view = reader.ticket(connection, ticket_id)
    if view is None:
        return "is no longer in the cache"
    words = {
        "deleted": "was deleted in the PSA",
        "merged": "was merged away",
        "not_visible": "is not visible any more",
    }
    if view.presence in words:
        return words[view.presence]
    if not view.in_scope:
        return f"left the queue: {clean(view.record.owner) or 'nobody'} has it now"
    if view.closed and kind != "reply_after_close":
        return f"was closed{' by ' + clean(view.record.closed_by) if view.record.closed_by else ''}"
    if kind in (None, ALL_OPEN):
        return "is no longer open"
    return "is fixed: no longer an exception here"
