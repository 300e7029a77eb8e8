"""What a full pull's list of tickets costs at each simulated PSA: the sums of docs/connectors.md, request by request.

*o* are the open tickets in the scope, *c* those closed in the window, *n* both. The scope is `all`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import NamedTuple

import pytest

import connectors
from connectors.contract import Connector, Scope
from connectors.halopsa.api import _window
from connectors.simulators.serve import DEMO_URL, SIMULATED, demo_transport
from connectors.simulators.world import World
from tests.connectors.served_desk import opened

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


class Count(NamedTuple):
    """What there is to be read."""

    o: int
    c: int
    world: World


def revios(count: int) -> int:
    """One list of everything, with a page behind the end; several pages are read once more."""
    return 2 if count <= 500 else 2 * (ceil(count / 500) + 1)


AGAIN: dict[str, Callable[[Count], int]] = {
    "connectwise": lambda n: 1 + pages(n.o, 1000) + pages(n.c, 1000),
    "autotask": lambda n: 3 + 4 * pages(n.o + n.c, 500),
    "halopsa": lambda n: 1 + halos(n.o) + halos(n.c),
    "syncro": lambda n: syncros(n.o) + syncros(n.o + n.c),
    "algapsa": lambda n: algas(n.o) + algas(n.c),
    "revio": lambda n: revios(len(n.world.tickets)),
}
"""PSA -> requests for the list, where names (companies, contacts, people) are known already."""

FIRST: dict[str, Callable[[Count], int]] = {
    "connectwise": lambda n: 4,
    "autotask": lambda n: 8,
    "halopsa": lambda n: n.o + n.c + 16,
    "syncro": lambda n: len(n.world.contacts) + 4,
    "algapsa": lambda n: 2 * len(n.world.companies) + 4,
    "revio": lambda n: 2,
}
"""PSA -> at most so many more in the first pull of a process."""


async def drained(psa: Connector) -> tuple[set[str], int]:
    """(ids, requests) of a full pull."""
    scope = await psa.resolve(Scope("all"))
    before, found = psa.requests, set()
    async for page in psa.tickets(scope, None, int(time.time()) - WINDOW):
        found |= {ticket.ticket_id for ticket in page.tickets}
    return found, psa.requests - before


@pytest.mark.parametrize("tickets", [30, 300, 1200])
@pytest.mark.parametrize("psa", sorted(SIMULATED))
async def test_a_full_pull(psa: str, tickets: int) -> None:
    world = World(5, tickets, speed=0)
    connector = opened(psa, DEMO_URL, transport=demo_transport(world, psa))
    try:
        _, first = await drained(connector)
        found, again = await drained(connector)
        ids = await connector.ticket_ids(await connector.resolve(Scope("all")))
    finally:
        await connector.close()
    count = Count(len(ids.ids), len(found) - len(ids.ids), world)
    assert again == AGAIN[psa](count), count
    assert first - again <= FIRST[psa](count)


def test_the_sums_are_written_down() -> None:
    text = DOCS.read_text(encoding="utf-8")
    table = text[text.index("| a full pull's list") :]
    for psa in SIMULATED:
        assert f"| {connectors.spec(psa).title} |" in table, psa
