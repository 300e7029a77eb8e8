"""A ticket's files where the PSA lists them apart: asked for once per reading of the conversation, kept meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.contract import (
    Attachment,
    Connector,
    ConnectorError,
    Conversation,
    Forbidden,
    NotThere,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World
from store.cache_upkeep import retire
from store.database import Databases
from store.desk import Desk
from store.files import list_files
from store.home import Home
from store.read import Reader
from store.read_records import TicketView
from store.settings import load
from store.settings_save import save_connection
from tests.store.fake_psa import FakePsa
from tests.store.sync_bench import Bench

LOG = Attachment("error log.txt", 2_048, 1_795_000_001, "Ann")
PICTURE = Attachment("screen.png", 51_234, 1_795_000_002, "Ann")
SENT = Attachment("with the note.pdf", 7)


class ApartPsa(FakePsa):
    """Lists files by a request of its own; its conversation asks for them only where `asks` says so."""

    def __init__(self) -> None:
        super().__init__()
        self.files_of: dict[str, tuple[Attachment, ...]] = {}
        self.asks = False
        self.listings = 0
        """Asked for, ever; the bench empties `asked` before each round."""
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        """Happens while a listing is under way."""

    async def conversation(self, ticket_id: str) -> Conversation:
        found = await super().conversation(ticket_id)
        files = self.files_of.get(ticket_id, ()) if self.asks else ()
        return msgspec.structs.replace(found, files=files, files_asked=self.asks)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        self.listings += 1
        self._count("files")
        found = self.files_of.get(ticket_id, ())
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return found


class Shop(Bench):
    """A bench with one ticket, on which the customer has sent a file with words."""

    psa: ApartPsa

    async def opened(self) -> Connector | None:
        return self.psa

    async def list(self, ticket_id: str = "1") -> str:
        return await list_files(self.databases, "acme", self.opened, ticket_id, now=self.psa.clock)

    @property
    def asked(self) -> int:
        """How many listings were asked for, ever."""
        return self.psa.listings

    async def read_anew(self) -> None:
        """The ticket moved, so that a round reads its conversation."""
        self.psa.change("1")
        await self.good()
        assert self.psa.conversations_read == ["1"]

    def view(self) -> TicketView:
        found = Reader(self.databases.home, self.settings).ticket("acme", "1")
        assert found is not None
        return found

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.view().files]


@pytest.fixture
async def shop(databases: Databases) -> Shop:
    found = Shop(databases, ApartPsa())
    found.psa.add("1")
    found.psa.say("1", "The log is attached.")
    found.psa.files_of["1"] = (LOG,)
    await found.good()
    return found


async def test_they_are_listed_once_for_a_reading_of_the_conversation(shop: Shop) -> None:
    assert shop.view().files_due and shop.names == []
    assert await shop.list() == "" and shop.asked == 1
    (file,) = shop.view().files
    assert (file.name, file.size, file.at, file.by) == (LOG.name, LOG.size, LOG.added_at, LOG.added_by)
    assert not shop.view().files_due
    assert await shop.list() == "" and shop.asked == 1


async def test_that_there_are_none_is_an_answer_too(shop: Shop) -> None:
    shop.psa.files_of["1"] = ()
    assert await shop.list() == ""
    assert not shop.view().files_due
    await shop.list()
    assert shop.asked == 1


async def test_after_a_new_reading_they_are_asked_for_again(shop: Shop) -> None:
    await shop.list()
    shop.psa.files_of["1"] = (LOG, PICTURE)
    await shop.good()
    assert not shop.view().files_due, "a round that did not read the conversation changes nothing"
    await shop.read_anew()
    assert shop.view().files_due
    await shop.list()
    assert shop.names == [LOG.name, PICTURE.name] and shop.asked == 2


async def test_a_round_that_asked_for_less_takes_no_file_away(shop: Shop) -> None:
    await shop.list()
    await shop.read_anew()
    assert shop.names == [LOG.name] and shop.view().files_due


async def test_a_file_that_the_psa_deleted_goes_with_the_next_listing(shop: Shop) -> None:
    await shop.list()
    shop.psa.files_of["1"] = ()
    await shop.read_anew()
    await shop.list()
    assert shop.names == []


async def test_a_conversation_that_asks_for_its_files_settles_it(shop: Shop) -> None:
    await shop.list()
    shop.psa.asks, shop.psa.files_of["1"] = True, (PICTURE,)
    await shop.read_anew()
    assert shop.names == [PICTURE.name] and not shop.view().files_due
    assert await shop.list() == "" and shop.asked == 1


async def test_files_of_notes_are_those_of_the_conversation_whatever_is_listed(shop: Shop) -> None:
    (note,) = shop.psa.notes["1"]
    shop.psa.notes["1"] = [msgspec.structs.replace(note, attachments=(SENT,))]
    await shop.read_anew()
    await shop.list()
    assert [file.name for file in shop.view().notes[0].files] == [SENT.name] and shop.names == [LOG.name]
    shop.psa.notes["1"] = [note]
    await shop.read_anew()
    assert shop.view().notes[0].files == () and shop.names == [LOG.name]


@pytest.mark.parametrize("refusal", [Forbidden, NotThere, Rejected])
async def test_a_refusal_is_told_and_not_asked_for_again(shop: Shop, refusal: type[ConnectorError]) -> None:
    await shop.list()
    await shop.read_anew()
    shop.psa.errors["files"] = refusal("not for you")
    assert await shop.list() == ""
    assert shop.view().files_problem == "The ticket's files could not be listed: not for you"
    assert shop.names == [] and not shop.view().files_due
    await shop.list()
    assert shop.asked == 2
    await shop.read_anew()
    assert "not for you" in shop.view().files_problem, "nobody has asked since"
    shop.psa.errors.clear()
    await shop.list()
    assert shop.view().files_problem == "" and shop.names == [LOG.name]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unreachable("no route", sent=False), "the PSA could not be reached"),
        (Throttled("later", retry_after=9.0), "no request is free for it now"),
        (Unauthorized("401"), "the PSA does not let us in"),
        (Unreadable("a sign-in page"), "the PSA's answer could not be read"),
    ],
)
async def test_what_is_no_answer_changes_nothing_and_is_tried_again(
    shop: Shop, error: ConnectorError, why: str
) -> None:
    await shop.list()
    await shop.read_anew()
    shop.psa.errors["files"] = error
    before = shop.view()
    assert await shop.list() == why
    assert shop.view() == before and before.files_due and shop.names == [LOG.name]
    shop.psa.errors.clear()
    assert await shop.list() == "" and not shop.view().files_due


async def test_a_connection_that_cannot_be_opened_is_no_error(shop: Shop) -> None:
    async def closed() -> Connector | None:
        return None

    why = await list_files(shop.databases, "acme", closed, "1", now=shop.psa.clock)
    assert why == "the connection is not open" and shop.view().files_due


async def test_while_the_conversation_waits_to_be_read_nothing_is_asked(shop: Shop) -> None:
    """A changed record: the round that brought it reads the conversation next, and with it the files are due."""
    shop.psa.errors["conversation"] = Forbidden("not now")
    shop.psa.change("1")
    await shop.good()
    assert shop.view().notes_read_at is None and not shop.view().files_due
    assert await shop.list() == "" and shop.asked == 0


async def test_a_reading_that_came_meanwhile_makes_them_due_again(shop: Shop) -> None:
    shop.psa.meanwhile = shop.read_anew
    await shop.list()
    assert shop.names == [LOG.name], "what was listed is newer than nothing"
    assert shop.view().files_due
    await shop.list()
    assert shop.asked == 2 and not shop.view().files_due


async def test_an_older_listing_never_takes_the_place_of_a_newer_one(shop: Shop) -> None:
    async def reads_with_files() -> None:
        shop.psa.asks, shop.psa.files_of["1"] = True, (LOG, PICTURE)
        await shop.read_anew()

    shop.psa.meanwhile = reads_with_files
    assert await shop.list() == ""
    assert shop.names == [LOG.name, PICTURE.name] and not shop.view().files_due


async def test_a_psa_that_names_all_files_is_never_asked(databases: Databases) -> None:
    bench = Bench(databases)
    bench.psa.add("1")
    bench.psa.say("1", "help")
    await bench.good()

    async def opened() -> Connector | None:
        raise AssertionError("there is nothing to ask")

    assert await list_files(databases, "acme", opened, "1", now=bench.psa.clock) == ""
    view = Reader(databases.home, bench.settings).ticket("acme", "1")
    assert view is not None and not view.files_due


async def test_what_waits_goes_with_its_ticket(shop: Shop) -> None:
    shop.psa.change("1", closed=True, closed_at=shop.psa.clock)
    await shop.good()
    with shop.databases.cache.begin() as cache:
        gone = retire(cache, "acme", shop.settings, shop.psa.clock + 2 * shop.settings.retention)
    assert gone == 1 and shop.rows("SELECT * FROM files_due") == []


# ---------------------------------------------------------------- the desk, over a socket


class Served:
    """A simulated ConnectWise behind a socket, a home that knows it as `acme`, and a ticket with a file."""

    def __init__(self, folder: Path, app: Any, world: World, url: str) -> None:
        self.app, self.world = app, world
        self.home = Home.at(folder)
        save_connection(self.home.config, "acme", demo_settings(url=url))
        me = world.member(world.technician).id
        self.ticket = next(t.id for t in world.tickets.values() if world.is_open(t) and t.owner_id == me)
        world.customer_replies(self.ticket, "The log is attached.", files=((LOG.name, 2_048),))

    def desk(self) -> Desk:
        return Desk(self.home, load(self.home.config), secrets={"acme": demo_secrets()})

    @property
    def asked(self) -> int:
        return sum(one.path == "/system/documents" for one in self.app.state.requests)

    async def pulled(self, desk: Desk) -> None:
        (report,) = await desk.sync()
        assert report.ok, report.error
        self.app.state.requests.clear()

    def view(self, desk: Desk) -> TicketView:
        found = desk.reader.ticket("acme", str(self.ticket))
        assert found is not None
        return found


async def test_the_desk_asks_once_however_often_it_is_asked_at_the_same_time(tmp_path: Path) -> None:
    world = World(1, 40, speed=0.0)
    app = simulator(world)
    with run_in_thread(app) as url:
        served = Served(tmp_path / "home", app, world, url)
        async with served.desk() as desk:
            await served.pulled(desk)
            assert served.view(desk).files_due
            said = await asyncio.gather(*(desk.list_files("acme", str(served.ticket)) for _ in range(3)))
            assert said == ["", "", ""] and served.asked == 1
            assert [file.name for file in served.view(desk).files] == [LOG.name]
            assert len(app.state.requests) == 1


async def test_it_takes_no_request_that_is_kept_for_a_fix(tmp_path: Path) -> None:
    world = World(1, 40, speed=0.0)
    app = simulator(world)
    with run_in_thread(app) as url:
        served = Served(tmp_path / "home", app, world, url)
        async with served.desk() as desk:
            await served.pulled(desk)
            budget = desk._budgets.of(desk.settings.connections["acme"])
            assert budget is not None
            while budget.take(personal=False).wait == 0:
                pass
            assert await desk.list_files("acme", str(served.ticket)) == "no request is free for it now"
            assert budget.take(personal=True).wait == 0, "the reserve is untouched"
            assert served.asked == 0 and served.view(desk).files_due


async def test_a_psa_that_is_down_is_no_error(tmp_path: Path) -> None:
    world = World(1, 40, speed=0.0)
    app = simulator(world)
    with run_in_thread(app) as url:
        served = Served(tmp_path / "home", app, world, url)
        async with served.desk() as desk:
            await served.pulled(desk)
    async with served.desk() as desk:
        assert await desk.list_files("acme", str(served.ticket)) == "the PSA could not be reached"
        assert served.view(desk).files_due and desk.reader.states()[0].error is None
