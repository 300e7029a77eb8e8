"""Fixes at the simulated Autotask over a real socket, through the outbox and its sender: each write and its undo."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors import open_connector
from connectors.autotask.connector import Autotask
from connectors.contract import (
    ChoiceContext,
    Fix,
    NewTime,
    Ref,
    Rejected,
    Throttled,
    TicketRecord,
    Unsupported,
)
from connectors.simulators.autotask import secrets, settings, simulator
from connectors.simulators.autotask.picklists import status_of
from connectors.simulators.serve import DEMO_URL, run_in_thread
from connectors.simulators.world import World
from store.database import Databases
from store.home import Home
from store.outbox import state_of
from store.settings import Connection, Settings
from tests.connectors.autotask_desk import OWN, desk, mine, one
from tests.store.test_outbox_simulator import Office, SlowNotes

NOW = int(time.time())


class Desk(Office):
    """A deskzero home that works with a simulated Autotask."""

    def __init__(
        self, databases: Databases, app: Any, url: str, *, in_process: bool = False, **options: Any
    ) -> None:
        table = settings(url)
        self.databases, self.world, self.faults, self.url = databases, app.state.world, app.state.faults, url
        self.slow = SlowNotes(app)
        self.connection = Connection(
            name="demo",
            psa="autotask",
            technician=table["technician"],
            child_statuses=tuple(table["child_statuses"]),
            closed_statuses=tuple(table["closed_statuses"]),
            responded_statuses=tuple(table["responded_statuses"]),
            answered_status=table["answered_status"],
            closing_statuses=tuple(table["closing_statuses"]),
        )
        self.settings = Settings(connections={"demo": self.connection})
        own = {key: table[key] for key in OWN} | options
        transport = httpx.ASGITransport(app=app) if in_process else None
        self.connector = open_connector("autotask", "demo", own, secrets(), transport=transport)
        self.slept: list[float] = []

    async def done(self, ticket_id: int | str, **intent: Any) -> str:
        """The fix, sent; it has to be confirmed."""
        change = await self.fix(str(ticket_id), **intent)
        await self.push()
        assert self.state(change) == "confirmed", state_of(self.databases, change)
        return change

    async def undone(self, change: str) -> None:
        back = self.undo(change).by
        await self.push()
        assert self.state(back) == "confirmed", state_of(self.databases, back)


def made_world(start: int) -> World:
    """The same world for every test, made as of `start`; its clock then goes on as it is."""
    said = [start]
    world = World(3, 60, clock=lambda: said[0] if said else time.time(), speed=0)
    said.clear()
    return world


@pytest.fixture(scope="module")
def synced(tmp_path_factory: Any) -> Path:
    """A home that has everything, read once: each test works with a copy of it."""
    folder: Path = tmp_path_factory.mktemp("synced") / "home"

    async def sync() -> None:
        with Databases.open(Home.at(folder), now=NOW) as opened:
            office = Desk(opened, simulator(made_world(NOW)), DEMO_URL, in_process=True)
            await office.sync()
            await office.connector.close()

    asyncio.run(sync())
    return folder


@pytest.fixture
def databases(synced: Path, tmp_path: Path) -> Iterator[Databases]:
    shutil.copytree(synced, tmp_path / "home")
    with Databases.open(Home.at(tmp_path / "home"), now=NOW) as opened:
        yield opened


@pytest.fixture
def app() -> Any:
    return simulator(made_world(NOW))


@pytest.fixture
def url(app: Any) -> Iterator[str]:
    with run_in_thread(app) as found:
        yield found


@pytest.fixture
async def office(databases: Databases, app: Any, url: str) -> AsyncIterator[Desk]:
    found = Desk(databases, app, url)
    yield found
    await found.connector.close()


@pytest.fixture
def key(office: Desk) -> int:
    """An open ticket of the technician's without parent and children."""
    return mine(office.world)[0]


class TestThroughTheOutbox:
    async def test_a_code_and_back(self, office, key):
        ticket = office.world.ticket(key)
        before = ticket.work_type_id
        other = next(w for w in office.world.work_types.values() if w.id != before and not w.inactive)
        change = await office.done(key, billing_code=other.name)
        assert ticket.work_type_id == other.id
        await office.undone(change)
        assert ticket.work_type_id == before

    async def test_an_entrys_code_and_back(self, office, key):
        entry = office.world.log_time(key, 0.5)
        await office.sync()
        change = await office.done(key, billing_code="Remote Support", entry=str(entry.id))
        assert entry.work_type_id == office.world.work_type("Remote Support").id
        await office.undone(change)
        assert entry.work_type_id is None

    @pytest.mark.parametrize("status", ["Waiting Customer", "Complete"])
    async def test_a_status_and_back(self, office, key, status):
        before = status_of(office.world, office.world.ticket(key))
        change = await office.done(key, status=status, because="a test")
        assert (
            status_of(office.world, office.world.ticket(key))
            == {"Waiting Customer": 7, "Complete": 5}[status]
        )
        await office.undone(change)
        assert status_of(office.world, office.world.ticket(key)) == before

    async def test_the_owner_with_a_role_and_back(self, office, key):
        change = await office.done(key, owner="tnguyen")
        assert office.world.ticket(key).owner_id == office.world.member("tnguyen").id
        await office.undone(change)
        assert office.world.ticket(key).owner_id == office.world.member("jdoe").id

    async def test_a_parent_and_away_again(self, office, key):
        company = office.world.ticket(key).company_id
        parent = next(
            t.id
            for t in office.world.tickets.values()
            if t.company_id == company and t.id != key and t.parent_id is None and office.world.is_open(t)
        )
        change = await office.done(key, parent=str(parent))
        assert office.world.ticket(key).parent_id == parent
        await office.undone(change)
        assert office.world.ticket(key).parent_id is None

    async def test_fields_with_choices_and_back(self, office, key):
        """One after the other: each is a change of its own."""
        for field in ("priority", "source", "type", "agreement", "contact", "site"):
            ticket = await one(office.connector, key)
            context = ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id)
            current = getattr(ticket, field)
            found = await office.connector.choices(field, context)
            other = next((c.name for c in found if c.name != current and c.active), None)
            if field == "agreement":
                other = None  # the others of a company are over or not begun, and refused: it is emptied
            change = await office.done(key, set={field: other or ""})
            assert getattr(await one(office.connector, key), field) == other, field
            await office.undone(change)
            assert getattr(await one(office.connector, key), field) == current

    async def test_a_custom_field_and_back(self, office, key):
        office.world.ticket(key).custom |= {"PO": "A-1", "Room": "12"}
        office.world.touch(office.world.ticket(key), "asmith")
        await office.sync()
        change = await office.done(key, set={"custom:PO": "B-2"})
        assert {"PO": "B-2", "Room": "12"}.items() <= office.world.ticket(key).custom.items()
        await office.undone(change)
        assert {"PO": "A-1", "Room": "12"}.items() <= office.world.ticket(key).custom.items()

    async def test_a_reply_takes_the_responded_status_along(self, office):
        waiting = office.world.planted["customer_responded/flag_set"]
        key = next(str(i) for i in waiting if status_of(office.world, office.world.ticket(i)) == 19)
        await office.done(key, reply="It works again.")
        assert office.notes(key, "It works again.") == 1
        assert status_of(office.world, office.world.ticket(key)) == 7, "answered_status"
        assert len(office.world.mails) == 1
        with office.databases.cache_reads.begin() as db:
            kinds = (
                db.exec_driver_sql("SELECT kind FROM exception WHERE ticket_id = ?", (key,)).scalars().all()
            )
        assert "customer_responded" not in kinds

    async def test_a_seen_note_and_an_internal_one_mail_nobody(self, office, key):
        await office.done(key, note="Only for us")
        await office.done(office.ticket(), seen="by phone")
        assert not office.world.mails
        assert not any(n.public for n in office.world.notes[key] if n.text == "Only for us")

    async def test_time_is_the_technicians_and_its_text_internal(self, office, key):
        before = set(office.world.time)
        await office.done(
            key, time=0.75, billing_code="Remote Support", note="Replaced it", billable="DoNotBill"
        )
        (made,) = (office.world.time[i] for i in set(office.world.time) - before)
        assert (made.hours, made.member_id, made.text, made.public) == (0.75, 101, "Replaced it", False)
        assert made.billable == "DoNotBill"
        assert made.work_type_id == office.world.work_type("Remote Support").id


class TestUnknownOutcome:
    @pytest.mark.parametrize("fault", ["drop-after-commit", "cut", "html"])
    async def test_a_note_whose_answer_is_lost_is_there_once(self, office, key, fault):
        office.faults.next(f"/Tickets/{key}/Notes", fault, method="POST")
        change = await office.fix(str(key), note=f"note, {fault}")
        await office.push()
        assert office.notes(str(key), f"note, {fault}") == 1
        assert office.state(change) == "confirmed"

    @pytest.mark.parametrize("fault", ["500", "drop", "429"])
    async def test_a_note_that_did_not_arrive_is_there_once(self, office, key, fault):
        office.faults.next(f"/Tickets/{key}/Notes", fault, method="POST")
        change = await office.fix(str(key), note=f"note, {fault}")
        for _ in range(3):
            await office.push()
        assert (office.state(change), office.notes(str(key), f"note, {fault}")) == ("confirmed", 1)

    async def test_time_whose_answer_is_lost_is_there_once(self, office, key):
        before = len(office.world.time_of.get(key, []))
        change = await office.fix(str(key), time=0.25, billing_code="Remote Support")
        with OnlyPath(office.faults, "/TimeEntries", "drop-after-commit") as fault:
            await office.push()
        assert fault.met == 1
        assert len(office.world.time_of[key]) == before + 1
        assert office.state(change) == "confirmed"

    async def test_a_status_whose_answer_is_lost_is_read_again(self, office, key):
        change = await office.fix(str(key), status="Waiting Customer")
        with OnlyPath(office.faults, "/Tickets", "drop-after-commit") as fault:
            await office.push()
        assert fault.met == 1 and office.state(change) == "confirmed"
        assert [w.method for w in office.world.writes] == ["PATCH"]

    async def test_a_mailed_reply_that_may_have_gone_never_goes_twice(self, office):
        key = office.ticket()
        office.faults.next(f"/Tickets/{key}/Notes", "drop", method="POST")
        change = await office.fix(key, reply="Dear customer")
        for _ in range(2):
            await office.push()
        assert (office.state(change), office.notes(key, "Dear customer")) == ("uncertain", 0)

    async def test_without_impersonation_a_lost_answer_is_left_to_a_person(self, databases, app, url):
        """The note stands there under the API user's name: it is not known that this is us."""
        desk = Desk(databases, app, url, impersonate=False)
        key = str(mine(app.state.world)[0])
        desk.faults.next(f"/Tickets/{key}/Notes", "drop-after-commit", method="POST")
        change = await desk.fix(key, note="whose is it")
        await desk.push()
        assert (desk.state(change), desk.notes(key, "whose is it")) == ("uncertain", 1)
        await desk.connector.close()


class OnlyPath:
    """Spoils the next write to exactly that path (a query's path begins with the same)."""

    def __init__(self, faults: Any, path: str, kind: Any) -> None:
        self.faults, self.path, self.kind, self.met = faults, path, kind, 0

    def __enter__(self) -> OnlyPath:
        real = self.faults.take

        def take(method: str, path: str) -> Any:
            if path == self.path and not self.met:
                self.met += 1
                self.faults.next(path, self.kind, method=method)
            return real(method, path)

        self.faults.take = take
        return self

    def __exit__(self, *_: object) -> None:
        del self.faults.take


class TestRefused:
    async def test_a_field_that_is_ignored_is_found_out(self, office, key, monkeypatch):
        """The API answers 200 to a name that it does not know."""
        from connectors.autotask import plan

        monkeypatch.setitem(plan.PATHS, "priority", "ticketPriority")
        change = await office.fix(str(key), set={"priority": "Priority 1 - Critical"})
        await office.push()
        assert office.state(change) == "rejected"
        assert "answered without an error" in state_of(office.databases, change).error

    async def test_the_shops_own_rule_refuses_in_a_500(self, office, key):
        status = status_of(office.world, office.world.ticket(key))
        office.world.refusals[key] = ("status", "The checklist has important items open.")
        change = await office.fix(str(key), status="In Progress" if status == 7 else "Waiting Customer")
        await office.push()
        assert office.state(change) == "rejected"
        assert "important items" in state_of(office.databases, change).error
        assert not office.world.writes and not office.slept

    async def test_who_is_assigned_besides_cannot_be_first(self, office, key):
        ticket = office.world.ticket(key)
        ticket.resources = (*ticket.resources, "tnguyen")
        await office.sync()
        change = await office.fix(str(key), owner="tnguyen")
        await office.push()
        assert office.state(change) == "rejected" and "secondary" in state_of(office.databases, change).error

    async def test_a_locked_entry_is_refused(self, office, key):
        entry = office.world.log_time(key, 0.5)
        code = Ref(str(office.world.work_type("Remote Support").id), "Remote Support")
        entry.invoice = "INV-1"
        fix = Fix(change="c", ticket_id=str(key), entries={str(entry.id): code})
        (step,) = office.connector.plan(fix, await one(office.connector, key))
        with pytest.raises(Rejected, match="approved"):
            await office.connector.apply(step, None)

    async def test_impersonation_that_is_not_allowed_writes_nothing(self, office, key, app):
        app.state.switches.impersonation = False
        change = await office.fix(str(key), note="in my name")
        await office.push()
        assert office.state(change) == "rejected" and office.notes(str(key), "in my name") == 0


class TestConflict:
    async def test_a_colleague_who_sets_the_code_first_is_not_overwritten(self, office, key):
        office.world.set_field(key, "billing_code", None)
        await office.sync()
        change = await office.fix(str(key), billing_code="Remote Support")
        office.world.set_field(key, "billing_code", "On-site")
        await office.push()
        assert office.state(change) == "conflict"

    async def test_a_customer_who_writes_meanwhile_stops_the_reply(self, office):
        key = office.ticket()
        change = await office.fix(key, reply="Dear customer")
        office.world.customer_replies(key, "And the scanner is broken too")
        await office.push()
        assert office.state(change) == "conflict" and office.notes(key, "Dear customer") == 0


class TestPlan:
    @pytest.fixture
    def psa(self) -> Autotask:
        return open_connector("autotask", "x", {k: settings("http://127.0.0.1:1")[k] for k in OWN}, secrets())

    @pytest.fixture
    async def ticket(self) -> AsyncIterator[TicketRecord]:
        world = World(3, 60, speed=0)
        async with desk(world) as psa:
            yield await one(psa, mine(world)[0])

    async def test_time_then_code_then_text_then_status(self, psa, ticket):
        code = Ref("1", "x")
        fix = Fix(
            change="c",
            ticket_id=ticket.ticket_id,
            decided_at=NOW,
            fields={"status": Ref("5", "Complete"), "billing_code": code},
            time=NewTime(hours=0.5, code=code),
            entries={"310000": code},
            reply="Done.",
        )
        steps = psa.plan(fix, ticket)
        assert [step.action for step in steps] == ["time", "entry", "patch", "note", "patch"]
        assert steps[-1].sets == {"status": Ref("5", "Complete")} and steps[-1].guards_reply
        assert not any(step.repeatable for step in steps if step.creates)
        assert [bool(step.mails) for step in steps] == [False, False, False, True, False]

    async def test_a_closed_ticket_is_opened_before_time(self, psa, ticket):
        closed = msgspec.structs.replace(ticket, closed=True)
        fix = Fix(
            change="c",
            ticket_id=ticket.ticket_id,
            decided_at=NOW,
            fields={"status": Ref("8", "x")},
            time=NewTime(hours=1),
        )
        assert [step.action for step in psa.plan(fix, closed)] == ["patch", "time"]

    async def test_what_is_declared_can_be_planned_and_nothing_else(self, psa, ticket):
        verbs = {"reply", "note", "time", "attach", "detach", "entry_code", "custom"}
        for name in psa.capabilities.writes - verbs:
            value = {"due_at": NOW, "summary": "x"}.get(name, Ref("1", "x"))
            assert psa.plan(Fix(change="c", ticket_id=ticket.ticket_id, fields={name: value}), ticket)
        for name in psa.capabilities.absent:
            assert name not in psa.capabilities.writes
            with pytest.raises(Unsupported):
                psa.plan(Fix(change="c", ticket_id=ticket.ticket_id, fields={name: "x"}), ticket)

    @pytest.mark.parametrize(
        "more",
        [
            {"fields": {"status": "Complete"}},
            {"fields": {"status": Ref("x", "Complete")}},
            {"time": NewTime(hours=25)},
            {"time": NewTime(hours=0)},
            {"time": NewTime(hours=1, billable="Perhaps")},
        ],
    )
    async def test_what_cannot_be_is_refused_before_it_is_sent(self, psa, ticket, more):
        with pytest.raises(Rejected):
            psa.plan(Fix(change="c", ticket_id=ticket.ticket_id, decided_at=NOW, **more), ticket)

    async def test_what_is_read_by_the_customer_and_who_is_mailed_is_a_setting(self, ticket):
        table = {k: settings("http://127.0.0.1:1")[k] for k in OWN}
        quiet = open_connector(
            "autotask", "x", table | {"replies_mail": False, "time_text": "summary"}, secrets()
        )
        time, note = quiet.plan(
            Fix(
                change="c",
                ticket_id=ticket.ticket_id,
                decided_at=NOW,
                reply="Hi",
                time=NewTime(hours=1, text="Did it"),
            ),
            ticket,
        )
        assert time.public and time.body["entry"]["summaryNotes"] == "Did it"
        assert note.public and note.mails == () and note.guards_reply

    async def test_a_write_that_finds_no_place_in_time_is_not_sent(self):
        """The PSA lets three in; what was compared before the write would be old."""
        world = World(3, 60, speed=0)
        async with desk(world) as psa:
            ticket = await one(psa, mine(world)[0])
            (step,) = psa.plan(Fix(change="c", ticket_id=ticket.ticket_id, note="late"), ticket)
            async with psa._api._place("Tickets", True):
                with pytest.raises(Throttled, match="no place"):
                    await psa.apply(step, None)
            assert not world.writes
            assert (await psa.apply(step, None)).created_id
