"""Files of a ticket that somebody reads: asked for once and in the background, never for one that is passed by."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from textual.pilot import Pilot

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets
from store.desk import Desk
from store.read import Reader
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, told
from tui.commands.show_command import ticket_json
from tui.files import NOT_ASKED
from tui.plain import ticket_lines
from tui.screens import queue_files
from tui.screens.look import Look
from tui.screens.queue import QueueScreen
from tui.screens.queue_story import PAUSE
from tui.widgets.conversation import Conversation

LIST = "/system/documents"
LONG, SHORT = 3600.0, 0.1
"""Seconds of rest: such as never end in a test, and such as end soon."""


class Documents(httpx.ASGITransport):
    """The way to the simulator; it can be held up, or cut, where files are listed."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.asked: list[str] = []
        """The tickets whose files were asked for."""
        self.open = threading.Event()
        self.open.set()
        self.cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(LIST):
            if self.cut:
                raise httpx.ConnectError("no route to host")
            self.asked.append(request.url.params["recordId"])
            await asyncio.to_thread(self.open.wait)
        return await super().handle_async_request(request)


class FileShop(Shop):
    """A shop in which every open ticket of ours got a file with words."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = Documents(simulator(self.world))
        me = self.world.member(self.world.technician).id
        for one in self.world.tickets.values():
            if self.world.is_open(one) and one.owner_id == me:
                self.send(one.id, f"log {one.id}.txt")

    def send(self, ticket_id: int | str, name: str, *, at: int | None = None) -> None:
        self.world.customer_replies(ticket_id, f"See {name}.", files=((name, 2_048),), at=at)

    def desk(self) -> Desk:
        secrets = {"demo": demo_secrets(self.psa)}
        return Desk(
            self.home,
            self.settings,
            transports={"demo": self.files},
            secrets=secrets,
            clock=lambda: self.now,
        )


@pytest.fixture
def shop(tmp_path: Path) -> FileShop:
    return FileShop(tmp_path / "home")


@pytest.fixture(autouse=True)
def rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody rests long enough, unless the test says so."""
    monkeypatch.setattr(queue_files, "RESTS", LONG)


@asynccontextmanager
async def reading(shop: FileShop) -> AsyncIterator[tuple[Pilot[Any], QueueScreen]]:
    """The queue with all open tickets, after a pull that has cost no listing of those with words."""
    async with at_work(shop, "0") as (pilot, screen):
        await settle(pilot)
        shop.files.asked.clear()
        assert screen.view is not None
        while not screen.view.files_due:  # of a customer's note without words all files are known already
            await press(pilot, "j")
        yield pilot, screen


def here(screen: QueueScreen) -> str:
    assert screen.row is not None
    return screen.row.ticket_id


async def test_an_open_ticket_shows_the_files_that_came_with_words(shop: FileShop) -> None:
    async with reading(shop) as (pilot, screen):
        ticket = here(screen)
        assert f"log {ticket}.txt, 2.0" not in painted(screen)
        await press(pilot, "enter")
        await until(
            pilot, lambda: f"file on the ticket: log {ticket}.txt, 2.0 kB" in painted(screen), "listed"
        )
        assert shop.files.asked == [ticket]
        await press(pilot, "escape", "enter", "J", "K", "escape", "j", "k", "enter")
        assert shop.files.asked == [ticket], "once for a reading of the conversation"


async def test_passing_by_costs_no_request(shop: FileShop) -> None:
    async with reading(shop) as (pilot, screen):
        await press(pilot, "j", "j", "k", "J", "K", "1", "0", "j")
        assert shop.files.asked == []
        assert screen.view is not None and screen.view.files_due


async def test_who_rests_on_a_ticket_reads_it(shop: FileShop, monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(shop) as (pilot, screen):
        await press(pilot, "j")
        monkeypatch.setattr(queue_files, "RESTS", SHORT)
        await press(pilot, "j")
        ticket = here(screen)
        await until(pilot, lambda: f"log {ticket}.txt, 2.0 kB" in painted(screen), "listed")
        assert shop.files.asked == [ticket]


async def test_nobody_reads_a_screen_that_is_left_alone(
    shop: FileShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reading(shop) as (pilot, screen):
        monkeypatch.setattr(queue_files, "RESTS", SHORT)
        shop.now += PAUSE + 1
        screen.list.move(1)
        await settle(pilot)
        await pilot.pause(4 * SHORT)
        await settle(pilot)
        assert shop.files.asked == []
        await press(pilot, "J")
        await until(pilot, lambda: shop.files.asked == [here(screen)], "somebody is back")


async def test_an_open_ticket_is_asked_again_once_its_conversation_was_read_anew(shop: FileShop) -> None:
    async with reading(shop) as (pilot, screen):
        ticket = here(screen)
        await press(pilot, "enter")
        await until(pilot, lambda: f"log {ticket}.txt, 2.0 kB" in painted(screen), "listed")
        shop.now += 120
        shop.send(ticket, "second.txt")
        await shop.pull()
        shop.files.asked.clear()  # the round's own, of conversations with a note without words
        screen.read_detail()
        await until(pilot, lambda: "file on the ticket: second.txt" in painted(screen), "listed again")
        assert shop.files.asked == [ticket]


async def test_keys_go_on_while_it_is_asked_and_who_moved_on_costs_nothing(shop: FileShop) -> None:
    async with reading(shop) as (pilot, screen):
        shop.files.open.clear()
        first = here(screen)
        await pilot.press("enter")
        await until(pilot, lambda: shop.files.asked == [first], "asked")
        seen = [first]
        for _ in range(2):
            for key in ("escape", "j", "enter"):
                await pilot.press(key)
            await until(
                pilot,
                lambda: screen.view is not None and screen.view.record.ticket_id == here(screen),
                "read",
            )
            assert screen.has_class("-ticket") and here(screen) not in seen
            seen.append(here(screen))
        assert shop.files.asked == [first], "one at a time"
        shop.files.open.set()
        await until(pilot, lambda: f"log {seen[-1]}.txt, 2.0 kB" in painted(screen), "the last is listed")
        assert shop.files.asked == [first, seen[-1]], "the one that was passed is not"


async def test_offline_the_line_says_that_files_were_not_asked_for(shop: FileShop) -> None:
    async with reading(shop) as (pilot, screen):
        shop.files.cut = True
        before = told(screen)
        await press(pilot, "enter")
        await until(
            pilot, lambda: "Files were not asked for: the PSA could not be" in painted(screen), "said"
        )
        assert told(screen) == before and screen.app.screen is screen, "nothing to deal with"
        shop.files.cut = False
        await press(pilot, "J", "K")
        assert shop.files.asked == [], "not tried without end"
        await press(pilot, "escape", "enter")
        await until(pilot, lambda: shop.files.asked == [here(screen)], "opened anew")
        await until(pilot, lambda: "not asked for" not in painted(screen), "listed")


async def test_what_is_read_stays_where_it_is(shop: FileShop) -> None:
    """A file of an earlier day comes in above what somebody has scrolled to."""
    async with reading(shop) as (pilot, screen):
        ticket = here(screen)
        shop.now += 60
        for number in range(60):
            shop.world.staff_note(ticket, f"Remark {number}.", public=False)
        shop.now += 120
        shop.send(ticket, "late.txt")
        await shop.pull()
        shop.files.asked.clear()
        shop.files.open.clear()
        screen.read_detail()
        await settle_but_files(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: shop.files.asked == [ticket], "asked")
        for _ in range(20):
            await pilot.press("K")
        await pilot.pause(0.1)
        talk = screen.talk
        top, texts = talk.scroll_offset.y, [line.text for line in talk._talk.lines]
        in_sight = texts[top : top + talk.size.height]
        assert top > 0 and any(text.startswith("Remark") for text in in_sight)
        shop.files.open.set()
        await until(
            pilot, lambda: any("file on the ticket" in one.text for one in talk._talk.lines), "listed"
        )
        await pilot.pause(0.1)
        now = [line.text for line in talk._talk.lines]
        above = now.index(f"file on the ticket: log {ticket}.txt, 2.0 kB")
        assert above < talk.scroll_offset.y == top + 1
        assert now[talk.scroll_offset.y :][: talk.size.height] == in_sight


async def settle_but_files(pilot: Pilot[Any]) -> None:
    """Until the detail is painted; a listing that is held up would never settle."""
    await until(
        pilot,
        lambda: all(worker.is_finished for worker in pilot.app.workers if worker.group == "detail"),
        "read",
    )
    await pilot.pause()


async def test_a_ticket_in_no_list_shows_its_files_too(shop: FileShop) -> None:
    async with reading(shop) as (pilot, screen):
        assert screen.view is not None and screen.view.files_due
        ticket = here(screen)
        await screen.app.push_screen(Look(screen.view))
        await until(pilot, lambda: isinstance(screen.app.screen, Look), "opens")

        def lines() -> list[str]:
            return [line.text for line in screen.app.screen.query_one(Conversation)._talk.lines]

        await until(pilot, lambda: f"file on the ticket: log {ticket}.txt, 2.0 kB" in lines(), "listed")
        assert shop.files.asked == [ticket]


async def test_show_says_offline_that_files_were_not_asked_for(shop: FileShop) -> None:
    async with reading(shop) as (_, screen):
        ticket = here(screen)

    def shown() -> tuple[str, dict[str, Any]]:
        view = Reader(shop.home, shop.settings).ticket("demo", ticket)
        assert view is not None
        document = ticket_json(view)
        assert isinstance(document, dict)
        return "\n".join(ticket_lines(view, shop.settings, now=int(shop.now))), document

    text, document = shown()
    assert f"Files on the ticket\n  {NOT_ASKED}" in text
    assert document["files_due"] is True and document["files"] == []
    async with shop.desk() as desk:
        assert await desk.list_files("demo", ticket) == ""
    text, document = shown()
    assert NOT_ASKED not in text and f"log {ticket}.txt, 2.0 kB" in text
    assert document["files_due"] is False and [one["name"] for one in document["files"]] == [
        f"log {ticket}.txt"
    ]
