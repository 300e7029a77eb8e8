"""The write-back over a real socket, against the simulated ConnectWise PSA: faults, and processes that die."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors import open_connector
from connectors.contract import ChoiceContext, ConnectorError
from connectors.simulators import connectwise
from connectors.simulators.serve import demo_secrets, run_in_thread
from connectors.simulators.world import World
from store.choices import load_choices
from store.database import Databases
from store.fixes import Intent, prepare
from store.home import Home
from store.outbox import state_of, submit
from store.outbox_decide import retry
from store.sender import push
from store.settings import Settings
from store.sync import refresh_tickets, sync_connection
from store.undo import undo
from tests.store.crash_child import demo_connection

ROOT = Path(__file__).resolve().parents[2]


class SlowNotes:
    """An ASGI app before the simulator that keeps a POST of a note waiting, before or after it is carried out."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.before = 0.0
        self.after = 0.0
        self.arrived = threading.Event()
        """A note was posted (and, with `after`, carried out)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith("/notes"):
            await self.app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        said = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def replay() -> Any:
            return said.pop() if said else {"type": "http.disconnect"}

        async def keep(message: Any) -> None:
            sent.append(message)

        before, after, self.before, self.after = self.before, self.after, 0.0, 0.0
        if before:
            self.arrived.set()
            await asyncio.sleep(before)
        await self.app(scope, replay, keep)
        if after:
            self.arrived.set()
            await asyncio.sleep(after)
        for message in sent:
            await send(message)


class Office:
    """A simulated PSA behind a socket, and a deskzero home that works with it."""

    def __init__(self, databases: Databases, world: World, app: Any, slow: SlowNotes, url: str) -> None:
        self.databases, self.world, self.faults, self.slow, self.url = (
            databases,
            world,
            app.state.faults,
            slow,
            url,
        )
        self.connection, options = demo_connection(url)
        self.settings = Settings(connections={"demo": self.connection})
        self.connector = open_connector("connectwise", "demo", options, demo_secrets())
        self.slept: list[float] = []

    def now(self) -> int:
        return int(time.time())

    async def sync(self) -> None:
        await sync_connection(
            self.databases,
            self.connection,
            self.connector,
            self.settings,
            now=self.now,
            read_all_conversations=True,
        )

    def ticket(self, kind: str = "customer_responded") -> str:
        """The first ticket of a pane."""
        with self.databases.cache_reads.begin() as db:
            query = "SELECT ticket_id FROM exception WHERE kind = ? ORDER BY ticket_id LIMIT 1"
            return str(db.exec_driver_sql(query, (kind,)).scalar_one())

    async def fix(self, ticket_id: str, **intent: Any) -> str:
        async def choices(kind: str, context: ChoiceContext) -> Any:
            return await load_choices(self.databases, "demo", self.connector, kind, context, self.now())

        prepared = await prepare(
            self.databases,
            self.settings,
            self.connection,
            self.connector,
            Intent(**intent),
            ticket_id,
            now=self.now(),
            choices=choices,
        )
        return submit(
            self.databases, self.settings, self.connection, prepared, now=self.now(), immediately=True
        )

    async def push(self, *, really_wait: bool = False, wait: float = 0.0) -> list[Any]:
        async def skip(seconds: float) -> None:
            self.slept.append(seconds)
            if really_wait:
                await asyncio.sleep(seconds)

        async def refresh(_: str, ticket_ids: Sequence[str]) -> Mapping[str, ConnectorError]:
            return await refresh_tickets(
                self.databases, self.connection, self.connector, self.settings, ticket_ids, now=self.now
            )

        return await push(
            self.databases,
            self.settings,
            {"demo": self.connector},
            self.databases.home,
            now=self.now,
            force=True,
            wait=wait,
            refresh=refresh,
            sleep=skip if not wait else asyncio.sleep,
        )

    def state(self, change: str) -> str:
        return state_of(self.databases, change).state

    def undo(self, change: str) -> Any:
        return undo(self.databases, self.settings, {"demo": self.connector}, change, now=self.now())

    def retry(self, change: str) -> str:
        return retry(self.databases, self.settings, {"demo": self.connector}, change, now=self.now())

    def notes(self, ticket_id: str, text: str) -> int:
        """How many notes with this text the PSA has on the ticket."""
        return sum(note.text == text for note in self.world.notes.get(int(ticket_id), []))


@pytest.fixture
def world() -> World:
    # Far behind real time, so that nobody but the tests changes anything.
    return World(seed=3, tickets=60, speed=0.000001)


@pytest.fixture
def served(world: World) -> Iterator[tuple[Any, SlowNotes, str]]:
    app = connectwise.simulator(world)
    slow = SlowNotes(app)
    with run_in_thread(slow) as url:  # type: ignore[arg-type]
        yield app, slow, url


@pytest.fixture
async def office(
    databases: Databases, world: World, served: tuple[Any, SlowNotes, str]
) -> AsyncIterator[Office]:
    office = Office(databases, world, *served)
    await office.sync()
    yield office
    await office.connector.close()


def child(office: Office, does: str, ticket_id: str, text: str) -> subprocess.Popen[str]:
    """Another deskzero process; returns when its fix is in the journal."""
    home = office.databases.home.journal.parent
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.crash_child", str(home), office.url, does, ticket_id, text],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


async def test_a_whole_fix_arrives_and_leaves_its_panes(office: Office) -> None:
    ticket_id = office.ticket()
    change = await office.fix(ticket_id, reply="It works again.", billing_code="Remote Support")
    await office.push()
    assert office.state(change) == "confirmed"
    assert office.notes(ticket_id, "It works again.") == 1
    ticket = office.world.ticket(ticket_id)
    assert not ticket.flag
    with office.databases.cache_reads.begin() as db:
        kinds = (
            db.exec_driver_sql("SELECT kind FROM exception WHERE ticket_id = ?", (ticket_id,)).scalars().all()
        )
        left = db.exec_driver_sql("SELECT count(*) FROM ticket_overlay").scalar_one()
    assert "customer_responded" not in kinds
    assert left == 0


async def test_time_code_text_and_close_are_one_fix(office: Office) -> None:
    ticket_id = office.ticket()
    before = len(office.world.time_of.get(int(ticket_id), []))
    change = await office.fix(
        ticket_id, time=0.25, billing_code="Remote Support", note="Rebooted.", close=True, seen="by phone"
    )
    await office.push()
    assert office.state(change) == "confirmed"
    assert len(office.world.time_of[int(ticket_id)]) == before + 1
    assert not office.world.is_open(office.world.ticket(ticket_id))


async def test_a_code_is_written_and_put_back(office: Office) -> None:
    ticket_id = office.ticket("billing_code")
    change = await office.fix(ticket_id, billing_code="Remote Support")
    await office.push()
    assert office.world.ticket(ticket_id).work_type_id == office.world.work_type("Remote Support").id
    office.undo(change)
    await office.push()
    assert office.world.ticket(ticket_id).work_type_id is None


@pytest.mark.parametrize("fault", ["drop-after-commit", "cut", "html"])
async def test_a_note_whose_answer_is_lost_is_there_once(office: Office, fault: Any) -> None:
    ticket_id = office.ticket()
    office.faults.next(f"/service/tickets/{ticket_id}/notes", fault, method="POST")
    change = await office.fix(ticket_id, note=f"note, {fault}")
    await office.push()
    assert office.faults.take("POST", f"/service/tickets/{ticket_id}/notes") is None
    assert office.notes(ticket_id, f"note, {fault}") == 1
    assert office.state(change) == "confirmed"


@pytest.mark.parametrize("fault", ["500", "drop", "429"])
async def test_a_note_that_did_not_arrive_is_there_once(office: Office, fault: Any) -> None:
    ticket_id = office.ticket()
    office.faults.next(f"/service/tickets/{ticket_id}/notes", fault, method="POST")
    change = await office.fix(ticket_id, note=f"note, {fault}")
    for _ in range(3):
        await office.push()
    assert office.faults.take("POST", f"/service/tickets/{ticket_id}/notes") is None
    assert office.notes(ticket_id, f"note, {fault}") == 1
    assert office.state(change) == "confirmed"


async def test_a_reply_whose_answer_is_lost_never_goes_twice(office: Office) -> None:
    ticket_id = office.ticket()
    office.faults.next(f"/service/tickets/{ticket_id}/notes", "drop", method="POST")
    change = await office.fix(ticket_id, reply="Dear customer")
    for _ in range(2):
        await office.push()
    assert office.state(change) == "uncertain"
    assert office.notes(ticket_id, "Dear customer") == 0
    office.retry(change)
    await office.push()
    assert (office.state(change), office.notes(ticket_id, "Dear customer")) == ("confirmed", 1)


async def test_a_customer_who_writes_between_reading_and_sending_stops_the_reply(office: Office) -> None:
    ticket_id = office.ticket()
    change = await office.fix(ticket_id, reply="Dear customer")
    office.world.customer_replies(ticket_id, "And the scanner is broken too")
    await office.push()
    assert office.state(change) == "conflict"
    assert office.notes(ticket_id, "Dear customer") == 0
    assert "And the scanner is broken too" in state_of(office.databases, change).detail


async def test_a_colleague_who_sets_the_code_first_is_not_overwritten(office: Office) -> None:
    ticket_id = office.ticket("billing_code")
    change = await office.fix(ticket_id, billing_code="Remote Support")
    office.world.set_field(ticket_id, "billing_code", "On-site")
    await office.push()
    assert office.state(change) == "conflict"
    assert office.world.ticket(ticket_id).work_type_id == office.world.work_type("On-site").id


class TestKilled:
    async def test_after_the_fix_and_before_it_was_sent(self, office: Office) -> None:
        ticket_id = office.ticket()
        process = child(office, "submit", ticket_id, "killed before")
        kill(process)
        assert office.notes(ticket_id, "killed before") == 0
        (outcome,) = await office.push()
        assert outcome.state == "confirmed"
        assert await office.push() == []
        assert office.notes(ticket_id, "killed before") == 1

    async def test_in_the_middle_of_the_post_after_it_was_carried_out(self, office: Office) -> None:
        ticket_id = office.ticket()
        office.slow.after = 30.0
        process = child(office, "push", ticket_id, "killed after commit")
        assert await asyncio.to_thread(office.slow.arrived.wait, 30)
        kill(process)
        (outcome,) = await office.push()
        assert outcome.state == "confirmed"
        assert office.notes(ticket_id, "killed after commit") == 1
        assert office.slept == []

    async def test_in_the_middle_of_the_post_that_is_carried_out_late(self, office: Office) -> None:
        ticket_id = office.ticket()
        office.slow.before = 2.0
        process = child(office, "push", ticket_id, "killed, late commit")
        assert await asyncio.to_thread(office.slow.arrived.wait, 30)
        kill(process)
        (outcome,) = await office.push(really_wait=True)
        assert outcome.state == "confirmed"
        assert office.notes(ticket_id, "killed, late commit") == 1

    async def test_while_another_process_sends_nobody_else_does(self, office: Office, home: Home) -> None:
        ticket_id = office.ticket()
        office.slow.before = 2.0
        process = child(office, "push", ticket_id, "two processes")
        try:
            assert await asyncio.to_thread(office.slow.arrived.wait, 30)
            assert await office.push() == []
            await office.push(wait=20.0)
            assert office.notes(ticket_id, "two processes") == 1
        finally:
            kill(process)
