"""All keys, by group, made from the bindings as they are now. Typing looks for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.keymap import Default, default_of, every_label, keys_of, label, own_bindings, written
from tui.keys import QUEUE
from tui.screens.base import Dialog
from tui.text import fit, wrap

FIXED: dict[str, tuple[tuple[str, str], ...]] = {
    "picker": (("letters", "look for it by name"), ("Enter", "Take what is chosen")),
    "writing": (("letters", "the text; nothing is ever sent from here"), ("Tab", "To the status and back")),
    "review": (("Enter", "Does nothing: a review is answered with a letter"),),
    "outbox": (("Enter", "Go to its ticket, or decide a conflict"), ("↑ ↓", "Up and down")),
    "end_of_day": (("Enter", "Go to the ticket"), ("↑ ↓", "Up and down")),
    "filter": (("letters", "what to look for"), ("Enter", "Back to the list; the filter stays")),
}
"""What is part of a place and has no binding of ours: Textual's own list and text field."""
KEY_CELLS = 13


@dataclass(frozen=True)
class Line:
    """One key in the help."""

    keys: str
    words: str


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[Line, ...]

    def matching(self, words: Sequence[str]) -> Section:
        """Only the lines with all these words. A single letter is looked for among the keys, as it is written."""
        if len(words) == 1 and len(words[0]) == 1:
            return Section(self.title, tuple(line for line in self.lines if words[0] in line.keys.split()))
        found = [line for line in self.lines if all(self._has(line, word) for word in words)]
        return Section(self.title, tuple(found))

    def _has(self, line: Line, word: str) -> bool:
        return word.casefold() in f"{line.keys} {line.words} {self.title}".casefold()


def queue_sections() -> list[Section]:
    """The queue's keys, by group."""
    groups: dict[str, list[Line]] = {}
    for key in QUEUE:
        groups.setdefault(key.group, []).append(Line(every_label(key.id), key.help))
    return [Section(title, tuple(lines)) for title, lines in groups.items()]


def place_sections() -> list[Section]:
    """The keys of every other place, a place each."""
    from tui.key_tables import PLACES, place_name, tables

    places: dict[str, dict[str, Line]] = {}
    for table in tables():
        for action in table.actions:
            if action.place not in ("queue", "app", "ask"):
                line = Line(every_label(action.id), action.words[:1].upper() + action.words[1:])
                places.setdefault(action.place, {})[action.id] = line
    order = [*(name for name in PLACES if name in places), *(name for name in places if name not in PLACES)]
    return [
        Section(place_name(name), (*(Line(*one) for one in FIXED.get(name, ())), *places[name].values()))
        for name in order
    ]


def dialog_sections(dialog: type) -> list[Section]:
    """The keys of one dialog."""
    own: list[Line] = []
    everywhere: list[Line] = []
    for binding in own_bindings(dialog):
        keys = " ".join(written(key) for key in _default(binding).keys)
        if binding.id is not None:
            keys = " ".join(written(key) for key in keys_of(binding.id))
        words = binding.tooltip or binding.description
        line = Line(keys, words[:1].upper() + words[1:])
        (everywhere if (binding.id or "").startswith("dialog.") else own).append(line)
    from tui.key_tables import snake

    names = [snake(one.__name__) for one in dialog.__mro__]
    fixed = next((FIXED[name] for name in names if name in FIXED), ())
    return [Section("Here", (*(Line(*one) for one in fixed), *own, *everywhere))]


def _default(binding: Binding) -> Default:
    return default_of(binding.id) if binding.id is not None else Default(tuple(binding.key.split(",")))


class LookFor(Input):
    """What is looked for. The key that opened the help closes it, though it could be text."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key not in keys_of("help.close") and super().check_consume_key(key, character)


class Help(Dialog[None]):
    """Every key there is; `?` again or Esc closes."""

    DEFAULT_CSS = """
    Help {
        align: center middle;
        #box { width: 84; max-width: 98%; height: 90%; }
        LookFor, LookFor:focus { border: none; height: 1; padding: 0 1; background: $boost; }
        VerticalScroll { padding: 0 1; margin-top: 1; }
        #lines { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "close the help", show=False, priority=True, id="help.close"),
        Binding("down", "scroll(2)", "down", show=False, id="help.down"),
        Binding("up", "scroll(-2)", "up", show=False, id="help.up"),
        Binding("pagedown", "scroll(12)", "page down", show=False, id="help.page_down"),
        Binding("pageup", "scroll(-12)", "page up", show=False, id="help.page_up"),
    ]
    TITLE_TEXT = "All keys"

    def __init__(self) -> None:
        super().__init__()
        self._sections: list[Section] = []

    def sections(self) -> Iterable[Section]:
        """What is listed."""
        return [*queue_sections(), *place_sections()]

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(self.TITLE_TEXT), classes="dialog-title")
            yield LookFor(placeholder="type a key or a word to look for it")
            with VerticalScroll(can_focus=False):
                yield Static(id="lines")
            move = f"{label('help.up')} {label('help.down')} {label('help.page_down')} scroll"
            yield Static(
                Content(f"{move} · {label('help.close')} or {label('dialog.cancel')} back"),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        self._sections = list(self.sections())
        self.query_one(Input).focus()
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    @on(Input.Changed)
    def _fill(self) -> None:
        words = self.query_one(Input).value.split()
        found = [section.matching(words) for section in self._sections]
        room = self.query_one(VerticalScroll).scrollable_content_region.width or 74
        lines: list[Content] = []
        for section in found:
            if section.lines:
                lines.append(Content.styled(section.title, "bold underline"))
                lines += [part for line in section.lines for part in _painted(line, room)]
                lines.append(Content(""))
        if not lines:
            lines.append(Content("No key does that. Everything there is stands in the palette too."))
        elif not words:
            lines.append(
                Content(
                    f"Enter and Esc never write. A capital only looks. {label('queue.palette')} has everything by name."
                )
            )
        self.query_one("#lines", Static).update(Content("\n").join(lines))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_help(self) -> None:
        self.finish(None)


class DialogHelp(Help):
    """The keys of the dialog below it."""

    TITLE_TEXT = "Keys here"

    def __init__(self, dialog: type) -> None:
        super().__init__()
        self._dialog = dialog

    def sections(self) -> Iterable[Section]:
        return dialog_sections(self._dialog)


def _painted(line: Line, room: int) -> list[Content]:
    """A key and what it does; what goes on stands below its own beginning."""
    keys = fit(line.keys, KEY_CELLS) if len(line.keys) <= KEY_CELLS else f"{line.keys} "
    first, *more = wrap(line.words, max(20, room - 2 - max(KEY_CELLS, len(keys)))) or [""]
    return [
        Content.assemble((f" {keys}", "bold"), f" {first}"),
        *(Content(" " * (KEY_CELLS + 2) + rest) for rest in more),
    ]
