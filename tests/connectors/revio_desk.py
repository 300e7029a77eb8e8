"""What the tests of the Rev.io connector share: a served simulator, connectors to it, a deskzero home over it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from connectors.revio.connector import Revio
from connectors.simulators.world import World
from store.database import Databases
from tests.connectors import served_desk
from tests.connectors.served_desk import mine, pull

__all__ = ["EXCHANGE", "LIST", "Office", "connector", "options", "ours", "paths", "pull", "served"]

LIST = "/psac/api/v1/ticket-list"
EXCHANGE = "/api/v1/auth/api-key/exchange"


USUAL: dict[str, Any] = {"read_every_minutes": None}
"""As often as it is, and not as often as the demo reads."""


def options(url: str = "http://127.0.0.1:8100", **more: Any) -> dict[str, Any]:
    return served_desk.options("revio", url, **USUAL | more)


def connector(url: str, key: str | None = None, **more: Any) -> Revio:
    found = served_desk.opened("revio", url, key, **USUAL | more)
    assert isinstance(found, Revio)
    return found


def served(world: World, **switches: Any) -> AbstractContextManager[tuple[Any, str]]:
    return served_desk.served("revio", world, **switches)


def ours(world: World) -> set[str]:
    """What is open and the technician's, straight from the world."""
    return {str(one) for one in mine(world)}


def paths(app: Any) -> list[str]:
    """The requests seen, in order, and forgets them."""
    found = [one.path for one in app.state.requests]
    app.state.requests.clear()
    return found


class Office(served_desk.Office):
    psa = "revio"
    connector: Revio

    def __init__(self, databases: Databases, app: Any, url: str, **more: Any) -> None:
        super().__init__(databases, app, url, **USUAL | more)
