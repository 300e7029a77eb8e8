"""From the settings' `[keys]` to a keymap: what can be done of it is done, the rest is said and stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.text import clean
from store.key_settings import KeyWish
from store.toml_table import near
from tui.key_tables import Action, Table, place_name, tables
from tui.keymap import Keymap, key_name, same_as, written

_FIXED = frozenset({"enter", "escape"})
_IN_LISTS = frozenset(
    {"up", "down", "pageup", "pagedown", "home", "end", "left", "right", "tab", "shift+tab"}
)


def keymap_of(wishes: Sequence[KeyWish]) -> Keymap:
    """The keys as they shall be; without a wish nothing is loaded."""
    return resolve(wishes, tables()) if wishes else Keymap()


def resolve(wishes: Iterable[KeyWish], places: Sequence[Table]) -> Keymap:
    """Takes what fits. Two actions on one key in one place: both stay on the keys that deskzero comes with."""
    known = {action.id: action for table in places for action in table.actions}
    wanted: dict[str, tuple[str, ...]] = {}
    lines: dict[str, str] = {}
    problems: list[str] = []
    for wish in wishes:
        lines[wish.id] = where = _where(wish)
        action = known.get(wish.id)
        if action is None:
            close = near(wish.id, known)
            meant = f' Did you mean "{close}"?' if close else " docs/keys.md lists them."
            problems.append(f"{where}: there is no such action.{meant}")
            continue
        keys, no = _keys(wish, action, places)
        if no:
            problems.append(f"{where}: {no} {_stays(action)}")
        else:
            wanted[wish.id] = keys
    while clash := _clash(places, wanted, known):
        key, place, ids = clash
        changed = [one for one in ids if one in wanted]
        for one in changed:
            del wanted[one]
        others = [one for one in ids if one not in changed] or changed[1:]
        first = changed[0]
        words = ", ".join(f"{one} ({known[one].words})" for one in others)
        stay = " ".join(_stays(known[one]) for one in changed)
        where = lines[first]
        problems.append(f"{where}: {written(key)} is {words} too, in {place_name(place).lower()}. {stay}")
    return Keymap(changed=wanted, problems=tuple(problems))


def _where(wish: KeyWish) -> str:
    at = f"line {wish.line}, " if wish.line is not None else ""
    return clean(f"config.toml, {at}[keys] {wish.id} = {', '.join(wish.keys)}")


def _stays(action: Action) -> str:
    return f"{action.id} stays on {' '.join(written(key) for key in action.default)}."


def _keys(wish: KeyWish, action: Action, places: Sequence[Table]) -> tuple[tuple[str, ...], str]:
    """The keys in Textual's names, or why not."""
    found: list[str] = []
    for text in wish.keys:
        name = key_name(text)
        if name is None:
            alt = "alt" in text.casefold().split("+")
            why = (
                "a terminal sends Alt as Esc and the letter."
                if alt
                else "a letter, a sign, or F5, PgUp, Ctrl+K."
            )
            return (), clean(f'"{text}" is not a key that can be used: {why}')
        if no := _refused(name, action, places):
            return (), no
        if name not in found:
            found.append(name)
    return tuple(found), ""


def _refused(key: str, action: Action, places: Sequence[Table]) -> str:
    """Why this key may not have this action; empty when it may."""
    if same := same_as(key):
        return f"in a terminal {written(key)} is {same}."
    if key in action.default:
        return ""
    if key in _FIXED and action.writes:
        return f"{written(key)} never writes."
    if len(key) == 1 and key.isupper() and action.writes:
        return "a capital never writes: Caps Lock would."
    if action.id == "dialog.cancel" and _prints(key):
        return f"{written(key)} is text in pickers and editors, where this would no longer go back."
    mine = [table for table in places if action in table.actions]
    if _prints(key) and any(table.typed for table in mine) and action.place not in ("app", "dialog"):
        return f"{written(key)} is text there."
    if (
        key in _FIXED | _IN_LISTS
        and action.place not in ("queue", "app")
        and not action.moves
        and action.writes
    ):
        return f"{written(key)} moves there."
    return ""


def _prints(key: str) -> bool:
    return (len(written(key)) == 1 and key not in _IN_LISTS) or key == "space"


def _clash(
    places: Sequence[Table], wanted: dict[str, tuple[str, ...]], known: dict[str, Action]
) -> tuple[str, str, list[str]] | None:
    """A key with two actions in one place, at least one of them by a wish: (key, place, ids)."""
    for table in places:
        if table.name == "ask":  # which letters a question has, it knows itself
            continue
        taken: dict[str, list[str]] = {}
        for action in table.actions:
            for key in wanted.get(action.id, known[action.id].default):
                ids = taken.setdefault(key, [])
                if action.id not in ids:
                    ids.append(action.id)
        for key, ids in taken.items():
            acts = {known[one].action for one in ids}
            if len(ids) > 1 and len(acts) > 1 and any(key in wanted.get(one, ()) for one in ids):
                return key, table.name, ids
    return None
