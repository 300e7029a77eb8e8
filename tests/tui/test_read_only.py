"""A `read_only` connection on the screen: what would go out is shown in full, and nothing does."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from store import drafts
from tests.tui.screen import painted, press, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.screens.review import Review
from tui.screens.writing import Writing


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "home", read_only=True)


@asynccontextmanager
async def untouched(shop, pane):
    """The screen; afterwards the PSA and the outbox are as before and every row is still there."""
    async with at_work(shop, pane) as (pilot, screen):
        keys = list(screen.list.keys)
        yield pilot, screen
        await pilot.app.engine.call(lambda desk: desk.push(force=True))
        assert shop.world.writes == []
        assert shop.world.mails == []
        assert list(screen.list.keys) == keys
        assert await pilot.app.read(lambda reader: reader.changes(True)) == []


async def test_a_field_is_shown_as_it_would_go_out(shop):
    async with untouched(shop, "4") as (pilot, screen):
        row = screen.row
        await press(pilot, "b")
        await choose(pilot, "after hours")
        await opened(pilot, Review)
        text = painted(pilot.app.screen)
        assert f"Not sent, read_only: this is what would go out ── #{row.number} · " in text
        assert f"PATCH /service/tickets/{row.ticket_id}" in text, "the request itself"
        assert "→ After Hours" in text
        await press(pilot, "y", "enter", "escape")
        assert pilot.app.screen is screen
        assert screen.row.key == row.key


async def test_a_reply_stays_a_draft(shop):
    async with untouched(shop, "1") as (pilot, screen):
        row = screen.row
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, *"Done.", "escape")
        await opened(pilot, Review)
        text = painted(pilot.app.screen)
        assert "nothing is sent: read_only = true in the settings" in text
        assert f"POST /service/tickets/{row.ticket_id}/notes" in text
        assert "y send" not in text
        await press(pilot, "y", "enter", "escape")
        await until(pilot, lambda: pilot.app.screen is screen, "back")
        await until(pilot, lambda: bool(told(screen)), "told")
        assert drafts.load(shop.home, *row.key[:2], "reply") == "Done."
        assert screen.row.key == row.key


async def test_no_answer_needed_is_not_written_either(shop):
    async with untouched(shop, "1") as (pilot, screen):
        await press(pilot, "c")
        await choose(pilot, "thanks")
        await opened(pilot, Review)
        text = painted(pilot.app.screen)
        assert "POST /" in text
        assert "Seen, no answer needed: Thanks only" in text
        await press(pilot, "y")
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_there_is_nothing_to_take_back_and_quitting_asks_nothing(shop):
    async with untouched(shop, "4") as (pilot, screen):
        await press(pilot, "u")
        await until(pilot, lambda: "nothing to take back" in told(screen), "told")
        await press(pilot, "U")
        assert pilot.app.screen is screen
