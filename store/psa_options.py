"""The PSA's own keys in a connection's table, and the rule that a secret is never one of them."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

import msgspec

from connectors import OptionsError
from connectors.contract import Spec
from connectors.origin import origin_of
from store.toml_table import SettingsError, Table, meant

_COMMAND = "_command"
_SECRET = re.compile(
    r"(?:.*_)?(secret|token|password|passwd|passphrase|private_key|api_key|apikey)", re.IGNORECASE
)


def environment_name(connection: str, field: str) -> str:
    """The environment variable that holds a connection's secret."""
    return f"DESKZERO_{connection}_{field}".upper().replace("-", "_")


def secret_commands(table: Table, secrets: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Every `<secret>_command` of the table: secret -> program and arguments."""
    found: dict[str, tuple[str, ...]] = {}
    for secret in secrets:
        key = secret + _COMMAND
        command = table.texts(key)
        if command:
            found[secret] = command
        elif key in table.data:
            raise table.error(key, 'a list such as ["op", "read", "…"] is expected, not an empty one')
    return found


def own_keys(table: Table, spec: Spec, name: str) -> dict[str, Any]:
    """What is left of a connection's table when the common keys are taken, checked against the PSA's struct.

    So a typing error shows before any request is sent. Raises `SettingsError`.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(spec.options)}
    common, options = list(table.known), table.rest()
    for key in options:
        if key in fields:
            continue
        if key in spec.secrets or _SECRET.fullmatch(key):
            raise _secret_in_file(table, name, key, spec.secrets)
        raise table.unknown(key, [*common, *fields])
    values = dict(options)
    if "technician" in fields and "technician" in table.data:  # a common key that the connector asks for too
        values["technician"] = table.data["technician"]
    for key, field in fields.items():
        if key in values:
            try:
                msgspec.convert(values[key], type=field.type)
            except msgspec.ValidationError as error:
                words = _one_of(field.type)
                if words and isinstance(values[key], str):
                    expected = f'one of {", ".join(words)} is expected, not "{values[key]}"'
                    raise table.error(key, expected, meant(values[key], words)) from None
                raise table.error(key, _words(error)) from None
        elif field.required:
            raise table.error(key, f"is missing; {spec.title} needs it", f"Add {key} to [{table.name}].")
    _check_url(table)
    try:
        msgspec.convert(values, type=spec.options)
    except msgspec.ValidationError as error:  # what the struct itself finds wrong among its keys
        raise table.error(None, _words(error)) from None
    return options


def _one_of(kind: object) -> tuple[str, ...]:
    """The words that a `Literal` allows, also one beside `None`; nothing for any other type."""
    if get_origin(kind) is Literal:
        return tuple(str(word) for word in get_args(kind))
    return tuple(word for part in get_args(kind) for word in _one_of(part))


def _words(error: msgspec.ValidationError) -> str:
    """msgspec's sentence, in the words of the other errors."""
    found = re.fullmatch(r"Expected `([^`]*)`, got `([^`]*)`(.*)", str(error))
    if not found:
        return str(error)
    names = {
        "str": "a string",
        "int": "a number",
        "float": "a number",
        "bool": "true or false",
        "null": "nothing",
    }
    names |= {"array": "a list", "object": "a table"}
    wanted = " or ".join(names.get(word.strip(), word.strip()) for word in found[1].split("|"))
    return f"{wanted} is expected, not {names.get(found[2], found[2])}{found[3]}"


def _secret_in_file(table: Table, name: str, key: str, secrets: tuple[str, ...]) -> SettingsError:
    field = key if key in secrets or len(secrets) != 1 else secrets[0]
    return table.error(
        key,
        "looks like a secret; secrets are never kept in the settings",
        f"Remove it here; `deskzero connect {name}` puts it in the keyring, or set"
        f" {environment_name(name, field)},"
        f' or give {field}{_COMMAND} = ["program", "argument"].',
    )


def _check_url(table: Table) -> None:
    """Credentials never travel in the clear but to this very machine; none stands in the address."""
    url = table.data.get("url")
    if isinstance(url, str):
        try:
            origin_of(url)
        except OptionsError as error:
            hint = "Write the address as in a browser, such as https://na.myconnectwise.net."
            raise table.error("url", f"{error.expected} is expected", hint) from None
