"""A simulated shop with three tickets on a socket, and the command line of its technician in front of it.

Between both stands a `Gate`: it can stop requests, before they are carried out or before their answers leave,
so that a test can kill the client exactly there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.simulators.connectwise import ACCOUNT, simulator
from connectors.simulators.faults import Faults
from connectors.simulators.model import Note
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.settings import load
from tests.tui.cli_runner import Cli

KEY = {"DESKZERO_ACME_PRIVATE_KEY": ACCOUNT.private_key}


class Gate:
    """An ASGI application in front of another that can hold requests back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._method, self._end = "", ""
        self._where: Literal["before", "after"] | None = None
        self._wanted = 0
        self._reached = threading.Event()
        self._open = threading.Event()
        self.spoil: Callable[[str, bytes], bytes] | None = None
        """Path and body of an answer -> the body that leaves: a server that answers oddly."""

    def close(self, method: str, end: str, where: Literal["before", "after"], count: int = 1) -> None:
        """The next `count` requests with this method and end of the path stop: `before` they are carried out
        (they then never are), or `after`, when only the answer is missing (it then never comes)."""
        self._method, self._end = method, end
        self._reached.clear()
        self._open.clear()
        self._where, self._wanted = where, count

    @property
    def reached(self) -> bool:
        """Whether all that are to stop stand here."""
        return self._reached.is_set()

    def release(self) -> None:
        """Lets go of what stands here."""
        self._where = None
        self._open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        here = self._where is not None and scope["method"] == self._method
        if not here or not scope["path"].endswith(self._end):
            await self._app(scope, receive, self._spoiling(scope["path"], send))
            return
        if self._where == "after":
            await self._app(scope, receive, _swallow)
        self._wanted -= 1
        if self._wanted == 0:
            self._where = None
            self._reached.set()
        await asyncio.to_thread(self._open.wait, 60)
        # Whoever asked is dead by now; a server has to answer all the same.
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _spoiling(self, path: str, send: Send) -> Send:
        """The simulators' answers are a start and one body; the body's length is in the start."""
        if self.spoil is None:
            return send
        spoil, kept = self.spoil, list[Message]()

        async def spoiled(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept.append(message)
                return
            body = spoil(path, message["body"])
            (start,) = kept
            headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            start["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
            await send(start)
            await send({"type": "http.response.body", "body": body})

        return spoiled


async def _swallow(message: Message) -> None:
    """Where an answer goes that nobody is to see."""


@dataclass
class Shop:
    """Three tickets: a customer waits for an answer to `asked`, `uncoded` lacks its code, `fine` lacks nothing."""

    cli: Cli
    world: World
    faults: Faults
    gate: Gate
    url: str
    asked: str
    uncoded: str
    fine: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def notes(self, ticket: str, text: str) -> list[Note]:
        """The notes of a ticket, in the PSA, that hold this text."""
        return [note for note in self.world.notes[int(ticket)] if text in note.text]

    def code(self, ticket: str) -> str | None:
        """The name of the ticket's billing code in the PSA."""
        key = self.world.ticket(ticket).work_type_id
        return None if key is None else self.world.work_types[key].name

    def listed(self, *kinds: str) -> set[tuple[str, str]]:
        """(kind, number) of what `list` shows."""
        return {(row["kind"], row["number"]) for row in self.cli.run("list", "--json", *kinds).json}

    def states(self) -> list[str]:
        """The states of all changes, the oldest first."""
        changes = self.cli.run("outbox", "--all", "--json").json
        return [change["state"] for change in sorted(changes, key=lambda change: change["created_at"])]

    # ------------------------------------------------------------ kill -9

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts the command and does not wait for it."""
        process = subprocess.Popen(
            self.cli.command(*arguments),
            env=self.cli.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.cli.home.parent,
        )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """`kill -9`, while it still runs."""
        assert process.poll() is None, f"it had ended by itself: {process.returncode}"
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL

    def killed_at_the_gate(
        self, *arguments: str, method: str, end: str, where: Literal["before", "after"], count: int = 1
    ) -> None:
        """Runs the command until its requests stand at the gate, and kills it there."""
        self.gate.close(method, end, where, count)
        process = self.start(*arguments)
        try:
            wait_for(lambda: self.gate.reached or process.poll() is not None)
            self.kill(process)
        finally:
            self.gate.release()

    def journal(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the journal, read beside whoever writes it."""
        with closing(sqlite3.connect(self.cli.home / "journal.db")) as db:
            return db.execute(sql).fetchall()


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits until `what` is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


def small_world() -> tuple[World, str, str, str]:
    """A shop that stands still, and its three tickets: asked, uncoded, fine."""
    world = World(1, 1, speed=0.0)
    planted = {name: set(tickets) for name, tickets in world.planted.items()}

    def only(*names: str) -> int:
        """A ticket with exactly these exceptions that its PSA could mail about."""
        found = set.intersection(*(planted[name] for name in names))
        for other in planted.keys() - set(names):
            found -= planted[other]
        return min(
            ticket for ticket in found if world.ticket(ticket).contact_email and not world.ticket(ticket).cc
        )

    asked = only("customer_responded/flag_set", "customer_responded/last_word_customer")
    uncoded = only("billing_code/ticket_without_code")
    fine = min(
        ticket.id
        for ticket in world.tickets.values()
        if world.assigned(ticket, "jdoe")
        and world.is_open(ticket)
        and not any(ticket.id in tickets for tickets in (*planted.values(), *world.near_misses.values()))
    )
    for ticket in list(world.tickets):
        if ticket not in (asked, uncoded, fine):
            world.delete(ticket)
    return world, str(asked), str(uncoded), str(fine)


async def first_sync(home: Home) -> None:
    """What `deskzero sync` does, in this process: it saves each test a second."""
    async with Desk(home, load(home.config), secrets={"acme": {"private_key": ACCOUNT.private_key}}) as desk:
        (report,) = await desk.sync()
        assert report.ok, report.error


@contextmanager
def open_shop(folder: Path, settings: str = "", **more: Any) -> Iterator[Shop]:
    """The shop on a free port and a home that has synced once. `settings` are further lines of the file,
    `more` further keys of the connection."""
    world, asked, uncoded, fine = small_world()
    app = simulator(world)
    gate = Gate(app)
    cli = Cli(folder / "home", dict(KEY))
    with run_in_thread(gate) as url:  # type: ignore[arg-type]
        cli.configure(url, **more)
        cli.append(settings)
        asyncio.run(first_sync(Home.at(cli.home)))
        shop = Shop(cli, world, app.state.faults, gate, url, asked, uncoded, fine)
        try:
            yield shop
        finally:
            gate.release()
            for process in shop.processes:
                if process.poll() is None:
                    process.kill()
                process.wait(10)
