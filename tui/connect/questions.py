"""What a connection to a PSA needs, as questions: made from its `Spec`, so that a new connector needs no screen."""

from __future__ import annotations

import msgspec

from connectors.contract import Help, Spec

SCOPES = "mine, owner:<name>, board:<name>, team:<name> or all"
EVERYWHERE = {
    "technician": Help("Who you are there", "your login, as the PSA spells it"),
    "scope": Help("Whose tickets", SCOPES),
}
"""How every PSA's connection is asked for these, where the connector has no better words."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One value to be given."""

    key: str
    """The connection's key, `fields.<name>` for one of a table, or a secret's name."""
    label: str
    where: str
    """Where a person finds it; empty where the connector does not say."""
    secret: bool = False
    required: bool = True
    default: str = ""


def questions(spec: Spec) -> tuple[Question, ...]:
    """The PSA's own questions in the order of its help, then what it needs besides, the technician among them."""
    options = {field.encode_name: field for field in msgspec.structs.fields(spec.options)}
    needed = [key for key, field in options.items() if field.required and key != "technician"]
    keys = dict.fromkeys([*spec.help, *needed, *spec.secrets, "technician"])
    return tuple(_question(spec, key, options) for key in keys)


def _question(spec: Spec, key: str, options: dict[str, msgspec.structs.FieldInfo]) -> Question:
    bare = Help(key.replace("_", " ").capitalize(), "")
    known = spec.help.get(key) or EVERYWHERE.get(key) or bare
    secret = key in spec.secrets
    field = options.get(key)
    default = field.default if field is not None else ""
    return Question(
        key=key,
        label=known.label,
        where=known.where,
        secret=secret,
        required=secret or (field.required if field is not None else key == "technician"),
        default=default if isinstance(default, str) else "",
    )
