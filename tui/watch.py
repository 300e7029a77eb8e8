"""Follows this session's changes through the outbox and says what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.contract import Capabilities
from connectors.text import clean
from store.changes import DECIDE_STATES
from store.read_records import ChangeView
from tui.keymap import label
from tui.widgets.status_line import Said

STATE_WORDS = {
    "held": "held, not sent yet",
    "queued": "waits to be sent",
    "sending": "being sent",
    "confirmed": "✓ in the PSA",
    "conflict": "conflict: a person decides",
    "rejected": "refused by the PSA",
    "uncertain": "not known whether it arrived",
    "undone": "undone",
    "dropped": "dropped",
}
"""A change's state in words; the mark `✓` is kept for "confirmed in the PSA"."""


class Watch:
    """Knows the changes made since the start. `update` gets the open ones at every reading."""

    def __init__(self) -> None:
        self._mine: dict[str, ChangeView | None] = {}
        self._undoing: set[str] = set()
        self._vanished: list[str] = []
        self._stays: set[str] = set()

    def made(self, change: str) -> None:
        """A change that a person has just made here."""
        self._mine[change] = None

    def undoing(self, change: str) -> None:
        """A change that takes another one back: told when it has arrived, not itself offered to `u`."""
        self._mine[change] = None
        self._undoing.add(change)

    def is_mine(self, change: str) -> bool:
        return change in self._mine

    @property
    def can_undo(self) -> bool:
        """Whether `u` has something of this session."""
        return bool(self._mine.keys() - self._undoing - self._stays)

    def stays(self, change: str) -> None:
        """It is in the PSA and cannot be taken out again: a reply, a note."""
        self._stays.add(change)

    def forget(self, change: str) -> None:
        self._mine.pop(change, None)

    def update(self, changes: Iterable[ChangeView]) -> list[Said]:
        """What to say about changes that moved on since the last reading."""
        now = {change.change: change for change in changes}
        lines: list[Said] = []
        for name, before in self._mine.items():
            change = now.get(name)
            if change is None:
                if before is not None:
                    self._vanished.append(name)
                continue
            if before is None or (before.state, before.asks) != (change.state, change.asks):
                quiet = (
                    name in self._undoing or change.batch is not None
                )  # the flow has said it of all of them
                said = None if quiet and change.state in ("queued", "sending") else moved(change)
                if said is not None:
                    lines.append(said)
            self._mine[name] = change
        for name in self._vanished:
            self._mine[name] = None
        return lines

    def take_vanished(self) -> list[str]:
        """Changes of ours that are no longer open: confirmed, withdrawn or dropped. Each is told once."""
        vanished, self._vanished = self._vanished, []
        return vanished


def named(change: ChangeView) -> str:
    """`#70139 billing code → Remote Support`."""
    return f"#{clean(change.number)} {what(change)}"


def what(change: ChangeView) -> str:
    """The verb, and the value where it is one word or two."""
    values = [shown(value) for name, value in change.values.items() if name not in ("reply", "note", "time")]
    unique = list(dict.fromkeys(value for value in values if value))
    if len(unique) == 1 and not {"reply", "note"} & set(change.values):
        return f"{clean(change.verb)} → {unique[0]}"
    return clean(change.verb)


def shown(value: object) -> str:
    """A value for people; empty for none."""
    if isinstance(value, dict):
        return clean(str(value.get("name") or value.get("id") or ""))
    return "" if value is None else clean(str(value))


def named_field(field: str) -> str:
    """A field's name for people: `billing code`, `time entry 310052`."""
    kind, colon, rest = clean(field).partition(":")
    if colon and kind == "entry":
        return f"time entry {rest}"
    return (rest if colon and kind == "custom" else clean(field)).replace("_", " ")


def _undo() -> str:
    return f"{label('queue.undo')} undo"


def _decide() -> str:
    return f"{label('queue.trouble')} decide"


def moved(change: ChangeView) -> Said | None:
    """The line for a change that has just come into its state."""
    match change.state:
        case "held" if change.asks:
            return Said(f"{named(change)} is late and was not sent: does it still go?", "warn", _decide())
        case "held":
            return Said()  # the line's right half tells it, with the seconds
        case "queued" | "sending":
            return Said(f"{named(change)} is on its way", "wait", _undo())
        case "conflict" if change.wrote:
            return Said(f"{named(change)}: {clean(change.error)}", "warn", _decide())
        case "conflict":
            return Said(
                f"{named(change)}: conflict, somebody was faster. Nothing was sent", "warn", _decide()
            )
        case "rejected":
            return Said(
                f"{named(change)} was refused: {clean(change.error)}", "bad", f"{label('queue.trouble')} look"
            )
        case "uncertain":
            return Said(f"{named(change)}: not known whether it arrived", "warn", _decide())
        case _:
            return None


TEXTS = ("reply", "note", "time")
"""What a change may create in the PSA; that stays there."""


def goes_back(change: ChangeView, can: Capabilities | None) -> bool:
    """Whether what is in the PSA by this change can be taken out again. `can`: that PSA's; `None`: not known."""
    if any(name in change.values for name in TEXTS):
        return False
    return can is None or all(_verb(name, value) in can.undoable for name, value in change.values.items())


def _verb(name: str, value: object) -> str:
    """The verb or field of `Capabilities` that sets this."""
    if name == "parent":
        return "detach" if value is None else "attach"
    kind, colon, _ = name.partition(":")
    return {"entry": "entry_code"}.get(kind, kind) if colon else name


def settled_together(changes: Sequence[ChangeView], *, back: bool) -> Said | None:
    """The line for changes that were made together, once none of them is on its way any more."""
    if any(change.state in ("held", "queued", "sending") for change in changes):
        return None
    done = [change for change in changes if change.state == "confirmed"]
    if not done:
        return None
    undone = "Taken back: " if done[0].undo_of else ""
    if len(done) == len(changes):
        return Said(
            f"{undone}{what(done[0])} on {len(done)} tickets is in the PSA", "done", _undo() if back else ""
        )
    told = f"{undone}{what(done[0])}: {len(done)} of {len(changes)} are in the PSA"
    waiting = sum(change.state in DECIDE_STATES for change in changes)
    if not waiting:  # the others were taken back one by one
        return Said(told, "done", _undo() if back else "")
    waits = f"{waiting} wait for a decision" if waiting > 1 else "1 waits for a decision"
    return Said(f"{told}, {waits}", "warn", _decide())


def settled(change: ChangeView, *, back: bool = True) -> Said | None:
    """The line for a change that is no longer open. `back`: it can be taken out of the PSA again."""
    match change.state:
        case "confirmed" if change.undo_of:
            return Said(f"Taken back: {named(change)} is in the PSA again", "done")
        case "confirmed" if not change.wrote:
            return Said(f"{named(change)}: the PSA had it already", "done")
        case "confirmed":
            return Said(f"{named(change)} is in the PSA", "done", _undo() if back else "")
        case _:
            return None
