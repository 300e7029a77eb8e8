"""What the tests of the Syncro connector share: a served simulator, connectors to it, a deskzero home over it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from connectors.simulators.syncro.rows import OFFSET
from connectors.simulators.world import World
from connectors.syncro.connector import Syncro
from tests.connectors import served_desk
from tests.connectors.served_desk import mine, pull

__all__ = ["Office", "connector", "key", "options", "ours", "pull", "served"]


def key(world_id: int) -> str:
    """The API's id of a ticket of the world."""
    return str(world_id + OFFSET)


def options(url: str = "http://127.0.0.1:8100", **more: Any) -> dict[str, Any]:
    return served_desk.options("syncro", url, **more)


def connector(url: str, token: str | None = None, transport: Any = None, **more: Any) -> Syncro:
    found = served_desk.opened("syncro", url, token, transport, **more)
    assert isinstance(found, Syncro)
    return found


def served(world: World, **switches: Any) -> AbstractContextManager[tuple[Any, str]]:
    return served_desk.served("syncro", world, **switches)


def ours(world: World) -> set[str]:
    """What is open and the technician's, straight from the world."""
    return {key(one) for one in mine(world)}


class Office(served_desk.Office):
    psa = "syncro"
    connector: Syncro
