"""One table of the settings file, read key by key; errors name file, table, key and what is expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

_DURATION = re.compile(r"(\d{1,6})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MISSING = object()


class SettingsError(ValueError):
    """The settings cannot be used. `str()` is one line: what and where; `hint` is one line: what to do."""

    def __init__(self, path: Path, table: str, key: str | None, problem: str, *, hint: str = "") -> None:
        place = " ".join(part for part in (f"[{table}]" if table else "", key or "") if part)
        super().__init__(f"{path}: {place}: {problem}" if place else f"{path}: {problem}")
        self.path, self.table, self.key, self.problem = path, table, key, problem
        self.hint = hint or f"Edit {path}."


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like `word`, case ignored; `None` when none is like it."""
    import difflib

    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def meant(word: str, known: Sequence[str]) -> str:
    """The hint for an unknown word: the one most like it, or all of them when they are few."""
    close = near(word, known)
    if close:
        return f'Did you mean "{close}"?'
    return f"Known are: {', '.join(known)}." if known else "Remove it."


def seconds(text: str) -> int | None:
    """A duration (`90s`, `5m`, `48h`, `14d`) in seconds; `None` when it is not one."""
    found = _DURATION.fullmatch(text.strip())
    return int(found[1]) * _SECONDS[found[2]] if found else None


def _called(value: object) -> str:
    """What a TOML value is, in TOML's own words."""
    names = {
        bool: "true/false",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


class Table:
    """Keys are taken with a type; `finish` refuses what was never asked for."""

    def __init__(self, data: dict[str, Any], path: Path, name: str) -> None:
        self.data, self.path, self.name = data, path, name
        self.known: list[str] = []

    def error(self, key: str | None, problem: str, hint: str = "") -> SettingsError:
        """An error at one key of this table."""
        return SettingsError(self.path, self.name, key, problem, hint=hint)

    def _take(self, key: str, types: tuple[type, ...], expected: str, default: object) -> object:
        self.known.append(key)
        value = self.data.get(key, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                raise self.error(key, f"is missing, {expected} is expected", f"Add {key} to [{self.name}].")
            return default
        # A bool is an int for Python, and not a number for whoever writes settings.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise self.error(key, f"{expected} is expected, not {_called(value)}")
        return value

    def text(self, key: str, default: str | None = None, *, expected: str = "a string") -> str:
        """A string that is not blank; without a default the key must be there."""
        value = cast(str, self._take(key, (str,), expected, _MISSING if default is None else default))
        if key in self.data and not value.strip():
            raise self.error(key, f"{expected} is expected, not an empty one")
        return value

    def optional(self, key: str, *, expected: str = "a string") -> str | None:
        """A string, or `None` when the key is not there."""
        self.known.append(key)
        return self.text(key, expected=expected) if key in self.data else None

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false`."""
        return bool(self._take(key, (bool,), "true or false", default))

    def share(self, key: str, default: float) -> float:
        """A number above 0 and at most 1."""
        expected = "a number above 0 and at most 1, such as 0.1"
        value = float(cast(float, self._take(key, (int, float), expected, default)))
        if not 0 < value <= 1:
            raise self.error(key, f"a number above 0 and at most 1 is expected, not {value:g}")
        return value

    def amount(self, key: str, default: float) -> float:
        """A number above 0."""
        value = float(cast(float, self._take(key, (int, float), "a number above 0", default)))
        if value <= 0:
            raise self.error(key, f"a number above 0 is expected, not {value:g}")
        return value

    def count(self, key: str, default: int, *, least: int = 1) -> int:
        """A whole number, `least` or more."""
        value = cast(int, self._take(key, (int,), "a whole number", default))
        if value < least:
            raise self.error(key, f"a whole number from {least} is expected, not {value}")
        return value

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of strings."""
        value = cast(list[Any], self._take(key, (list,), "a list of strings", list(default)))
        for item in value:
            if not isinstance(item, str) or not item.strip():
                what = "an empty one" if isinstance(item, str) else _called(item)
                raise self.error(key, f"a list of strings is expected, not with {what} in it")
        return tuple(value)

    def duration(self, key: str, default: int, *, least: int = 0) -> int:
        """A duration in seconds."""
        value = cast(str | None, self._take(key, (str,), "a duration such as 90s, 5m, 48h or 14d", None))
        if value is None:
            return default
        found = seconds(value)
        if found is None:
            raise self.error(key, f'a duration such as 90s, 5m, 48h or 14d is expected, not "{value}"')
        if found < least:
            raise self.error(key, f'at least {least}s is expected, not "{value}"')
        return found

    def one_of(self, key: str, known: Sequence[str], default: str) -> str:
        """One of the known words."""
        value = self.text(key, default, expected=f"one of {', '.join(known)}")
        if value not in known:
            raise self.error(
                key, f'one of {", ".join(known)} is expected, not "{value}"', meant(value, known)
            )
        return value

    def table(self, key: str) -> Table:
        """A table inside this one; an empty one when it is not there."""
        inner = f"{self.name}.{key}" if self.name else key
        return Table(cast(dict[str, Any], self._take(key, (dict,), "a table", {})), self.path, inner)

    def tables(self, key: str) -> list[Table]:
        """A list of tables (`[[…]]`)."""
        inner = f"{self.name}.{key}" if self.name else key
        expected = f"a list of tables ([[{inner}]])"
        rows = cast(list[Any], self._take(key, (list,), expected, []))
        for row in rows:
            if not isinstance(row, dict):
                raise self.error(key, f"{expected} is expected, not with {_called(row)} in it")
        return [Table(row, self.path, inner) for row in rows]

    def rest(self) -> dict[str, Any]:
        """What nobody has asked for yet."""
        return {key: value for key, value in self.data.items() if key not in self.known}

    def unknown(self, key: str, known: Sequence[str]) -> SettingsError:
        """The error for a key that does not exist here."""
        return self.error(key, "unknown key", meant(key, known))

    def finish(self) -> None:
        """Refuses the first key that nobody asked for."""
        for key in self.rest():
            raise self.unknown(key, self.known)
