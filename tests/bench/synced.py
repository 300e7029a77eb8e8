"""A home that has been synced with a simulated PSA, and what a round sends there when nothing is new."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import Connector, Conversation
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tests import large
from tests.bench.recorded import Recorder, Sent, save, served
from tests.bench.recorded import load as loaded
from tests.bench.slowed import only_mine

log = logging.getLogger(__name__)

NAME = large.NAME
STALE = 1200
"""Seconds after which a home that was kept is made anew: after half an hour (`store.reconcile.PARENT_AGE`,
`store.conversations.TIME_AGE`) a round reads more, and the recording has no answer to that."""


@dataclass(frozen=True)
class Synced:
    """A home whose PSA stands still, and the PSA's recorded answers."""

    folder: Path
    psa: str

    @property
    def home(self) -> Home:
        return Home.at(self.folder / "home")

    @property
    def recording(self) -> Path:
        return self.folder / "answers"

    @property
    def usual(self) -> list[Sent]:
        """The requests of one round in which nothing was new, in their order."""
        return loaded(self.folder / "usual")

    @property
    def port(self) -> int:
        return int((self.folder / "made").read_text())

    def desk(self) -> Desk:
        """The home, open for work. The PSA's limits are out of the way; requests are counted all the same."""
        return Desk(self.home, load(self.home.config), secrets={NAME: demo_secrets(self.psa)})

    @contextmanager
    def served(self) -> Iterator[str]:
        with served(self.recording, self.port) as url:
            yield url


def synced(folder: Path, open_tickets: int, closed: int, psa: str = "connectwise") -> Synced:
    """Made by a first sync with the simulator, but for the conversations, which are written as `tests.large` does;
    so are the closed tickets that the simulator does not have."""
    made = Synced(folder, psa)
    mark = folder / "made"
    if mark.exists() and time.time() - mark.stat().st_mtime < STALE:
        return made
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_make(made, open_tickets, closed))
    return made


async def _make(made: Synced, open_tickets: int, closed: int) -> None:
    port = _free_port()
    world = World(5, max(int(open_tickets * 2.4), 150), speed=0)
    only_mine(world, open_tickets)
    _open_alone(world)
    idle(world)
    table = demo_settings(made.psa, f"http://127.0.0.1:{port}")
    save_connection(made.home.config, NAME, table | {"quota": "1000000/1m", "quota_share": 1.0})
    recorder = Recorder(demo_transport(world, made.psa))
    settings = load(made.home.config)

    def opened() -> Desk:
        return Desk(made.home, settings, secrets={NAME: demo_secrets(made.psa)}, transports={NAME: recorder})

    async with opened() as desk:
        desk._connectors[NAME] = _Quick(await desk.connector(NAME))  # type: ignore[assignment]
        while (report := await _round(desk, recorder)).conversations or len(recorder.sent) > 60:
            log.info("%d requests, %d conversations", report.requests, report.conversations)
        _fill(desk, closed)
        for full in (True, False, False):  # the cursor comes to rest
            await _round(desk, recorder, full=full)
    async with opened() as desk:
        await _round(desk, recorder)
        first = list(recorder.sent)
        await _round(desk, recorder)
        await _round(desk, recorder)
        save(made.folder / "usual", recorder.sent)
        save(made.recording, [*first, *recorder.sent])
    (made.folder / "made").write_text(str(port))


async def _round(desk: Desk, recorder: Recorder, **how: Any) -> Any:
    recorder.sent.clear()
    (report,) = await desk.sync(**how)
    if not report.ok or report.why:
        raise RuntimeError(f"the round failed: {report.error} {report.why}")
    return report


class _Quick:
    """A connector whose conversations are empty: reading 10,000 of them is not what is measured."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    async def conversation(self, ticket_id: str) -> Conversation:
        return Conversation(ticket_id, (), int(time.time()))


def _open_alone(world: World) -> None:
    """Closed tickets go: the simulator looks at every ticket for each page. The cache gets its own."""
    for ticket_id in [one.id for one in world.tickets.values() if not world.is_open(one)]:
        world.delete(ticket_id)


def idle(world: World) -> None:
    """The newest change lies further back than the cursor reads again, and so do all others before it."""
    newest = max(ticket.updated for ticket in world.tickets.values())
    for ticket in world.tickets.values():
        ticket.updated -= 3600 if ticket.updated == newest else 7200


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _fill(desk: Desk, closed: int) -> None:
    """Five notes a ticket, and closed tickets with theirs and with time until there are so many."""
    now, dice = desk.now, random.Random(7)
    with desk.databases.cache.begin() as cache:
        have = cache.exec_driver_sql("SELECT count(*) FROM ticket WHERE NOT in_scope OR closed").scalar_one()
        more = range(500_000, 500_000 + max(0, closed - have))
        owner, board = cache.exec_driver_sql(
            "SELECT owner_id, board_id FROM ticket WHERE in_scope LIMIT 1"
        ).one()
        large._insert(
            cache,
            large.Ticket,
            (
                large._ticket(n, True, dice, 0.1, now - 40 * 86400)
                | {"owner_id": owner, "board_id": board, "in_scope": True}
                for n in more
            ),
        )
        large._insert(cache, large.TimeEntry, (large._time(n, dice, 0.1, now) for n in more))
        ids = cache.exec_driver_sql("SELECT ticket_id FROM ticket").scalars().all()
        large._insert(
            cache,
            large.Note,
            (note for one in ids for note in large._notes(int(one) - 70_000, 5, dice, now)),
        )
