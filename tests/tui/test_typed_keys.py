"""Keys on their way through the app: what was typed with pauses is no paste, however late the screen gets to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from tests.tui.screen import settle, until
from tests.tui.small_shop import Shop, at_work, opened, told
from tui.keyboard import BURST_WINDOW
from tui.screens.writing import Writing


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


def typed(text: str, pause: float) -> list[events.Key]:
    """These letters as a terminal's thread takes them, `pause` seconds apart."""
    keys = [events.Key(letter, letter) for letter in text]
    for number, key in enumerate(keys):
        key.time += number * pause
    return keys


async def test_keys_typed_with_pauses_while_the_screen_is_held_up_are_no_paste(shop):
    async with at_work(shop, "1") as (pilot, _screen):
        pilot.app._burst_window = BURST_WINDOW
        for key in typed("rhello", 0.05):
            pilot.app.post_message(key)
        await opened(pilot, Writing)
        await until(pilot, lambda: pilot.app.screen.query_one("#edit").text == "hello", "it is in the editor")


async def test_keys_of_one_read_are_a_paste(shop):
    async with at_work(shop, "1") as (pilot, screen):
        pilot.app._burst_window = BURST_WINDOW
        for key in typed("rhello", 0.0):
            pilot.app.post_message(key)
        await until(pilot, lambda: "looked like a paste" in told(screen), "it is told")
        await settle(pilot)
        assert pilot.app.screen is screen


async def test_a_key_pressed_twice_before_the_screen_got_to_it_counts_once(shop):
    """Who presses it again because nothing happens means the same row, not the one that comes up in its place."""
    async with at_work(shop, "4") as (pilot, screen):
        row = next(one for one in screen.list._rows.values() if one.promise and one.promise.strong)
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        pilot.app._burst_window = BURST_WINDOW
        before = len(screen.list)
        for key in typed("aa", 0.3):
            pilot.app.post_message(key)
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        await settle(pilot)
        assert len(screen.list) == before - 1
        assert len(await pilot.app.read(lambda reader: reader.changes(True))) == 1
