"""What connecting leaves behind: the connection's table in the settings, its secrets in the keyring."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import TICKET_FIELDS, Capabilities, Identity
from store.psa_options import environment_name
from store.settings_save import required_of, save_connection
from tui.connect.draft import Draft, Wrong, put


@dataclass(frozen=True)
class Unkept:
    """A secret that no keyring holds: `error` says why, `hint` what to do."""

    field: str
    error: str
    hint: str

    def before_next_start(self, name: str) -> str:
        """What to do, so that the next start of deskzero finds it."""
        return (
            f"Before the next start set {environment_name(name, self.field)} in your environment, or add"
            f' {self.field}_command = ["program", "argument"] to [connections.{name}].'
        )


def found_out(draft: Draft, table: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    """The table with what the PSA told: keys that probing found, and who an unnamed technician is."""
    new = dict(table)
    for key, value in identity.found.items():
        if key in draft.own:
            put(new, key, value, draft.own)
    if not new.get("technician"):
        new["technician"] = identity.member
    return new


def sets_status(can: Capabilities) -> bool:
    """Whether a responded status can become another one by answering: else there is nothing to be chosen."""
    return "status" in can.writes


def requirable(can: Capabilities, *, also: Sequence[str] = ()) -> tuple[str, ...]:
    """The fields that can be required of this PSA's tickets: those that it has, then custom ones named in `also`."""
    custom = [name for name in also if name.startswith("custom:")]
    return (*(name for name in TICKET_FIELDS if name in can.fields), *custom)


def required_now(config: Path, name: str, can: Capabilities) -> tuple[str, ...]:
    """What the settings as they are saved require of this connection, as far as the PSA has it."""
    from store.settings import load

    wanted = required_of(load(config), name)
    return tuple(field for field in requirable(can, also=wanted) if field in wanted)


def check_required(fields: Sequence[str], can: Capabilities) -> None:
    """Raises `Wrong` for a field that this PSA does not have."""
    known = requirable(can)
    for field in fields:
        if field not in known and not field.startswith("custom:"):
            raise Wrong("required", f"it has no field {field} to be required", f"It has: {', '.join(known)}.")


def save(draft: Draft, table: Mapping[str, Any], can: Capabilities, required: Sequence[str] | None) -> None:
    """Writes the connection into the settings; `required` only where it is another set than is required already.

    Raises `SettingsError`.
    """
    if required is not None and set(required) == set(required_now(draft.config, draft.name, can)):
        required = None
    save_connection(draft.config, draft.name, dict(table), required=required)


def keep_secrets(name: str, secrets: Mapping[str, str], new: Collection[str]) -> list[Unkept]:
    """Puts the new secrets into the keyring; those that it did not take. May take seconds."""
    from store.credentials import SecretError, store_secret

    unkept = []
    for field in new:
        try:
            store_secret(name, field, secrets[field])
        except SecretError as error:
            unkept.append(Unkept(field, str(error), error.hint))
    return unkept
