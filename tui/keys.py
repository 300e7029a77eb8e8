"""The keys of the queue, in one place: id, key, action, words for the bar and for the help.

`key` is how deskzero comes; what it is now, after the settings' `[keys]`, is `Key.label` and `Key.keys`.
"""

from __future__ import annotations

import msgspec
from textual.binding import Binding

from tui import keymap


class Key(msgspec.Struct, frozen=True):
    """One key of the queue. `id` is what a keymap may rebind; `key` is a Textual key or several with commas."""

    id: str
    key: str
    action: str
    bar: str
    """Two or three words for the key bar; empty: never shown there."""
    help: str
    """One line for the help screen and the tooltip."""
    group: str
    shown: str = ""
    """How the key is written for people, where that differs from `key`."""
    writes: bool = False
    """Starts something that may write: the same key again within 150 ms does not count."""

    @property
    def label(self) -> str:
        """The key as people write it, as it is now."""
        return keymap.label(self.id)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys as they are now, in Textual's names."""
        return keymap.keys_of(self.id)

    def binding(self) -> Binding:
        return Binding(
            self.key,
            self.action,
            self.bar or self.help,
            show=bool(self.bar),
            key_display=self.shown or None,
            tooltip=self.help,
            id=self.id,
        )


MOVE = "Move"
MARK = "Mark"
FIX = "Fix this ticket"
TAKE_BACK = "Take back"
LOOK = "Look"

QUEUE: tuple[Key, ...] = (
    Key(
        "queue.fix",
        "f",
        "fix",
        "fix",
        "Fix: this row's reason, then the next, until all is clean",
        FIX,
        writes=True,
    ),
    Key(
        "queue.accept",
        "a",
        "accept",
        "accept →",
        "Accept what stands after →; a weak one (~) opens the picker",
        FIX,
        writes=True,
    ),
    Key("queue.code", "b", "code", "code", "Set the billing code", FIX, writes=True),
    Key(
        "queue.wrap_up",
        "x",
        "wrap_up",
        "wrap up",
        "Wrap up: time, code, what was done, status and mail in one form",
        FIX,
        writes=True,
    ),
    Key(
        "queue.log_time", "t", "log_time", "log time", "Log time: hours or from-to, code, what was done", FIX
    ),
    Key("queue.timer", "T", "timer", "", "Timer on this ticket: start, pause, go on", LOOK),
    Key("queue.reopen", "X", "reopen", "", "Open a closed ticket again, through a review", FIX),
    Key("queue.reply", "r", "reply", "reply", "Reply. PUBLIC: the customer reads it", FIX, writes=True),
    Key("queue.note", "n", "note", "note", "Internal note: only colleagues read it", FIX, writes=True),
    Key(
        "queue.seen",
        "c",
        "seen",
        "no answer needed",
        "No answer needed: say why, up to the note shown",
        FIX,
        writes=True,
    ),
    Key("queue.parent", "p", "parent", "parent", "Parent: attach, detach, go to it", FIX, writes=True),
    Key("queue.field", "e", "field", "field", "Edit any field", FIX, writes=True),
    Key("queue.status", "s", "status", "status", "Set the status", FIX, writes=True),
    Key("queue.who", "w", "who", "who", "Hand it to somebody", FIX, writes=True),
    Key(
        "queue.repeat",
        "full_stop",
        "repeat",
        "again",
        "The last fix that set a value, once more (never a mail, note, time or close)",
        FIX,
        shown=".",
        writes=True,
    ),
    Key("queue.snooze", "z", "snooze", "", "Snooze: hide a row that does not count, until when and why", FIX),
    Key(
        "queue.mistake",
        "m",
        "mistake",
        "",
        "Mistake log: what slipped on this ticket, why, and what is done about it",
        FIX,
    ),
    Key(
        "queue.mark",
        "space",
        "mark",
        "",
        "Mark this row, go down; keys then act on the marks",
        MARK,
        shown="Space",
    ),
    Key(
        "queue.mark_range",
        "v",
        "mark_range",
        "",
        "Mark from here to where the cursor goes; again ends it",
        MARK,
    ),
    Key("queue.mark_all", "asterisk", "mark_all", "", "Mark all rows shown", MARK, shown="*"),
    Key(
        "queue.undo",
        "u",
        "undo",
        "undo",
        "Take back: a held mail first, then the last change",
        TAKE_BACK,
        writes=True,
    ),
    Key("queue.undo_list", "U", "undo_list", "", "List of changes that can be taken back", TAKE_BACK),
    Key("queue.why", "i", "why", "why", "Why is it here, and since when", LOOK),
    Key("queue.history", "h", "history", "", "History of this ticket: what was wrong, what was done", LOOK),
    Key("queue.log", "L", "log", "", "What happened: exceptions, fixes, what was said here", LOOK),
    Key(
        "queue.glance",
        "M",
        "glance",
        "",
        "How it goes: each kind over 30 days, what leaks, what was got back",
        LOOK,
    ),
    Key("queue.sop", "S", "sop", "", "SOP: what is to be done about this kind of exception", LOOK),
    Key("queue.open", "enter", "open", "open", "Open the ticket in full", LOOK, shown="Enter"),
    Key("queue.back", "escape", "back", "", "One step back: ticket, filter, marks", LOOK, shown="Esc"),
    Key(
        "queue.browser",
        "o",
        "browser",
        "open in PSA",
        "Open it in the PSA itself; in the open ticket its links too",
        LOOK,
    ),
    Key("queue.copy", "y", "copy", "copy number", "Copy the ticket's number", LOOK),
    Key("queue.copy_more", "Y", "copy_more", "", "Copy its link, phone, mail, contact or summary", LOOK),
    Key("queue.filter", "slash", "filter", "filter", "Filter this pane as you type", LOOK, shown="/"),
    Key("queue.palette", "colon", "palette", "", "Any ticket number, any action, by name", LOOK, shown=":"),
    Key(
        "queue.scope",
        "at,W",
        "scope",
        "",
        "Whose tickets: mine, a colleague's, a board's, a team's",
        LOOK,
        shown="@",
    ),
    Key(
        "queue.sort",
        "greater_than_sign",
        "sort",
        "",
        "Another order: priority, due, by company, owner, board",
        LOOK,
        shown=">",
    ),
    Key("queue.sync", "R", "sync", "", "Ask the PSA now", LOOK),
    Key("queue.outbox", "O", "outbox", "", "Outbox: what waits to be sent", LOOK),
    Key(
        "queue.trouble",
        "exclamation_mark",
        "trouble",
        "",
        "Trouble: refused, conflicts, credentials",
        LOOK,
        shown="!",
    ),
    Key("queue.end_of_day", "E", "end_of_day", "end of day", "End of day: is it zero?", LOOK),
    Key("queue.help", "question_mark,f1", "help", "all keys", "All keys", LOOK, shown="?"),
    Key(
        "queue.quit",
        "q,ctrl+q",
        "leave",
        "",
        "Quit (asks if mail is held or a draft is open)",
        LOOK,
        shown="q",
    ),
    Key("queue.down", "j,down", "move(1)", "", "Down", MOVE, shown="j ↓"),
    Key("queue.up", "k,up", "move(-1)", "", "Up", MOVE, shown="k ↑"),
    Key("queue.page_down", "pagedown", "page(1)", "", "A page down", MOVE, shown="PgDn"),
    Key("queue.page_up", "pageup", "page(-1)", "", "A page up", MOVE, shown="PgUp"),
    Key("queue.first", "g,home", "end(-1)", "", "First row", MOVE, shown="g"),
    Key("queue.last", "G,end", "end(1)", "", "Last row", MOVE, shown="G"),
    Key("queue.talk_down", "J,shift+down", "talk(1)", "", "Scroll the conversation down", MOVE, shown="J"),
    Key("queue.talk_up", "K,shift+up", "talk(-1)", "", "Scroll the conversation up", MOVE, shown="K"),
    Key("queue.next_pane", "tab", "pane_step(1)", "", "Next pane that is not empty", MOVE, shown="Tab"),
    Key(
        "queue.previous_pane",
        "shift+tab",
        "pane_step(-1)",
        "",
        "Previous pane that is not empty",
        MOVE,
        shown="S-Tab",
    ),
    Key("queue.pane_1", "1", "pane('1')", "", "Customer responded", MOVE),
    Key("queue.pane_2", "2", "pane('2')", "", "Missing fields", MOVE),
    Key("queue.pane_3", "3", "pane('3')", "", "Orphaned children", MOVE),
    Key("queue.pane_4", "4", "pane('4')", "", "Billing code", MOVE),
    *(
        Key(
            f"queue.pane_{digit}",
            digit,
            f"saved_pane('{digit}')",
            "",
            "A pane of further kinds, or of your own",
            MOVE,
        )
        for digit in "56789"
    ),
    Key("queue.all", "0", "pane('0')", "", "All open tickets", MOVE),
)
"""Every key of the queue. A capital only looks; a write is a lower-case letter."""

ARROWS = frozenset({"left", "right"})


def opening_keys() -> frozenset[str]:
    """These open a dialog: what is typed right after them is meant for it."""
    return frozenset(name for key in QUEUE if key.group == FIX for name in key.keys)


def moving_keys() -> frozenset[str]:
    """These move in the queue: held down they go on, and many of them at once are no paste."""
    return frozenset(name for key in QUEUE if key.group in (MOVE, MARK) for name in key.keys) | ARROWS


def going_keys() -> dict[str, str]:
    """These only go somewhere, with their actions: they act before it is known whether more comes with them."""
    opening = opening_keys()
    return {
        name: key.action for key in QUEUE if key.group == MOVE for name in key.keys if name not in opening
    }


def queue_bindings() -> list[Binding]:
    """The bindings of the queue screen."""
    return [key.binding() for key in QUEUE]


def by_id(key_id: str) -> Key:
    """The key with this id (`queue.fix`); `KeyError` when there is none."""
    for key in QUEUE:
        if key.id == key_id:
            return key
    raise KeyError(key_id)


keymap.know(queue_bindings())
