"""End of day on the screen: the same answer as `deskzero check`, its age, and the way to what is left."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import pytest

from store.check import as_json, verdict
from store.desk import Desk
from store.read import Reader
from tests.tui.dialog_day import Asked
from tests.tui.screen import press, until
from tests.tui.small_shop import Shop, at_work
from tui.big import big
from tui.screens.end_of_day import WORDS, EndOfDay
from tui.screens.picker import Picker
from tui.text import clock


@pytest.fixture
def shop(tmp_path):
    # Answers carry the machine's own time, so a clock of another day would make them look old.
    return Shop(tmp_path / "home", now=int(time.time()))


@asynccontextmanager
async def end_of_day(shop):
    """The screen with its first answer."""
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "E")
        one = Asked(pilot, pilot.app.screen)
        assert isinstance(one.dialog, EndOfDay)
        await answered(one)
        yield one, screen


async def answered(one):
    await until(
        one.pilot, lambda: not one.dialog._asking and "Asking" not in one.static("#verdict"), "answer"
    )


def says(one, word):
    """The large word, and only this one."""
    return [name for name in WORDS if big(WORDS[name]) in one.static("#verdict")] == [word]


def known(shop):
    """What `check --json --offline` gives for the same home a moment later."""
    reader = Reader(shop.home, shop.settings, lambda: shop.now)
    return as_json(verdict(reader, shop.settings, now=int(shop.now), asked=True))


def at(shop):
    """The time of day by the shop's clock."""
    return clock(int(shop.now), ZoneInfo(shop.settings.timezone))


async def settle_all(shop):
    """Nothing is left but what is in order: the rest was never there."""
    same = Shop(shop.home.config.parent.parent / "same", now=shop.now)
    await same.pull()
    open_ones = Reader(same.home, same.settings, lambda: same.now).rows(["open"])
    fine = {int(row.ticket_id) for row in open_ones if not row.also and row.parent_id is None}
    assert fine
    for ticket in set(shop.world.tickets) - fine:
        shop.world.delete(ticket)


async def test_not_zero_with_its_rows_and_the_way_to_them(shop):
    async with end_of_day(shop) as (one, screen):
        same = known(shop)
        assert same["verdict"] == "not_zero"
        assert says(one, "not_zero")
        assert f"NOT ZERO, {same['to_zero']} to go" in one.static("#verdict")
        assert f"asked the PSA {at(shop)}, 0s ago · outbox empty" in one.text
        assert screen.standing.to_zero == same["to_zero"] == len(one.dialog._rows)
        gates = {row.kind for row in one.dialog._rows}
        for kind, count in same["counts"].items():
            assert (count["must"] > 0) == (kind in gates)
        first = one.dialog._row()
        await one.press("j")
        row = one.dialog._row()
        assert row.key != first.key
        await one.press("enter")
        await until(one.pilot, lambda: screen.row is not None and screen.row.key[:2] == row.key[:2], "there")
        await press(one.pilot, "E")
        again = Asked(one.pilot, one.app.screen)
        await answered(again)
        await again.press("w")
        await until(one.pilot, lambda: isinstance(one.app.screen, Picker), "who takes it")
        assert f"Who takes it? · #{first.number}" in again.text


async def test_zero_has_its_time_and_grows_old(shop):
    await settle_all(shop)
    async with end_of_day(shop) as (one, screen):
        assert known(shop)["why"] == []
        assert known(shop)["verdict"] == "zero"
        assert says(one, "zero")
        assert f"ZERO at {at(shop)}. Nothing fell through." in one.static("#verdict")
        assert screen.standing.to_zero == 0, "the queue behind has read again too"
        assert one.text.count("✓") >= len(shop.settings.gates)
        await one.press("w")
        assert one.open, "there is no row to go to"
        shop.now += 400
        await until(one.pilot, lambda: "6m ago · too old to go by: R asks again" in one.text, "old", 3)
        open_ones = Reader(shop.home, shop.settings, lambda: shop.now).rows(["open"])
        shop.world.customer_replies(open_ones[0].ticket_id, "Are you there?")
        await one.press("R")
        await until(one.pilot, lambda: says(one, "not_zero"), "asked again")
        assert known(shop)["to_zero"] == 1
        assert f"asked the PSA {at(shop)}, " in one.text


async def test_cannot_tell_says_why_and_shows_no_zero(shop):
    await settle_all(shop)

    def cut_off():  # the key is gone: nothing can be asked
        return Desk(shop.home, shop.settings, secrets={"demo": {}}, clock=lambda: shop.now)

    async with at_work(shop, "1", open_desk=cut_off) as (pilot, _):
        await press(pilot, "E")
        one = Asked(pilot, pilot.app.screen)
        await answered(one)
        same = known(shop)
        assert same["verdict"] == "cannot_tell"
        assert says(one, "cannot_tell")
        assert same["why"][0].split("(")[0] in one.text
        assert "✓" not in one.static("#why") + one.static("#verdict")
        assert "ZERO at" not in one.text


async def test_what_is_not_sent_is_no_zero_and_when_nothing_can_be_asked_it_says_so(shop):
    await settle_all(shop)

    def broken():
        raise OSError("the disk is full")

    async with at_work(shop, "1", open_desk=broken) as (pilot, _):
        await press(pilot, "E")
        one = Asked(pilot, pilot.app.screen)
        await until(pilot, lambda: says(one, "cannot_tell"), "says so")
        assert "! the disk is full" in one.text
        await one.press("enter", "w", "R")
        await until(pilot, lambda: says(one, "cannot_tell"), "and again")
        await one.press("escape")
        assert not one.open
