"""What became of a change, in a line and an exit code: shared by `fix`, `undo` and `outbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.commands.out import say
from tui.problem import CANNOT_TELL, NOT_ZERO, Problem

if TYPE_CHECKING:
    from store.read import Reader
    from store.read_records import ChangeView


SHOWN = 300
"""So many characters of a customer's new note stand in the line about a conflict; `show` has all of it."""


def report_change(
    reader: Reader, change: str, *, now: int, later: bool = False, undoable: bool = True
) -> int:
    """Says where a change stands; the exit code of the command that made it.

    Raises `Problem` for a change that waits for a person, or for a PSA that could not be reached.
    """
    view = find_change(reader, change)
    who = f"#{view.number} {view.verb}"
    if view.state == "confirmed":
        written = "is in the PSA" if view.wrote else "was in the PSA already"
        back = f"; `deskzero undo {change}` takes it back" if undoable and view.wrote else ""
        say(f"confirmed: {who} {written} (change {change}{back})")
        return 0
    if view.asks:
        raise Problem(
            f"held: {who} (change {change}): {view.error}", view.hint or "See `deskzero outbox`.", NOT_ZERO
        )
    if view.state == "held":
        left = max(0, (view.due_at or now) - now)
        say(f"held: {who} leaves in {left} s (change {change}; `deskzero undo {change}` takes it back)")
        return 0
    if view.state in ("undone", "dropped"):
        say(f"{view.state}: {who} (change {change})")
        return 0
    if view.state in ("queued", "sending"):
        if later:
            say(f"queued: {who} goes out with the next sync (change {change})")
            return 0
        if view.state == "sending":
            raise Problem(
                f"{who} was sent and may be in the PSA (change {change}): {view.error or 'no answer came yet'}",
                view.hint
                or "`deskzero sync` looks; do not make it again before. `deskzero outbox` shows it.",
                CANNOT_TELL,
            )
        why = view.error or "another deskzero is sending, or the PSA was not asked"
        raise Problem(
            f"{who} is queued (change {change}), not in the PSA yet: {why}",
            view.hint or "`deskzero sync` tries again; `deskzero outbox` shows it.",
            CANNOT_TELL,
        )
    words = " ".join(part for part in (view.error, conflict_words(view)) if part)
    raise Problem(
        f"{view.state}: {who} (change {change}): {words or 'no reason was given'}",
        view.hint or f"`deskzero outbox --retry {change}` sends it again, `--drop {change}` gives it up.",
        NOT_ZERO,
    )


def find_change(reader: Reader, change: str) -> ChangeView:
    """The change with this id. Raises `Problem`."""
    for view in (*reader.changes(all=True), *reader.left_behind(all=True)):
        if view.change == change:
            return view
    raise Problem(f"no change {change}", "`deskzero outbox --all` lists them.")


def conflict_words(view: ChangeView) -> str:
    """What a conflict is about: mine, theirs, and the note that came meanwhile."""
    parts = []
    for field in view.detail.get("fields", ()):
        who = f" ({field['who']})" if field.get("who") else ""
        parts.append(f"{field['field']}: mine {_word(field['mine'])}, theirs {_word(field['theirs'])}{who}")
    note = view.detail.get("note")
    if note:
        text = " ".join(str(note["text"]).split())
        parts.append(f"{note['author']} wrote: {text[:SHOWN]}{'…' if len(text) > SHOWN else ''}")
    return "; ".join(parts)


def _word(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or "—")
    return "—" if value in (None, "") else str(value)
