"""Every place where keys act, and its actions: for the settings' `[keys]`, the help and docs/keys.md.

Made from the bindings of the classes themselves. This loads every dialog: it is asked for only when somebody has other
keys, looks at the help, or runs `deskzero doctor`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import msgspec
from textual.binding import Binding, BindingType

from tui import keymap
from tui.keys import MOVE, QUEUE

PLACES = {
    "queue": "List and ticket",
    "filter": "Filter line",
    "picker": "Picker",
    "writing": "Writing",
    "status_choice": "Status, while writing",
    "work": "Log time, wrap up",
    "choice": "One of several, in a form",
    "review": "Review",
    "together": "Review of several tickets",
    "conflict": "Conflict",
    "outbox": "Outbox and trouble",
    "mistake_form": "Mistake log",
    "sop": "SOP",
    "end_of_day": "End of day",
    "sign_off": "Sign off",
    "story": "History and log",
    "look": "A ticket of no list of yours",
    "why": "Why is it here",
    "help": "Help",
    "dialog": "Every dialog",
    "app": "Everywhere",
    "ask": "Questions",
}
"""The first part of an id -> its place in words, in the order of the help. One that is not here is named by its id."""
TYPED = frozenset(
    {"filter", "picker", "writing", "palette", "undo_list", "fields", "help", "work_form", "choice", "story"}
    | {"mistake_form"}
)
"""Where letters are text: no printable key can be an action there."""
OURS = ("tui.screens", "tui.widgets")
"""Where the classes with keys are."""
_GOING = ("cancel", "back", "let_go", "to_list", "help")


class Action(msgspec.Struct, frozen=True):
    """One action with an id, in one place."""

    id: str
    action: str
    words: str
    default: tuple[str, ...]
    writes: bool
    """Starts something that may write, or is a letter of a dialog that does more than move and go back."""

    @property
    def moves(self) -> bool:
        """It moves or scrolls: held down it goes on."""
        return self.action.startswith(keymap.MOVES)

    @property
    def place(self) -> str:
        """The first part of the id."""
        return self.id.partition(".")[0]


class Table(msgspec.Struct, frozen=True):
    """What the keys do where one kind of screen is open."""

    name: str
    actions: tuple[Action, ...]
    """Its own, then those of every dialog or of the whole app that act there too."""
    typed: bool = False
    """Letters are text here."""


@cache
def tables() -> tuple[Table, ...]:
    """The queue first, then the others by name."""
    from textual.screen import Screen
    from textual.widget import Widget

    from tui.app import Deskzero
    from tui.screens.base import Dialog
    from tui.screens.queue import QueueScreen
    from tui.widgets.filter_line import FilterLine

    for package in OURS:
        import_all(package)
    app = _actions("app", Deskzero.BINDINGS)
    made = [Table("queue", (*_queue(), *app)), Table("filter", _actions("filter", FilterLine.BINDINGS), True)]
    for dialog in sorted(_below(Dialog), key=lambda one: one.__name__):
        own = keymap.own_bindings(dialog)
        name = snake(dialog.__name__)
        made.append(Table(name, (*_actions(name, own), *app), _typed(dialog)))
    for widget in sorted(_below(Widget), key=lambda one: one.__name__):
        mine = widget.__module__.startswith(OURS) and not issubclass(widget, Screen | FilterLine)
        if mine and (bindings := widget.__dict__.get("BINDINGS")):
            name = snake(widget.__name__)
            made.append(Table(name, _actions(name, bindings), name in TYPED))
    assert QueueScreen.BINDINGS  # the queue's own come from `tui.keys`, where more is said about them
    made.append(Table("ask", tuple(_letter(one) for one in string.ascii_lowercase)))
    return tuple(made)


def import_all(package: str) -> None:
    """Loads every module of a package, so that its classes are known."""
    for module in iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")


def snake(name: str) -> str:
    """`EndOfDay` is `end_of_day`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def place_name(place: str) -> str:
    """A place in words."""
    return PLACES.get(place, place.replace("_", " ").capitalize())


def _below(base: type) -> Iterable[type]:
    seen: dict[type, None] = {}
    todo = [base]
    while todo:
        below: list[type] = todo.pop().__subclasses__()
        for one in below:
            if one not in seen:
                seen[one] = None
                todo.append(one)
    return seen


def _typed(dialog: type) -> bool:
    return any(snake(one.__name__) in TYPED for one in dialog.__mro__)


def _queue() -> tuple[Action, ...]:
    return tuple(
        Action(key.id, key.action, key.help, keymap.default_of(key.id).keys, key.writes and key.group != MOVE)
        for key in QUEUE
    )


def _actions(name: str, bindings: Iterable[BindingType]) -> tuple[Action, ...]:
    """Bindings with an id; without one a key is as fixed as Enter in a list is."""
    found = []
    for binding in bindings:
        if not isinstance(binding, Binding) or binding.id is None:
            continue
        keymap.know([binding])
        default = keymap.default_of(binding.id).keys
        goes = binding.action.startswith((*keymap.MOVES, *_GOING))
        lower = any(len(key) == 1 and key.islower() for key in default)
        words = binding.tooltip or binding.description or binding.action
        found.append(Action(binding.id, binding.action, words, default, lower and not goes))
    return tuple(found)


def _letter(letter: str) -> Action:
    return Action(f"ask.{letter}", "answer", f"the answer {letter} of a question", (letter,), True)
