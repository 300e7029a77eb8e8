"""Connectors to PSAs, and the registry that knows them: name -> connector.

Built-in ones are listed in `SPECS`; third parties join by an entry point in the group `deskzero.connectors`
whose name is the PSA's and whose value points to a `connectors.contract.Spec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.contract import Connector, Spec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    import httpx

    from connectors.budget import Budget

SPECS: dict[str, str] = {
    "algapsa": "connectors.algapsa:SPEC",
    "autotask": "connectors.autotask:SPEC",
    "connectwise": "connectors.connectwise:SPEC",
    "halopsa": "connectors.halopsa:SPEC",
    "revio": "connectors.revio:SPEC",
    "rt": "connectors.rt:SPEC",
    "syncro": "connectors.syncro:SPEC",
}
"""PSA -> `module:attribute` of its `Spec`; imported when asked for."""

GROUP = "deskzero.connectors"


class OptionsError(ValueError):
    """A connection's own key is missing, unknown or of a wrong kind: `key`, and what is `expected` of it."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__(f"`{key}`: expected {expected}")
        self.key = key
        self.expected = expected


def known() -> tuple[str, ...]:
    """The PSAs that can be named in the settings."""
    return tuple(sorted({*SPECS, *(point.name for point in _entry_points())}))


def spec(psa: str) -> Spec:
    """The PSA's `Spec`: built-in ones first, then entry points. Raises `ValueError` that lists the known."""
    if psa in SPECS:
        module, _, attribute = SPECS[psa].partition(":")
        found = getattr(import_module(module), attribute)
    else:
        points = [point for point in _entry_points() if point.name == psa]
        if not points:
            raise ValueError(f"unknown PSA “{psa}”; known are: {', '.join(known())}")
        found = points[0].load()
    if not isinstance(found, Spec):
        raise ValueError(f"the connector “{psa}” does not offer a Spec but a {type(found).__name__}")
    return found


def open_connector(
    psa: str,
    name: str,
    options: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> Connector:
    """A connector for the connection `name`. No request is sent. `budget` is asked before every request.

    Raises `ValueError` for an unknown PSA, `OptionsError` for an option or secret that is missing or wrong.
    """
    found = spec(psa)
    checked = _convert(dict(options), found.options)
    for secret in found.secrets:
        if not secrets.get(secret):
            raise OptionsError(secret, "a secret (environment, keyring or command), and there is none")
    more = {"transport": transport, "budget": budget}
    given = {key: value for key, value in more.items() if value is not None}
    connector = found.open(name, checked, dict(secrets), **given)
    if not isinstance(connector, Connector):
        raise ValueError(f"the connector “{psa}” lacks parts of the contract")
    return connector


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # 15 ms that the first paint does not need

    return entry_points(group=GROUP)


def _convert(options: dict[str, Any], shape: type[msgspec.Struct]) -> msgspec.Struct:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for key in options:
        if key not in fields:
            raise OptionsError(key, f"no such key; known are {', '.join(sorted(fields))}")
    for key, field in fields.items():
        if field.required and key not in options:
            raise OptionsError(key, "a value; the key is missing")
        if key in options:
            try:
                msgspec.convert(options[key], type=field.type)
            except msgspec.ValidationError as error:
                raise OptionsError(key, str(error).removeprefix("Expected ")) from None
    try:
        return msgspec.convert(options, type=shape)
    except msgspec.ValidationError as error:  # what `__post_init__` of the options found
        raise OptionsError("?", str(error)) from None
