"""The connection that is to be made, as typed so far: options or a screen fill it, the settings check it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.contract import Spec
from store.settings_save import laid_over, saved_table
from tui.connect.questions import questions
from tui.problem import Problem

if TYPE_CHECKING:
    from store.settings import Connection, Settings


class Wrong(Problem):
    """An answer that cannot be taken; `key` says which."""

    def __init__(self, key: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.key = key


@dataclass
class Draft:
    """What is known of one connection. Nothing is read from the PSA and nothing is written here."""

    config: Path
    spec: Spec
    name: str
    texts: dict[str, str] = field(default_factory=dict)
    """Key -> as typed; an empty one takes an optional key out. Keys that are not here stay as they are saved."""
    read_only: bool | None = None
    """`None`: as it is saved."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Secrets that were typed or given; the others are where they were."""
    commands: dict[str, Sequence[str]] = field(default_factory=dict)
    """Secret -> the program that prints it."""

    @property
    def own(self) -> dict[str, msgspec.structs.FieldInfo]:
        """The PSA's own keys."""
        return {one.encode_name: one for one in msgspec.structs.fields(self.spec.options)}

    def saved(self) -> dict[str, Any]:
        """The connection's table as the settings have it, if it is one to this PSA. Raises `SettingsError`."""
        table = saved_table(self.config, self.name)
        return table if table.get("psa") == self.spec.psa else {}

    def saved_text(self, key: str) -> str:
        """What the settings have for a key, as one would type it."""
        outer, _, inner = key.partition(".")
        value = self.saved().get(outer, "")
        if inner:
            value = value.get(inner, "") if isinstance(value, dict) else ""
        return value if isinstance(value, str) else str(value)

    def table(self) -> dict[str, Any]:
        """The connection's table, to be laid over the saved one. Raises `Wrong` for the first answer that is none."""
        own = self.own
        required = {one.key for one in questions(self.spec) if one.required and not one.secret}
        values: dict[str, Any] = {"psa": self.spec.psa}
        for key, text in self.texts.items():
            if text.strip():
                put(values, key, text.strip(), own)
            elif key in required:
                raise Wrong(key, "this is needed", "Fill it in.")
            else:
                put(values, key, None, own)
        if self.read_only is not None:
            values["read_only"] = True if self.read_only else None
        return values | {f"{secret}_command": list(words) for secret, words in self.commands.items()}

    def settings(self, table: Mapping[str, Any]) -> Settings:
        """The table over the saved one, as the settings would read it. Raises `SettingsError`, which names the key."""
        import tomlkit

        from store.settings import parse

        merged = laid_over(saved_table(self.config, self.name), table)
        return parse(tomlkit.dumps({"connections": {self.name: merged}}), self.config)

    def all_secrets(
        self, connection: Connection, ask: Callable[[str], str]
    ) -> tuple[dict[str, str], set[str]]:
        """Every secret of the connection, and the names of those that no place keeps yet. May take seconds.

        What is neither given nor kept anywhere is asked for. Raises `Wrong`, `SecretError`.
        """
        from store.credentials import SecretError, find_secret
        from store.log import hide

        found: dict[str, str] = {}
        new: set[str] = set()
        for name in self.spec.secrets:
            if name in self.secrets:
                found[name] = self.secrets[name]
                new.add(name)
                continue
            try:
                found[name], _ = find_secret(connection, name)
            except SecretError:
                if name in connection.commands:
                    raise
                found[name] = ask(name)
                new.add(name)
        for name, value in found.items():
            if not value:
                raise Wrong(
                    name, f"the secret {name} is empty", f"Give it with --secret {name}=… or type it."
                )
            hide(value)
        return found, new


def put(table: dict[str, Any], key: str, text: str | None, own: Mapping[str, Any]) -> None:
    """`fields.company` goes into a table; `true` and numbers become what the key's type wants. Raises `Wrong`."""
    outer, dot, inner = key.partition(".")
    if dot:
        table.setdefault(outer, {})[inner] = text
        return
    known = own.get(key)
    if known is None or text is None:
        table[key] = text
        return
    try:
        table[key] = msgspec.convert(text, type=known.type, strict=False)
    except msgspec.ValidationError as error:
        raise Wrong(key, f"{key}: {error}", "Write it as in config.toml.") from None
