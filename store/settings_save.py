"""Writes one connection into the settings file, and takes one out; comments and everything else stay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from store.settings import Connection, parse, read_text, read_toml
from store.toml_table import SettingsError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def save_connection(path: Path, name: str, table: dict[str, Any]) -> None:
    """Writes one `[connections.<name>]`; comments, order and every other table stay as they are.

    Keys of that table that are not given stay, unless the PSA becomes another one: then only the common ones
    do. What would not load again is not written. Raises `SettingsError`.
    """
    import tomlkit

    document = _document(path)
    connections = document.setdefault("connections", tomlkit.table(is_super_table=True))
    old = connections.get(name)
    if old is None:
        new = tomlkit.table()
        for key, value in table.items():
            new.add(key, value)
        connections[name] = new
    else:
        common = {field.name for field in msgspec.structs.fields(Connection)} | {"psa"}
        if old.get("psa") != table.get("psa"):
            for key in [key for key in old if key not in common]:
                old.remove(key)
        for key, value in table.items():
            old[key] = value
    _write(path, document)


def remove_connection(path: Path, name: str) -> bool:
    """Takes `[connections.<name>]` out of the file; false when it is not in it. Raises `SettingsError`."""
    document = _document(path)
    connections = document.get("connections", {})
    if name not in connections:
        return False
    connections.remove(name)
    _write(path, document)
    return True


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
