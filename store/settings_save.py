"""Writes one connection into the settings file, and takes one out; comments and everything else stay."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from store.settings import Connection, Settings, parse, read_text, read_toml
from store.toml_table import SettingsError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import InlineTable

_COMMON = {field.name for field in msgspec.structs.fields(Connection)} | {"psa"}


def save_connection(
    path: Path, name: str, table: Mapping[str, Any], *, required: Sequence[str] | None = None
) -> None:
    """Writes one `[connections.<name>]`; comments, order and every other table stay as they are.

    Keys of that table that are not given stay, unless the PSA becomes another one: then only the common ones
    do. A key that is given as `None` is taken out; a table in it (`fields`) is laid over the one that is there.
    `required`: the fields that this connection's tickets must have, where that is no longer what the rules say.
    What would not load again is not written. Raises `SettingsError`.
    """
    import tomlkit

    document = _document(path)
    connections = document.setdefault("connections", tomlkit.table(is_super_table=True))
    if name not in connections:
        connections[name] = tomlkit.table()
    _save_over(connections[name], table)
    if required is not None:
        _require(document, name, required)
    _write(path, document)


def saved_table(path: Path, name: str) -> dict[str, Any]:
    """The `[connections.<name>]` of the file as it stands there; empty when there is none. Raises `SettingsError`."""
    found = read_toml(read_text(path), path).get("connections", {})
    table = found.get(name, {}) if isinstance(found, dict) else {}
    return table if isinstance(table, dict) else {}


def laid_over(old: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """What `old` becomes when `table` is saved over it; neither is changed."""
    new = {key: dict(value) if isinstance(value, dict) else value for key, value in old.items()}
    _save_over(new, table)
    return new


def required_of(settings: Settings, name: str) -> tuple[str, ...]:
    """The fields that every ticket of a connection must have; entries for a board, company or type come on top."""
    own = [entry for entry in settings.rules.required_for if _is_own(msgspec.structs.asdict(entry), name)]
    return own[-1].required if own else settings.rules.required


def remove_connection(path: Path, name: str) -> bool:
    """Takes `[connections.<name>]` out of the file, and the required fields that are its alone; false when it is
    not in it. Raises `SettingsError`."""
    document = _document(path)
    connections = document.get("connections", {})
    if name not in connections:
        return False
    connections.remove(name)
    missing = document.get("rules", {}).get("missing_fields", {})
    for place, entry in reversed(list(enumerate(missing.get("for", ())))):
        if entry.get("connection") == name:  # what names a connection that there is not does not load
            del missing["for"][place]
    if "for" in missing and not missing["for"]:
        del missing["for"]
    _write(path, document)
    return True


def _save_over(old: MutableMapping[str, Any], new: Mapping[str, Any]) -> None:
    """`new` over a connection's table, plain or of a TOML document."""
    if old.get("psa") != new.get("psa"):
        for key in [key for key in old if key not in _COMMON]:
            del old[key]
    _lay(old, new)


def _lay(old: MutableMapping[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if value is None:
            old.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(old.get(key), MutableMapping):
                old[key] = {}
            _lay(old[key], value)
            if not old[key]:
                del old[key]
        else:
            old[key] = value


def _require(document: TOMLDocument, name: str, required: Sequence[str]) -> None:
    """An entry for this connection alone. Before all others: of two that fit equally well the later one wins, and
    one for a board is to go on winning."""
    import tomlkit
    from tomlkit.items import AoT, Table

    rules = document.setdefault("rules", tomlkit.table(is_super_table=True))
    missing = rules.setdefault("missing_fields", tomlkit.table())
    # An array of tables below a dotted key (`missing_fields.required = …`) is written under the wrong name.
    dotted = isinstance(missing, Table) and missing.is_super_table()
    entries = missing.setdefault("for", tomlkit.array() if dotted else tomlkit.aot())
    own = next((entry for entry in reversed(entries) if _is_own(entry, name)), None)
    if own is not None:
        own["required"] = list(required)
        return
    new = {"connection": name, "required": list(required)}
    entries.insert(0, tomlkit.item(new) if isinstance(entries, AoT) else _inline(new))


def _inline(values: Mapping[str, Any]) -> InlineTable:
    import tomlkit

    table = tomlkit.inline_table()
    table.update(values)
    return table


def _is_own(entry: Mapping[str, Any], name: str) -> bool:
    narrower = ("board", "company", "type")
    return entry.get("connection") == name and not any(entry.get(key) for key in narrower)


def _document(path: Path) -> TOMLDocument:
    import tomlkit

    text = read_text(path)
    read_toml(text, path)  # a file that is no TOML is not touched, and its error is in our words
    return tomlkit.parse(text)


def _write(path: Path, document: TOMLDocument) -> None:
    """In one step, through a file beside it: a crash or a full disk leaves the old settings."""
    text = document.as_string()
    parse(text, path)
    target = path.resolve()  # somebody's link into a dotfiles folder stays a link
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = target.with_name(target.name + ".new")
    try:
        beside.write_bytes(text.encode())
        beside.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o600)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise SettingsError(
            path, "", None, f"cannot be written: {reason}", hint="Check its folder."
        ) from None
