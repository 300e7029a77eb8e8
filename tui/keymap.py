"""What each action's key is now: the default, or what `[keys]` in the settings says.

Bindings are known by their ids (`queue.fix`, `review.send`). Whatever is written for people takes the key from here,
so that a bar, a help or a message never names a key that does something else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from textual.binding import Binding, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, REPLACED_KEYS, Keys, key_to_character

_WRITTEN = {
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "S-Tab",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
"""Textual's name -> how people write it."""
_MEANT = {written.casefold(): name for name, written in _WRITTEN.items()} | {
    "return": "enter",
    "spacebar": "space",
    "del": "delete",
    "ins": "insert",
    "page up": "pageup",
    "page down": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
}
_NAMED = frozenset(str(key.value) for key in Keys if "<" not in key.value) | frozenset(_WRITTEN)
_MODIFIERS = ("ctrl", "shift")
MOVES = ("move", "page", "end(", "talk", "step", "scroll", "pane")
"""How actions begin that move or scroll: held down, their keys go on."""
_SAME = {
    "ctrl+i": "Tab",
    "ctrl+m": "Enter",
    "ctrl+j": "Enter",
    "ctrl+h": "Backspace",
    "ctrl+left_square_bracket": "Esc",
}
"""In a terminal these are one and the same key."""


class Default(msgspec.Struct, frozen=True):
    """An action's keys as deskzero comes, in Textual's names; `shown`: how they are written, where that differs."""

    keys: tuple[str, ...]
    shown: str = ""


class Keymap(msgspec.Struct, frozen=True):
    """`changed`: id -> keys in Textual's names. `problems`: what of the settings could not be done, in sentences."""

    changed: Mapping[str, tuple[str, ...]] = {}
    problems: tuple[str, ...] = ()

    def for_textual(self) -> dict[str, str]:
        """As `App.set_keymap` takes it."""
        return {name: ",".join(keys) for name, keys in self.changed.items()}


_defaults: dict[str, Default] = {}
_now = Keymap()


def know(bindings: Iterable[BindingType]) -> None:
    """Notes the default keys of bindings that have an id."""
    for binding in bindings:
        if isinstance(binding, Binding) and binding.id is not None:
            keys = tuple(key_name(key.strip()) or key.strip() for key in binding.key.split(","))
            _defaults[binding.id] = Default(keys, binding.key_display or "")


def use(keymap: Keymap) -> None:
    """From now on these are the keys. One terminal shows one app: there is one map in a process."""
    global _now
    _now = keymap


def keys_of(binding_id: str) -> tuple[str, ...]:
    """The keys of an action as they are now, in Textual's names. Raises `KeyError` for an id that nothing has."""
    changed = _now.changed.get(binding_id)
    return default_of(binding_id).keys if changed is None else changed


def default_of(binding_id: str) -> Default:
    """As deskzero comes. Raises `KeyError` for an id that nothing has."""
    if binding_id not in _defaults:
        import tui.keys  # noqa: F401  # whoever speaks of the queue's keys need not have loaded them
    if binding_id not in _defaults:
        from tui.key_tables import tables

        tables()  # loads whatever has keys
    return _defaults[binding_id]


def label(binding_id: str) -> str:
    """An action's key as people write it: `f`, `Esc`, `PgDn`; of several the first. For one's own sentences."""
    known = default_of(binding_id)
    if binding_id not in _now.changed and known.shown:
        return known.shown
    return written(keys_of(binding_id)[0])


def labels(*binding_ids: str) -> str:
    """The keys of several actions that belong together: `j k`."""
    return " ".join(label(one) for one in binding_ids)


def every_label(binding_id: str) -> str:
    """All keys of an action: `j ↓`."""
    return " ".join(written(key) for key in keys_of(binding_id))


def own_bindings(screen: type) -> list[Binding]:
    """The bindings of a screen's class and of those that it is made of, as far as they are ours."""
    found: list[Binding] = []
    for one in screen.__mro__:
        if one.__module__.startswith("tui."):
            found += [b for b in one.__dict__.get("BINDINGS", ()) if isinstance(b, Binding)]
    return found


def moving_in(screen: type) -> frozenset[str]:
    """The keys that move or scroll on this kind of screen, as they are now."""
    return frozenset(
        key for binding in own_bindings(screen) if binding.action.startswith(MOVES) for key in _keys(binding)
    )


def acting_in(screen: type) -> frozenset[str]:
    """The keys that do anything else there, as they are now."""
    return frozenset(
        key
        for binding in own_bindings(screen)
        if not binding.action.startswith(MOVES)
        for key in _keys(binding)
    )


def _keys(binding: Binding) -> tuple[str, ...]:
    return keys_of(binding.id) if binding.id is not None else tuple(binding.key.split(","))


def answer_keys(answers: Sequence[tuple[str, object]]) -> list[str]:
    """The keys of a question's answers, each (its letter, what it stands for), in Textual's names.

    `ask.y` in the settings changes the letter y in every question. An answer that does what a key of the queue does
    (`r` reply) has that key. Where two would then have the same one, all have their own letters.
    """
    own = [key_name(letter) or letter for letter, _ in answers]
    now = [_answer_key(letter, name, meant) for (letter, meant), name in zip(answers, own, strict=True)]
    return now if len(set(now)) == len(now) else own


def _answer_key(letter: str, name: str, meant: object) -> str:
    if f"ask.{letter}" in _now.changed:
        return _now.changed[f"ask.{letter}"][0]
    in_queue = _defaults.get(f"queue.{meant}")
    if in_queue is not None and name in in_queue.keys:
        return keys_of(f"queue.{meant}")[0]
    return name


def written(key: str) -> str:
    """A key in Textual's name as people write it: `pagedown` is `PgDn`, `ctrl+s` is `Ctrl+S`, `slash` is `/`."""
    if key in _WRITTEN:
        return _WRITTEN[key]
    *modifiers, name = key.split("+")
    if modifiers:
        last = _WRITTEN.get(name) or _character(name).upper()
        return "+".join([*(one.capitalize() for one in modifiers), last])
    if name[:1] == "f" and name[1:].isdigit():
        return name.upper()
    return _character(name)


def _character(name: str) -> str:
    """What a key types, or its name."""
    return key_to_character(REPLACED_KEYS.get(name, name)) or name


def key_name(text: str) -> str | None:
    """Textual's name of a key as somebody writes it (`f`, `?`, `Esc`, `Ctrl+S`, `F5`, `page_down`); `None`: no key.

    Capitals count for single letters only: `F` is Shift+F. Alt is none: a terminal sends Esc and the letter.
    """
    if len(text) == 1:
        return _of_character(text)
    *modifiers, last = text.strip().split("+")
    modifiers = [one.strip().casefold() for one in modifiers]
    last = last.strip()
    if any(one not in _MODIFIERS for one in modifiers) or len(set(modifiers)) != len(modifiers) or not last:
        return None
    name = _of_character(last) if len(last) == 1 else _MEANT.get(last.casefold(), last.casefold())
    if name is None:
        return None
    if modifiers == ["shift"] and len(name) == 1:
        return name.upper() if name.isalpha() else None
    if modifiers:
        name = name.casefold()
        joined = "+".join([*sorted(modifiers), name])
        return joined if name in _NAMED or _character(name) != name or len(name) == 1 else None
    return name if name in _NAMED or _character(name) != name else None


def same_as(key: str) -> str:
    """The other key that a terminal cannot tell this one from; empty when there is none."""
    return _SAME.get(key, "")


def _of_character(character: str) -> str | None:
    if character.casefold() in _MEANT:
        return _MEANT[character]
    if character == " ":
        return "space"
    if not character.isprintable():
        return None
    if character.isalnum():
        return character
    try:
        name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    except ValueError:
        return None
    return KEY_NAME_REPLACEMENTS.get(name, name)
