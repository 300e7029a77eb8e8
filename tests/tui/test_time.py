"""Logging time and stopwatches, as a technician has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import timers
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, opened, told
from tui.screens.confirm import Ask
from tui.screens.review import Review
from tui.screens.work_form import WorkForm


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


def hours_of(shop: Shop, ticket_id: str) -> list[float]:
    return [shop.world.time[one].hours for one in shop.world.time_of.get(int(ticket_id), [])]


async def test_from_when_to_when_with_a_text_after_a_review(shop):
    async with at_work(shop, "2") as (pilot, screen):
        row, before = screen.row, hours_of(shop, screen.row.ticket_id)
        await press(pilot, "t")
        await opened(pilot, WorkForm)
        await press(pilot, *"13:40-13:55", "tab", "tab", "tab", *"Called", "escape")
        await opened(pilot, Review)
        assert "Log this time?" in painted(pilot.app.screen)
        assert hours_of(shop, row.ticket_id) == before
        await press(pilot, "y")
        shop.now += 11
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert hours_of(shop, row.ticket_id) == [*before, 0.25]


async def test_nothing_filled_in_is_nothing_logged(shop):
    async with at_work(shop, "2") as (pilot, screen):
        before = hours_of(shop, screen.row.ticket_id)
        await press(pilot, "t")
        await opened(pilot, WorkForm)
        await press(pilot, "escape")
        await until(pilot, lambda: "nothing was logged" in told(screen), "says so")
        assert hours_of(shop, screen.row.ticket_id) == before


async def test_the_timer_is_in_the_header_and_in_the_form_rounded_as_the_shop_bills(shop):
    async with at_work(shop, "2") as (pilot, screen):
        row = screen.row
        await press(pilot, "T")
        assert "The timer runs" in told(screen)
        shop.now += 13 * 60
        screen._tick()
        await settle(pilot)
        assert f"T 0:13 #{row.number}" in painted(screen)
        await press(pilot, "t")
        await opened(pilot, WorkForm)
        shown = painted(pilot.app.screen)
        assert "0.25" in shown and "timer 0:13, rounded up to 0.25 h" in shown
        await press(pilot, "tab", "tab", "tab", *"Called", "escape")
        await opened(pilot, Review)
        await press(pilot, "y")
        shop.now += 11
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert hours_of(shop, row.ticket_id)[-1] == 0.25
        assert timers.kept(shop.home) == []


async def test_time_that_was_withdrawn_is_on_the_timer_again(shop):
    async with at_work(shop, "2") as (pilot, screen):
        await press(pilot, "T")
        shop.now += 13 * 60
        await press(pilot, "t")
        await opened(pilot, WorkForm)
        await press(pilot, "tab", "tab", "tab", *"Called", "escape")
        await opened(pilot, Review)
        await press(pilot, "y")
        await settle(pilot)
        assert timers.kept(shop.home) == []
        await press(pilot, "u")
        await until(pilot, lambda: "withdrawn" in told(screen), "taken back while it was held")
        (one,) = timers.kept(shop.home)
        assert one.counted(int(shop.now)) == 13 * 60 and not one.runs


async def test_a_second_timer_asks(shop):
    async with at_work(shop, "2") as (pilot, screen):
        first = screen.row
        await press(pilot, "T", "j")
        second = screen.row
        await press(pilot, "T")
        await opened(pilot, Ask)
        assert f"#{first.number}" in painted(pilot.app.screen)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Ask)
        await press(pilot, "p")
        await until(pilot, lambda: f"runs on #{second.number}" in told(screen), "the second one runs")
        assert [(one.ticket_id, one.runs) for one in timers.kept(shop.home)] == [
            (second.ticket_id, True), (first.ticket_id, False)
        ]  # fmt: skip


async def test_leaving_with_one_running_asks_and_it_is_there_after_a_restart(shop):
    async with at_work(shop, "2") as (pilot, screen):
        number = screen.row.number
        await press(pilot, "T", "q")
        await opened(pilot, Ask)
        assert "Quit? a timer runs" in painted(pilot.app.screen)
        await press(pilot, "k")
        await until(pilot, lambda: pilot.app._exit, "it quits")
    shop.now += 3600
    async with at_work(shop, "2") as (pilot, screen):
        assert f"T 1:00 #{number}" in painted(screen)
        assert timers.kept(shop.home)[0].counted(int(shop.now)) == 3600


async def test_rule_2_the_capital_writes_nothing_to_the_psa(shop):
    async with at_work(shop, "2") as (pilot, screen):
        writes = len(shop.world.writes)
        await press(pilot, "T")
        await pilot.pause(0.2)  # the same key within 150 ms counts once
        shop.now += 600
        await press(pilot, "T")
        assert "Paused at 0:10" in told(screen)
        assert len(shop.world.writes) == writes
