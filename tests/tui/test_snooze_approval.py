"""Hiding the same row again and again asks for the name of somebody who approves, and keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from store import snoozes
from store.read import Reader
from store.snoozes import NeedsApproval, Snooze
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, told
from tui.screens.picker import Picker


@pytest.fixture
async def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "home")
    await shop.pull()
    return shop


def reader(shop: Shop) -> Reader:
    return Reader(shop.home, shop.settings, lambda: shop.now, hides=True)


def hide(shop: Shop, *, most: int = 2, approver: str = "") -> None:
    """Hides the first row of missing fields and brings it back."""
    row = Reader(shop.home, shop.settings, lambda: shop.now).rows(("missing_fields",))[0]
    key = (row.connection, row.ticket_id, row.kind or "")
    one = Snooze(*key, "waits", int(shop.now), int(shop.now) + 3600, reader(shop).stands_for(row))
    snoozes.hide(shop.home, one, most=most, who="jdoe", approver=approver)


async def test_so_often_and_not_once_more_without_a_name(shop):
    hide(shop)
    hide(shop)
    with pytest.raises(NeedsApproval, match="hidden twice before"):
        hide(shop)
    with pytest.raises(NeedsApproval):
        hide(shop, approver="  ")
    (one,) = [one for one in reader(shop).passed() if one.sort == "snooze"]
    assert (one.times, one.who, one.approver, one.why) == (2, "jdoe", "", "waits")
    hide(shop, approver=" Kim ")
    (one,) = [one for one in reader(shop).passed() if one.sort == "snooze"]
    assert (one.times, one.approver, one.until) == (3, "Kim", int(shop.now) + 3600)


async def test_a_refused_one_leaves_nothing_behind(shop):
    with pytest.raises(NeedsApproval):
        for _ in range(3):
            hide(shop)
    (one,) = [one for one in reader(shop).passed() if one.sort == "snooze"]
    assert one.times == 2


async def test_none_asks_for_nobody(shop):
    for _ in range(5):
        hide(shop, most=0)
    (one,) = [one for one in reader(shop).passed() if one.sort == "snooze"]
    assert one.times == 5


async def test_each_row_counts_by_itself(shop):
    hide(shop, most=1)
    rows = reader(shop).rows(("missing_fields",))
    assert reader(shop).times_hidden(rows[0]) == 0, "the first that is left is another one"


async def hidden_before(folder: Path) -> Shop:
    """A shop in which the first row of missing fields was hidden once, which is as often as may be."""
    shop = Shop(folder / "home")
    await shop.pull()
    hide(shop)
    for one in reader(shop).passed():
        snoozes.bring_back(shop.home, (one.connection, one.ticket_id, one.kind))
    rules = msgspec.structs.replace(shop.settings.rules, snoozes_before_approval=1)
    shop.settings = msgspec.structs.replace(shop.settings, rules=rules)
    return shop


async def pick(pilot, title: str, text: str) -> None:
    """Types into the picker with this title, and Enter."""
    await until(
        pilot,
        lambda: isinstance(pilot.app.screen, Picker) and title in painted(pilot.app.screen),
        f"the picker {title}",
    )
    await press(pilot, *("space" if letter == " " else letter for letter in text), "enter")


async def test_the_screen_asks_and_the_name_is_kept(tmp_path):
    shop = await hidden_before(tmp_path)
    async with at_work(shop, "2") as (pilot, screen):
        ticket_id = screen.row.ticket_id
        await press(pilot, "z")
        await pick(pilot, "Snooze", "1 hour")
        await pick(pilot, "Why?", "vendor")
        await pick(pilot, "Who approves?", "Kim")
        await until(pilot, lambda: "is hidden here until" in told(screen), "hidden")
        (one,) = [one for one in reader(shop).passed() if one.sort == "snooze"]
        assert (one.ticket_id, one.times, one.approver) == (ticket_id, 2, "Kim")
        assert one.who == shop.settings.connections["demo"].technician


async def test_leaving_the_question_hides_nothing(tmp_path):
    shop = await hidden_before(tmp_path)
    async with at_work(shop, "2") as (pilot, screen):
        before = len(screen.list)
        await press(pilot, "z")
        await pick(pilot, "Snooze", "1 hour")
        await pick(pilot, "Why?", "vendor")
        await until(pilot, lambda: "Who approves?" in painted(pilot.app.screen), "asked")
        assert "It was hidden once before" in painted(pilot.app.screen)
        await press(pilot, "escape")
        await settle(pilot)
        assert [one for one in reader(shop).passed() if one.sort == "snooze"] == []
        assert len(screen.list) == before
