"""Keys that come while a fix is prepared or saved: they are for what opens next, and Esc says what is so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from store import drafts
from store.desk import Desk
from tests.tui.dialog_day import type_in
from tests.tui.screen import press, settle, until
from tests.tui.small_shop import Shop, at_work, opened, told
from tui.flows_time import DRAFT
from tui.screens.confirm import Ask
from tui.screens.mistake import MistakeForm
from tui.screens.queue import QueueScreen
from tui.screens.review import Review
from tui.screens.work_form import WorkForm
from tui.screens.writing import Writing


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


class Slow:
    """Holds up one call of the desk until it is let go; whoever asks the desk something else is answered."""

    def __init__(self, shop: Shop, call: str) -> None:
        self.shop, self.call = shop, call
        self.begun, self.go = threading.Event(), threading.Event()

    def desk(self) -> Desk:
        desk = self.shop.desk()
        real = getattr(desk, self.call)

        async def slow(*args: Any, **more: Any) -> Any:
            self.begun.set()
            async with asyncio.timeout(30):
                while not self.go.is_set():  # noqa: ASYNC110 - set in another thread
                    await asyncio.sleep(0.01)
            return await real(*args, **more)

        setattr(desk, self.call, slow)
        return desk


@asynccontextmanager
async def slow_work(shop: Shop, call: str, pane: str) -> AsyncIterator[tuple[Any, QueueScreen, Slow]]:
    slow = Slow(shop, call)
    async with at_work(shop, pane, open_desk=slow.desk) as (pilot, screen):
        try:
            yield pilot, screen, slow
        finally:
            slow.go.set()


async def changes(pilot: Any) -> list[Any]:
    return await pilot.app.read(lambda reader: reader.changes(True))


async def on_a_suggestion(pilot: Any, screen: QueueScreen) -> None:
    row = next(one for one in screen.list._rows.values() if one.promise and one.promise.strong)
    screen.list.go(screen.list.find(*row.key[:2]))
    await settle(pilot)


async def given_up(pilot: Any, screen: QueueScreen, slow: Slow) -> None:
    """A suggestion is accepted, and Esc follows while the desk is at it."""
    await on_a_suggestion(pilot, screen)
    await press(pilot, "a")
    await until(pilot, slow.begun.is_set, "the desk is at it")
    await press(pilot, "escape")


async def test_esc_while_a_fix_is_saved_does_not_claim_that_nothing_was_done(shop):
    async with slow_work(shop, "submit", "4") as (pilot, screen, slow):
        await given_up(pilot, screen, slow)
        assert "Nothing was done" not in told(screen)
        assert "Too late to give up" in told(screen)
        assert "u takes it back" in told(screen)
        slow.go.set()
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert len(await changes(pilot)) == 1


async def test_esc_while_a_fix_is_prepared_gives_it_up(shop):
    async with slow_work(shop, "prepare", "4") as (pilot, screen, slow):
        await given_up(pilot, screen, slow)
        assert "Given up. Nothing was done." in told(screen)
        slow.go.set()
        await settle(pilot)
        assert await changes(pilot) == []


async def to_the_note_of_a_mistake(pilot: Any, slow: Slow) -> None:
    """Form and question are answered, and the note's review is on its way."""
    await press(pilot, "m")
    await opened(pilot, MistakeForm)
    await type_in(pilot, "Late")
    await press(pilot, "escape")
    await opened(pilot, Ask)
    await press(pilot, "y")
    await until(pilot, slow.begun.is_set, "the note is being prepared")


async def test_a_key_between_two_dialogs_does_nothing_to_the_list(shop):
    async with slow_work(shop, "prepare", "4") as (pilot, screen, slow):
        await on_a_suggestion(pilot, screen)
        row = screen.row
        await to_the_note_of_a_mistake(pilot, slow)
        await press(pilot, "a", "j")
        assert screen.row is row
        slow.go.set()
        await opened(pilot, Review)
        await press(pilot, "escape")
        await until(pilot, lambda: "No note was written." in told(screen), "said")
        await press(pilot, "k")
        assert await changes(pilot) == [], "neither accepted nor written"


async def test_esc_between_two_dialogs_gives_up_and_the_text_is_kept(shop):
    async with slow_work(shop, "prepare", "1") as (pilot, screen, slow):
        row = screen.row
        await press(pilot, "t")
        await opened(pilot, WorkForm)
        await press(pilot, *"13:40-13:55", "tab", "tab", "tab", *"Called", "escape")
        await until(pilot, slow.begun.is_set, "it is being prepared")
        await press(pilot, "escape")
        assert "Given up. Nothing was done." in told(screen)
        slow.go.set()
        await settle(pilot)
        assert await changes(pilot) == []
        assert drafts.load(shop.home, row.connection, row.ticket_id, DRAFT) == "Called"


async def test_moving_goes_on_once_the_answer_is_saved(shop):
    async with slow_work(shop, "submit", "1") as (pilot, screen, slow):
        await press(pilot, "n")
        await settle(pilot)
        await type_in(pilot, "Called back.")
        await press(pilot, "escape")
        await opened(pilot, Review)
        at = screen.list.cursor
        await press(pilot, "y")
        await until(pilot, slow.begun.is_set, "it is being saved")
        await press(pilot, "j", "a", "j")
        assert screen.list.cursor == at
        slow.go.set()
        await until(pilot, lambda: screen.list.cursor != at, "it moves")
        await settle(pilot)
        assert screen.list.cursor == at + 1, "what came behind a key that acts is gone with it"
        assert len(await changes(pilot)) == 1


async def test_esc_between_the_questions_of_quitting_stays(shop, monkeypatch):
    """A mail that is held, then a timer that runs: the second question is slow to come."""
    async with at_work(shop, "1") as (pilot, screen):
        app = pilot.app
        await press(pilot, "T", "r")
        await opened(pilot, Writing)
        await type_in(pilot, "Hi, I call you at three.")
        await press(pilot, "escape")
        await opened(pilot, Review)
        await press(pilot, "y")
        await until(pilot, lambda: "held" in {one.state for one in screen.standing.changes}, "held")
        await press(pilot, "q")
        await opened(pilot, Ask)
        begun, go = asyncio.Event(), asyncio.Event()
        real = type(app).read

        async def slow(self, work):
            begun.set()
            await go.wait()
            return await real(self, work)

        monkeypatch.setattr(type(app), "read", slow)
        at = screen.list.cursor
        await press(pilot, "w")  # withdraw it
        await until(pilot, begun.is_set, "the next question is on its way")
        await press(pilot, "j")
        assert screen.list.cursor == at
        await press(pilot, "escape")
        assert "deskzero stays open." in told(screen)
        go.set()
        await settle(pilot)
        assert app.screen is screen and app.is_running
        monkeypatch.undo()
        await press(pilot, "j")
        assert screen.list.cursor == at + 1
