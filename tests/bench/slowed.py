"""A simulated ConnectWise PSA in a process of its own that takes its time: `python -m tests.bench.slowed TICKETS OWN`.

The first line on standard output is its address. `GET /delay/20` makes every later answer take 20 ms more than the
simulator itself needs.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.bench.run import beside


class Slowed:
    """The simulator, with each answer held back."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._delay = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/delay/"):
            self._delay = int(scope["path"].removeprefix("/delay/")) / 1000
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if self._delay:
            await asyncio.sleep(self._delay)
        await self._app(scope, receive, send)


def only_mine(world: World, count: int) -> None:
    """Leaves the technician exactly so many open tickets, all by ownership."""
    found = sorted(ticket.id for ticket in world.tickets.values() if world.is_open(ticket))
    if len(found) < count:
        raise RuntimeError(f"the world has {len(found)} open tickets, not {count}")
    for place, one in enumerate(found):
        who = world.technician if place < count else "asmith"
        ticket = world.tickets[one]
        ticket.owner_id, ticket.resources, ticket.dispatched = world.member(who).id, (who,), ()


@contextmanager
def slowed(tickets: int, own: int) -> Iterator[str]:
    """The address of such a PSA, whose technician has `own` open tickets."""
    with beside("tests.bench.slowed", str(tickets), str(own)) as said:
        yield said


def main() -> None:
    world = World(5, int(sys.argv[1]), speed=0)
    only_mine(world, int(sys.argv[2]))
    with run_in_thread(Slowed(simulator(world))) as url:  # type: ignore[arg-type]
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
