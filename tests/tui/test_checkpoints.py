"""Checkpoints: told at their time, once a day each, in words that are true, without taking anything away."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from textual import events

from store.checkpoints import LATE, due
from tests.tui.screen import make_app, press, settle, until
from tests.tui.small_shop import Shop, at_work, told
from tui.screens.help import Help

NOON = 12 * 60
MINUTE, HOUR = 60, 3600


def shop_at(folder: Path, clock: str, *points: int, **more: object) -> Shop:
    """A shop whose clocks stand at this time of the technician's day (Berlin), with these checkpoints."""
    day = datetime.fromisoformat(f"2026-11-26 {clock}+01:00")
    shop = Shop(folder / "home", now=day.timestamp())
    shop.settings = msgspec.structs.replace(shop.settings, checkpoints=points, **more)
    return shop


async def tick(pilot, shop: Shop, seconds: int = 0) -> str:
    """The clock goes on and the screen looks at it; the line above the keys."""
    shop.now += seconds
    pilot.app.queue._tick()
    await settle(pilot)
    return told(pilot.app.queue)


def clear(shop: Shop) -> None:
    """Nothing that the shop's PSA holds is the technician's any more, save one quiet ticket."""
    mine = [one for one in shop.world.tickets.values() if shop.world.assigned(one, "jdoe")]
    planted = {one for ids in shop.world.planted.values() for one in ids}
    for one in mine:
        if one.id in planted or one.flag:
            shop.world.reassign(one.id, "asmith")
            one.resources = ("asmith",)


async def test_told_at_its_time_once(tmp_path):
    shop = shop_at(tmp_path, "11:59:30", NOON)
    async with at_work(shop, "1") as (pilot, screen):
        assert "to zero" not in await tick(pilot, shop)
        cursor, focus = screen.row, pilot.app.focused
        line = await tick(pilot, shop, 30)
        assert line == f"12:00: {screen.counts.to_zero} to zero"
        assert screen.counts.to_zero > 0
        assert (screen.row, pilot.app.focused) == (cursor, focus)
        screen.tell("something else")
        assert await tick(pilot, shop, 30) == "something else"
    async with at_work(shop, "1") as (pilot, _):  # the screen is opened again: it was told
        assert "12:00" not in await tick(pilot, shop, MINUTE)


@pytest.mark.parametrize(("clock", "tells"), [("12:59", True), ("13:00", False), ("11:58", False)])
async def test_a_screen_opened_later_tells_it_within_the_hour(tmp_path, clock, tells):
    shop = shop_at(tmp_path, clock, NOON)
    async with at_work(shop, "1") as (pilot, _):
        assert ("12:00: " in await tick(pilot, shop, 1)) is tells


async def test_it_waits_for_a_dialog_to_close_however_long(tmp_path):
    shop = shop_at(tmp_path, "11:59", NOON)
    async with at_work(shop, "1") as (pilot, _):
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, Help)
        assert "12:00" not in await tick(pilot, shop, 2 * HOUR)
        await press(pilot, "escape")
        await pilot.app.engine.call(lambda desk: desk.sync(read_all=True, force=True))
        assert "12:00: " in await tick(pilot, shop)


async def test_of_two_that_came_meanwhile_the_last_is_told(tmp_path):
    shop = shop_at(tmp_path, "12:40", NOON, NOON + 30)
    async with at_work(shop, "1") as (pilot, screen):
        assert (await tick(pilot, shop, 1)).startswith("12:30: ")
        screen.tell("")
        assert await tick(pilot, shop, MINUTE) == ""


async def test_the_next_day_it_is_told_again(tmp_path):
    shop = shop_at(tmp_path, "12:05", NOON)
    async with at_work(shop, "1") as (pilot, screen):
        assert (await tick(pilot, shop, 1)).startswith("12:00: ")
        screen.tell("")
        assert (await tick(pilot, shop, 23 * HOUR)) == ""
        assert (await tick(pilot, shop, HOUR)).startswith("12:00: ")


async def test_zero_is_said_quietly_and_only_when_it_is_known(tmp_path, monkeypatch):
    shop = shop_at(tmp_path, "11:59", NOON, NOON + 60)
    clear(shop)
    async with at_work(shop, "1") as (pilot, screen):
        rung: list[int] = []
        monkeypatch.setattr(pilot.app, "bell", lambda: rung.append(1))
        pilot.app.post_message(events.AppBlur())
        await settle(pilot)
        await pilot.app.engine.call(lambda desk: desk.sync(read_all=True, force=True))
        assert await tick(pilot, shop, MINUTE) == "Zero at 12:00"
        assert (screen.status.said.tone, screen.status.said.key, rung) == ("info", "", [])
        line = await tick(pilot, shop, HOUR)  # nothing was read since
        assert line.startswith("13:00: nothing to zero is known, but it cannot be told. demo was last read ")
        assert "--offline" not in line
        assert rung == []


@pytest.mark.parametrize(("front", "bell", "rings"), [(False, True, 1), (True, True, 0), (False, False, 0)])
async def test_the_bell_is_for_who_does_not_look(tmp_path, monkeypatch, front, bell, rings):
    shop = shop_at(tmp_path, "11:59", NOON, bell=bell)
    async with at_work(shop, "1") as (pilot, _):
        rung: list[int] = []
        monkeypatch.setattr(pilot.app, "bell", lambda: rung.append(1))
        if not front:
            pilot.app.post_message(events.AppBlur())
            await settle(pilot)
        assert "12:00" in await tick(pilot, shop, MINUTE)
        assert len(rung) == rings


async def test_with_its_engine_it_tells_what_the_first_round_brings(tmp_path):
    shop = shop_at(tmp_path, "12:05", NOON)
    await shop.pull()
    app = make_app(shop.home, shop.settings, clock=lambda: shop.now, open_desk=shop.desk, background=True)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        screen = app.queue
        if not screen._read:  # the round has not ended yet
            assert "12:00" not in await tick(pilot, shop)
        await until(pilot, lambda: screen._read and screen.standing.syncing is None, "the first round")
        await settle(pilot)
        screen._tick()
        await until(pilot, lambda: told(screen) == f"12:00: {screen.counts.to_zero} to zero", "told")


async def test_without_checkpoints_nothing_is_read(tmp_path):
    shop = shop_at(tmp_path, "12:00")
    await shop.pull()
    app = make_app(shop.home, shop.settings, clock=lambda: shop.now)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        before = told(app.queue)
        assert await tick(pilot, shop, MINUTE) == before


def test_what_is_due() -> None:
    points = (NOON, NOON + 270)
    assert due(points, (), now=NOON - 1, opened=0) == ()
    assert due(points, (), now=NOON, opened=NOON) == (NOON,)
    assert due(points, {NOON}, now=NOON, opened=0) == ()
    assert due(points, (), now=NOON + LATE - 1, opened=NOON + 5) == (NOON,)
    assert due(points, (), now=NOON + LATE, opened=NOON + 5) == ()
    assert due(points, (), now=NOON + 400, opened=NOON) == points
    assert due(points, (), now=NOON + 400, opened=-1) == points
