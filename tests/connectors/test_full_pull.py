"""What a full pull's list of tickets costs at each simulated PSA: the sums of docs/connectors.md, request by request.

*o* are the open tickets in the scope, *c* those closed in the window, *n* both. The scope is `all`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import connectors
from connectors.contract import Connector, Scope
from connectors.halopsa.api import _window
from connectors.simulators.serve import SIMULATED, demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World

DOCS = Path(__file__).resolve().parents[2] / "docs" / "connectors.md"
WINDOW = 14 * 86400


def pages(count: int, size: int) -> int:
    """Pages of a list; an empty list is one request too."""
    return max(1, ceil(count / size))


def syncros(count: int) -> int:
    """A list of several pages is read twice."""
    return 1 if count <= 25 else 2 * ceil(count / 25)


def halos(count: int) -> int:
    """Windows that overlap by a row or more, as the connector chooses them."""
    covered = requests = 0
    while not requests or covered < count:
        number, size = _window(covered)
        covered, requests = number * size, requests + 1
    return requests


def algas(count: int) -> int:
    """Each page but the first begins with the last row of the one before."""
    return max(1, ceil((count - 1) / 99))


AGAIN: dict[str, Callable[[int, int], int]] = {
    "connectwise": lambda o, c: 1 + pages(o, 1000) + pages(c, 1000),
    "autotask": lambda o, c: 3 + 4 * pages(o + c, 500),
    "halopsa": lambda o, c: 1 + halos(o) + halos(c),
    "syncro": lambda o, c: syncros(o) + syncros(o + c),
    "algapsa": lambda o, c: algas(o) + algas(c),
}
"""PSA -> requests for the list, where names (companies, contacts, people) are known already."""

FIRST: dict[str, Callable[[int, World], int]] = {
    "connectwise": lambda n, world: 4,
    "autotask": lambda n, world: 8,
    "halopsa": lambda n, world: n + 16,
    "syncro": lambda n, world: len(world.contacts) + 4,
    "algapsa": lambda n, world: 2 * len(world.companies) + 4,
    "revio": lambda n, world: 2,
}
"""PSA -> at most so many more in the first pull of a process."""


async def drained(psa: Connector, world: World) -> tuple[set[str], set[str], int]:
    """(open ids, closed ids, requests) of a full pull."""
    scope = await psa.resolve(Scope("all"))
    before, found = psa.requests, {}
    async for page in psa.tickets(scope, None, int(time.time()) - WINDOW):
        found |= {ticket.ticket_id: ticket.closed for ticket in page.tickets}
    opened = {one for one, closed in found.items() if not closed}
    return opened, found.keys() - opened, psa.requests - before


@pytest.mark.parametrize("tickets", [30, 300, 1200])
@pytest.mark.parametrize("psa", sorted(SIMULATED))
async def test_a_full_pull(psa: str, tickets: int) -> None:
    world = World(5, tickets, speed=0)
    table: dict[str, Any] = demo_settings(psa)
    own = {field.encode_name for field in msgspec.structs.fields(connectors.spec(psa).options)}
    options = {key: value for key, value in table.items() if key in own}
    connector = connectors.open_connector(
        psa, "pull", options, demo_secrets(psa), transport=demo_transport(world, psa)
    )
    try:
        _, _, first = await drained(connector, world)
        opened, closed, again = await drained(connector, world)
        ids = await connector.ticket_ids(await connector.resolve(Scope("all")))
    finally:
        await connector.close()
    if psa == "revio":
        # One list of everything, with a page behind the end; several pages are read once more.
        rows = len(world.tickets)
        wanted = 2 if rows <= 500 else 2 * (ceil(rows / 500) + 1)
    else:
        wanted = AGAIN[psa](len(ids.ids), len(opened | closed) - len(ids.ids))
    assert again == wanted, (len(opened), len(closed), len(ids.ids))
    assert first - again <= FIRST[psa](len(opened | closed), world)


def test_the_sums_are_written_down() -> None:
    text = DOCS.read_text(encoding="utf-8")
    table = text[text.index("| a full pull's list") :]
    for psa in SIMULATED:
        assert f"| {connectors.spec(psa).title} |" in table, psa
