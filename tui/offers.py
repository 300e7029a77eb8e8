"""Which keys do something for the row under the cursor: what the bar shows and what is refused in words."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from connectors.contract import Capabilities
from store.read_records import Row
from tui.keymap import label
from tui.keys import by_id
from tui.kind_fixes import fixes
from tui.text import fit
from tui.widgets.key_bar import Entry

_ORDER = {
    "customer_responded": ("reply", "accept", "seen", "wrap_up", "note", "status", "who"),
    "child_reply": ("reply", "accept", "seen", "note", "status", "parent"),
    "reply_after_close": ("reply", "seen", "status", "note", "who"),
    "missing_fields": ("accept", "field", "reply", "note", "status", "who"),
    "orphaned": ("accept", "parent", "status", "note", "who", "reply"),
    "billing_code": ("accept", "code", "wrap_up", "status", "note", "reply", "field"),
}
_REST = ("wrap_up", "reply", "code", "seen", "note", "log_time", "status", "field", "parent", "who")
_NEEDS: dict[str, tuple[str, ...]] = {
    "code": ("billing_code", "entry_code"),
    "reply": ("reply",),
    "note": ("note",),
    "seen": ("note",),
    "parent": ("attach", "detach", "parent"),
    "status": ("status",),
    "who": ("owner",),
    "wrap_up": ("status", "time", "note"),
    "reopen": ("status",),
    "log_time": ("time",),
    "timer": ("time",),
}
"""Any of these verbs must be offered by the PSA; `fix` and `field` need any at all."""

_LOCAL = ("mistake",)
"""Kept here, whatever the PSA offers."""


def why_not(action: str, row: Row | None, can: Capabilities | None, *, ghost: bool) -> str:
    """Why this key does nothing for this row, in words; empty when it does something."""
    if row is None:
        return "There is no ticket here."
    if ghost:
        return f"#{row.number} has left this list: only movement works on it."
    if action not in _LOCAL and can is not None and (no := _not_offered(action, can)):
        return no
    if action == "fix" and row.kind is None:
        return (
            f"Nothing is missing on this ticket: {label('queue.fix')} has nothing to fix."
            if not row.also
            else ""
        )
    if action == "seen" and row.last_words is None:
        return "No customer has written on this ticket: there is nothing to answer."
    if action == "accept" and row.promise is None:
        return f"Nothing is suggested for this row: {label('queue.fix')} asks for what it needs."
    return ""


def _not_offered(action: str, can: Capabilities) -> str:
    """Why the PSA does not take it, in the connector's words; empty where it does."""
    needs = _NEEDS.get(action)
    if needs is None and can.writes:
        return ""
    if needs is not None and can.writes & set(needs):
        return ""
    for verb in needs or ("status",):
        if verb in can.absent:
            return can.absent[verb]
    return "This PSA's API does not offer that."


def offered(
    row: Row | None, can: Capabilities | None, *, ghost: bool, undo: bool, again: str = ""
) -> tuple[Entry, ...]:
    """The bar's entries, the most useful first; `? all keys` is last. `again`: what `.` would set."""
    entries: list[Entry] = []
    if row is not None and not ghost:
        order = _ORDER.get(row.kind or "") or tuple(action for action, _ in fixes(row.kind))
        if can is not None and not can.writes:
            browser = by_id("queue.browser")
            entries.append((browser.label, browser.bar))
        for action in ("fix", *dict.fromkeys(order), *(one for one in _REST if one not in order)):
            if not why_not(action, row, can, ghost=ghost):
                key = by_id(f"queue.{action}")
                entries.append((key.label, key.bar))
    if again and entries:
        entries.insert(1, _again(again))
    if undo:
        entries.insert(min(1, len(entries)), (label("queue.undo"), "undo"))
    if row is not None:
        entries += [(label("queue.why"), "why"), (label("queue.open"), "open")]
    entries += [
        (by_id(name).label, by_id(name).bar) for name in ("queue.filter", "queue.end_of_day", "queue.help")
    ]
    return tuple(entries)


def offered_marked(rows: Sequence[Row], again: str, *, undo: bool) -> tuple[Entry, ...]:
    """The bar while rows are marked: what sets a value on all of them."""
    entries: list[Entry] = []
    if any(row.promise is not None and row.promise.strong for row in rows):
        entries.append((label("queue.accept"), "accept →"))
    if again:
        entries.append(_again(again))
    entries += [
        (by_id(f"queue.{name}").label, by_id(f"queue.{name}").bar)
        for name in ("code", "status", "who", "field")
    ]
    if undo:
        entries.append((label("queue.undo"), "undo"))
    rest = (
        ("queue.mark", "mark"),
        ("queue.mark_all", "all"),
        ("queue.back", "let go"),
        ("queue.help", "all keys"),
    )
    return (*entries, *((label(name), words) for name, words in rest))


def _again(what: str) -> Entry:
    """What `.` would set: a promise, so it is in sight or it does nothing."""
    return label("queue.repeat"), f"→ {fit(what, min(24, cell_len(what)))}"
