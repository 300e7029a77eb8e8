"""What happened: a ticket's history, the log, and what came while nobody looked. All of it looks only."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import screen_state
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui import messages
from tui.messages import Saved
from tui.screens.story import Story


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def test_the_history_of_a_ticket_has_what_was_wrong_and_what_was_done(shop):
    async with at_work(shop, "4") as (pilot, screen):
        row = screen.row
        await press(pilot, "b")
        await choose(pilot, "Consulting")
        await until(pilot, lambda: "is in the PSA" in told(screen), "fixed")
        await press(pilot, "0")
        screen.list.go(screen.list.find(*row.key[:2]) or 0)
        await settle(pilot)
        await screen.jump(row.connection, row.ticket_id, quiet=True)
        await press(pilot, "h")
        await opened(pilot, Story)
        shown = painted(pilot.app.screen)
        if f"#{row.number}" in shown:  # a closed one is in no list any more
            assert "Billing code" in shown and "Consulting" in shown


async def test_the_log_tells_exceptions_fixes_and_what_was_said(shop):
    async with at_work(shop, "4") as (pilot, screen):
        number = screen.row.number
        await press(pilot, "b")
        await choose(pilot, "Consulting")
        await until(pilot, lambda: "is in the PSA" in told(screen), "fixed")
        await press(pilot, "y", "L")
        await opened(pilot, Story)
        shown = painted(pilot.app.screen)
        assert f"#{number} billing code → Consulting · ✓ in the PSA" in shown
        assert "Copied" in shown
        await press(pilot, *"consulting")
        shown = str(pilot.app.screen.query_one("#lines").content)
        assert shown.count("✓ in the PSA") == 1 and "Copied" not in shown
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_after_a_pause_the_first_line_says_what_came(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row, focus = screen.row, screen.focused
        await press(pilot, "k")
        shop.now += 3600
        listed = {key[1] for key in screen.list.keys}
        mine = [one for one in shop.world.tickets.values() if shop.world.assigned(one, "jdoe")]
        quiet = next(
            one for one in mine if shop.world.is_open(one) and not one.flag and str(one.id) not in listed
        )
        shop.world.customer_replies(quiet.id, "Hello?")
        await pilot.app.engine.call(lambda desk: desk.sync(force=True))
        pilot.app.saved.publish(Saved())
        await settle(pilot)
        await press(pilot, "k")
        await until(pilot, lambda: "new (Responded" in told(screen), "told")
        assert told(screen).startswith("Since ")
        assert screen.row.key == row.key and screen.focused is focus  # rule 6: nothing takes the focus


async def test_the_next_start_says_what_came_since_the_screen_was_left(shop):
    async with at_work(shop, "1") as (pilot, _):
        await press(pilot, "k")
    left = screen_state.recall(shop.home, screen_state.LEFT)
    assert left == int(shop.now)
    shop.now += 3600
    open_one = next(one for one in shop.world.tickets.values()
                    if shop.world.is_open(one) and not one.flag and shop.world.assigned(one, "jdoe"))  # fmt: skip
    shop.world.customer_replies(open_one.id, "Hello?")
    async with at_work(shop, "1") as (_, screen):
        assert "Since " in " ".join(text for _, text in screen.said_so_far)


async def test_nothing_came_is_no_line(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "k")
        shop.now += 3600
        await press(pilot, "k")
        await settle(pilot)
        assert "Since " not in told(screen)


async def test_what_the_first_round_brings_is_told_too(shop):
    """What came while the screen was shut is not in the cache at the start: the first round brings it."""
    async with at_work(shop, "1") as (pilot, _):
        await press(pilot, "k")
    shop.now += 3600
    async with at_work(shop, "1") as (pilot, screen):
        mine = [one for one in shop.world.tickets.values() if shop.world.assigned(one, "jdoe")]
        quiet = next(one for one in mine if shop.world.is_open(one) and not one.flag)
        shop.world.customer_replies(quiet.id, "Hello?")
        await pilot.app.engine.call(lambda desk: desk.sync(force=True))
        pilot.app.post_message(messages.SyncEnded(asked=False))
        await until(pilot, lambda: "1 new (Responded 1)" in told(screen), "told after the round")
