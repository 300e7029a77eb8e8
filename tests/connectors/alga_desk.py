"""What the tests of the AlgaPSA connector share: a served simulator, connectors to it, a deskzero home over it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from connectors.algapsa.connector import AlgaPsa
from connectors.simulators.algapsa.state import uid
from connectors.simulators.world import World
from tests.connectors import served_desk
from tests.connectors.served_desk import mine, pull

__all__ = ["Office", "connector", "key", "options", "ours", "pull", "served"]


def key(number: int) -> str:
    """The API's id of a ticket of the world."""
    return uid("ticket", number)


def options(url: str = "http://127.0.0.1:8100", **more: Any) -> dict[str, Any]:
    return served_desk.options("algapsa", url, **more)


def connector(url: str, api_key: str | None = None, **more: Any) -> AlgaPsa:
    found = served_desk.opened("algapsa", url, api_key, **more)
    assert isinstance(found, AlgaPsa)
    return found


def served(world: World, **switches: Any) -> AbstractContextManager[tuple[Any, str]]:
    return served_desk.served("algapsa", world, **switches)


def ours(world: World) -> set[str]:
    """What is open and the technician's, straight from the world."""
    return {key(one) for one in mine(world)}


class Office(served_desk.Office):
    psa = "algapsa"
    connector: AlgaPsa
