"""Opens a connector as the settings describe the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

import connectors
from connectors.contract import Connector
from store.budget import SharedBudget
from store.settings import Connection

if TYPE_CHECKING:
    import httpx


def open_connection(
    connection: Connection,
    secrets: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: SharedBudget | None = None,
) -> Connector:
    """A connector for a connection of the settings; no request is sent. It keeps to the `budget`, and that to the
    limits that hold. Raises `OptionsError`, `ValueError`."""
    connector = connectors.open_connector(
        connection.psa, connection.name, own_options(connection), secrets, transport=transport, budget=budget
    )
    if budget is not None:
        budget.limit(connector.capabilities.quota if connection.quota is None else connection.quota)
    return connector


def own_options(connection: Connection) -> dict[str, Any]:
    """The connection's keys that its connector asks for."""
    options = dict(connection.options)
    fields = {field.encode_name for field in msgspec.structs.fields(connectors.spec(connection.psa).options)}
    if "technician" in fields and connection.technician:
        options["technician"] = connection.technician
    return options
