"""`[keys]` of the settings: which key somebody wants for which action. What may be wanted, the screen knows."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from store.toml_table import Table

_EXPECTED = 'a key such as "f", or a list of keys,'


class KeyWish(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `[keys]`."""

    id: str
    """The action's id: `queue.fix`."""
    keys: tuple[str, ...]
    """As written there: `F5`, `?`, `Ctrl+S`."""
    line: int | None = None
    """Where it stands in the file, from 1; `None`: not found there as a line of its own."""


def key_wishes(table: Table, text: str) -> tuple[KeyWish, ...]:
    """The lines of `[keys]`: `queue.fix = "x"` and `"queue.fix" = "x"` say the same. Raises `SettingsError`."""
    table.known += table.data
    return tuple(
        KeyWish(id=name, keys=_keys(table, name, value), line=_line(text, name))
        for name, value in _flat(table.data)
    )


def _flat(data: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        whole = f"{above}.{name}" if above else name
        found += _flat(value, whole) if isinstance(value, dict) else [(whole, value)]
    return found


def _keys(table: Table, name: str, value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    for one in several:
        if not isinstance(one, str):
            raise table.error(name, f"{_EXPECTED} is expected, not {one!r}", "Write keys in quotes.")
    if not several or not all(several):
        hint = "Remove the line to have its own key again; every action is in the palette too."
        raise table.error(name, f"{_EXPECTED} is expected, not an empty one", hint)
    return tuple(several)


def _line(text: str, name: str) -> int | None:
    """The line of `[keys]` (or of a table in it, such as `[keys.queue]`) that sets this."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"\s*\[([^\[\]]+)\]", line)
        if heading:
            table = _plain(heading[1])
        elif "=" in line:
            key = _plain(line.partition("=")[0])
            if (f"{table}.{key}" if table else key) == f"keys.{name}":
                return number
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s\"']", "", name)
