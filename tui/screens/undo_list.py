"""What can be taken back, newest first; an undone change can be made again from here (redo)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from connectors.text import clean
from store.read_records import ChangeView
from tui.asks import Item
from tui.screens.picker import Picker
from tui.text import when
from tui.watch import STATE_WORDS, goes_back, named_field

if TYPE_CHECKING:
    from tui.app import Deskzero

TAKES_BACK = ("held", "queued", "confirmed")


def can_take_back(app: Deskzero, change: ChangeView) -> bool:
    """Whether undo would do something: not sent yet, or in the PSA and possible to put back there."""
    if change.state not in TAKES_BACK or change.undone_by:
        return False
    return change.state != "confirmed" or (change.wrote and goes_back(change, app.queue.can(change)))


def undo_items(app: Deskzero, changes: list[ChangeView]) -> list[Item]:
    """Lines for the changes that undo can be asked about, newest first."""
    items = []
    told: set[str] = set()
    for change in sorted(changes, key=lambda c: c.created_at)[::-1]:
        if not can_take_back(app, change) or change.batch in told:
            continue
        others = 0
        if change.batch is not None:  # made together, taken back together: one line
            told.add(change.batch)
            others = sum(one.batch == change.batch and can_take_back(app, one) for one in changes) - 1
        kind = "redo" if change.undo_of else "undo"
        more = f" and {others} more" if others else ""
        items.append(
            Item(
                key=change.change,
                label=f"{when(change.created_at, app.now, app.zone)}  #{clean(change.number)}{more}"
                f" {clean(change.company)}  {clean(change.verb)}",
                detail=f"{STATE_WORDS[change.state]} · {kind}",
                value=change,
            )
        )
    return items


class UndoList(Picker):
    """Answers with an `Item` whose key is the change to take back."""

    def __init__(self, app: Deskzero, changes: list[ChangeView]) -> None:
        super().__init__(
            Content("Take back which change? The earlier values are put back in the PSA."),
            undo_items(app, changes),
            preview=_preview,
            hint="Old changes are taken back only if nobody has changed the same thing since.",
        )


def _preview(item: Item) -> Content:
    change: ChangeView = item.value
    lines = [Content.assemble(clean(change.summary), "\n")]
    for field, value in change.values.items():
        before = change.was.get(field)
        lines.append(Content(f"{named_field(field)}: {_words(value)} → {_words(before)}\n"))
    return Content.assemble(*lines)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return clean(str(value.get("name", value)))
    return "empty" if value in (None, "") else clean(str(value))
