"""The bell: once for a customer's new reply, only while the terminal is not in front, never for our own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual import events

from tests.tui.screen import press, settle
from tests.tui.small_shop import Shop, at_work
from tui.messages import Saved


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def reply_comes(pilot, shop: Shop, number: int) -> None:
    mine = [one for one in shop.world.tickets.values() if shop.world.assigned(one, "jdoe")]
    quiet = [one for one in mine if shop.world.is_open(one) and not one.flag]
    shop.now += 60
    shop.world.customer_replies(quiet[number].id, "Hello?")
    await pilot.app.engine.call(lambda desk: desk.sync(force=True))
    pilot.app.saved.publish(Saved())
    await settle(pilot)


@pytest.mark.parametrize(("front", "wanted", "rings"), [(False, True, 1), (True, True, 0), (False, False, 0)])
async def test_once_for_a_new_reply_while_nobody_looks(shop, monkeypatch, front, wanted, rings):
    shop.settings = msgspec.structs.replace(shop.settings, bell=wanted)
    async with at_work(shop, "1") as (pilot, _):
        rung: list[int] = []
        monkeypatch.setattr(pilot.app, "bell", lambda: rung.append(1))
        pilot.app.saved.publish(Saved())
        await settle(pilot)
        if not front:
            pilot.app.post_message(events.AppBlur())
            await settle(pilot)
        await reply_comes(pilot, shop, 0)
        pilot.app.saved.publish(Saved())  # a second reading of the same is none
        await settle(pilot)
        assert len(rung) == rings


async def test_what_we_do_ourselves_rings_nothing(shop, monkeypatch):
    async with at_work(shop, "4") as (pilot, _):
        rung: list[int] = []
        monkeypatch.setattr(pilot.app, "bell", lambda: rung.append(1))
        pilot.app.post_message(events.AppBlur())
        await settle(pilot)
        await press(pilot, "space", "escape")
        pilot.app.saved.publish(Saved(quiet=False))
        await settle(pilot)
        assert not rung
